#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A model that answers badly in every way we know of, behind the real gateway: what passes by itself nobody sees, all else is said
clearly, and the conversation goes on afterwards.  argv[1]: the build folder."""
import concurrent.futures
import http.server
import json
import os
import sys
import threading
import time
import uuid

import harness as h


def chunk(**delta):
    return f'data: {json.dumps({"choices": [{"index": 0, "delta": delta}]}, ensure_ascii=False)}\n\n'.encode()


def end(reason='stop'):
    choice = {"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}
    return f'data: {json.dumps(choice)}\n\ndata: [DONE]\n\n'.encode()


def call_of(name, arguments, call_id='c1'):
    return chunk(tool_calls=[{'index': 0, 'id': call_id, 'type': 'function', 'function': {'name': name, 'arguments': arguments}}])


def text(words):
    return chunk(content=words) + end()


class Reply:
    """Pieces that are sent with a pause before each; then the connection ends, as the answer's length is not told."""
    def __init__(self, *pieces, status=200, kind='text/event-stream', pause=0):
        self.pieces, self.status, self.kind, self.pause = pieces, status, kind, pause


def refusal(status, message, **more):
    return Reply(json.dumps({'error': {'message': message, **more}}).encode(), status=status, kind='application/json')


CHARACTER = chunk(content='你好')
TOOL = call_of('exec', '{"command":"echo once >> effects"}')
GOOD = Reply(text('All is well.'))

# What the model says to each message of that name, request by request; after that it is well.
SCRIPTS = {
    'cut in a character': [Reply(CHARACTER[:CHARACTER.index('好'.encode()) + 1])],
    'cut in a string': [Reply(CHARACTER[:30])],
    'cut in a tool call': [Reply(TOOL[:-25])],
    'cut behind a tool call': [Reply(TOOL)],
    'comments for ever': [Reply(*[b': keep-alive\n\n'] * 15, pause=0.2)],
    'an error with 200': [Reply(b'{"error":{"message":"The engine is overloaded","type":"server_error"}}', kind='application/json')],
    'a web page': [Reply(b'<html><head><title>Sign in to WiFi</title></head><body>x</body></html>', kind='text/html')] * 9,
    'no such tool': [Reply(call_of('exce', '{}') + end('tool_calls'))],
    'arguments that are no JSON': [Reply(call_of('exec', '{"command": ls') + end('tool_calls'))],
    'ten megabytes of arguments': [Reply(*[call_of('exec', 'x' * 500000)] * 20)] * 9,
    'nothing': [Reply(end())] * 9,
    'nothing at first': [Reply(end())],
    'the key is revoked': [Reply(TOOL + end('tool_calls')), refusal(401, 'Incorrect API key provided', code='invalid_api_key')],
    'held back': [Reply(end('content_filter'))],
    'cut short': [Reply(end('length'))],
    'busy': [refusal(529, 'Overloaded'), refusal(503, 'Overloaded')],
}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def log_message(self, *_):      # pylint: disable=arguments-differ
        pass

    def do_POST(self):              # pylint: disable=invalid-name
        prompt = json.loads(self.rfile.read(int(self.headers['Content-Length'])))
        name = [m['content'] for m in prompt['messages'] if m['role'] == 'user'][-1].split('\n\n')[-1]    # behind what got no answer
        with self.server.lock:
            asked = self.server.asked.setdefault(name, [])
            asked.append(prompt)
            replies = SCRIPTS.get(name, [])
            reply = replies[len(asked) - 1] if len(asked) <= len(replies) else GOOD
        self.send_response(reply.status)
        self.send_header('Content-Type', reply.kind)
        self.send_header('Connection', 'close')
        self.end_headers()
        try:
            for piece in reply.pieces:
                time.sleep(reply.pause)
                self.wfile.write(piece)
                self.wfile.flush()
        except OSError:
            pass                    # who had heard enough went away
        self.close_connection = True


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 64         # all who knock at once are let in at once


class Scene:
    """A gateway and its model; with `models`, YAML in which PORT is the model's, it is told of several."""
    def __init__(self, models=None, **settings):
        self.server = Server(('127.0.0.1', 0), Handler)
        self.server.lock, self.server.asked = threading.Lock(), {}
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.home = h.tempfile.mkdtemp(prefix='clawdbot-bad-model-')
        if models:
            os.makedirs(f'{self.home}/config')
            with open(f'{self.home}/config/default.yaml', 'w', encoding='utf-8') as f:
                f.write(models.replace('PORT', str(self.server.server_port)))
        else:
            settings = {'model_provider.endpoint': f'http://127.0.0.1:{self.server.server_port}/v1', 'model_provider.model': 'bad',
                        'models.breaker.failures': 0, **settings}
        self.gateway = h.Gateway(self.home, {
            'server.port': 0, 'model_provider.first_token_timeout': '2s', 'model_provider.idle_timeout': '2s',
            'server.rate_limit.per_token': 0, 'server.rate_limit.per_address': 0, **settings})
        self.gateway.start()

    def close(self):
        self.gateway.stop()
        self.server.shutdown()
        self.server.server_close()
        h.World.remove(self.home)
        h.World.remove(self.gateway.logs)

    def say(self, words, session):
        status, answer = self.gateway.ask('/api/v1/messages?mode=wait', 'POST', {'session_id': session, 'content': {'text': words}})
        assert status in (200, 502), (status, answer)
        return answer

    def case(self, name):
        """The answer to it, and how often the model was asked; the conversation has to go on afterwards."""
        session = str(uuid.uuid4())
        answer = self.say(name, session)
        asked = len(self.server.asked[name])
        after = self.say(f'after: {name}', session)
        assert after['text'] == 'All is well.', (name, after)
        for prompts in (self.server.asked[name], self.server.asked[f'after: {name}']):
            check_prompt(prompts[-1])
        return answer['text'], asked

    def effects(self):
        try:
            with open(f'{self.home}/workspace/effects', encoding='utf-8') as f:
                return f.read()
        except FileNotFoundError:
            return ''


def check_prompt(prompt):
    """What every API insists on: each call has its result right behind it, and no result is without a call."""
    waiting = []
    for m in prompt['messages']:
        if m['role'] == 'tool':
            assert m['tool_call_id'] in waiting, m
            waiting.remove(m['tool_call_id'])
        else:
            assert not waiting, (waiting, m)
            waiting = [c['id'] for c in m.get('tool_calls', [])]
        assert m.get('content') or m.get('tool_calls'), m
    assert not waiting


def test_what_passes_by_itself_nobody_sees():
    """cut streams, keep-alives without end, overload, nothing at first: asked again, and answered"""
    names = ['cut in a character', 'cut in a string', 'cut in a tool call', 'cut behind a tool call', 'comments for ever',
             'an error with 200', 'nothing at first', 'busy']
    with concurrent.futures.ThreadPoolExecutor(len(names)) as pool:
        for name, answer in zip(names, pool.map(scene.case, names)):
            assert answer == ('All is well.', 3 if name == 'busy' else 2), (name, answer)
    assert scene.effects() == '', 'a call of an answer that was cut was run'


def test_the_model_is_told_what_was_wrong_with_its_call():
    """a tool that does not exist and arguments that are no JSON are results which the model can mend"""
    for name, want in (('no such tool', 'exec'), ('arguments that are no JSON', 'JSON')):
        words, asked = scene.case(name)
        assert (words, asked) == ('All is well.', 2), (name, words, asked)
        result = scene.server.asked[name][1]['messages'][-1]
        assert result['role'] == 'tool' and want in result['content'], result


def test_what_does_not_pass_is_said():
    """a web page, endless arguments, silence: a clear error, and the conversation goes on"""
    for name, want in (('a web page', 'Sign in to WiFi'), ('ten megabytes of arguments', 'longer than'), ('nothing', 'answer is empty, again and again'),
                       ('held back', 'has held its answer back'), ('cut short', 'limit of length')):
        words, asked = scene.case(name)
        assert want in words and asked < 5, (name, words, asked)


def test_a_key_that_is_revoked_between_two_rounds():
    """what was done stays done and known, once; the person is told of the key"""
    words, asked = scene.case('the key is revoked')
    assert 'Incorrect API key' in words and asked == 2, (words, asked)
    assert scene.effects() == 'once\n'
    after = scene.server.asked['after: the key is revoked'][0]
    assert any(m['role'] == 'tool' for m in after['messages']), after


MODELS = """models:
  providers:
    gone: {endpoint: 'http://127.0.0.1:1/v1'}
    here: {endpoint: 'http://127.0.0.1:PORT/v1'}
  main: [gone/first, here/second]
"""


def test_another_model_answers_when_one_is_gone():
    """nobody sees it; after some failures the one that is gone is not even asked"""
    several = Scene(MODELS, **{'models.breaker.failures': 2, 'models.breaker.pause': '1h'})
    try:
        for i in range(3):
            assert several.say(f'hello {i}', str(uuid.uuid4()))['text'] == 'All is well.'
        metrics = several.gateway.ask('/metrics')[1].splitlines()
        for line in ('clawdbot_model_circuit_state{model="gone/first"} 2',
                     'clawdbot_model_requests_total{model="gone/first",outcome="failed"} 2',
                     'clawdbot_model_requests_total{model="gone/first",outcome="skipped"} 1',
                     'clawdbot_model_requests_total{model="here/second",outcome="ok"} 3'):
            assert line in metrics, [m for m in metrics if 'clawdbot_model' in m]
        assert several.gateway.log('model.passed_over')[0]['model'] == 'gone/first'
    finally:
        several.close()


scene = Scene()
try:
    sys.exit(h.run_tests(test_what_passes_by_itself_nobody_sees, test_the_model_is_told_what_was_wrong_with_its_call,
                         test_what_does_not_pass_is_said, test_a_key_that_is_revoked_between_two_rounds,
                         test_another_model_answers_when_one_is_gone))
finally:
    scene.close()
