#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// Slack's own libraries against our double: what they do with Slack they must be able to do with it.
import { strict as assert } from 'node:assert';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { npm } from './double.mjs';

const { WebClient, LogLevel } = npm('@slack/web-api'), { SocketModeClient } = npm('@slack/socket-mode');

const child = spawn(process.execPath, [join(import.meta.dirname, 'slack.mjs')], { stdio: ['ignore', 'pipe', 'inherit'] });
const [line] = await once(child.stdout, 'data');
const url = `http://127.0.0.1:${Number(line)}`;
const control = async (what, body) => (await fetch(`${url}/control/${what}`, body ? { method: 'POST', body: JSON.stringify(body),
  headers: { 'content-type': 'application/json' } } : {})).json();
const options = { slackApiUrl: `${url}/api/`, logLevel: LogLevel.ERROR, retryConfig: { retries: 0 } };
const web = new WebClient('xoxb-double', options);
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

await test('who we are', async () => {
  assert.equal((await web.auth.test()).user_id, 'U0DOUBLE');
  await assert.rejects(new WebClient('xoxb-other', options).auth.test(), /token_expired/);
  await assert.rejects(new WebClient('nonsense', options).auth.test(), /invalid_auth/);
});

await test('messages, threads, edits', async () => {
  const first = await web.chat.postMessage({ channel: '#alerts', text: 'one', blocks: [{ type: 'section', text: { type: 'mrkdwn', text: 'one' } }] });
  await web.chat.postMessage({ channel: first.channel, text: 'two', thread_ts: first.ts });
  await web.chat.update({ channel: first.channel, ts: first.ts, text: 'three' });
  await assert.rejects(web.chat.update({ channel: first.channel, ts: '1.000001', text: 'x' }), /message_not_found/);
  await assert.rejects(web.chat.postMessage({ channel: 'C0NOWHERE', text: 'x' }), /channel_not_found/);
  const { messages } = await web.conversations.history({ channel: first.channel });
  assert.deepEqual(messages.map(m => m.text), ['three']);
  const replies = await web.conversations.replies({ channel: first.channel, ts: first.ts });
  assert.deepEqual(replies.messages.map(m => m.text), ['three', 'two']);
});

await test('lists in pages', async () => {
  const names = [];
  for await (const page of web.paginate('conversations.list', { limit: 1 }))
    names.push(...page.channels.map(c => c.name));
  assert.deepEqual(names, ['general', 'alerts']);
  assert.equal((await web.users.info({ user: 'U0OWNER00' })).user.profile.display_name, 'Person U0OWNER00');
  assert.equal((await web.conversations.open({ users: 'U0OWNER00' })).channel.id, 'D0OWNER00');
});

await test('a file by the external upload', async () => {
  await web.filesUploadV2({ channel_id: 'C0ALERTS', filename: 'a.txt', file: Buffer.from('some bytes'), initial_comment: 'see' });
  const { files } = await control('state');
  assert.equal(files[0].text, 'some bytes');
  assert.equal(files[0].shared, 'C0ALERTS');
  const { file } = await web.files.info({ file: files[0].id });
  const bytes = await fetch(file.url_private_download, { headers: { authorization: 'Bearer xoxb-double' } });
  assert.equal(await bytes.text(), 'some bytes');
});

await test('too fast', async () => {
  await control('rule', { method: 'POST /api/chat.postMessage', do: 'status', status: 429, retry_after: 1, body: '{"ok":false,"error":"ratelimited"}' });
  await assert.rejects(new WebClient('xoxb-double', { ...options, rejectRateLimitedCalls: true }).chat.postMessage({ channel: 'C0ALERTS', text: 'x' }),
    error => error.retryAfter === 1);
});

await test('Socket Mode: events, buttons, commands, refresh', async () => {
  const client = new SocketModeClient({ appToken: 'xapp-double', clientOptions: options, logLevel: LogLevel.ERROR, clientPingTimeout: 500 });
  const heard = [];
  client.on('message', async ({ event, ack }) => { heard.push(event.text); await ack(); });
  client.on('interactive', async ({ body, ack }) => { heard.push(body.actions[0].value); await ack(); });
  client.on('slash_commands', async ({ body, ack }) => { heard.push(`${body.command} ${body.text}`); await ack(); });
  await client.start();
  await control('event', { user: 'U0OWNER00', text: 'hello' });
  const { ts } = await web.chat.postMessage({ channel: 'D0OWNER00', text: 'choose', blocks: [{ type: 'actions', elements: [
    { type: 'button', action_id: 'a', text: { type: 'plain_text', text: 'Yes' }, value: 'yes' }] }] });
  await control('press', { user: 'U0OWNER00', ts });
  await control('command', { user: 'U0OWNER00', channel: 'C0GENERAL', text: 'status' });
  const until = async what => { for (let i = 0; i < 1000 && !await what(); i++) await new Promise(r => setTimeout(r, 20)); assert(await what()); };
  await until(() => heard.length === 3);
  assert.deepEqual(heard, ['hello', 'yes', '/clawdbot status']);
  await until(async () => (await control('state')).pending === 0);
  const again = once(client, 'connected');
  await control('disconnect', { reason: 'refresh_requested' });
  await again;
  await control('event', { user: 'U0OWNER00', text: 'again' });
  await until(() => heard.includes('again'));
  await client.disconnect();
});

child.kill();
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
