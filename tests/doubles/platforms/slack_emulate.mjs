#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// A counterpart that nobody here wrote: emulate's Slack, with scopes checked.  The port is the first line of stdout; the people are
// owner (xoxp-owner) and the bot clawdbot (xoxb-emulate).  It knows neither sockets nor limits: slack.mjs does.
import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';

const { createEmulator } = await import(join(import.meta.dirname, '../../npm/node_modules/emulate/dist/api.js'));
const probe = createServer().listen(0, '127.0.0.1');
await once(probe, 'listening');
const { port } = probe.address();
await new Promise(resolve => probe.close(resolve));
await createEmulator({ service: 'slack', port, baseUrl: `http://127.0.0.1:${port}`, seed: { slack: {
  team: { name: 'Emulated', domain: 'emulated' }, users: [{ name: 'owner', real_name: 'Olivia Owner' }, { name: 'clawdbot' }],
  channels: [{ name: 'alerts' }], strict_scopes: true,
  tokens: [{ token: 'xoxb-emulate', type: 'bot', user: 'clawdbot' }, { token: 'xoxp-owner', type: 'user', user: 'owner' }],
} } });
console.log(port);
const parent = process.ppid;
setInterval(() => process.ppid !== parent && process.exit(), 1000);
