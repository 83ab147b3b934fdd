# SPDX-License-Identifier: Apache-2.0
"""The IRC channel against Debian's ngircd, and against a double for what ngircd has not: SASL, accounts, a server that breaks off."""
import base64
import os
import re
import shutil
import socket
import sqlite3
import ssl
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))
from harness import Double, Gateway, wait_until     # noqa: E402
from mail_servers import certificate, free_ports, wait_for_port     # noqa: E402

NGIRCD = '''
[Global]
Name = irc.example.test
Info = a test
Listen = 127.0.0.1
Ports = {port}
MotdPhrase = hello
[Limits]
MaxConnectionsIP = 0
MaxNickLength = 20
MaxJoins = 10
PongTimeout = 20
PingTimeout = 120
[Options]
DNS = no
Ident = no
PAM = no
[SSL]
CertFile = {cert}
KeyFile = {key}
Ports = {tls}
'''


class Client:
    """A person with a plain client."""
    def __init__(self, port, nick):
        self.nick, self.lines = nick, []
        self.socket = socket.create_connection(('127.0.0.1', port), 20)
        self.say(f'NICK {nick}')
        self.say(f'USER {nick} 0 * :{nick}')
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()
        self.wait(lambda line: f' 001 {nick} ' in line, 'a welcome')

    def say(self, line):
        self.socket.sendall(line.encode() + b'\r\n')

    def read(self):
        try:
            for line in self.socket.makefile('rb'):
                assert len(line) <= 512, line
                text = line.decode().rstrip('\r\n')
                if text.startswith('PING'):
                    self.say('PONG' + text[4:])
                self.lines.append(text)
        except OSError:
            pass

    def wait(self, true, what):
        wait_until(lambda: any(true(line) for line in self.lines), 20, f'{self.nick}: {what}')

    def said(self, sender, target=None):
        """What `sender` said to us, or to a channel."""
        mark = re.compile(rf'^:{re.escape(sender)}!\S+ PRIVMSG {re.escape(target or self.nick)} :(.*)$', re.I)
        return [m.group(1) for m in map(mark.match, list(self.lines)) if m]

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


class IrcGateway(Gateway):
    cert = ''

    def env(self, fault=''):
        return {**super().env(fault), 'SSL_CERT_FILE': self.cert}

    def state(self):
        found = [e for e in self.log('channel.state') if e.get('channel') == 'irc']
        return found[-1] if found else {'state': '', 'text': ''}

    def connected(self):
        try:
            wait_until(lambda: self.state()['state'] in ('ok', 'connected'), 20, 'to be connected')
        except AssertionError as e:
            raise AssertionError(f'{e}: {self.state()}') from None

    def look(self, statement):
        db = sqlite3.connect(f'file:{self.database}?mode=ro', uri=True, timeout=20)
        try:
            return db.execute(statement).fetchall()
        finally:
            db.close()


class World:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix='clawdbot-irc-')
        os.chmod(self.folder, 0o755)
        self.cert, self.key = certificate(self.folder)
        self.port, self.tls = free_ports(2)
        with open(os.path.join(self.folder, 'ngircd.conf'), 'w', encoding='utf-8') as f:
            f.write(NGIRCD.format(port=self.port, tls=self.tls, cert=self.cert, key=self.key))
        self.server = None
        self.start_server()
        self.model = Double('model_double', '--delay-ms', '3')
        self.home = tempfile.mkdtemp(prefix='clawdbot-irc-home-')
        self.gateway = IrcGateway(self.home, {
            'server.port': 0, 'model_provider.endpoint': f'http://127.0.0.1:{self.model.port}/v1',
            'platforms.irc.host': 'localhost', 'platforms.irc.port': self.tls, 'platforms.irc.nick': 'bot', 'platforms.irc.channels': '#test, #all', 'chats': '[{platform: irc, chat: "#all", answer: all}]',
            'platforms.irc.flood_interval': '0s', 'delivery.backoff': '200ms', 'delivery.attempts': 50, 'delivery.limits': 'false',
            'log.level': 'info', 'server.drain_timeout': '2s'})
        self.gateway.cert = self.cert
        self.ann = None

    def start_server(self):
        self.server = subprocess.Popen(['/usr/sbin/ngircd', '-n', '-f', os.path.join(self.folder, 'ngircd.conf')], stdin=subprocess.DEVNULL,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for_port(self.port, self.server, '/dev/null')

    def stop_server(self):
        self.server.terminate()
        self.server.wait(20)

    def close(self):
        if self.gateway.process and self.gateway.process.poll() is None:
            self.gateway.process.kill()
            self.gateway.process.wait()
        self.model.close()
        self.stop_server()
        for folder in (self.folder, self.home, self.gateway.logs):
            shutil.rmtree(folder, ignore_errors=True)

    def ask(self, text):
        """From ann in private; what comes back."""
        before = len(self.ann.said('bot'))
        self.ann.say(f'PRIVMSG bot :{text}')
        wait_until(lambda: len(self.ann.said('bot')) > before, 20, f'an answer to {text}')
        return self.ann.said('bot')[before:]


    def bot(self):
        """The nick that the bot has now: after a kill the old one may be there for a moment."""
        def present():
            n = len(self.ann.lines)
            self.ann.say('ISON bot bot_')
            wait_until(lambda: any(' 303 ' in line for line in self.ann.lines[n:]), 20, 'who is there')
            return next(line for line in self.ann.lines[n:] if ' 303 ' in line).split(':')[-1].split()
        wait_until(lambda: len(present()) == 1, 20, 'one of the two nicks to be there')
        return present()[0]


def test_a_stranger_is_paired_and_answered(w):
    w.gateway.start()
    w.gateway.connected()
    w.ann = Client(w.port, 'ann')
    w.ann.say('PRIVMSG bot :hello')
    wait_until(lambda: any('clawdbot pair ' in t for t in w.ann.said('bot')), 20, 'a pairing code')
    text = next(t for t in w.ann.said('bot') if 'clawdbot pair ' in t)
    w.gateway.cli('pair', re.search(r'clawdbot pair ([-\w]+)', text).group(1))
    wait_until(w.gateway.idle, 20, 'the pairing to be told')
    assert w.ask('one') == ['echo: one']
    assert w.gateway.look("SELECT user_id FROM inbox WHERE text = 'one'") == [('ann!~ann@127.0.0.1',)]


def test_in_a_channel_only_when_addressed(w):
    w.ann.say('JOIN #test')
    w.ann.wait(lambda line: ' 366 ' in line, 'to be in the channel')
    w.ann.say('PRIVMSG #test :not for anybody')
    w.ann.say('PRIVMSG #test :\1VERSION\1')
    w.ann.say('PRIVMSG bot :\1VERSION\1')
    w.ann.say('NOTICE bot :bot: automatic')
    w.ann.say('PRIVMSG #Test :Bot: what is \2it\2?')
    wait_until(lambda: w.ann.said('bot', '#test'), 20, 'an answer in the channel')
    w.ann.say('PRIVMSG #test :and you, bot?')
    wait_until(lambda: len(w.ann.said('bot', '#test')) == 2, 20, 'another one')
    assert w.ann.said('bot', '#test') == ['echo: what is it?', 'echo: and you, bot?'], w.ann.said('bot', '#test')
    assert not [line for line in w.ann.lines if 'NOTICE' in line and line.startswith(':bot')]


def test_where_all_is_answered_nobody_has_to_say_its_name(w):
    w.ann.say('JOIN #all')
    w.ann.wait(lambda line: ' 366 ' in line and '#all' in line, 'to be in the channel')
    w.ann.say('PRIVMSG #all :for anybody')
    wait_until(lambda: w.ann.said('bot', '#all'), 20, 'an answer in the channel')
    assert w.ann.said('bot', '#all') == ['echo: for anybody'], w.ann.said('bot', '#all')


def test_a_long_text_comes_whole_in_lines_that_fit(w):
    words = ' '.join(f'w\u00f6rd{i}' for i in range(60)) + ' \u4f60\u597d' * 10
    asked = len(w.ann.said('bot'))
    for part in (words[:150], words[150:300], words[300:450]):
        w.ask(part)
    for k in range(8):      # one line in is at most 512 bytes; what goes out is made longer by a list
        w.ask(f'{k} ' + 'x' * 380)
    got = w.ann.said('bot')[asked:]
    assert ''.join(got).count('x') == 8 * 380, got
    assert ' '.join(got[:3]).replace('echo: ', '').startswith(words[:100]), got


def test_a_server_that_restarts_is_joined_again(w):
    w.stop_server()
    wait_until(lambda: w.gateway.state()['state'] not in ('ok', 'connected'), 20, 'the loss to be seen')
    w.start_server()
    w.ann = Client(w.port, 'ann')
    wait_until(lambda: w.gateway.state()['state'] in ('ok', 'connected'), 20, 'to be back')
    assert w.ask('back') == ['echo: back']


def test_who_is_gone_is_sent_nothing(w):
    w.gateway.stop()
    w.gateway.start()
    w.gateway.connected()
    w.ann.say('PRIVMSG bot :last words')
    w.ann.close()
    wait_until(lambda: w.gateway.look("SELECT 1 FROM inbox WHERE text = 'last words' AND state = 'done'"), 20, 'the turn to end')
    query = "SELECT o.state FROM inbox i JOIN outbox o ON o.inbox_id = i.id WHERE i.text = 'last words'"
    wait_until(lambda: w.gateway.look(query)[0][0] in ('dead', 'sent'), 20, 'the reply to be settled')
    w.ann = Client(w.port, 'ann')
    assert w.ask('here again') == ['echo: here again']


def test_a_nick_that_is_taken_costs_a_letter(w):
    w.gateway.stop()
    thief = Client(w.port, 'bot')
    w.gateway.start()
    w.gateway.connected()
    before = len(w.ann.said('bot_'))
    w.ann.say('PRIVMSG bot_ :who are you?')
    wait_until(lambda: len(w.ann.said('bot_')) > before, 20, 'an answer')
    thief.close()
    w.gateway.stop()


def test_death_doubles_nothing(w):
    w.gateway.start()
    w.gateway.connected()
    for k in range(5):
        w.ann.say(f'PRIVMSG {w.bot()} :kill {k}')
        wait_until(lambda k=k: w.gateway.look(f"SELECT 1 FROM inbox WHERE text = 'kill {k}'"), 20, 'it to be taken in')
        w.gateway.kill()
        w.gateway.start()
        w.gateway.connected()
    unknown = 0
    for k in range(5):
        query = f"SELECT o.state FROM inbox i JOIN outbox o ON o.inbox_id = i.id WHERE i.text = 'kill {k}'"
        wait_until(lambda q=query: [r for r in w.gateway.look(q) if r[0] in ('sent', 'unknown')], 20, f'kill {k} to be settled')
        def told(k=k):
            return [line for line in list(w.ann.lines) if line.endswith(f'PRIVMSG ann :echo: kill {k}')]
        state = w.gateway.look(query)
        if state == [('sent',)]:        # the server had it; we may hear of it a moment later
            wait_until(told, 20, f'the answer to kill {k}')
        assert len(state) == 1 and len(told()) <= 1, (k, state, told())
        unknown += state[0][0] == 'unknown'
    print(f'  5 messages over 5 kills, {unknown} unknown')
    w.gateway.stop()


class Server(threading.Thread):
    """An IRC server for one client after another: capabilities, SASL, accounts, and trouble by `script`."""
    def __init__(self, cert, key, caps='sasl=PLAIN,EXTERNAL message-tags server-time account-tag echo-message', password='secret-word'):
        super().__init__(daemon=True)
        self.caps, self.password, self.script, self.heard, self.writer = caps, password, '', [], None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        context.verify_mode = ssl.CERT_OPTIONAL
        context.load_verify_locations(cert)
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.port, self.context = self.listener.getsockname()[1], context
        self.start()

    def run(self):
        while True:
            try:
                raw, _ = self.listener.accept()
            except OSError:
                return
            try:
                with self.context.wrap_socket(raw, server_side=True) as s, s.makefile('rwb') as f:
                    self.talk(s, f)
            except OSError:
                pass

    def say(self, line):
        self.writer.write(line.encode() + b'\r\n')
        self.writer.flush()

    def talk(self, s, f):
        nick, self.writer, mechanism = '', f, ''
        for raw in f:
            line = raw.decode().rstrip('\r\n')
            self.heard.append(line)
            word, _, rest = line.partition(' ')
            if line == 'CAP LS 302' and self.caps is not None:
                self.say('CAP * LS * :batch')
                self.say(f'CAP * LS :{self.caps}')
            elif line.startswith('CAP REQ'):
                self.say(f'CAP {nick or "*"} ACK {rest[4:]}')
            elif word == 'AUTHENTICATE' and rest in ('PLAIN', 'EXTERNAL'):
                mechanism = rest
                self.say('AUTHENTICATE +')
            elif word == 'AUTHENTICATE':
                good = base64.b64decode(rest) == f'bot\0bot\0{self.password}'.encode() if mechanism == 'PLAIN' else bool(s.getpeercert())
                self.say(f':irc.double {903 if good else 904} {nick} :{"fine" if good else "SASL authentication failed"}')
            elif word == 'NICK':
                nick = rest
            elif line == 'CAP END' or (word == 'USER' and self.caps is None):
                self.say(f':irc.double 001 {nick} :Welcome')
                self.say(f':irc.double 005 {nick} CHANTYPES=# CASEMAPPING=ascii :are supported')
            elif word == 'JOIN':
                self.say(f':{nick}!u@host JOIN {rest}')
            elif word == 'PING' and not (self.script == 'deaf' and rest.startswith('c')):
                self.say(f':irc.double PONG irc.double {rest}')
            elif word == 'PRIVMSG' and self.script == 'refuse':
                self.say(f':irc.double 404 {nick} {rest.split()[0]} :Cannot send')
            elif word == 'PRIVMSG' and self.script == 'break off':
                return
            elif word == 'PRIVMSG' and 'echo-message' in (self.caps or ''):
                self.say(f'@msgid=e{len(self.heard)} :{nick}!u@host PRIVMSG {rest}')


def double(w, server, **settings):
    w.gateway.start(**{'platforms.irc.host': '127.0.0.1', 'platforms.irc.port': server.port, 'platforms.irc.password': 'secret-word',
                       'users': '[{name: ann, role: owner, accounts: ["irc:account:ann"]}]', **settings})


def test_sasl_logs_in_or_there_is_no_connection(w):
    server = Server(w.cert, w.key)
    double(w, server, **{'platforms.irc.sasl': 'plain'})
    w.gateway.connected()
    assert server.heard.index('AUTHENTICATE PLAIN') < server.heard.index('CAP END')
    w.gateway.stop()
    double(w, server, **{'platforms.irc.sasl': 'external', 'platforms.irc.client_cert': w.cert, 'platforms.irc.client_key': w.key})
    w.gateway.connected()
    assert 'AUTHENTICATE +' in server.heard
    w.gateway.stop()
    for caps, more in ((server.caps, {'platforms.irc.password': 'wrong-word'}), ('server-time', {}), (None, {})):
        other = Server(w.cert, w.key, caps=caps)
        double(w, other, **{'platforms.irc.sasl': 'plain', **more})
        wait_until(lambda: w.gateway.state()['state'].startswith('stopped'), 20, f'to stop with {caps}')
        assert 'platforms.irc.sasl' in w.gateway.state()['text'], w.gateway.state()
        w.gateway.stop()


def test_accounts_times_and_ids_are_the_servers(w):
    server = Server(w.cert, w.key)
    double(w, server, **{'platforms.irc.sasl': 'plain', 'messages.max_age': '1h'})
    w.gateway.connected()
    stamp = time.strftime('%Y-%m-%dT%H:%M:%S.000Z', time.gmtime())
    said = f'@time={stamp};msgid=m1;account=Ann :whoever!x@y PRIVMSG bot :hello'
    for line in (said, said, '@msgid=m2;bot :other!x@y PRIVMSG bot :I am a program', ':bot!u@host PRIVMSG bot :myself', 'nonsense :::', '@@@',
                 ':irc.double FUTURE bot :x', '@time=2001-01-01T00:00:00.000Z;msgid=m3;account=Ann :ann!x@y PRIVMSG bot :old'):
        server.say(line)
    wait_until(lambda: 'PRIVMSG whoever :echo: hello' in server.heard, 20, 'an answer')
    wait_until(w.gateway.idle, 20, 'the rest')
    assert server.heard.count('PRIVMSG whoever :echo: hello') == 1
    rows = w.gateway.look("SELECT external_id, user_id, state FROM inbox WHERE external_id LIKE 'm_'")
    assert sorted(rows) == [('m1', 'account:ann', 'done'), ('m3', 'account:ann', 'expired')], rows
    for script, state in (('refuse', 'dead'), ('break off', 'unknown')):
        server.script = script
        server.say(f'@msgid={script[:3]};account=Ann :ann!x@y PRIVMSG bot :{script}')
        query = f"SELECT o.state FROM inbox i JOIN outbox o ON o.inbox_id = i.id WHERE i.text = '{script}'"
        wait_until(lambda q=query, s=state: w.gateway.look(q) == [(s,)], 20, f'{script} to be {state}')
    w.gateway.stop()


def main():
    passed = failed = 0
    w = World()
    try:
        for name, test in [(n, t) for n, t in globals().items() if n.startswith('test_') and callable(t)]:
            start = time.monotonic()
            try:
                test(w)
                passed += 1
                print(f'ok {name} ({time.monotonic() - start:.1f} s)', flush=True)
            except Exception as e:      # pylint: disable=broad-except
                failed += 1
                print(f'FAILED {name}: {type(e).__name__}: {e}', flush=True)
                break                   # each goes on where the one before left it
    finally:
        w.close()
    print(f'{passed} passed, {failed} failed')
    return failed


if __name__ == '__main__':
    sys.exit(main())
