#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// mattermost.mjs: a Mattermost server as a bot sees it: REST API v4 and its WebSocket; a channel, and direct messages with anybody.
// Proven by @mattermost/client.  Control, beside what double.mjs has:
//   message   { message, user (a number), channel ('town', or '' for direct), root_id, files: [{ name, type, text or base64 }], quiet (no event), …fields } -> the post
//   set       { token }; event { event, data }: any event; kick { code }
import { content, serve, shownFile } from './double.mjs';

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';
let count = 0;
const newId = prefix => {
  let n = ++count, text = '';
  while (n) {
    text += ALPHABET[n % 36];
    n = Math.floor(n / 36);
  }
  return (prefix + text).padEnd(26, 'x');
};
const settings = { token: 'double-token' };
const BOT = 'bot'.padEnd(26, '0'), TOWN = 'town'.padEnd(26, '0'), TEAM = 't'.padEnd(26, '0');
const userId = n => `user${n}`.padEnd(26, '0'), directId = n => `direct${n}`.padEnd(26, '0');
const user = id => ({ id, username: id === BOT ? 'double_bot' : id.replace(/0+$/, ''), is_bot: id === BOT, roles: 'system_user', create_at: 1 });
const channels = new Map([[TOWN, { id: TOWN, type: 'O', name: 'town', display_name: 'Town', team_id: TEAM, last_post_at: 0 }]]);
const posts = new Map(), pending = new Map(), files = new Map();
const sockets = new Set();

function channelOf(id) {
  if (!channels.has(id) && id?.startsWith('direct'))
    channels.set(id, { id, type: 'D', name: `${id}__${BOT}`, display_name: '', team_id: '', last_post_at: 0 });
  return channels.get(id);
}

const problem = (status_code, id, message) => ({ status: status_code, body: { id, message, detailed_error: '', request_id: 'r', status_code } });

function tell(event, data, channel_id) {
  for (const socket of sockets)
    socket.send({ event, data, broadcast: { channel_id, user_id: '', team_id: '', omit_users: null }, seq: socket.seq++ });
}

function newPost(fields, quiet) {
  const channel = channelOf(fields.channel_id), at = Math.max(Date.now(), channel.last_post_at + 1);
  // Files of other channels and those that hang on a post already are passed over without a word.
  const file_ids = (fields.file_ids ?? []).filter(id => files.get(id)?.info.channel_id === channel.id && !files.get(id).info.post_id);
  const post = { create_at: at, update_at: at, edit_at: 0, delete_at: 0, is_pinned: false, user_id: BOT, root_id: '', original_id: '', message: '', type: '', props: {}, hashtags: '',
    reply_count: 0, last_reply_at: 0, participants: null, ...fields, id: newId('post'), file_ids, metadata: { files: file_ids.map(id => files.get(id).info) } };
  file_ids.forEach(id => { files.get(id).info.post_id = post.id; });
  posts.set(post.id, post);
  channel.last_post_at = at;
  if (!quiet)
    tell('posted', { channel_type: channel.type, channel_name: channel.name, channel_display_name: channel.display_name, sender_name: `@${user(post.user_id).username}`,
      team_id: channel.team_id, set_online: true, post: JSON.stringify(post) }, channel.id);
  return post;
}

function keepFile(name, type, bytes, channel_id) {
  const id = newId('file');
  files.set(id, { bytes, info: { id, user_id: BOT, channel_id, create_at: Date.now(), name, extension: name.split('.').pop(), size: bytes.length, mime_type: type } });
  return id;
}

function createPost(body) {
  if (pending.has(body.pending_post_id))
    return { status: 201, body: pending.get(body.pending_post_id) };
  if (!channelOf(body.channel_id))
    return problem(403, 'api.context.permissions.app_error', 'You do not have the appropriate permissions.');
  if ([...body.message].length > 16383)
    return problem(400, 'model.post.is_valid.msg.app_error', 'Invalid message.');
  if (body.root_id && !posts.has(body.root_id))
    return problem(400, 'api.post.create_post.root_id.app_error', 'Invalid RootId parameter.');
  const post = newPost({ channel_id: body.channel_id, message: body.message, root_id: body.root_id ?? '', file_ids: body.file_ids, pending_post_id: body.pending_post_id });
  if (body.pending_post_id)
    pending.set(body.pending_post_id, post);
  return { status: 201, body: post };
}

function patchPost(id, body) {
  const post = posts.get(id);
  if (!post)
    return problem(404, 'app.post.get.app_error', 'Unable to get the post.');
  Object.assign(post, { message: body.message ?? post.message, edit_at: Date.now(), update_at: Date.now() });
  tell('post_edited', { post: JSON.stringify(post) }, post.channel_id);
  return { body: post };
}

function postsOf(channel, since) {
  const found = [...posts.values()].filter(p => p.channel_id === channel && p.update_at > since).sort((a, b) => b.create_at - a.create_at);
  return { body: { order: found.map(p => p.id), posts: Object.fromEntries(found.map(p => [p.id, p])), next_post_id: '', prev_post_id: '' } };
}

function takeFiles(rq) {
  const channel = rq.body.find(p => p.name === 'channel_id')?.text;
  const named = rq.body.filter(p => p.filename !== undefined);
  if (!channelOf(channel))
    return problem(403, 'api.context.permissions.app_error', 'You do not have the appropriate permissions.');
  if (!named.length || named.some(p => p.name !== 'files' || !p.bytes.length))
    return problem(400, 'api.file.upload_file.read_form_value.app_error', 'Error reading the form.');
  if (named.some(p => p.bytes.length > 50 << 20))
    return problem(413, 'api.file.upload_file.too_large.app_error', 'Unable to upload file. File is too large.');
  const ids = rq.body.filter(p => p.filename !== undefined).map(p => keepFile(p.filename, p.type, p.bytes, channel));
  return { status: 201, body: { file_infos: ids.map(id => files.get(id).info), client_ids: [] } };
}

async function http(rq) {
  if (!rq.path.startsWith('/api/v4/'))
    return undefined;
  const [what, id, more] = rq.path.slice(8).split('/'), route = `${rq.method} ${rq.path.slice(8)}`;
  if (rq.headers.authorization?.toLowerCase() !== `bearer ${settings.token}`)
    return problem(401, 'api.context.session_expired.app_error', 'Invalid or expired session, please login again.');
  if (route === 'GET users/me')
    return { body: user(BOT) };
  if (route === 'GET users/me/teams')
    return { body: [{ id: TEAM, name: 'double', display_name: 'Double' }] };
  if (what === 'users' && id === 'username' && /^user\d+$/.test(more))
    return { body: user(more.padEnd(26, '0')) };
  if (route === `GET teams/${TEAM}/channels/name/town`)
    return { body: channels.get(TOWN) };
  if (route === 'POST channels/direct')
    return { status: 201, body: channelOf(directId(rq.body.find(other => other !== BOT).replace(/^user|0+$/g, ''))) };
  if (route === 'GET users/me/channels')
    return { body: [...channels.values()] };
  if (route === 'POST users/me/typing' || (what === 'users' && more === 'typing'))
    return { body: { status: 'OK' } };
  if (route === 'POST posts')
    return createPost(rq.body);
  if (what === 'posts' && more === 'patch')
    return patchPost(id, rq.body);
  if (what === 'posts' && rq.method === 'GET')
    return posts.has(id) ? { body: posts.get(id) } : problem(404, 'app.post.get.app_error', 'Unable to get the post.');
  if (what === 'channels' && more === 'posts')
    return postsOf(id, Number(rq.query.since ?? 0));
  if (route === 'POST files')
    return takeFiles(rq);
  if (what === 'files')
    return files.has(id) ? { headers: { 'content-type': files.get(id).info.mime_type }, body: files.get(id).bytes } : problem(404, 'app.file_info.get.app_error', 'Unable to get the file info.');
  return problem(404, 'api.context.404.app_error', 'Sorry, we could not find the page.');
}

function ws(socket, rq) {
  const begin = () => {
    sockets.add(socket);
    socket.send({ event: 'hello', data: { server_version: '11.0.0', connection_id: newId('conn') }, broadcast: {}, seq: socket.seq++ });
  };
  socket.seq = 0;
  socket.onclose = () => sockets.delete(socket);
  socket.onmessage = frame => {
    if (frame.action !== 'authentication_challenge')
      return frame.action === 'ping' ? socket.send({ status: 'OK', data: { text: 'pong' }, seq_reply: frame.seq }) : undefined;
    if (frame.data.token !== settings.token)
      return socket.close(4001, 'authentication failed');
    socket.send({ status: 'OK', seq_reply: frame.seq });
    return begin();
  };
  if (rq.headers.authorization === `Bearer ${settings.token}`)
    begin();
}

const control = {
  message({ user: n = 1, channel = '', files: attached = [], quiet = false, ...fields }) {
    const channel_id = channel ? TOWN : directId(n);
    return newPost({ user_id: userId(n), channel_id, file_ids: attached.map(f => keepFile(f.name, f.type, content(f), channel_id)), ...fields }, quiet);
  },
  event: ({ event, data }) => tell(event, data, ''),
  kick: ({ code }) => sockets.forEach(s => s.close(code)),
  set: body => Object.assign(settings, body),
  state: () => ({ posts: [...posts.values()], files: [...files.values()].map(({ info, bytes }) => shownFile({ ...info, bytes })), bot: BOT, town: TOWN }),
};

await serve('mattermost', { http, ws, control, label: f => f.event ?? f.action ?? '' });
