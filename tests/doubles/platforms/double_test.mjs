#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// double.mjs by itself: what the doubles of all platforms rely on.  Usage: double_test.mjs BUILD_FOLDER
import { equal, finish, test } from '../../integration/gateway.mjs';
import { npm, serve } from './double.mjs';

const { WebSocket } = npm('ws');

const double = await serve('self-test', {
  async http(rq) {
    return rq.path === '/api/echo' ? { status: 201, body: { got: Array.isArray(rq.body) ? rq.body.map(p => p.name) : rq.body } } : undefined;
  },
  ws(socket) {
    socket.onmessage = frame => socket.send(frame);
  },
  label: frame => frame.t ?? '',
  control: { event: async body => ({ event: body }), state: () => ({ own: 5 }) },
});
const post = (path, body, headers = {}) => fetch(double.url + path, { method: 'POST', body: typeof body === 'object' && body.constructor === Object ? JSON.stringify(body) : body, headers });
const control = async (what, body) => (await (body ? post(`/control/${what}`, body) : fetch(`${double.url}/control/${what}`))).json();
const rule = (method, what, more) => control('rule', { method, do: what, ...more });
const outcome = async promise => { try { const r = await promise; return [r.status, await r.text()]; } catch { return 'cut'; } };

// A socket that gathers what comes until it is closed.
function dial() {
  const socket = new WebSocket(double.url.replace('http', 'ws') + '/gateway'), got = [];
  socket.on('message', data => { got.push(JSON.parse(data).n); socket.emit('one'); });
  socket.on('error', () => {});
  const closed = new Promise(resolve => socket.on('close', code => resolve(code)));
  const say = (...frames) => frames.forEach(f => socket.send(JSON.stringify(f)));
  const have = async n => { while (got.length < n) await new Promise(resolve => socket.once('one', resolve)); return got; };
  return new Promise((resolve, reject) => {
    socket.on('unexpected-response', (_, response) => reject(new Error(`${response.statusCode} ${response.headers['retry-after']}`)));
    socket.on('open', () => resolve({ socket, say, have, closed }));
  });
}

await test('requests are answered, logged and in trouble', async () => {
  equal(await outcome(post('/api/echo', { a: 1 })), [201, '{"got":{"a":1}}']);
  await rule('POST /api', 'status', { status: 429, retry_after: 2, body: { slow: true }, skip: 1 });
  equal((await post('/api/echo', { a: 2 })).status, 201);
  const refused = await post('/api/echo', { a: 3 });
  equal([refused.status, refused.headers.get('retry-after'), await refused.json()], [429, '2', { slow: true }]);
  for (const what of ['drop_before', 'drop_after', 'cut']) {
    await rule('*', what);
    equal(await outcome(post('/api/echo', { a: 4 })), 'cut', what);
  }
  equal((await control('state')), { connections: 0, rules: [...Array(4)].map((_, i) => (
    [{ count: 0, skip: 0, method: 'POST /api', do: 'status', status: 429, retry_after: 2, body: { slow: true } }, { count: 0, skip: 0, method: '*', do: 'drop_before' },
      { count: 0, skip: 0, method: '*', do: 'drop_after' }, { count: 0, skip: 0, method: '*', do: 'cut' }][i])), own: 5 });
  equal((await fetch(`${double.url}/nowhere`)).status, 404);
  equal((await control('log')).map(e => [e.method, e.path, e.body?.a, e.status]), [['POST', '/api/echo', 1, 201], ['POST', '/api/echo', 2, 201],
    ['POST', '/api/echo', 3, 429], ['POST', '/api/echo', 4, 0], ['POST', '/api/echo', 4, 0], ['POST', '/api/echo', 4, 0], ['GET', '/nowhere', undefined, 404]]);
  equal(await control('event', { x: 1 }), { event: { x: 1 } });
  await control('reset', {});
  equal(await control('log'), []);
});

await test('forms are taken apart', async () => {
  const form = new FormData();
  form.append('note', 'hello');
  form.append('file', new Blob([new Uint8Array([0, 13, 10, 45, 45])], { type: 'image/png' }), 'a.png');
  equal(await outcome(post('/api/echo', form)), [201, '{"got":["note","file"]}']);
  equal((await control('log'))[0].body, [{ name: 'note', size: 5, text: 'hello' }, { name: 'file', filename: 'a.png', type: 'image/png', size: 5 }]);
  equal(await outcome(post('/api/echo', new URLSearchParams({ a: 'b c' }))), [201, '{"got":{"a":"b c"}}']);
  await control('reset', {});
});

await test('frames are delayed, lost, doubled, swapped and cut', async () => {
  const a = await dial();
  await rule('SEND /gateway B', 'twice');
  await rule('SEND /gateway C', 'lose');
  await rule('SEND /gateway D', 'swap');
  await rule('RECV /gateway F', 'lose');
  a.say(...[...'ABCDEFG'].map((t, n) => ({ t, n })));
  equal(await a.have(6), [0, 1, 1, 4, 3, 6]);
  await rule('SEND *', 'cut');
  a.say({ t: 'H', n: 7, long: 'x'.repeat(1000) });
  equal(await a.closed, 1006);

  const b = await dial();
  await rule('RECV /gateway A', 'status', { status: 4004, body: 'no' });
  b.say({ t: 'A' });
  equal(await b.closed, 4004);
  const c = await dial();
  await rule('SEND /gateway A', 'drop_after');
  c.say({ t: 'A', n: 1 });
  equal([await c.have(1), await c.closed], [[1], 1006]);
  await rule('GET /gateway', 'status', { status: 503, retry_after: 3 });
  equal(await dial().catch(e => e.message), '503 3');
  await rule('GET /gateway', 'drop_before');
  const d = new WebSocket(double.url.replace('http', 'ws') + '/gateway');
  equal(await new Promise(resolve => d.on('error', resolve).on('open', () => resolve('open'))) === 'open', false);
  const log = await control('log');
  equal(log.filter(e => e.method === 'RECV').map(e => e.label).join(''), 'ABCDEFGHAA');
});

await finish();
