#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The real gateway with a model of its own: a llama-server, played by tests/doubles/llama_server_double.py.  argv[1]: the program."""
import http.server
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

PROGRAM = os.path.abspath(sys.argv.pop(1))
DOUBLE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'doubles/llama_server_double.py')


def is_alive(pid):
    try:
        with open(f'/proc/{pid}/stat', encoding='utf-8') as f:
            return f.read().rsplit(')', 1)[1].split()[0] not in 'ZX'
    except FileNotFoundError:
        return False


class LocalModel(unittest.TestCase):
    def setUp(self):
        self.home = tempfile.mkdtemp(prefix='clawdbot-local-')
        self.addCleanup(shutil.rmtree, self.home)
        self.note = os.path.join(self.home, 'note')
        self.model = os.path.join(self.home, 'tiny-Q4_0.gguf')
        with open(self.model, 'w', encoding='utf-8') as f:
            f.write('GGUF and so on')

    def words(self, *arguments, **settings):
        return ['--home', os.path.join(self.home, 'state')] + [f'--set={path.replace("__", ".")}={value}' for path, value in {
            'server__port': 0, 'model__engine': 'llama.cpp', 'model__path': self.model, 'model__binary': DOUBLE,
            'model__arguments': json.dumps(['--double-note', self.note, *arguments]), 'server__drain_timeout': '1s', **settings}.items()]

    def env(self):
        return {'PATH': os.environ['PATH'], 'HOME': self.home, 'LANG': 'C.UTF-8'}

    def start(self, *arguments, **settings):
        with open(os.path.join(self.home, 'log'), 'ab') as log:
            # pylint: disable-next=consider-using-with
            gateway = subprocess.Popen([PROGRAM, 'gateway', *self.words(*arguments, **settings)], env=self.env(), cwd=self.home,
                                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True)
        self.addCleanup(gateway.stdout.close)
        self.addCleanup(gateway.wait)
        self.addCleanup(gateway.kill)
        for line in gateway.stdout:
            if ' is at http' in line:
                return gateway
        with open(os.path.join(self.home, 'log'), encoding='utf-8') as f:
            self.fail(f'the gateway did not start: {f.read()[-2000:]}')

    def run_cli(self, *words, stderr=subprocess.STDOUT):
        return subprocess.run([PROGRAM, *words, '--home', os.path.join(self.home, 'state')], env=self.env(), stdout=subprocess.PIPE,
                              stderr=stderr, text=True, timeout=30, check=False)

    def read_json(self, *words):
        return json.loads(self.run_cli(*words, stderr=subprocess.DEVNULL).stdout)

    def say(self, text):
        done = self.run_cli('send', text)
        return done.stdout.strip()

    def status(self):
        return self.read_json('status', '--json')['model']

    def noted(self, word):
        if not os.path.exists(self.note):
            return []
        with open(self.note, encoding='utf-8') as f:
            return [line.split() for line in f if line.startswith(word)]

    def wait_until(self, true, what):
        end = time.monotonic() + 10
        while not true():
            self.assertLess(time.monotonic(), end, what)
            time.sleep(0.02)

    def test_it_answers_survives_its_death_and_ends_with_the_gateway(self):
        gateway = self.start('--double-load', '0.3')
        self.assertEqual(self.noted('start'), [], 'started before anybody needed it')
        self.assertIn('word0 word1', self.say('hello'))
        status = self.status()
        self.assertEqual((status['label'], status['local']['state']), ('local/tiny-Q4_0', 'ready'))
        first = status['local']['pid']
        os.kill(first, signal.SIGKILL)
        self.assertIn('word0 word1', self.say('are you there?'))
        second = self.status()['local']['pid']
        self.assertNotEqual(first, second)
        gateway.send_signal(signal.SIGTERM)
        self.assertEqual(gateway.wait(10), 0)
        self.wait_until(lambda: not is_alive(second), 'it outlives the gateway')

    def test_a_gateway_that_is_killed_leaves_no_orphan(self):
        gateway = self.start(model__start='boot')
        self.wait_until(lambda: self.noted('start'), 'not started at boot')
        pid = int(self.noted('start')[0][1])
        gateway.kill()
        gateway.wait()
        self.wait_until(lambda: not is_alive(pid), 'it outlives the gateway')

    def test_what_is_missing_is_told_in_one_line(self):
        self.start(model__binary='')
        answer = self.say('hello')
        self.assertIn('llama-server is not installed', answer)
        self.assertIn('https://github.com/ggml-org/llama.cpp/releases', answer)

    def test_models_are_listed_and_tried_with_and_without_a_gateway(self):
        for settings in self.words('--double-pause', '0.02'), []:
            listed = self.read_json('models', 'list', '--json', *settings[2:])['servers']
            local = [s for s in listed if s['name'] == 'local']
            self.assertEqual([(m['label'], m['context'], m['roles']) for m in local[0]['models']],
                             [('local/tiny-Q4_0', 16384, ['main', 'fast', 'vision'])])
            tried = self.run_cli('models', 'test', *settings[2:])
            self.assertRegex(tried.stdout, r'^local/tiny-Q4_0 .*first token after 0\.\d\d s, \d+\.\d tokens a second, tools: yes\n$')
            self.assertEqual(tried.returncode, 0)
            wrong = self.run_cli('models', 'test', 'nonsense', *settings[2:])
            self.assertEqual(wrong.returncode, 1)
            self.assertIn('the local model is tiny-Q4_0', wrong.stdout)
            if settings:
                self.start('--double-pause', '0.02')
        self.assertRegex(self.run_cli('status').stdout, r'local +tiny-Q4_0: ready, 0 of 2 slots busy, 0 waiting')
        self.assertEqual(len(self.noted('start')), 2, 'one for the command, one for the gateway')

    def test_what_cannot_be_tried_is_told(self):
        tried = self.run_cli('models', 'test', *self.words(model__quant='Q8_0')[2:])
        self.assertEqual(tried.returncode, 1)
        self.assertIn('is not of model.quant Q8_0', tried.stdout)
        self.assertIn('1 of 1 model did not answer', tried.stdout)
        self.assertIn('no model is in use', self.run_cli('models', 'test').stdout)

    def test_servers_are_asked_side_by_side_what_they_have(self):
        class Vllm(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_GET(self):
                text = json.dumps({'object': 'list', 'data': [{'id': 'qwen3', 'max_model_len': 8192}] + [
                    {'id': f'm{i}'} for i in range(20)]}).encode()
                self.send_response(200)
                self.send_header('Content-Length', str(len(text)))
                self.end_headers()
                self.wfile.write(text)

        server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Vllm)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        settings = [f"--set=models.providers={{gpu: {{endpoint: 'http://127.0.0.1:{server.server_port}'}}, "
                    "gone: {endpoint: 'http://127.0.0.1:9'}}", '--set=models.main=gpu/qwen3,gpu/qwen4,gone/x']
        servers = {s['name']: s for s in self.read_json('models', 'list', '--json', *settings)['servers']}
        self.assertEqual([(m['label'], m['context'], m['roles'], m.get('unlisted')) for m in servers['gpu']['models'] if m['roles']],
                         [('gpu/qwen3', 8192, ['main', 'fast', 'vision'], None), ('gpu/qwen4', 0, ['main', 'fast', 'vision'], True)])
        self.assertIn('127.0.0.1', servers['gone']['error'])
        shown = self.run_cli('models', 'list', *settings).stdout
        self.assertIn('and 8 more; --all lists them', shown)
        self.assertIn('gpu/m19', self.run_cli('models', 'list', '--all', *settings).stdout)

    def test_many_conversations_are_admitted_and_take_turns(self):
        gateway = self.start('--double-pause', '0.02', model__slots='2', model__start='boot')
        answers = []
        people = [threading.Thread(target=lambda i=i: answers.append(self.say(f'number {i}'))) for i in range(12)]
        for p in people:
            p.start()
        for p in people:
            p.join()
        self.assertEqual([a for a in answers if 'word4' not in a], [])
        self.assertLessEqual(max(int(line[-2]) for line in self.noted('answer')), 2)
        self.assertIsNone(gateway.poll())


result = unittest.main(exit=False).result
bad = len(result.failures) + len(result.errors)
print(f'{result.testsRun - bad} passed, {bad} failed')
sys.exit(bad != 0)
