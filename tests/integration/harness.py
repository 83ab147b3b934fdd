# SPDX-License-Identifier: Apache-2.0
"""What the tests of the running program share: the gateway as a process that can be killed, the doubles around it, people
who write to it, and the books: what was acknowledged against what came of it."""
import collections
import http.client
import json
import os
import random
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import uuid

BUILD = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else 'build'
PROGRAM = os.path.join(BUILD, 'clawdbot')
LOSSY = os.path.join(BUILD, 'tests/clawdbot-lossy')
OWNER = 1           # the one paired person; every chat is theirs
APPEND = 'exec={"command":"echo %t NAME >> effects"}'


class Unix(http.client.HTTPConnection):
    """HTTP over a unix socket."""
    def __init__(self, path):
        super().__init__('localhost', timeout=20)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def call(connection, method, path, body=None, headers=None):
    """(status, parsed answer).  A broken connection raises OSError or HTTPException, and is closed."""
    try:
        connection.request(method, path, body if body is None or isinstance(body, bytes) else json.dumps(body).encode(),
                           headers or {})
        answer = connection.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if text[:1] in b'[{' and text else text.decode()
    except (OSError, http.client.HTTPException):
        connection.close()
        raise


def wait_until(true, seconds, what):
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise AssertionError(f'{what}: not within {seconds} s')
        time.sleep(0.01)


class Double:
    """One of the programs of tests/doubles."""
    def __init__(self, name, *options):
        self.begin([os.path.join(BUILD, 'tests/doubles', name), *options])

    def begin(self, words):
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())
        self.connection = http.client.HTTPConnection('127.0.0.1', self.port, timeout=20)
        self.lock = threading.Lock()

    def ask(self, path, body=None):
        with self.lock:
            status, answer = call(self.connection, 'GET' if body is None else 'POST', '/control/' + path, body)
        assert status == 200, answer
        return answer

    def close(self):
        self.connection.close()
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class Platform(Double):
    """One of tests/doubles/platforms; double.mjs says what `ask` understands."""
    def __init__(self, name, *options):     # pylint: disable=super-init-not-called
        tests = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..')
        self.begin([os.path.join(tests, 'npm/node_modules/.bin/node'), os.path.join(tests, f'doubles/platforms/{name}.mjs'), *options])
        self.url = f'http://127.0.0.1:{self.port}'

    def log(self, method='', path='', since=0):
        """What arrived (method RECV: frames from the bot; SEND: to it), by the path's beginning."""
        return [e for e in self.ask(f'log/{since}') if method in ('', e['method']) and e['path'].startswith(path)]

    def rule(self, method, do, **more):
        self.ask('rule', {'method': method, 'do': do, **more})

    def event(self, **body):
        return self.ask('event', body)


class Gateway:
    """The program under test, started again and again on one home.  What is written to it goes to the model, whatever the command
    engine learns to understand; a test of the engine says so."""
    def __init__(self, home, settings, program=PROGRAM):
        self.home, self.settings, self.program = home, {'engine.mode': 'model', **settings}, program
        self.socket = os.path.join(home, 'run/gateway.sock')
        self.database = os.path.join(home, 'clawdbot.db')
        self.process = None
        self.starts = self.kills = 0
        self.logs = tempfile.mkdtemp(prefix='clawdbot-proof-logs-')

    def env(self, fault=''):
        return {'PATH': os.environ['PATH'], 'HOME': self.home, 'CLAWDBOT_HOME': self.home, 'LANG': 'C.UTF-8',
                **({'CLAWDBOT_FAULT': fault} if fault else {})}

    def log_path(self, n=None):
        return os.path.join(self.logs, f'{self.starts if n is None else n}')

    def log(self, event, n=None):
        """The events of that name in one run's log (the latest)."""
        with open(self.log_path(n), encoding='utf-8', errors='replace') as f:
            lines = [line for line in f if f'"event":"{event}"' in line]
        return [json.loads(line) for line in lines if line.endswith('}\n')]

    def spawn(self, fault='', **settings):
        """Starts it and does not wait."""
        self.starts += 1
        words = [f'--set={k}={v}' for k, v in {**self.settings, **settings}.items()]
        with open(self.log_path(), 'wb') as log:
            self.process = subprocess.Popen([self.program, 'gateway', *words], env=self.env(fault), stdin=subprocess.DEVNULL,
                                            stdout=subprocess.PIPE, stderr=log, cwd=self.home)

    def ready(self):
        """Waits for its address on stdout; False if it ended before."""
        for line in self.process.stdout:
            if b' is at http' in line:
                return True
        return False

    def start(self, fault='', **settings):
        self.spawn(fault, **settings)
        if not self.ready() and not fault:
            self.process.wait()
            with open(self.log_path(), encoding='utf-8', errors='replace') as f:
                raise AssertionError(f'the gateway did not start, exit status {self.process.returncode}: {f.read()[-2000:]}')

    def died(self, seconds=20):
        """Waits for its end; how it was."""
        code = self.process.wait(seconds)
        self.process.stdout.close()
        if code not in (0, -signal.SIGKILL):
            with open(self.log_path(), encoding='utf-8', errors='replace') as f:
                raise AssertionError(f'the gateway ended with {code}: {f.read()[-3000:]}')
        return code

    def kill(self):
        self.process.kill()
        self.kills += 1
        return self.died()

    def stop(self):
        self.process.terminate()
        return self.died(30)

    def cli(self, *words):
        done = subprocess.run([self.program, *words], env=self.env(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=30, check=False)
        assert done.returncode == 0, (words, done)
        return done.stdout

    def ask(self, path, method='GET', body=None):
        connection = Unix(self.socket)
        try:
            return call(connection, method, path, body)
        finally:
            connection.close()

    def rows(self, box, state='', limit=10000):
        status, answer = self.ask(f'/api/v1/admin/messages?box={box}&state={state}&limit={limit}')
        assert status == 200, answer
        return answer['messages']

    def idle(self):
        """Nothing is left to do: all counts of one moment, as a row that is tried again is now `ready` and now `sending`."""
        status, answer = self.ask('/api/v1/status')
        assert status == 200, answer
        queues = answer['queues']
        return not any(queues[box].get(state) for box, state in
                       (('inbox', 'ready'), ('inbox', 'running'), ('outbox', 'ready'), ('outbox', 'sending')))

    def sql(self, statement):
        """A look into the database of a gateway that does not run."""
        db = sqlite3.connect(self.database)
        try:
            return db.execute(statement).fetchall()
        finally:
            db.close()


class Writer(threading.Thread):
    """Writes numbered messages to one session over REST, each after the one before was acknowledged (202), as often as it
    takes: the same Idempotency-Key again after every failure."""
    def __init__(self, gateway, name, pause, filler=''):
        super().__init__(daemon=True)
        self.gateway, self.name, self.pause, self.filler = gateway, name, pause, filler
        self.session = str(uuid.uuid4())
        self.acknowledged, self.duplicates, self.refused = [], 0, 0
        self.going = threading.Event()
        self.error = None

    def text(self, k):
        return f'{self.name}-{k}' + ('-tools' if k % 10 == 3 and not self.filler else '') + self.filler

    def send(self, connection, text):
        key = text.split()[0]
        body = {'content': {'text': text}, 'session_id': self.session}
        while True:
            try:
                status, answer = call(connection, 'POST', '/api/v1/messages', body, {'Idempotency-Key': key})
            except (OSError, http.client.HTTPException):
                time.sleep(0.003)
                continue
            if status == 503:
                self.refused += 1
                time.sleep(0.02)
                continue
            if status != 202 or answer['state'] == 'expired':
                raise AssertionError(f'{text}: {status} {answer}')
            self.duplicates += answer['duplicate']
            return

    def run(self):
        connection = Unix(self.gateway.socket)
        try:
            k = 0
            while not self.going.is_set():
                text = self.text(k)
                self.send(connection, text)
                self.acknowledged.append(text)
                k += 1
                self.going.wait(self.pause)
        except BaseException as e:      # pylint: disable=broad-except
            self.error = e
        connection.close()


class Chatter(threading.Thread):
    """Writes numbered messages to the Telegram double, in turn to each chat."""
    def __init__(self, double, chats, pause, slow=0):
        super().__init__(daemon=True)
        self.double, self.chats, self.pause, self.slow = double, chats, pause, slow
        self.sent = collections.defaultdict(list)       # texts by chat
        self.going = threading.Event()
        self.error = None

    def write(self, chat, text, **more):
        self.double.ask('message', {'chat_id': chat, 'from': {'id': OWNER, 'is_bot': False, 'first_name': 'Owner'}, 'text': text, **more})
        self.sent[chat].append(text)

    def run(self):
        try:
            k = 0
            while not self.going.is_set():
                for chat in self.chats:
                    word = '-tools' if k % 10 == 7 else '-slow' if self.slow and k % self.slow == 1 else ''
                    self.write(chat, f'c{chat}-{k}{word}')
                k += 1
                self.going.wait(self.pause)
        except BaseException as e:      # pylint: disable=broad-except
            self.error = e


class Hook(Chatter):
    """Telegram calling the webhook: an update again and again until it is answered with 200."""
    SECRET = 'hook-secret'

    def __init__(self, gateway, double, chats, pause):
        super().__init__(double, chats, pause)
        self.gateway, self.connection, self.refused, self.updates = gateway, Unix(gateway.socket), 0, 0

    def write(self, chat, text, **more):
        self.updates += 1
        update = {'update_id': self.updates, 'message': {
            'message_id': 5000000 + self.updates, 'date': int(time.time()), 'chat': {'id': chat, 'type': 'private'},
            'from': {'id': OWNER, 'is_bot': False, 'first_name': 'Owner'}, 'text': text, **more}}
        while True:
            try:
                status, _ = call(self.connection, 'POST', '/webhook/telegram', update, {'X-Telegram-Bot-Api-Secret-Token': self.SECRET})
            except (OSError, http.client.HTTPException):
                time.sleep(0.003)
                continue
            if status == 200:
                break
            assert status == 503, status
            self.refused += 1
            time.sleep(0.02)
        self.sent[chat].append(text)


class World:
    """A gateway between the two doubles, with people writing; and what can be said against it at the end."""
    def __init__(self, program=PROGRAM, model=(), home=None, **settings):
        self.home = home or tempfile.mkdtemp(prefix='clawdbot-proof-')
        self.own_home = home is None
        self.model = Double('model_double', '--tool-word', '-tools', '--slow-word', '-slow', '--call', APPEND.replace('NAME', 'one'),
                            '--call', 'list_dir={}', '--call', APPEND.replace('NAME', 'two'), *(model or ('--delay-ms', '3')))
        self.telegram = Double('telegram_double')
        self.gateway = Gateway(self.home, {
            'server.port': 0, 'model_provider.endpoint': f'http://127.0.0.1:{self.model.port}/v1',
            'platforms.telegram.token': '1:double', 'platforms.telegram.api_url': f'http://127.0.0.1:{self.telegram.port}',
            'delivery.limits': 'false', 'delivery.backoff': '50ms', 'server.rate_limit.per_token': 0,
            'server.rate_limit.per_address': 0, 'server.drain_timeout': '2s', 'model_provider.context_tokens': 2000,
            'turn.history': 6, 'log.level': 'info', **settings}, program)
        self.writers, self.chatters = [], []
        self.runs = []              # (first log entry, past the last, how it ended) of each run that was killed
        self.logged = 0
        self.numbers = collections.Counter()

    def close(self):
        for t in self.writers + self.chatters:
            t.going.set()
        if self.gateway.process and self.gateway.process.poll() is None:
            self.gateway.process.kill()
            self.gateway.process.wait()
        self.telegram.close()
        self.model.close()
        if self.own_home:
            self.remove(self.home)
        self.remove(self.gateway.logs)

    @staticmethod
    def remove(folder):
        if os.environ.get('PROOF_KEEP'):
            print(f'  kept {folder}')
        else:
            shutil.rmtree(folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def pair(self):
        """The first to pair is the owner.  The gateway runs."""
        self.telegram.ask('message', {'chat_id': OWNER, 'from': {'id': OWNER, 'is_bot': False, 'first_name': 'Owner'}, 'text': 'hello'})
        wait_until(lambda: self.sends('clawdbot pair '), 10, 'a pairing code')
        text = self.sends('clawdbot pair ')[0]['params']['text']
        self.gateway.cli('pair', text.split('clawdbot pair ')[1].split()[0].split('<')[0])
        wait_until(self.gateway.idle, 10, 'the pairing to be told')

    def sends(self, part):
        return [e for e in self.telegram.ask('log') if e['method'] == 'sendMessage' and part in e['params'].get('text', '')]

    def write(self, sessions=0, chats=(), pause=0.02, slow=0, filler='', hooked=()):
        for _ in range(sessions):
            self.writers.append(Writer(self.gateway, f's{len(self.writers)}', pause, filler))
            self.writers[-1].start()
        if hooked:
            self.chatters.append(Hook(self.gateway, self.telegram, hooked, pause))
            self.chatters[-1].start()
        if chats:
            self.chatters.append(Chatter(self.telegram, chats, pause, slow))
            self.chatters[-1].start()

    def note_run(self, how):
        """After a run's end: which entries of the double's log are its."""
        wait_until(lambda: self.telegram.ask('state')['connections'] == 0, 20, 'the double to see the connections close')
        past = self.logged + len(self.telegram.ask(f'log/{self.logged}'))
        self.runs.append((self.logged, past, how))
        self.logged = past

    def quiet(self):
        """Nobody writes any more, and all that was written is answered."""
        for t in self.writers + self.chatters:
            t.going.set()
        for t in self.writers + self.chatters:
            t.join(30)
            if t.error:
                raise t.error
            assert not t.is_alive(), f'{t.name} has no acknowledgement yet'
        if self.chatters:
            wait_until(lambda: self.telegram.ask('state')['pending'] == 0, 20, 'the platform to get its updates acknowledged')
        wait_until(self.gateway.idle, 60, 'the queues to be empty')

    # ---- the books ----

    def problems(self):
        """What was promised and not kept; the gateway has stopped.  Fills in the numbers."""
        found = []
        inbox = {row[0]: row for row in self.gateway.sql('SELECT text, id, state, attempts, error FROM inbox')}
        answers = collections.defaultdict(list)
        for row in self.gateway.sql('''SELECT i.text, o.state, json_extract(o.body, '$.text'), o.id, o.chat_id FROM outbox o
                                       JOIN inbox i ON i.id = o.inbox_id ORDER BY o.id'''):
            answers[row[0]].append(row[1:])
        for chats in [w.acknowledged for w in self.writers] + [texts for c in self.chatters for texts in c.sent.values()]:
            found += self.check_conversation(chats, inbox, answers)
        for c in self.chatters:
            for chat, texts in c.sent.items():
                found += self.check_chat(chat, texts, answers)
        return found + self.check_unknown(answers) + self.check_effects(answers)

    def check_conversation(self, texts, inbox, answers):
        """Every message is stored, ended and answered once, and the answers stand in the order of the messages."""
        found, last = [], 0
        for text in texts:
            self.numbers['messages'] += 1
            row, mine = inbox.get(text), answers.get(text, [])
            if row is None:
                found.append(f'{text}: acknowledged and lost')
                continue
            if len(mine) != 1:
                found.append(f'{text}: {len(mine)} answers, state {row[2]}')
                continue
            if not mine[0][1].startswith(f'echo: {text}'):
                if row[3] >= 3 and 'stopped several times' in (row[4] or ''):
                    self.numbers['given up'] += 1
                else:
                    found.append(f'{text}: answered with {mine[0][1]!r} ({row})')
            elif row[2] != 'done':
                found.append(f'{text}: {row[2]}, {row[4]}')
            if mine[0][2] <= last:
                found.append(f'{text}: answered before the message before it')
            last = mine[0][2]
        return found

    def check_chat(self, chat, texts, answers):
        """Every answer was taken by the platform once, in order; only an unknown one may be missing there."""
        found, order = [], []
        taken = collections.Counter()
        for e in self.telegram.ask('log'):
            if e['params'].get('chat_id') == chat and e['method'] == 'sendMessage' and e['state'] in ('taken', 'answered', 'lost'):
                words = e['params']['text'].split()
                key = words[1] if words[0] == 'echo:' else e['params']['text']
                taken[key] += 1
                order.append(key)
        place = {text: i for i, text in enumerate(texts)}
        given_up = [t for t in texts if answers.get(t) and not answers[t][0][1].startswith('echo: ')]
        for text in texts:
            state = answers[text][0][0] if answers.get(text) else 'nothing'
            if taken[text] > 1:
                found.append(f'{text}: sent {taken[text]} times ({state})')
            elif taken[text] == 0 and state != 'unknown' and text not in given_up:
                found.append(f'{text}: {state}, but never sent')
            elif state not in ('sent', 'unknown'):
                found.append(f'{text}: its answer is {state}')
            self.numbers['unknown but arrived'] += state == 'unknown' and taken[text] == 1
        places = [place[t] for t in order if t in place]
        if places != sorted(places):
            found.append(f'chat {chat}: answers out of order')
        return found

    def check_unknown(self, answers):
        """Only what was being sent when the program was killed may be unknown: one a chat and kill at most."""
        unknown = {(int(chat), text) for text, mine in answers.items() for state, _, _, chat in mine if state == 'unknown'}
        text_of = {row: text for text, mine in answers.items() for _, _, row, _ in mine}
        never_sent = set()
        chat_of = dict(self.gateway.sql('SELECT id, chat_id FROM outbox'))
        log = self.telegram.ask('log')
        found, explained = [], set()
        for first, past, how in self.runs:
            last = {}
            for e in log[first:past]:
                if e['method'] in ('sendMessage', 'editMessageText'):
                    last[e['params']['chat_id']] = e
            mine = {(chat, e['params']['text'].split()[1]) for chat, e in last.items() if e['params']['text'].startswith('echo: ')}
            hit = mine & unknown
            if hit and how == 'stopped':
                found.append(f'{hit}: unknown after an orderly end')
            self.numbers['kills with an unknown'] += len(hit) > 0
            self.numbers['most unknown of one kill'] = max(self.numbers['most unknown of one kill'], len(hit))
            explained |= hit
        sent = {e['params']['text'].split()[1] for e in log if e['method'] == 'sendMessage' and e['params']['text'].startswith('echo: ')}
        for chat, text in unknown - explained:
            if text in sent:
                found.append(f'{text}: unknown, though other messages followed it in its run')
            else:
                self.numbers['unknown, claimed but not yet sent'] += 1
                never_sent.add(text)
        for n in range(1, self.gateway.starts + 1):
            swept = [chat_of[e['row']] for e in self.gateway.log('deliver.swept', n) if e['state'] == 'unknown']
            if len(swept) > len(set(swept)):
                found.append(f'start {n} found several sends of one chat in flight: {swept}')
            if 1 < n <= len(self.runs) + 1 and self.runs[n - 2][2].startswith('deliver_'):      # it ended at such a fault point
                self.numbers['of these, after a fault point of delivery'] += sum(e['state'] == 'unknown' and text_of.get(e['row']) in never_sent
                                                                     for e in self.gateway.log('deliver.swept', n))
            self.numbers['most unknown of one kill'] = max(self.numbers['most unknown of one kill'], len(swept))
        self.numbers['unknown'] += len(unknown)
        if len(unknown) > self.gateway.kills * max(1, sum(len(c.chats) for c in self.chatters)):
            found.append(f'{len(unknown)} unknown after {self.gateway.kills} kills')
        return found

    def check_shown(self, chat):
        """What the platform shows at the end is what the outbox says was sent (replies that grow by editing)."""
        shown = {}
        for e in self.telegram.ask('log'):
            if e['params'].get('chat_id') == chat and e['method'] in ('sendMessage', 'editMessageText') and 'message_id' in e:
                shown[str(e['message_id'])] = e['params']['text']
        rows = self.gateway.sql(f"""SELECT json_extract(body, '$.text'), remote_id FROM outbox
                                    WHERE chat_id = '{chat}' AND state = 'sent'""")
        return [f'{text!r}: shown as {shown.get(remote)!r}' for text, remote in rows if shown.get(remote) != text]

    def check_effects(self, answers):
        """A command appends a line: no line twice; none where the journal has no start; one where the journal says it ended.
        A person whose command has an unknown outcome is told so."""
        found, unknown = [], set()
        path = os.path.join(self.home, 'workspace/effects')
        lines = collections.Counter()
        if os.path.exists(path):
            with open(path, encoding='utf-8') as f:
                lines.update(f.read().splitlines())
        found += [f'{line}: done {n} times' for line, n in lines.items() if n > 1]
        names = {}
        for text, kind, call_id, body in self.gateway.sql('''SELECT i.text, j.kind, j.inbox_id || ' ' || j.call_id, j.body FROM journal j JOIN inbox i
                                                             ON i.id = j.inbox_id ORDER BY j.inbox_id, j.seq'''):
            body = json.loads(body)
            if kind == 'call' and body['name'] == 'exec':
                names[call_id] = text + (' one' if ' one ' in body['arguments'] else ' two')
                self.numbers['calls'] += 1
            elif kind == 'result' and call_id in names:
                self.numbers['calls unknown'] += body.get('unknown', False)
                if body.get('unknown'):
                    unknown.add(text)
                self.numbers['calls failed'] += body['is_error'] and not body.get('unknown', False)
                if not body.get('unknown') and lines[names[call_id]] != (not body['is_error']):
                    found.append(f'{names[call_id]}: the journal says {body}, the file has {lines[names[call_id]]} lines')
        found += [f'{line}: done, and no start of it in the journal' for line in lines if line not in names.values()]
        found += [f'{text}: nobody was told of an unknown outcome' for text in unknown
                  if not any('Nobody knows' in a[1] or 'may be done in part' in a[1] for a in answers.get(text, []))]
        self.numbers['lines'] += sum(lines.values())
        return found

    def told(self):
        n = self.numbers
        n['kills'], n['starts'] = self.gateway.kills, self.gateway.starts
        n['duplicates refused'] = sum(w.duplicates for w in self.writers)
        return ', '.join(f'{v} {k}' for k, v in n.items())


def random_kill(world, rng):
    """One start and one kill: while it starts, works, or drains."""
    g = world.gateway
    g.spawn()
    kind = rng.random()
    how = 'killed'
    if kind < 0.2:
        time.sleep(rng.random() * 0.1)
    elif g.ready():
        time.sleep(rng.random() * 0.25)
        if kind > 0.9:
            g.process.terminate()
            how = 'killed while it drained'
            time.sleep(rng.random() * 0.03)
    if g.kill() == 0:
        how = 'stopped'
    world.note_run(how)


def seed():
    n = int(os.environ.get('PROOF_SEED') or random.randrange(1 << 32))
    print(f'PROOF_SEED={n}', flush=True)
    return random.Random(n)


def kills(default):
    return int(os.environ.get('PROOF_KILLS') or default)


def run_tests(*tests):
    """Runs functions; prints what went wrong and the line that ends every test's output."""
    passed = failed = 0
    for test in tests:
        start = time.monotonic()
        try:
            test()
            passed += 1
            print(f'ok: {test.__doc__.splitlines()[0]} ({time.monotonic() - start:.1f} s)', flush=True)
        except BaseException as e:      # pylint: disable=broad-except
            if isinstance(e, KeyboardInterrupt):
                raise
            failed += 1
            import traceback
            print(f'FAILED: {test.__doc__.splitlines()[0]}\n{traceback.format_exc()}', flush=True)
    print(f'{passed} passed, {failed} failed', flush=True)
    return 1 if failed else 0
