#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// The double of LINE, driven by @line/bot-sdk.
import assert from 'node:assert/strict';
import { npm } from './double.mjs';
import { finish, startBot, startDouble, test } from './client.mjs';

const { messagingApi, validateSignature, HTTPFetchError } = npm('@line/bot-sdk');
const double = await startDouble('line'), { account } = await double.control('state');
const config = { channelAccessToken: account.channel_access_token, baseURL: double.url };
const api = new messagingApi.MessagingApiClient(config), blobs = new messagingApi.MessagingApiBlobClient(config);
const got = [];
const bot = await startBot(async ({ raw, headers }) => {
  if (!validateSignature(raw, account.channel_secret, headers['x-line-signature']))
    return { status: 401 };
  got.push(...JSON.parse(raw).events);
  return {};
});

await test('who we are, and calls that are signed', async () => {
  assert.equal((await api.getBotInfo()).displayName, 'The double');
  assert.equal((await double.control('event', { url: bot, text: '你好', tries: 1 })).status, 200);
  assert.equal(got.at(-1).message.text, '你好');
  assert.equal((await double.control('event', { url: bot, text: 'forged', wrong: 'signature', tries: 1 })).status, 401);
});

await test('a push goes once, whatever comes of its answer', async () => {
  const key = '123e4567-e89b-12d3-a456-426614174000', message = { type: 'text', text: 'hi', quickReply: { items: [
    { type: 'action', action: { type: 'postback', label: 'Yes', data: 'yes 1', displayText: 'Yes' } }] } };
  const first = await api.pushMessage({ to: 'U1', messages: [message] }, key);
  await assert.rejects(api.pushMessage({ to: 'U1', messages: [message] }, key), e => e instanceof HTTPFetchError && e.status === 409
    && JSON.parse(e.body).sentMessages[0].id === first.sentMessages[0].id);
  assert.equal((await double.control('state')).taken.length, 1);
  await assert.rejects(api.pushMessage({ to: 'U1', messages: [{ type: 'text', text: 'x'.repeat(5001) }] }), e => e.status === 400);
});

await test('files, names, typing, a wrong token', async () => {
  await double.control('keep', { id: '44', text: 'sound', mime: 'audio/mp4', processing: 1 });
  assert.equal((await blobs.getMessageContentTranscodingByMessageId('44')).status, 'processing');
  assert.equal((await blobs.getMessageContentTranscodingByMessageId('44')).status, 'succeeded');
  let bytes = '';
  for await (const chunk of await blobs.getMessageContent('44'))
    bytes += chunk;
  assert.equal(bytes, 'sound');
  assert.equal((await api.getProfile('U1')).displayName, 'Ada');
  assert.equal((await api.getGroupMemberProfile('C1', 'U1')).displayName, 'Ada');
  await api.showLoadingAnimation({ chatId: 'U1', loadingSeconds: 10 });
  await double.control('token', { token: 'another' });
  await assert.rejects(api.getBotInfo(), e => e.status === 401);
});

finish();
