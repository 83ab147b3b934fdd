#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// google_chat_client_test.mjs: the double of Google Chat, driven by Google's own libraries (@googleapis/chat, google-auth-library).
import { strict as assert } from 'node:assert';
import { createPublicKey, createSign } from 'node:crypto';
import { finish, startPlatform, test } from '../../integration/gateway.mjs';
import { npm } from './double.mjs';

const { chat } = npm('@googleapis/chat');
const { OAuth2Client } = npm('google-auth-library');

const { url, control: ask } = await startPlatform('google_chat');

await test('calls prove themselves, and the API takes, edits and knows again', async () => {
  const { account, project } = await ask('state');
  // What proves Chat's calls is what Google's library accepts, and refuses.
  const verifier = new OAuth2Client(), { keys } = await (await fetch(`${url}/keys`)).json();
  const certificates = { [keys[0].kid]: createPublicKey({ key: keys[0], format: 'jwk' }).export({ type: 'spki', format: 'pem' }) };
  const verify = async e => verifier.verifySignedJwtWithCertsAsync((await ask('proof', e)).token, certificates, project, ['chat@system.gserviceaccount.com']);
  assert.equal((await verify({})).getPayload().aud, project);
  for (const wrong of ['key', 'issuer', 'audience', 'kid'])
    await assert.rejects(verify({ wrong }), `a wrong ${wrong}`);

  // The API, by the library's own requests.
  const b64 = x => Buffer.from(JSON.stringify(x)).toString('base64url'), now = Math.floor(Date.now() / 1000);
  const text = `${b64({ alg: 'RS256' })}.${b64({ iss: account.client_email, aud: account.token_uri, iat: now, exp: now + 600 })}`;
  const assertion = `${text}.${createSign('RSA-SHA256').update(text).sign(account.private_key).toString('base64url')}`;
  const given = await (await fetch(account.token_uri, { method: 'POST', body: new URLSearchParams({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion }) })).json();
  const auth = new OAuth2Client();
  auth.setCredentials({ access_token: given.access_token });
  const api = chat({ version: 'v1', auth, rootUrl: `${url}/` });
  const first = await api.spaces.messages.create({ parent: 'spaces/A', requestId: 'r-1', requestBody: { text: 'hello' } });
  const again = await api.spaces.messages.create({ parent: 'spaces/A', requestId: 'r-1', requestBody: { text: 'hello' } });
  assert.equal(first.data.name, again.data.name);
  await api.spaces.messages.patch({ name: first.data.name, updateMask: 'text', requestBody: { text: 'better' } });
  await assert.rejects(api.spaces.messages.create({ parent: 'spaces/A', requestBody: { text: 'x'.repeat(5000) } }));
  const state = await ask('state');
  assert.deepEqual(state.taken.map(m => m.text), ['better']);
  await ask('expire', {});
  await assert.rejects(api.spaces.messages.create({ parent: 'spaces/A', requestBody: { text: 'late' } }), e => e.status === 401 || e.code === 401);
});

finish();
