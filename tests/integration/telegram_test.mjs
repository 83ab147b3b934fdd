#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// The Telegram channel of the real gateway: with our double, which can do what Telegram does wrong, and with
// telegram-test-api, which nobody here wrote.
import { createRequire } from 'node:module';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Gateway, build, check, equal, finish, start, startModel, test } from './gateway.mjs';

const require = createRequire(join(import.meta.dirname, '../npm/package.json'));
const sleep = ms => new Promise(resolve => setTimeout(resolve, ms));
const gateways = [];

async function startDouble() {
  const { match } = await start(join(build, 'tests/doubles/telegram_double'), ['--port', '0'], /(\d+)\n/);
  const url = `http://127.0.0.1:${match[1]}`;
  const control = async (what, body) =>
    (await fetch(`${url}/control/${what}`, body ? { method: 'POST', body: JSON.stringify(body) } : {})).json();
  return { url, control, sends: async () => (await control('log')).filter(e => /^(send(Message|Document)|editM)/.test(e.method)) };
}

async function startGateway(double, sets = {}) {
  const g = new Gateway({ 'platforms.telegram.token': '123:a-secret-token', 'platforms.telegram.api_url': double.url,
    'platforms.telegram.stream': false, 'model_provider.endpoint': model, 'model_provider.model': 'echo',
    'delivery.backoff': '100ms', ...sets });
  gateways.push(g);
  return g.start();
}

// The last thing asked for, as soon as it is there.
async function until(what, ask, ms = 10000) {
  const end = Date.now() + ms;
  let got;
  while (Date.now() < end) {
    got = await ask();
    if (got)
      return got;
    await sleep(20);
  }
  throw new Error(`${what}: not within ${ms} ms; last: ${JSON.stringify(got)}`);
}

async function sent(double, n) {
  return until(`${n} messages`, async () => { const s = await double.sends(); return s.length >= n && s; });
}

// Texts of the messages of a chat, with the gateway's greeting left out.
const texts = (log, chat) => log.filter(e => e.params.chat_id === chat && e.state !== 'refused').map(e => e.params.text);

async function pair(g, double, chat) {
  await double.control('message', { chat_id: chat, text: 'hello?' });
  const log = await until('a pairing code', async () => (await double.sends()).find(e => e.params.chat_id === chat));
  const code = log.params.text.match(/clawdbot pair (?:<\/?code>)*\s*([A-Z0-9-]+)/i)?.[1]
    ?? log.params.text.match(/\b([A-Z0-9]{4,}(?:-[A-Z0-9]+)*)\b/)[1];
  g.cli('pair', code);
}

const model = await startModel();

await test('a stranger gets a pairing code, and answers once the owner has let them in', async () => {
  const double = await startDouble(), g = await startGateway(double);
  await double.control('message', { chat_id: 7, caption: 'take this', document: { file_id: 'size-3000', file_name: 'a.txt', file_size: 3000 } });
  await until('an answer to the stranger', async () => (await double.sends()).length);
  equal((await double.control('log')).filter(e => e.method === 'getFile').length, 0, 'files fetched for a stranger');
  await pair(g, double, 7);
  const before = (await double.sends()).length;
  await double.control('message', { chat_id: 7, text: 'is 1 < 2 & **true**?' });
  const reply = (await sent(double, before + 1)).at(-1);
  equal(reply.params.text, 'echo: is 1 &lt; 2 &amp; <b>true</b>?');
  equal(reply.params.parse_mode, 'HTML');
  equal(reply.params.reply_parameters, undefined);
  const log = await double.control('log');
  equal(log.filter(e => e.method === 'deleteWebhook').length, 1, 'deleteWebhook');
  check(!g.child.errors.includes('a-secret-token'), 'the token is in the log');

  await double.control('message', { chat_id: -5, text: 'nothing for the bot', from: { id: 7, is_bot: false, first_name: 'P' } });
  await double.control('message', { chat_id: -5, text: '@double_bot hi', from: { id: 7, is_bot: false, first_name: 'P' },
    entities: [{ type: 'mention', offset: 0, length: 11 }] });
  const group = (await sent(double, before + 2)).at(-1);
  equal(group.params.text, 'echo: hi');
  check(group.params.reply_parameters.message_id > 0, 'a group reply quotes');

  await double.control('message', { chat_id: 7, text: 'x'.repeat(3000) + ' ' + 'y'.repeat(3000) });
  const long = (await sent(double, before + 4)).slice(-2).map(e => e.params.text.length);
  equal(long, [6 + 3000, 3000]);

  await double.control('message', { chat_id: 7, text: undefined, caption: 'look', document: { file_id: 'size-3000', file_name: 'a.txt', mime_type: 'text/plain', file_size: 3000 } });
  await sent(double, before + 5);
  await double.control('message', { chat_id: 7, caption: 'huge', document: { file_id: 'size-1', file_name: 'h.bin', file_size: 99e6 } });
  const huge = (await sent(double, before + 6)).at(-1).params.text;
  check(huge.includes('h.bin could not be fetched'), huge);
  await g.stop();
});

await test('what goes wrong on the way is tried again, or is unknown, and nothing comes twice', async () => {
  const double = await startDouble(), g = await startGateway(double);
  await pair(g, double, 7);
  let n = (await double.sends()).length;
  for (const rule of [{ do: 'status', status: 429, retry_after: 1 }, { do: 'status', status: 502 },
    { do: 'status', status: 400, description: "Bad Request: can't parse entities" }])
    await double.control('rule', { method: 'sendMessage', count: 1, ...rule });
  await double.control('message', { chat_id: 7, text: 'stubborn *text*' });
  const tries = (await sent(double, n + 4)).slice(n);
  equal(tries.map(e => e.state), ['refused', 'refused', 'refused', 'answered']);
  equal(tries[3].params.text, 'echo: stubborn text');
  equal(tries[3].params.parse_mode, undefined);
  check(tries[1].at - tries[0].at >= 1e6, 'retry_after was not kept');

  await double.control('rule', { method: 'sendMessage', do: 'drop_after', count: 1 });
  await double.control('message', { chat_id: 7, text: 'lost' });
  await double.control('message', { chat_id: 7, text: 'next' });
  n += 4;
  const log = await sent(double, n + 2);
  equal(texts(log, 7).slice(-2), ['echo: lost', 'echo: next']);
  const rows = await until('an unknown row', () => { const r = g.cli('messages', 'list', '--json'); return r.includes('"unknown"') && r; });
  check(rows, 'unknown');

  await double.control('rule', { method: 'sendMessage', do: 'status', status: 403, description: 'Forbidden: bot was blocked by the user' });
  await double.control('message', { chat_id: 7, text: 'blocked' });
  await until('a dead row', () => g.cli('messages', 'list', '--json').includes('"dead"'));

  // A restart polls from the start: what was not confirmed comes again and is not answered again.
  n = (await double.sends()).length;
  const update = { message: { message_id: 900, date: Math.floor(Date.now() / 1000), text: 'once', from: { id: 7, is_bot: false, first_name: 'P' }, chat: { id: 7, type: 'private' } } };
  await double.control('update', update);
  await sent(double, n + 1);
  await g.stop('SIGKILL');
  await double.control('update', update);
  await double.control('message', { chat_id: 7, text: 'after' });
  await g.start();
  const after = texts((await sent(double, n + 2)).slice(n), 7);
  equal(after, ['echo: once', 'echo: after']);
  await g.stop();
});

// The gateway's workspace, with a file in it that may go.
function fileIn(g) {
  const path = join(g.home, 'workspace', 'old.txt');
  mkdirSync(join(g.home, 'workspace'), { recursive: true });
  writeFileSync(path, 'old');
  return path;
}

await test('what has to be asked for is asked with buttons; each lets through or refuses once', async () => {
  const obeying = await startModel('--obey'), double = await startDouble();
  const g = await startGateway(double, { 'model_provider.endpoint': obeying });
  await pair(g, double, 7);
  let n = (await double.sends()).length;
  const ask = async () => {
    await double.control('message', { chat_id: 7, text: 'call exec {"command": "rm old.txt"}' });
    return (await sent(double, ++n)).at(-1);
  };
  const heard = async () => (await double.control('log')).filter(e => e.method === 'answerCallbackQuery' && e.state !== 'refused').length;

  const file = fileIn(g), question = await ask(), rows = question.params.reply_markup.inline_keyboard;
  check(question.params.text.includes('rm old.txt'), question.params.text);
  equal(rows.map(r => r[0].text), ['Yes, once', 'Yes, this conversation', 'Always', 'No']);
  check(existsSync(file), 'nothing ran before the answer');
  equal((await double.control('press', { message_id: question.message_id, button: 9 })).ok, false, 'a button that is not there');
  await double.control('press', { message_id: question.message_id, button: 0, from: 8 });     // who is a stranger here
  await sent(double, ++n);
  check(existsSync(file), 'a stranger let it through');
  await double.control('press', { message_id: question.message_id, button: 0 });
  await sent(double, n += 2);
  check(!existsSync(file), 'it ran');
  const said = texts(await double.sends(), 7).slice(-2);
  check(said.some(t => t.includes('All right')), said);

  fileIn(g);
  await double.control('press', { message_id: question.message_id, button: 0 });
  const again = (await sent(double, ++n)).at(-1).params.text;
  check(again.includes('granted already'), again);
  check(existsSync(file), 'a second press ran it again');

  const second = await ask();
  await double.control('press', { message_id: second.message_id, button: 3 });
  await sent(double, n += 2);
  check(existsSync(file), 'no is no');
  await until('every press is answered', async () => await heard() === 4);
  await g.stop();
});

await test('a second poller and a refused token are told in plain words', async () => {
  const double = await startDouble(), g = await startGateway(double);
  await until('a poll', async () => (await double.control('state')).polling === 1);
  await double.control('rule', { method: 'getUpdates', do: 'status', status: 409, description: 'Conflict', count: -1 });
  await double.control('message', { chat_id: 1, text: 'x' });
  await until('the conflict', () => g.cli('status').includes('another program polls'));
  await g.stop();
  const bad = await startGateway(double, { 'platforms.telegram.token': 'bad:another-secret' });
  await until('the refusal', () => bad.cli('status').includes('refuses the bot token'));
  check(!bad.child.errors.includes('another-secret'), 'the token is in the log');
  await bad.stop();
});

await test('a webhook is set, proves itself, and is answered only for what is stored', async () => {
  const double = await startDouble();
  const g = await startGateway(double, { 'platforms.telegram.webhook_url': 'https://example.org/telegram' });
  const set = await until('setWebhook', async () => (await double.control('log')).find(e => e.method === 'setWebhook'));
  const secret = set.params.secret_token;
  equal(set.params.url, 'https://example.org/telegram');
  const post = (token, body) => fetch(`${g.url}/telegram`, { method: 'POST', headers: { 'x-telegram-bot-api-secret-token': token }, body });
  const update = JSON.stringify({ update_id: 1, message: { message_id: 3, date: Math.floor(Date.now() / 1000), text: 'hi', from: { id: 7, is_bot: false, first_name: 'P' }, chat: { id: 7, type: 'private' } } });
  equal((await post('wrong', update)).status, 401);
  equal((await post(secret, '{')).status, 400);
  equal((await post(secret, update)).status, 200);
  equal((await post(secret, update)).status, 200);
  equal((await sent(double, 1)).length, 1);
  await g.stop();
});

await test('a reply grows by edits and ends whole', async () => {
  const slow = await startModel('--deltas', '30', '--delta-interval-ms', '100');
  const double = await startDouble();
  const g = await startGateway(double, { 'platforms.telegram.stream': true, 'model_provider.endpoint': slow });
  await pair(g, double, 7);
  const n = (await double.sends()).length;
  await double.control('message', { chat_id: 7, text: 'long' });
  await until('the end', async () => (await g.cli('messages', 'list', '--json')).split('"sent"').length > 2);
  const mine = (await double.sends()).slice(n);
  equal(mine[0].method, 'sendMessage');
  check(mine.length > 2 && mine.slice(1).every(e => e.method === 'editMessageText' && e.params.message_id === mine[0].message_id),
    JSON.stringify(mine.map(e => [e.method, e.params.message_id])));
  for (let i = 2; i < mine.length - 1; i++)
    check(mine[i].at - mine[i - 1].at > 0.9e6, 'edits are too close');
  await g.stop();
});

await test('telegram-test-api is served', async () => {
  const TelegramServer = require('telegram-test-api');
  const port = await new Promise(resolve => {
    const probe = createServer().listen(0, '127.0.0.1', () => { const p = probe.address().port; probe.close(() => resolve(p)); });
  });
  const server = new (TelegramServer.default ?? TelegramServer)({ port, host: '127.0.0.1' });
  await server.start();
  const g = await startGateway({ url: server.config.apiURL }, { 'platforms.telegram.token': 'sampleToken' });
  const client = server.getClient('sampleToken', { userId: 5, chatId: 5 });
  await client.sendMessage(client.makeMessage('hello?'));
  const first = await client.getUpdates();
  const code = first.result[0].message.text.match(/pair (?:<[^>]*>)?([A-Z0-9-]+)/i)[1];
  g.cli('pair', code);
  await client.sendMessage(client.makeMessage('from a server nobody here wrote'));
  const second = await client.getUpdates();
  equal(second.result.at(-1).message.text, 'echo: from a server nobody here wrote');
  await g.stop();
  await server.stop();
});

await finish(...gateways);
