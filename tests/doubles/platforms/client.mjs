// SPDX-License-Identifier: Apache-2.0
// client.mjs: what the proofs of the doubles share: a platform's own client library drives the double, and takes what it calls.
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { join } from 'node:path';

// { url, control(name, body) } of a double that was started; it ends with this process.
export async function startDouble(name, ...args) {
  const child = spawn(process.execPath, [join(import.meta.dirname, `${name}.mjs`), ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  process.on('exit', () => child.kill());
  const port = await new Promise((resolve, reject) => {
    child.stdout.once('data', data => resolve(Number(data)));
    child.once('exit', code => reject(new Error(`${name} ended with ${code}`)));
  });
  const url = `http://127.0.0.1:${port}`;
  const control = async (what, body) => {
    const answer = await fetch(`${url}/control/${what}`, body ? { method: 'POST', body: JSON.stringify(body) } : {});
    if (!answer.ok)
      throw new Error(`${what}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };
  return { url, control };
}

// A bot's webhook: handle({ method, path, query, headers, raw }) gives { status, body, headers }.
export async function startBot(handle) {
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request)
      chunks.push(chunk);
    const url = new URL(request.url, 'http://bot');
    const said = await handle({ method: request.method, path: url.pathname, query: Object.fromEntries(url.searchParams), headers: request.headers,
      raw: Buffer.concat(chunks) }).catch(error => ({ status: 401, body: String(error) }));
    response.writeHead(said?.status ?? 200, said?.headers ?? {}).end(said?.body ?? '');
  });
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
  server.unref();
  return `http://127.0.0.1:${server.address().port}`;
}

let passed = 0, failed = 0;

export async function test(name, run) {
  try {
    await run();
    passed++;
    console.log(`ok: ${name}`);
  } catch (error) {
    failed++;
    console.log(`FAILED: ${name}: ${error.stack}`);
  }
}

export function finish() {
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed ? 1 : 0);
}
