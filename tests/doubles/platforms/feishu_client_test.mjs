#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// feishu_client_test.mjs: Feishu's own library (@larksuiteoapi/node-sdk) against its double: what it understands, we may rely on.
import { check, equal, finish, startPlatform, test, until } from '../../integration/gateway.mjs';
import { npm } from './double.mjs';

const lark = npm('@larksuiteoapi/node-sdk');
const { url, control } = await startPlatform('feishu');
const { account, bot } = await control('state');
const quiet = { loggerLevel: lark.LoggerLevel.fatal, domain: url, appId: account.app_id, appSecret: account.app_secret };
const client = new lark.Client(quiet);

await test('messages, answers, edits, pictures and files go as the library sends them', async () => {
  const card = text => JSON.stringify({ schema: '2.0', body: { elements: [{ tag: 'markdown', content: text }] } });
  const info = await client.request({ method: 'GET', url: '/open-apis/bot/v3/info' });
  equal(info.bot.open_id, bot);
  const made = await client.im.v1.message.create({ params: { receive_id_type: 'chat_id' }, data: { receive_id: 'oc_1', msg_type: 'interactive', content: card('one') } });
  equal(made.code, 0);
  const { message_id } = made.data;
  equal((await client.im.v1.message.reply({ path: { message_id }, data: { msg_type: 'text', content: JSON.stringify({ text: 'two' }), reply_in_thread: true } })).code, 0);
  equal((await client.im.v1.message.patch({ path: { message_id }, data: { content: card('three') } })).code, 0);
  const image = await client.im.v1.image.create({ data: { image_type: 'message', image: Buffer.from('89504e470d0a1a0a', 'hex') } });
  const file = await client.im.v1.file.create({ data: { file_type: 'stream', file_name: 'a.bin', file: Buffer.from('bytes') } });
  check(image.image_key && file.file_key, 'keys');
  const back = await client.im.v1.messageResource.get({ path: { message_id, file_key: file.file_key }, params: { type: 'file' } });
  const chunks = [];
  for await (const chunk of back.getReadableStream())
    chunks.push(chunk);
  equal(Buffer.concat(chunks).toString(), 'bytes');
  const { taken } = await control('state');
  equal(taken.map(m => [m.msg_type, m.chat, m.edits, m.in_thread]), [['interactive', 'oc_1', 1, undefined], ['text', 'oc_1', 0, true]]);
  equal(taken[0].content.body.elements[0].content, 'three');
});

await test('the long connection brings events, whole and in parts, until they are acknowledged', async () => {
  const got = [], fail = { left: 1 };
  const eventDispatcher = new lark.EventDispatcher({ loggerLevel: lark.LoggerLevel.fatal }).register({
    'im.message.receive_v1': async data => {
      if (data.message.message_type === 'post' && fail.left-- > 0)
        throw new Error('not now');
      got.push(JSON.parse(data.message.content).text ?? data.message.message_id);
    },
    'card.action.trigger': async data => { got.push(data.action.value.reply); return { toast: { type: 'info', content: 'heard' } }; },
  });
  const ready = Promise.withResolvers(), socket = new lark.WSClient({ ...quiet, onReady: ready.resolve });
  await socket.start({ eventDispatcher });
  await ready.promise;                        // before it listens, what comes is lost
  await control('message', { from: 'ou_ada', text: 'whole' });
  await until('the message', () => got.length === 1);
  await control('message', { from: 'ou_ada', text: 'in parts '.repeat(30), parts: 3 });
  await until('the parts', () => got.length === 2);
  await control('message', { from: 'ou_ada', type: 'post', content: { title: 't', content: [] }, message_id: 'om_post' });
  await until('the one that failed once', () => got.length === 3);
  const card = await client.im.v1.message.create({ params: { receive_id_type: 'chat_id' }, data: { receive_id: 'oc_1', msg_type: 'interactive', content: JSON.stringify({
    schema: '2.0', body: { elements: [{ tag: 'button', text: { tag: 'plain_text', content: 'Yes' }, behaviors: [{ type: 'callback', value: { reply: 'yes 1' } }] }] } }) } });
  await control('press', { message_id: card.data.message_id, button: 0, from: 'ou_ada' });
  await until('the press', () => got.length === 4);
  equal(got, ['whole', 'in parts '.repeat(30), 'om_post', 'yes 1']);
  const state = await until('the acknowledgements', async () => { const s = await control('state'); return s.pending === 0 && s; });
  equal(state.acks.map(a => a.code), [200, 200, 500, 200, 200]);
  equal(state.acks.at(-1).reply, { toast: { type: 'info', content: 'heard' } });
  socket.close({ force: true });
});

await test('webhooks are sealed and signed as the library checks them', async () => {
  const got = [];
  const dispatcher = new lark.EventDispatcher({ encryptKey: account.encrypt_key, loggerLevel: lark.LoggerLevel.fatal })
    .register({ 'im.message.receive_v1': async data => { got.push(JSON.parse(data.message.content).text); } });
  for (const wrong of [undefined, 'signature']) {
    const { body, headers } = await control('message', { from: 'ou_ada', text: String(wrong), over: 'nowhere', signed: true, wrong });
    await dispatcher.invoke(Object.assign(Object.create({ headers }), JSON.parse(body)));
  }
  equal(got, ['undefined']);
});

await finish();
