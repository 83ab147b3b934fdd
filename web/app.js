// SPDX-License-Identifier: Apache-2.0
// The chat page: one WebSocket (docs/api.md) and what it says, shown.  No build step, no library.
'use strict';

const $ = id => document.getElementById(id);
const log = $('log'), input = $('input'), stop = $('stop'), stateLine = $('state');

let socket = null, session = null, lastReply = 0, retryMs = 500;
const seen = new Set();         // ids of replies shown: around a reconnect one may come twice
const waiting = new Map();      // external_id -> text, sent and not acknowledged: sent again after a reconnect
let live = null;                // {id, element, text}: the answer that is being written

// --- showing ---

function nearEnd() {
  return log.scrollHeight - log.scrollTop - log.clientHeight < 80;
}

function add(kind, fill) {
  const follow = nearEnd(), element = document.createElement('div');
  element.className = kind;
  fill(element);
  log.append(element);
  if (follow || kind.includes('mine'))
    log.scrollTop = log.scrollHeight;
  return element;
}

const showMine = text => add('message mine', e => { e.textContent = text; });
const note = text => add('note', e => { e.textContent = text; });

// reply.html was rendered and cleaned by the gateway: no raw HTML of the model's gets through.
function showReply(reply) {
  if (seen.has(reply.id))
    return;
  seen.add(reply.id);
  lastReply = Math.max(lastReply, reply.id);
  if (live && live.id === reply.message_id)
    endLive();
  add('message' + (reply.state === 'failed' ? ' failed' : ''), e => { e.innerHTML = reply.html; });
}

// What is above is kept; the model is shown this in its place.
function showCompaction(c) {
  add('note', e => {
    const details = document.createElement('details'), summary = document.createElement('summary');
    summary.textContent = `Summarised for the model: ${c.messages} earlier messages`;
    details.append(summary, c.text);
    details.style.whiteSpace = 'pre-wrap';
    e.append(details);
  });
}

function showDelta(delta) {
  if (!live || live.id !== delta.message_id)
    live = { id: delta.message_id, text: '', element: add('message live', () => {}) };
  const follow = nearEnd();
  live.text += delta.text;
  live.element.textContent = live.text;
  if (follow)
    log.scrollTop = log.scrollHeight;
}

function endLive() {
  live?.element.remove();
  live = null;
}

// What has to be allowed first.  The buttons go when it was answered, here or elsewhere; its code may then be another's.
function showQuestion(q) {
  if (document.getElementById(`question-${q.code}`))
    return;
  add('message question', e => {
    e.id = `question-${q.code}`;
    e.innerHTML = q.html;
    const row = document.createElement('p');
    row.className = 'choices';
    for (const choice of q.choices ?? []) {
      const button = document.createElement('button');
      button.type = 'button';
      button.textContent = choice.label;
      button.onclick = () => answerQuestion(q.code, choice.reply, e);
      row.append(button);
    }
    e.append(row);
  });
}

function closeQuestion(element) {
  element?.removeAttribute('id');
  element?.querySelector('.choices')?.remove();
}

async function answerQuestion(code, reply, element) {
  const [answer, , scope] = reply.split(' ');
  const response = await fetch(`/api/v1/approvals/${code}`, { method: 'POST', headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ answer, scope: scope ?? 'once' }) });
  if (!response.ok)
    note((await response.json()).detail);
  if (response.ok || response.status === 404 || response.status === 409)    // else it is still open: try again
    closeQuestion(element);
}

// While it waits it can be stopped; and after the answer the turn goes on, whatever the answer was.
function onApproval(m) {
  setBusy(true);
  if (m.state === 'pending') {
    showQuestion(m);
    return;
  }
  closeQuestion(document.getElementById(`question-${m.code}`));
  note(`${m.code}: ${m.state}`);
}

// Those that are open now: some may have come, and some been answered, while there was no connection.
async function loadQuestions(id) {
  const shown = [...log.querySelectorAll('.message.question[id]')];
  const { approvals } = await getJson(`/api/v1/approvals?session_id=${id}`);
  if (id !== session)
    return;
  for (const element of shown)
    if (!approvals.some(q => element.id === `question-${q.code}`))
      closeQuestion(element);
  approvals.forEach(showQuestion);
}

function setState(text, bad) {
  stateLine.textContent = text;
  stateLine.classList.toggle('bad', Boolean(bad));
}

function setBusy(busy) {
  stop.hidden = !busy;
}

// --- the connection ---

const handlers = {
  accepted: m => { waiting.delete(m.external_id); setBusy(true); },
  delta: showDelta,
  approval: onApproval,
  tool: m => { if (m.state !== 'done') note(`${m.name}: ${m.state}`); },
  agent: m => { if (m.state === 'tool') note(`task ${m.task}: ${m.tool}`); },
  absorbed: () => note('answered together with the message before'),
  reply: m => { showReply(m); setBusy(false); loadSessions(); },
  ended: () => { endLive(); setBusy(false); },
  error: m => { waiting.delete(m.external_id); setBusy(false); note(`Not taken: ${m.detail}`); },
  lost: () => say({ type: 'subscribe', session_id: session, after: lastReply }),
};

function say(object) {
  if (socket?.readyState === WebSocket.OPEN)
    socket.send(JSON.stringify(object));
}

function sendMessage(externalId, text) {
  say({ type: 'message', session_id: session, external_id: externalId, content: { text } });
}

function connect() {
  const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
  const s = socket = new WebSocket(`${scheme}//${location.host}/ws?session_id=${session}&after=${lastReply}`);
  s.onopen = () => {
    retryMs = 500;
    setState('connected');
    for (const [id, text] of waiting)       // what was said while away; its external_id keeps it from being taken twice
      sendMessage(id, text);
    loadQuestions(session).catch(e => note(e.message));
  };
  s.onmessage = event => {
    const m = JSON.parse(event.data);
    if (!m.session_id || m.session_id === session)
      handlers[m.type]?.(m);
  };
  s.onclose = () => {
    if (s !== socket)
      return;
    endLive();
    setState('not connected; trying again…', true);
    setTimeout(() => { if (s === socket) connect(); }, retryMs);
    retryMs = Math.min(retryMs * 2, 15000);
  };
}

// --- conversations ---

function uuid() {
  const b = crypto.getRandomValues(new Uint8Array(16));
  b[6] = b[6] & 0x0f | 0x40;
  b[8] = b[8] & 0x3f | 0x80;
  return [...b].map(x => x.toString(16).padStart(2, '0')).join('').replace(/(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

async function getJson(path) {
  const response = await fetch(path);
  if (response.status === 401)
    location.reload();
  if (!response.ok)
    throw new Error((await response.json()).detail);
  return response.json();
}

async function loadSessions() {
  const { sessions } = await getJson('/api/v1/sessions?limit=50');
  $('list').replaceChildren(...sessions.map(s => {
    const item = document.createElement('li'), button = document.createElement('button'), small = document.createElement('small');
    button.type = 'button';
    button.textContent = s.title || s.last_text || '(empty)';
    small.textContent = [s.platform, s.agent, s.state === 'idle' ? '' : s.state.replace('_', ' '), new Date(s.updated_at).toLocaleString()]
      .filter(Boolean).join(' · ');
    button.setAttribute('aria-current', String(s.id === session));
    button.append(small);
    button.onclick = () => open(s.id);
    item.append(button);
    return item;
  }));
}

// A conversation that was never begun is 404: then there is nothing to show.
async function loadMessages(id) {
  const response = await fetch(`/api/v1/sessions/${id}/messages?limit=200`);
  if (response.status === 401)
    location.reload();
  if (!response.ok)
    return;
  const { messages } = await response.json();
  for (const m of messages)
    if (m.type === 'reply')
      showReply(m);
    else if (m.type === 'compaction')
      showCompaction(m);
    else if (m.text || m.attachments.length)     // neither: the assistant wrote by itself
      showMine(m.text);
  setBusy(messages.some(m => m.type === 'message' && (m.state === 'ready' || m.state === 'running')));
}

async function open(id, fresh) {
  session = id;
  localStorage.setItem('session', id);
  lastReply = 0;
  seen.clear();
  waiting.clear();
  live = null;
  setBusy(false);
  closeMenu();
  log.replaceChildren();
  if (!fresh)
    await loadMessages(id);
  log.scrollTop = log.scrollHeight;
  const old = socket;
  connect();
  old?.close();
  await loadSessions();
  input.focus();
}

// --- the person ---

function submit() {
  const text = input.value.trim();
  if (!text)
    return;
  const id = uuid();
  waiting.set(id, text);
  showMine(text);
  sendMessage(id, text);
  input.value = '';
  fit();
}

function fit() {
  input.style.height = 'auto';
  input.style.height = `${input.scrollHeight + 2}px`;
}

function closeMenu() {
  $('sessions').classList.remove('open');
  $('menu').setAttribute('aria-expanded', 'false');
}

$('form').onsubmit = event => { event.preventDefault(); submit(); };
input.oninput = fit;
input.onkeydown = event => {
  if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {    // isComposing: Enter picks Chinese characters
    event.preventDefault();
    submit();
  }
};
document.onkeydown = event => {
  if (event.key === 'Escape' && !stop.hidden)
    stop.click();
};
stop.onclick = () => say({ type: 'stop', session_id: session });
$('new').onclick = () => open(uuid(), true);
$('menu').onclick = () => {
  const opened = $('sessions').classList.toggle('open');
  $('menu').setAttribute('aria-expanded', String(opened));
};
$('theme').onclick = () => {
  const dark = getComputedStyle(document.documentElement).getPropertyValue('--back').trim() !== '#ffffff';
  document.documentElement.dataset.theme = dark ? 'light' : 'dark';
  localStorage.setItem('theme', document.documentElement.dataset.theme);
};
if (localStorage.getItem('theme'))
  document.documentElement.dataset.theme = localStorage.getItem('theme');
const before = localStorage.getItem('session');
open(before ?? uuid(), !before);
