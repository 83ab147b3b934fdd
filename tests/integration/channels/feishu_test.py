#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""feishu_test.py BUILD: the Feishu channel of the real gateway; its double is driven by Feishu's own library in feishu_client_test.mjs."""
import os

from world import PDF, PNG, WAIT, Channel, plain, run, wait_until

OWNER = 'ou_ada'


class Feishu(Channel):
    name = 'feishu'
    over = 'socket'

    def settings(self):
        account = self.platform.ask('state')['account']
        return {f'platforms.feishu.{k}': v for k, v in account.items()} | {
            'platforms.feishu.api_url': self.platform.url, 'platforms.feishu.connection': 'socket' if self.over == 'socket' else 'webhook'}

    def taken(self):
        return self.platform.ask('state')['taken']

    def texts(self, chat=None):
        found = []
        for m in self.taken():
            c = m['content']
            e = c['body']['elements'][0] if 'body' in c else {}
            if chat in (None, m['chat']):
                found.append(c.get('text') or e.get('content') or e.get('text', {}).get('content') or '')
        return found

    def write(self, text, **more):
        over = {'over': self.gateway.socket} if self.over == 'webhook' else {}
        return self.platform.ask('message', {'from': OWNER, 'text': text, **over, **more})

    def buttons(self):
        return [m for m in self.taken() if any(e['tag'] == 'button' for e in m['content'].get('body', {}).get('elements', []))]

    def sent_files(self):
        """Each message that is a file, and that file."""
        state = self.platform.ask('state')
        files = {f['key']: f for f in state['files']}
        return [(m, files[m['content'].get('file_key') or m['content']['image_key']]) for m in state['taken']
                if m['msg_type'] in ('file', 'image', 'audio', 'media')]

    def acknowledged(self):
        wait_until(lambda: self.platform.ask('state')['pending'] == 0, WAIT, 'the acknowledgements')


class ByWebhook(Feishu):
    over = 'webhook'


class Slow(Feishu):
    model_options = ('--deltas', '5', '--delta-interval-ms', '500')


def the_long_connection():
    """messages by the long connection, in parts and out of a torn connection, are answered once and in order"""
    with Feishu(**{'platforms.feishu.stream': 'false'}) as w:
        w.start()
        w.write('whole')
        assert w.answered_once('whole') == 1
        w.write('parts' * 50, parts=4)
        assert w.answered_once('parts' * 50) == 1
        w.platform.rule('SEND /ws/v2 im.message', 'cut')
        w.write('torn')
        assert w.answered_once('torn') == 1
        w.platform.rule('SEND /ws/v2 im.message', 'twice')
        w.write('twin', message_id='om_twin')
        assert w.answered_once('twin') == 1
        w.write('twin', message_id='om_twin')
        w.platform.rule('POST /callback/ws/endpoint', 'status', status=200, body={'code': 1000040350, 'msg': 'exceed conn limit', 'data': {}})
        w.platform.ask('cut', {})
        w.write('again')
        assert w.answered_once('again') == 1
        assert w.answered_once('twin') == 1
        w.acknowledged()
        w.gateway.kill()
        w.write('in between')
        w.gateway.start()
        assert w.answered_once('in between') == 1
        w.acknowledged()
        assert [t for t in w.texts() if t.startswith('echo: ')][-2:] == ['echo: again', 'echo: in between']


def groups_threads_and_files():
    """in groups the bot answers when it is mentioned, there where it was asked; files come and go"""
    with Feishu(**{'platforms.feishu.stream': 'false'}) as w:
        w.start()
        bot = w.platform.ask('state')['bot']
        mention = [{'key': '@_user_1', 'id': {'open_id': bot}, 'name': 'Double', 'tenant_key': 'tenant'},
                   {'key': '@_user_2', 'id': {'open_id': 'ou_eve'}, 'name': 'Eve', 'tenant_key': 'tenant'}]
        group = {'chat': 'oc_group', 'chat_type': 'group'}
        w.write('nothing for the bot', **group)
        w.write('@_user_2 nor this', mentions=mention[1:], **group)
        w.write('@_user_1 ask @_user_2', mentions=mention, message_id='om_asked', **group)
        assert w.answered_once('ask @Eve') == 1
        asked = [m for m in w.taken() if m.get('reply_to') == 'om_asked']
        assert len(asked) == 1 and not asked[0]['in_thread'], asked
        w.write('@_user_1 threaded', mentions=mention, message_id='om_thread', thread='omt_1', **group)
        assert w.answered_once('threaded') == 1
        assert [m['in_thread'] for m in w.taken() if m.get('reply_to') == 'om_thread'] == [True]
        w.write('@_user_1 withdrawn', mentions=mention, message_id='om_gone1', **group)
        assert w.answered_once('withdrawn') == 1
        key = w.platform.ask('keep', {'base64': plain(PDF), 'type': 'file'})['key']
        w.platform.ask('expire', {})
        n = len(w.texts())
        w.write('', type='file', content={'file_key': key, 'file_name': 'a.pdf'})
        w.await_text('echo: ', n)
        assert w.kept('a.pdf')[0] == PDF
        assert w.platform.log('GET', '/open-apis/im/v1/messages/')
        w.write('', type='image', content={'image_key': 'img_nowhere'})
        w.await_text('could not be fetched')
        assert not any('nothing for' in t or 'nor this' in t for t in w.texts())


def files_out():
    """a long answer goes as a file, pictures and films as such; an upload that fails is made again, and shown once"""
    with Feishu(**{'platforms.feishu.stream': 'false', 'delivery.file_above': '1'}) as w:
        w.start()
        upload = 'POST /open-apis/im/v1/files'
        w.platform.rule(upload, 'status', status=500, body='')
        w.platform.rule(upload, 'drop_after')
        answer = w.long_answer(13000)
        (message, file), = w.sent_files()
        assert (message['msg_type'], file['name'], file['type'], file['file_type']) == ('file', 'reply.md', 'text/markdown', 'stream'), file
        assert file['base64'] == plain(answer) and message['chat'] == OWNER, message
        assert len(w.platform.log('POST', upload[5:])) == 3, w.platform.log('POST', upload[5:])
        w.platform.rule('POST /open-apis/im/v1/images', 'status', status=500, body='')
        w.send_file(OWNER, 'Überblick.png', PNG)
        w.platform.ask('expire', {})
        w.send_file(OWNER, 'Bericht "7".pdf', PDF)
        w.platform.rule('POST /open-apis/im/v1/messages', 'status', status=503, body='')
        w.send_file(OWNER, 'film.mp4', b'\0\0\0\x18ftypmp42')
        told = [(m['msg_type'], f['name'], f['type'], f['file_type'], f['base64']) for m, f in w.sent_files()[1:]]
        assert told == [('image', 'Überblick.png', 'image/png', 'image', plain(PNG)), ('file', 'Bericht "7".pdf', 'application/pdf', 'pdf', plain(PDF)),
                        ('media', 'film.mp4', 'video/mp4', 'mp4', plain(b'\0\0\0\x18ftypmp42'))], told
        assert w.all_sent()


def trouble_on_the_way_out():
    """limits and failures are waited for; an ended token is asked for anew; a bot that was thrown out gives up"""
    with Feishu(**{'platforms.feishu.stream': 'false'}) as w:
        w.start()
        path = 'POST /open-apis/im/v1/messages'
        w.platform.rule(path, 'status', status=400, headers={'x-ogw-ratelimit-reset': '1'}, body={'code': 99991400, 'msg': 'request trigger frequency limit'})
        w.platform.rule(path, 'status', status=429, body='')
        w.platform.rule(path, 'status', status=503, body='')
        w.platform.rule(path, 'status', status=400, body={'code': 230099, 'msg': 'Failed to create card content'})
        w.write('stubborn **text**')
        assert w.answered_once('stubborn text') == 1
        w.platform.ask('expire', {})
        w.write('renewed')
        assert w.answered_once('renewed') == 1
        w.platform.rule(path, 'drop_after')
        w.write('lost')
        wait_until(lambda: w.gateway.rows('outbox', 'unknown'), WAIT, 'an unknown row')
        w.platform.rule(path, 'status', status=400, body={'code': 230013, 'msg': 'Bot has NO availability to this user.'})
        w.write('gone')
        wait_until(lambda: w.gateway.rows('outbox', 'dead'), WAIT, 'a dead row')


def edits():
    """replies grow in their card"""
    with Slow() as w:
        w.start()
        w.write('slowly')
        assert w.answered_once('slowly') == 1
        grown = [m for m in w.taken() if m['edits']]
        assert len(grown) == 1 and grown[0]['msg_type'] == 'interactive', w.taken()


def buttons():
    """what has to be asked for is asked with buttons, which let it through once"""
    with Feishu() as w:
        w.start()
        path = w.file_to_lose()
        w.write('call exec {"command": "rm old.txt"}')
        wait_until(w.buttons, WAIT, 'buttons')
        card = w.buttons()[0]
        before = len(w.texts('ou_eve'))
        w.platform.ask('press', {'message_id': card['message_id'], 'button': 0, 'from': 'ou_eve'})
        w.acknowledged()
        assert os.path.exists(path), 'a stranger pressed'
        w.platform.ask('press', {'message_id': card['message_id'], 'button': 0, 'from': OWNER})
        wait_until(lambda: not os.path.exists(path), WAIT, 'the file to go')
        w.acknowledged()
        assert w.platform.ask('state')['acks'][-1]['reply']['toast'], w.platform.ask('state')['acks']
        assert before == 0


def the_webhook():
    """the webhook: the challenge, the seal, the signature, the token, the clock"""
    with ByWebhook(**{'platforms.feishu.stream': 'false'}) as w:
        w.start()
        ask = {'over': w.gateway.socket}
        said = w.platform.ask('verify', ask)
        assert said['status'] == 200 and said['challenge'] in said['text'], said
        assert w.platform.ask('verify', {**ask, 'wrong': 'token'})['status'] == 401
        assert w.platform.ask('verify', {**ask, 'wrong': 'key'})['status'] == 400
        for trouble, status in (({'wrong': 'signature'}, 401), ({'wrong': 'token'}, 401), ({'wrong': 'key'}, 400), ({'plain': True}, 400),
                                ({'age': 3600}, 401)):
            got = w.write('not for you', tries=1, **trouble)
            assert got['status'] == status, (trouble, got)
        assert w.platform.ask('event', {'event_type': 'future.thing_v9', 'event': {'x': 1}, **ask})['status'] == 200
        assert w.write('right', message_id='om_1')['status'] == 200
        assert w.write('right', message_id='om_1')['status'] == 200
        assert w.answered_once('right') == 1
        assert not any('not for you' in t for t in w.texts())


run([the_long_connection, groups_threads_and_files, files_out, trouble_on_the_way_out, buttons, edits, the_webhook])
