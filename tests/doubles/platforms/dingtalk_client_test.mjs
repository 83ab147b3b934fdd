#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// dingtalk_client_test.mjs: DingTalk's own library (dingtalk-stream) against its double.  It knows Stream mode alone; its addresses are built
// in, so what it asks for is led to the double.
import { createRequire } from 'node:module';
import { equal, finish, startPlatform, test, until } from '../../integration/gateway.mjs';
import { npm } from './double.mjs';

const { DWClient, TOPIC_ROBOT } = npm('dingtalk-stream');
const axios = createRequire(npm.resolve('dingtalk-stream'))('axios');
const { url, control } = await startPlatform('dingtalk');
const { account } = await control('state');
(axios.default ?? axios).interceptors.request.use(c => ({ ...c, url: c.url.replace('https://api.dingtalk.com', url) }));
console.info = () => {};

await test('the library connects, hears, acknowledges, answers pings and connects anew', async () => {
  const got = [], client = new DWClient({ clientId: account.client_id, clientSecret: account.client_secret });
  client.registerCallbackListener(TOPIC_ROBOT, frame => {
    const m = JSON.parse(frame.data);
    got.push([m.conversationType, m.senderStaffId, m.text.content]);
    client.socketCallBackResponse(frame.headers.messageId, {});
    fetch(m.sessionWebhook, { method: 'POST', body: JSON.stringify({ msgtype: 'text', text: { content: 'heard' } }), headers: { 'content-type': 'application/json' } });
  });
  await client.connect();
  await control('message', { from: 'ada', text: 'private' });
  await control('message', { from: 'ada', text: 'group', group: 'cidgroup=' });
  await until('the messages', () => got.length === 2);
  equal(got, [['1', 'ada', 'private'], ['2', 'ada', ' group']]);
  await until('the acknowledgements', async () => (await control('state')).pending === 0);
  await until('the answers', async () => (await control('state')).taken.length === 2);
  await control('system', { topic: 'ping', data: { opaque: 'x' } });
  await until('a pong', async () => (await control('state')).acks.some(a => a.data === '{"opaque":"x"}'));
  client.socket.terminate();
  await control('message', { from: 'ada', text: 'later' });
  await until('the connection anew', () => got.length === 3);
  client.disconnect();
});

await finish();
