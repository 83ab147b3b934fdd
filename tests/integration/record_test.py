#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The record of who did what, and what nobody may read, through the real program.  argv[1]: the program, argv[2]: telegram_double."""
import base64
import csv
import http.server
import io
import json
import os
import pty
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import termios
import threading
import time
import unittest
import urllib.request

PROGRAM = os.path.abspath(sys.argv.pop(1))
TELEGRAM = os.path.abspath(sys.argv.pop(1))


class Home(unittest.TestCase):
    def setUp(self):
        self.home = tempfile.mkdtemp(prefix='clawdbot-record-')
        self.addCleanup(shutil.rmtree, self.home)
        self.gateway = None
        self.addCleanup(self.stop)

    def env(self):
        return {'PATH': os.environ['PATH'], 'HOME': self.home, 'CLAWDBOT_HOME': self.home, 'LANG': 'C.UTF-8'}

    def run_cli(self, *words, stdin=''):
        done = subprocess.run([PROGRAM, *words], input=stdin, env=self.env(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, timeout=60, check=False)
        err = ''.join(line for line in done.stderr.splitlines(True) if '"fiber.slow"' not in line)   # a busy machine
        return done.returncode, done.stdout, err

    def ok(self, *words, stdin=''):
        code, out, err = self.run_cli(*words, stdin=stdin)
        self.assertEqual((code, err), (0, ''), words)
        return out

    def start(self, detect=False):
        self.log = open(os.path.join(self.home, 'gateway.log'), 'a', encoding='utf-8')
        self.addCleanup(self.log.close)
        self.gateway = subprocess.Popen([PROGRAM, 'gateway', '--set', 'server.port=0', '--set', f'model_provider.detect={str(detect).lower()}'],
                                        env=self.env(), stdout=subprocess.PIPE, stderr=self.log, text=True)
        while not self.gateway.stdout.readline().startswith('API token' if not hasattr(self, 'started') else 'Clawdbot'):
            self.assertIsNone(self.gateway.poll())
        self.started = True

    def stop(self):
        if self.gateway:
            self.gateway.send_signal(signal.SIGTERM)
            self.gateway.wait(timeout=60)
            self.gateway.stdout.close()
        self.gateway = None

    def tamper(self, sql):
        with sqlite3.connect(os.path.join(self.home, 'clawdbot.db')) as db:
            db.executescript('DROP TRIGGER IF EXISTS audit_is_not_changed; DROP TRIGGER IF EXISTS audit_is_not_deleted;' + sql)
        db.close()


class Audit(Home):
    def test_the_log_is_read_and_verified_with_and_without_a_gateway(self):
        code, _, err = self.run_cli('audit', 'list')
        self.assertEqual((code, err), (1, f'clawdbot: {self.home}/clawdbot.db is made at the gateway\'s first start\n'))
        self.start()
        self.ok('token', 'new')
        self.ok('login')
        rows = json.loads(self.ok('audit', 'list', '--event', 'access', '--json'))
        self.assertEqual([r['event'] for r in rows], ['access.login_link', 'access.token', 'access.token'])
        self.assertEqual([r['person'] for r in rows], ['owner'] * 3)
        online = self.ok('audit', 'verify')
        head = re.search(r'^head (\S+)$', online, re.M).group(1)
        self.stop()
        self.ok('audit', 'verify', '--head', head)
        last = json.loads(self.ok('audit', 'list', '--limit', '1', '--json'))[0]
        self.assertEqual((last['event'], last['person']), ('gateway.stopping', ''))
        lines = [json.loads(line) for line in self.ok('audit', 'export').splitlines()]
        self.assertEqual([r['id'] for r in lines], list(range(1, len(lines) + 1)))
        out = os.path.join(self.home, 'x.csv')
        self.assertEqual(self.ok('audit', 'export', '--format', 'csv', '--out', out), '')
        with open(out, encoding='utf-8', newline='') as f:
            table = list(csv.DictReader(io.StringIO(f.read())))
        self.assertEqual([r['hash'] for r in table], [r['hash'] for r in lines])
        self.assertEqual(os.stat(out).st_mode & 0o777, 0o600)

    def test_a_change_is_found_and_told_by_all_who_look(self):
        self.start()
        self.ok('token', 'new')
        head = json.loads(self.ok('audit', 'verify', '--json'))['head']
        self.stop()
        self.tamper("UPDATE audit SET person = 'bob' WHERE id = 2")
        text = 'row 2 of the audit log was changed, or the one before it'
        self.assertEqual(self.run_cli('audit', 'verify'), (1, '', f'clawdbot: {text}\n'))
        code, out, _ = self.run_cli('doctor')
        self.assertEqual(code, 1)
        self.assertIn(f'fail  audit     {text}', out)
        self.start()
        self.assertEqual(self.run_cli('audit', 'verify'), (1, '', f'clawdbot: {text}\n'))
        self.stop()
        self.tamper("DELETE FROM audit; DELETE FROM meta WHERE key = 'audit.head'")
        self.ok('audit', 'verify')      # nobody can tell by the new log alone
        code, _, err = self.run_cli('audit', 'verify', '--head', head)
        self.assertEqual(code, 1)
        self.assertRegex(err, 'has 0 rows, and had [0-9]+ when its head was kept')


class Model(http.server.BaseHTTPRequestHandler):
    """Asks for one file of the workspace, then says what it was told."""
    def log_message(self, *_):
        pass

    def answer(self, value):
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.server.keys.append(self.headers.get('Authorization'))
        self.answer({'data': [{'id': 'm'}]})

    def do_POST(self):
        self.server.keys.append(self.headers.get('Authorization'))
        body = self.rfile.read(int(self.headers['Content-Length'])).decode()
        self.server.bodies.append(body)
        last = json.loads(body)['messages'][-1]
        message = {'role': 'assistant', 'content': f"it says: {last['content']}"}
        if last['role'] == 'user':
            message = {'role': 'assistant', 'content': None, 'tool_calls': [
                {'id': 'a', 'type': 'function', 'function': {'name': 'read_file', 'arguments': '{"path": "k"}'}}]}
        self.answer({'choices': [{'message': message, 'finish_reason': 'tool_calls' if last['role'] == 'user' else 'stop'}]})


class Secrets(Home):
    def configure(self, text):
        os.makedirs(os.path.join(self.home, 'config'), exist_ok=True)
        with open(os.path.join(self.home, 'config/default.yaml'), 'w', encoding='utf-8') as f:
            f.write(text)

    def model(self):
        server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Model)
        server.keys, server.bodies = [], []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return server

    def telegram(self):
        double = subprocess.Popen([TELEGRAM], stdout=subprocess.PIPE, text=True)
        self.addCleanup(double.stdout.close)
        self.addCleanup(double.wait)
        self.addCleanup(double.kill)
        return int(double.stdout.readline())

    def found(self, value):
        """The files of the home, the workspace left out, that have the value in them."""
        names = []
        for folder, folders, files in os.walk(self.home):
            folders[:] = [f for f in folders if f != 'workspace']
            for name in files:
                if not os.path.isfile(os.path.join(folder, name)):
                    continue        # the socket
                with open(os.path.join(folder, name), 'rb') as f:
                    if value.encode() in f.read():
                        names.append(name)
        return names

    def test_secrets_are_used_and_are_found_nowhere(self):
        model, telegram = self.model(), self.telegram()
        self.configure(f'model_provider: {{endpoint: "http://127.0.0.1:{model.server_port}/v1", model: m, api_key: {{secret: ai}}}}\n'
                       f'platforms: {{telegram: {{token: {{secret: tg}}, api_url: "http://127.0.0.1:{telegram}"}}}}\n')
        code, _, err = self.run_cli('gateway', '--quiet', '--set', 'server.port=0')
        self.assertEqual(code, 1)
        self.assertIn("'model_provider.api_key' is {secret: ai}: there is no secret \"ai\"", err)
        first, second, token = 'sk-first-0123456789', 'sk-second-9876543210', '123456:kept-token-of-a-bot-AAAA'
        self.ok('secret', 'set', 'ai', stdin=first + '\n')
        self.assertIn('there is no secret "tg"', self.run_cli('config', 'check')[1])
        path = os.path.join(self.home, 'workspace-token')
        with open(path, 'w', encoding='utf-8') as f:
            f.write(token)
        self.ok('secret', 'set', 'tg', '--file', path)
        os.unlink(path)
        self.assertEqual(self.ok('secret', 'list'), 'ai\ntg\n')
        self.assertEqual(self.ok('config', 'check'), 'the settings are good\n')
        self.start(detect=True)
        with open(os.path.join(self.home, 'workspace/k'), 'w', encoding='utf-8') as f:
            f.write(f'{first} {base64.b64encode(("user:" + first).encode()).decode()} {token}\n')
        said = self.ok('send', 'what does the file say?')
        self.assertIn('***ai***', said)
        self.assertIn('***tg***', said)
        self.assertEqual(set(model.keys), {'Bearer ' + first})
        self.assertFalse([b for b in model.bodies if first in b or token in b or base64.b64encode(first.encode()).decode()[4:-4] in b])
        status = json.loads(self.ok('status', '--json'))
        self.assertIn('telegram', json.dumps(status))
        self.ok('secret', 'set', 'ai', stdin=second)        # a running gateway takes it at the next reload
        self.ok('secret', 'rotate')
        self.gateway.send_signal(signal.SIGHUP)
        end = time.monotonic() + 20
        while 'Bearer ' + second not in model.keys and time.monotonic() < end:
            self.ok('send', 'again')
        self.assertIn('Bearer ' + second, model.keys)
        with urllib.request.urlopen(f'http://127.0.0.1:{telegram}/control/state', timeout=10) as answer:
            self.assertGreater(json.load(answer)['polls'], 0)
        for value in (first, second, token):
            self.assertEqual(self.found(value), [], 'while it runs')
        self.stop()
        for value in (first, second, token):
            self.assertEqual(self.found(value), [], 'when it has ended')
        events = [r['event'] for r in json.loads(self.ok('audit', 'list', '--event', 'secret', '--json'))]
        self.assertEqual(events, ['secret.rotate', 'secret.set', 'secret.set', 'secret.set'])

    def test_a_rotation_that_is_killed_loses_nothing(self):
        self.ok('secret', 'set', 'a', stdin='value-of-a')
        key = os.path.join(self.home, 'master.key')
        for fault in ('secrets_key_begun', 'secrets_key_written', 'secrets_rotated'):
            done = subprocess.run([PROGRAM, 'secret', 'rotate'], env={**self.env(), 'CLAWDBOT_FAULT': fault + ':crash'},
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60, check=False)
            self.assertEqual(done.returncode, -signal.SIGKILL, fault)
            self.assertEqual(os.path.exists(key + '.new'), fault != 'secrets_key_begun', fault)
            self.assertEqual(self.ok('secret', 'list'), 'a\n', fault)       # it was decrypted, or this were an error
            self.assertFalse(os.path.exists(key + '.new'), fault)
        for i in range(12):
            p = subprocess.Popen([PROGRAM, 'secret', 'rotate'], env=self.env(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(i * 0.003)
            p.kill()
            p.wait()
            self.assertEqual(self.ok('secret', 'list'), 'a\n', f'killed after {i * 3} ms')
        self.assertEqual(os.stat(key).st_mode & 0o777, 0o600)

    def test_a_key_that_is_wrong_or_missing_is_told_and_nothing_is_lost(self):
        self.ok('secret', 'set', 'a', stdin='value-of-a')
        key = os.path.join(self.home, 'master.key')
        with open(key, encoding='utf-8') as f:
            right = f.read()

        def says(*words):
            code, out, err = self.run_cli('secret', 'list')
            self.assertEqual((code, out), (1, ''))
            for word in words:
                self.assertIn(word, err)
        with open(key, 'w', encoding='utf-8') as f:
            f.write('0' * 64 + '\n')
        says('is not the one that the secrets')
        with open(key, 'w', encoding='utf-8') as f:
            f.write('short')
        says('64 hex digits')
        os.unlink(key)
        says('no master key', 'put back')
        code, out, _ = self.run_cli('doctor')
        self.assertEqual(code, 1)
        self.assertIn('no master key', out)
        with open(key, 'w', encoding='utf-8') as f:
            f.write(right)
        os.chmod(key, 0o644)
        says('can be read by others', 'chmod 600')
        os.chmod(key, 0o600)
        self.assertEqual(self.ok('secret', 'list'), 'a\n')

    def test_a_value_is_never_on_the_command_line_and_typed_unseen(self):
        code, out, err = self.run_cli('secret', 'set', 'a', 'hunter22')
        self.assertEqual((code, out), (2, ''))
        self.assertNotIn('hunter22', err)
        pid, fd = pty.fork()
        if pid == 0:
            os.execve(PROGRAM, [PROGRAM, 'secret', 'set', 'a'], self.env())
        seen = b''
        while b'not shown' not in seen:
            seen += os.read(fd, 1000)
        while termios.tcgetattr(fd)[3] & termios.ECHO:      # what is typed before it is hidden is thrown away
            time.sleep(0.01)
        os.write(fd, b'hunter22\n')
        try:
            while True:
                seen += os.read(fd, 1000)
        except OSError:
            pass
        os.close(fd)
        self.assertEqual(os.waitpid(pid, 0)[1], 0, seen)
        self.assertNotIn(b'hunter22', seen)
        self.assertIn(b'a is set', seen)
        self.assertEqual(self.ok('secret', 'list'), 'a\n')
        self.ok('secret', 'rm', 'a')
        self.assertEqual(self.ok('secret', 'list', '--json'), '[]\n')


def main():
    result = unittest.TextTestRunner(verbosity=1).run(unittest.defaultTestLoader.loadTestsFromModule(sys.modules[__name__]))
    bad = len(result.failures) + len(result.errors)
    print(f'{result.testsRun - bad} passed, {bad} failed')
    return bad != 0


if __name__ == '__main__':
    sys.exit(main())
