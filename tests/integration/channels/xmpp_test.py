#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""XMPP against prosody, with people who use slixmpp; between the gateway and the server a wire that can be cut."""
import asyncio
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from xml.etree import ElementTree

try:
    import slixmpp
except ImportError:         # Debian's package is for Debian's Python
    if sys.executable != '/usr/bin/python3' and os.path.exists('/usr/bin/python3'):
        os.execv('/usr/bin/python3', ['/usr/bin/python3', *sys.argv])
    raise
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))
from harness import Double, Gateway, run_tests, wait_until     # pylint: disable=wrong-import-position

DOMAIN, ROOM = 'chat.test', 'plans@rooms.chat.test'
PEOPLE = ['bot', 'owner', 'guest']


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


class Prosody:
    """The server, with accounts bot, owner and guest, each with its name as password, and a room service."""
    def __init__(self, smacks=True):
        self.folder = tempfile.mkdtemp(prefix='clawdbot-prosody-')
        self.port, self.direct, self.http = free_port(), free_port(), free_port()
        self.cert = os.path.join(self.folder, 'cert.pem')
        subprocess.run(['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', f'/CN={DOMAIN}', '-addext',
                        f'subjectAltName=DNS:{DOMAIN},DNS:rooms.{DOMAIN},DNS:files.{DOMAIN}', '-keyout', self.path('key.pem'), '-out',
                        self.cert], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        accounts = self.path('data/chat%2etest/accounts')
        os.makedirs(accounts)
        for name in PEOPLE:
            self.write(f'data/chat%2etest/accounts/{name}.dat', f'return {{ ["password"] = "{name}-password" }};')
        self.write('prosody.cfg.lua', f'''
run_as_root = true
daemonize = false
pidfile = "{self.path('pid')}"
interfaces = {{ "127.0.0.1" }}
local_interfaces = {{ "127.0.0.1" }}
data_path = "{self.path('data')}"
certificates = "{self.folder}"
ssl = {{ certificate = "{self.cert}", key = "{self.path('key.pem')}" }}
c2s_direct_tls_ssl = ssl
c2s_ports = {{ {self.port} }}
c2s_direct_tls_ports = {{ {self.direct} }}
http_ports = {{ {self.http} }}
https_ports = {{ }}
http_interfaces = {{ "127.0.0.1" }}
modules_disabled = {{ "s2s" }}
modules_enabled = {{ "roster", "saslauth", "tls", "disco", "ping", "offline", {'"smacks",' if smacks else ''} "posix" }}
authentication = "internal_plain"
c2s_require_encryption = true
allow_unencrypted_plain_auth = false
log = {{ debug = "{self.path('log')}" }}
VirtualHost "{DOMAIN}"
Component "rooms.{DOMAIN}" "muc"
  muc_room_default_public_jids = true
  muc_room_default_change_subject = true
Component "files.{DOMAIN}" "http_file_share"
  http_external_url = "http://127.0.0.1:{self.http}/"
  http_host = "127.0.0.1"
''')
        self.start()

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), 'w', encoding='utf-8') as f:
            f.write(text)

    def start(self):
        self.process = subprocess.Popen(['prosody', '-F', '--config', self.path('prosody.cfg.lua')], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        wait_until(self.answers, 20, 'prosody')

    def answers(self):
        assert self.process.poll() is None, 'prosody does not start'
        try:
            socket.create_connection(('127.0.0.1', self.port), 1).close()
            return True
        except OSError:
            return False

    def stop(self):
        self.process.terminate()
        self.process.wait(20)

    def close(self):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class Wire:
    """TCP between the gateway and the server: can be cut, or go deaf towards the gateway."""
    def __init__(self, port):
        self.to, self.listener = port, socket.create_server(('127.0.0.1', 0))
        self.port = self.listener.getsockname()[1]
        self.pairs, self.deaf, self.closed, self.connections = [], threading.Event(), False, 0
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while not self.closed:
            try:
                near, _ = self.listener.accept()
                far = socket.create_connection(('127.0.0.1', self.to))
            except OSError:
                continue
            self.connections += 1
            self.pairs.append((near, far))
            threading.Thread(target=self.pump, args=(near, far, None), daemon=True).start()
            threading.Thread(target=self.pump, args=(far, near, self.deaf), daemon=True).start()

    def pump(self, source, sink, held):
        try:
            while data := source.recv(65536):
                while held and held.is_set() and source.fileno() >= 0:
                    time.sleep(0.01)
                sink.sendall(data)
        except OSError:
            pass
        for s in (source, sink):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def cut(self):
        pairs, self.pairs = self.pairs, []
        for pair in pairs:
            for s in pair:
                try:
                    s.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
                s.close()
        self.deaf.clear()

    def close(self):
        self.closed = True
        self.cut()
        self.listener.close()


class Person(threading.Thread):
    """Somebody with a client of their own (slixmpp)."""
    def __init__(self, server, name):
        super().__init__(daemon=True)
        self.server, self.name_, self.heard, self.stanzas, self.ready = server, name, [], [], threading.Event()
        self.joined, self.number = threading.Event(), 0
        self.start()
        assert self.ready.wait(20), f'{name} cannot log in'

    def run(self):
        self.loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self.loop)
        self.client = c = slixmpp.ClientXMPP(f'{self.name_}@{DOMAIN}/phone', f'{self.name_}-password')
        for plugin in ('xep_0030', 'xep_0045', 'xep_0066', 'xep_0085', 'xep_0199', 'xep_0308'):
            c.register_plugin(plugin)
        c.ca_certs = self.server.cert
        c.add_event_handler('session_start', self.begun)
        c.add_event_handler('message', self.take)
        c.add_event_handler('chatstate_composing', self.stanzas.append)
        c.add_event_handler(f'muc::{ROOM}::got_online', lambda p: p['from'].resource == self.name_ and self.joined.set())
        c.connect(('127.0.0.1', self.server.port))
        self.loop.run_forever()

    def begun(self, _):
        self.client.send_presence()
        self.ready.set()

    def take(self, m):
        self.stanzas.append(m)
        if m['body'] and not (m['type'] == 'groupchat' and m['from'].resource == self.name_):
            self.heard.append((m['from'].bare, m['body']))

    def do(self, what):
        self.loop.call_soon_threadsafe(what)

    def say(self, text, to=f'bot@{DOMAIN}', kind='chat', **more):
        self.number += 1
        ident = f'{self.name_}-{self.number}-{os.getpid()}-{id(self)}'

        def send():
            m = self.client.make_message(to, text, mtype=kind)
            m['id'] = ident
            if more.get('url'):
                m['oob']['url'] = more['url']
            m.send()
        self.do(send)
        return ident

    def put(self, content, name):
        self.uploaded = ''

        async def upload():
            iq = self.client.make_iq_get(ito=f'files.{DOMAIN}')
            iq.append(ElementTree.fromstring(f"<request xmlns='urn:xmpp:http:upload:0' filename='{name}' size='{len(content)}' "
                                             "content-type='text/plain'/>"))
            slot = (await iq.send()).xml[0]
            put, get = (slot.find('{urn:xmpp:http:upload:0}' + name) for name in ('put', 'get'))
            request = urllib.request.Request(put.get('url'), data=content, method='PUT', headers={
                'Content-Type': 'text/plain', **{h.get('name'): h.text for h in put}})
            with urllib.request.urlopen(request, timeout=20):
                self.uploaded = get.get('url')
        self.do(lambda: asyncio.ensure_future(upload()))

    def join_room(self):
        self.do(lambda: self.client.plugin['xep_0045'].join_muc(ROOM, self.name_))
        assert self.joined.wait(20), 'the room'

    def texts(self, bare=f'bot@{DOMAIN}'):
        return [t for who, t in self.heard if who == bare]

    def hears(self, text, seconds=20):
        wait_until(lambda: any(text in t for _, t in self.heard), seconds, f'{self.name_} to hear {text!r} (heard {self.heard[-5:]})')

    def close(self):
        self.do(self.client.abort)
        self.do(lambda: [t.cancel() for t in asyncio.all_tasks(self.loop)])
        self.do(lambda: self.loop.call_later(0.05, self.loop.stop))
        self.join(10)


class World:
    def __init__(self, smacks=True, people=('owner',), pair=True, **settings):
        self.server = Prosody(smacks)
        self.wire = Wire(self.server.port)
        self.model = Double('model_double')
        self.home = tempfile.mkdtemp(prefix='clawdbot-xmpp-')
        self.gateway = Gateway(self.home, {
            'server.port': 0, 'model_provider.endpoint': f'http://127.0.0.1:{self.model.port}/v1', 'delivery.backoff': '50ms',
            'platforms.xmpp.jid': f'bot@{DOMAIN}', 'platforms.xmpp.password': 'bot-password', 'platforms.xmpp.host': '127.0.0.1',
            'platforms.xmpp.port': self.wire.port, 'platforms.xmpp.ca_file': self.server.cert, 'log.level': 'debug', **settings})
        self.people = {}
        try:
            self.gateway.start()
            for name in people:
                self.people[name] = Person(self.server, name)
            if pair:
                self.pair()
        except BaseException:
            self.close()
            raise

    def pair(self):
        owner = self.people['owner']
        owner.say('hello')
        owner.hears('clawdbot pair ')
        code = owner.texts()[-1].split('clawdbot pair ')[1].split()[0].strip('`*_')
        self.gateway.cli('pair', code)
        wait_until(self.gateway.idle, 20, 'the pairing to be told')

    def session(self, n=1):
        wait_until(lambda: len(self.gateway.log('xmpp.session')) >= n, 20, f'session {n}')
        return self.gateway.log('xmpp.session')[n - 1]

    def close(self):
        for p in self.people.values():
            p.close()
        if self.gateway.process and self.gateway.process.poll() is None:
            self.gateway.process.kill()
            self.gateway.process.wait()
        if os.environ.get('PROOF_KEEP'):
            print('kept', self.gateway.logs, self.server.folder)
        else:
            shutil.rmtree(self.gateway.logs, ignore_errors=True)
        self.wire.close()
        self.model.close()
        if not os.environ.get('PROOF_KEEP'):
            self.server.close()
        else:
            self.server.stop()
        shutil.rmtree(self.home, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def once_each(person, texts):
    got = [t for t in person.texts() if t.startswith('echo: ')]
    assert sorted(got) == sorted('echo: ' + t for t in texts), (got, texts)


def talk():
    """people are answered: pairing, order, formatting, typing, presence; a stranger gets no subscription"""
    with World(people=('owner', 'guest')) as w:
        owner, guest = w.people['owner'], w.people['guest']
        for text in ('one', 'is 1 < 2 & **true**?', "'quotes' and \"more\""):
            owner.say(text)
        owner.hears('more')
        got = [t for t in owner.texts() if t.startswith('echo: ')]
        assert got[:2] == ['echo: one', 'echo: is 1 < 2 & *true*?'], got
        assert any(m['chat_state'] == 'composing' for m in owner.stanzas), 'nobody was seen typing'
        wait_until(lambda: w.gateway.idle(), 20, 'all to be sent')
        owner.do(lambda: owner.client.send_presence(pto=f'bot@{DOMAIN}', ptype='subscribe'))
        guest.do(lambda: guest.client.send_presence(pto=f'bot@{DOMAIN}', ptype='subscribe'))
        wait_until(lambda: w.gateway.log('xmpp.subscribed'), 20, 'the owner to be let see the assistant')
        guest.say('let me in')
        guest.hears('clawdbot pair ')
        assert [e['who'] for e in w.gateway.log('xmpp.subscribed')] == [f'owner@{DOMAIN}']


def room():
    """in a room only who names the assistant is answered, and known by their address; talk from while it was away is found again"""
    with World(people=('owner', 'guest'), **{'platforms.xmpp.rooms': ROOM}) as w:
        owner = w.people['owner']
        wait_until(lambda: w.gateway.log('xmpp.room_joined') or w.gateway.log('xmpp.room_refused'), 20, 'the room')
        owner.join_room()
        owner.say('nothing for anybody', ROOM, 'groupchat')
        owner.say('bot: what is up?', ROOM, 'groupchat')
        owner.hears('echo: what is up?')
        owner.say('and you, @bot?', ROOM, 'groupchat')
        owner.hears('echo: and you, ?')
        assert len([t for t in owner.texts(ROOM) if t.startswith('echo')]) == 2, owner.heard
        w.gateway.kill()
        owner.say('bot, are you back?', ROOM, 'groupchat')
        owner.say('this is not for you', ROOM, 'groupchat')
        w.gateway.start()
        owner.hears('echo: are you back?')
        owner.say('bot: fine', ROOM, 'groupchat')
        owner.hears('echo: fine')
        got = [t for t in owner.texts(ROOM) if t.startswith('echo')]
        assert got == ['echo: what is up?', 'echo: and you, ?', 'echo: are you back?', 'echo: fine'], got


def away():
    """what was said while the program was down is answered, once each"""
    with World() as w:
        owner = w.people['owner']
        w.gateway.stop()
        texts = [f'away-{i}' for i in range(5)]
        for t in texts:
            owner.say(t)
        w.gateway.start()
        owner.hears('away-4')
        once_each(owner, texts)


def killed():
    """killed in the middle, again and again: every message is answered once"""
    with World() as w:
        owner, texts = w.people['owner'], []
        for n in range(4):
            for i in range(5):
                texts.append(f'kill-{n}-{i}')
                owner.say(texts[-1])
            owner.hears(f'kill-{n}-{n}')
            w.gateway.kill()
            owner.say(f'dead-{n}')
            texts.append(f'dead-{n}')
            w.gateway.start()
        owner.hears('dead-3')
        wait_until(w.gateway.idle, 20, 'all to be sent')
        unknown = {r['text'] for r in w.gateway.rows('outbox', 'unknown')}
        wait_until(lambda: len({t for t in owner.texts() if t.startswith('echo: ')} | unknown) >= len(texts), 20, 'all answers')
        got = [t for t in owner.texts() if t.startswith('echo: ')]
        assert len(got) == len(set(got)), 'an answer came twice'
        assert set(got) | unknown >= {'echo: ' + t for t in texts}, (got, unknown)
        assert len(unknown) <= 4, unknown
        assert any(s['resumed'] for n in range(2, 6) for s in w.gateway.log('xmpp.session', n)), 'no session was resumed by the next run'


def cut():
    """a cut connection is resumed: what the server did not get is sent again, what it got is not"""
    with World() as w:
        owner = w.people['owner']
        for i in range(3):
            if i % 2:
                w.wire.deaf.set()       # the server has it, and its word for that does not arrive
            owner.say(f'cut-{i}') if not i % 2 else w.gateway.ask('/api/v1/status')
            if i % 2:
                owner.say(f'deaf-{i}')
            w.wire.cut()
            owner.say(f'after-{i}')
            owner.hears(f'echo: after-{i}')
        assert w.session(2)['resumed']
        once_each(owner, [t for i in range(3) for t in ([f'cut-{i}'] if not i % 2 else [f'deaf-{i}']) + [f'after-{i}']])
        assert not w.gateway.rows('outbox', 'unknown')


def server_restart():
    """the server goes away and comes back without its sessions: a new one is begun, nothing is lost"""
    with World() as w:
        owner = w.people['owner']
        owner.say('before')
        owner.hears('echo: before')
        owner.close()
        w.server.stop()
        w.server.start()
        owner = w.people['owner'] = Person(w.server, 'owner')
        owner.say('after')
        owner.hears('echo: after')


def unmanaged():
    """a server without stream management: sent is what a ping behind it was answered after"""
    with World(smacks=False) as w:
        owner = w.people['owner']
        owner.say('plain')
        owner.hears('echo: plain')
        assert not w.session()['managed']
        wait_until(w.gateway.idle, 20, 'the answer to be known as sent')
        assert not w.gateway.rows('outbox', 'unknown')


def secure():
    """a certificate nobody vouches for, a wrong password, and TLS from the first byte"""
    with World(pair=False) as w:
        def text():
            found = [c for c in w.gateway.ask('/api/v1/status')[1]['channels'] if c['name'] == 'xmpp']
            return f"{found[0]['state']} {found[0]['text']}" if found else ''
        w.session()
        w.gateway.stop()
        w.gateway.start(**{'platforms.xmpp.ca_file': ''})
        wait_until(lambda: 'certificate' in text(), 20, 'the certificate to be refused')
        w.gateway.stop()
        w.gateway.start(**{'platforms.xmpp.password': 'no'})
        wait_until(lambda: 'stopped' in text() and 'platforms.xmpp.jid and password' in text(), 20, 'the password to be refused')
        w.gateway.stop()
        w.gateway.start(**{'platforms.xmpp.tls': 'direct', 'platforms.xmpp.port': w.server.direct})
        w.session()


def stream():
    """a reply grows by corrections of one message"""
    with World(**{'platforms.xmpp.stream': 'true'}) as w:
        owner = w.people['owner']
        w.model.close()
        w.model = Double('model_double', '--delay-ms', '300', '--slow-word', 'slow')
        w.gateway.stop()
        w.gateway.settings['model_provider.endpoint'] = f'http://127.0.0.1:{w.model.port}/v1'
        w.gateway.start()
        text = ' '.join(f'word{i}' for i in range(40))
        owner.say(text)
        owner.hears(text)
        mine = [m for m in owner.stanzas if m['body'].startswith('echo: word0') or m['replace']['id']]
        if len(mine) > 1:
            assert {m['replace']['id'] for m in mine[1:]} == {mine[0]['id']}, [(m['id'], m['replace']['id']) for m in mine]
        assert mine[-1]['body'] == 'echo: ' + text


def files():
    """a file comes as a link and goes by the server's upload service; a link into our own network is not followed"""
    with World() as w:
        owner, base = w.people['owner'], f'http://127.0.0.1:{w.server.http}/'
        owner.say(base + 'file_share/x/secret.txt', url=base + 'file_share/x/secret.txt')
        owner.hears('secret.txt could not be fetched')
        w.gateway.stop()
        w.gateway.start(**{'platforms.xmpp.upload_url': base})
        w.session()
        owner.put(b'what is in the file', 'notes.txt')
        wait_until(lambda: owner.uploaded, 20, 'the upload')
        before = len(owner.texts())
        owner.say(owner.uploaded, url=owner.uploaded)
        wait_until(lambda: len(owner.texts()) > before, 20, 'an answer to the file')
        assert not any('notes.txt could not' in t for t in owner.texts()), owner.texts()[-1]
        w.gateway.stop()
        db = sqlite3.connect(w.gateway.database)
        blob = db.execute("SELECT hash FROM blobs").fetchone()[0]
        db.execute("""INSERT INTO outbox (session_id, platform, chat_id, body, created_at) SELECT session_id, platform, chat_id, ?, created_at
                      FROM outbox WHERE session_id IS NOT NULL LIMIT 1""",
                   (json.dumps({'text': '', 'blob': blob, 'name': 'back.txt', 'mime': 'text/plain'}),))
        db.commit()
        db.close()
        w.gateway.start(**{'platforms.xmpp.upload_url': base})
        wait_until(lambda: any('back.txt' in m['oob']['url'] for m in owner.stanzas), 20, 'a file to come back')
        url = [m['oob']['url'] for m in owner.stanzas if 'back.txt' in m['oob']['url']][0]
        with urllib.request.urlopen(url, timeout=20) as answer:
            assert answer.read() == b'what is in the file'


if __name__ == '__main__':
    tests = [talk, room, away, killed, cut, server_restart, unmanaged, secure, stream, files]
    only = os.environ.get('PROOF_ONLY')
    code = run_tests(*[t for t in tests if not only or t.__name__ in only.split(',')])
    sys.stdout.flush()
    os._exit(code)      # pylint: disable=protected-access
