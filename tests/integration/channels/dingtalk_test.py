#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""dingtalk_test.py BUILD: the DingTalk channel of the real gateway; its double is driven by DingTalk's library in dingtalk_client_test.mjs."""
import os
import urllib.parse

from world import PDF, PNG, WAIT, Channel, plain, run, wait_until

OWNER = 'ada'
SAYS = 'dtmd://dingtalkclient/sendMessage?content='


class DingTalk(Channel):
    name = 'dingtalk'
    over = 'stream'

    def settings(self):
        account = self.platform.ask('state')['account']
        return {f'platforms.dingtalk.{k}': v for k, v in account.items()} | {
            'platforms.dingtalk.api_url': self.platform.url, 'platforms.dingtalk.old_api_url': self.platform.url, 'delivery.limits': 'false',
            'platforms.dingtalk.connection': self.over}

    def taken(self):
        return self.platform.ask('state')['taken']

    def texts(self, chat=None):
        return [m['body'].get('text') or m['body'].get('content') or '' for m in self.taken() if chat in (None, m['chat'])]

    def write(self, text, **more):
        over = {'over': self.gateway.socket} if self.over == 'webhook' else {}
        return self.platform.ask('message', {'from': OWNER, 'text': text, **over, **more})

    def sent_files(self):
        """Each message that is a file, and that file."""
        state = self.platform.ask('state')
        files = {f['media_id']: f for f in state['files']}
        return [(m, files[m['body'].get('mediaId') or m['body']['photoURL']]) for m in state['taken'] if m['msgtype'] in ('sampleFile', 'sampleImageMsg')]

    def acknowledged(self):
        wait_until(lambda: self.platform.ask('state')['pending'] == 0, WAIT, 'the acknowledgements')


class ByWebhook(DingTalk):
    over = 'webhook'


def stream_mode():
    """messages by Stream mode, also out of a torn connection and after kill -9, are answered once and in order"""
    with DingTalk() as w:
        w.start()
        w.write('first')
        assert w.answered_once('first') == 1
        w.platform.rule('SEND /connect /v1.0/im/bot', 'cut')
        w.write('torn')
        assert w.answered_once('torn') == 1
        w.platform.ask('system', {'topic': 'ping', 'data': {'opaque': 'x'}})
        wait_until(lambda: any(a['data'] == '{"opaque":"x"}' for a in w.platform.ask('state')['acks']), WAIT, 'a pong')
        w.platform.rule('POST /v1.0/gateway', 'status', status=503, body='')
        w.platform.ask('system', {'topic': 'disconnect'})
        w.write('again', id='msg-again')
        assert w.answered_once('again') == 1
        w.write('again', id='msg-again')
        w.write('future', more={'msgtype': 'hologram', 'mood': {'colour': 'red'}})
        w.write('in a group', group='cidgroup=')
        assert w.answered_once('in a group') == 1
        assert [m['chat'] for m in w.taken()][-1] == 'cidgroup='
        w.acknowledged()
        w.gateway.kill()
        w.write('in between')
        w.gateway.start()
        assert w.answered_once('in between') == 1
        assert w.answered_once('again') == 1
        w.acknowledged()
        w.gateway.stop()
        w.gateway.start()
        by_address = len(w.platform.log('POST', '/robot/sendBySession'))
        w.gateway.cli('send', '--to', 'dingtalk:cidgroup=', '--wait', 'after a restart')
        assert len(w.platform.log('POST', '/robot/sendBySession')) == by_address + 1, 'the address is known over restarts'


def addresses_and_tokens():
    """a conversation's address that ended gives way to the robot's API, with a new token when that has ended; files come"""
    with DingTalk() as w:
        w.start()
        w.platform.rule('POST /robot/sendBySession', 'status', status=200, body={'errcode': 300001, 'errmsg': 'session is not exist'})
        w.write('by the API')
        assert w.answered_once('by the API') == 1
        assert w.taken()[-1]['by'] == 'person' and w.taken()[-1]['msgtype'] == 'sampleMarkdown', w.taken()[-1]
        w.platform.ask('expire', {})
        w.write('nowhere else', session='http://127.0.0.2/robot/sendBySession?session=x', group='cidother=')
        assert w.answered_once('nowhere else') == 1
        assert w.taken()[-1]['by'] == 'group'
        w.platform.rule('POST /robot/sendBySession', 'status', status=429, body='')
        w.platform.rule('POST /robot/sendBySession', 'status', status=503, body='')
        w.write('stubborn')
        assert w.answered_once('stubborn') == 1
        w.platform.rule('POST /robot/sendBySession', 'drop_after')
        w.write('lost')
        wait_until(lambda: w.gateway.rows('outbox', 'unknown'), WAIT, 'an unknown row')
        w.platform.ask('expire', {})
        code, n = w.platform.ask('keep', {'base64': plain(PDF)})['code'], len(w.texts())
        w.write('', msgtype='file', content={'downloadCode': code, 'fileName': 'a.pdf'})
        w.await_text('echo: ', n)
        assert w.kept('a.pdf')[0] == PDF
        assert w.platform.log('GET', '/files/')
        w.write('', msgtype='picture', content={'downloadCode': 'nothing'})
        w.await_text('could not be fetched')


def files_out():
    """files and pictures go by an upload, which is made again when it fails; what robots may not send becomes pieces, or a link"""
    with DingTalk(**{'delivery.file_above': '1'}) as w:
        w.start()
        w.platform.rule('POST /media/upload', 'status', status=500, body='')
        w.platform.rule('POST /media/upload', 'drop_after')
        w.send_file(OWNER, 'Überblick 7.PDF', PDF)
        w.platform.ask('expire', {})
        w.platform.rule('POST /v1.0/robot/oToMessages', 'status', status=503, body='')
        w.send_file(OWNER, 'photo.png', PNG)
        w.send_file('cidgroup=', 'a.b.zip', b'PK\x03\x04')
        # Of two chats, so in whatever order.
        (one, pdf), (three, archive), (two, png) = sorted(w.sent_files(), key=lambda sent: sent[1]['type'])
        assert (pdf['kind'], pdf['name'], pdf['type'], pdf['base64']) == ('file', 'Überblick 7.PDF', 'application/pdf', plain(PDF)), pdf
        assert (png['kind'], png['type'], png['base64']) == ('image', 'image/png', plain(PNG)), png
        assert [one['chat'], two['chat'], three['chat']] == [OWNER, OWNER, 'cidgroup=']
        assert (one['body']['fileName'], one['body']['fileType']) == ('Überblick 7.PDF', 'pdf'), one
        assert (three['body']['fileName'], three['body']['fileType'], archive['base64']) == ('a.b.zip', 'zip', plain(b'PK\x03\x04')), three
        n = len(w.texts())
        answer = w.long_answer(11000).decode()
        last = answer.split('Paragraph ')[-1].split()[0]
        assert len(w.texts()) - n == 3 and f'Paragraph {last} ' in w.texts()[-1], w.texts()[n:]
        w.send_file(OWNER, 'notes.txt', b'some notes')
        assert 'notes' in w.texts()[-1] and 'cannot be sent here' in w.texts()[-1], w.texts()[-1]
        w.gateway.stop()
        w.gateway.start(**{'server.public_url': 'https://bot.example.org'})
        wait_until(w.connected, WAIT, 'the connection')
        w.send_file(OWNER, 'notes.txt', b'some notes')
        assert 'https://bot.example.org/files/' in w.texts()[-1], w.texts()[-1]
        assert len(w.sent_files()) == 3 and w.all_sent()


def buttons():
    """what has to be asked for is asked with buttons, by which the person says the answer"""
    with DingTalk() as w:
        w.start()
        path = w.file_to_lose()
        w.write('call exec {"command": "rm old.txt"}')
        wait_until(lambda: [m for m in w.taken() if m['msgtype'] == 'actionCard'], WAIT, 'a card')
        button = [m for m in w.taken() if m['msgtype'] == 'actionCard'][0]['body']['btns'][0]
        assert button['actionURL'].startswith(SAYS), button
        assert os.path.exists(path)
        w.write(urllib.parse.unquote(button['actionURL'][len(SAYS):]))
        wait_until(lambda: not os.path.exists(path), WAIT, 'the file to go')


def the_webhook():
    """the webhook: signed by the secret, and lately"""
    with ByWebhook() as w:
        w.start()
        assert w.write('not for you', wrong='sign', tries=1)['status'] == 401
        assert w.write('not for you', age=3600, tries=1)['status'] == 401
        assert w.write('right', id='m1')['status'] == 200
        assert w.write('right', id='m1')['status'] == 200
        assert w.answered_once('right') == 1
        assert not any('not for you' in t for t in w.texts())


run([stream_mode, addresses_and_tokens, files_out, buttons, the_webhook])
