// SPDX-License-Identifier: Apache-2.0
// REST, Server-Sent Events and WebSocket as docs/api.md promises them.
import { readFileSync } from 'node:fs';
import { get } from 'node:http';
import { Gateway, check, equal, finish, startModel, test, until } from './gateway.mjs';

const model = await startModel('--deltas', '5', '--delta-interval-ms', '20');
const g = await new Gateway({ 'model_provider.endpoint': model, 'model_provider.model': 'double',
  'server.rate_limit.per_token': 0, 'server.rate_limit.per_address': 0, 'server.cors_origins': '[https://app.example]' }).start();
const text = t => ({ content: { text: t } });
const echo = t => `echo: ${t} word1 word2 word3 word4`;     // what the model says, in five deltas

await test('health, readiness and metrics need no token here', async () => {
  equal((await fetch(`${g.url}/health`)).status, 200);
  equal((await fetch(`${g.url}/health`, { method: 'HEAD' })).status, 200);
  equal(await (await fetch(`${g.url}/health`, { method: 'HEAD' })).text(), '');
  equal((await fetch(`${g.url}/ready`)).status, 200);
  const metrics = await (await fetch(`${g.url}/metrics`)).text();
  check(/^clawdbot_turns_total \d+$/m.test(metrics), metrics);
});

await test('everything else does, and says how to get in', async () => {
  for (const path of ['/api/v1/status', '/api/v1/sessions', '/ws', '/api/v1/admin/messages']) {
    const r = await fetch(g.url + path);
    equal(r.status, 401, path);
    equal(r.headers.get('content-type'), 'application/problem+json');
    equal((await r.json()).status, 401);
  }
  equal((await fetch(`${g.url}/api/v1/status`, { headers: { authorization: 'Bearer claw_wrong' } })).status, 401);
  equal((await g.fetch('/api/v1/status')).status, 200);
});

await test('a message is answered at once, in the end, or piece by piece', async () => {
  const now = await g.post('/api/v1/messages', text('one'));
  equal(now.status, 202);
  const accepted = await now.json();
  equal(accepted.duplicate, false);

  const waited = await (await g.post('/api/v1/messages?mode=wait', { ...text('two'), session_id: accepted.session_id })).json();
  equal([waited.type, waited.text, waited.state, waited.session_id], ['reply', echo('two'), 'done', accepted.session_id]);
  equal(waited.html.trim(), `<p>${echo('two')}</p>`);

  const stream = await g.post('/api/v1/messages?mode=stream', text('three'));
  equal(stream.headers.get('content-type'), 'text/event-stream');
  const events = (await stream.text()).split('\n\n').filter(Boolean).map(e => e.match(/^event: (\w+)\ndata: (.*)$/));
  const names = events.map(e => e[1]);
  equal([names[0], names.at(-2), names.at(-1)], ['accepted', 'reply', 'done']);
  check(names.filter(n => n === 'delta').length >= 3, `deltas: ${names}`);
  equal(events.filter(e => e[1] === 'delta').map(e => JSON.parse(e[2]).text).join(''), echo('three'));
});

await test('the same Idempotency-Key is one message, also while it runs and with either mode', async () => {
  const key = { 'idempotency-key': 'k-1' };
  const [a, b] = await Promise.all([g.post('/api/v1/messages?mode=wait', text('once'), key), g.post('/api/v1/messages?mode=wait', text('once'), key)]);
  const [x, y] = [await a.json(), await b.json()];
  equal([x.message_id, x.id, x.text], [y.message_id, y.id, y.text]);
  equal([x.duplicate, y.duplicate].sort(), [false, true]);
  const again = await (await g.post('/api/v1/messages?mode=wait', text('once'), key)).json();
  equal([again.id, again.text, again.duplicate], [x.id, echo('once'), true]);
  const { messages } = await (await g.fetch(`/api/v1/sessions/${x.session_id}/messages`)).json();
  equal(messages.map(m => m.type), ['message', 'reply']);
  const { sessions } = await (await g.fetch('/api/v1/sessions')).json();
  equal(sessions.filter(s => s.title === 'once').length, 1, 'conversations of a message sent three times');
});

await test('the message of the samples is taken as it stands', async () => {
  const sample = readFileSync(new URL('../data/messages/normalized.json', import.meta.url), 'utf8');
  const r = await (await g.post('/api/v1/messages?mode=wait', sample)).json();
  equal(r.session_id, '1b4e28ba-2fa1-41d2-883f-0016d3cca427');
  check(r.text.includes('请备份今天的日志'), r.text);
});

await test('bad input is refused in words', async () => {
  for (const [body, status, words] of [
    ['', 400, 'no body'], ['{', 400, 'not JSON'], ['[]', 400, 'not an object'], ['{}', 400, 'content'],
    ['{"content":{"text":5}}', 400, 'content.text'], ['{"session_id":"x","content":{"text":"a"}}', 400, 'UUID'],
    ['['.repeat(5000), 400, 'deeper'],
  ]) {
    const r = await g.post('/api/v1/messages', body);
    const problem = await r.json();
    equal(r.status, status, body.slice(0, 40));
    check(problem.detail.includes(words), `${body.slice(0, 40)}: ${problem.detail}`);
  }
  equal((await g.post('/api/v1/messages?mode=later', text('x'))).status, 400);
  equal((await g.fetch('/api/v1/nothing')).status, 404);
  equal((await g.fetch('/api/v1/messages')).status, 405);
  equal((await g.fetch('/nothing')).status, 404);
  equal((await g.fetch('/api/v1/sessions/00000000-0000-4000-8000-000000000000/messages')).status, 404);
  equal((await g.fetch('/api/v1/sessions?limit=0')).status, 400);
});

await test('other sites may only ask when the owner says so', async () => {
  const evil = await g.fetch('/api/v1/status', { headers: { origin: 'https://evil.example' } });
  equal(evil.headers.get('access-control-allow-origin'), null);
  const preflight = await fetch(`${g.url}/api/v1/messages`, { method: 'OPTIONS',
    headers: { origin: 'https://app.example', 'access-control-request-method': 'POST' } });
  equal([preflight.status, preflight.headers.get('access-control-allow-origin')], [204, 'https://app.example']);
});

await test('a login link lets a browser in, once, and its cookie is no use to other sites', async () => {
  const link = g.cli('login').trim();
  const r = await fetch(link);
  const cookie = r.headers.get('set-cookie');
  check(/HttpOnly; SameSite=Strict/.test(cookie), cookie);
  const headers = { cookie: cookie.split(';')[0] };
  equal((await fetch(`${g.url}/api/v1/status`, { headers })).status, 200);
  equal((await fetch(`${g.url}/api/v1/status`, { headers: { ...headers, origin: 'https://evil.example' } })).status, 401);
  equal((await fetch(link, { headers })).status, 200, 'the link again, from the browser that it let in');
  const stranger = await fetch(link);
  equal(stranger.status, 403);
  check((await stranger.text()).includes('clawdbot login'), 'a page that says how to get in');
});

function socket(path = '/ws') {
  const s = new WebSocket(g.url.replace('http', 'ws') + path, { headers: { authorization: `Bearer ${g.token}` } });
  s.got = [];
  s.onmessage = e => s.got.push(JSON.parse(e.data));
  s.until = async (condition, what) => {
    for (let i = 0; !condition(s.got); i++) {
      if (i > 2000)
        throw new Error(`no ${what} in ${JSON.stringify(s.got)}`);
      await new Promise(r => setTimeout(r, 10));
    }
  };
  return new Promise((resolve, reject) => { s.onopen = () => resolve(s); s.onerror = reject; });
}

await test('a WebSocket takes messages, plain text too, and brings deltas and replies', async () => {
  const s = await socket();
  s.send('plain words');
  await s.until(got => got.some(m => m.type === 'reply'), 'reply');
  equal(s.got[0].type, 'accepted');
  equal(s.got.filter(m => m.type === 'delta').map(m => m.text).join(''), echo('plain words'));
  s.send(JSON.stringify({ type: 'message', external_id: 'w-1', content: { text: 'as an object' } }));
  await s.until(got => got.filter(m => m.type === 'reply').length === 2, 'second reply');
  s.send('{"type":"nonsense"}');
  s.send('{');
  await s.until(got => got.filter(m => m.type === 'error').length === 2, 'errors');
  s.close();
});

await test('a WebSocket that reconnects with the last id misses nothing and gets nothing twice', async () => {
  const first = await socket();
  first.send('before');
  await first.until(got => got.some(m => m.type === 'reply'), 'reply');
  const { session_id, id } = first.got.find(m => m.type === 'reply');
  first.close();
  for (const t of ['away 1', 'away 2'])
    await (await g.post('/api/v1/messages?mode=wait', { ...text(t), session_id })).json();
  const second = await socket(`/ws?session_id=${session_id}&after=${id}`);
  await second.until(got => got.length === 2, 'replay');
  equal(second.got.map(m => m.text), [echo('away 1'), echo('away 2')]);
  second.close();
});

await test('a turn can be stopped', async () => {
  const slow = await startModel('--deltas', '1000', '--delta-interval-ms', '50');
  const h = await new Gateway({ 'model_provider.endpoint': slow, 'model_provider.model': 'double', 'server.rate_limit.per_token': 0 }).start();
  const { session_id } = await (await h.post('/api/v1/messages', text('long'))).json();
  await until('the turn', async () => (await (await h.fetch('/api/v1/sessions')).json()).sessions[0]?.state === 'running');
  equal(await (await h.post(`/api/v1/sessions/${session_id}/stop`, '')).json(), { stopped: true });
  const ended = await until('its end', async () => {
    const { messages } = await (await h.fetch(`/api/v1/sessions/${session_id}/messages`)).json();
    return messages[0].state === 'failed' && messages;
  });
  equal([ended[0].error, ended[1].text], ['stopped', 'Stopped.']);
  await h.stop();
});

await test('requests over the limit are told when to come back', async () => {
  const h = await new Gateway({ 'server.rate_limit.per_token': 60, 'server.rate_limit.per_address': 0, 'server.rate_limit.burst': 5 }).start();
  const statuses = [];
  for (let i = 0; i < 8; i++)
    statuses.push(await h.fetch('/api/v1/sessions'));
  equal(statuses.map(r => r.status).slice(0, 5), [200, 200, 200, 200, 200]);
  equal(statuses.at(-1).status, 429);
  check(Number(statuses.at(-1).headers.get('retry-after')) >= 1, 'Retry-After');
  await h.stop();
});

await test('without a demand for a token only this machine under its own names is let in', async () => {
  const h = await new Gateway({ 'security.require_token': false }).start();
  const status = headers => new Promise((resolve, reject) => {
    get(`${h.url}/api/v1/status`, { headers }, r => { r.resume(); resolve(r.statusCode); }).on('error', reject);
  });
  equal(await status({}), 200);
  equal(await status({ host: 'localhost' }), 200);
  equal(await status({ host: 'rebound.example' }), 401);
  equal(await status({ origin: 'http://localhost:1' }), 401);
  await h.stop();
});

await test('a new token ends the old one, and a token outlives a restart', async () => {
  const h = await new Gateway().start();
  const old = h.token;
  await h.stop();
  await h.start();
  equal(h.token, old);
  equal((await h.fetch('/api/v1/status')).status, 200);
  h.token = JSON.parse(h.cli('token', 'new', '--json')).token;
  equal((await h.fetch('/api/v1/status')).status, 200);
  h.token = old;
  equal((await h.fetch('/api/v1/status')).status, 401);
  equal(await h.stop(), 0);
});

await finish(g);
