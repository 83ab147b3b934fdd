#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// The double of Twilio, driven by its library.
import assert from 'node:assert/strict';
import { npm } from './double.mjs';
import { finish, startBot, startDouble, test } from './client.mjs';

const twilio = npm('twilio');
const double = await startDouble('sms'), { account } = await double.control('state');

// What the library sends to api.twilio.com goes to the double.
const httpClient = { async request({ method, uri, username, password, data, headers }) {
  const answer = await fetch(uri.replace('https://api.twilio.com', double.url), { method: method.toUpperCase(), headers: { ...headers,
    authorization: headers?.Authorization ?? `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` },
    ...(data && { body: new URLSearchParams(data) }) });
  return { statusCode: answer.status, body: await answer.json(), headers: Object.fromEntries(answer.headers) };
} };
const api = twilio(account.account_sid, account.auth_token, { httpClient });
const got = [];
let address;
const bot = await startBot(async ({ raw, headers }) => {
  const fields = Object.fromEntries(new URLSearchParams(raw.toString()));
  if (!twilio.validateRequest(account.auth_token, headers['x-twilio-signature'], address, fields))
    return { status: 403 };
  got.push(fields);
  return { headers: { 'content-type': 'text/xml' }, body: new twilio.twiml.MessagingResponse().toString() };
});
address = `${bot}/webhook/sms`;

await test('calls are signed', async () => {
  assert.equal((await double.control('event', { url: address, text: "it's 你好 & more", tries: 1 })).status, 200);
  assert.equal(got.at(-1).Body, "it's 你好 & more");
  assert.equal((await double.control('event', { url: address, text: 'forged', wrong: 'signature', tries: 1 })).status, 403);
});

await test('messages are sent, or refused by code', async () => {
  const sent = await api.messages.create({ to: '+4915112345678', from: account.from, body: 'hi 你' });
  assert.match(sent.sid, /^SM/);
  assert.equal((await double.control('state')).taken.at(-1).text, 'hi 你');
  await assert.rejects(api.messages.create({ to: '1', from: account.from, body: 'hi' }), e => e.code === 21211);
  await assert.rejects(api.messages.create({ to: '+4915112345678', from: account.from, body: 'x'.repeat(1601) }), e => e.code === 21617);
  await assert.rejects(twilio(account.account_sid, 'wrong', { httpClient }).messages.create({ to: '+4915112345678', from: account.from, body: 'x' }),
    e => e.status === 401);
  assert.equal((await api.api.accounts(account.account_sid).fetch()).friendlyName, 'The double');
});

finish();
