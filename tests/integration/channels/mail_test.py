# SPDX-License-Identifier: Apache-2.0
"""The mail channel against dovecot and postfix: what people write by SMTP is answered into their mailboxes, once, whatever dies."""
import collections
import email
import email.policy
import imaplib
import os
import shutil
import smtplib
import socket
import sqlite3
import sys
import tempfile
import threading
import time
from email.message import EmailMessage

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))
from harness import Double, Gateway, wait_until     # noqa: E402
from mail_servers import DOMAIN, PASSWORD, MailServers      # noqa: E402

BOT, ANN, EVE = (f'{name}@{DOMAIN}' for name in ('bot', 'ann', 'eve'))


class MailGateway(Gateway):
    """Trusts the servers' certificate."""
    def __init__(self, home, settings, cert):
        super().__init__(home, settings)
        self.cert = cert

    def env(self, fault=''):
        return {**super().env(fault), 'SSL_CERT_FILE': self.cert}


class World:
    def __init__(self):
        self.servers = MailServers(['bot', 'ann', 'eve'])
        self.model = Double('model_double', '--delay-ms', '3')
        self.home = tempfile.mkdtemp(prefix='clawdbot-mail-home-')
        self.settings = {
            'server.port': 0, 'model_provider.endpoint': f'http://127.0.0.1:{self.model.port}/v1',
            'platforms.mail.address': BOT, 'platforms.mail.password': PASSWORD, 'platforms.mail.allow': ANN,
            'platforms.mail.imap.host': 'localhost', 'platforms.mail.imap.port': self.servers.imaps,
            'platforms.mail.smtp.host': 'localhost', 'platforms.mail.smtp.port': self.servers.smtps,
            'platforms.mail.imap.poll': '200ms', 'platforms.mail.answers_per_hour': 1000, 'platforms.mail.max_size': '64K',
            'delivery.backoff': '200ms', 'delivery.attempts': 50, 'delivery.limits': 'false', 'log.level': 'info', 'server.drain_timeout': '2s'}
        self.gateway = MailGateway(self.home, self.settings, self.servers.cert)
        self.numbers = 0

    def close(self):
        if self.gateway.process and self.gateway.process.poll() is None:
            self.gateway.process.kill()
            self.gateway.process.wait()
        self.model.close()
        self.servers.close()
        shutil.rmtree(self.home, ignore_errors=True)
        shutil.rmtree(self.gateway.logs, ignore_errors=True)

    # ---- people ----

    def write(self, subject='', text='', sender=ANN, raw=None, **headers):
        """By SMTP, into the bot's mailbox; the Message-ID."""
        self.numbers += 1
        m = EmailMessage()
        m['From'], m['To'], m['Subject'] = f'Somebody <{sender}>', BOT, subject
        m['Message-ID'] = f'<m{self.numbers}.{os.getpid()}@{DOMAIN}>'
        for name, value in headers.items():
            m[name.replace('_', '-')] = value
        m.set_content(text)
        if callable(raw):
            raw(m)
        data = raw if isinstance(raw, bytes) else m.as_bytes(policy=email.policy.SMTP)
        with smtplib.SMTP('127.0.0.1', self.servers.smtp, timeout=20) as c:
            c.sendmail(sender, [BOT], data)
        return m['Message-ID']

    def mailbox(self, who):
        """All that lies there."""
        with imaplib.IMAP4('127.0.0.1', self.servers.imap, timeout=20) as c:
            c.login(who, PASSWORD)
            c.select(readonly=True)
            ids = c.search(None, 'ALL')[1][0].split()
            found = [c.fetch(i, '(RFC822)')[1][0][1] for i in ids]
        return [email.message_from_bytes(b, policy=email.policy.default) for b in found]

    def answers(self, message_id, who=ANN):
        return [m for m in self.mailbox(who) if m['In-Reply-To'] == message_id]

    def answer(self, message_id, who=ANN):
        """The one answer to it."""
        try:
            wait_until(lambda: self.answers(message_id, who), 20, f'an answer to {message_id}')
        except AssertionError:
            print(self.servers.logs(), open(self.gateway.log_path(), encoding='utf-8').read()[-4000:],
                  self.sql('SELECT state, text, error FROM inbox'), self.sql('SELECT state, attempts, error FROM outbox'))
            raise
        found = self.answers(message_id, who)
        assert len(found) == 1, found
        return found[0]

    def sql(self, statement):
        """A look into the database of a gateway that runs."""
        db = sqlite3.connect(f'file:{self.gateway.database}?mode=ro', uri=True, timeout=20)
        try:
            return db.execute(statement).fetchall()
        finally:
            db.close()

    def connected(self):
        """Read to the end, and told of what comes."""
        wait_until(lambda: any(e.get('channel') == 'mail' and e['state'] in ('ok', 'connected') for e in self.gateway.log('channel.state')), 20,
                   'the channel to be connected')


class Smtp(threading.Thread):
    """An SMTP server that does with each mail what its script says: deliver, refuse, or hang up at some place."""
    def __init__(self, script):
        super().__init__(daemon=True)
        self.script, self.ids = list(script), []        # ids: of all mails that came whole
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.port = self.listener.getsockname()[1]
        self.start()

    def run(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            try:
                with connection, connection.makefile('rwb') as f:
                    self.talk(f)
            except OSError:
                pass            # who asked whether we are there did not wait for the last word

    def talk(self, f):
        what = 'look'       # a check of the settings names nobody

        def say(text):
            f.write(text.encode() + b'\r\n')
            f.flush()
        say('220 double')
        text, in_data = [], False
        for line in f:
            word = line[:4].upper()
            if in_data and line == b'.\r\n':
                in_data = False
                self.ids += [t.split(b' ', 1)[1].strip().decode() for t in text if t.startswith(b'Message-ID:')]
                if what == 'hang up after':
                    return
                say({'451 at end': '451 busy', '554 at end': '554 no'}.get(what, '250 taken'))
            elif in_data:
                text.append(line)
            elif word == b'DATA':
                if what == 'hang up before':
                    return
                in_data = True
                say('354 go on')
            elif word == b'RCPT' and what[:1] in '45' and what.endswith('at RCPT'):
                say(what)
            elif word == b'MAIL':
                what = self.script.pop(0) if self.script else 'deliver'
                say('250 fine')
            elif word == b'EHLO':
                say('250-double\r\n250 SIZE 10000000')
            else:
                say('250 fine')


def plain(m):
    return m.get_body(('plain',)).get_content().replace('\r\n', '\n').strip()


def test_a_mail_is_answered_into_its_mailbox(w):
    first = w.write('Old mail', 'from before there was anybody')
    wait_until(lambda: len(w.mailbox(BOT)) == 1, 20, 'the old mail to lie there')
    w.gateway.start()
    w.connected()
    asked = w.write('A question', 'What is *it*?\n-- \nAnn')
    m = w.answer(asked)
    assert plain(m) == 'echo: A question\n\nWhat is it?', plain(m)
    assert m['Subject'] == 'Re: A question' and m['References'] == asked and m['To'] == ANN, m.items()
    assert m['From'] == f'Clawdbot <{BOT}>' and m['Auto-Submitted'] == 'auto-replied' and m['X-Auto-Response-Suppress'] == 'All', m.items()
    assert '<em>it</em>' in m.get_body(('html',)).get_content() or '<i>it</i>' in m.get_body(('html',)).get_content(), m.as_string()
    assert not w.answers(first), 'what lay there before was answered'


def test_a_thread_is_one_conversation(w):
    asked = w.write('Stra\u00dfe \u4f60\u597d', 'one')
    m = w.answer(asked)
    assert m['Subject'] == 'Re: Stra\u00dfe \u4f60\u597d', m['Subject']
    again = w.write('Re: Stra\u00dfe \u4f60\u597d', f'two\n\nOn Monday, Clawdbot <{BOT}> wrote:\n> echo: one\n', In_Reply_To=m['Message-ID'],
                    References=f'{asked} {m["Message-ID"]}')
    n = w.answer(again)
    assert plain(n) == 'echo: two' and n['Subject'] == 'Re: Stra\u00dfe \u4f60\u597d', (plain(n), n['Subject'])
    assert n['References'].split() == [asked, again], n['References']
    rows = w.sql(f"SELECT count(DISTINCT session_id) FROM inbox WHERE external_id IN ('{asked[1:-1]}', '{again[1:-1]}')")
    assert rows == [(1,)], rows


def test_attachments_are_kept(w):
    data = os.urandom(3000)
    asked = w.write('Files', 'see', raw=lambda m: m.add_attachment(data, maintype='image', subtype='png', filename='\u8868 1.png'))
    w.answer(asked)
    body = w.sql(f"SELECT body FROM inbox WHERE external_id = '{asked[1:-1]}'")[0][0]
    assert '\u8868 1.png' in body and 'image/png' in body and '"size":3000' in body.replace(' ', ''), body


def test_strangers_and_machines_get_nothing(w):
    ignored = [w.write('Hello', 'let me in', sender=EVE), w.write('Away', 'I am on holiday', Auto_Submitted='auto-replied'),
               w.write('News', 'all of it', List_Id='<news.example.test>'), w.write('News', 'all of it', Precedence='bulk'),
               w.write('me', 'myself', sender=BOT)]
    w.answer(w.write('After them', 'x'))
    assert not w.mailbox(EVE), 'a stranger was answered'
    for i in ignored:
        assert not w.answers(i) and not w.answers(i, BOT), i
    assert len(w.gateway.log('mail.ignored')) >= 5


def test_what_is_huge_or_broken_is_answered_too(w):
    huge = w.write('Huge', 'word ' * 60000)
    broken = (f'From: {ANN}\r\nTo: {BOT}\r\nSubject: =?utf-8?Q?br=oken\r\nMessage-ID: <broken@{DOMAIN}>\r\nContent-Type: multipart/mixed; '
              'boundary=B\r\n\r\n--B\r\nContent-Type: text/plain; charset=klingon\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!\r\n--B\r\n'
              'Content-Type: text/html\r\n\r\n<p>a<table><tr><b>c\r\n').encode()
    w.write(raw=broken)
    w.write(raw=f'From: {ANN}\r\nSubject: headless\r\n\r\n'.encode() + bytes(range(1, 256)).replace(b'\n', b'').replace(b'\r', b''))
    assert 'platforms.mail.max_size' in w.sql(f"SELECT text FROM inbox WHERE external_id = '{w.answer(huge)['In-Reply-To'][1:-1]}'")[0][0]
    w.answer(f'<broken@{DOMAIN}>')
    wait_until(lambda: w.sql("SELECT 1 FROM inbox WHERE text LIKE 'headless%' AND state = 'done'"), 20, 'the headless one')


def test_what_came_while_it_was_down_is_answered_once(w):
    w.gateway.stop()
    asked = [w.write(f'Down {i}', 'x') for i in range(4)]
    wait_until(lambda: sum('Down' in m['Subject'] for m in w.mailbox(BOT)) == 4, 20, 'the mails to lie there')
    w.gateway.start()
    for a in asked:
        w.answer(a)
    w.gateway.stop()
    w.gateway.start()
    w.answer(w.write('After it', 'x'))
    for a in asked:
        assert len(w.answers(a)) == 1, a


def test_a_server_that_goes_away_comes_back(w):
    w.servers.stop_dovecot()
    wait_until(lambda: any(e['state'] not in ('ok', 'connected') for e in w.gateway.log('channel.state')), 20, 'the loss to be seen')
    w.servers.start_dovecot()
    w.answer(w.write('Back again', 'x'))
    w.servers.stop_postfix()
    asked = f'<direct@{DOMAIN}>'
    with smtplib.LMTP('127.0.0.1', w.servers.lmtp, timeout=20) as c:
        c.sendmail(ANN, [BOT], f'From: {ANN}\r\nSubject: Direct\r\nMessage-ID: {asked}\r\n\r\nx\r\n')
    wait_until(lambda: w.sql("SELECT 1 FROM outbox WHERE state = 'ready' AND attempts > 1"), 20, 'the answer to wait')
    w.servers.start_postfix()
    w.answer(asked)


def test_numbers_given_anew_bring_nothing_twice(w):
    before = len(w.mailbox(ANN))
    w.gateway.stop()
    w.servers.stop_dovecot()
    for root, _, files in os.walk(os.path.join(w.servers.folder, 'mail', BOT)):
        for name in files:
            if name.startswith('dovecot'):
                os.remove(os.path.join(root, name))
    time.sleep(1.1)     # dovecot takes the second for a UIDVALIDITY
    w.servers.start_dovecot()
    w.gateway.start()
    w.answer(w.write('New numbers', 'x'))
    assert len(w.mailbox(ANN)) == before + 1, [(m['Subject'], m['In-Reply-To'], m['Message-ID']) for m in w.mailbox(ANN)[before - 2:]]


def test_death_at_any_moment_loses_and_doubles_nothing(w):
    asked = []
    for _ in range(6):
        asked += [w.write(f'Kill {len(asked) + i}', 'x') for i in range(4)]
        wait_until(lambda: len(w.sql("SELECT 1 FROM inbox WHERE text LIKE 'Kill%'")) > len(asked) - 4, 20, 'the next to be taken in')
        w.gateway.kill()
        w.gateway.start()
    unknown = 0
    for a in asked:
        wait_until(lambda a=a: w.sql(f"SELECT 1 FROM inbox i JOIN outbox o ON o.inbox_id = i.id WHERE external_id = '{a[1:-1]}' "
                                     "AND o.state IN ('sent', 'unknown')"), 20, f'{a} to be settled')
        states = collections.Counter(r[0] for r in w.sql("SELECT o.state FROM inbox i JOIN outbox o ON o.inbox_id = i.id "
                                                         f"WHERE external_id = '{a[1:-1]}'"))
        assert sum(states.values()) == 1, (a, states)
        if states['sent']:
            w.answer(a)
        unknown += states['unknown']
        assert len(w.answers(a)) <= 1, a
    print(f'  {len(asked)} mails over 6 kills, {unknown} unknown')


def test_starttls_and_polling_and_a_wrong_password(w):
    w.gateway.stop()
    w.gateway.start(**{'platforms.mail.imap.security': 'starttls', 'platforms.mail.imap.port': w.servers.imap, 'platforms.mail.imap.idle': 'false',
                       'platforms.mail.smtp.security': 'starttls', 'platforms.mail.smtp.port': w.servers.smtp, 'platforms.mail.auth': 'login'})
    w.answer(w.write('By STARTTLS', 'x'))
    w.gateway.stop()
    w.gateway.start(**{'platforms.mail.password': 'wrong-password'})
    wait_until(lambda: any(e['state'].startswith('stopped') for e in w.gateway.log('channel.state')), 20, 'the channel to stop')
    assert 'platforms.mail.password' in w.gateway.log('channel.state')[-1]['text'], w.gateway.log('channel.state')
    with open(w.gateway.log_path(), encoding='utf-8') as f:
        assert 'wrong-password' not in f.read()
    w.gateway.stop()
    w.gateway.start(**{'platforms.mail.imap.security': 'tls', 'platforms.mail.imap.host': '127.0.0.1', 'platforms.mail.pairing': 'true',
                       'platforms.mail.allow': ''})
    w.write('Hello', 'let me in', sender=EVE)
    wait_until(lambda: any('clawdbot pair' in plain(m) for m in w.mailbox(EVE)), 20, 'a pairing code')
    w.gateway.stop()


def test_what_is_not_known_is_not_sent_again(w):
    """Before the dot nothing is delivered, after it without an answer nobody knows, 4xx is later and 5xx never."""
    for what, state, tries in (('hang up before', 'sent', 2), ('451 later at RCPT', 'sent', 2), ('451 at end', 'sent', 2),
                               ('hang up after', 'unknown', 1), ('554 at end', 'dead', 1), ('550 nobody at RCPT', 'dead', 1)):
        smtp = Smtp([what])
        w.gateway.start(**{'platforms.mail.smtp.security': 'plain', 'platforms.mail.smtp.host': '127.0.0.1', 'platforms.mail.smtp.port': smtp.port})
        asked = w.write(what, 'x')
        query = f"SELECT o.state, o.attempts FROM inbox i JOIN outbox o ON o.inbox_id = i.id WHERE external_id = '{asked[1:-1]}'"
        try:
            wait_until(lambda q=query, s=state: [r[0] for r in w.sql(q)] == [s], 20, f'{what}: to be {state}')
        except AssertionError as e:
            raise AssertionError(f'{e} {w.sql(query)} {smtp.ids} {smtp.script} {w.gateway.log("deliver.failed")}') from None
        assert w.sql(query) == [(state, tries)], (what, w.sql(query), smtp.ids, smtp.script, w.sql('SELECT id, state, attempts, error FROM outbox')[-5:],
                                                w.gateway.log('deliver.failed'))
        assert len(set(smtp.ids)) <= 1, (what, smtp.ids)        # tried again under the same id
        w.gateway.stop()
        smtp.listener.close()


def main():
    passed = failed = 0
    w = World()
    try:
        for name, test in [(n, t) for n, t in globals().items() if n.startswith('test_') and callable(t)]:
            if os.environ.get('PROOF_ONLY', name) != name and passed:
                continue
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
