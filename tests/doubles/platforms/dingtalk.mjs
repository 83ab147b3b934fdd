#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// dingtalk.mjs: DingTalk's APIs (api.dingtalk.com and oapi.dingtalk.com), Stream mode and the robot's callback.  Stream mode is driven by
// DingTalk's own library in dingtalk_client_test.mjs.
//
// POST /control/message  { text or msgtype and content, from, nick, group, id, more; over: 'stream' (the default), or the gateway's unix
//                          socket, and there wrong ('sign'), age (s), tries (3) }
//                          by stream: comes again on the next connection until it is acknowledged with 200
// POST /control/system   { topic, data }: a frame of the system's: ping, disconnect
// POST /control/keep     { text or base64 }: a file; { code }
// POST /control/expire   ends every access token; session: true: the conversations' addresses instead
// GET  /control/state    { account, taken: [{ by: 'session' | 'person' | 'group', chat, msgtype, body }], files (uploaded), pending, acks }
import { createHmac, randomUUID } from 'node:crypto';
import { request } from 'node:http';
import { content as contentOf, formatOf, serve, shownFile, sleep } from './double.mjs';

const account = { client_id: 'dingclientid', client_secret: 'client-secret-of-the-double' };
const uploaded = { image: ['jpeg', 'gif', 'png', 'bmp'], file: ['doc', 'docx', 'xls', 'xlsx', 'ppt', 'pptx', 'zip', 'pdf', 'rar'] };
const sent = ['xlsx', 'pdf', 'zip', 'rar', 'doc', 'docx'];      // by a robot, in a message
const tokens = new Set(), sessions = new Map(), files = new Map(), taken = [], pending = new Map(), acks = [];
let double, connection, numbers = 0;

const refused = (status, code, message) => ({ status, body: { code, message, requestid: randomUUID() } });
const old = (errcode, errmsg, more) => ({ status: 200, body: { errcode, errmsg, ...more } });

function giveToken({ body }) {
  if (body?.appKey !== account.client_id || body.appSecret !== account.client_secret)
    return refused(400, 'invalidClientIdOrSecret', 'invalid client id or secret');
  const accessToken = randomUUID();
  tokens.add(accessToken);
  return { status: 200, body: { accessToken, expireIn: 7200 } };
}

function open({ body }) {
  if (body?.clientId !== account.client_id || body.clientSecret !== account.client_secret)
    return refused(401, 'authFailed', 'clientId or clientSecret is wrong');
  if (!body.subscriptions?.some(s => s.type === 'CALLBACK' && s.topic === '/v1.0/im/bot/messages/get'))
    return refused(400, 'invalidParameter', 'no subscription');
  return { status: 200, body: { endpoint: `${double.url.replace('http', 'ws')}/connect`, ticket: `ticket-${randomUUID()}` } };
}

function bySession({ query, body }) {
  const chat = sessions.get(query.session);
  if (!chat)
    return old(300001, 'session is not exist');
  const right = { text: b => b.text?.content, markdown: b => b.markdown?.title && b.markdown.text,
    actionCard: b => b.actionCard?.title && b.actionCard.text && b.actionCard.btns?.every(x => x.title && x.actionURL) }[body.msgtype]?.(body);
  if (!right)
    return old(400105, 'unsupported msgtype');
  taken.push({ by: 'session', chat, msgtype: body.msgtype, body: body[body.msgtype] });
  return old(0, 'ok');
}

function byRobot({ body }, by) {
  const params = JSON.parse(body.msgParam), chat = by === 'group' ? body.openConversationId : body.userIds?.[0];
  const cards = Number(body.msgKey.match(/^sampleActionCard(\d)$/)?.[1]);
  const right = cards ? params.title && params.text && params[`actionURL${cards}`] && params[`actionTitle${cards}`] : {
    sampleText: params.content, sampleMarkdown: params.title && params.text,
    sampleImageMsg: /^https?:/.test(params.photoURL) || files.get(params.photoURL)?.kind === 'image',
    sampleFile: files.get(params.mediaId)?.kind === 'file' && params.fileName && sent.includes(params.fileType) }[body.msgKey];
  if (!right || !chat || body.robotCode !== account.client_id)
    return refused(400, 'invalidParameter.msgParam', 'msgParam is wrong');
  if (chat === 'nobody')
    return { status: 200, body: { processQueryKey: 'x', invalidStaffIdList: ['nobody'], flowControlledStaffIdList: [] } };
  taken.push({ by, chat, msgtype: body.msgKey, body: params });
  return { status: 200, body: { processQueryKey: `key-${++numbers}`, ...(by === 'person' && { invalidStaffIdList: [], flowControlledStaffIdList: [] }) } };
}

function upload(rq) {
  const file = rq.body?.find?.(p => p.name === 'media'), kind = rq.body?.find?.(p => p.name === 'type')?.text;
  if (!tokens.has(rq.query.access_token))
    return old(40014, 'invalid access_token');
  if (!file?.filename || !uploaded[kind])
    return old(40035, 'invalid parameter');
  if (!uploaded[kind].includes(kind === 'image' ? formatOf(file.bytes) : file.filename.split('.').pop().toLowerCase()))
    return old(40004, 'invalid media type');
  if (!file.bytes.length || file.bytes.length > 20 << 20)
    return old(40006, 'invalid media size');
  const media_id = `@media${++numbers}`;
  files.set(media_id, { media_id, kind, name: file.filename, type: file.type, bytes: file.bytes });
  return old(0, 'ok', { media_id, type: kind });
}

async function http(rq) {
  const { path } = rq;
  if (path === '/v1.0/oauth2/accessToken')
    return giveToken(rq);
  if (path === '/v1.0/gateway/connections/open')
    return open(rq);
  if (path === '/robot/sendBySession')
    return bySession(rq);
  if (path === '/media/upload')
    return upload(rq);
  if (path.startsWith('/files/'))
    return { status: 200, headers: { 'content-type': 'application/octet-stream' }, body: files.get(path.slice(7)).bytes };
  if (!tokens.has(rq.headers['x-acs-dingtalk-access-token']))
    return refused(401, 'InvalidAuthentication', 'access token is invalid');
  switch (path) {
    case '/v1.0/robot/oToMessages/batchSend': return byRobot(rq, 'person');
    case '/v1.0/robot/groupMessages/send': return byRobot(rq, 'group');
    case '/v1.0/robot/messageFiles/download': return files.has(rq.body.downloadCode)
      ? { status: 200, body: { downloadUrl: `${double.url}/files/${rq.body.downloadCode}` } } : refused(400, 'unknownCode', 'downloadCode is invalid');
    default: return undefined;
  }
}

// ---- Stream mode ----

const frame = (type, topic, data, messageId) => ({ specVersion: '1.0', type, headers: { appId: 'app', connectionId: 'c', contentType: 'application/json',
  messageId, time: String(Date.now()), topic }, data: typeof data === 'string' ? data : JSON.stringify(data) });

function sendPending() {
  for (const [id, e] of pending)
    if (connection?.open && e.sent !== connection) {
      e.sent = connection;
      connection.send(frame('CALLBACK', '/v1.0/im/bot/messages/get', e.data, id));
    }
}

function ws(socket, rq) {
  if (!rq.query.ticket?.startsWith('ticket-'))
    return socket.close(4001, 'wrong ticket');
  connection = socket;
  socket.onmessage = answer => {
    acks.push({ id: answer.headers?.messageId, code: answer.code, data: answer.data });
    if (answer.code === 200)
      return pending.delete(answer.headers.messageId);
    return sleep(20).then(() => { if (pending.has(answer.headers?.messageId)) pending.get(answer.headers.messageId).sent = undefined; sendPending(); });
  };
  socket.onclose = () => { if (connection === socket) connection = undefined; };
  sendPending();
}

// ---- messages ----

function call(socketPath, data, { wrong, age = 0 }) {
  const timestamp = String(Date.now() - age * 1000), secret = wrong === 'sign' ? 'another' : account.client_secret;
  const sign = createHmac('sha256', secret).update(`${timestamp}\n${secret}`).digest('base64');
  return new Promise(resolve => {
    const rq = request({ socketPath, method: 'POST', path: '/webhook/dingtalk', headers: { 'content-type': 'application/json', timestamp, sign } }, response => {
      response.resume();
      response.on('end', () => resolve({ status: response.statusCode }));
    });
    rq.on('error', () => resolve({ status: 0 }));
    rq.end(JSON.stringify(data));
  });
}

async function message(m) {
  const session = randomUUID(), staff = m.stranger ? {} : { senderStaffId: m.from };
  const data = { conversationId: m.group ?? `cidprivate${m.from}=`, conversationType: m.group ? '2' : '1', msgId: m.id ?? `msg${++numbers}==`, senderId: `$:LWCP_v1:$${m.from}`,
    ...staff, senderNick: m.nick ?? m.from, isInAtList: m.group ? true : undefined, chatbotUserId: '$:LWCP_v1:$bot', createAt: Date.now(), robotCode: account.client_id,
    sessionWebhook: m.session ?? `${double.url}/robot/sendBySession?session=${session}`, sessionWebhookExpiredTime: Date.now() + 7200000,
    msgtype: m.msgtype ?? 'text', ...(m.content ? { content: m.content } : { text: { content: m.group ? ` ${m.text}` : m.text } }), ...m.more };
  sessions.set(session, m.group ?? m.from);
  if (m.over && m.over !== 'stream') {
    const last = { status: 0 };
    for (let left = m.tries ?? 3; left > 0 && last.status !== 200; left--)
      Object.assign(last, await call(m.over, data, m));
    return last;
  }
  const id = `frame-${++numbers}`;
  pending.set(id, { data });
  sendPending();
  return { id };
}

double = await serve('dingtalk', {
  http, ws,
  label: f => (f.code ? 'ack' : f.headers?.topic ?? ''),
  control: {
    message,
    system: async ({ topic, data }) => { await connection?.send(frame('SYSTEM', topic, data ?? {}, `system-${++numbers}`)); },
    keep: async file => {
      const code = `code${++numbers}`;
      files.set(code, { bytes: contentOf(file) });
      return { code };
    },
    expire: async ({ session }) => { (session ? sessions : tokens).clear(); },
    state: () => ({ account, taken, files: [...files.values()].filter(f => f.kind).map(shownFile), pending: pending.size, acks }),
  },
});
