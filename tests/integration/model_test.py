#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""complete() and model_find() against aimock, a model server that nobody here wrote.  argv[1]: the program `ask`."""
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest
import urllib.request

NPM = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'npm/node_modules/.bin')
ASK = os.path.abspath(sys.argv.pop(1))

FIXTURES = [
    {'match': {'userMessage': 'hello'}, 'response': {
        'content': 'Hello! 你好 🙂 How can I help you today?',
        'usage': {'prompt_tokens': 12, 'completion_tokens': 9, 'input_tokens': 12, 'output_tokens': 9, 'total_tokens': 21}}},
    {'match': {'userMessage': 'weather', 'hasToolResult': False}, 'response': {'toolCalls': [
        {'name': 'get_weather', 'arguments': {'city': 'Paris'}}, {'name': 'get_weather', 'arguments': {'city': 'Rome'}}]}},
    {'match': {'userMessage': 'weather', 'hasToolResult': True}, 'response': {'content': 'Sunny in both.'}},
    {'match': {'userMessage': 'ponder', 'hasToolResult': False}, 'response': {
        'reasoning': 'Which town?', 'toolCalls': [{'name': 'get_weather', 'arguments': {'city': 'Paris'}}]}},
    {'match': {'userMessage': 'ponder', 'hasToolResult': True}, 'response': {'content': 'Sunny.'}},
    {'match': {'userMessage': 'think'}, 'response': {'content': '42', 'reasoning': 'six times seven'}},
    {'match': {'userMessage': 'plan', 'hasToolResult': False}, 'response': {
        'reasoning': 'which city?', 'toolCalls': [{'name': 'get_weather', 'arguments': {'city': 'Oslo'}}]}},
    {'match': {'userMessage': 'plan', 'hasToolResult': True}, 'response': {'content': 'Go to Oslo.'}},
    {'match': {'userMessage': 'limit'}, 'response': {
        'error': {'message': 'Rate limited', 'type': 'rate_limit_error', 'code': 'rate_limit_exceeded'}, 'status': 429}},
    {'match': {'userMessage': 'key'}, 'response': {
        'error': {'message': 'Incorrect API key', 'type': 'invalid_request_error', 'code': 'invalid_api_key'}, 'status': 401}},
    {'match': {'userMessage': 'cut'}, 'response': {'content': 'This answer is going to be cut in its middle.'},
     'truncateAfterChunks': 6, 'chunkSize': 5, 'latency': 50},
    {'match': {'userMessage': 'slow'}, 'response': {'content': 'This answer takes its time.'}, 'chunkSize': 5, 'latency': 1500},
    {'match': {'userMessage': 'broken'}, 'response': {'content': 'never'}, 'chaos': {'malformedRate': 1}},
    {'match': {'userMessage': 'gone'}, 'response': {'content': 'never'}, 'chaos': {'disconnectRate': 1}},
]


MOCK = {}       # the one server for all classes: its process and its url


def setUpModule():
    with tempfile.NamedTemporaryFile('w', suffix='.json', delete=False) as f:
        json.dump({'fixtures': FIXTURES}, f)
    # pylint: disable-next=consider-using-with
    MOCK['server'] = subprocess.Popen([f'{NPM}/node', f'{NPM}/llmock', '-p', '0', '-f', f.name],
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    for line in MOCK['server'].stdout:
        found = re.search(r'listening on (http://\S+)', line)
        if found:
            MOCK['url'] = found[1]
            break
    os.unlink(f.name)


def tearDownModule():
    MOCK['server'].kill()
    MOCK['server'].communicate()


class Asks(unittest.TestCase):
    """What tests of every API use.  No test of its own."""
    API = ''                    # a provider's name; '': the model is found in the environment
    BASE = '/v1'                # of its endpoint
    MODEL = 'gpt-4o'

    @property
    def endpoint(self):
        return MOCK['url'] + self.BASE

    def ask(self, *words, **more):
        env = {'ASK_API': self.API, 'ASK_URL': self.endpoint, 'ASK_KEY': 'sk-test', 'ASK_MODEL': self.MODEL} if self.API else \
              {'OPENAI_BASE_URL': MOCK['url'], 'OPENAI_API_KEY': 'sk-test', 'OPENAI_MODEL': self.MODEL}
        done = subprocess.run([ASK, *words], env={**env, **more}, stdout=subprocess.PIPE, text=True, timeout=30, check=True)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        self.shown = ''.join(line.get('delta', '') for line in lines)
        self.deltas = sum('delta' in line for line in lines)
        self.replies = [line['reply'] for line in lines if 'reply' in line]
        self.found = lines[0]
        return lines[-1]

    def journal(self):
        with urllib.request.urlopen(MOCK['url'] + '/__aimock/journal') as answer:
            entries = json.load(answer)
        return entries if isinstance(entries, list) else entries['entries']

    def check_error(self, text, code, words, tries=1, **more):
        before = len(self.journal())
        last = self.ask(text, **more)
        self.assertEqual((last.get('error'), self.replies), (code, []), last)
        self.assertIn(words, last['text'])
        self.assertIn(f'model {self.MODEL} at {self.endpoint}: ', last['text'])
        self.assertEqual(len(self.journal()) - before, tries)


class Speaks:
    """What holds for every API: `class Acme(Speaks, Asks)` with its name in API, and what is its own."""

    def test_text_streams_and_is_whole(self):
        self.ask('hello')
        self.assertEqual(self.shown, 'Hello! 你好 🙂 How can I help you today?')
        self.assertGreater(self.deltas, 1)
        reply = self.replies[0]
        self.assertEqual((reply['text'], reply['stop'], reply['model']), (self.shown, 'end', self.MODEL))
        self.assertGreater(reply['usage']['input'], 0)
        self.assertGreater(reply['usage']['output'], 0)

    def test_parallel_calls_are_made_and_their_results_go_back(self):
        self.ask('weather')
        calls = self.replies[0]['calls']
        self.assertEqual([(c['name'], json.loads(c['arguments'])) for c in calls],
                         [('get_weather', {'city': 'Paris'}), ('get_weather', {'city': 'Rome'})])
        self.assertNotEqual(calls[0]['id'], calls[1]['id'])
        self.assertEqual(self.replies[0]['stop'], 'calls')
        self.assertEqual(self.replies[1]['text'], 'Sunny in both.')

    def test_reasoning_is_kept_apart(self):
        self.ask('think')
        self.assertEqual((self.shown, self.replies[0]['reasoning']), ('42', 'six times seven'))

    def test_a_rate_limit_is_told(self):
        self.check_error('limit', 'limit', 'HTTP 429: Rate limited', ASK_TRIES='1')

    def test_a_wrong_key_is_not_tried_again(self):
        self.check_error('key', 'auth', 'HTTP 401: Incorrect API key (check model_provider.api_key')

    def test_a_stream_that_is_cut_is_no_reply(self):
        self.check_error('cut', 'network', '', ASK_TRIES='1')
        self.assertTrue(self.shown and 'This answer is going'.startswith(self.shown[:10]))

    def test_an_answer_that_is_no_json_is_an_error(self):
        self.check_error('broken', 'network', 'cut off', ASK_TRIES='1')


class OpenAI(Speaks, Asks):
    API = 'openai'

    def test_messages_and_tools_are_sent(self):
        self.ask('weather')
        calls = self.replies[0]['calls']
        body = self.journal()[-1]['body']
        self.assertEqual(body['tools'][0]['function']['name'], 'get_weather')
        self.assertEqual([m['role'] for m in body['messages']], ['system', 'user', 'assistant', 'tool', 'tool'])
        self.assertEqual([(m['role'], m.get('tool_call_id'), m.get('content')) for m in body['messages'][3:]],
                         [('tool', calls[0]['id'], 'sunny in Paris'), ('tool', calls[1]['id'], 'sunny in Rome')])


class Ollama(Speaks, Asks):
    API = 'ollama'
    BASE = ''

    def test_text_streams_and_is_whole(self):
        self.ask('hello')
        self.assertEqual(self.shown, 'Hello! 你好 🙂 How can I help you today?')
        self.assertGreater(self.deltas, 1)
        self.assertEqual((self.replies[0]['text'], self.replies[0]['stop']), (self.shown, 'end'))
        self.assertIn('/api/chat', self.journal()[-1]['path'])

    def test_reasoning_is_kept_apart(self):
        self.ask('think')       # which the double sends in a field that Ollama does not have: see the cassette thinking.txt
        self.assertEqual(self.shown, '42')

    def test_messages_and_tools_are_sent(self):
        self.ask('weather')
        body = self.journal()[-1]['body']
        self.assertEqual(body['tools'][0]['function']['name'], 'get_weather')
        self.assertEqual([m['role'] for m in body['messages']], ['system', 'user', 'assistant', 'tool', 'tool'])

    def test_models_are_listed(self):
        self.assertTrue(self.ask('list')['models'])


class OpenAIResponses(Speaks, Asks):
    API = 'openai_responses'

    def test_reasoning_is_kept_for_the_next_request(self):
        self.ask('ponder')
        kept = json.loads(self.replies[0]['kept'])
        self.assertEqual([item['type'] for item in kept['items']], ['reasoning', 'function_call'])
        self.assertTrue(kept['items'][0]['encrypted_content'])
        self.assertEqual(self.replies[1]['text'], 'Sunny.')

    def test_a_vector_and_the_models_are_got(self):
        self.assertGreater(len(self.ask('embed', 'a text')['vector']), 100)
        self.assertIn('gpt-4', self.ask('list')['models'])


class Anthropic(Speaks, Asks):
    API = 'anthropic'
    MODEL = 'claude-sonnet-4-5'

    def test_messages_and_tools_are_sent(self):
        self.ask('weather')
        calls = self.replies[0]['calls']
        self.assertIn('/v1/messages', self.journal()[-1]['path'])
        self.assertEqual([m['role'] for m in self.journal()[-1]['body']['messages']],
                         ['system', 'user', 'assistant', 'tool', 'tool'])   # the double's own reading of it
        self.assertEqual([m['tool_call_id'] for m in self.journal()[-1]['body']['messages'][3:]], [c['id'] for c in calls])

    def test_thoughts_go_back_with_the_results(self):
        self.ask('plan', ASK_EFFORT='high', ASK_QUIRKS='2')     # with a budget, where the double refuses them if they are missing
        self.assertEqual(self.replies[0]['reasoning'], 'which city?')
        self.assertEqual(json.loads(self.replies[0]['kept'])['api'], 'anthropic')
        self.assertEqual(self.shown, 'Go to Oslo.')

    def test_models_are_listed(self):
        self.assertTrue(self.ask('list')['models'])


class Gemini(Speaks, Asks):
    API = 'gemini'
    BASE = '/v1beta'
    MODEL = 'gemini-2.5-flash'

    def test_text_streams_and_is_whole(self):
        self.ask('hello')       # the double does not say which model answered
        self.assertEqual(self.shown, 'Hello! 你好 🙂 How can I help you today?')
        self.assertGreater(self.deltas, 1)
        self.assertEqual((self.replies[0]['text'], self.replies[0]['stop']), (self.shown, 'end'))

    def test_messages_and_tools_are_sent(self):
        self.ask('weather')
        self.assertIn(':streamGenerateContent', self.journal()[-1]['path'])
        self.assertEqual([m['role'] for m in self.journal()[-1]['body']['messages']],
                         ['system', 'user', 'assistant', 'tool', 'tool'])   # the double's own reading of it


class Found(Asks):
    """What is complete()'s and model_find()'s, whatever the API."""

    def test_a_rate_limit_is_tried_again(self):
        self.check_error('limit', 'limit', 'HTTP 429: Rate limited', 3)

    def test_a_model_that_falls_silent_is_a_timeout(self):
        last = self.ask('slow', ASK_TRIES='1')
        self.assertEqual(last.get('error'), 'timeout', last)

    def test_a_connection_that_is_cut_is_tried_again(self):
        self.check_error('gone', 'network', '', 3)

    def test_a_message_without_a_fixture_is_told_in_the_servers_words(self):
        last = self.ask('nothing is known about this')
        self.assertEqual(last.get('error'), 'not_found', last)

    def test_the_first_model_of_the_list_is_taken(self):
        self.ask('hello', OPENAI_MODEL='')
        self.assertEqual(self.found, {'model': 'gpt-4', 'source': 'OPENAI_API_KEY or OPENAI_BASE_URL in the environment'})


result = unittest.main(exit=False).result
bad = len(result.failures) + len(result.errors)
print(f'{result.testsRun - bad} passed, {bad} failed')
sys.exit(bad != 0)
