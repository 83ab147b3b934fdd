// SPDX-License-Identifier: Apache-2.0
// echo.mjs: the reference of bench/channels.py: a bot on twelve platforms that answers "… N plus 1" with the sum, and does nothing else: it
// checks no signature, stores nothing, tries nothing again.
// usage: node echo.mjs SOCKET < settings.json    SOCKET: where the platforms' calls arrive; settings: platforms.*, and the webhook's reply_url
// The first line of stdout says that all are connected.
import { createHmac, createSign } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { Agent, createServer, request } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const require = createRequire(join(import.meta.dirname, '../tests/npm/package.json'));
const { WebSocket } = require('ws');
const settings = JSON.parse(readFileSync(0, 'utf8'));
const of = name => Object.fromEntries(Object.entries(settings).filter(([k]) => k.startsWith(`platforms.${name}.`)).map(([k, v]) => [k.split('.')[2], v]));
const agent = new Agent({ keepAlive: true, maxSockets: 64 });

const answer = text => {
  const n = Number(text.match(/\d{7}/)?.[0]);
  return `${n} plus 1 = ${n + 1}`;
};

// A request's parsed answer.  body: an object, or text.
function ask(method, url, headers, body) {
  const bytes = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body);
  const type = typeof body === 'string' ? 'application/x-www-form-urlencoded' : 'application/json';
  return new Promise((resolve, reject) => {
    request(url, { agent, method, headers: { 'content-type': type, 'content-length': Buffer.byteLength(bytes), ...headers } }, response => {
      const chunks = [];
      response.on('data', c => chunks.push(c)).on('end', () => {
        const text = Buffer.concat(chunks).toString();
        resolve(text[0] === '{' ? JSON.parse(text) : text);
      });
    }).on('error', reject).end(bytes);
  });
}

// A WebSocket: on(frame, say) for each of its frames.  Resolves once it is open.
function connect(url, options, on) {
  const socket = new WebSocket(url, { perMessageDeflate: false, ...options });
  const say = frame => socket.send(Buffer.isBuffer(frame) ? frame : JSON.stringify(frame));
  socket.on('message', (data, binary) => on(binary ? data : JSON.parse(data), say));
  return new Promise((resolve, reject) => socket.on('open', () => resolve(say)).on('error', reject));
}

// ---- platforms that call: what is done with a call's body; what that is answered ----

const hooks = {};

function webhook() {
  hooks['/api/webhook'] = text => {
    const m = JSON.parse(text), body = JSON.stringify({ chat_id: m.sender.user_id, content: { text: answer(m.content.text) } });
    ask('POST', settings.reply_url, { 'x-signature': createHmac('sha256', 'secret-of-the-replies').update(body).digest('hex'), 'content-type': 'application/json' }, body);
    return '{}';
  };
}

async function wecom() {
  const c = of('wecom'), { decrypt } = require('@wecom/crypto');
  const { access_token } = await ask('GET', `${c.api_url}/cgi-bin/gettoken?corpid=${c.corp_id}&corpsecret=${c.secret}`, {});
  hooks['/webhook/wecom'] = text => {
    const { message } = decrypt(c.encoding_aes_key, text.match(/<Encrypt><!\[CDATA\[(.*?)\]\]/)[1]), cdata = name => message.match(`<${name}><!\\[CDATA\\[(.*?)\\]\\]`)[1];
    ask('POST', `${c.api_url}/cgi-bin/message/send?access_token=${encodeURIComponent(access_token)}`, {},
      { touser: cdata('FromUserName'), msgtype: 'text', agentid: Number(c.agent_id), text: { content: answer(cdata('Content')) } });
    return '';
  };
}

async function googleChat() {
  const c = of('google_chat'), account = JSON.parse(readFileSync(c.credentials, 'utf8')), now = Math.floor(Date.now() / 1000);
  const b64 = x => Buffer.from(JSON.stringify(x)).toString('base64url');
  const claims = `${b64({ alg: 'RS256', typ: 'JWT' })}.${b64({ iss: account.client_email, aud: account.token_uri, iat: now, exp: now + 3600 })}`;
  const assertion = `${claims}.${createSign('RSA-SHA256').update(claims).sign(account.private_key).toString('base64url')}`;
  const { access_token } = await ask('POST', account.token_uri, {}, String(new URLSearchParams({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion })));
  hooks['/webhook/google_chat'] = text => {
    const { space, message } = JSON.parse(text);
    ask('POST', `${c.api_url}/v1/${space.name}/messages`, { authorization: `Bearer ${access_token}` }, { text: answer(message.text) });
    return '{}';
  };
}

async function teams() {
  const c = of('teams');
  const { access_token } = await ask('POST', `${c.login_url}/botframework.com/oauth2/v2.0/token`, {}, String(new URLSearchParams({ grant_type: 'client_credentials',
    client_id: c.app_id, client_secret: c.app_password, scope: 'https://api.botframework.com/.default' })));
  hooks['/webhook/teams'] = text => {
    const a = JSON.parse(text);
    ask('POST', `${a.serviceUrl}v3/conversations/${encodeURIComponent(a.conversation.id)}/activities`, { authorization: `Bearer ${access_token}` },
      { type: 'message', text: answer(a.text) });
    return '';
  };
}

function whatsapp() {
  const c = of('whatsapp');
  hooks['/webhook/whatsapp'] = text => {
    const [m] = JSON.parse(text).entry[0].changes[0].value.messages ?? [];
    ask('POST', `${c.api_url}/${c.phone_number_id}/messages`, { authorization: `Bearer ${c.access_token}` },
      { messaging_product: 'whatsapp', to: m.from, type: 'text', text: { body: answer(m.text.body) } });
    return '';
  };
}

// ---- platforms that are connected to ----

async function slack() {
  const c = of('slack'), { url } = await ask('POST', `${c.api_url}/apps.connections.open`, { authorization: `Bearer ${c.app_token}` });
  await connect(url, {}, (f, say) => {
    if (!f.envelope_id)
      return;
    say({ envelope_id: f.envelope_id });
    ask('POST', `${c.api_url}/chat.postMessage`, { authorization: `Bearer ${c.bot_token}` }, { channel: f.payload.event.channel, text: answer(f.payload.event.text) });
  });
}

async function feishu() {
  const c = of('feishu'), protobuf = require('protobufjs');
  const { root } = protobuf.parse(`syntax = "proto2"; message Header { required string key = 1; required string value = 2; }
    message Frame { required uint64 SeqID = 1; required uint64 LogID = 2; required int32 service = 3; required int32 method = 4;
      repeated Header headers = 5; optional bytes payload = 8; }`, { keepCase: true });
  const Frame = root.lookupType('Frame');
  const { tenant_access_token } = await ask('POST', `${c.api_url}/open-apis/auth/v3/tenant_access_token/internal`, {}, { app_id: c.app_id, app_secret: c.app_secret });
  const { data } = await ask('POST', `${c.api_url}/callback/ws/endpoint`, {}, { AppID: c.app_id, AppSecret: c.app_secret });
  await connect(data.URL, {}, (bytes, say) => {
    const f = Frame.decode(bytes), { event } = JSON.parse(Buffer.from(f.payload));
    say(Buffer.from(Frame.encode({ ...f, payload: Buffer.from('{"code":200}') }).finish()));
    ask('POST', `${c.api_url}/open-apis/im/v1/messages?receive_id_type=chat_id`, { authorization: `Bearer ${tenant_access_token}` },
      { receive_id: event.message.chat_id, msg_type: 'text', content: JSON.stringify({ text: answer(event.message.content) }) });
  });
}

async function discord() {
  const c = of('discord'), authorization = `Bot ${c.token}`, { url } = await ask('GET', `${c.api_url}/gateway/bot`, { authorization });
  let ready;
  const begun = new Promise(resolve => { ready = resolve; });
  await connect(`${url}?v=10&encoding=json`, {}, (f, say) => {
    if (f.op === 10)
      return say({ op: 2, d: { token: c.token, intents: 37377, properties: {} } });
    if (f.t === 'READY')
      return ready();
    if (f.t === 'MESSAGE_CREATE' && !f.d.author.bot)
      ask('POST', `${c.api_url}/channels/${f.d.channel_id}/messages`, { authorization }, { content: answer(f.d.content) });
    return undefined;
  });
  await begun;
}

async function matrix() {
  const c = of('matrix'), api = `${c.homeserver}/_matrix/client/v3`, headers = { authorization: `Bearer ${c.access_token}` };
  const { user_id } = await ask('GET', `${api}/account/whoami`, headers);
  const FILTER = encodeURIComponent(JSON.stringify({ room: { timeline: { limit: 1000 } } }));
  let sent = 0;
  const heard = room => e => e.type === 'm.room.message' && e.sender !== user_id
    && ask('PUT', `${api}/rooms/${room}/send/m.room.message/t${++sent}`, headers, { msgtype: 'm.text', body: answer(e.content.body) });
  (async () => {
    for (let since = '';;) {
      const news = await ask('GET', `${api}/sync?timeout=30000&filter=${FILTER}${since && `&since=${since}`}`, headers);
      since = news.next_batch;
      for (const room of Object.keys(news.rooms.invite ?? {}))
        await ask('POST', `${api}/join/${room}`, headers, {});
      for (const [room, { timeline }] of Object.entries(news.rooms.join ?? {}))
        timeline.events.forEach(heard(room));
    }
  })();
}

async function dingtalk() {
  const c = of('dingtalk'), subscriptions = [{ type: 'CALLBACK', topic: '/v1.0/im/bot/messages/get' }];
  const { endpoint, ticket } = await ask('POST', `${c.api_url}/v1.0/gateway/connections/open`, {}, { clientId: c.client_id, clientSecret: c.client_secret, subscriptions });
  await connect(`${endpoint}?ticket=${ticket}`, {}, (f, say) => {
    const data = JSON.parse(f.data);
    say({ code: 200, headers: { messageId: f.headers.messageId, contentType: 'application/json' }, message: 'OK', data: '{}' });
    ask('POST', data.sessionWebhook, {}, { msgtype: 'text', text: { content: answer(data.text.content) } });
  });
}

async function qq() {
  const c = of('qq'), { access_token } = await ask('POST', `${c.token_url}/app/getAppAccessToken`, {}, { appId: c.app_id, clientSecret: c.secret });
  const authorization = `QQBot ${access_token}`, { url } = await ask('GET', `${c.api_url}/gateway/bot`, { authorization });
  let ready;
  const begun = new Promise(resolve => { ready = resolve; });
  await connect(url, {}, (f, say) => {
    if (f.op === 10)
      return say({ op: 2, d: { token: authorization, intents: 1 << 25, shard: [0, 1] } });
    if (f.t === 'READY')
      return ready();
    if (f.t === 'C2C_MESSAGE_CREATE')
      ask('POST', `${c.api_url}/v2/users/${f.d.author.user_openid}/messages`, { authorization }, { msg_type: 0, content: answer(f.d.content), msg_id: f.d.id, msg_seq: 1 });
    return undefined;
  });
  await begun;
}

async function mattermost() {
  const c = of('mattermost'), authorization = `Bearer ${c.token}`, me = await ask('GET', `${c.url}/api/v4/users/me`, { authorization });
  await connect(`${c.url.replace('http', 'ws')}/api/v4/websocket`, { headers: { authorization } }, f => {
    const post = f.event === 'posted' && JSON.parse(f.data.post);
    if (post && post.user_id !== me.id)
      ask('POST', `${c.url}/api/v4/posts`, { authorization }, { channel_id: post.channel_id, message: answer(post.message) });
  });
}

const server = createServer((rq, response) => {
  const chunks = [];
  rq.on('data', c => chunks.push(c)).on('end', () => {
    response.end(hooks[rq.url.split('?')[0]](Buffer.concat(chunks).toString()));
  });
});
rmSync(process.argv[2], { force: true });
await new Promise(resolve => server.listen(process.argv[2], resolve));
await Promise.all([webhook(), wecom(), googleChat(), teams(), whatsapp(), slack(), feishu(), discord(), matrix(), dingtalk(), qq(), mattermost()]);
console.log('ready');
