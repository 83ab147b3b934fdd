#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// webhook.mjs: a system that takes signed replies: POST /replies (signature of the body) and POST /timed (of "timestamp.body").
// GET /control/state: { secret, taken: [{ path, body, headers }] }
import { createHmac, timingSafeEqual } from 'node:crypto';
import { serve } from './double.mjs';

const secret = 'secret-of-the-replies', taken = [];

function signed({ headers, text, path }) {
  const stamp = headers['x-timestamp'] ?? '';
  if (path === '/timed' && Math.abs(Date.now() / 1000 - Number(stamp || NaN)) > 300 || path !== '/timed' && stamp)
    return false;
  const want = createHmac('sha256', secret).update(stamp ? `${stamp}.${text}` : text).digest(), got = Buffer.from(headers['x-signature'] ?? '', 'hex');
  return got.length === want.length && timingSafeEqual(got, want);
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
  control: { state: () => ({ secret, taken }) },
});
