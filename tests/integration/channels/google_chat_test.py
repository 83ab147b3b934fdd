#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""google_chat_test.py BUILD: the Google Chat channel of the real gateway, against a double that Google's own libraries drove."""
import json
import os

from world import PDF, WAIT, Channel, plain, run, wait_until

OWNER = 'ada'


class GoogleChat(Channel):
    name = 'google_chat'

    def settings(self):
        state = self.platform.ask('state')
        path = os.path.join(self.home, 'service-account.json')
        with open(path, 'w', encoding='utf-8') as f:
            json.dump(state['account'], f)
        return {'platforms.google_chat.credentials': path, 'platforms.google_chat.audience': state['project'],
                'platforms.google_chat.api_url': self.platform.url, 'platforms.google_chat.keys_url': self.platform.url + '/keys',
                'delivery.limits': 'false'}

    def taken(self):
        return self.platform.ask('state')['taken']

    def texts(self, chat=None):
        return [m.get('text', '') for m in self.taken() if chat in (None, m['space']['name'])]

    def write(self, text, **more):
        return self.platform.event(**{'socket': self.gateway.socket, 'from': OWNER, 'text': text, **more})


def by_name():
    """`send --to` finds a space by its name, and says what it takes where there is none"""
    with GoogleChat() as w:
        w.start()
        w.gateway.cli('send', '--to', 'google_chat:#operations', '--wait', 'to all')
        assert w.texts('spaces/OPS') == ['to all'], w.taken()
        status, answer = w.gateway.ask('/api/v1/send', 'POST', {'to': 'google_chat:nowhere', 'text': 'x'})
        assert status == 404 and 'it takes #name of a space' in str(answer), (status, answer)


def callers():
    """only what Google Chat signed for this app is heard"""
    with GoogleChat() as g:
        g.start()
        before = len(g.texts())
        for wrong in ({'wrong': 'key'}, {'wrong': 'issuer'}, {'wrong': 'audience'}, {'wrong': 'kid'}, {'wrong': 'none'}, {'age': 8000}, {'age': -8000}):
            assert g.write('not for you', tries=1, **wrong)['status'] == 401, wrong
        assert g.write('cut', cut=40, tries=1)['status'] == 400
        assert g.write('and now')['status'] == 200
        assert g.answered_once('and now') == 1
        assert len(g.texts()) == before + 1, g.texts()


def once():
    """a message that comes twice, also after kill -9, is answered once; in a thread the answer stays in it"""
    with GoogleChat() as g:
        g.start()
        for _ in range(2):
            assert g.write('once', id='42', space='spaces/OPS')['status'] == 200
        assert g.answered_once('once') == 1
        answer = [m for m in g.taken() if 'echo: once' in m['text']][0]
        assert answer['thread'] == {'name': 'spaces/OPS/threads/1'}, answer
        g.gateway.kill()
        g.gateway.start()
        wait_until(g.connected, WAIT, 'the connection')
        assert g.write('once', id='42', space='spaces/OPS')['status'] == 200
        for text in ('three', 'four', 'five'):
            assert g.write(text)['status'] == 200
        g.await_text('echo: five')
        assert [t for t in g.texts() if t.startswith('echo: ')] == ['echo: once', 'echo: three', 'echo: four', 'echo: five'], g.texts()


def trouble():
    """429 and 5xx are waited for; what was cut off is sent again and shown once; an ended token is asked for anew; who is gone is dead"""
    with GoogleChat() as g:
        g.start()
        for status in (429, 503, 502):
            g.platform.rule('POST /v1/spaces', 'status', status=status, body='busy', **({'retry_after': 1} if status == 429 else {}))
        g.write('stubborn')
        assert g.answered_once('stubborn') == 1
        g.platform.rule('POST /v1/spaces', 'drop_after')
        g.write('lost')
        assert g.answered_once('lost') == 1
        g.platform.ask('expire', {})
        g.write('fresh')
        assert g.answered_once('fresh') == 1
        assert not g.gateway.rows('outbox', 'unknown')
        g.write('gone', space='spaces/GONE')
        wait_until(lambda: g.gateway.rows('outbox', 'dead'), WAIT, 'a dead row')


def killed():
    """killed while an answer is on its way: it is sent again, and shown once"""
    with GoogleChat() as g:
        g.start()
        g.platform.rule('POST /v1/spaces', 'delay', ms=3000)
        g.write('slow')
        wait_until(lambda: any(e['body'].get('text') == 'echo: slow' for e in g.platform.log('POST', '/v1/spaces')), WAIT, 'the request')
        g.gateway.kill()
        g.gateway.start()
        assert g.answered_once('slow') == 1
        assert len([e for e in g.platform.log('POST', '/v1/spaces') if e['body'].get('text') == 'echo: slow']) == 2


def buttons_and_files():
    """a question has buttons, of which one press counts; a file is fetched, and one that is not there is named"""
    with GoogleChat() as g:
        g.start()
        path = g.file_to_lose()
        g.write('call exec {"command": "rm old.txt"}')
        wait_until(lambda: any(m.get('cardsV2') for m in g.taken()), WAIT, 'a card')
        card = [m for m in g.taken() if m.get('cardsV2')][0]
        buttons = card['cardsV2'][0]['card']['sections'][0]['widgets'][0]['buttonList']['buttons']
        reply = buttons[0]['onClick']['action']['parameters'][0]['value']
        g.write('', pressed=reply, under=card['name'], **{'from': 'eve'})
        assert os.path.exists(path), 'a stranger pressed'
        assert g.write('', pressed=reply, under=card['name'])['status'] == 200
        wait_until(lambda: not os.path.exists(path), WAIT, 'the file to go')
        kept = g.platform.ask('keep', {'base64': plain(PDF)})['id']
        file = {'contentName': 'a.pdf', 'contentType': 'application/pdf', 'attachmentDataRef': {'resourceName': kept}}
        assert g.write('see', attachment=[file, {**file, 'contentName': 'b.txt', 'attachmentDataRef': {'resourceName': 'none'}}])['status'] == 200
        assert 'b.txt could not be fetched' in g.await_text('echo: see')
        assert len(g.platform.log('GET', '/v1/media/')) == 2 and g.kept('a.pdf') == (PDF, 'application/pdf')


run([by_name, callers, once, trouble, killed, buttons_and_files])
