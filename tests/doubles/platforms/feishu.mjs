#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// feishu.mjs: Feishu's API (open.feishu.cn), its long connection and its webhooks.  feishu_client_test.mjs drives it with Feishu's own
// library.
//
// POST /control/event    { event_type, event, id; over: 'socket' (the default), parts (1); or over: the gateway's unix socket, and there
//                          plain (not encrypted), wrong ('signature' | 'key' | 'token'), age (s), tries (3) }
//                          by socket: comes again until it is acknowledged with 200, on whatever connection there is
// POST /control/message  { text or type and content, from, chat, chat_type, mentions, …as event }: im.message.receive_v1
// POST /control/press    { message_id, button, from, …as event }: card.action.trigger; { toast } by webhook
// POST /control/verify   { over, plain, wrong }: url_verification
// POST /control/keep     { text or base64, type }: a file in a message; { message_id, key }
// POST /control/expire   ends every access token
// GET  /control/state    { account, taken: [{ message_id, chat, reply_to, in_thread, msg_type, content, edits, uuid }], files (uploaded), pending, acks }
import { createCipheriv, createHash, randomBytes, randomUUID } from 'node:crypto';
import { request } from 'node:http';
import { content as contentOf, formatOf, npm, serve, shownFile, sleep } from './double.mjs';

const protobuf = npm('protobufjs');
const { root } = protobuf.parse(`syntax = "proto2"; package pbbp2;
  message Header { required string key = 1; required string value = 2; }
  message Frame { required uint64 SeqID = 1; required uint64 LogID = 2; required int32 service = 3; required int32 method = 4;
    repeated Header headers = 5; optional string payload_encoding = 6; optional string payload_type = 7; optional bytes payload = 8;
    optional string LogIDNew = 9; }`, { keepCase: true });
const Frame = root.lookupType('pbbp2.Frame');
const account = { app_id: 'cli_0123456789abcdef', app_secret: 'app-secret-of-the-double', encrypt_key: 'encrypt key', verification_token: 'verification-token' };
const bot = 'ou_bot0123456789', tokens = new Set(), messages = new Map(), files = new Map(), pending = new Map(), acks = [];
let double, numbers = 0, connection;

const said = (code, msg, data, status = 200) => ({ status, body: { code, msg, ...(data && { data }) } });
const next = prefix => `${prefix}_${String(++numbers).padStart(8, '0')}`;

// ---- the API ----

function giveToken({ body }) {
  if (body?.app_id !== account.app_id)
    return said(10003, 'invalid param');
  if (body.app_secret !== account.app_secret)
    return said(10014, 'app secret invalid');
  const tenant_access_token = `t-${randomUUID()}`;
  tokens.add(tenant_access_token);
  return { status: 200, body: { code: 0, msg: 'ok', tenant_access_token, expire: 7200 } };
}

function wrongContent(type, content) {
  if (type === 'text')
    return typeof content.text === 'string' && content.text ? undefined : said(230001, 'invalid content', undefined, 400);
  if (type === 'image')
    return files.get(content.image_key)?.file_type === 'image' ? undefined : said(230001, 'no such image', undefined, 400);
  if (['file', 'audio', 'media'].includes(type)) {
    const fits = { opus: 'audio', mp4: 'media', image: 'image' }[files.get(content.file_key)?.file_type] ?? 'file';
    return !files.has(content.file_key) ? said(230001, 'no such file', undefined, 400)
      : fits === type ? undefined : said(230055, 'The type of file upload does not match the type of message being sent.', undefined, 400);
  }
  const elements = content.schema === '2.0' ? content.body?.elements : undefined;
  const right = elements?.length && elements.every(e => e.tag === 'markdown' ? e.content : e.tag === 'div' ? e.text?.content
    : e.tag === 'button' && e.text?.content && e.behaviors?.[0]?.type === 'callback');
  return type === 'interactive' && right ? undefined : said(230099, 'Failed to create card content', undefined, 400);
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

function keep(rq, chat, more) {
  const { msg_type, uuid } = rq.body, content = parsed(rq.body.content), known = uuid && [...messages.values()].find(m => m.uuid === uuid);
  const wrong = wrongContent(msg_type, content);
  if (wrong)
    return wrong;
  if (known)
    return said(0, 'success', { message_id: known.message_id });
  const message_id = next('om');
  messages.set(message_id, { message_id, chat, msg_type, content, uuid, edits: 0, ...more });
  return said(0, 'success', { message_id, msg_type, chat_id: chat, create_time: String(Date.now()), body: { content: rq.body.content } });
}

function create(rq) {
  const { receive_id } = rq.body, type = rq.query.receive_id_type;
  if (!['chat_id', 'open_id', 'union_id', 'user_id', 'email'].includes(type) || !receive_id)
    return said(99992402, 'field validation failed', undefined, 400);
  if (receive_id === 'oc_left')
    return said(230002, 'Bot/User can NOT be out of the chat.', undefined, 400);
  return keep(rq, receive_id, {});
}

function reply(rq, id) {
  if (id.startsWith('om_gone'))
    return said(230011, 'The message was withdrawn.', undefined, 400);
  return keep(rq, messages.get(id)?.chat ?? 'by reply', { reply_to: id, in_thread: rq.body.reply_in_thread === true });
}

function patch(rq, id) {
  const m = messages.get(id), content = parsed(rq.body.content);
  if (!m || m.msg_type !== 'interactive')
    return said(230001, 'This message is NOT a card', undefined, 400);
  const wrong = wrongContent('interactive', content);
  if (!wrong)
    Object.assign(m, { content, edits: m.edits + 1 });
  return wrong ?? said(0, 'success');
}

function upload(rq, image) {
  const part = name => rq.body?.find?.(p => p.name === name), file = part(image ? 'image' : 'file'), told = part(image ? 'image_type' : 'file_type')?.text;
  const right = image ? told === 'message' : ['opus', 'mp4', 'pdf', 'doc', 'xls', 'ppt', 'stream'].includes(told) && part('file_name')?.text;
  if (!file || !right)
    return said(234001, 'Invalid request param.', undefined, 400);
  if (!file.bytes.length || file.bytes.length > (image ? 10 : 30) << 20)
    return file.bytes.length ? said(234006, 'The file size exceed the max value.', undefined, 400) : said(234010, 'File\'s size can\'t be 0.', undefined, 400);
  if (image && !['png', 'jpeg', 'gif', 'webp', 'bmp'].includes(formatOf(file.bytes)))
    return said(234011, 'Can\'t recognize the image format.', undefined, 400);
  const key = next(image ? 'img' : 'file');
  files.set(key, { key, name: image ? file.filename : part('file_name').text, type: file.type, file_type: image ? 'image' : told, bytes: file.bytes });
  return said(0, 'success', image ? { image_key: key } : { file_key: key });
}

function download(rq, id, key) {
  const file = files.get(key);
  return file && ['image', 'file'].includes(rq.query.type) ? { status: 200, headers: { 'content-type': 'application/octet-stream' }, body: file.bytes }
    : said(234003, 'File not in msg.', undefined, 400);
}

function endpoint({ body }) {
  if (body?.AppID !== account.app_id || body.AppSecret !== account.app_secret)
    return said(514, 'auth failed', {});
  const URL = `${double.url.replace('http', 'ws')}/ws/v2?device_id=7&service_id=33554678&ticket=${randomUUID()}`;
  return said(0, 'ok', { URL, ClientConfig: { ReconnectCount: -1, ReconnectInterval: 1, ReconnectNonce: 1, PingInterval: 120 } });
}

async function http(rq) {
  if (rq.path === '/callback/ws/endpoint')
    return endpoint(rq);
  const path = rq.path.replace(/^\/open-apis\//, ''), [, id, what, key] = path.match(/^im\/v1\/messages\/(\w+)\/?(\w*)\/?(\w*)$/) ?? [];
  if (path === 'auth/v3/tenant_access_token/internal')
    return giveToken(rq);
  if (!tokens.has(rq.headers.authorization?.replace('Bearer ', '')))
    return said(99991663, 'Invalid access token for authorization. Please make a test attempt with the correct token.', undefined, 400);
  if (path === 'bot/v3/info')
    return { status: 200, body: { code: 0, msg: 'ok', bot: { activate_status: 2, app_name: 'Double', open_id: bot } } };
  if (path === 'im/v1/messages')
    return create(rq);
  if (path === 'im/v1/images' || path === 'im/v1/files')
    return upload(rq, path.endsWith('images'));
  if (what === 'reply')
    return reply(rq, id);
  if (what === 'resources')
    return download(rq, id, key);
  return id && rq.method === 'PATCH' ? patch(rq, id) : undefined;
}

// ---- the long connection ----

const bytesOf = frame => Buffer.from(Frame.encode(Frame.create(frame)).finish());
const headersOf = frame => Object.fromEntries(frame.headers.map(h => [h.key, h.value]));

function sendEvent(socket, e) {
  e.sent = socket;
  const payload = Buffer.from(JSON.stringify(e.body)), size = Math.ceil(payload.length / e.parts);
  for (let seq = 0; seq < e.parts; seq++) {
    const headers = Object.entries({ type: 'event', message_id: e.id, sum: String(e.parts), seq: String(seq), trace_id: 'trace' })
      .map(([key, value]) => ({ key, value }));
    const frame = { SeqID: 1, LogID: 2, service: 33554678, method: 1, headers, payload: payload.subarray(seq * size, (seq + 1) * size) };
    socket.send({ event: e.body.header?.event_type, id: e.id, seq }, () => bytesOf(frame));
  }
}

function sendPending() {
  for (const e of pending.values())
    if (connection?.open && e.sent !== connection)
      sendEvent(connection, e);
}

function ws(socket) {
  connection = socket;
  socket.onmessage = (_, data) => {
    const frame = Frame.decode(data), headers = headersOf(frame);
    if (frame.method === 0 && headers.type === 'ping') {
      const payload = Buffer.from(JSON.stringify({ ReconnectCount: -1, ReconnectInterval: 1, ReconnectNonce: 1, PingInterval: 120 }));
      return socket.send({ control: 'pong' }, () => bytesOf({ SeqID: 0, LogID: 0, service: frame.service, method: 0, headers: [{ key: 'type', value: 'pong' }], payload }));
    }
    const answer = JSON.parse(Buffer.from(frame.payload)), e = pending.get(headers.message_id);
    acks.push({ id: headers.message_id, code: answer.code, reply: answer.data && JSON.parse(Buffer.from(answer.data, 'base64')) });
    if (answer.code === 200)
      return pending.delete(headers.message_id);
    return sleep(20).then(() => { if (e) e.sent = undefined; sendPending(); });
  };
  socket.onclose = () => { if (connection === socket) connection = undefined; };
  sendPending();
}

// ---- webhooks ----

function sealed(key, text) {
  const iv = randomBytes(16), cipher = createCipheriv('aes-256-cbc', createHash('sha256').update(key).digest(), iv);
  return Buffer.concat([iv, cipher.update(text), cipher.final()]).toString('base64');
}

function call(socketPath, body, headers) {
  return new Promise(resolve => {
    const rq = request({ socketPath, method: 'POST', path: '/webhook/feishu', headers: { 'content-type': 'application/json', ...headers } }, response => {
      const chunks = [];
      response.on('data', c => chunks.push(c));
      response.on('end', () => resolve({ status: response.statusCode, text: Buffer.concat(chunks).toString() }));
    });
    rq.on('error', error => resolve({ status: 0, text: String(error) }));
    rq.end(body);
  });
}

// The body and the headers that Feishu signs it with.
function signedBody(content, { plain, wrong, age = 0 }) {
  const text = JSON.stringify(content), body = plain ? text : JSON.stringify({ encrypt: sealed(wrong === 'key' ? 'another' : account.encrypt_key, text) });
  const timestamp = String(Math.floor(Date.now() / 1000) - age), nonce = randomBytes(8).toString('hex');
  const key = wrong === 'signature' ? 'another' : account.encrypt_key;
  const signature = createHash('sha256').update(timestamp + nonce + key + body).digest('hex');
  return { body, headers: { 'x-lark-request-timestamp': timestamp, 'x-lark-request-nonce': nonce, 'x-lark-signature': signature } };
}

async function hook(e, content) {
  const { body, headers } = signedBody(content, e), last = { status: 0, tries: 0 };
  for (let left = e.tries ?? 3; left > 0 && last.status !== 200; left--)
    Object.assign(last, await call(e.over, body, headers), { tries: last.tries + 1 });
  return last;
}

// ---- control ----

async function event(e) {
  const id = e.id ?? next('ev');
  const body = { schema: '2.0', header: { event_id: id, event_type: e.event_type, create_time: String(Date.now()), app_id: account.app_id,
    token: e.wrong === 'token' ? 'another' : account.verification_token, tenant_key: 'tenant' }, event: e.event, ...e.more };
  if (e.signed)       // for who calls by itself
    return signedBody(body, e);
  if (e.over && e.over !== 'socket')
    return hook(e, body);
  const entry = { id: next('frame'), body, parts: e.parts ?? 1 };
  pending.set(entry.id, entry);
  sendPending();
  return { id: entry.id };
}

const person = id => ({ open_id: id, union_id: id.replace('ou', 'on'), user_id: id.slice(3) });

function message(m) {
  const message_id = m.message_id ?? next('om');
  return event({ ...m, event_type: 'im.message.receive_v1', event: {
    sender: { sender_id: person(m.from), sender_type: m.sender_type ?? 'user', tenant_key: 'tenant' },
    message: { message_id, create_time: String(Date.now()), update_time: String(Date.now()), chat_id: m.chat ?? 'oc_private', chat_type: m.chat_type ?? 'p2p',
      message_type: m.type ?? 'text', content: JSON.stringify(m.content ?? { text: m.text }), ...(m.mentions && { mentions: m.mentions }),
      ...(m.thread && { thread_id: m.thread }), ...(m.parent && { parent_id: m.parent, root_id: m.parent }) } } });
}

function press(p) {
  const card = messages.get(p.message_id), button = card.content.body.elements.filter(e => e.tag === 'button')[p.button];
  return event({ ...p, event_type: 'card.action.trigger', event: {
    operator: { tenant_key: 'tenant', ...person(p.from) }, token: 'c-token', host: 'im_message',
    action: { value: button.behaviors[0].value, tag: 'button' }, context: { open_message_id: p.message_id, open_chat_id: 'oc_wherever' } } });
}

double = await serve('feishu', {
  http, ws,
  label: frame => frame.event ?? frame.control ?? '',
  control: {
    event, message, press,
    verify: async v => {
      const challenge = randomUUID();
      const token = v.wrong === 'token' ? 'another' : account.verification_token;
      return { challenge, ...await hook({ ...v, tries: 1 }, { challenge, token, type: 'url_verification' }) };
    },
    keep: async ({ type, ...file }) => {
      const key = next(type);
      files.set(key, { bytes: contentOf(file), kept: true });
      return { key };
    },
    expire: async () => { tokens.clear(); },
    cut: async () => { connection?.cut(); },
    state: () => ({ account, bot, taken: [...messages.values()], files: [...files.values()].filter(f => !f.kept).map(shownFile), pending: pending.size, acks }),
  },
});
