#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""images_test.py BUILD: an image that somebody sends to a channel is in the request to a model that sees, and in no other's."""
import base64
import json
import os
import re
import sys
import tempfile

import world
from world import WAIT, Channel, Double, wait_until

TESTS, world.run = world.run, lambda tests: None
from mattermost_test import Mattermost      # noqa: E402  pylint: disable=wrong-import-position

PNG = base64.b64encode(bytes.fromhex('89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489'
                                     '0000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082')).decode()
SEES = 'gpt-4o'


class Logged:
    """With a log of what the model is asked."""
    def __init__(self, **settings):
        self.log = tempfile.NamedTemporaryFile(mode='r', prefix='clawdbot-asked-', encoding='utf-8')     # pylint: disable=consider-using-with
        self.model_options = (*self.model_options, '--log', self.log.name)
        super().__init__(**settings)

    def __exit__(self, *_):
        super().__exit__()
        self.log.close()

    def asked(self, part):
        """The images and the text of the request whose message has this in it."""
        with open(self.log.name, encoding='utf-8') as f:
            lines = [json.loads(line) for line in f if line.endswith('\n')]
        return next((line['images'], line['text']) for line in lines if part in line['text'])


class Sees(Logged, Mattermost):
    """Mattermost, and a model."""


class Blind(Sees):
    """And a model that is known not to see."""
    def settings(self):
        return {**super().settings(), 'models.providers': json.dumps({'mock': {'endpoint': f'http://127.0.0.1:{self.model.port}/v1', 'models': ['echo']}}),
                'models.main': 'mock/echo', 'models.facts': '{"mock/*": {"vision": false}}'}


class Telegram(Logged, Channel):
    """Telegram, whose double is not of tests/doubles/platforms."""
    name = 'telegram'

    def double(self):
        return Double('telegram_double')

    def settings(self):
        return {'platforms.telegram.token': '1:double', 'platforms.telegram.api_url': f'http://127.0.0.1:{self.platform.port}',
                'platforms.telegram.stream': 'false', 'delivery.limits': 'false'}

    def texts(self, chat=None):
        return [re.sub('<[^>]*>', '', e['params']['text']) for e in self.platform.ask('log') if e['method'] == 'sendMessage']

    def write(self, text, **more):
        return self.platform.ask('message', {'chat_id': 1, 'from': {'id': 1, 'is_bot': False, 'first_name': 'Owner'}, 'text': text, **more})


def looked(w, text, **more):
    w.write(text, **more)
    w.await_text(f'echo: {text}')
    return w.asked(text)


def by_mattermost():
    """a picture that was sent to Mattermost is shown, byte by byte; a file that is none is not; and where the workspace has them"""
    with Sees(**{'model_provider.model': SEES}) as w:
        w.start()
        images, text = looked(w, 'look at this', files=[{'name': 'dot.png', 'type': 'image/png', 'base64': PNG}])
        assert images == ['data:image/png;base64,' + PNG], images
        assert 'attachments/' in text and 'dot.png' in text, text
        with open(os.path.join(w.home, 'workspace', text[text.index('attachments/'):].split('.png')[0] + '.png'), 'rb') as f:
            assert f.read() == base64.b64decode(PNG)
        images, text = looked(w, 'read that', files=[{'name': 'a.txt', 'type': 'text/plain', 'text': 'no picture'}])
        assert images == [] and 'a.txt' in text, (images, text)
        images, _ = looked(w, 'two of them', files=[{'name': f'{k}.png', 'type': 'image/png', 'base64': PNG} for k in range(2)])
        assert len(images) == 2, images


def by_telegram():
    """a photo that was sent to Telegram is fetched in its largest size, and shown with its caption"""
    with Telegram(**{'model_provider.model': SEES}) as w:
        w.start()
        w.platform.ask('message', {'chat_id': 1, 'from': {'id': 1, 'is_bot': False, 'first_name': 'Owner'}, 'caption': 'what is it?', 'photo': [
            {'file_id': 'small', 'file_unique_id': 's', 'width': 9, 'height': 9, 'file_size': 16},
            {'file_id': 'large', 'file_unique_id': 'l', 'width': 90, 'height': 90, 'file_size': 16}]})
        w.await_text('echo: what is it?')
        images, _ = w.asked('what is it?')
        assert images == ['data:image/jpeg;base64,' + base64.b64encode(b'content of large').decode()], images


def not_to_the_blind():
    """a model that does not see is told where the picture is, and not shown it"""
    with Blind() as w:
        w.start()
        images, text = looked(w, 'look at this', files=[{'name': 'dot.png', 'type': 'image/png', 'base64': PNG}])
        assert images == [] and 'dot.png' in text, (images, text)
        wait_until(w.gateway.idle, WAIT, 'quiet')


only = sys.argv[2:]
TESTS([t for t in (by_mattermost, by_telegram, not_to_the_blind) if not only or t.__name__ in only])
