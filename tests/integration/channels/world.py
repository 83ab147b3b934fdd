# SPDX-License-Identifier: Apache-2.0
"""What the tests of channels share: a gateway between a platform's double and a model that echoes, or obeys ("call TOOL JSON")."""
import base64
import os
import shutil
import sqlite3
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))
from harness import Double, Gateway, Platform, wait_until   # noqa: E402  pylint: disable=wrong-import-position

WAIT = 20

# Files whose bytes are no text: one pixel, and something that calls itself a PDF.
PNG = base64.b64decode('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==')
PDF = b'%PDF-1.4\n\xe2\xe3\xcf\xd3\r\n--\x00\x1a\xff\r\n\r\n%%EOF\n'


def plain(content):
    """Bytes as JSON has them for a double."""
    return base64.b64encode(content).decode()


def long_text(characters):
    """Numbered paragraphs, so many characters and some."""
    text = ''
    for n in range(characters):
        text += f'Paragraph {n} ' + 'of a long answer. ' * 9
        text = text.strip() + '\n\n'
        if len(text) > characters:
            break
    return text.strip()


class Channel:
    """A with-statement's: the platform's double, the gateway with its settings, the model.  A test of a platform derives its own,
    which says what was sent there (texts) and how somebody writes (write)."""
    name = ''
    model_options = ('--obey', '--delay-ms', '3')

    def __init__(self, **settings):
        self.home = tempfile.mkdtemp(prefix=f'clawdbot-{self.name}-')
        self.platform = self.double()
        self.model = Double('model_double', *self.model_options)
        self.gateway = Gateway(self.home, {
            'server.port': 0, 'model_provider.endpoint': f'http://127.0.0.1:{self.model.port}/v1', 'model_provider.model': 'echo',
            'delivery.backoff': '50ms', 'log.level': 'info', **self.settings(), **settings})

    def double(self):
        return Platform(self.name)

    def settings(self):
        """What the channel is configured with."""
        raise NotImplementedError

    def texts(self, chat=None):
        """The texts that the platform took, in order."""
        raise NotImplementedError

    def write(self, text, **more):
        """Somebody writes to the bot; the platform's answer of how that went."""
        raise NotImplementedError

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.gateway.process and self.gateway.process.poll() is None:
            self.gateway.process.kill()
            self.gateway.process.wait()
            self.gateway.process.stdout.close()
        self.platform.close()
        self.model.close()
        for folder in (self.home, self.gateway.logs):
            shutil.rmtree(folder, ignore_errors=True)

    def start(self, pair=True):
        self.gateway.start()
        wait_until(self.connected, WAIT, 'the connection')
        if pair:
            self.pair()

    def connected(self):
        return any(c['name'] == self.name and c['state'] == 'connected' for c in self.channels())

    def channels(self):
        status, answer = self.gateway.ask('/api/v1/status')
        return answer.get('channels', []) if status == 200 else []

    def pair(self):
        """The first to pair is the owner."""
        self.write('hello')
        said = self.await_text('clawdbot pair ')
        self.gateway.cli('pair', said.split('clawdbot pair ')[1].split()[0].strip('`*'))
        wait_until(self.gateway.idle, WAIT, 'the pairing to be told')

    def await_text(self, part, since=0):
        """The first text behind the `since`th that has this in it."""
        found = []

        def look():
            found[:] = [t for t in self.texts()[since:] if part in t]
            return found

        wait_until(look, WAIT, f'a text with {part!r}')
        return found[0]

    def answered_once(self, text):
        """Waits for the echo, and that nothing is left to do; how often it came."""
        self.await_text(f'echo: {text}')
        wait_until(self.gateway.idle, WAIT, 'quiet')
        return sum(f'echo: {text}' in t for t in self.texts())

    def kept(self, name):
        """The bytes and the type of the file of that name that came."""
        db = sqlite3.connect(f'file:{self.gateway.database}?mode=ro', uri=True)
        try:
            (digest, mime), = db.execute('SELECT hash, mime FROM blobs WHERE name = ?', (name,)).fetchall()
        finally:
            db.close()
        with open(os.path.join(self.home, 'blobs', digest[:2], digest[2:4], digest), 'rb') as f:
            return f.read(), mime

    def send_file(self, chat, name, content):
        """A file goes to a chat, as who runs the gateway sends one; returns when nothing is left to do."""
        path = os.path.join(self.home, name)
        with open(path, 'wb') as f:
            f.write(content)
        self.gateway.cli('send', '--to', f'{self.name}:{chat}', '--file', path)
        wait_until(self.gateway.idle, WAIT, 'the file to be gone')

    def all_sent(self):
        """Nothing was given up, and nothing is in doubt."""
        return not self.gateway.rows('outbox', 'dead') and not self.gateway.rows('outbox', 'unknown')

    def long_answer(self, characters):
        """Asks for more than one message holds, with delivery.file_above=1; the whole answer, once nothing is left to do."""
        said = long_text(characters)
        since = len(self.texts())
        self.write(said)
        self.await_text('Paragraph 0', since)
        wait_until(self.gateway.idle, WAIT, 'the long answer to be gone')
        return f'echo: {said}'.encode()

    def file_to_lose(self):
        """A file in the workspace that "call exec" may remove."""
        path = os.path.join(self.home, 'workspace', 'old.txt')
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'w', encoding='utf-8') as f:
            f.write('x')
        return path


def run(tests):
    """Each in turn; the books in the last line."""
    failed = 0
    for test in tests:
        try:
            test()
            print(f'ok: {test.__doc__ or test.__name__}')
        except Exception as e:      # pylint: disable=broad-except
            failed += 1
            print(f'FAILED: {test.__doc__ or test.__name__}: {type(e).__name__}: {e}')
    print(f'{len(tests) - failed} passed, {failed} failed')
    sys.exit(failed > 0)
