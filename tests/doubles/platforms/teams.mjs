#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// teams.mjs: Microsoft's token endpoint, the Bot Framework's OpenID metadata and keys, the Bot Connector of Teams, and the
// activities that it sends.  By learn.microsoft.com/azure/bot-service/rest-api/ (connector-authentication, connector-api-reference).
//
// POST /control/event   { socket (the gateway's) or url, from, text, id, conversation, group, mention, attachments, value, under; wrong:
//                         'key'|'issuer'|'audience'|'kid'|'service'|'none', age (s); tries (3) }: answers { status, text, tries }
// POST /control/expire  ends every access token that was given
// GET  /control/state   { app_id, app_password, taken: [{ id, conversation, text, attachments, replyToId, edits }] }
import { createPublicKey, createSign, generateKeyPairSync } from 'node:crypto';
import { request } from 'node:http';
import { content, formatOf, serve } from './double.mjs';

const pair = () => generateKeyPairSync('rsa', { modulusLength: 2048, publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' } });
const framework = pair(), other = pair();
const app_id = '8b7f4c66-0d0e-4d3c-9d5e-2f1f2a3b4c5d', app_password = 'app-password-of-the-double', bot = `28:${app_id}`;
const tokens = new Set(), taken = new Map(), files = new Map();
let numbers = 0, double;

const b64 = x => Buffer.from(JSON.stringify(x)).toString('base64url');
const service = () => `${double.url}/amer/`;

function sign(key, kid, claims) {
  const text = `${b64({ alg: 'RS256', kid, typ: 'JWT' })}.${b64(claims)}`;
  return `${text}.${createSign('RSA-SHA256').update(text).sign(key.privateKey).toString('base64url')}`;
}

function refused(status, code, message) {
  return { status, body: { error: { code, message } } };
}

function giveToken({ body = {} }) {
  if (body.grant_type !== 'client_credentials' || !body.scope?.startsWith('https://api.botframework.com'))
    return { status: 400, body: { error: 'invalid_request', error_description: 'AADSTS900144' } };
  if (body.client_id !== app_id || body.client_secret !== app_password)
    return { status: 401, body: { error: 'invalid_client', error_description: 'AADSTS7000215: Invalid client secret provided.' } };
  const now = Math.floor(Date.now() / 1000), access_token = sign(framework, 'aad-1', { aud: 'https://api.botframework.com', appid: app_id, exp: now + 3600, jti: ++numbers });
  tokens.add(access_token);
  return { status: 200, body: { token_type: 'Bearer', expires_in: 3599, ext_expires_in: 3599, access_token } };
}

// A picture inside a message: learn.microsoft.com/microsoftteams/platform/bots/build-conversational-capability.
function wrongPicture({ contentType, contentUrl = '' }) {
  const [, type, data] = contentUrl.match(/^data:(image\/\w+);base64,([A-Za-z0-9+/]+=*)$/) ?? [];
  const bytes = Buffer.from(data ?? '', 'base64');
  return contentType?.startsWith('image/') && (type !== contentType || formatOf(bytes) !== type.slice(6) || !/png|jpeg|gif/.test(type) || bytes.length > 1 << 20);
}

function create(rq, conversation) {
  const a = rq.body ?? {};
  if (a.type === 'typing')
    return { status: 202, body: {} };
  if (a.type !== 'message' || (!a.text && !a.attachments?.length))
    return refused(400, 'BadSyntax', 'Activity resulted into multiple skype activities');
  if (rq.bytes.length > 262144)
    return refused(413, 'MessageSizeTooBig', 'The request content length exceeded limit of 262144 bytes');
  if (a.attachments?.some(wrongPicture))
    return refused(400, 'BadArgument', 'Invalid attachment');
  if (conversation.startsWith('gone'))
    return refused(403, 'MessageWritesBlocked', 'MessageWritesBlocked-Thread is blocked from message writes.');
  const activity = { ...a, id: `1:${++numbers}`, conversation, edits: [] };
  taken.set(activity.id, activity);
  return { status: 201, body: { id: activity.id } };
}

function edit(rq, id) {
  const activity = taken.get(id);
  if (!activity)
    return refused(404, 'ActivityNotFoundInConversation', 'The activity is not found');
  activity.edits.push(rq.body.text);
  activity.text = rq.body.text;
  return { status: 200, body: { id } };
}

function connector(rq) {
  if (!tokens.has((rq.headers.authorization ?? '').replace('Bearer ', '')))
    return { status: 401, body: { message: 'Authorization has been denied for this request.' } };
  const file = rq.path.match(/^\/amer\/v3\/attachments\/([^/]+)\/views\/original$/);
  if (file)
    return files.has(file[1]) ? { status: 200, body: files.get(file[1]) } : refused(404, 'NotFound', 'no such attachment');
  const at = rq.path.match(/^\/amer\/v3\/conversations\/([^/]+)\/activities(?:\/([^/]+))?$/);
  if (!at)
    return undefined;
  const [conversation, id] = at.slice(1).map(x => x && decodeURIComponent(x));
  return rq.method === 'PUT' ? edit(rq, id) : rq.method === 'POST' ? create(rq, conversation) : undefined;
}

async function http(rq) {
  const { path } = rq;
  if (/^\/[\w.-]+\/oauth2\/v2\.0\/token$/.test(path))
    return giveToken(rq);
  if (path === '/v1/.well-known/openidconfiguration')
    return { status: 200, body: { issuer: 'https://api.botframework.com', jwks_uri: `${double.url}/v1/.well-known/keys`, id_token_signing_alg_values_supported: ['RS256'] } };
  if (path === '/v1/.well-known/keys')
    return { status: 200, body: { keys: [{ ...createPublicKey(framework.publicKey).export({ format: 'jwk' }), kid: 'bf-1', use: 'sig', endorsements: ['msteams', 'webchat'] }] } };
  if (path.startsWith('/download/'))
    return files.has(path.slice(10)) ? { status: 200, body: files.get(path.slice(10)) } : undefined;
  return connector(rq);
}

function proof({ wrong, age = 0 }) {
  const now = Math.floor(Date.now() / 1000) - age;
  const claims = { aud: wrong === 'audience' ? 'another-app' : app_id, iss: wrong === 'issuer' ? 'https://sts.example.org' : 'https://api.botframework.com',
    nbf: now, exp: now + 3600, serviceurl: wrong === 'service' ? 'https://evil.example/' : service() };
  return sign(wrong === 'key' ? other : framework, wrong === 'kid' ? 'bf-9' : 'bf-1', claims);
}

function call(where, headers, body) {
  return new Promise(resolve => {
    const rq = request({ ...where, method: 'POST', headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...headers } }, response => {
      const chunks = [];
      response.on('data', c => chunks.push(c));
      response.on('end', () => resolve({ status: response.statusCode, text: Buffer.concat(chunks).toString() }));
    });
    rq.on('error', error => resolve({ status: 0, text: String(error) }));
    rq.end(body);
  });
}

function made(e) {
  const mention = e.mention && { type: 'mention', text: '<at>Helper</at>', mentioned: { id: bot, name: 'Helper' } };
  return { type: e.type ?? 'message', id: e.id ?? `in-${++numbers}`, timestamp: new Date().toISOString(), serviceUrl: service(), channelId: 'msteams',
    from: { id: `29:${e.from}`, name: e.from, aadObjectId: e.from }, recipient: { id: bot, name: 'Helper' },
    conversation: { id: e.conversation ?? `a:${e.from}`, conversationType: e.group ? 'channel' : 'personal', isGroup: e.group, tenantId: 't' },
    textFormat: 'plain', text: mention ? `<at>Helper</at> ${e.text}` : e.text, entities: mention ? [mention] : [], attachments: e.attachments ?? [],
    value: e.value, replyToId: e.under };
}

async function event(e) {
  const last = { status: 0, tries: 0 }, body = JSON.stringify(made(e)), url = e.url && new URL(e.url);
  const where = url ? { host: url.hostname, port: url.port, path: url.pathname } : { socketPath: e.socket, path: '/webhook/teams' };
  for (let left = e.tries ?? 3; left > 0 && !(last.status >= 200 && last.status < 300); left--)
    Object.assign(last, await call(where, e.wrong === 'none' ? {} : { authorization: `Bearer ${proof(e)}` }, e.cut ? body.slice(0, e.cut) : body), { tries: last.tries + 1 });
  return last;
}

double = await serve('teams', {
  http,
  control: {
    event,
    keep: async told => {
      const id = `file-${++numbers}`;
      files.set(id, content(told));
      return { id, inline: `${service()}v3/attachments/${id}/views/original`, download: `${double.url}/download/${id}` };
    },
    expire: async () => { tokens.clear(); },
    state: () => ({ app_id, app_password, taken: [...taken.values()] }),
  },
});
