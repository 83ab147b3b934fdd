#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The program on a command line: what it prints, to the byte, and how it exits.  argv[1]: the program, argv[2]: model_double."""
import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, 'tests/doubles'))
from gateway_double import Gateway  # noqa: E402

PROGRAM = os.path.abspath(sys.argv.pop(1))
MODEL = os.path.abspath(sys.argv.pop(1))
SESSION = '5bd0a1a2-6b0e-4c11-9a51-111111111111'


def turn(*events):
    """A stream: accepted, these events, done."""
    def stream(send):
        send('accepted', {'id': 'm1', 'session_id': SESSION})
        for name, data in events:
            send(name, data)
        send('done', {'state': 'done'})
    return stream


class Cli(unittest.TestCase):
    def setUp(self):
        self.home = tempfile.mkdtemp(prefix='clawdbot-cli-')
        self.addCleanup(shutil.rmtree, self.home)

    def env(self, more=None):
        return {'PATH': os.environ['PATH'], 'HOME': self.home, 'CLAWDBOT_HOME': self.home, 'TERM': 'xterm', 'LANG': 'C.UTF-8',
                **(more or {})}

    def run_cli(self, *words, stdin='', env=None):
        done = subprocess.run([PROGRAM, *words], input=stdin, env=self.env(env), cwd=TOP, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=30, check=False)
        err = ''.join(line for line in done.stderr.splitlines(True) if '"fiber.slow"' not in line)   # a busy machine
        return done.returncode, done.stdout, err

    def check(self, words, want, **how):
        self.assertEqual(self.run_cli(*words, **how), want)


class Usage(Cli):
    def test_alone_it_prints_its_help(self):
        code, out, err = self.run_cli()
        self.assertEqual((code, err), (0, ''))
        self.assertTrue(out.startswith('usage: clawdbot COMMAND [FLAGS]\n'))
        self.assertEqual(self.run_cli('--help'), (0, out, ''))

    def test_what_is_not_known_is_answered_with_what_is_near(self):
        for words, text in (
                (['staus'], "unknown command 'staus'; did you mean 'status'?"),
                (['config', 'shwo'], "unknown command 'config shwo'; did you mean 'config show'?"),
                (['status', '--jsn'], "unknown flag '--jsn'; did you mean '--json'?"),
                (['send', '--sesion', 'x'], "unknown flag '--sesion'; did you mean '--session'?"),
                (['messages', 'show'], 'usage: clawdbot messages show BOX/ID'),
                (['messages', 'show', 'outbox/x'], "'outbox/x' is not the number of a message, as `clawdbot messages list` prints it"),
                (['version', 'x'], "'x' is one word too many; usage: clawdbot version"),
                (['status', '--log-level', 'loud'], "--log-level is debug, info, warn, error or off, not 'loud'")):
            self.check(words, (2, '', f'clawdbot: {text}\n'))

    def test_every_command_has_help_and_json_help(self):
        code, out, _ = self.run_cli('--help', '--json')
        self.assertEqual(code, 0)
        for row in json.loads(out):
            code, text, err = self.run_cli(*row['command'].split(), '--help')
            self.assertEqual((code, err), (0, ''))
            self.assertIn(row['summary'] + '.', text)

    def test_a_wrong_fault_is_told(self):
        code, _, err = self.run_cli('status', env={'CLAWDBOT_FAULT': 'no_such:fail'})
        self.assertEqual(code, 2)
        self.assertTrue(err.startswith('clawdbot: CLAWDBOT_FAULT: '), err)

    def test_without_a_gateway_it_says_so_and_how_to_start_one(self):
        text = f'no gateway is running (looked at {self.home}/run/gateway.sock); start it with `clawdbot gateway`'
        for words in ('status', 'chat', 'send hi', 'messages list', 'debug fibers', 'token new', 'pair X', 'login'):
            self.check(words.split(), (3, '', f'clawdbot: {text}\n'))
            self.check([*words.split(), '--json'],
                       (3, '', json.dumps({'error': {'code': 'network', 'text': text}}, separators=(',', ':')) + '\n'))


class Config(Cli):
    def test_the_samples_are_checked(self):
        where = 'tests/samples/config'
        self.check(['config', 'check'], (0, 'the settings are good\n', ''))
        self.check(['config', 'check', '--config', f'{where}/default.yaml'],
                   (1, f"error: {where}/default.yaml:5:8: the store for 'postgresql://' is not built yet; name a file "
                    '(sqlite:/path/to/clawdbot.db) or leave database.url out\n',
                    'clawdbot: the settings load, and the gateway would not start with them\n'))

    def test_a_wrong_key_is_told_with_its_place(self):
        with open(os.path.join(self.home, 'x.yaml'), 'w', encoding='utf-8') as f:
            f.write('server:\n  prot: 9000\n')
        self.check(['config', 'check', '--config', f'{self.home}/x.yaml'],
                   (1, f"error: {self.home}/x.yaml:2:3: unknown key 'prot' in 'server'; did you mean 'port'?\n",
                    'clawdbot: the settings do not load\n'))

    def test_models_that_cannot_be_are_told_before_the_start(self):
        wrong = 'models.main: deepsek/x: there is no provider \'deepsek\' in models.providers, nor a preset of that name; is \'deepseek\' meant?'
        sets = ['--set', 'models.main=[deepsek/x]']
        self.check(['config', 'check', *sets],
                   (1, f'error: {wrong}\n', 'clawdbot: the settings load, and the gateway would not start with them\n'))
        self.check(['gateway', *sets, '--set', 'server.port=0'], (1, '', f'clawdbot: {wrong}\n'))
        self.check(['config', 'check', '--set', 'models.providers={x: {preset: vllm}}', '--set', 'models.main=[x/m]'],
                   (0, 'the settings are good\n', ''))

    def test_what_is_in_force_is_shown_without_secrets(self):
        env = {'CLAWDBOT_MODEL_PROVIDER_API_KEY': 'sk-very-secret'}
        self.check(['config', 'show', '--set', 'server.port=9000'],
                   (0, 'server.port: 9000  # --set server.port\n'
                    'model_provider.api_key: ***  # environment variable CLAWDBOT_MODEL_PROVIDER_API_KEY\n', ''), env=env)
        self.check(['config', 'show', 'turn.rounds'], (0, 'turn.rounds: 16  # default\n', ''))
        self.check(['config', 'show', 'trun'], (2, '', "clawdbot: there is no setting 'trun'\n"))

    def test_the_schema_is_json(self):
        code, out, _ = self.run_cli('config', 'schema')
        self.assertEqual(code, 0)
        self.assertEqual(json.loads(out)['properties']['server']['properties']['port']['maximum'], 65535)


class Client(Cli):
    def test_status_is_printed(self):
        status = {'version': '0.1.0', 'url': 'http://127.0.0.1:8000', 'ready': True, 'uptime_s': 61, 'home': '/h',
                  'store': {'ok': True, 'failure': '', 'commits': 12, 'mean_commit_us': 291},
                  'queues': {'inbox': {'ready': 2}, 'outbox': {'dead': 1, 'unknown': 2}},
                  'model': {'name': 'm', 'endpoint': 'http://m/v1', 'source': 'OPENAI_API_KEY'},
                  'channels': [{'name': 'telegram', 'state': 'connected', 'text': 'connected', 'since': '2026-11-21T08:35:53.120Z'}],
                  'commands': 'no network but the proxy to 2 hosts (sandbox.network.allow)', 'warnings': ['plain\x1b[2J']}
        with Gateway(self.home, {'GET /api/v1/status': (200, status)}):
            self.check(['status'],
                       (0, 'gateway    ready, version 0.1.0, up 1m1s\naddress    http://127.0.0.1:8000\nhome       /h\n'
                        'store      good, 12 commits of 0.29 ms\nmodel      m at http://m/v1 (OPENAI_API_KEY)\ninbox      2 ready\n'
                        'outbox     1 dead, 2 unknown\n'
                        'telegram   connected: connected, since 2026-11-21T08:35:53\n'
                        'commands   no network but the proxy to 2 hosts (sandbox.network.allow)\n'
                        'attention  1 reply could not be delivered: clawdbot messages list --state dead\n'
                        'attention  2 replies may not have arrived: clawdbot messages list --state unknown\n'
                        'warning    plain\ufffd[2J\n', ''))
            self.assertEqual(json.loads(self.run_cli('status', '--json')[1]), status)
            status.update(store={'ok': False, 'failure': 'disk full'}, model={'error': 'none found'}, queues={}, channels=[], warnings=[])
            self.assertIn('store      cannot be written: disk full\nmodel      none: none found\n', self.run_cli('status')[1])

    def test_a_message_is_sent_and_its_answer_printed(self):
        answer = {'text': 'hello', 'state': 'done', 'session_id': SESSION}
        with Gateway(self.home, {'POST /api/v1/messages?mode=wait': (200, answer)}) as g:
            self.check(['send', 'hi', 'there'], (0, 'hello\n', ''))
            self.check(['send'], (0, 'hello\n', ''), stdin='from stdin\n')
            self.check(['send', '--session', SESSION, 'x'], (0, 'hello\n', ''))
            self.check(['send', ' '], (2, '', 'clawdbot: there is no text to send\n'))
            self.assertEqual([b for _, b in g.asked],
                             [{'content': {'text': 'hi there'}}, {'content': {'text': 'from stdin'}},
                              {'content': {'text': 'x'}, 'session_id': SESSION}])
            answer.update(text='sorry', state='failed')
            self.check(['send', 'hi'], (1, 'sorry\n', ''))

    def test_a_refusal_is_told_in_its_own_words(self):
        with Gateway(self.home, {'POST /api/v1/messages?mode=wait': (429, {'title': 'Too many', 'detail': 'slow down'})}):
            self.check(['send', 'hi'], (1, '', 'clawdbot: slow down\n'))
            self.check(['send', '--json', 'hi'], (1, '', '{"error":{"code":"limit","text":"slow down"}}\n'))
        with Gateway(self.home, {'POST /api/v1/messages?mode=stream': (401, {})}):
            self.check(['send', '--stream', 'hi'], (1, '', 'clawdbot: the gateway answered with status 401\n'))

    def test_the_queues_are_listed_and_acted_on(self):
        row = {'box': 'outbox', 'id': 7, 'state': 'dead', 'created_at': '2026-11-21T08:35:53.120Z', 'platform': 'telegram',
               'text': 'two\nlines', 'error': 'blocked'}
        with Gateway(self.home, {
                'GET /api/v1/admin/messages?box=outbox&limit=20&state=dead': (200, {'messages': [row]}),
                'GET /api/v1/admin/messages/outbox/7': (200, {'id': 7, 'body': {'text': 'x'}}),
                'POST /api/v1/admin/outbox/7/resend': (200, {'id': 7, 'state': 'ready'}),
                'POST /api/v1/admin/inbox/3/drop': (409, {'detail': 'message 3 has ended already: it is done'})}):
            self.check(['messages', 'list', '--box', 'outbox', '--state', 'dead'],
                       (0, 'outbox/7     dead     2026-11-21T08:35:53  telegram  two lines  # blocked\n', ''))
            self.check(['messages', 'show', 'outbox/7'], (0, 'id: 7\nbody.text: x\n', ''))
            self.check(['messages', 'resend', '7'], (0, 'outbox/7: ready\n', ''))
            self.check(['messages', 'drop', 'inbox/3'], (1, '', 'clawdbot: message 3 has ended already: it is done\n'))
            self.check(['messages', 'resend', 'inbox/3'],
                       (2, '', 'clawdbot: only replies are sent again: inbox/3 is not in the outbox\n'))

    def test_fibers_are_printed_as_a_tree(self):
        def fiber(number, parent, name, why):
            return {'id': number, 'parent': parent, 'name': name, 'state': 'parked', 'why': why, 'for_ms': 1500, 'stack': 4096}
        fibers = [fiber(3, 2, 'tool', 'process'), fiber(1, 0, 'main', 'join'), fiber(2, 1, 'turn', '')]
        with Gateway(self.home, {'GET /api/v1/admin/fibers': (200, {'alive': 3, 'fibers': fibers}),
                                 'POST /api/v1/admin/log': (200, {})}) as g:
            self.check(['debug', 'fibers'],
                       (0, 'main #1  parked: join, 1s500ms, stack 4096\n  turn #2  parked, 1s500ms, stack 4096\n'
                        '    tool #3  parked: process, 1s500ms, stack 4096\n', ''))
            self.check(['debug', 'log', 'turn.*', 'debug'], (0, '', ''))
            self.assertEqual(g.asked[-1][1], {'event': 'turn.*', 'level': 'debug'})

    def test_people_are_let_in(self):
        with Gateway(self.home, {'POST /api/v1/admin/pairings/AB%2FC': (200, {'who': 'telegram:1', 'role': 'owner'}),
                                 'GET /api/v1/admin/pairings': (200, {'pairings': []}),
                                 'POST /api/v1/admin/tokens': (201, {'token': 'tok'}),
                                 'POST /api/v1/admin/login-link': (201, {'url': 'http://h/login?code=1'})}):
            self.check(['pair', 'AB/C'], (0, 'telegram:1 may talk to the assistant now, as owner\n', ''))
            self.check(['pair'], (0, 'nobody waits to be let in\n', ''))
            self.check(['token', 'new'], (0, 'tok\n', ''))
            self.check(['login'], (0, 'http://h/login?code=1\n', ''))


class Chat(Cli):
    def test_without_a_terminal_each_line_is_a_turn(self):
        events = turn(('delta', {'text': 'hel'}), ('delta', {'text': 'lo\x1b]0;x\x07'}), ('reply', {'text': 'hello'}))
        with Gateway(self.home, {'GET /health': (200, {}), 'POST /api/v1/messages?mode=stream': (200, events)}) as g:
            self.check(['chat'], (0, 'hello\ufffd]0;x\ufffd\n' * 2, ''), stdin='one\n\n  two  \n')
            said = [b for k, b in g.asked if 'messages' in k]
            self.assertEqual(len({b.pop('external_id') for b in said}), 2)
            self.assertEqual(said, [{'content': {'text': 'one'}}, {'content': {'text': 'two'}, 'session_id': SESSION}])

    def test_a_question_is_shown_and_the_talk_goes_on_when_it_was_answered(self):
        asked = turn(('approval', {'state': 'pending', 'code': '4821', 'text': 'May I do this?'}))
        questions = [{'code': '4821'}]

        def said(send):
            questions.clear()
            turn(('reply', {'text': 'All right.'}))(send)
        ended = turn(('reply', {'text': 'It is done.'}))
        streams = iter([asked, said, ended])
        with Gateway(self.home, {'GET /health': (200, {}),
                                 f'GET /api/v1/approvals?session_id={SESSION}': (200, {'approvals': questions}),
                                 'POST /api/v1/messages?mode=stream': (200, lambda send: next(streams)(send))}) as g:
            self.check(['chat'], (0, 'May I do this?\nAll right.\nIt is done.\n', ''), stdin='/run rm x\nyes 4821\n')
            bodies = [b for k, b in g.asked if 'messages' in k]
            self.assertEqual([b['content']['text'] for b in bodies], ['/run rm x', 'yes 4821', '/run rm x'])
            self.assertEqual(bodies[0]['external_id'], bodies[2]['external_id'])

    def test_a_question_ends_a_single_message(self):
        asked = turn(('approval', {'state': 'pending', 'code': '4821', 'text': 'May I do this?'}))
        with Gateway(self.home, {'POST /api/v1/messages?mode=stream': (200, asked)}):
            self.check(['send', '--stream', 'x'],
                       (1, 'May I do this?\n', 'clawdbot: it waits for your word: clawdbot approvals yes 4821\n'))
        with Gateway(self.home, {'POST /api/v1/messages?mode=wait': (202, {'state': 'waiting', 'approval': {
                'code': '4821', 'text': 'May I do this?'}})}):
            self.check(['send', 'x'], (1, 'May I do this?\n', 'clawdbot: it waits for your word: clawdbot approvals yes 4821\n'))

    def test_questions_are_answered(self):
        with Gateway(self.home, {'GET /api/v1/approvals?limit=1000': (200, {'approvals': [
                {'code': '4821', 'expires_at': '2026-01-01T00:00:00Z', 'platform': 'cli', 'person': 'bob', 'tool': 'exec'}]}),
                                 'POST /api/v1/approvals/4821': (200, {'tool': 'exec', 'state': 'granted'})}) as g:
            self.check(['approvals', 'list'], (0, '4821  until 2026-01-01T00:00:00  cli  bob  exec\n', ''))
            self.check(['approvals', 'yes', '4821', '--session'], (0, 'exec: granted\n', ''))
            self.assertEqual(g.asked[-1][1], {'answer': 'yes', 'scope': 'session'})
            self.check(['approvals', 'no', '4821'], (0, 'exec: granted\n', ''))
            self.assertEqual(g.asked[-1][1], {'answer': 'no', 'scope': 'once'})

    def test_an_answer_that_was_not_streamed_is_printed_once(self):
        events = turn(('reply', {'text': 'all at once'}))
        with Gateway(self.home, {'GET /health': (200, {}), 'POST /api/v1/messages?mode=stream': (200, events)}):
            self.check(['send', '--stream', 'x'], (0, 'all at once\n', ''))

    def test_an_error_in_the_stream_is_an_error(self):
        events = turn(('delta', {'text': 'beg'}), ('error', {'title': 'Model', 'detail': 'the model is gone'}))
        with Gateway(self.home, {'GET /health': (200, {}), 'POST /api/v1/messages?mode=stream': (200, events)}):
            self.check(['chat'], (1, 'beg\n', 'clawdbot: the model is gone\n'), stdin='one\ntwo\n')

    def test_a_stream_that_breaks_is_an_error(self):
        with Gateway(self.home, {'POST /api/v1/messages?mode=stream': (200, lambda send: send('delta', {'text': 'x'}))}):
            self.check(['send', '--stream', 'hi'],
                       (1, 'x\n', 'clawdbot: the gateway went away in the middle of the answer; it goes on when the gateway '
                        'is back\n'))


class Model:
    """A model on a port of its own."""

    def __enter__(self):
        self.process = subprocess.Popen([MODEL], stdout=subprocess.PIPE, text=True)
        return f'http://127.0.0.1:{int(self.process.stdout.readline())}/v1'

    def __exit__(self, *what):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class Setup(Cli):
    def written(self):
        path = os.path.join(self.home, 'config/setup.yaml')
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
        with open(path, encoding='utf-8') as f:
            return [line for line in f.read().splitlines() if not line.startswith('#')]

    def test_a_server_is_named_tried_and_kept(self):
        with Model() as url:
            code, out, err = self.run_cli('setup', stdin=f'zh\n{url}\nkey-for-it\n')
            self.assertEqual((code, err), (0, ''), out)
            self.assertIn('\n  echo: 用一句话打个招呼。\n', out)
            self.assertIn(f'已写入 {self.home}/config/setup.yaml\n', out)
            self.assertEqual(self.written(), ["language: 'zh'", 'model_provider:', f"  endpoint: '{url}'",
                                              "  api_key: 'key-for-it'"])
            self.assertIn(f'ok    model     double at {url} answers', self.run_cli('doctor')[1])
        self.assertIn('fail  model     ', self.run_cli('doctor')[1])

    def test_what_does_not_answer_is_told_and_not_kept(self):
        code, out, _ = self.run_cli('setup', stdin='\nhttp://127.0.0.1:1/v1\n\n')
        self.assertEqual(code, 0)
        self.assertIn('That did not work: ', out)
        self.assertEqual(self.written(), ["language: 'auto'"])

    def test_what_wins_over_it_is_told(self):
        os.makedirs(os.path.join(self.home, 'config'))
        with open(os.path.join(self.home, 'config/default.yaml'), 'w', encoding='utf-8') as f:
            f.write('language: en\n')
        self.assertIn(f'Mind: language is set in {self.home}/config/default.yaml:1:11, which wins.\n',
                      self.run_cli('setup', stdin='3\n')[1])


class Doctor(Cli):
    def test_it_works_without_a_gateway(self):
        os.chmod(self.home, 0o755)
        lines = self.run_cli('doctor', '--set', 'model_provider.detect=false')[1].splitlines()
        self.assertEqual(lines[:3], ['ok    settings  good',
                                     f'warn  home      {self.home} is open to other users: chmod 700 {self.home}',
                                     'ok    gateway   none is running'])
        self.assertIn(f'ok    store     {self.home}/clawdbot.db is made at the first start', lines)
        self.assertIn(f'ok    memory    {self.home}/memory.db is made at the first start', lines)

    def test_a_damaged_store_is_found(self):
        for name in ('clawdbot.db', 'memory.db'):
            with open(os.path.join(self.home, name), 'wb') as f:
                f.write(b'SQLite format 3\0' + b'x' * 5000)
        code, out, err = self.run_cli('doctor', '--json', '--set', 'model_provider.detect=false')
        self.assertEqual(code, 1, err)
        for about in ('store', 'memory'):
            self.assertEqual([x['verdict'] for x in json.loads(out) if x['about'] == about], ['fail'])


class Terminal(Cli):
    """chat with a terminal in front of it."""

    def start(self, *words):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execve(PROGRAM, [PROGRAM, *words], self.env())
        self.seen = ''
        self.addCleanup(self.end)

    def end(self):
        if self.pid:
            os.close(self.fd)
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self.pid = None

    def wait_for(self, pattern):
        limit = time.monotonic() + 20
        while not re.search(pattern, self.seen):
            self.assertTrue(self.read(limit - time.monotonic()), f'no {pattern!r} in {self.seen!r}')

    def read(self, seconds):
        """False when there was nothing, or nobody is there any more."""
        if not select.select([self.fd], [], [], max(0, seconds))[0]:
            return False
        try:
            self.seen += os.read(self.fd, 4096).decode('utf-8', 'replace')
        except OSError:
            return False
        return True

    def type(self, text):
        self.seen = ''
        os.write(self.fd, text.encode())

    def exit_code(self):
        limit = time.monotonic() + 20
        while time.monotonic() < limit:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                os.close(self.fd)
                self.pid = None
                return os.waitstatus_to_exitcode(status)
            self.read(0.1)      # its last words must not fill the terminal
        return self.fail(f'it did not end: {self.seen!r}')

    def test_the_first_chat_offers_a_setup_once(self):
        with Gateway(self.home, {'GET /health': (200, {})}):
            self.start('chat')
            self.wait_for(r'\[Y/n\]')
            self.type('n\r')
            self.wait_for('> ')
            self.type('\x04')
            self.assertEqual(self.exit_code(), 0)
            self.start('chat')
            self.wait_for('> ')
            self.assertNotIn('Nothing is configured', self.seen)

    def test_ctrl_c_stops_the_answer_and_ctrl_d_ends_the_talk(self):
        def endless(send):
            send('accepted', {'id': 'm1', 'session_id': SESSION})
            send('delta', {'text': 'on and on'})
            self.assertTrue(g.stopped.wait(20))
            send('done', {'state': 'done'})
        with Gateway(self.home, {'GET /health': (200, {}), 'POST /api/v1/messages?mode=stream': (200, endless),
                                 f'POST /api/v1/sessions/{SESSION}/stop': (200, {'stopped': True})}) as g:
            os.makedirs(os.path.join(self.home, 'config'))
            with open(os.path.join(self.home, 'config/default.yaml'), 'w', encoding='utf-8') as f:
                f.write('model_provider: {detect: false}\n')     # configured: nothing is offered
            self.start('chat')
            self.wait_for('> ')
            self.type('not this\x03你好\r')       # Ctrl-C while typing clears the line, and no more
            self.wait_for('on and on')
            self.type('\x03')
            self.wait_for('> ')
            self.assertEqual([b['content']['text'] for k, b in g.asked if 'messages' in k], ['你好'])
            self.assertEqual(g.asked[-1][0], f'POST /api/v1/sessions/{SESSION}/stop')
            self.type('\x04')
            self.assertEqual(self.exit_code(), 0)
        path = os.path.join(self.home, 'chat_history')
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)


if __name__ == '__main__':
    result = unittest.main(exit=False, verbosity=0).result
    bad = len(result.failures) + len(result.errors)
    print(f'{result.testsRun - bad} passed, {bad} failed')
    sys.exit(bad != 0)
