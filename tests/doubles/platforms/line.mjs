#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// line.mjs: LINE's Messaging API and the calls it makes (developers.line.biz/en/reference/messaging-api), files too on this one port.
// A push with a retry key that was accepted before is answered 409 and not shown again.
//
// POST /control/event    { socket or url, from, text; id; group; message (in place of the text's); fields (of the event); events;
//                          wrong: 'signature', cut, tries }
// POST /control/keep     { id, text or base64, mime, processing }: a file that a person sent; so often it is still being prepared
// POST /control/token    { token }: from now on only this one is good
// GET  /control/state    { account, taken }
import { createHmac } from 'node:crypto';
import { call } from './caller.mjs';
import { content as contentOf, serve } from './double.mjs';

const account = { channel_access_token: 'token/of+the=double', channel_secret: 'channel-secret-of-the-double' };
const taken = [], accepted = new Map(), files = new Map();
let numbers = 0, token = account.channel_access_token;

const refused = (status, message, details) => ({ status, body: { message, ...(details && { details }) } });
const wrongText = m => m.type !== 'text' || typeof m.text !== 'string' || !m.text || m.text.length > 5000;
const wrongItem = ({ type, action }) => type !== 'action' || action.type !== 'postback' || !action.label || action.label.length > 20
  || !action.data || action.data.length > 300 || (action.displayText?.length ?? 0) > 300;

function push(rq) {
  const { to, messages } = rq.body ?? {}, key = rq.headers['x-line-retry-key'];
  if (!/^[UCR][0-9A-Za-z]+$/.test(to ?? ''))
    return refused(400, 'The property, \'to\', in the request body is invalid');
  if (!messages?.length || messages.length > 5 || messages.some(wrongText) || messages.some(m => m.quickReply && (!m.quickReply.items.length
    || m.quickReply.items.length > 13 || m.quickReply.items.some(wrongItem))))
    return refused(400, 'The request body has 1 error(s)', [{ message: 'May not be empty', property: 'messages[0]' }]);
  if (key !== undefined && !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(key))
    return refused(400, 'The retry key is invalid');
  if (accepted.has(key))
    return { status: 409, headers: { 'x-line-accepted-request-id': 'r1' }, body: { message: 'The retry key is already accepted', sentMessages: accepted.get(key) } };
  const sentMessages = messages.map(() => ({ id: String(460000000000000000n + BigInt(++numbers)), quoteToken: 'q' }));
  taken.push(...messages.map(m => ({ to, ...m })));
  if (key)
    accepted.set(key, sentMessages);
  return { status: 200, body: { sentMessages } };
}

function content([, , , , id, , what]) {
  const file = files.get(id);
  if (!file)
    return refused(404, 'Not found');
  if (what === 'transcoding')
    return { status: 200, body: { status: file.processing-- > 0 ? 'processing' : 'succeeded' } };
  return file.processing > 0 ? { status: 202, body: '' } : { status: 200, headers: { 'content-type': file.mime }, body: file.bytes };
}

async function http(rq) {
  const parts = rq.path.split('/').slice(0), path = rq.path;
  if (rq.headers.authorization !== `Bearer ${token}`)
    return refused(401, 'Authentication failed. Confirm that the access token in the authorization header is valid.');
  if (path === '/v2/bot/info')
    return { status: 200, body: { userId: 'Ub9952f8', basicId: '@216ru', displayName: 'The double', chatMode: 'bot', markAsReadMode: 'auto' } };
  if (path === '/v2/bot/message/push')
    return push(rq);
  if (path === '/v2/bot/chat/loading/start')
    return /^U/.test(rq.body.chatId) && rq.body.loadingSeconds % 5 === 0 && rq.body.loadingSeconds <= 60 ? { status: 202, body: {} } : refused(400, 'invalid');
  if (/^\/v2\/bot\/message\/[^/]+\/content/.test(path))
    return content(parts);
  return /^\/v2\/bot\/(profile\/|(group|room)\/[^/]+\/member\/)/.test(path) ? { status: 200, body: { displayName: 'Ada', userId: parts.at(-1) } } : undefined;
}

async function event(e) {
  const source = e.group ? { type: 'group', groupId: e.group, userId: e.from ?? 'U4af49806' } : { type: 'user', userId: e.from ?? 'U4af49806' };
  const events = e.events ?? [{ type: 'message', mode: 'active', timestamp: Date.now(), source, webhookEventId: `01FZ${++numbers}`,
    deliveryContext: { isRedelivery: false }, replyToken: `reply-${numbers}`,
    ...(!e.fields && { message: { id: e.id ?? String(440000000000000000n + BigInt(++numbers)), ...(e.message ?? { type: 'text', quoteToken: 'q', text: e.text }) } }),
    ...e.fields }];
  const body = JSON.stringify({ destination: 'Ub9952f8', events });
  const signature = createHmac('sha256', e.wrong ? 'another' : account.channel_secret).update(body).digest('base64');
  return call({ socket: e.socket, url: e.url, path: '/webhook/line', tries: e.tries ?? 3 }, 'POST',
    { 'content-type': 'application/json', 'x-line-signature': signature }, e.cut ? body.slice(0, e.cut) : body);
}

await serve('line', {
  http,
  control: {
    event,
    keep: async ({ id, mime, processing = 0, ...file }) => { files.set(id, { bytes: contentOf(file), mime, processing }); },
    token: async e => { token = e.token; },
    state: () => ({ account, taken }),
  },
});
