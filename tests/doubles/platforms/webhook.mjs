#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// webhook.mjs: a system that takes signed replies: POST /replies (signature of the body) and POST /timed (of "timestamp.body").
// POST /control/event { socket (the gateway's), secret, text, user }: a signed call to /api/webhook; { status, text, tries }
// GET  /control/state { secret, taken: [{ path, body, headers }] }
import { createHmac, timingSafeEqual } from 'node:crypto';
import { call } from './caller.mjs';
import { serve } from './double.mjs';

const secret = 'secret-of-the-replies', taken = [];
let numbers = 0;

function signed({ headers, text, path }) {
  const stamp = headers['x-timestamp'] ?? '';
  if (path === '/timed' && Math.abs(Date.now() / 1000 - Number(stamp || NaN)) > 300 || path !== '/timed' && stamp)
    return false;
  const want = createHmac('sha256', secret).update(stamp ? `${stamp}.${text}` : text).digest(), got = Buffer.from(headers['x-signature'] ?? '', 'hex');
  return got.length === want.length && timingSafeEqual(got, want);
}

function event({ socket, secret: theirs, text, user = '7' }) {
  const body = JSON.stringify({ id: `e${++numbers}`, sender: { user_id: user }, content: { text } });
  return call({ socket, path: '/api/webhook', tries: 3 }, 'POST', { 'x-signature': createHmac('sha256', theirs).update(body).digest('hex') }, body);
}

await serve('webhook', {
  http: async rq => {
    if (!['/replies', '/timed'].includes(rq.path) || rq.method !== 'POST')
      return undefined;
    if (!signed(rq))
      return { status: 401, body: { error: 'wrong signature' } };
    taken.push({ path: rq.path, body: rq.body, headers: rq.headers });
    return { status: 200, body: { message: { id: `r${taken.length}` } } };
  },
  control: { event, state: () => ({ secret, taken }) },
});
