#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// matrix-js-sdk against our double: what it does with a homeserver it must be able to do with it.
import { strict as assert } from 'node:assert';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const sdk = await import(join(import.meta.dirname, '../../npm/node_modules/matrix-js-sdk/lib/index.js'));
const silent = () => {}, logger = { trace: silent, debug: silent, info: silent, warn: silent, error: silent, getChild: () => logger };
for (const level of ['debug', 'info', 'warn', 'trace'])
  console[level] = silent;          // it has loggers of its own, too

const child = spawn(process.execPath, [join(import.meta.dirname, 'matrix.mjs')], { stdio: ['ignore', 'pipe', 'inherit'] });
const [line] = await once(child.stdout, 'data');
const url = `http://127.0.0.1:${Number(line)}`;
const control = async (what, body) => (await fetch(`${url}/control/${what}`, body ? { method: 'POST', body: JSON.stringify(body),
  headers: { 'content-type': 'application/json' } } : {})).json();
const BOT = '@clawdbot:double.test', ANN = '@ann:double.test';
let passed = 0, failed = 0;

async function test(name, what) {
  try {
    await what();
    passed++;
  } catch (error) {
    failed++;
    console.error(`${name}: ${error.stack}`);
  }
}

const until = async (what, words) => {
  for (let i = 0; i < 1000; i++) {
    const got = await what();
    if (got)
      return got;
    await new Promise(r => setTimeout(r, 20));
  }
  throw new Error(`not within 20 s: ${words}`);
};

const anonymous = sdk.createClient({ baseUrl: url, logger });
const said = await anonymous.loginRequest({ type: 'm.login.password', identifier: { type: 'm.id.user', user: 'clawdbot' }, password: 'bot-secret', device_id: 'D1' });
const client = sdk.createClient({ baseUrl: url, accessToken: said.access_token, userId: said.user_id, deviceId: said.device_id, logger });
const texts = room => client.getRoom(room)?.getLiveTimeline().getEvents().filter(e => e.getType() === 'm.room.message').map(e => e.getContent().body) ?? [];
let room;

await test('logins', async () => {
  assert.equal(said.user_id, BOT);
  assert.equal((await client.whoami()).device_id, 'D1');
  await assert.rejects(anonymous.loginRequest({ type: 'm.login.password', identifier: { type: 'm.id.user', user: 'clawdbot' }, password: 'x' }), { errcode: 'M_FORBIDDEN' });
  await assert.rejects(sdk.createClient({ baseUrl: url, accessToken: 'other', logger }).whoami(), { errcode: 'M_UNKNOWN_TOKEN' });
});

await test('sync: an invitation, joining, what was said before and after', async () => {
  await client.startClient({ initialSyncLimit: 20, lazyLoadMembers: true });
  ({ room } = await control('event', { user: ANN, text: 'hello' }));
  await until(() => client.getRoom(room)?.getMyMembership() === 'invite', 'the invitation');
  assert.equal(client.getRoom(room).getDMInviter(), ANN);
  await client.joinRoom(room);
  await until(() => texts(room).includes('hello'), 'the message');
  await control('event', { user: ANN, room, text: 'and now' });
  await until(() => texts(room).includes('and now'), 'the next');
  assert.equal(client.getRoom(room).getJoinedMemberCount(), 2);
});

await test('messages: once by their transaction, answers, threads, edits', async () => {
  const first = await client.sendMessage(room, { msgtype: 'm.text', body: 'one' }, 'txn-1');
  const again = await client.http.authedRequest('PUT', `/rooms/${encodeURIComponent(room)}/send/m.room.message/txn-1`, undefined,
    { msgtype: 'm.text', body: 'one' });
  assert.equal(again.event_id, first.event_id);
  await client.sendMessage(room, { msgtype: 'm.text', body: '* two', 'm.new_content': { msgtype: 'm.text', body: 'two' },
    'm.relates_to': { rel_type: 'm.replace', event_id: first.event_id } });
  await until(() => client.getRoom(room).findEventById(first.event_id)?.getContent().body === 'two', 'the edit');
  const event = await client.fetchRoomEvent(room, first.event_id);
  assert.equal(event.sender, BOT);
  await assert.rejects(client.fetchRoomEvent(room, '$nothing'), { errcode: 'M_NOT_FOUND' });
});

await test('what a timeline leaves out is read back', async () => {
  client.stopClient();
  for (let i = 0; i < 30; i++)
    await control('event', { user: ANN, room, text: `away ${i}` });
  const other = sdk.createClient({ baseUrl: url, accessToken: said.access_token, userId: said.user_id, deviceId: said.device_id, logger });
  await other.startClient({ initialSyncLimit: 5 });
  const r = await until(() => other.getRoom(room), 'the room');
  await until(() => r.getLiveTimeline().getEvents().length >= 5, 'the timeline');
  await other.scrollback(r, 50);
  const bodies = r.getLiveTimeline().getEvents().map(e => e.getContent().body);
  assert(bodies.includes('away 0') && bodies.includes('hello'), bodies);
  other.stopClient();
});

await test('media', async () => {
  const { content_uri } = await client.uploadContent(Buffer.from('some bytes'), { name: 'a.txt', type: 'text/plain' });
  const address = client.mxcUrlToHttp(content_uri, undefined, undefined, undefined, false, true, true);
  const answer = await fetch(address, { headers: { authorization: `Bearer ${said.access_token}` } });
  assert.equal(await answer.text(), 'some bytes');
  assert.equal((await fetch(address)).status, 401);
});

await test('rooms: members, state, aliases, typing', async () => {
  const made = await control('room', { user: ANN, alias: 'alerts', encrypted: true });
  await client.joinRoom('#alerts:double.test');
  assert.equal((await client.getRoomIdForAlias('#alerts:double.test')).room_id, made.room);
  assert.deepEqual(Object.keys((await client.getJoinedRoomMembers(made.room)).joined), [ANN, BOT]);
  assert.equal((await client.getStateEvent(made.room, 'm.room.encryption', '')).algorithm, 'm.megolm.v1.aes-sha2');
  await client.sendTyping(room, true, 1000);
  assert.equal((await control('state')).typing[0].user, BOT);
});

await test('too fast', async () => {
  await control('rule', { method: 'PUT /_matrix/client/v3/rooms/', do: 'status', status: 429, body: { errcode: 'M_LIMIT_EXCEEDED', error: 'x', retry_after_ms: 1500 } });
  await assert.rejects(client.http.authedRequest('PUT', `/rooms/${encodeURIComponent(room)}/send/m.room.message/t9`, undefined, { msgtype: 'm.text', body: 'x' }),
    e => e.errcode === 'M_LIMIT_EXCEEDED' && e.getRetryAfterMs() === 1500);
});

child.kill();
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
