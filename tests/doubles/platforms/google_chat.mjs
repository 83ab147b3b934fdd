#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// google_chat.mjs: Google's token endpoint, the keys that Chat signs with, the Chat API, and the events that Chat sends.  By
// developers.google.com/identity/protocols/oauth2/service-account, …/workspace/chat/verify-requests-from-chat, …/reference/rest/v1.
//
// POST /control/event   { socket (the gateway's), from, space, space_type, text, id, attachment; pressed (a reply); wrong: 'key'|'issuer'|'audience'|
//                         'kid'|'none', age (s); tries (3) }: calls as often as it takes; answers { status, text, tries }
// POST /control/expire  ends every access token that was given
// GET  /control/state   { account (a service account's key file), project, taken: [{ name, space, text, thread, cardsV2, edits }] }
import { createPublicKey, createSign, createVerify, generateKeyPairSync } from 'node:crypto';
import { request } from 'node:http';
import { content, serve } from './double.mjs';

const pair = () => generateKeyPairSync('rsa', { modulusLength: 2048, publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' } });
const chat = pair(), other = pair(), app = pair();
const project = '123456789012', issuer = 'chat@system.gserviceaccount.com';
const tokens = new Set(), taken = new Map(), byRequest = new Map(), files = new Map();
let numbers = 0, double;

const b64 = x => Buffer.from(typeof x === 'string' ? x : JSON.stringify(x)).toString('base64url');

export function sign(key, kid, claims) {
  const text = `${b64({ alg: 'RS256', kid, typ: 'JWT' })}.${b64(claims)}`;
  return `${text}.${createSign('RSA-SHA256').update(text).sign(key.privateKey).toString('base64url')}`;
}

function refused(status, code, message) {
  return { status, body: { error: { code: status, message, status: code } } };
}

function giveToken({ body }) {
  const [head, claims, signature] = (body?.assertion ?? '').split('.');
  const right = body?.grant_type === 'urn:ietf:params:oauth:grant-type:jwt-bearer' && signature
    && createVerify('RSA-SHA256').update(`${head}.${claims}`).verify(app.publicKey, Buffer.from(signature, 'base64url'));
  const c = right ? JSON.parse(Buffer.from(claims, 'base64url')) : {};
  if (!right || c.iss !== account().client_email || c.aud !== account().token_uri || c.exp < Date.now() / 1000)
    return { status: 400, body: { error: 'invalid_grant', error_description: 'Invalid JWT Signature.' } };
  const access_token = `ya29.${++numbers}`;
  tokens.add(access_token);
  return { status: 200, body: { access_token, expires_in: 3599, token_type: 'Bearer' } };
}

function account() {
  return { type: 'service_account', project_id: 'clawdbot-test', private_key_id: 'app-1', private_key: app.privateKey,
    client_email: 'bot@clawdbot-test.iam.gserviceaccount.com', client_id: '1', token_uri: `${double.url}/token` };
}

function create(rq, space) {
  const { text, thread, cardsV2 } = rq.body ?? {}, known = byRequest.get(rq.query.requestId);
  if (known)
    return { status: 200, body: known };
  if (!text && !cardsV2)
    return refused(400, 'INVALID_ARGUMENT', 'Message cannot be empty.');
  if ([...(text ?? '')].length > 4096)
    return refused(400, 'INVALID_ARGUMENT', 'Message cannot be larger than 4096 characters.');
  if (space === 'spaces/GONE')
    return refused(404, 'NOT_FOUND', 'Requested entity was not found.');
  const message = { name: `${space}/messages/${++numbers}`, space: { name: space }, text, thread, cardsV2, edits: [] };
  taken.set(message.name, message);
  if (rq.query.requestId)
    byRequest.set(rq.query.requestId, message);
  return { status: 200, body: message };
}

function edit(rq, name) {
  const message = taken.get(name);
  if (!message || rq.query.updateMask !== 'text')
    return refused(404, 'NOT_FOUND', 'Requested entity was not found.');
  message.edits.push(rq.body.text);
  message.text = rq.body.text;
  return { status: 200, body: message };
}

async function http(rq) {
  const { path, method } = rq;
  if (path === '/token')
    return giveToken(rq);
  if (path === '/keys')
    return { status: 200, body: { keys: [{ ...createPublicKey(chat.publicKey).export({ format: 'jwk' }), kid: 'chat-1', alg: 'RS256', use: 'sig' }] } };
  if (!tokens.has((rq.headers.authorization ?? '').replace('Bearer ', '')))
    return refused(401, 'UNAUTHENTICATED', 'Request had invalid authentication credentials.');
  if (path.startsWith('/v1/media/')) {
    const bytes = files.get(decodeURIComponent(path.slice('/v1/media/'.length)));
    return bytes ? { status: 200, body: bytes } : refused(404, 'NOT_FOUND', 'Requested entity was not found.');
  }
  if (method === 'GET' && path === '/v1/spaces')
    return { status: 200, body: { spaces: [{ name: 'spaces/OPS', displayName: 'Operations', spaceType: 'SPACE' }] } };
  const created = path.match(/^\/v1\/(spaces\/[^/]+)\/messages$/);
  if (method === 'POST' && created)
    return create(rq, created[1]);
  if (method === 'PATCH')
    return edit(rq, path.slice('/v1/'.length));
  return undefined;
}

function proof({ wrong, age = 0 }) {
  const now = Math.floor(Date.now() / 1000) - age;
  const claims = { aud: wrong === 'audience' ? '999' : project, iss: wrong === 'issuer' ? 'eve@example.org' : issuer, iat: now, exp: now + 3600 };
  return sign(wrong === 'key' ? other : chat, wrong === 'kid' ? 'chat-9' : 'chat-1', claims);
}

function call(socketPath, headers, body) {
  return new Promise(resolve => {
    const rq = request({ socketPath, method: 'POST', path: '/webhook/google_chat', headers: { 'content-type': 'application/json', ...headers } }, response => {
      const chunks = [];
      response.on('data', c => chunks.push(c));
      response.on('end', () => resolve({ status: response.statusCode, text: Buffer.concat(chunks).toString() }));
    });
    rq.on('error', error => resolve({ status: 0, text: String(error) }));
    rq.end(body);
  });
}

function made(e) {
  const space = { name: e.space ?? 'spaces/DM', type: e.space_type ?? (e.space ? 'ROOM' : 'DM') }, user = { name: `users/${e.from}`, displayName: e.from, type: 'HUMAN' };
  const base = { eventTime: e.time ?? new Date().toISOString(), space, user };
  if (e.pressed)
    return { type: 'CARD_CLICKED', ...base, message: { name: e.under }, action: { actionMethodName: 'choose', parameters: [{ key: 'reply', value: e.pressed }] } };
  const name = `${space.name}/messages/${e.id ?? `in-${++numbers}`}`;
  return { type: 'MESSAGE', ...base, message: { name, sender: user, text: e.text, argumentText: e.text, thread: { name: `${space.name}/threads/1` },
    attachment: e.attachment } };
}

async function event(e) {
  const last = { status: 0, tries: 0 }, body = JSON.stringify(made(e));
  for (let left = e.tries ?? 3; left > 0 && last.status !== 200; left--)
    Object.assign(last, await call(e.socket, e.wrong === 'none' ? {} : { authorization: `Bearer ${proof(e)}` }, e.cut ? body.slice(0, e.cut) : body), { tries: last.tries + 1 });
  return last;
}

double = await serve('google_chat', {
  http,
  control: {
    event,
    proof: async e => ({ token: proof(e ?? {}) }),
    keep: async told => {
      const id = `resource/${++numbers}==`;
      files.set(id, content(told));
      return { id };
    },
    expire: async () => { tokens.clear(); },
    state: () => ({ account: account(), project, taken: [...taken.values()] }),
  },
});
