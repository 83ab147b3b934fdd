#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// discord.js, which nobody here wrote, lives with the double: what it takes for Discord is like Discord.
import { check, equal, finish, startPlatform, test, until } from '../../integration/gateway.mjs';
import { npm } from './double.mjs';

const { AttachmentBuilder, Client, Events, GatewayIntentBits, Partials, REST, Routes } = npm('discord.js');

function connect(double, token = 'double-token') {
  const client = new Client({ intents: [GatewayIntentBits.Guilds, GatewayIntentBits.GuildMessages, GatewayIntentBits.DirectMessages],
    partials: [Partials.Channel], rest: { api: `${double.url}/api` } });
  client.seen = [];
  client.on(Events.MessageCreate, m => { if (!m.author.bot) client.seen.push(m); });
  client.resumes = 0;
  client.on(Events.ShardResume, () => { client.resumes++; });
  client.on(Events.Error, () => {});
  const ready = new Promise(resolve => client.once(Events.ClientReady, resolve));
  return client.login(token).then(() => ready).then(() => client);
}

await test('a bot logs in, hears, answers, edits and sends a file', async () => {
  const double = await startPlatform('discord'), client = await connect(double);
  equal(client.user.username, 'double_bot');
  await double.control('message', { content: 'hello', attachments: [{ name: 'a.txt', type: 'text/plain', text: 'inside' }] });
  const m = await until('the message', () => client.seen[0]);
  equal([m.content, m.author.globalName, m.channel.isDMBased(), m.attachments.first().name], ['hello', 'User 1', true, 'a.txt']);
  equal(await (await fetch(m.attachments.first().url)).text(), 'inside');
  const sent = await m.reply({ content: 'one', components: [{ type: 1, components: [{ type: 2, style: 1, label: 'Yes', custom_id: 'yes' }] }] });
  await sent.edit('two');
  await m.channel.sendTyping();
  const file = await m.channel.send({ content: 'see', files: [new AttachmentBuilder(Buffer.from('bytes'), { name: 'b.bin' })] });
  equal([file.attachments.first().name, file.attachments.first().size], ['b.bin', 5]);
  const { channels } = await double.control('state');
  equal(channels['301'].map(x => x.content), ['hello', 'two', 'see']);
  equal(channels['301'][1].message_reference.message_id, m.id);
  await m.channel.send('x'.repeat(2001)).then(() => check(false, 'taken'), error => equal(error.code, 50035));
  await double.control('message', { channel_id: '210', content: 'in a thread' });
  const t = await until('the thread\'s', () => client.seen[1]);
  equal([t.channel.isThread(), t.channel.parentId, t.guildId], [true, '200', '100']);
  const twice = [1, 2].map(() => client.rest.post(Routes.channelMessages('200'), { body: { content: 'once', nonce: '7', enforce_nonce: true } }));
  equal(new Set((await Promise.all(twice)).map(x => x.id)).size, 1, 'messages of one nonce');
  equal((await m.channel.messages.fetch({ after: m.id })).map(x => x.content), ['see', 'two']);
  await client.destroy();
});

await test('commands are registered and run, buttons pressed', async () => {
  const double = await startPlatform('discord'), client = await connect(double), got = [];
  client.on(Events.InteractionCreate, async i => {
    got.push(i);
    if (i.isChatInputCommand()) {
      await i.deferReply();
      await i.followUp('first');
      await i.followUp({ content: 'second', components: [{ type: 1, components: [{ type: 2, style: 2, label: 'Press', custom_id: 'pressed' }] }] });
    } else {
      await i.deferUpdate();
    }
  });
  const set = await client.application.commands.set([{ name: 'ask', description: 'asks', options: [{ type: 3, name: 'text', description: 'what' }] }]);
  equal(set.size, 1);
  await double.control('command', { name: 'ask', text: 'why', channel_id: '200', user: 7 });
  const shown = await until('both answers', async () => { const m = (await double.control('state')).channels['200']; return m.length === 2 && m[1].components.length && m; });
  equal(shown.map(m => m.content), ['first', 'second']);
  equal([got[0].options.getString('text'), got[0].user.id, got[0].member.user.id], ['why', '7', '7']);
  await double.control('press', { message_id: shown[1].id, button: 0, user: 7 });
  const pressed = await until('the press', () => got[1]);
  equal([pressed.customId, pressed.isButton(), pressed.message.id], ['pressed', true, shown[1].id]);
  await until('its acknowledgement', async () => (await double.control('state')).interactions[1].answered?.type === 6);
  await client.destroy();
});

await test('the gateway loses connections and sessions, and discord.js comes back', async () => {
  const double = await startPlatform('discord'), client = await connect(double);
  await double.control('rule', { method: 'SEND /gateway MESSAGE_CREATE', do: 'cut' });
  await double.control('message', { content: 'cut off '.repeat(50) });
  await until('a resume', () => client.resumes === 1 && client.seen.length === 1);
  await double.control('reconnect', {});
  await until('another', () => client.resumes === 2);
  await double.control('beat', {});
  await until('a heartbeat', async () => (await double.control('log')).some(e => e.label === 'op1'));
  await double.control('set', { refuse_resume: true });
  await double.control('kick', { code: 4000 });
  await until('a new session', async () => (await double.control('log')).filter(e => e.label === 'op2').length === 2);
  await client.destroy();
});

await test('a wrong token, refused intents and limits are told', async () => {
  const double = await startPlatform('discord');
  await connect(double, 'wrong').then(() => check(false, 'let in'), error => equal(error.code, 'TokenInvalid'));
  await double.control('set', { refuse_intents: 512 });
  const error = await new Promise(resolve => { process.once('uncaughtException', resolve); connect(double).catch(resolve); });
  check(/disallowed intents/i.test(error.message), error.message);
  await double.control('set', { limits: true, bucket_size: 2, bucket_ms: 300 });
  const rest = new REST({ api: `${double.url}/api` }).setToken('double-token');
  let waited = 0;
  rest.on('rateLimited', () => { waited++; });
  await Promise.all([1, 2, 3, 4, 5].map(n => rest.post(Routes.channelMessages('200'), { body: { content: `m${n}` } })));
  check(waited > 0, 'discord.js read no limits');
  equal((await double.control('log')).filter(e => e.status === 429).length, 0, 'requests over the limit');
  equal((await double.control('state')).channels['200'].length, 5);
});

await finish();
