// SPDX-License-Identifier: Apache-2.0
// double.mjs: what every platform's double stands on: HTTP and WebSocket on one free port of 127.0.0.1, a log of all that
// arrived and left, trouble by rules, and control over the same port.  The port is the first line of stdout.
//
//   serve('name', {
//     async http(rq) { return { status: 200, headers: {}, body: {…} } },    // body: an object (JSON), text or bytes
//     ws(socket, rq) { socket.send({…}); socket.onmessage = (json, data) => {…}; socket.onclose = code => {…}; },
//     label(frame, direction) { return frame.t ?? ''; },                    // what rules and the log call a frame
//     control: { async event(body) {…}, state() {…}, reset() {…}, any(body) {…} },     // POST /control/any
//   });
// rq: { method, path, query (an object), url, headers, bytes, text, body }.  body: parsed JSON; a urlencoded form as an object; of
// multipart a list of { name, filename, type, bytes, text }.  http() may return nothing: 404.  rq.response is node's, for who
// answers by hand (and returns rq.response).
//
// GET  /control/log[/N]   [{ method, path, query, headers, body, at, status }] in order, from the Nth.  at: ms since the epoch.  Of
//                         a frame: method RECV (from the bot) or SEND (to it), path the socket's, label, body.  status: what was
//                         answered; 0: nothing was, the connection was cut
// POST /control/rule      { method: 'POST /api/x' (a prefix of "METHOD /path"; of frames "SEND /path LABEL") or '*' (requests) or
//                         'SEND *', 'RECV *'; do, count (1; -1: always), skip (0: how many matching ones pass before) }.  do:
//                           status        answered with status, headers, body and retry_after, not acted upon; a frame: the
//                                         socket is closed with that code
//                           drop_before   the connection is cut, nothing is acted upon
//                           drop_after    it is acted upon, and the connection cut instead of the answer
//                           delay         ms later
//                           cut           half of the answer's (the frame's) bytes, then the connection is cut
//                           lose, twice   of frames: it never goes through; it does twice
//                           swap          of frames to the bot: it goes behind the next one
// POST /control/event     to the double's own; so are all other names
// GET  /control/state     { connections, rules, …the double's own }
// POST /control/calm      forgets the rules
// POST /control/reset     forgets log and rules
// POST /control/load      see load.mjs
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { load } from './load.mjs';

const require = createRequire(join(import.meta.dirname, '../../npm/package.json'));
const { WebSocketServer } = require('ws');

export const npm = require;
export const sleep = ms => new Promise(resolve => setTimeout(resolve, ms));

// What platforms' doubles do alike with files: a file's bytes as control tells them ({ text } or { base64 }), a file as state shows
// it, and which picture, film or sound the first bytes are of ('' for anything else).
export const content = ({ text, base64 }) => (base64 === undefined ? Buffer.from(text) : Buffer.from(base64, 'base64'));
export const shownFile = ({ bytes, ...facts }) => ({ ...facts, base64: bytes.toString('base64') });
export function formatOf(bytes) {
  const formats = [['png', 0, '\x89PNG\r\n\x1a\n'], ['jpeg', 0, '\xff\xd8\xff'], ['gif', 0, 'GIF8'], ['webp', 8, 'WEBP'], ['bmp', 0, 'BM'],
    ['mp4', 4, 'ftyp'], ['silk', 0, '#!SILK'], ['silk', 1, '#!SILK'], ['pdf', 0, '%PDF-']];
  return formats.find(([, at, mark]) => bytes.toString('latin1', at, at + mark.length) === mark)?.[0] ?? '';
}

// RFC 7578, for the well-formed.
function parseMultipart(bytes, type) {
  const edge = Buffer.from('--' + type.match(/boundary="?([^";]+)/)[1]);
  const parts = [];
  for (let at = bytes.indexOf(edge); at >= 0;) {
    const next = bytes.indexOf(edge, at + edge.length);
    if (next < 0)
      break;
    const part = bytes.subarray(at + edge.length + 2, next - 2), gap = part.indexOf('\r\n\r\n');
    const head = part.subarray(0, gap).toString(), body = part.subarray(gap + 4);
    const filename = head.match(/filename="([^"]*)"/i)?.[1];
    parts.push({ name: head.match(/[; ]name="([^"]*)"/i)?.[1], filename, type: head.match(/content-type: *(.+)/i)?.[1].trim(),
      bytes: body, text: filename === undefined ? body.toString() : undefined });
    at = next;
  }
  return parts;
}

function parseBody(rq) {
  const type = rq.headers['content-type'] ?? '';
  try {
    if (type.startsWith('multipart/'))
      return parseMultipart(rq.bytes, type);
    if (type.startsWith('application/x-www-form-urlencoded'))
      return Object.fromEntries(new URLSearchParams(rq.text));
    return rq.bytes.length ? JSON.parse(rq.text) : undefined;
  } catch {
    return undefined;
  }
}

// What the log keeps of a body.
function shown(rq) {
  if (Array.isArray(rq.body) && rq.body[0]?.bytes)
    return rq.body.map(p => ({ name: p.name, filename: p.filename, type: p.type, size: p.bytes.length, text: p.text }));
  return rq.body ?? (rq.text.length > 10000 ? { bytes: rq.bytes.length } : rq.text);
}

function encoded(answer) {
  const { body = '' } = answer;
  if (typeof body === 'string' || Buffer.isBuffer(body) || body instanceof Uint8Array)
    return [Buffer.from(body), {}];
  return [Buffer.from(JSON.stringify(body)), { 'content-type': 'application/json' }];
}

class Trouble {
  rules = [];

  add(rule) {
    this.rules.push({ count: 1, skip: 0, ...rule });
  }

  // The rule for this one, if any; what it counts is counted.
  take(words) {
    const kind = words.slice(0, 5), frame = kind === 'SEND ' || kind === 'RECV ';
    const rule = this.rules.find(r => r.count !== 0
      && (r.method === '*' ? !frame : r.method === `${kind}*` ? frame : words.startsWith(r.method)));
    if (!rule)
      return undefined;
    if (rule.skip > 0) {
      rule.skip--;
      return undefined;
    }
    rule.count--;
    return rule;
  }
}

// A WebSocket whose frames are logged and meet trouble, in order.
class Socket {
  onmessage = () => {};
  onclose = () => {};
  sending = Promise.resolve();
  receiving = Promise.resolve();

  constructor(raw, rq, double) {
    Object.assign(this, { raw, rq, double });
    raw.on('message', (data, binary) => { this.receiving = this.receiving.then(() => this.#received(data, binary)); });
    raw.on('close', code => { this.receiving = this.receiving.then(() => this.onclose(code)); });
    raw.on('error', () => {});
  }

  get open() {
    return this.raw.readyState === 1;
  }

  // An object goes as JSON text; encode (if given, it may be async) makes the bytes of a binary frame of it.
  send(frame, encode) {
    this.sending = this.sending.then(() => this.#send(frame, encode)).catch(error => console.error(error));
    return this.sending;
  }

  close(code = 1000, reason = '') {
    this.sending = this.sending.then(() => this.raw.close(code, reason));
    return this.sending;
  }

  cut() {
    this.raw._socket?.destroy();
  }

  #note(direction, frame, status) {
    const label = this.double.label?.(frame, direction) ?? '';
    const entry = { method: direction, path: this.rq.path, label, body: frame, at: Date.now(), status };
    this.double.log.push(entry);
    return entry;
  }

  async #send(frame, encode) {
    const text = typeof frame === 'string' || Buffer.isBuffer(frame) ? frame : JSON.stringify(frame);
    const bytes = async what => (encode ? encode(what) : what), entry = this.#note('SEND', frame, 0);
    const rule = this.double.trouble.take(`SEND ${this.rq.path} ${entry.label}`);
    if (rule?.do === 'delay')
      await sleep(rule.ms);
    if (!this.open || rule?.do === 'lose')
      return;
    if (rule?.do === 'status')
      return this.raw.close(rule.status, rule.body ?? '');
    if (rule?.do === 'drop_before')
      return this.cut();
    if (rule?.do === 'cut')
      return this.#sendHalf(Buffer.from(await bytes(text)), !!encode);
    entry.status = 200;
    if (rule?.do === 'swap') {
      this.held = text;
      return;
    }
    for (let i = rule?.do === 'twice' ? 2 : 1; i > 0; i--)
      this.raw.send(await bytes(text));
    if (this.held !== undefined)
      this.raw.send(await bytes(this.held));
    this.held = undefined;
    if (rule?.do === 'drop_after')
      this.raw._socket.end();
  }

  // The head of a frame and half of what it announces.
  #sendHalf(data, binary) {
    const head = Buffer.alloc(10);
    head[0] = binary ? 0x82 : 0x81;
    head[1] = 127;
    head.writeBigUInt64BE(BigInt(data.length), 2);
    this.raw._socket.end(Buffer.concat([head, data.subarray(0, data.length >> 1)]), () => this.cut());
  }

  async #received(data, binary) {
    let frame;
    try {
      frame = JSON.parse(data);
    } catch {
      frame = binary ? data : data.toString();
    }
    const entry = this.#note('RECV', frame, 0);
    const rule = this.double.trouble.take(`RECV ${this.rq.path} ${entry.label}`);
    if (rule?.do === 'delay')
      await sleep(rule.ms);
    if (rule?.do === 'lose')
      return;
    if (rule?.do === 'status')
      return this.raw.close(rule.status, rule.body ?? '');
    if (rule?.do === 'drop_before' || rule?.do === 'cut')
      return this.cut();
    for (let i = rule?.do === 'twice' ? 2 : 1; i > 0; i--)
      await this.onmessage(frame, data);
    entry.status = 200;
    if (rule?.do === 'drop_after')
      this.cut();
  }
}

async function readRequest(request) {
  const url = new URL(request.url, 'http://localhost'), chunks = [];
  for await (const chunk of request)
    chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  const rq = { method: request.method, path: url.pathname, query: Object.fromEntries(url.searchParams), url, headers: request.headers,
    bytes, text: bytes.toString() };
  rq.body = parseBody(rq);
  return rq;
}

// Answers a request to the platform, with the trouble there is.
async function answer(double, rq) {
  const entry = { method: rq.method, path: rq.path, query: rq.query, headers: rq.headers, body: shown(rq), at: Date.now(), status: 0 };
  double.log.push(entry);
  const rule = double.trouble.take(`${rq.method} ${rq.path}`), { response } = rq;
  if (rule?.do === 'delay')
    await sleep(rule.ms);
  if (rule?.do === 'drop_before')
    return response.destroy();
  const made = rule?.do === 'status' ? { status: rule.status, headers: { ...rule.headers }, body: rule.body } : await double.http?.(rq);
  if (rule?.retry_after !== undefined)
    made.headers['retry-after'] = String(rule.retry_after);
  if (made === response)
    return undefined;
  if (rule?.do === 'drop_after')
    return response.destroy();
  const said = made ?? { status: 404, body: '' };
  const [bytes, headers] = encoded(said), status = said.status ?? 200;
  response.writeHead(status, { 'content-length': bytes.length, ...headers, ...said.headers });
  if (rule?.do === 'cut') {
    response.write(bytes.subarray(0, bytes.length >> 1), () => response.destroy());
    return undefined;
  }
  entry.status = status;
  if (status < 300)
    double.taken?.(entry);
  return response.end(bytes);
}

async function control(double, rq) {
  const [, , name, from] = rq.path.split('/'), own = double.control ?? {};
  const said = body => rq.response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body ?? {}));
  if (name === 'log')
    return said(double.log.slice(Number(from ?? 0)));
  if (name === 'rule')
    return said(double.trouble.add(rq.body));
  if (name === 'calm' || name === 'reset')
    double.trouble.rules.length = 0;
  if (name === 'calm')
    return said();
  if (name === 'reset') {
    double.log.length = 0;
    return said(await own.reset?.());
  }
  if (name === 'state')
    return said({ connections: double.sockets.size, rules: double.trouble.rules, ...await own.state?.() });
  if (name === 'load')
    return said(await load(double, rq.body));
  if (!own[name])
    return rq.response.writeHead(404).end();
  return said(await own[name](rq.body, rq));
}

async function serveRequest(double, request, response) {
  const rq = await readRequest(request);
  rq.response = response;
  try {
    await (rq.path.startsWith('/control/') ? control(double, rq) : answer(double, rq));
  } catch (error) {
    console.error(error);
    if (!response.headersSent)
      response.writeHead(rq.path.startsWith('/control/') ? 400 : 500).end(String(error.stack));
  }
}

async function upgrade(double, server, request, raw, head) {
  const url = new URL(request.url, 'http://localhost');
  const rq = { method: 'GET', path: url.pathname, query: Object.fromEntries(url.searchParams), url, headers: request.headers };
  const entry = { method: 'GET', path: rq.path, query: rq.query, headers: rq.headers, at: Date.now(), status: 101 };
  const rule = double.trouble.take(`GET ${rq.path}`);
  double.log.push(entry);
  raw.on('error', () => {});
  if (rule?.do === 'delay')
    await sleep(rule.ms);
  else if (rule) {
    entry.status = rule.status ?? 0;
    const wait = rule.retry_after === undefined ? '' : `Retry-After: ${rule.retry_after}\r\n`;
    return rule.status ? raw.end(`HTTP/1.1 ${rule.status} Trouble\r\n${wait}Content-Length: 0\r\nConnection: close\r\n\r\n`) : raw.destroy();
  }
  return server.handleUpgrade(request, raw, head, ws => {
    const socket = new Socket(ws, rq, double);
    double.sockets.add(socket);
    ws.on('close', () => double.sockets.delete(socket));
    double.ws(socket, rq);
  });
}

// Resolves with { port, log, sockets, url } once it listens.
export function serve(name, platform) {
  const double = { name, log: [], trouble: new Trouble(), sockets: new Set(), ...platform };
  const server = createServer((request, response) => {
    serveRequest(double, request, response).catch(() => response.destroy());
  });
  if (platform.ws) {
    const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, ...platform.wsOptions });
    server.on('upgrade', (request, raw, head) => upgrade(double, sockets, request, raw, head));
  }
  server.keepAliveTimeout = 60000;
  const parent = process.ppid;
  setInterval(() => process.ppid !== parent && process.exit(), 1000).unref();    // whoever started it is gone
  return new Promise(resolve => {
    server.listen(0, '127.0.0.1', () => {
      double.port = server.address().port;
      double.url = `http://127.0.0.1:${double.port}`;
      console.log(double.port);
      resolve(double);
    });
  });
}
