#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""line_test.py BUILD: the LINE channel of the real gateway against a double that @line/bot-sdk has driven."""
import os

from world import PDF, WAIT, Channel, plain, run, wait_until

PUSH = 'POST /v2/bot/message/push'


class Line(Channel):
    name = 'line'

    def settings(self):
        account = self.platform.ask('state')['account']
        return {f'platforms.line.{k}': v for k, v in account.items()} | {'platforms.line.api_url': self.platform.url,
                                                                         'platforms.line.data_url': self.platform.url}

    def texts(self, chat=None):
        return [m['text'] for m in self.platform.ask('state')['taken'] if chat in (None, m['to'])]

    def write(self, text, **more):
        return self.platform.event(**{'socket': self.gateway.socket, 'text': text, **more})


def forgers_groups_and_duplicates():
    """what LINE did not sign is refused; a group is answered when the bot is mentioned; twice is once, also after kill -9"""
    with Line() as w:
        w.start()
        assert w.write('forged', wrong='signature', tries=1)['status'] == 401
        assert w.write('cut', cut=40, tries=1)['status'] == 401
        assert w.write('', events=[])['status'] == 200
        assert w.write('', fields={'type': 'hologram'})['status'] == 200
        assert w.write('talk', group='C1')['status'] == 200
        mention = {'mentionees': [{'index': 0, 'length': 4, 'type': 'user', 'isSelf': True}]}
        assert w.write('', group='C1', message={'type': 'text', 'text': '@bot in the group', 'mention': mention})['status'] == 200
        wait_until(lambda: w.texts('C1') == ['echo: in the group'], WAIT, 'the answer in the group')
        for _ in range(2):
            assert w.write('once', id='42')['status'] == 200
        assert w.answered_once('once') == 1
        w.gateway.kill()
        w.gateway.start()
        wait_until(w.connected, WAIT, 'the connection')
        for text, key in (('once', '42'), ('three', '43'), ('four', '44')):
            assert w.write(text, id=key)['status'] == 200
        assert w.answered_once('four') == 1
        assert w.answered_once('once') == 1
        assert not any('echo: talk' in t or 'forged' in t for t in w.texts())


def trouble_on_the_way_out():
    """429 and 5xx are waited for; a push whose answer was lost is pushed again and shown once; never is dead"""
    with Line() as w:
        w.start()
        w.platform.rule(PUSH, 'status', status=429, retry_after=0, body={'message': 'The API rate limit has been exceeded.'})
        w.platform.rule(PUSH, 'status', status=500, body={'message': 'Internal server error'})
        w.write('stubborn')
        assert w.answered_once('stubborn') == 1
        w.platform.rule(PUSH, 'drop_after')
        w.platform.rule(PUSH, 'drop_after')
        w.write('lost answer')
        assert w.answered_once('lost answer') == 1
        assert not w.gateway.rows('outbox', 'unknown')
        assert [e['status'] for e in w.platform.log('POST', '/v2/bot/message/push')][-1] == 409
        w.platform.rule(PUSH, 'status', status=400, body={'message': 'Failed to send messages'})
        w.write('gone')
        wait_until(lambda: w.gateway.rows('outbox', 'dead'), WAIT, 'a dead row')


def files_and_buttons():
    """sound that is still being prepared is waited for; a quick reply lets through what was asked, pressed by who may"""
    with Line() as w:
        w.start()
        sound = b'\0\0\0\x18ftypM4A \xff\xfe'
        w.platform.ask('keep', {'id': '70', 'base64': plain(sound), 'mime': 'audio/mp4', 'processing': 1})
        before = len(w.texts())
        assert w.write('', id='70', message={'type': 'audio', 'duration': 1})['status'] == 200
        wait_until(lambda: len(w.texts()) > before, WAIT, 'an answer to the sound')
        assert len(w.platform.log('GET', '/v2/bot/message/70/content/transcoding')) == 2
        assert w.kept('voice.m4a') == (sound, 'audio/mp4')
        w.platform.ask('keep', {'id': '71', 'base64': plain(PDF), 'mime': 'application/pdf'})
        before = len(w.texts())
        assert w.write('', id='71', message={'type': 'file', 'fileName': 'Überblick.pdf', 'fileSize': len(PDF)})['status'] == 200
        wait_until(lambda: len(w.texts()) > before, WAIT, 'an answer to the file')
        assert w.kept('Überblick.pdf')[0] == PDF
        assert w.write('', message={'type': 'file', 'fileName': 'a.pdf', 'fileSize': 3})['status'] == 200
        assert 'could not be fetched' in w.await_text('a.pdf')
        path = w.file_to_lose()
        w.write('call exec {"command": "rm old.txt"}')
        wait_until(lambda: any('quickReply' in m for m in w.platform.ask('state')['taken']), WAIT, 'a question')
        action = next(m for m in w.platform.ask('state')['taken'] if 'quickReply' in m)['quickReply']['items'][0]['action']
        press = {'type': 'postback', 'postback': {'data': action['data']}}
        assert w.write('', fields=press, **{'from': 'Ustranger'})['status'] == 200
        wait_until(lambda: w.texts('Ustranger'), WAIT, 'the stranger to be told')
        assert os.path.exists(path), 'a stranger pressed'
        assert w.write('', fields=press)['status'] == 200
        wait_until(lambda: not os.path.exists(path), WAIT, 'the file to go')


run([forgers_groups_and_duplicates, trouble_on_the_way_out, files_and_buttons])
