#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""qq_test.py BUILD: the QQ channel of the real gateway against a double that is written from the documentation alone."""
import os

from world import PDF, PNG, WAIT, Channel, plain, run, wait_until

OWNER = 'OPENID1'


class QQ(Channel):
    name = 'qq'
    over = 'gateway'

    def settings(self):
        account = self.platform.ask('state')['account']
        return {f'platforms.qq.{k}': v for k, v in account.items()} | {
            'platforms.qq.api_url': self.platform.url, 'platforms.qq.token_url': self.platform.url, 'delivery.limits': 'false',
            'platforms.qq.connection': 'gateway' if self.over == 'gateway' else 'webhook', 'platforms.qq.markdown': 'true'}

    def taken(self):
        return self.platform.ask('state')['taken']

    def texts(self, chat=None):
        return [m['body'].get('content') or m['body'].get('markdown', {}).get('content', '') for m in self.taken() if chat in (None, m['chat'])]

    def sent_files(self):
        """Each message that is a file, and that file."""
        state = self.platform.ask('state')
        files = {f['file_info']: f for f in state['files']}
        return [(m, files[m['body']['media']['file_info']]) for m in state['taken'] if m['body'].get('msg_type') == 7]

    def write(self, text, **more):
        over = {'over': self.gateway.socket} if self.over == 'webhook' else {}
        return self.platform.ask('message', {'from': OWNER, 'text': text, **over, **more})


class ByWebhook(QQ):
    over = 'webhook'


def the_gateway():
    """messages by the gateway are answered once, out of torn connections by resuming, after kill -9 too, and by identifying anew"""
    with QQ() as w:
        w.start()
        state = lambda: w.platform.ask('state')     # noqa: E731  pylint: disable=unnecessary-lambda-assignment
        w.write('first')
        assert w.answered_once('first') == 1
        assert w.taken()[-1]['body']['msg_id'] and w.taken()[-1]['body']['msg_seq'], w.taken()[-1]
        w.platform.rule('SEND /websocket C2C_MESSAGE_CREATE', 'cut')
        w.write('torn')
        assert w.answered_once('torn') == 1
        assert state()['resumed'] == 1 and state()['identified'] == 1, state()
        w.platform.ask('frame', {'op': 7})
        w.write('asked to come again')
        assert w.answered_once('asked to come again') == 1
        w.gateway.kill()
        w.write('in between')
        w.gateway.start()
        assert w.answered_once('in between') == 1
        assert state()['identified'] == 1, state()
        w.platform.ask('forget', {})
        w.platform.ask('cut', {})
        wait_until(lambda: state()['identified'] == 2, WAIT, 'identifying anew')
        wait_until(w.connected, WAIT, 'the connection')
        w.write('twin', id='ROBOT1.0_twin')
        w.write('twin', id='ROBOT1.0_twin')
        w.write('in a group', kind='group', chat='G1')
        w.write('in a channel', kind='channel', chat='7')
        w.write('of another bot', kind='channel', chat='7', bot=True)
        for text in ('twin', 'in a group', 'in a channel'):
            assert w.answered_once(text) == 1
        assert {'group:G1', 'channel:7'} <= {m['chat'] for m in w.taken()}
        assert not any('of another bot' in t for t in w.texts())


def trouble_and_files():
    """limits, failures and ended tokens are waited for; Markdown that is refused goes plain; files come"""
    with QQ() as w:
        w.start()
        path = 'POST /v2/users'
        w.platform.rule(path, 'status', status=429, body='')
        w.platform.rule(path, 'status', status=503, body='')
        w.platform.rule(path, 'status', status=400, body={'code': 304036, 'message': 'markdown param error'})
        w.write('stubborn **text**')
        assert w.answered_once('stubborn text') == 1
        w.platform.ask('expire', {})
        w.write('renewed')
        assert w.answered_once('renewed') == 1
        w.platform.rule(path, 'drop_after')
        w.write('lost')
        wait_until(lambda: w.gateway.rows('outbox', 'unknown'), WAIT, 'an unknown row')
        w.platform.rule(path, 'status', status=400, body={'code': 40034024, 'message': 'too late'})
        w.write('late')
        wait_until(lambda: w.gateway.rows('outbox', 'dead'), WAIT, 'a dead row')
        url, n = w.platform.ask('keep', {'base64': plain(PDF)})['url'], len(w.texts())
        w.write('take this', attachments=[{'content_type': 'application/pdf', 'filename': 'a.pdf', 'size': len(PDF), 'url': url}])
        w.await_text('echo: take this', n)
        assert w.kept('a.pdf') == (PDF, 'application/pdf')
        assert w.platform.log('GET', '/kept/')


def files_out():
    """pictures go by an upload for the chat they go to, which is made again when it fails; the rest becomes pieces, or a link"""
    with QQ(**{'delivery.file_above': '1'}) as w:
        w.start()
        upload = 'POST /v2/users/OPENID1/files'
        w.platform.rule(upload, 'status', status=500, body='')
        w.platform.rule(upload, 'drop_after')
        w.send_file(f'c2c:{OWNER}', 'photo.png', PNG)
        assert len(w.platform.log('POST', upload[5:])) == 3, w.platform.log('POST', upload[5:])
        w.platform.ask('expire', {})
        w.platform.rule('POST /v2/groups/G1/messages', 'status', status=503, body='')
        w.send_file('group:G1', 'film.mp4', b'\0\0\0\x18ftypmp42')
        told = [(m['chat'], f['file_type'], f['base64']) for m, f in w.sent_files()]
        assert told == [(f'c2c:{OWNER}', 1, plain(PNG)), ('group:G1', 2, plain(b'\0\0\0\x18ftypmp42'))], told
        n = len(w.texts())
        answer = w.long_answer(4000).decode()
        last = answer.split('Paragraph ')[-1].split()[0]
        assert len(w.texts()) - n == 3 and f'Paragraph {last} ' in w.texts()[-1], w.texts()[n:]
        w.gateway.stop()
        w.gateway.start(**{'server.public_url': 'https://bot.example.org'})
        wait_until(w.connected, WAIT, 'the connection')
        for chat, name, content in ((f'c2c:{OWNER}', 'a.pdf', PDF), ('channel:7', 'photo.png', PNG)):
            w.send_file(chat, name, content)
            assert 'https://bot.example.org/files/' in w.texts(chat)[-1], w.texts(chat)
        assert len(w.sent_files()) == 2 and w.all_sent(), (w.sent_files(), w.gateway.rows('outbox'))


def buttons():
    """what has to be asked for is asked with buttons, which let it through once, and the press is told"""
    with QQ() as w:
        w.start()
        path = w.file_to_lose()
        w.write('call exec {"command": "rm old.txt"}')
        asked = lambda: [i for i, m in enumerate(w.taken()) if 'keyboard' in m['body']]     # noqa: E731  pylint: disable=unnecessary-lambda-assignment
        wait_until(asked, WAIT, 'buttons')
        w.platform.ask('press', {'message': asked()[0], 'button': 0, 'from': OWNER})
        wait_until(lambda: not os.path.exists(path), WAIT, 'the file to go')
        wait_until(lambda: w.platform.ask('state')['told'], WAIT, 'the press to be told')


def the_webhook():
    """the webhook: the challenge, the signature, the clock"""
    with ByWebhook() as w:
        w.start()
        said = w.platform.ask('verify', {'over': w.gateway.socket})
        assert said['status'] == 200 and said['want'] in said['text'], said
        assert w.write('not for you', wrong='signature', tries=1)['status'] == 401
        assert w.write('not for you', age=3600, tries=1)['status'] == 401
        assert w.write('right', id='m1')['status'] == 200
        assert w.write('right', id='m1')['status'] == 200
        assert w.answered_once('right') == 1
        assert not any('not for you' in t for t in w.texts())


run([the_gateway, trouble_and_files, files_out, buttons, the_webhook])
