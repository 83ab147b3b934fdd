#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// teams_client_test.mjs: a bot of Microsoft's own library (botbuilder) lives with the double: it believes whom it should, answers,
// edits and sends a card.
import { strict as assert } from 'node:assert';
import { createServer } from 'node:http';
import { finish, startPlatform, test } from '../../integration/gateway.mjs';
import { npm } from './double.mjs';

const { CardFactory, CloudAdapter, ConfigurationBotFrameworkAuthentication, MessageFactory } = npm('botbuilder');
const { url, control } = await startPlatform('teams');
const { app_id, app_password } = await control('state');

// The library's own way to a token takes none but https addresses: it is asked for here as the library would.
const credentials = {
  isValidAppId: async id => id === app_id,
  isAuthenticationDisabled: async () => false,
  createCredentials: async () => ({
    async signRequest(rq) {
      const body = new URLSearchParams({ grant_type: 'client_credentials', client_id: app_id, client_secret: app_password, scope: 'https://api.botframework.com/.default' });
      const { access_token } = await (await fetch(`${url}/botframework.com/oauth2/v2.0/token`, { method: 'POST', body })).json();
      rq.headers.set('authorization', `Bearer ${access_token}`);
      return rq;
    },
  }),
};
console.error = () => {};       // the library tells of each call it refuses
const adapter = new CloudAdapter(new ConfigurationBotFrameworkAuthentication({
  MicrosoftAppId: app_id, MicrosoftAppPassword: app_password, MicrosoftAppType: 'MultiTenant', ChannelService: url,
  ToChannelFromBotLoginUrl: `${url}/botframework.com`, ToChannelFromBotOAuthScope: 'https://api.botframework.com',
  ToBotFromChannelTokenIssuer: 'https://api.botframework.com', OAuthUrl: url, ToBotFromChannelOpenIdMetadataUrl: `${url}/v1/.well-known/openidconfiguration`,
  ToBotFromEmulatorOpenIdMetadataUrl: `${url}/v1/.well-known/openidconfiguration`, CallerId: 'urn:botframework:azure', ValidateAuthority: false,
}, credentials));
const heard = [];

async function turn(context) {
  heard.push(context.activity);
  const first = await context.sendActivity(`heard ${context.activity.text}`);
  await context.updateActivity({ ...MessageFactory.text('better'), id: first.id });
  await context.sendActivity(MessageFactory.attachment(CardFactory.heroCard('', '', [], [{ type: 'messageBack', title: 'Yes', text: 'yes 1', value: { reply: 'yes 1' } }])));
}

// What CloudAdapter wants of a web framework.
const bot = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request)
    chunks.push(chunk);
  let code = 200;
  const shim = { status(c) { code = c; return shim; }, header() { return shim; }, send(body) { response.writeHead(code).end(body === undefined ? '' : String(JSON.stringify(body))); return shim; },
    end(body) { response.writeHead(code).end(body); return shim; }, get headersSent() { return response.headersSent; }, socket: response.socket };
  try {
    const { method, headers } = request;
    await adapter.process({ body: JSON.parse(Buffer.concat(chunks)), method, headers }, shim, turn);
  } catch (error) {
    if (!response.headersSent)     // a bad signature is thrown
      response.writeHead(500).end(String(error));
  }
});
await new Promise(resolve => bot.listen(0, '127.0.0.1', resolve));
const mine = `http://127.0.0.1:${bot.address().port}/api/messages`;

await test('the library believes the double\'s calls, answers, edits and sends a card', async () => {
  const got = await control('event', { url: mine, from: 'ada', text: 'hello' });
  assert.equal(got.status, 200, JSON.stringify(got));
  assert.deepEqual(heard.map(a => a.text), ['hello']);
  const { taken } = await control('state');
  assert.deepEqual(taken.map(a => a.text ?? ''), ['better', '']);
  assert.equal(taken[1].attachments[0].contentType, 'application/vnd.microsoft.card.hero');
});

await test('and nobody else\'s', async () => {
  for (const wrong of ['key', 'audience', 'kid', 'none'])
    assert((await control('event', { url: mine, from: 'eve', text: 'x', wrong, tries: 1 })).status >= 400, wrong);
  assert.equal(heard.length, 1);
});

bot.close();
bot.closeAllConnections();
finish();
