#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// @mattermost/client, which nobody here wrote, lives with the double.
import { check, equal, finish, startPlatform, test, until } from '../../integration/gateway.mjs';
import { npm } from './double.mjs';

const { Client4, WebSocketClient } = npm('@mattermost/client');
globalThis.WebSocket ??= npm('ws').WebSocket;
globalThis.window ??= { addEventListener() {}, removeEventListener() {} };

function clientOf(double, token = 'double-token') {
  const client = new Client4();
  client.setUrl(double.url);
  client.setToken(token);
  return client;
}

await test('a bot looks around, posts, answers in a thread, edits, sends and fetches a file', async () => {
  const double = await startPlatform('mattermost'), client = clientOf(double);
  const me = await client.getMe();
  equal([me.username, me.is_bot], ['double_bot', true]);
  const asked = await double.control('message', { channel: 'town', message: 'hello', files: [{ name: 'a.txt', type: 'text/plain', text: 'inside' }] });
  const answer = await client.createPost({ channel_id: asked.channel_id, message: 'one', root_id: asked.id, pending_post_id: 'p1' });
  equal((await client.createPost({ channel_id: asked.channel_id, message: 'one', root_id: asked.id, pending_post_id: 'p1' })).id, answer.id, 'a post of the same pending id');
  equal((await client.patchPost({ id: answer.id, message: 'two' })).message, 'two');
  equal((await client.getPost(answer.id)).root_id, asked.id);
  const list = await client.getPostsSince(asked.channel_id, asked.create_at - 1);
  equal(list.order.map(id => list.posts[id].message), ['two', 'hello']);
  equal(list.posts[asked.id].metadata.files[0].name, 'a.txt');
  equal(await (await fetch(client.getFileUrl(asked.file_ids[0]), { headers: { authorization: 'Bearer double-token' } })).text(), 'inside');
  const form = new FormData();
  form.append('channel_id', asked.channel_id);
  form.append('files', new Blob(['bytes']), 'b.bin');
  const { file_infos } = await client.uploadFile(form);
  equal((await client.createPost({ channel_id: asked.channel_id, message: '', file_ids: [file_infos[0].id] })).metadata.files[0].size, 5);
  await clientOf(double, 'wrong').getMe().then(() => check(false, 'let in'), error => equal(error.status_code, 401));
});

await test('its WebSocket hears posts, and comes back', async () => {
  const double = await startPlatform('mattermost'), seen = [], socket = new WebSocketClient({ minWebSocketRetryTime: 50, reconnectJitterRange: 10 });
  let connects = 0;
  socket.addMessageListener(m => seen.push(m));
  socket.addFirstConnectListener(() => { connects++; });
  socket.addReconnectListener(() => { connects++; });
  socket.initialize(`${double.url.replace('http', 'ws')}/api/v4/websocket`, 'double-token');
  await until('the connection', () => connects === 1);
  await double.control('message', { message: 'hi' });
  const posted = await until('the post', () => seen.find(m => m.event === 'posted'));
  equal([JSON.parse(posted.data.post).message, posted.data.channel_type], ['hi', 'D']);
  await double.control('kick', { code: 1001 });
  await until('another connection', () => connects === 2);
  socket.close();
});

await finish();
