#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// signal.mjs: signal-cli's daemon as started with --http and --receive-mode=on-connection: /api/v1/rpc, /api/v1/events, /api/v1/check,
// written after signal-cli-jsonrpc(5).  No client library drove it; signal_daemon.java is the real one.  People are
// { number: +15550000N, uuid, name }, groups 'team' and 'other'.  Control, beside what double.mjs has:
//   message   { message, user (a number), group ('team'), mention (names the bot where @bot stands), quote (a timestamp of the bot's),
//               files: [{ name, type, text }], data: {…} (any fields of dataMessage), envelope: {…}, account } -> { timestamp }
//   event     { text }: this as an event's data, whatever it is
//   kick      {}: the streams are ended; cut {}: in the middle of an event
//   set       { accounts: […], single (no listAccounts), ids (false: as before there were event ids), deaf (the end of a stream is not
//               noticed), failures: [{ type, retryAfterSeconds, token }] (what becomes of the next sends) }
//   restart   {}: the daemon's memory of events is gone
import { serve } from './double.mjs';

const BOT = { number: '+15550009999', uuid: 'b0b0b0b0-0000-4000-8000-000000000000' };
const GROUPS = { team: Buffer.alloc(32, 'team').toString('base64'), other: Buffer.alloc(32, 'other').toString('base64') };
const person = n => ({ number: `+1555000${String(n).padStart(4, '0')}`, uuid: `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`, name: `Person ${n}` });
const initial = () => ({ accounts: [BOT.number], single: false, ids: true, deaf: false, failures: [] });
let settings = initial(), waiting = [], buffer = [], streams = [], epoch = Date.now(), sequence = 0, clock = Date.now();
const sent = [], files = new Map();

// Every message has a timestamp of its own.
const now = () => (clock = Math.max(clock + 1, Date.now()));

function write(stream, event) {
  stream.response.write(`${settings.ids ? `id:${event.id}\n` : ''}event:receive\ndata:${event.data}\n\n`);
}

// Without a listener the messages wait at Signal; with one they are handed out, whether it lives or not.
function deliver(account, data) {
  if (!streams.length)
    return waiting.push([account, data]);
  const event = { id: `${epoch}-${++sequence}`, sequence, account, data };
  buffer.push(event);
  buffer = buffer.slice(-1000);
  return streams.filter(s => !s.account || s.account === account).forEach(s => write(s, event));
}

function after(id) {
  const [begin, n] = (id ?? '').split('-');
  return begin === String(epoch) ? Number(n) : 0;
}

function listen(rq) {
  const stream = { response: rq.response, account: rq.query.account };
  if (stream.account && !settings.single && !settings.accounts.includes(stream.account))
    return { status: 400, body: '' };
  rq.response.writeHead(200, { 'content-type': 'text/event-stream' });
  rq.response.flushHeaders();
  rq.response.on('error', () => {});
  rq.response.on('close', () => settings.deaf || (streams = streams.filter(s => s !== stream)));
  if (settings.ids && rq.headers['last-event-id'] !== undefined)
    buffer.filter(e => e.sequence > after(rq.headers['last-event-id']) && (!stream.account || e.account === stream.account)).forEach(e => write(stream, e));
  streams.push(stream);
  waiting.splice(0).forEach(([account, data]) => deliver(account, data));
  return rq.response;
}

class Refusal extends Error {
  constructor(code, message, data = null) {
    super(message);
    this.error = { code, message, data };
  }
}

function recipients(params) {
  if (params.groupId) {
    if (!Object.values(GROUPS).includes(params.groupId))
      throw new Refusal(-1, `Group not found: ${params.groupId}`);
    return [person(1), person(2)];
  }
  const list = [].concat(params.recipient ?? params.recipients ?? [], params.username ?? []);
  if (!list.length)
    throw new Refusal(-1, 'No recipients given');
  return list.map(r => ({ number: r.startsWith('+') ? r : null, uuid: r.startsWith('+') ? null : r }));
}

function fileOf(uri) {
  const [, type, name, data] = uri.match(/^data:([^;,]+)(?:;filename=([^;,]*))?;base64,(.*)$/s) ?? [];
  if (data === undefined)
    throw new Refusal(-32603, `Failed to send message: not a data URI (AttachmentInvalidException)`);
  return { type, name: decodeURIComponent(name ?? ''), size: Buffer.from(data, 'base64').length, text: Buffer.from(data, 'base64').toString() };
}

function send(params) {
  const to = recipients(params), failure = settings.failures.shift(), timestamp = now();
  const results = to.map(recipientAddress => ({ recipientAddress, ...(params.groupId && { groupId: params.groupId }), ...(failure ?? { type: 'SUCCESS' }) }));
  if (!params.message && !params.attachments?.length)
    throw new Refusal(-1, 'Sending empty message is not allowed, either a message, attachment or sticker must be given.');
  const code = { UNREGISTERED_FAILURE: -1, RATE_LIMIT_FAILURE: -5, IDENTITY_FAILURE: -4 }[failure?.type] ?? -3;
  if (failure)
    throw new Refusal(code, 'Failed to send message', { response: { timestamp, results } });
  const target = params.editTimestamp && sent.find(m => m.newest === params.editTimestamp);
  if (target)     // an edit of anything but the newest edition is lost without a word
    Object.assign(target, { message: params.message, textStyles: params.textStyles, newest: timestamp, edits: target.edits + 1 });
  else if (!params.editTimestamp)
    sent.push({ ...params, chat: params.groupId ?? to[0].uuid ?? to[0].number, message: params.message ?? '', attachments: (params.attachments ?? []).map(fileOf), timestamp, newest: timestamp, edits: 0 });
  return { timestamp, results };
}

const contact = p => ({ number: p.number, uuid: p.uuid, username: p.username ?? null, name: '', profile: { givenName: p.name, familyName: '' } });
const methods = {
  version: () => ({ version: '0.14.5' }),
  listAccounts: () => settings.accounts.map(number => ({ number })),
  listContacts({ recipient }) {
    const all = [{ ...BOT, name: 'Double' }, person(1), person(2), { ...person(3), username: 'ada.42' }];
    return all.filter(p => !recipient || recipient.includes(p.number)).map(contact);
  },
  listGroups: () => Object.entries(GROUPS).map(([name, id]) => ({ id, name, isMember: true, members: [] })),
  getAttachment({ id }) {
    if (!files.has(id))
      throw new Refusal(-32603, `An error occurred reading attachment: ${id}`);
    return { data: files.get(id).toString('base64') };
  },
  send,
  sendTyping: params => ({ timestamp: now(), results: recipients(params).map(() => ({ type: 'SUCCESS' })) }),
};

function call({ method, params = {} }) {
  if (!methods[method] || (settings.single && method === 'listAccounts'))
    throw new Refusal(-32601, 'Method not implemented');
  const ofDaemon = method === 'listAccounts' || (method === 'version' && !params.account);
  if (!settings.single && !ofDaemon && !settings.accounts.includes(params.account))
    throw new Refusal(-32602, params.account ? 'Specified account does not exist' : 'Method requires valid account parameter');
  return methods[method](params);
}

function rpc(rq) {
  if (!(rq.headers['content-type'] ?? '').startsWith('application/json'))
    return { status: 415, body: '' };
  try {
    return { body: { jsonrpc: '2.0', result: call(rq.body), id: rq.body.id } };
  } catch (refusal) {
    if (!refusal.error)
      throw refusal;
    return { body: { jsonrpc: '2.0', error: refusal.error, id: rq.body.id } };
  }
}

async function http(rq) {
  if (rq.path === '/api/v1/rpc')
    return rq.method === 'POST' ? rpc(rq) : { status: 405, body: '' };
  if (rq.path === '/api/v1/events')
    return listen(rq);
  return rq.path === '/api/v1/check' ? { body: '' } : undefined;
}

function keep(file) {
  const id = `${files.size}.${file.name.split('.').pop()}`;
  files.set(id, Buffer.from(file.text));
  return { contentType: file.type, filename: file.name, id, size: files.get(id).length, width: null, height: null, caption: null, uploadTimestamp: null };
}

const control = {
  message({ message = '', user = 1, group, mention, quote, files: attached = [], data = {}, envelope = {}, account = BOT.number, timestamp = now() }) {
    const from = person(user), at = message.indexOf('@bot'), named = mention && at >= 0;
    const dataMessage = { timestamp, message: named ? message.replace('@bot', '\ufffc') : message || null, expiresInSeconds: 0, isExpirationUpdate: false, viewOnce: false,
      ...(named && { mentions: [{ name: BOT.number, ...BOT, start: at, length: 1 }] }),
      ...(quote && { quote: { id: quote, author: BOT.number, authorNumber: BOT.number, authorUuid: BOT.uuid, text: '', attachments: [] } }),
      ...(attached.length && { attachments: attached.map(keep) }),
      ...(group && { groupInfo: { groupId: GROUPS[group], groupName: group, revision: 1, type: 'DELIVER' } }), ...data };
    deliver(account, JSON.stringify({ envelope: { source: from.number, sourceNumber: from.number, sourceUuid: from.uuid, sourceName: from.name, sourceDevice: 1, timestamp,
      serverReceivedTimestamp: timestamp, serverDeliveredTimestamp: timestamp, dataMessage, ...envelope }, account }));
    return { timestamp };
  },
  event: ({ text }) => deliver(BOT.number, text),
  kick: () => streams.splice(0).forEach(s => s.response.end()),
  cut: () => streams.splice(0).forEach(s => s.response.write(`id:${epoch}-9999\nevent:receive\ndata:{"envelope":{"sour`, () => s.response.destroy())),
  restart() {
    buffer = [];
    epoch = now();
    sequence = 0;
    control.kick();
  },
  set: body => Object.assign(settings, body),
  state: () => ({ sent, waiting: waiting.length, streams: streams.length, groups: GROUPS, bot: BOT }),
  reset: () => { settings = initial(); },
};

await serve('signal', { http, control });
