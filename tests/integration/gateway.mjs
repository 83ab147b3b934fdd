// SPDX-License-Identifier: Apache-2.0
// gateway.mjs: a gateway of its own for a test, in a temporary home, with what it needs beside it; and a list of checks
// that ends with the line that the runner counts.  Usage of a test: node x_test.mjs BUILD_FOLDER
import { spawn, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const build = process.argv[2];
const started = [];

// Starts a program and waits for a line on its stdout that matches.
export function start(command, args, pattern, env = {}) {
  const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  started.push(child);
  child.output = '';
  child.errors = '';
  child.stderr.on('data', d => { child.errors += d; });
  child.ended = new Promise(resolve => child.on('exit', resolve));
  return new Promise((resolve, reject) => {
    child.stdout.on('data', d => {
      child.output += d;
      const match = child.output.match(pattern);
      if (match)
        resolve({ child, match });
    });
    child.on('exit', code => reject(new Error(`${command} ended with ${code}: ${child.output}${child.errors}`)));
  });
}

export async function startModel(...args) {
  const { match } = await start(join(build, 'tests/doubles/model_double'), ['--port', '0', ...args], /(\d+)/);
  return `http://127.0.0.1:${match[1]}/v1`;
}

// One of tests/doubles/platforms: { url, port, control(what, body) }; double.mjs says what it understands.
export async function startPlatform(name, ...args) {
  const { match } = await start(process.execPath, [join(import.meta.dirname, `../doubles/platforms/${name}.mjs`), ...args], /(\d+)\n/);
  const url = `http://127.0.0.1:${match[1]}`;
  const control = async (what, body) => {
    const answer = await fetch(`${url}/control/${what}`, body ? { method: 'POST', body: JSON.stringify(body) } : {});
    if (answer.status !== 200)
      throw new Error(`${what}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };
  return { url, port: Number(match[1]), control };
}

// The last thing asked for, as soon as it is there.
export async function until(what, ask, ms = 20000) {
  const end = Date.now() + ms;
  let got;
  while (Date.now() < end) {
    got = await ask();
    if (got)
      return got;
    await new Promise(resolve => setTimeout(resolve, 20));
  }
  throw new Error(`${what}: not within ${ms} ms; last: ${JSON.stringify(got)}`);
}

export class Gateway {
  constructor(sets = {}) {
    this.home = mkdtempSync(join(tmpdir(), 'clawdbot-test-'));
    this.sets = { 'server.port': 0, 'model_provider.detect': false, 'engine.mode': 'model', ...sets };
  }

  args() {
    return Object.entries(this.sets).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
  }

  async start() {
    const { child, match } = await start(join(build, 'clawdbot'), ['gateway', '--home', this.home, ...this.args()],
      /is at (\S+)\n(?:API token.*: (\S+)\n)?/, { OPENAI_API_KEY: '' });
    this.child = child;
    this.url = match[1];
    this.token = match[2] ?? this.token;
    for (let i = 0; (await fetch(`${this.url}/ready`)).status !== 200; i++)
      if (i > 200)
        throw new Error('never ready');
    return this;
  }

  async stop(signal = 'SIGTERM') {
    this.child.kill(signal);
    return this.child.ended;
  }

  cli(...args) {
    return execFileSync(join(build, 'clawdbot'), [...args, '--home', this.home], { encoding: 'utf8' });
  }

  fetch(path, options = {}) {
    return fetch(this.url + path, { ...options, headers: { authorization: `Bearer ${this.token}`, ...options.headers } });
  }

  post(path, body, headers = {}) {
    return this.fetch(path, { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body), headers });
  }
}

let passed = 0, failed = 0;

export async function test(name, body) {
  try {
    await body();
    passed++;
  } catch (error) {
    failed++;
    console.log(`FAILED ${name}\n${error.stack}`);
  }
}

export function equal(got, want, what = '') {
  if (JSON.stringify(got) !== JSON.stringify(want))
    throw new Error(`${what} is ${JSON.stringify(got)}, want ${JSON.stringify(want)}`);
}

export function check(condition, what) {
  if (!condition)
    throw new Error(what);
}

export async function finish(...gateways) {
  for (const child of started)
    child.kill('SIGKILL');
  for (const g of gateways) {
    if (failed && g.child?.errors)
      console.log(g.child.errors);
    rmSync(g.home, { recursive: true, force: true });
  }
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed ? 1 : 0);
}
