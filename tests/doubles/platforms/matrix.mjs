#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// A double of a Matrix homeserver (spec.matrix.org, client-server API): logins, rooms, sync, media.  See double.mjs for log and trouble.
//
// POST /control/event    { user, room, text, content, type } says something; without room in the conversation of two with the bot, which is
//                          made where it is not there.  → { room, event_id }
// POST /control/room     { user, invite: [users], direct, encrypted, alias, version } makes a room.  → { room }
// POST /control/member   { user, room, membership, by }
// POST /control/upload   { text, mimetype } → { mxc }
// POST /control/logout   { user } ends all logins of a user
// POST /control/old      { old } true: media without a login only, as before version 1.11
// GET  /control/state    { rooms: { id: { members, events } }, typing }
import { serve } from './double.mjs';

const SERVER = 'double.test', BOT = `@clawdbot:${SERVER}`;
let users, tokens, rooms, aliases, media, sent, filters, typing, waiting, stream, count = 0, old;

function reset() {
  users = new Map([[BOT, { password: 'bot-secret', name: 'Clawd' }]]);
  tokens = new Map([['syt_double', { user: BOT, device: 'DOUBLE' }]]);
  rooms = new Map();            // id: { events, state: Map of `type key`, direct }
  aliases = new Map();
  media = new Map();
  sent = new Map();             // event ids by device and transaction
  filters = [];
  typing = [];
  waiting = new Set();
  stream = 0;
  old = false;
}
reset();

const error = (status, errcode, words, more) => ({ status, body: { errcode, error: words, ...more } });
const user = id => {
  if (!users.has(id))
    users.set(id, { password: 'secret', name: id.slice(1, id.indexOf(':')) });
  return users.get(id);
};

// ---- rooms ----

function add(room, event) {
  const r = rooms.get(room), e = { ...event, event_id: `$event${++count}`, origin_server_ts: Date.now(), pos: ++stream };
  if (e.state_key !== undefined) {
    const before = r.state.get(`${e.type} ${e.state_key}`);
    e.unsigned = before ? { prev_content: before.content } : {};
    r.state.set(`${e.type} ${e.state_key}`, e);
  }
  r.events.push(e);
  for (const wake of waiting)
    wake();
  return e;
}

const shown = (e, room) => ({ type: e.type, event_id: e.event_id, sender: e.sender, origin_server_ts: e.origin_server_ts, content: e.content,
  unsigned: { ...e.unsigned }, ...(e.state_key === undefined ? {} : { state_key: e.state_key }), ...(room ? { room_id: room } : {}) });

const membership = (r, who) => r.state.get(`m.room.member ${who}`)?.content.membership;
const member = (room, sender, who, how, more) =>
  add(room, { type: 'm.room.member', sender, state_key: who, content: { membership: how, displayname: user(who).name, ...more } });
const members = r => [...r.state.values()].filter(e => e.type === 'm.room.member' && e.content.membership === 'join').map(e => e.state_key);

function createRoom(creator, b) {
  const room = `!room${++count}:${SERVER}`;
  rooms.set(room, { events: [], state: new Map() });
  add(room, { type: 'm.room.create', sender: creator, state_key: '', content: { room_version: '11' } });
  member(room, creator, creator, 'join');
  add(room, { type: 'm.room.history_visibility', sender: creator, state_key: '', content: { history_visibility: 'shared' } });
  for (const e of b.initial_state ?? [])
    add(room, { sender: creator, state_key: '', ...e });
  if (b.name)
    add(room, { type: 'm.room.name', sender: creator, state_key: '', content: { name: b.name } });
  if (b.room_alias_name)
    aliases.set(`#${b.room_alias_name}:${SERVER}`, room);
  for (const who of b.invite ?? [])
    member(room, creator, who, 'invite', b.is_direct ? { is_direct: true } : {});
  return room;
}

// ---- sync ----

const matches = (filter, e) => !filter?.types || filter.types.some(t => (t.endsWith('*') ? e.type.startsWith(t.slice(0, -1)) : t === e.type));

function joinedPart(r, me, since, filter) {
  const joined = r.state.get(`m.room.member ${me}`).pos, fresh = since === undefined || (joined > since
    && !r.events.some(e => e.pos <= since && e.state_key === me && e.content.membership === 'join'));
  const all = r.events.filter(e => matches(filter.room?.timeline, e)), limit = filter.room?.timeline?.limit ?? 10;
  const news = fresh ? all : all.filter(e => e.pos > since), timeline = news.slice(-limit);
  if (!fresh && !r.events.some(e => e.pos > since))
    return undefined;
  const from = timeline[0]?.pos ?? stream + 1, senders = new Set(timeline.map(e => e.sender));
  const state = [...r.state.values()].filter(e => matches(filter.room?.state, e) && !timeline.includes(e) && (fresh || e.pos > since)
    && !(filter.room?.state?.lazy_load_members && e.type === 'm.room.member' && !senders.has(e.state_key)));
  if (filter.room?.state?.lazy_load_members && !fresh)
    state.push(...[...senders].map(s => r.state.get(`m.room.member ${s}`)).filter(e => e && !timeline.includes(e) && !state.includes(e)));
  return { timeline: { events: timeline.map(e => shown(e)), limited: news.length > timeline.length, prev_batch: `p${from}` },
    state: { events: state.map(e => shown(e)) }, ephemeral: { events: [] }, account_data: { events: [] },
    summary: { 'm.joined_member_count': members(r).length }, unread_notifications: {} };
}

function news(me, since, filter) {
  const out = { join: {}, invite: {}, leave: {} };
  let any = false;
  for (const [id, r] of rooms) {
    const how = membership(r, me), mine = r.state.get(`m.room.member ${me}`);
    if (how === 'join') {
      const part = joinedPart(r, me, since, filter);
      if (part)
        out.join[id] = part;
    } else if (how === 'invite' && (since === undefined || mine.pos > since)) {
      const about = ['m.room.name ', 'm.room.encryption ', `m.room.member ${mine.sender}`, `m.room.member ${me}`];
      out.invite[id] = { invite_state: { events: about.map(k => r.state.get(k)).filter(Boolean).map(({ type, sender, state_key, content }) =>
        ({ type, sender, state_key, content })) } };
    } else if (how === 'leave' && since !== undefined && mine.pos > since) {
      out.leave[id] = { timeline: { events: [] }, state: { events: [] } };
    } else {
      continue;
    }
    any ||= out.join[id] || out.invite[id] || out.leave[id];
  }
  return any ? out : undefined;
}

async function sync(me, query, rq) {
  const filter = !query.filter ? {} : query.filter[0] === '{' ? JSON.parse(query.filter) : filters[Number(query.filter)];
  if (query.since && !/^s\d+$/.test(query.since))
    return error(400, 'M_INVALID_PARAM', 'Invalid stream token');
  const since = query.since ? Number(query.since.slice(1)) : undefined, end = Date.now() + Number(query.timeout ?? 0);
  let gone = false;
  rq.response.on('close', () => { gone = true; });
  for (;;) {
    const found = news(me, since, filter);
    if (found || since === undefined || Date.now() >= end || gone)
      return { body: { next_batch: `s${stream}`, rooms: found ?? {}, presence: { events: [] }, account_data: { events: [] }, to_device: { events: [] },
        device_lists: {}, device_one_time_keys_count: {} } };
    await new Promise(resolve => {
      const wake = () => { waiting.delete(wake); clearTimeout(timer); resolve(); };
      const timer = setTimeout(wake, Math.min(end - Date.now(), 500));
      waiting.add(wake);
    });
  }
}

// ---- requests ----

function messages(r, q) {
  const from = q.from ? Number(q.from.slice(1)) : stream + 1, to = q.to ? Number(q.to.slice(1)) : 0, limit = Number(q.limit ?? 10);
  const all = r.events.filter(e => e.pos < from && e.pos > to).reverse(), some = all.slice(0, limit);
  return { start: q.from, chunk: some.map(e => shown(e)), ...(all.length > limit ? { end: `p${some.at(-1).pos}` } : {}) };
}

function send(who, room, type, txn, b) {
  const r = rooms.get(room), key = `${who.user} ${who.device} ${room} ${txn}`;
  if (!r || membership(r, who.user) !== 'join')
    return error(403, 'M_FORBIDDEN', 'User not in room');
  if (JSON.stringify(b).length > 65000)
    return error(413, 'M_TOO_LARGE', 'event too large');
  if (!sent.has(key))
    sent.set(key, add(room, { type, sender: who.user, content: b, unsigned: { transaction_id: txn } }).event_id);
  return { body: { event_id: sent.get(key) } };
}

function login(b) {
  const name = b.identifier?.user ?? b.user, id = name?.[0] === '@' ? name : `@${name}:${SERVER}`;
  if (b.type !== 'm.login.password' || users.get(id)?.password !== b.password)
    return error(403, 'M_FORBIDDEN', 'Invalid username or password');
  const token = `syt_${++count}`, device = b.device_id ?? `DEV${count}`;
  for (const [t, w] of tokens)
    if (w.user === id && w.device === device)
      tokens.delete(t);
  tokens.set(token, { user: id, device });
  return { body: { user_id: id, access_token: token, device_id: device, home_server: SERVER } };
}

function download(id) {
  const m = media.get(id);
  return m ? { headers: { 'content-type': m.mimetype }, body: m.bytes } : error(404, 'M_NOT_FOUND', 'no such media');
}

function join(who, room) {
  const id = aliases.get(room) ?? room, r = rooms.get(id);
  if (!r || !['invite', 'join'].includes(membership(r, who.user)))
    return error(403, 'M_FORBIDDEN', 'You are not invited to this room');
  if (membership(r, who.user) === 'invite')
    member(id, who.user, who.user, 'join');
  return { body: { room_id: id } };
}

// What a member of a room may ask.
function roomRequest(who, rq, room, what, rest) {
  const r = rooms.get(room), how = r && membership(r, who.user);
  if (what === 'leave' && how) {
    member(room, who.user, who.user, 'leave');
    return { body: {} };
  }
  if (how !== 'join')
    return error(403, 'M_FORBIDDEN', 'You are not a member of this room');
  switch (what) {
  case 'send': return send(who, room, rest[0], rest[1], rq.body);
  case 'joined_members': return { body: { joined: Object.fromEntries(members(r).map(m => [m, { display_name: user(m).name }])) } };
  case 'members': return { body: { chunk: members(r).map(m => shown(r.state.get(`m.room.member ${m}`), room)) } };
  case 'messages': return { body: messages(r, rq.query) };
  case 'invite': member(room, who.user, rq.body.user_id, 'invite'); return { body: {} };
  case 'typing': typing.push({ room, user: rest[0], ...rq.body }); return { body: {} };
  case 'receipt': case 'read_markers': return { body: {} };
  case 'event': {
    const e = r.events.find(x => x.event_id === rest[0]);
    return e ? { body: shown(e, room) } : error(404, 'M_NOT_FOUND', 'no such event');
  }
  case 'state': {
    const e = r.state.get(`${rest[0]} ${rest[1] ?? ''}`);
    return e ? { body: e.content } : error(404, 'M_NOT_FOUND', 'no such state');
  }
  default: return error(404, 'M_UNRECOGNIZED', 'Unrecognized request');
  }
}

const open = {
  'GET client/versions': () => ({ body: { versions: ['v1.1', 'v1.5', ...(old ? [] : ['v1.11', 'v1.12'])], unstable_features: {} } }),
  'GET client/v3/login': () => ({ body: { flows: [{ type: 'm.login.password' }] } }),
  'POST client/v3/login': rq => login(rq.body),
};

const personal = {
  'GET client/v3/account/whoami': (rq, who) => ({ body: { user_id: who.user, device_id: who.device } }),
  'GET client/v3/sync': (rq, who) => sync(who.user, rq.query, rq),
  'POST client/v3/createRoom': (rq, who) => ({ body: { room_id: createRoom(who.user, rq.body) } }),
  'GET client/v3/pushrules': () => ({ body: { global: {} } }),
  'GET client/v3/capabilities': () => ({ body: { capabilities: {} } }),
  'GET client/v1/media/config': () => ({ body: { 'm.upload.size': 50 << 20 } }),
  'POST media/v3/upload': rq => {
    const id = `media${++count}`;
    media.set(id, { bytes: rq.bytes, mimetype: rq.headers['content-type'] ?? 'application/octet-stream', name: rq.query.filename });
    return { body: { content_uri: `mxc://${SERVER}/${id}` } };
  },
};

function dispatch(rq, who, path) {
  const [api, version, what, first, second, ...rest] = path;
  if (what === 'rooms')
    return roomRequest(who, rq, first, second, rest);
  if (what === 'join')
    return join(who, first);
  if (what === 'directory')
    return aliases.has(second) ? { body: { room_id: aliases.get(second), servers: [SERVER] } } : error(404, 'M_NOT_FOUND', 'no such alias');
  if (what === 'profile')
    return { body: { displayname: user(first).name } };
  if (what === 'user' && second === 'filter')
    return rq.method === 'POST' ? { body: { filter_id: String(filters.push(rq.body) - 1) } } : { body: filters[Number(rest[0])] ?? {} };
  if (api === 'client' && version === 'v1' && what === 'media' && first === 'download' && !old)
    return download(rest[0]);
  return error(404, 'M_UNRECOGNIZED', 'Unrecognized request');
}

function http(rq) {
  const path = rq.path.replace(/^\/_matrix\//, '').replace(/\/$/, '').split('/').map(decodeURIComponent), name = `${rq.method} ${path.join('/')}`;
  const who = tokens.get(rq.headers.authorization?.replace(/^Bearer /, ''));
  if (!rq.path.startsWith('/_matrix/'))
    return undefined;
  if (open[name])
    return open[name](rq);
  if (path[0] === 'media' && path[2] === 'download' && old)
    return download(path[4]);
  if (!who)
    return rq.headers.authorization ? error(401, 'M_UNKNOWN_TOKEN', 'Unknown token', { soft_logout: false })
      : error(401, 'M_MISSING_TOKEN', 'Missing access token');
  return personal[name] ? personal[name](rq, who) : dispatch(rq, who, path);
}

// ---- control ----

function direct(who) {
  for (const [id, r] of rooms)
    if (r.direct === who)
      return id;
  const id = createRoom(who, { invite: [BOT], is_direct: true });
  rooms.get(id).direct = who;
  return id;
}

function event(b) {
  const room = b.room ?? direct(b.user), content = b.content ?? { msgtype: 'm.text', body: b.text, ...b.more };
  user(b.user);
  return { room, event_id: add(room, { type: b.type ?? 'm.room.message', sender: b.user, content }).event_id };
}

function makeRoom(b) {
  const room = createRoom(b.user, { invite: b.invite ?? [BOT], is_direct: b.direct, room_alias_name: b.alias,
    initial_state: b.encrypted ? [{ type: 'm.room.encryption', content: { algorithm: 'm.megolm.v1.aes-sha2' } }] : [] });
  return { room };
}

await serve('matrix', {
  http,
  control: {
    event, room: makeRoom, reset,
    member(b) { member(b.room, b.by ?? b.user, b.user, b.membership ?? 'join'); },
    upload(b) {
      const id = `media${++count}`;
      media.set(id, { bytes: Buffer.from(b.text), mimetype: b.mimetype });
      return { mxc: `mxc://${SERVER}/${id}` };
    },
    logout(b) {
      for (const [t, w] of tokens)
        if (w.user === b.user)
          tokens.delete(t);
    },
    old(b) { old = b.old; },
    state: () => ({ typing, rooms: Object.fromEntries([...rooms].map(([id, r]) => [id, { members: members(r), direct: r.direct,
      events: r.events.filter(e => e.type === 'm.room.message').map(e => shown(e)) }])),
      media: Object.fromEntries([...media].map(([id, m]) => [id, { text: m.bytes.toString(), mimetype: m.mimetype, name: m.name }])) }),
  },
});
