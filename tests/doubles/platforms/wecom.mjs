#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// wecom.mjs: WeCom's API (qyapi.weixin.qq.com) and the callbacks it makes.  The envelope of callbacks is made by WeCom's own
// library (@wecom/crypto); the API follows developer.work.weixin.qq.com/document/path/91039, 90236, 90253, 90254, 90227, 94888, 91770.
//
// POST /control/event    { socket (the gateway's), fields (of the XML), from, text; id; age (s), wrong: 'signature'|'key'|'receiver',
//                          tries (3) }: calls the gateway as often as it takes; answers { status, text, tries }
// POST /control/verify   { socket, wrong }: the handshake; answers { status, text, want }
// POST /control/expire   ends every access token that was given
// GET  /control/state    { account, taken (the messages that were), files (uploaded) }
import { randomUUID } from 'node:crypto';
import { request } from 'node:http';
import { content, npm, serve, shownFile } from './double.mjs';

const { encrypt, getSignature } = npm('@wecom/crypto');
const account = { corp_id: 'ww0123456789abcdef', agent_id: 1000002, secret: 'app-secret-of-the-double', token: 'callback-token',
  encoding_aes_key: 'jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C', robot_key: 'robot-key-of-the-double' };
const tokens = new Set(), media = new Map(), cards = new Map(), taken = [];
let numbers = 0;

const said = (errcode, errmsg, more) => ({ status: 200, body: { errcode, errmsg: `${errmsg}, hint: [1600000000_1], from ip: 127.0.0.1`, ...more } });
const ok = more => ({ status: 200, body: { errcode: 0, errmsg: 'ok', ...more } });

function giveToken({ query }) {
  if (query.corpid !== account.corp_id)
    return said(40013, 'invalid corpid');
  if (query.corpsecret !== account.secret)
    return said(40001, 'invalid credential');
  const access_token = `token+${++numbers}/${randomUUID()}`;
  tokens.add(access_token);
  return ok({ access_token, expires_in: 7200 });
}

function upload(rq) {
  const file = rq.body?.find?.(p => p.name === 'media');
  if (!file?.filename || !['file', 'image', 'voice', 'video'].includes(rq.query.type))
    return said(40004, 'invalid media type');
  if (file.bytes.length < 5)
    return said(40006, 'invalid media size');
  const media_id = `media-${++numbers}`;
  media.set(media_id, { ...file, media_id, type: rq.query.type });
  return ok({ type: rq.query.type, media_id, created_at: '1380000000' });
}

function download({ query }) {
  const file = media.get(query.media_id);
  return file ? { status: 200, headers: { 'content-type': file.type, 'content-disposition': 'attachment; filename="x"' }, body: file.bytes }
    : said(40007, 'invalid media_id');
}

// What WeCom would refuse in a message.
function trouble(m) {
  const content = m[m.msgtype];
  if (!content)
    return said(40008, 'invalid message type');
  if (['text', 'markdown'].includes(m.msgtype)) {
    if (typeof content.content !== 'string' || !content.content)
      return said(44004, 'empty content');
    return Buffer.byteLength(content.content) > 2048 ? said(45002, 'content size out of limit') : undefined;
  }
  if (m.msgtype === 'template_card') {
    const right = content.main_title?.title && /^[\w@-]{1,128}$/.test(content.task_id) && content.button_list?.length >= 1
      && content.button_list.length <= 6 && content.button_list.every(b => b.text && b.key) && !cards.has(content.task_id);
    return right ? undefined : said(40058, 'invalid Request Parameter');
  }
  return media.get(content.media_id)?.type === m.msgtype ? undefined : said(40007, 'invalid media_id');
}

function take(m) {
  const wrong = trouble(m);
  if (wrong)
    return wrong;
  if (m.agentid !== account.agent_id)
    return said(301002, 'not allow to access agent');
  if (m.touser === 'nobody')
    return ok({ invaliduser: 'nobody', msgid: 'x' });
  const response_code = randomUUID();
  taken.push(m);
  if (m.template_card)
    cards.set(m.template_card.task_id, { response_code });
  return ok({ invaliduser: '', msgid: `msg-${++numbers}`, ...(m.template_card && { response_code }) });
}

function updateCard(m) {
  const card = [...cards.values()].find(c => c.pressed === m.response_code);
  if (!card || !m.button?.replace_name || !m.userids?.length)
    return said(42014, 'invalid response_code');
  card.pressed = undefined;
  return ok();
}

async function http(rq) {
  const { path, query } = rq;
  if (path === '/cgi-bin/gettoken')
    return giveToken(rq);
  if (path.startsWith('/cgi-bin/webhook/')) {
    if (query.key !== account.robot_key)
      return said(93000, 'invalid webhook url');
    return path.endsWith('upload_media') ? upload(rq) : trouble(rq.body) ?? (taken.push({ touser: 'robot', ...rq.body }), ok());
  }
  if (!tokens.has(query.access_token))
    return said(query.access_token?.startsWith('token+') ? 42001 : 40014, 'access_token expired');
  switch (path) {
    case '/cgi-bin/agent/get': return Number(query.agentid) === account.agent_id ? ok({ agentid: account.agent_id, name: 'HelloWorld' }) : said(40056, 'invalid agentid');
    case '/cgi-bin/media/upload': return upload(rq);
    case '/cgi-bin/media/get': return download(rq);
    case '/cgi-bin/message/send': return take(rq.body);
    case '/cgi-bin/message/update_template_card': return updateCard(rq.body);
    default: return undefined;
  }
}

// ---- callbacks ----

const cdata = v => (typeof v === 'number' ? v : `<![CDATA[${v}]]>`);
const xml = fields => `<xml>${Object.entries(fields).map(([k, v]) => `<${k}>${cdata(v)}</${k}>`).join('')}</xml>`;

function sealed(text, { wrong, age = 0 }) {
  const key = wrong === 'key' ? 'A'.repeat(42) + 'Q' : account.encoding_aes_key;
  const encrypted = encrypt(key, text, wrong === 'receiver' ? 'ww-another' : account.corp_id);
  const timestamp = String(Math.floor(Date.now() / 1000) - age), nonce = String(++numbers);
  const signature = getSignature(wrong === 'signature' ? 'another-token' : account.token, timestamp, nonce, encrypted);
  return { encrypted, query: { msg_signature: signature, timestamp, nonce } };
}

function call(socketPath, method, query, body) {
  const path = `/webhook/wecom?${new URLSearchParams(query)}`;
  return new Promise(resolve => {
    const rq = request({ socketPath, method, path, headers: { 'content-type': 'text/xml' } }, response => {
      const chunks = [];
      response.on('data', c => chunks.push(c));
      response.on('end', () => resolve({ status: response.statusCode, text: Buffer.concat(chunks).toString() }));
    });
    rq.on('error', error => resolve({ status: 0, text: String(error) }));
    rq.end(body);
  });
}

async function event(e) {
  const fields = { ToUserName: account.corp_id, FromUserName: e.from, CreateTime: Math.floor(Date.now() / 1000), MsgType: 'text',
    ...(e.text !== undefined && { Content: e.text }), MsgId: e.id ?? String(7000000000000000n + BigInt(++numbers)), AgentID: account.agent_id, ...e.fields };
  const { encrypted, query } = sealed(xml(fields), e);
  const body = xml({ ToUserName: account.corp_id, AgentID: account.agent_id, Encrypt: encrypted });
  const last = { status: 0, tries: 0 };
  for (let left = e.tries ?? 3; left > 0 && last.status !== 200; left--)
    Object.assign(last, await call(e.socket, 'POST', query, e.cut ? body.slice(0, e.cut) : body), { tries: last.tries + 1 });
  return last;
}

async function press(e) {
  const card = cards.get(e.task_id);
  card.pressed = randomUUID();
  return event({ ...e, fields: { MsgType: 'event', Event: 'template_card_event', EventKey: e.key, TaskId: e.task_id,
    CardType: 'button_interaction', ResponseCode: card.pressed, ...e.fields } });
}

async function verify(e) {
  const want = `echo-${++numbers}`, { encrypted, query } = sealed(want, e);
  return { want, ...await call(e.socket, 'GET', { ...query, echostr: encrypted }) };
}

await serve('wecom', {
  http,
  control: {
    event, press, verify,
    keep: async ({ type = 'image', ...file }) => {
      const id = `kept-${++numbers}`;
      media.set(id, { bytes: content(file), type });
      return { id };
    },
    expire: async () => { tokens.clear(); },
    state: () => ({ account, taken, files: [...media.values()].filter(f => f.filename).map(shownFile) }),
  },
});
