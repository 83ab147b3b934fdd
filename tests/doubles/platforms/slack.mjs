#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// A double of Slack (docs.slack.dev): the Web API, Socket Mode, and calls of the Events API.  See double.mjs for log and trouble.
//
// POST /control/event    { user, channel, text, thread_ts, files: [{ name, mimetype, text }], type or types, subtype, bot_id, quiet, twice,
//                          skew (seconds), sign } a message of a person, to be delivered; quiet: only history has it.  → { ts }
// POST /control/press    { user, ts, index } presses the button under a message of ours
// POST /control/command  { user, channel, command, text }
// POST /control/raw      { body, type } as it stands, signed: to the webhook; or { frame }: to the socket
// POST /control/webhook  { url, or socket (unix); secret } where events go from now on; {}: to the WebSocket
// POST /control/disconnect { reason } tells the socket to go
// POST /control/token    { bot, app } what they are from now on; others have expired
// GET  /control/state    { messages (ours, with edits), files, pending (envelopes nobody acknowledged), refused (calls not answered 200) }
import { createHmac } from 'node:crypto';
import { request } from 'node:http';
import { serve, sleep } from './double.mjs';

const BOT = { user_id: 'U0DOUBLE', bot_id: 'B0DOUBLE', user: 'clawdbot', team: 'Double', team_id: 'T0DOUBLE' };
const channels = [
  { id: 'C0GENERAL', name: 'general', is_channel: true }, { id: 'C0ALERTS', name: 'alerts', is_channel: true },
  { id: 'D0OWNER00', is_im: true, user: 'U0OWNER00' },
];
const tokens = { bot: 'xoxb-double', app: 'xapp-double' };
let messages, files, pending, webhook, retries, count = 0;

function reset() {
  Object.assign(tokens, { bot: 'xoxb-double', app: 'xapp-double' });
  messages = [];                // { channel, ts, text, user or bot_id, thread_ts, blocks, files, edits }
  files = new Map();            // id: { id, name, title, mimetype, bytes }
  pending = new Map();          // envelopes by id
  webhook = {};
  retries = [];
}
reset();

const id = kind => `${kind}${String(++count).padStart(8, '0')}`;
const ts = () => `${Math.floor(Date.now() / 1000)}.${String(++count).padStart(6, '0')}`;
const seconds = skew => String(Math.floor(Date.now() / 1000) + (skew ?? 0));
const kind = channel => ({ C: 'channel', G: 'group', D: 'im' })[channel[0]];
const later = (a, b) => Number(a.split('.')[0]) - Number(b.split('.')[0]) || Number(a.split('.')[1] ?? 0) - Number(b.split('.')[1] ?? 0);

// ---- the Web API ----

function direct(user) {
  let found = channels.find(c => c.user === user);
  if (!found)
    channels.push(found = { id: id('D'), is_im: true, user });
  return found.id;
}

function conversation(name) {
  if (name?.[0] === 'U')
    return direct(name);
  return channels.find(c => c.id === name || c.name === name?.replace(/^#/, ''))?.id;
}

const fault = (error, more) => ({ ok: false, error, ...more });

function shownFile(f) {
  const url = `${double.url}/files-pri/T0DOUBLE-${f.id}/${encodeURIComponent(f.name)}`;
  return { id: f.id, name: f.name, title: f.title ?? f.name, mimetype: f.mimetype, size: f.bytes.length, mode: 'hosted',
    url_private: url, url_private_download: url };
}

function post(b) {
  const channel = conversation(b.channel);
  if (!channel)
    return fault('channel_not_found');
  if (!b.text && !b.blocks)
    return fault('no_text');
  if (b.thread_ts && !messages.some(m => m.channel === channel && m.ts === b.thread_ts))
    return fault('thread_not_found');
  const m = { type: 'message', channel, ts: ts(), text: b.text, blocks: list(b.blocks), thread_ts: b.thread_ts, user: BOT.user_id,
    bot_id: BOT.bot_id, edits: 0, mrkdwn: b.mrkdwn };
  messages.push(m);
  return { ok: true, channel, ts: m.ts, message: m };
}

const list = value => (typeof value === 'string' ? JSON.parse(value) : value);

function page(all, b) {
  const from = Number(b.cursor ?? 0), limit = Number(b.limit ?? 100), more = all.length > from + limit;
  return [all.slice(from, from + limit), { has_more: more, response_metadata: { next_cursor: more ? String(from + limit) : '' } }];
}

const newer = (m, b) => !b.oldest || later(m.ts, b.oldest) > 0;

const methods = {
  'auth.test': () => ({ ok: true, url: 'https://double.slack.com/', ...BOT }),
  'apps.connections.open': () => ({ ok: true, url: `${double.url.replace('http', 'ws')}/link/?ticket=${id('t')}&app_id=A1` }),
  'chat.postMessage': post,
  'chat.update'(b) {
    const m = messages.find(x => x.channel === b.channel && x.ts === b.ts);
    if (!m)
      return fault('message_not_found');
    Object.assign(m, { text: b.text, blocks: list(b.blocks) ?? m.blocks, edits: m.edits + 1 });
    return { ok: true, channel: m.channel, ts: m.ts, text: m.text, message: m };
  },
  'conversations.list': b => {
    const [some, meta] = page(channels.filter(c => !c.is_im), b);
    return { ok: true, channels: some, ...meta };
  },
  'users.conversations': b => {
    const [some, meta] = page(channels, b);
    return { ok: true, channels: some, ...meta };
  },
  'conversations.open': b => ({ ok: true, channel: { id: direct(b.users.split(',')[0]) } }),
  'conversations.history'(b) {
    if (!channels.some(c => c.id === b.channel))
      return fault('channel_not_found');
    const [some, meta] = page(messages.filter(m => m.channel === b.channel && (!m.thread_ts || m.thread_ts === m.ts)
      && newer(m, b)).reverse(), b);
    return { ok: true, messages: some.map(({ channel, ...m }) => m), ...meta };
  },
  'conversations.replies'(b) {
    const root = messages.find(m => m.channel === b.channel && m.ts === b.ts);
    if (!root)
      return fault('thread_not_found');
    const [some, meta] = page([root, ...messages.filter(m => m.thread_ts === b.ts && m.ts !== b.ts && newer(m, b))], b);
    return { ok: true, messages: some.map(({ channel, ...m }) => ({ ...m, thread_ts: b.ts, parent_user_id: root.user })), ...meta };
  },
  'users.info': b => ({ ok: true, user: { id: b.user, name: b.user.toLowerCase(), profile: { display_name: `Person ${b.user}` } } }),
  'files.getUploadURLExternal'(b) {
    if (!b.filename || !Number(b.length))
      return fault('invalid_arguments');
    const f = { id: id('F'), name: b.filename, length: Number(b.length) };
    files.set(f.id, f);
    return { ok: true, file_id: f.id, upload_url: `${double.url}/upload/v1/${f.id}` };
  },
  'files.completeUploadExternal'(b) {
    const [wanted] = list(b.files), f = files.get(wanted.id);
    if (!f?.bytes)
      return fault('file_not_found');
    if (!channels.some(c => c.id === b.channel_id))
      return fault('channel_not_found');
    Object.assign(f, { title: wanted.title, shared: b.channel_id, thread_ts: b.thread_ts, comment: b.initial_comment });
    messages.push({ type: 'message', subtype: 'file_share', channel: b.channel_id, ts: ts(), text: b.initial_comment ?? '', user: BOT.user_id,
      bot_id: BOT.bot_id, thread_ts: b.thread_ts, files: [{ ...shownFile(f) }], edits: 0 });
    return { ok: true, files: [{ id: f.id, title: f.title }] };
  },
  'files.info'(b) {
    const f = files.get(b.file);
    return f ? { ok: true, file: shownFile(f) } : fault('file_not_found');
  },
};

// Methods that Slack's documentation lists for reading take no JSON.
const JSON_TAKEN = new Set(['chat.postMessage', 'chat.update', 'files.completeUploadExternal', 'conversations.open', 'auth.test',
  'apps.connections.open', 'files.getUploadURLExternal']);

function authorised(rq, name) {
  const given = rq.headers.authorization?.replace(/^Bearer /, ''), want = name === 'apps.connections.open' ? tokens.app : tokens.bot;
  if (!given)
    return 'not_authed';
  if (given === want)
    return undefined;
  return /^xox[bp]-|^xapp-/.test(given) ? (given.startsWith(want.slice(0, 4)) ? 'token_expired' : 'not_allowed_token_type') : 'invalid_auth';
}

function download(rq) {
  const f = files.get(rq.path.split('/')[2].split('-')[1]);
  if (rq.headers.authorization !== `Bearer ${tokens.bot}`)
    return { status: 302, headers: { location: `${double.url}/signin` } };
  return f ? { headers: { 'content-type': f.mimetype ?? 'application/octet-stream' }, body: f.bytes } : { status: 404 };
}

function upload(rq) {
  const f = files.get(rq.path.split('/')[3]), bytes = Array.isArray(rq.body) ? rq.body[0].bytes : rq.bytes;
  if (!f || bytes.length !== f.length)
    return { status: 400, body: 'wrong length' };
  f.bytes = bytes;
  return { body: `OK - ${bytes.length}` };
}

function http(rq) {
  if (rq.path.startsWith('/files-pri/'))
    return download(rq);
  if (rq.path.startsWith('/upload/'))
    return upload(rq);
  const name = rq.path.match(/^\/api\/([\w.]+)$/)?.[1];
  if (!name)
    return undefined;
  const refusal = authorised(rq, name);
  if (refusal)
    return { body: fault(refusal) };
  if (!methods[name])
    return { body: fault('unknown_method') };
  const json = rq.headers['content-type']?.startsWith('application/json');
  if (json && !JSON_TAKEN.has(name))
    return { body: fault('invalid_arguments') };
  return { body: methods[name](rq.body ?? rq.query) };
}

// ---- Socket Mode ----

let socket;

function ws(s) {
  socket = s;
  s.onmessage = frame => pending.delete(frame.envelope_id);
  s.onclose = () => { socket = socket === s ? undefined : socket; };
  s.send({ type: 'hello', num_connections: 1, debug_info: { host: 'double', approximate_connection_time: 18060 }, connection_info: { app_id: 'A1' } });
  for (const e of pending.values())     // nobody said that these arrived
    s.send(Object.assign(e, { retry_attempt: (e.retry_attempt ?? 0) + 1, retry_reason: 'timeout' }));
}

function envelope(type, payload) {
  const e = { envelope_id: `e-${++count}`, type, payload, accepts_response_payload: type !== 'events_api', retry_attempt: 0, retry_reason: '' };
  pending.set(e.envelope_id, e);
  socket?.send(e);
}

// ---- calls ----

// To an address, or over the unix socket of a gateway.
const put = (text, headers) => new Promise(resolve => {
  const { hostname, port, pathname } = new URL(webhook.url ?? 'http://localhost/webhook/slack');
  const rq = request({ socketPath: webhook.socket, hostname, port, path: pathname, method: 'POST', headers }, async answer => {
    let said = '';
    for await (const chunk of answer)
      said += chunk;
    resolve({ status: answer.statusCode, text: said });
  });
  rq.on('error', error => resolve({ status: 0, text: String(error) })).end(text);
});

function callOnce(text, type, how, n) {
  const at = seconds(how.skew), signature = createHmac('sha256', how.sign ?? webhook.secret).update(`v0:${at}:${text}`).digest('hex');
  return put(text, { 'content-type': type, 'content-length': Buffer.byteLength(text), 'x-slack-signature': `v0=${signature}`,
    'x-slack-request-timestamp': at, ...(n ? { 'x-slack-retry-num': String(n), 'x-slack-retry-reason': 'http_error' } : {}) });
}

// Slack tries three times more; these pauses are shorter.
async function call(text, type, how) {
  let said;
  for (let n = 0; n < (how.tries ?? 4); n++) {
    said = await callOnce(text, type, how, n);
    if (said.status === 200)
      return said;
    retries.push(said.status);
    await sleep(100 << n);
  }
  return said;
}

async function deliver(type, payload, how = {}) {
  if (!webhook.secret) {
    for (let i = how.twice ? 2 : 1; i > 0; i--)
      envelope(type, payload);
    return {};
  }
  const form = type !== 'events_api';
  const text = type === 'slash_commands' ? String(new URLSearchParams(payload))
    : form ? String(new URLSearchParams({ payload: JSON.stringify(payload) })) : JSON.stringify(payload);
  let said;
  for (let i = how.twice ? 2 : 1; i > 0; i--)
    said = await call(text, form ? 'application/x-www-form-urlencoded' : 'application/json', how);
  return said;
}

// ---- control ----

function message(b) {
  const m = { type: 'message', channel: b.channel ?? direct(b.user), user: b.user, text: b.text ?? '', ts: ts(), client_msg_id: id('m'), edits: 0 };
  const root = messages.find(x => x.channel === m.channel && x.ts === b.thread_ts);
  if (b.files)
    Object.assign(m, { subtype: 'file_share', files: b.files.map(f => {
      const file = { id: id('F'), name: f.name, mimetype: f.mimetype, bytes: Buffer.from(f.text) };
      files.set(file.id, file);
      return f.bare ? { id: file.id, mode: 'file_access', file_access: 'check_file_info' } : shownFile(file);
    }) });
  return Object.assign(m, b.thread_ts ? { thread_ts: b.thread_ts, parent_user_id: root?.user } : {}, b.subtype ? { subtype: b.subtype } : {},
    b.bot_id ? { bot_id: b.bot_id } : {});
}

async function event(b) {
  const m = message(b);
  messages.push(m);
  if (b.quiet)
    return { ts: m.ts, channel: m.channel };
  const { edits, ...shown } = m;
  let said;
  for (const type of b.types ?? [b.type ?? 'message']) {
    const inner = { ...shown, type, event_ts: m.ts, ...(type === 'message' ? { channel_type: kind(m.channel) } : {}), ...b.more };
    said = await deliver('events_api', { token: 'x', team_id: BOT.team_id, api_app_id: 'A1', event: inner, type: 'event_callback',
      event_id: id('Ev'), event_time: Number(seconds()) }, b);
  }
  return { ts: m.ts, channel: m.channel, ...said };
}

function press(b) {
  const m = messages.find(x => x.ts === b.ts), button = m.blocks.find(x => x.type === 'actions').elements[b.index ?? 0];
  return deliver('interactive', { type: 'block_actions', team: { id: BOT.team_id }, user: { id: b.user, username: b.user.toLowerCase() },
    container: { type: 'message', message_ts: m.ts, channel_id: m.channel, is_ephemeral: false }, trigger_id: id('t'),
    channel: { id: m.channel, name: 'x' }, message: { type: 'message', ts: m.ts, text: m.text, thread_ts: m.thread_ts },
    actions: [{ ...button, block_id: 'x', action_ts: ts() }] }, b);
}

const command = b => deliver('slash_commands', { command: b.command ?? '/clawdbot', text: b.text, channel_id: b.channel, user_id: b.user,
  user_name: b.user.toLowerCase(), trigger_id: id('t'), team_id: BOT.team_id }, b);

const raw = b => (b.frame === undefined ? callOnce(b.body, b.type ?? 'application/json', b, 0) : socket?.send(b.frame));

const double = await serve('slack', {
  http, ws, label: (frame, direction) => (direction === 'RECV' ? 'ack' : frame.type ?? ''),
  control: {
    event, press, command, raw,
    webhook(b) { webhook = b; },
    disconnect: b => socket?.send({ type: 'disconnect', reason: b.reason ?? 'refresh_requested', debug_info: { host: 'double' } }),
    token: b => Object.assign(tokens, b),
    state: () => ({ messages: messages.filter(m => m.bot_id === BOT.bot_id), pending: pending.size, refused: retries,
      files: [...files.values()].filter(f => f.shared).map(f => ({ ...f, bytes: undefined, text: f.bytes.toString() })) }),
    reset,
  },
});
