#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// qq.mjs: the API of QQ bots (bots.qq.com, api.sgroup.qq.com), their gateway and their callbacks, from bot.q.qq.com/wiki/develop/api-v2.
// No library of QQ's has driven it: the one there is (qq-guild-bot) knows neither this way of saying who one is nor groups and private chats.
//
// POST /control/event    { t, d; over: 'gateway' (the default), or the gateway's unix socket, and there wrong ('signature'), age (s), tries }
// POST /control/message  { kind: 'c2c' | 'group' | 'channel' | 'dm', from, chat, text, id, attachments, …as event }
// POST /control/press    { message (its number in taken), button, from, …as event }
// POST /control/verify   { over, wrong }: op 13
// POST /control/keep     { text or base64 }: a file; { url }
// POST /control/expire   ends every access token
// POST /control/frame    any frame;  POST /control/forget: no session can be resumed
// GET  /control/state    { account, taken: [{ chat, body }], files (uploaded), told (presses), identified, resumed }
import { createPrivateKey, randomUUID, sign } from 'node:crypto';
import { request } from 'node:http';
import { content as contentOf, formatOf, serve, shownFile } from './double.mjs';

const account = { app_id: '102000000', secret: 'secret-of-the-double' };
const tokens = new Set(), taken = [], told = [], files = new Map(), sent = [];
let double, connection, numbers = 0, session, identified = 0, resumed = 0;

const refused = (status, code, message) => ({ status, body: { code, message, trace_id: randomUUID() } });

function giveToken({ body }) {
  if (body?.appId !== account.app_id || body.clientSecret !== account.secret)
    return refused(200, 100016, 'invalid appid or secret');
  const access_token = randomUUID();
  tokens.add(access_token);
  return { status: 200, body: { access_token, expires_in: '7200' } };
}

function take(chat, { body }) {
  const answers = taken.filter(t => t.chat === chat && t.body.msg_id && t.body.msg_id === body.msg_id);
  const right = { 0: body.content, 2: body.markdown?.content, 7: files.get(body.media?.file_info)?.kind === chat.split(':')[0] }[body.msg_type ?? 0];
  if (!right)
    return refused(400, 304036, 'wrong content');
  if (/^(c2c|group)/.test(chat) && body.msg_id && answers.some(t => t.body.msg_seq === body.msg_seq))
    return refused(400, 40054005, 'message deduplicated, check msgseq');
  if (answers.length >= 5)
    return refused(400, 40034024, 'too many answers');
  taken.push({ chat, body });
  return { status: 200, body: { id: `ROBOT1.0_${++numbers}`, timestamp: new Date().toISOString() } };
}

// What is uploaded for a person is not good in a group, nor the other way round.
function upload(kind, { body }) {
  const bytes = Buffer.from(body?.file_data ?? '', 'base64');
  const right = { 1: ['png', 'jpeg'], 2: ['mp4'], 3: ['silk'] }[body?.file_type]?.includes(formatOf(bytes));
  if (!right || bytes.toString('base64') !== body.file_data || body.srv_send_msg !== false || !['c2c', 'group'].includes(kind))
    return refused(400, 40034028, 'wrong file');
  const file_info = randomUUID();
  files.set(file_info, { file_info, kind, file_type: body.file_type, bytes });
  return { status: 200, body: { file_uuid: randomUUID(), file_info, ttl: 3600 } };
}

async function http(rq) {
  const { path } = rq, [, kind, id, what] = path.match(/^\/(?:v2\/)?(users|groups|channels|dms)\/([^/]+)\/(messages|files)$/) ?? [];
  if (path === '/app/getAppAccessToken')
    return giveToken(rq);
  if (path.startsWith('/kept/'))
    return { status: 200, headers: { 'content-type': 'text/plain' }, body: files.get(path.slice(6)).bytes };
  if (!tokens.has(rq.headers.authorization?.replace('QQBot ', '')))
    return refused(401, 11244, 'token not exist or expire');
  if (path === '/users/@me')
    return { status: 200, body: { id: '99', username: 'Double', bot: true } };
  if (path === '/gateway/bot')
    return { status: 200, body: { url: `${double.url.replace('http', 'ws')}/websocket`, shards: 1, session_start_limit: { total: 1000, remaining: 999, reset_after: 1, max_concurrency: 1 } } };
  if (path.startsWith('/interactions/') && rq.method === 'PUT')
    return told.push(path.slice(14)), { status: 204, body: '' };
  const prefix = { users: 'c2c', groups: 'group', channels: 'channel', dms: 'dm' }[kind];
  if (what === 'files')
    return upload(prefix, rq);
  return what && take(`${prefix}:${id}`, rq);
}

// ---- the gateway ----

function dispatch(t, d) {
  const frame = { op: 0, s: sent.length + 1, t, id: randomUUID(), d };
  sent.push(frame);
  connection?.send(frame);
}

function ws(socket) {
  socket.send({ op: 10, d: { heartbeat_interval: 41250 } });
  socket.onmessage = f => {
    if (f.op === 1)
      return socket.send({ op: 11 });
    if (![2, 6].includes(f.op) || !tokens.has(f.d?.token?.replace('QQBot ', '')))
      return socket.close(4004, 'wrong token');
    if (f.op === 6 && f.d.session_id !== session)
      return socket.send({ op: 9, d: false });
    connection = socket;
    if (f.op === 6) {
      resumed++;
      sent.slice(f.d.seq).forEach(frame => socket.send(frame));
      return dispatch('RESUMED', '');
    }
    identified++;
    session = randomUUID();
    sent.length = 0;
    return dispatch('READY', { version: 1, session_id: session, user: { id: '99', username: 'Double', bot: true }, shard: [0, 1] });
  };
  socket.onclose = () => { if (connection === socket) connection = undefined; };
}

// ---- callbacks ----

function signature(text) {
  const seed = Buffer.from(account.secret.repeat(32).slice(0, 32));
  const key = createPrivateKey({ key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]), format: 'der', type: 'pkcs8' });
  return sign(null, Buffer.from(text), key).toString('hex');
}

function call(socketPath, payload, { wrong, age = 0 }) {
  const timestamp = String(Math.floor(Date.now() / 1000) - age), body = JSON.stringify(payload);
  const headers = { 'content-type': 'application/json', 'x-signature-timestamp': timestamp, 'x-bot-appid': account.app_id,
    'x-signature-ed25519': signature(timestamp + body + (wrong === 'signature' ? ' ' : '')) };
  return new Promise(resolve => {
    const rq = request({ socketPath, method: 'POST', path: '/webhook/qq', headers }, response => {
      const chunks = [];
      response.on('data', c => chunks.push(c));
      response.on('end', () => resolve({ status: response.statusCode, text: Buffer.concat(chunks).toString() }));
    });
    rq.on('error', () => resolve({ status: 0 }));
    rq.end(body);
  });
}

async function event(e) {
  if (!e.over || e.over === 'gateway')
    return dispatch(e.t, e.d);
  const last = { status: 0 };
  for (let left = e.tries ?? 3; left > 0 && last.status !== 200; left--)
    Object.assign(last, await call(e.over, { op: 0, id: `${e.t}:x`, t: e.t, d: e.d, s: ++numbers }, e));
  return last;
}

function message(m) {
  const common = { id: m.id ?? `ROBOT1.0_in${++numbers}`, content: m.text, timestamp: new Date().toISOString(), attachments: m.attachments };
  switch (m.kind ?? 'c2c') {
    case 'c2c': return event({ ...m, t: 'C2C_MESSAGE_CREATE', d: { ...common, author: { user_openid: m.from, id: m.from } } });
    case 'group': return event({ ...m, t: 'GROUP_AT_MESSAGE_CREATE', d: { ...common, content: ` ${m.text}`, group_openid: m.chat, author: { member_openid: m.from } } });
    case 'dm': return event({ ...m, t: 'DIRECT_MESSAGE_CREATE', d: { ...common, guild_id: m.chat, channel_id: 'x', author: { id: m.from, username: m.from } } });
    default: return event({ ...m, t: 'AT_MESSAGE_CREATE', d: { ...common, content: `<@!99> ${m.text}`, guild_id: 'g', channel_id: m.chat, author: { id: m.from, username: m.from, bot: m.bot } } });
  }
}

function press(p) {
  const { chat, body } = taken[p.message], { data } = body.keyboard.content.rows[p.button].buttons[0].action, openid = chat.split(':')[1];
  const where = chat.startsWith('c2c') ? { user_openid: p.from } : { group_openid: openid, group_member_openid: p.from };
  return event({ ...p, t: 'INTERACTION_CREATE', d: { id: randomUUID(), type: 11, timestamp: new Date().toISOString(), ...where, data: { type: 11, resolved: { button_data: data, button_id: '1' } } } });
}

double = await serve('qq', {
  http, ws,
  label: f => f.t ?? `op${f.op}`,
  control: {
    event, message, press,
    verify: async v => {
      const d = { plain_token: randomUUID(), event_ts: '1725442341' };
      return { want: signature(d.event_ts + d.plain_token), ...await call(v.over, { op: 13, d }, v) };
    },
    keep: async file => {
      const name = `kept${++numbers}`;
      files.set(name, { bytes: contentOf(file) });
      return { url: `${double.url}/kept/${name}` };
    },
    frame: async f => { await connection?.send(f); },
    forget: async () => { session = undefined; },
    cut: async () => { connection?.cut(); },
    expire: async () => { tokens.clear(); },
    state: () => ({ account, taken, files: [...files.values()].filter(f => f.kind).map(shownFile), told, identified, resumed }),
  },
});
