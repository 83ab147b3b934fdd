// SPDX-License-Identifier: Apache-2.0
// caller.mjs: how a double calls the bot's webhook: to a unix socket ({ socket, path }) or an address ({ url }), again and again
// like the platform would until it hears 2xx (tries).  Resolves to { status, text, tries }; status 0: nobody answered.
import { request } from 'node:http';

function once({ socket, url, path }, method, headers, body) {
  const where = socket ? { socketPath: socket, path } : { ...urlParts(url), path: new URL(url).pathname + new URL(url).search };
  return new Promise(resolve => {
    const rq = request({ ...where, method, headers: { ...headers, ...(body !== undefined && { 'content-length': Buffer.byteLength(body) }) } }, response => {
      const chunks = [];
      response.on('data', c => chunks.push(c));
      response.on('end', () => resolve({ status: response.statusCode, text: Buffer.concat(chunks).toString() }));
      response.on('error', error => resolve({ status: 0, text: String(error) }));
    });
    rq.on('error', error => resolve({ status: 0, text: String(error) }));
    rq.end(body);
  });
}

function urlParts(url) {
  const { hostname, port } = new URL(url);
  return { host: hostname, port };
}

export async function call(to, method, headers, body) {
  const last = { status: 0, text: '', tries: 0 };
  for (let left = to.tries ?? 1; left > 0 && (last.status < 200 || last.status > 299); left--)
    Object.assign(last, await once(to, method, headers, body), { tries: last.tries + 1 });
  return last;
}
