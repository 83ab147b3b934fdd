#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// whatsapp.mjs: the Cloud API of WhatsApp and the calls it makes: developers.facebook.com/docs/whatsapp/cloud-api (messages, media,
// webhooks, error codes).  A person who has not written for a day is answered "accepted", and a status says "failed" later.
//
// POST /control/event    { socket or url, from, name, text; id; message (fields in place of the text's); value (the whole change's);
//                          wrong: 'signature', cut (bytes), tries }
// POST /control/verify   { socket or url, wrong }: the handshake
// POST /control/keep     { text or base64, mime }: a file that a person sent; answers { id }
// POST /control/token    { token }: from now on only this one is good
// POST /control/silent   { chat }: more than a day passed since this person wrote
// GET  /control/state    { account, taken, marks, files (uploaded) }
import { createHmac } from 'node:crypto';
import { call } from './caller.mjs';
import { content as contentOf, formatOf, serve, shownFile } from './double.mjs';

const account = { access_token: 'EAAG-token-of-the-double', phone_number_id: '106540352242922', app_secret: 'app-secret-of-the-double',
  verify_token: 'verify-token-of-the-double' };
const taken = [], marks = [], media = new Map(), silent = new Map();
const uploadable = /^(audio\/(aac|mp4|mpeg|amr|ogg|opus)|application\/(pdf|msword|vnd\.(ms-|openxmlformats-).+)|text\/plain|image\/(jpeg|png|webp)|video\/(mp4|3gpp))$/;
let numbers = 0, token = account.access_token, where;

const refused = (status, code, message, details) => ({ status, body: { error: { message: `(#${code}) ${message}`, type: 'OAuthException', code,
  ...(details && { error_data: { messaging_product: 'whatsapp', details } }), fbtrace_id: 'Az8or2yhqkZfEZ' } } });
const parameter = details => refused(400, 100, 'Invalid parameter', details);
const most = type => ({ image: 5, audio: 16, video: 16 }[type.split('/')[0]] ?? 100) << 20;
const between = (text, least, most) => typeof text === 'string' && [...text].length >= least && [...text].length <= most;

function wrongInteractive({ type, body, action }) {
  if (type === 'button') {
    const replies = action.buttons.map(b => b.reply);
    return !between(body.text, 1, 1024) || replies.length < 1 || replies.length > 3 || new Set(replies.map(r => r.title)).size < replies.length
      || replies.some(r => !between(r.title, 1, 20) || !between(r.id, 1, 256));
  }
  const rows = action.sections?.flatMap(s => s.rows) ?? [];
  return type !== 'list' || !between(body.text, 1, 4096) || !between(action.button, 1, 20) || rows.length < 1 || rows.length > 10
    || new Set(rows.map(r => r.id)).size < rows.length
    || rows.some(r => !between(r.title, 1, 24) || !between(r.id, 1, 200) || (r.description !== undefined && !between(r.description, 1, 72)));
}

function wrong(m) {
  if (m.messaging_product !== 'whatsapp' || !(m.to || m.recipient))
    return parameter('messaging_product, to');
  if (m.type === 'text')
    return between(m.text?.body, 1, 4096) ? undefined : parameter('text.body');
  if (m.type === 'interactive')
    return wrongInteractive(m.interactive) ? parameter('interactive') : undefined;
  if (m.type === 'template') {
    const texts = m.template.components?.flatMap(c => c.parameters.map(p => p.text)) ?? [];
    return m.template.name === 'news' && m.template.language.code && texts.every(t => between(t, 1, 1024) && !/[\n\t]| {4}/.test(t)) ? undefined
      : refused(404, 132001, 'Template name does not exist in the translation');
  }
  const file = media.get(m[m.type]?.id);
  const fits = file && (m.type === 'document' ? m.document.filename && !/^(audio|video)/.test(file.mime) : file.mime.startsWith(`${m.type}/`));
  return fits ? undefined : refused(400, 131053, 'Media upload error');
}

function status(chat, id, error) {
  return event({ ...where, tries: 3, value: { statuses: [{ id, status: 'failed', timestamp: String(Math.floor(Date.now() / 1000)), recipient_id: chat,
    errors: [error] }] } });
}

function take(m) {
  if (m.status === 'read') {
    marks.push(m);
    return { status: 200, body: { success: true } };
  }
  const trouble = wrong(m);
  if (trouble)
    return trouble;
  const id = `wamid.${Buffer.from(`ours-${++numbers}`).toString('base64')}`;
  if (silent.has(m.to) && m.type !== 'template')
    status(m.to, id, { code: 131047, title: 'Re-engagement message', error_data: { details: 'more than 24 hours have passed' } });
  else
    taken.push({ ...m, id });
  return { status: 200, body: { messaging_product: 'whatsapp', contacts: [{ input: m.to ?? m.recipient, wa_id: m.to }], messages: [{ id }] } };
}

function upload(rq) {
  const file = rq.body?.find?.(p => p.name === 'file'), type = rq.body?.find?.(p => p.name === 'type')?.text ?? file?.type;
  if (!file || rq.body.find(p => p.name === 'messaging_product')?.text !== 'whatsapp')
    return parameter('file');
  if (file.type !== type || !file.filename)
    return parameter('file');
  if ((type.startsWith('image/') && formatOf(file.bytes) !== type.slice(6)) || !file.bytes.length || file.bytes.length > most(type))
    return refused(400, 131053, 'Media upload error', 'Unable to upload the media used in the message.');
  if (!uploadable.test(type))
    return refused(400, 100, 'Param file must be a file with one of the following types: ...', type);
  const id = String(1000000 + ++numbers);
  media.set(id, { id, bytes: file.bytes, mime: type, name: file.filename, ours: true });
  return { status: 200, body: { id } };
}

async function http(rq) {
  if (rq.headers.authorization !== `Bearer ${token}`)
    return { status: 401, body: { error: { message: 'Error validating access token: Session has expired', type: 'OAuthException', code: 190 } } };
  if (rq.path.startsWith('/media/')) {
    const file = media.get(rq.path.slice(7));
    return file ? { status: 200, headers: { 'content-type': file.mime }, body: file.bytes } : { status: 404, body: '' };
  }
  const [, version, id, what] = rq.path.split('/');
  if (!/^v\d+\.\d+$/.test(version))
    return undefined;
  if (id === account.phone_number_id && rq.method === 'POST')
    return what === 'messages' ? take(rq.body) : what === 'media' ? upload(rq) : undefined;
  if (id === account.phone_number_id && !what)
    return { status: 200, body: { display_phone_number: '+1 555-078-3881', verified_name: 'The double', id } };
  const file = media.get(id);
  return file ? { status: 200, body: { messaging_product: 'whatsapp', url: `http://${rq.headers.host}/media/${id}`, mime_type: file.mime, sha256: 'x',
    file_size: file.bytes.length, id } } : refused(400, 100, 'Unsupported get request. Object does not exist');
}

// ---- calls ----

const escaped = text => text.replace(/[\u0080-\uffff]/g, c => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);   // as Meta writes JSON

async function event(e) {
  const from = e.from ?? '16505551234', value = e.value ?? {
    contacts: [{ profile: { name: e.name ?? 'Sheena' }, wa_id: from }],
    messages: [{ from, id: e.id ?? `wamid.theirs-${++numbers}`, timestamp: String(Math.floor(Date.now() / 1000)),
      ...(e.message ?? { type: 'text', text: { body: e.text } }) }],
  };
  where = { socket: e.socket, url: e.url, path: '/webhook/whatsapp' };
  if (!e.value)
    silent.delete(from);
  const body = escaped(JSON.stringify({ object: 'whatsapp_business_account', entry: [{ id: '102290129340398', changes: [{ field: 'messages',
    value: { messaging_product: 'whatsapp', metadata: { display_phone_number: '15550783881', phone_number_id: account.phone_number_id }, ...value } }] }] }));
  const signature = createHmac('sha256', e.wrong === 'signature' ? 'another' : account.app_secret).update(body).digest('hex');
  return call({ ...where, tries: e.tries ?? 3 }, 'POST', { 'content-type': 'application/json', 'x-hub-signature-256': `sha256=${signature}` },
    e.cut ? body.slice(0, e.cut) : body);
}

async function verify(e) {
  const want = `challenge-${++numbers}`;
  const query = new URLSearchParams({ 'hub.mode': 'subscribe', 'hub.challenge': want, 'hub.verify_token': e.wrong ? 'another' : account.verify_token });
  return { want, ...await call({ socket: e.socket, url: e.url && `${e.url}?${query}`, path: `/webhook/whatsapp?${query}` }, 'GET', {}) };
}

await serve('whatsapp', {
  http,
  control: {
    event, verify,
    keep: async ({ mime, ...file }) => {
      const id = String(1000000 + ++numbers);
      media.set(id, { bytes: contentOf(file), mime });
      return { id };
    },
    token: async e => { token = e.token; },
    silent: async ({ chat }) => { silent.set(chat, true); },
    state: () => ({ account, taken, marks, files: [...media.values()].filter(f => f.ours).map(shownFile) }),
  },
});
