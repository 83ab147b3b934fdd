#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// discord.mjs: Discord as a bot sees it: the REST API v10 below /api/v10 and the gateway v10 (JSON, zlib-stream or not), one
// guild (100) with a channel (200), a thread (210) in it, and direct messages with anybody.  Proven by discord.js 14.
// Control, beside what double.mjs has:
//   message      { content, channel_id (a DM), author, attachments: [{ name, type, text or base64 }], …any other field } -> { id }
//   dm           { user } -> { id } of the channel of their direct messages
//   command      { name, text, channel_id, user } -> { id }: a slash command; press { message_id, button, user } -> { id }
//   event        { t, d }: any dispatch
//   reconnect, invalid { d }, kick { code }: what the gateway does to every connection
//   set          any of `settings` below
//   signed       { socket, body, age, spoil }: calls a webhook as Discord does, with Ed25519 -> { status, body }
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { request } from 'node:http';
import { constants, createDeflate } from 'node:zlib';
import { content, serve, shownFile } from './double.mjs';

const EPOCH = 1420070400000n, APP = '800000000000000000', BOT = '900000000000000000', GUILD = '100', CHANNEL = '200', THREAD = '210';
const settings = { heartbeat_ms: 41250, ack: true, refuse_intents: 0, refuse_resume: false, session_limit: 1000, reset_after: 1000, buffer: 1000,
  bucket_size: 5, bucket_ms: 1000, limits: false, token: 'double-token' };
const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const public_key = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('hex');
const bot = { id: BOT, username: 'double_bot', global_name: null, discriminator: '0', avatar: null, bot: true };
const sessions = new Map(), interactions = new Map(), files = new Map(), nonces = new Map(), buckets = new Map();
const channels = new Map([
  [CHANNEL, { id: CHANNEL, type: 0, guild_id: GUILD, name: 'general', parent_id: null, position: 0, permission_overwrites: [], messages: [] }],
  [THREAD, { id: THREAD, type: 11, guild_id: GUILD, name: 'a thread', parent_id: CHANNEL, owner_id: '1', messages: [],
    thread_metadata: { archived: false, auto_archive_duration: 60, archive_timestamp: new Date().toISOString(), locked: false } }],
]);
let commands = {}, last = 0n;

function snowflake() {
  const now = (BigInt(Date.now()) - EPOCH) << 22n;
  last = now > last ? now : last + 1n;
  return String(last);
}

const person = id => ({ id: String(id), username: `user${id}`, global_name: `User ${id}`, discriminator: '0', avatar: null });
const member = id => ({ user: person(id), nick: null, roles: [], joined_at: '2020-01-01T00:00:00.000000+00:00', deaf: false, mute: false, flags: 0, permissions: '0' });
const shown = ({ messages, ...channel }) => channel;
const guild = () => ({ id: GUILD, name: 'Double', unavailable: false, channels: [shown(channels.get(CHANNEL))], threads: [shown(channels.get(THREAD))],
  members: [{ ...member(0), user: bot }], roles: [{ id: GUILD, name: '@everyone', permissions: '0', position: 0, color: 0, hoist: false, managed: false, mentionable: false, flags: 0 }],
  emojis: [], stickers: [], features: [], presences: [], voice_states: [], stage_instances: [], guild_scheduled_events: [], soundboard_sounds: [],
  member_count: 2, large: false, owner_id: '1', joined_at: '2020-01-01T00:00:00.000000+00:00', preferred_locale: 'en-US', system_channel_flags: 0,
  verification_level: 0, default_message_notifications: 0, explicit_content_filter: 0, mfa_level: 0, nsfw_level: 0, premium_tier: 0, afk_timeout: 300 });

// ---- the gateway ----

function label(frame, direction) {
  return direction === 'SEND' ? frame.t ?? `op${frame.op}` : `op${frame.op}`;
}

function push(session, t, d) {
  const frame = { op: 0, t, d, s: ++session.seq };
  session.events.push(frame);
  if (session.events.length > settings.buffer)
    session.events.shift();
  session.socket?.say(frame);
}

function dispatch(t, d) {
  for (const session of sessions.values())
    push(session, t, d);
}

function begin(socket, d) {
  if (d.token !== settings.token)
    return socket.close(4004, 'Authentication failed.');
  if (d.intents & settings.refuse_intents)
    return socket.close(4014, 'Disallowed intent(s).');
  const session = { id: createHash('md5').update(snowflake()).digest('hex'), seq: 0, events: [], socket, intents: d.intents };
  sessions.set(session.id, session);
  socket.session = session;
  push(session, 'READY', { v: 10, user: bot, guilds: [{ id: GUILD, unavailable: true }], session_id: session.id,
    resume_gateway_url: `ws://127.0.0.1:${double.port}/resume`, application: { id: APP, flags: 0 }, session_type: 'normal', relationships: [], private_channels: [] });
  return push(session, 'GUILD_CREATE', guild());
}

function resume(socket, d) {
  const session = sessions.get(d.session_id), first = session?.events[0]?.s ?? 1;
  if (d.token !== settings.token)
    return socket.close(4004, 'Authentication failed.');
  if (!session || settings.refuse_resume || d.seq < first - 1) {
    sessions.delete(d.session_id);
    return socket.say({ op: 9, d: false });
  }
  if (d.seq > session.seq)
    return socket.close(4007, 'Invalid seq.');
  session.socket = socket;
  socket.session = session;
  for (const frame of session.events.filter(e => e.s > d.seq))
    socket.say(frame);
  return push(session, 'RESUMED', { _trace: [] });
}

function onFrame(socket, { op, d }) {
  if (op === 1 && settings.ack)
    socket.say({ op: 11 });
  else if (op === 2 || op === 6)
    (op === 2 ? begin : resume)(socket, d);
  else if (op !== 1 && !socket.session)
    socket.close(4003, 'Not authenticated.');
}

function ws(socket, rq) {
  if (rq.query.v !== '10' || rq.query.encoding !== 'json')
    return socket.close(4012, 'Invalid API version.');
  const deflate = rq.query.compress === 'zlib-stream' && createDeflate();
  const pieces = [];
  if (deflate)
    deflate.on('data', piece => pieces.push(piece));
  const squeezed = deflate && (text => new Promise(resolve => {
    deflate.write(text);
    deflate.flush(constants.Z_SYNC_FLUSH, () => resolve(Buffer.concat(pieces.splice(0))));
  }));
  socket.say = frame => socket.send(frame, squeezed);
  socket.onmessage = frame => onFrame(socket, frame);
  socket.onclose = () => { if (socket.session?.socket === socket) socket.session.socket = undefined; };
  return socket.say({ op: 10, d: { heartbeat_interval: settings.heartbeat_ms, _trace: [] } });
}

// ---- messages ----

function channelFor(id) {
  if (!channels.has(id) && /^30\d+$/.test(id))
    channels.set(id, { id, type: 1, last_message_id: null, recipients: [person(id.slice(2))], messages: [] });
  return channels.get(id);
}

function newMessage(channel, author, fields) {
  const m = { id: snowflake(), type: 0, channel_id: channel.id, author, content: '', timestamp: new Date().toISOString(), edited_timestamp: null, tts: false,
    mention_everyone: false, mentions: [], mention_roles: [], attachments: [], embeds: [], pinned: false, flags: 0, components: [], ...fields };
  channel.messages.push(m);
  return m;
}

const dressed = (channel, m) => ({ ...m, channel_type: channel.type,
  ...channel.guild_id ? { guild_id: channel.guild_id, member: { ...member(m.author.id), user: undefined } } : {} });
const wrong = (status, code, message, errors) => ({ status, body: { message, code, errors } });
const invalid = (field, why) => wrong(400, 50035, 'Invalid Form Body', { [field]: { _errors: [{ code: 'BASE_TYPE_MAX_LENGTH', message: why }] } });

function badButtons(rows = []) {
  return rows.length > 5 || rows.some(r => r.type !== 1 || !r.components?.length || r.components.length > 5
    || r.components.some(b => b.type !== 2 || !b.label || b.label.length > 80 || !b.custom_id || b.custom_id.length > 100));
}

function keepFile(name, type, bytes) {
  const id = snowflake();
  files.set(id, { id, name, type, bytes });
  return { id, filename: name, content_type: type, size: bytes.length, url: `${double.url}/cdn/${id}`, proxy_url: `${double.url}/cdn/${id}` };
}

// JSON, or a form with payload_json and files[n].
function readMessage(rq) {
  if (!Array.isArray(rq.body))
    return { payload: rq.body ?? {}, attachments: [] };
  const json = rq.body.find(p => p.name === 'payload_json');
  return { payload: json ? JSON.parse(json.bytes) : {},
    attachments: rq.body.filter(p => p.filename && /^files\[\d+\]$/.test(p.name)).map(p => keepFile(p.filename, p.type, p.bytes)) };
}

function refusedMessage(payload, attachments) {
  if (attachments.some(f => f.size > 10 << 20))
    return wrong(413, 40005, 'Request entity too large');
  if ([...payload.content ?? ''].length > 2000)
    return invalid('content', 'Must be 2000 or fewer in length.');
  if (!payload.content?.trim() && !attachments.length)
    return wrong(400, 50006, 'Cannot send an empty message');
  if (badButtons(payload.components))
    return invalid('components', 'invalid components');
  if (payload.nonce !== undefined && String(payload.nonce).length > 25)
    return invalid('nonce', 'Must be 25 or fewer in length.');
  const answered = payload.message_reference;
  if (answered && !/^\d+$/.test(answered.message_id))
    return invalid('message_reference', 'not a snowflake');
  return undefined;
}

const fieldsOf = (payload, attachments) => ({ content: payload.content ?? '', attachments, flags: payload.flags ?? 0, nonce: payload.nonce,
  components: payload.components ?? [], message_reference: payload.message_reference });

function create(channel, rq, more = {}) {
  const { payload, attachments } = readMessage(rq), refused = refusedMessage(payload, attachments);
  if (refused)
    return refused;
  const known = payload.enforce_nonce && nonces.get(payload.nonce);
  if (known)
    return { status: 200, body: known };
  const m = newMessage(channel, bot, { ...fieldsOf(payload, attachments), ...more });
  nonces.set(payload.nonce, m);
  dispatch('MESSAGE_CREATE', dressed(channel, m));
  return { status: 200, body: m };
}

function edit(channel, m, rq) {
  const { payload, attachments } = readMessage(rq), refused = refusedMessage({ ...payload, nonce: undefined, content: payload.content ?? m.content }, attachments);
  if (refused)
    return refused;
  Object.assign(m, { content: payload.content ?? m.content, components: payload.components ?? m.components, edited_timestamp: new Date().toISOString(),
    flags: payload.flags ?? m.flags });
  if (attachments.length)
    m.attachments = attachments;
  dispatch('MESSAGE_UPDATE', dressed(channel, m));
  return { status: 200, body: m };
}

// ---- rate limits: a bucket a channel ----

function limited(channel) {
  const now = Date.now(), b = buckets.get(channel) ?? { from: now, used: 0 };
  if (now - b.from >= settings.bucket_ms)
    Object.assign(b, { from: now, used: 0 });
  b.used++;
  buckets.set(channel, b);
  const left = Math.max(0, settings.bucket_size - b.used), wait = (b.from + settings.bucket_ms - now) / 1000;
  const headers = { 'x-ratelimit-limit': settings.bucket_size, 'x-ratelimit-remaining': left, 'x-ratelimit-reset-after': wait.toFixed(3),
    'x-ratelimit-reset': ((now + wait * 1000) / 1000).toFixed(3), 'x-ratelimit-bucket': 'messages' };
  return { headers, over: b.used > settings.bucket_size && settings.limits, wait };
}

// ---- REST ----

function acknowledged(i, body) {
  i.answered = body;
  if (body.type === 4 || body.type === 5)
    i.original = newMessage(channelFor(i.channel_id), bot, { content: body.data?.content ?? '', flags: body.type === 5 ? 128 : body.data?.flags ?? 0,
      loading: body.type === 5 });
}

function interactionCall(rq, path) {
  const [, , token, what] = path, i = [...interactions.values()].find(x => x.token === token);
  if (!i)
    return wrong(path[0] === 'webhooks' ? 401 : 404, path[0] === 'webhooks' ? 50027 : 10062, path[0] === 'webhooks' ? 'Invalid Webhook Token' : 'Unknown interaction');
  const channel = channelFor(i.channel_id);
  if (what === 'callback') {
    if (i.answered)
      return wrong(400, 40060, 'Interaction has already been acknowledged.');
    acknowledged(i, rq.body);
    return { status: 204, body: '' };
  }
  if (!i.answered)
    return wrong(404, 10015, 'Unknown Webhook');
  if (rq.method === 'PATCH' || (rq.method === 'POST' && i.original?.loading)) {
    i.original.loading = false;
    return edit(channel, i.original, rq);
  }
  return create(channel, rq);
}

function channelCall(rq, [, id, what, message]) {
  const channel = channelFor(id);
  if (!channel)
    return wrong(404, 10003, 'Unknown Channel');
  if (!what)
    return { body: shown(channel) };
  if (what === 'typing')
    return { status: 204, body: '' };
  if (rq.method === 'GET' && !message) {
    const after = BigInt(rq.query.after ?? 0), limit = Number(rq.query.limit ?? 50);
    return { body: channel.messages.filter(m => BigInt(m.id) > after).slice(0, limit).reverse() };
  }
  const { headers, over, wait } = limited(id);
  if (over)
    return { status: 429, headers: { ...headers, 'retry-after': Math.ceil(wait) }, body: { message: 'You are being rate limited.', retry_after: wait, global: false } };
  if (!message)
    return { ...create(channel, rq), headers };
  const m = channel.messages.find(x => x.id === message);
  if (!m)
    return wrong(404, 10008, 'Unknown Message');
  return rq.method === 'PATCH' ? { ...edit(channel, m, rq), headers } : { body: m };
}

function putCommands(rq, path) {
  const bad = rq.body.find(c => !/^[-_a-z\d]{1,32}$/.test(c.name) || !c.description || c.description.length > 100
    || c.options?.some(o => !o.name || !o.description || o.description.length > 100));
  if (bad)
    return invalid('commands', JSON.stringify(bad));
  commands[path.slice(1).join('/')] = rq.body;
  return { body: rq.body.map(c => ({ id: snowflake(), application_id: APP, version: '1', type: 1, ...c })) };
}

async function http(rq) {
  if (rq.path.startsWith('/cdn/')) {
    const file = files.get(rq.path.slice(5));
    return file && { headers: { 'content-type': file.type }, body: file.bytes };
  }
  if (!rq.path.startsWith('/api/v10/'))
    return undefined;
  const path = rq.path.slice(8).split('/').slice(1), [what] = path;
  if (what === 'interactions' || (what === 'webhooks' && path.length > 2))
    return interactionCall(rq, path);
  if (rq.headers.authorization !== `Bot ${settings.token}`)
    return { status: 401, body: { message: '401: Unauthorized', code: 0 } };
  const route = `${rq.method} ${path.join('/')}`;
  if (route === 'GET gateway/bot')
    return { body: { url: `ws://127.0.0.1:${double.port}/gateway`, shards: 1,
      session_start_limit: { total: 1000, remaining: settings.session_limit, reset_after: settings.reset_after, max_concurrency: 1 } } };
  if (route === 'GET users/@me')
    return { body: bot };
  if (route === 'GET applications/@me' || route === 'GET oauth2/applications/@me')
    return { body: { id: APP, name: 'Double', flags: 0, description: '', icon: null, bot_public: true, verify_key: public_key } };
  if (what === 'applications' && rq.method === 'PUT')
    return putCommands(rq, path);
  if (route === 'GET users/@me/guilds')
    return { body: [{ id: GUILD, name: 'Double' }] };
  if (route === `GET guilds/${GUILD}/channels`)
    return { body: [shown(channels.get(CHANNEL))] };
  if (route === `GET guilds/${GUILD}/members/search`)
    return { body: [5, 55].map(member).filter(m => m.user.username.startsWith(rq.query.query)) };
  if (route === 'POST users/@me/channels')
    return { body: shown(channelFor(`30${rq.body.recipient_id}`)) };
  return what === 'channels' ? channelCall(rq, path) : wrong(404, 0, '404: Not Found');
}

// ---- control ----

// To /webhook/discord of the program that listens on that unix socket.
function post(socketPath, text, headers) {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, path: '/webhook/discord', method: 'POST', headers: { ...headers, 'content-length': Buffer.byteLength(text) } },
      async answer => resolve({ status: answer.statusCode, body: Buffer.concat(await Array.fromAsync(answer)).toString() }));
    call.on('error', reject).end(text);
  });
}

function interact(channel_id, user, type, data, more = {}) {
  const channel = channelFor(channel_id), id = snowflake();
  const i = { id, application_id: APP, type, token: `token${id}${'t'.repeat(180)}`, version: 1, channel_id, channel: shown(channel), data, locale: 'en-US',
    entitlements: [], authorizing_integration_owners: {}, attachment_size_limit: 10485760, app_permissions: '0', context: channel.guild_id ? 0 : 1,
    ...channel.guild_id ? { guild_id: channel.guild_id, member: member(user) } : { user: person(user) }, ...more };
  interactions.set(id, i);
  return i;
}

const commandOf = ({ name, text, channel_id = '301', user = 1 }) => interact(channel_id, user, 2,
  { id: '5', name, type: 1, options: text === undefined ? [] : [{ name: 'text', type: 3, value: text }] });

const control = {
  dm: ({ user }) => shown(channelFor(`30${user}`)),
  message({ channel_id = '301', author = 1, attachments = [], ...fields }) {
    const channel = channelFor(channel_id);
    const m = newMessage(channel, typeof author === 'object' ? author : person(author),
      { attachments: attachments.map(f => keepFile(f.name, f.type, content(f))), ...fields });
    dispatch('MESSAGE_CREATE', dressed(channel, m));
    return { id: m.id };
  },
  command(body) {
    const i = commandOf(body);
    dispatch('INTERACTION_CREATE', i);
    return { id: i.id };
  },
  press({ message_id, button, user = 1, values }) {
    const channel = [...channels.values()].find(c => c.messages.some(m => m.id === message_id));
    const m = channel.messages.find(x => x.id === message_id), b = m.components.flatMap(r => r.components)[button];
    const i = interact(channel.id, user, 3, { custom_id: b.custom_id, component_type: 2, values }, { message: m });
    dispatch('INTERACTION_CREATE', i);
    return { id: i.id };
  },
  event: ({ t, d }) => dispatch(t, d),
  reconnect: () => double.sockets.forEach(s => s.say({ op: 7, d: null })),
  invalid: ({ d = false }) => double.sockets.forEach(s => { if (!d) sessions.delete(s.session?.id); s.say({ op: 9, d }); }),
  beat: () => double.sockets.forEach(s => s.say({ op: 1, d: null })),
  kick: ({ code }) => double.sockets.forEach(s => s.close(code, 'kicked')),
  set: body => Object.assign(settings, body),
  async signed({ socket, body, age = 0, spoil = false, command }) {
    const timestamp = String(Math.floor(Date.now() / 1000) - age), text = JSON.stringify(command ? commandOf(command) : body);
    const signature = sign(null, Buffer.from(timestamp + text), privateKey).toString('hex');
    const answer = await post(socket, spoil ? `${text} ` : text,
      { 'content-type': 'application/json', 'x-signature-ed25519': signature, 'x-signature-timestamp': timestamp });
    if (command && answer.status === 200)
      acknowledged(interactions.get(JSON.parse(text).id), JSON.parse(answer.body));
    return answer;
  },
  state: () => ({ public_key, commands, sessions: sessions.size, interactions: [...interactions.values()].map(i => ({ id: i.id, answered: i.answered })),
    files: [...files.values()].map(shownFile), channels: Object.fromEntries([...channels.values()].map(c => [c.id, c.messages])) }),
  reset: () => { for (const c of channels.values()) c.messages = []; },
};

const double = await serve('discord', { http, ws, label, control });
