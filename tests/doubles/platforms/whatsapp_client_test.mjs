#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// The double of WhatsApp, driven by whatsapp-api-js.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { finish, startBot, startDouble, test } from './client.mjs';

// The library is of modules only.
const home = join(import.meta.dirname, '../../npm/node_modules/whatsapp-api-js/lib');
const { WhatsAppAPI } = await import(pathToFileURL(join(home, 'index.js')));
const messages = await import(pathToFileURL(join(home, 'messages/index.js')));

const double = await startDouble('whatsapp'), { account } = await double.control('state');
const got = [];
const api = new WhatsAppAPI({
  token: account.access_token, appSecret: account.app_secret, webhookVerifyToken: account.verify_token, v: 'v23.0',
  ponyfill: { fetch: (url, options) => fetch(String(url).replace('https://graph.facebook.com', double.url), options) },
});
api.on.message = m => { got.push(m); };
api.on.status = s => { got.push(s); };
const bot = await startBot(async rq => {
  if (rq.method === 'GET')
    return { body: api.get(rq.query) };
  await api.post(JSON.parse(rq.raw), JSON.stringify(JSON.parse(rq.raw)), rq.headers['x-hub-signature-256']);
  return {};
});
const phone = account.phone_number_id, person = { phone: '16505551234' };

await test('the handshake', async () => {
  const right = await double.control('verify', { url: bot });
  assert.equal(right.text, right.want);
  assert.equal((await double.control('verify', { url: bot, wrong: true })).status, 401);
});

await test('a message is called in, signed', async () => {
  assert.equal((await double.control('event', { url: bot, text: 'hello 你好', name: 'Ärna', tries: 1 })).status, 200);
  assert.equal(got.at(-1).message.text.body, 'hello 你好');
  assert.equal(got.at(-1).contact.profile.name, 'Ärna');
  assert.equal((await double.control('event', { url: bot, text: 'forged', wrong: 'signature', tries: 1 })).status, 401);
});

await test('text, buttons, a list and a template go out; too many buttons do not', async () => {
  const { Text, Interactive, Body, ActionButtons, Button, ActionList, ListSection, Row, Template, Language, BodyComponent, BodyParameter } = messages;
  const sent = await api.sendMessage(phone, person, new Text('hi'));
  assert.match(sent.messages[0].id, /^wamid\./);
  await api.sendMessage(phone, person, new Interactive(new ActionButtons(new Button('a', 'A'), new Button('b', 'B')), new Body('which?')));
  await api.sendMessage(phone, person, new Interactive(new ActionList('more', new ListSection(undefined, new Row('a', 'A'), new Row('b', 'B', 'the b'))),
    new Body('which?')));
  await api.sendMessage(phone, person, new Template('news', new Language('en_US'), new BodyComponent(new BodyParameter('x'))));
  assert.deepEqual((await double.control('state')).taken.map(m => m.type), ['text', 'interactive', 'interactive', 'template']);
  const bad = await fetch(`${double.url}/v23.0/${phone}/messages`, { method: 'POST', headers: { authorization: `Bearer ${account.access_token}`,
    'content-type': 'application/json' }, body: JSON.stringify({ messaging_product: 'whatsapp', to: '1', type: 'interactive', interactive: { type: 'button',
    body: { text: 'x' }, action: { buttons: [1, 2, 3, 4].map(n => ({ type: 'reply', reply: { id: `${n}`, title: `${n}` } })) } } }) });
  assert.equal(bad.status, 400);
});

await test('media goes both ways', async () => {
  const form = new FormData();
  form.set('messaging_product', 'whatsapp');
  form.set('type', 'image/png');
  form.set('file', new Blob(['not really'], { type: 'image/png' }), 'a.png');
  const { id } = await api.uploadMedia(phone, form);
  await api.sendMessage(phone, person, new messages.Image(id, true));
  const kept = await double.control('keep', { text: 'theirs', mime: 'image/jpeg' });
  const place = await api.retrieveMedia(kept.id);
  const fetched = await api.fetchMedia(place.url);
  assert.equal(await fetched.text(), 'theirs');
});

await test('read marks, ended tokens, the closed window', async () => {
  assert.deepEqual(await api.markAsRead(phone, 'wamid.x', 'text'), { success: true });
  await double.control('silent', { chat: person.phone });
  await api.sendMessage(phone, person, new messages.Text('too late'));
  for (let i = 0; i < 2000 && got.at(-1).status !== 'failed'; i++)
    await new Promise(resolve => setTimeout(resolve, 10));
  assert.equal(got.at(-1).error.code, 131047);
  await double.control('token', { token: 'another' });
  assert.equal((await api.sendMessage(phone, person, new messages.Text('x'))).error.code, 190);
});

finish();
