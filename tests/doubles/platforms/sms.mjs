#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// sms.mjs: Twilio's Programmable Messaging API and the calls it makes (twilio.com/docs/messaging), and a plain gateway at POST /gateway.
//
// POST /control/event    { socket or url (what is signed is account.webhook_url, or the url), from, text; id; fields; wrong: 'signature',
//                          tries, path }
// POST /control/call     { socket, path, headers, body }: a call as it is
// GET  /control/state    { account, taken, gateway }
import { createHmac } from 'node:crypto';
import { call } from './caller.mjs';
import { serve } from './double.mjs';

const account = { account_sid: `AC${'0123456789abcdef'.repeat(2)}`, auth_token: 'auth-token-of-the-double', from: '+15550100001',
  webhook_url: 'https://bot.example/webhook/sms' };
const taken = [], gateway = [];
let numbers = 0;

const refused = (status, code, message) => ({ status, body: { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status } });

function take({ To, From, MessagingServiceSid, Body }) {
  if (!/^\+[1-9]\d{5,14}$/.test(To ?? ''))
    return refused(400, 21211, `Invalid 'To' Phone Number: ${To}`);
  if (!MessagingServiceSid && From !== account.from)
    return refused(400, 21659, `'From' ${From} is not a Twilio phone number`);
  if (!Body)
    return refused(400, 21602, 'Message body is required.');
  if (Body.length > 1600)
    return refused(400, 21617, 'The concatenated message body exceeds the 1600 character limit');
  const sid = `SM${String(++numbers).padStart(32, '0')}`;
  taken.push({ to: To, text: Body, sid });
  return { status: 201, body: { sid, account_sid: account.account_sid, to: To, from: From, body: Body, status: 'queued', num_segments: '1', num_media: '0',
    date_created: 'Thu, 24 Aug 2023 05:01:45 +0000', error_code: null, error_message: null, direction: 'outbound-api', api_version: '2010-04-01',
    price: null, price_unit: 'USD', uri: `/2010-04-01/Accounts/${account.account_sid}/Messages/${sid}.json` } };
}

async function http(rq) {
  if (rq.path === '/gateway' && rq.method === 'POST') {
    gateway.push({ body: rq.body, headers: rq.headers });
    return { status: 200, body: { ref: gateway.length } };
  }
  const basic = `Basic ${Buffer.from(`${account.account_sid}:${account.auth_token}`).toString('base64')}`, home = `/2010-04-01/Accounts/${account.account_sid}`;
  if (rq.headers.authorization !== basic)
    return refused(401, 20003, 'Authenticate');
  if (rq.path === `${home}.json`)
    return { status: 200, body: { sid: account.account_sid, friendly_name: 'The double', status: 'active', type: 'Full' } };
  if (rq.path === `${home}/Messages.json` && rq.method === 'POST')
    return take(rq.body ?? {});
  return rq.path === `${home}/Media/1` ? { status: 200, headers: { 'content-type': 'image/jpeg' }, body: 'not really a picture' } : undefined;
}

async function event(e) {
  const fields = { MessageSid: e.id ?? `SM${String(++numbers).padStart(32, 'a')}`, SmsStatus: 'received', AccountSid: account.account_sid,
    From: e.from ?? '+14015550123', To: account.from, Body: e.text ?? '', NumMedia: '0', ApiVersion: '2010-04-01', ...e.fields };
  const signed = (e.url ?? account.webhook_url) + Object.keys(fields).sort().map(k => k + fields[k]).join('');
  const signature = createHmac('sha1', e.wrong ? 'another' : account.auth_token).update(signed).digest('base64');
  return call({ socket: e.socket, url: e.url, path: '/webhook/sms', tries: e.tries ?? 3 }, 'POST',
    { 'content-type': 'application/x-www-form-urlencoded', 'x-twilio-signature': signature }, new URLSearchParams(fields).toString());
}

await serve('sms', {
  http,
  control: { event, call: async e => call(e, 'POST', e.headers ?? {}, e.body), state: () => ({ account, taken, gateway }) },
});
