// SPDX-License-Identifier: Apache-2.0
// /v1 as the official clients of OpenAI and Anthropic and the Vercel AI SDK use it, unchanged, against the real gateway.
// The assistant's model is the echoing double; the models that are called by name are aimock's.
import { createRequire } from 'node:module';
import { Gateway, check, equal, finish, startModel, test } from './gateway.mjs';

const require = createRequire(new URL('../npm/', import.meta.url));
const { default: Anthropic } = require('@anthropic-ai/sdk');
const { default: OpenAI } = require('openai');
const { LLMock } = require('@copilotkit/aimock');
const { createAnthropic } = require('@ai-sdk/anthropic');
const { createOpenAI } = require('@ai-sdk/openai');
const { createOpenAICompatible } = require('@ai-sdk/openai-compatible');
const { generateText, jsonSchema, stepCountIs, streamText, tool } = require('ai');

globalThis.AI_SDK_LOG_WARNINGS = false;
const mock = new LLMock({ port: 0 });
const weather = { name: 'weather', description: 'What the weather is', parameters: { type: 'object', properties: { city: { type: 'string' } } } };
mock.on({ userMessage: 'weather', hasToolResult: false }, { toolCalls: [{ name: 'weather', arguments: { city: 'Paris' } }, { name: 'weather', arguments: { city: 'Rome' } }] });
mock.on({ userMessage: 'weather', hasToolResult: true }, { content: 'Sunny in both.' });
mock.onMessage('think', { content: 'The answer is 42.', reasoning: 'six times seven' });
mock.onMessage('busy', { error: { message: 'Slow down', type: 'rate_limit_error', code: 'rate_limit_exceeded' }, status: 429 });
mock.onMessage('gone', { error: { message: 'No such model', type: 'invalid_request_error', code: 'model_not_found' }, status: 404 });
mock.onMessage('slow', { content: 'This answer takes its time to come.' }, { chunkSize: 5, latency: 300 });
mock.onMessage('cut', { content: 'This answer is going to be cut in its middle.' }, { truncateAfterChunks: 3, chunkSize: 5, latency: 30 });
mock.onMessage(/./, { content: 'Hello 你好 🙂' });
mock.onEmbedding(/./, { embedding: [0.5, -1, 0.25] });
await mock.start();

const g = await new Gateway({ 'model_provider.endpoint': await startModel('--deltas', '3', '--delta-interval-ms', '5', '--obey'),
  'model_provider.model': 'double', 'model_provider.retries': 0, 'models.embedding': 'mock/text-embedding-3-small',
  'models.breaker.failures': 0, 'models.providers': JSON.stringify({ mock: { endpoint: `${mock.url}/v1`, api_key: 'k' } }),
  agents: JSON.stringify([{ name: 'cook', persona: 'You cook.' }]), 'server.rate_limit.per_token': 0, 'server.rate_limit.per_address': 0 }).start();
const openai = new OpenAI({ baseURL: `${g.url}/v1`, apiKey: g.token, maxRetries: 0 });
const anthropic = new Anthropic({ baseURL: g.url, apiKey: g.token, maxRetries: 0 });
const echo = t => `echo: ${t} word1 word2`;
const user = content => [{ role: 'user', content }];
const failure = promise => promise.then(() => { throw new Error('it went well'); }, e => e);

async function collect(stream, piece) {
  let all = '';
  for await (const event of stream)
    all += piece(event) ?? '';
  return all;
}

await test('the assistant and the models are listed', async () => {
  const ids = (await openai.models.list()).data.map(m => m.id);
  equal(ids, ['clawdbot', 'clawdbot/cook', 'main', 'double', 'fast', 'vision', 'embedding', 'mock/text-embedding-3-small']);
  equal((await openai.models.retrieve('mock/text-embedding-3-small')).object, 'model');
  equal((await failure(openai.models.retrieve('nobody'))).code, 'model_not_found');
  equal((await failure(openai.chat.completions.create({ model: 'clawdbot/nobody', messages: user('hi') }))).param, 'model');
});

await test('chat completions: the assistant answers, whole and streamed', async () => {
  const whole = await openai.chat.completions.create({ model: 'clawdbot', messages: user('one') });
  equal([whole.object, whole.model, whole.choices[0].message.content, whole.choices[0].finish_reason],
    ['chat.completion', 'clawdbot', echo('one'), 'stop']);
  equal(whole.usage.total_tokens, 13);
  const stream = openai.chat.completions.stream({ model: 'clawdbot', messages: user('two'), stream_options: { include_usage: true } });
  let pieces = 0;
  stream.on('content', () => pieces++);
  const streamed = await stream.finalChatCompletion();
  equal([streamed.choices[0].message.content, streamed.usage.total_tokens], [echo('two'), 13]);
  check(pieces >= 3, `in ${pieces} pieces`);
  equal((await openai.chat.completions.create({ messages: user('/help') })).choices[0].finish_reason, 'stop');
});

await test('the assistant runs its own tools', async () => {
  let id;
  const text = await collect(await openai.chat.completions.create({ model: 'clawdbot', stream: true, messages: user('call list_dir {"path":"."}') }),
    c => { id = parseInt(c.id.slice(-12), 16); return c.choices[0]?.delta.content; });
  equal(text, echo('call list_dir {"path":"."}'));
  const { journal } = await (await g.fetch(`/api/v1/admin/messages/inbox/${id}`)).json();
  equal(journal.map(j => j.kind), ['reply', 'call', 'result', 'reply']);
});

async function sessionsNamed(name) {
  const { sessions } = await (await g.fetch('/api/v1/sessions?platform=openai&limit=100')).json();
  return sessions.filter(s => s.chat_id === name);
}

await test('`user` or a header names the session, an answer\'s id goes on with it, and a key makes it once', async () => {
  const ask = (body, options) => openai.chat.completions.create({ model: 'clawdbot', messages: user('hello'), ...body }, options);
  const { response } = await ask({ user: 'anna' }).withResponse();
  await ask({ user: 'anna' });
  await ask({ user: 'anna' }, { headers: { 'X-Clawdbot-Session': 'kitchen' } });
  await ask({ user: 'anna', model: 'clawdbot/cook' });
  const [anna, cook] = (await sessionsNamed('anna')).sort((a, b) => a.agent.localeCompare(b.agent));
  equal(response.headers.get('x-clawdbot-session'), anna.id);
  equal([anna.agent, cook.agent, (await sessionsNamed('kitchen')).length], ['', 'cook', 1]);
  const { messages } = await (await g.fetch(`/api/v1/sessions/${anna.id}/messages`)).json();
  equal(messages.map(m => m.text ?? m.content?.text), ['hello', echo('hello'), 'hello', echo('hello')]);
  const first = await openai.responses.create({ model: 'clawdbot', input: 'first' });
  const next = await openai.responses.create({ model: 'clawdbot', input: 'next', previous_response_id: first.id });
  equal(next.id.slice(0, 37), first.id.slice(0, 37));
  const key = { headers: { 'Idempotency-Key': 'once' } };
  const [a, b] = [await ask({}, key), await ask({}, key)];
  equal(a.id, b.id);
});

await test('what has to be allowed first is asked in the conversation, and goes on with the answer', async () => {
  const ask = async text => (await openai.chat.completions.create({ model: 'clawdbot', user: 'asker', messages: user(text) })).choices[0].message.content;
  const question = await ask('call exec {"command":"rm -rf x"}');
  const code = question.match(/`yes (\d+)`/)[1];
  const answer = await ask(`no ${code}`);
  check(answer.includes(echo('call exec {"command":"rm -rf x"}')), answer);
});

await test('a model by its name is passed the caller\'s tools, and its results', async () => {
  const tools = [{ type: 'function', function: weather }];
  const first = await openai.chat.completions.create({ model: 'mock/gpt-5', messages: user('weather'), tools, temperature: 0.5, stop: ['X'],
    max_tokens: 77, tool_choice: 'required', response_format: { type: 'json_schema', json_schema: { name: 'w', schema: { type: 'object' } } } });
  const { tool_calls: calls, content } = first.choices[0].message;
  equal([first.choices[0].finish_reason, content, calls.map(c => JSON.parse(c.function.arguments).city)], ['tool_calls', null, ['Paris', 'Rome']]);
  const sent = mock.getLastRequest().body;
  equal([sent.model, sent.temperature, sent.stop, sent.max_tokens, sent.tool_choice, sent.response_format.json_schema.name, sent.messages.length],
    ['gpt-5', 0.5, ['X'], 77, 'required', 'w', 1]);
  const stream = openai.chat.completions.stream({ model: 'mock/gpt-5', tools, messages: [...user('weather'), first.choices[0].message,
    ...calls.map(c => ({ role: 'tool', tool_call_id: c.id, content: 'sunny' }))] });
  equal((await stream.finalChatCompletion()).choices[0].message.content, 'Sunny in both.');
  equal(mock.getLastRequest().body.messages.map(m => m.role), ['user', 'assistant', 'tool', 'tool']);
});

await test('the assistant with the caller\'s tools is its persona, and runs none', async () => {
  const r = await openai.chat.completions.create({ model: 'clawdbot', tools: [{ type: 'function', function: weather }],
    messages: user('call weather {"city":"Oslo"}') });
  const { tool_calls: [call] } = r.choices[0].message;
  equal(call.function.name, 'weather');
  const last = await openai.chat.completions.create({ model: 'clawdbot', messages: [...user('call weather {"city":"Oslo"}'), r.choices[0].message,
    { role: 'tool', tool_call_id: call.id, content: 'rain' }] });
  check(last.choices[0].message.content.startsWith('echo: '), JSON.stringify(last));
});

await test('images go to the model', async () => {
  const url = 'data:image/png;base64,iVBORw0KGgo=';
  await openai.chat.completions.create({ model: 'mock/gpt-5', messages: user([{ type: 'text', text: 'look' }, { type: 'image_url', image_url: { url } }]) });
  equal(mock.getLastRequest().body.messages[0].content[1].image_url.url, url);
});

await test('responses: the events come in order, and make the whole', async () => {
  const stream = openai.responses.stream({ model: 'mock/gpt-5', input: 'weather', tools: [{ type: 'function', ...weather, strict: false }] });
  const names = [];
  stream.on('event', e => names.push(e.type));
  const streamed = await stream.finalResponse();
  equal(streamed.output.map(o => [o.type, o.name, JSON.parse(o.arguments).city]), [['function_call', 'weather', 'Paris'], ['function_call', 'weather', 'Rome']]);
  equal([names[0], names.at(-1)], ['response.created', 'response.completed']);
  const whole = await openai.responses.create({ model: 'mock/gpt-5', instructions: 'Be kind.', input: [{ role: 'user', content: 'weather' }, ...streamed.output,
    ...streamed.output.map(o => ({ type: 'function_call_output', call_id: o.call_id, output: 'sunny' }))] });
  equal(whole.output_text, 'Sunny in both.');
  equal(mock.getLastRequest().body.messages.map(m => m.role), ['system', 'user', 'assistant', 'tool', 'tool']);
  equal((await openai.responses.stream({ model: 'clawdbot', input: 'hi' }).finalResponse()).output_text, echo('hi'));
});

await test('messages: text, thoughts and tools as Anthropic has them', async () => {
  const thought = await anthropic.messages.create({ model: 'mock/gpt-5', max_tokens: 99, messages: user('think') });
  equal(thought.content.map(b => [b.type, b.thinking ?? b.text]), [['thinking', 'six times seven'], ['text', 'The answer is 42.']]);
  const thinking = anthropic.messages.stream({ model: 'mock/gpt-5', max_tokens: 99, messages: user('think') });
  const order = [];
  thinking.on('streamEvent', e => order.push(e.delta?.type ?? e.content_block?.type ?? e.type));
  equal((await thinking.finalMessage()).content.map(b => b.thinking ?? b.text), ['six times seven', 'The answer is 42.']);
  check(order.indexOf('thinking_delta') < order.indexOf('text_delta'), order.join());
  const tools = [{ name: 'weather', input_schema: weather.parameters }];
  const first = await anthropic.messages.stream({ model: 'mock/gpt-5', max_tokens: 99, system: 'Be kind.', tools, messages: user('weather') }).finalMessage();
  equal([first.stop_reason, first.content.map(b => b.input.city)], ['tool_use', ['Paris', 'Rome']]);
  check(first.usage.output_tokens > 0, JSON.stringify(first.usage));
  const last = await anthropic.messages.create({ model: 'mock/gpt-5', max_tokens: 99, tools, messages: [...user('weather'), { role: 'assistant', content: first.content },
    { role: 'user', content: first.content.map(b => ({ type: 'tool_result', tool_use_id: b.id, content: 'sunny' })) }] });
  equal([last.content[0].text, last.stop_reason], ['Sunny in both.', 'end_turn']);
  equal((await anthropic.messages.stream({ model: 'clawdbot', max_tokens: 99, messages: user('hi') }).finalMessage()).content[0].text, echo('hi'));
  check((await anthropic.messages.countTokens({ model: 'clawdbot', messages: user('hello there') })).input_tokens >= 3);
});

await test('the Vercel AI SDK talks by each of its providers, and runs its tools', async () => {
  const models = {
    responses: createOpenAI({ baseURL: `${g.url}/v1`, apiKey: g.token })('mock/gpt-5'),
    chat: createOpenAI({ baseURL: `${g.url}/v1`, apiKey: g.token }).chat('mock/gpt-5'),
    compatible: createOpenAICompatible({ name: 'clawdbot', baseURL: `${g.url}/v1`, apiKey: g.token })('mock/gpt-5'),
    anthropic: createAnthropic({ baseURL: `${g.url}/v1`, apiKey: g.token })('mock/gpt-5'),
  };
  for (const [name, model] of Object.entries(models)) {
    const cities = [];
    const tools = { weather: tool({ inputSchema: jsonSchema(weather.parameters), execute: ({ city }) => { cities.push(city); return 'sunny'; } }) };
    const r = await generateText({ model, prompt: 'weather', tools, stopWhen: stepCountIs(3), maxRetries: 0 });
    equal([r.text, cities.sort()], ['Sunny in both.', ['Paris', 'Rome']], name);
    equal(await collect(streamText({ model, prompt: 'hello', maxRetries: 0 }).textStream, t => t), 'Hello 你好 🙂', name);
  }
});

await test('embeddings come as floats or base64', async () => {
  for (const encoding_format of ['float', 'base64', undefined]) {
    const { data } = await openai.embeddings.create({ model: 'embedding', input: ['a', 'b'], encoding_format });
    equal(data.length, 2);
    if (encoding_format !== 'base64')
      equal(data[1].embedding, [0.5, -1, 0.25]);
  }
  equal((await failure(openai.embeddings.create({ model: 'embedding', input: [1, 2] }))).param, 'input.0');
});

await test('errors are what each client raises by itself', async () => {
  const chat = body => failure(openai.chat.completions.create({ model: 'mock/gpt-5', messages: user('hello'), ...body }));
  for (const [body, param] of [[{ messages: [] }, 'messages'], [{ messages: [{ role: 'x', content: '' }] }, 'messages.0.role'], [{ temperature: 'warm' }, 'temperature'],
    [{ n: 2 }, 'n'], [{ tools: [{ type: 'function', function: { name: 'a b' } }] }, 'tools.0.function.name'], [{ max_tokens: -1 }, 'max_tokens']]) {
    const e = await chat(body);
    equal([e.constructor.name, e.status, e.type, e.param], ['BadRequestError', 400, 'invalid_request_error', param]);
  }
  const limited = await chat({ messages: user('busy') });
  equal([limited.constructor.name, limited.code], ['RateLimitError', 'rate_limit_exceeded']);
  equal((await chat({ messages: user('gone'), stream: true })).constructor.name, 'NotFoundError');
  equal((await chat({ model: 'clawdbot', messages: user('x'.repeat(1 << 20) + 'y') })).status, 413);
  equal((await failure(new OpenAI({ baseURL: `${g.url}/v1`, apiKey: 'wrong', maxRetries: 0 }).models.list())).code, 'invalid_api_key');
  equal((await failure(openai.chat.completions.create({ messages: user('hi'), response_format: { type: 'json_object' } }))).param, 'response_format');
  const message = body => failure(anthropic.messages.create({ model: 'mock/gpt-5', max_tokens: 9, messages: user('hello'), ...body }));
  equal((await message({ messages: [] })).error.error.type, 'invalid_request_error');
  equal((await message({ messages: user('busy') })).constructor.name, 'RateLimitError');
  equal((await failure(new Anthropic({ baseURL: g.url, apiKey: 'wrong', maxRetries: 0 }).messages.create({}))).constructor.name, 'AuthenticationError');
});

await test('an answer that breaks off in its middle is an error of the stream, in each form', async () => {
  let seen = '';
  const chat = await openai.chat.completions.create({ model: 'mock/gpt-5', stream: true, messages: user('cut') });
  const e = await failure(collect(chat, c => { seen += c.choices[0]?.delta.content ?? ''; }));
  check(seen.startsWith('This') && /cut off|broke|closed/.test(e.message), `${seen} ${e.message}`);
  check(/cut off|broke|closed/.test((await failure(anthropic.messages.stream({ model: 'mock/gpt-5', max_tokens: 9, messages: user('cut') }).finalMessage())).message));
  const responses = await openai.responses.create({ model: 'mock/gpt-5', stream: true, input: 'cut' });
  const types = [];
  await collect(responses, event => { types.push(event.type); }).catch(error => types.push(error.message));
  check(types.some(type => /error|cut off|broke|closed/.test(type)), types.join());
});

await test('who goes away stops the call', async () => {
  const abort = new AbortController();
  const stream = await openai.chat.completions.create({ model: 'mock/gpt-5', stream: true, messages: user('slow') }, { signal: abort.signal });
  const seen = await collect(stream, c => { abort.abort(); return c.choices[0]?.delta.content; }).catch(() => '');
  check(!seen.includes('come'), seen);
  const alive = async () => (await (await g.fetch('/api/v1/admin/fibers')).json()).fibers.filter(f => f.name === 'v1 call').length;
  for (let i = 0; await alive(); i++)
    check(i < 40, 'the call goes on');
});

await g.stop();
await mock.stop();
await finish(g);
