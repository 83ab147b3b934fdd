#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""wecom_test.py BUILD: the WeCom channel of the real gateway; the callbacks' envelope is made by WeCom's own library."""
import os

from world import PDF, PNG, WAIT, Channel, plain, run, wait_until

OWNER = 'ada'


class WeCom(Channel):
    name = 'wecom'

    def settings(self):
        account = self.platform.ask('state')['account']
        return {f'platforms.wecom.{k}': v for k, v in account.items()} | {'platforms.wecom.api_url': self.platform.url}

    def texts(self, chat=None):
        found = []
        for m in self.platform.ask('state')['taken']:
            card = m.get('template_card')
            text = card['main_title']['title'] + '\n' + card.get('sub_title_text', '') if card else m[m['msgtype']].get('content', '')
            if chat in (None, m['touser']):
                found.append(text)
        return found

    def write(self, text, **more):
        return self.platform.event(**{'socket': self.gateway.socket, 'from': OWNER, 'text': text, **more})

    def cards(self):
        return [m['template_card'] for m in self.platform.ask('state')['taken'] if m['msgtype'] == 'template_card']


def handshake_and_strangers():
    """the address is verified; what is not signed by WeCom, old, cut or for somebody else is refused"""
    with WeCom() as w:
        w.start()
        right = w.platform.ask('verify', {'socket': w.gateway.socket})
        assert right['status'] == 200 and right['text'] == right['want'], right
        assert w.platform.ask('verify', {'socket': w.gateway.socket, 'wrong': 'signature'})['status'] == 401
        before = len(w.texts())
        for trouble, status in (({'wrong': 'signature'}, 401), ({'age': 3600}, 401), ({'age': -3600}, 401), ({'wrong': 'key'}, 400),
                                ({'wrong': 'receiver'}, 400), ({'cut': 50}, 400)):
            got = w.write('not for you', tries=1, **trouble)
            assert got['status'] == status, (trouble, got)
        assert w.write('', fields={'MsgType': 'event', 'Event': 'enter_agent'})['status'] == 200
        assert w.write('', fields={'MsgType': 'hologram'})['status'] == 200
        assert w.write('and now')['status'] == 200
        assert w.answered_once('and now') == 1
        assert len(w.texts()) == before + 1, w.texts()


def duplicates_and_restarts():
    """a message that comes twice, also after kill -9, is answered once"""
    with WeCom() as w:
        w.start()
        for _ in range(2):
            assert w.write('once', id='42')['status'] == 200
        assert w.answered_once('once') == 1
        w.gateway.kill()
        w.gateway.start()
        wait_until(w.connected, WAIT, 'the connection')
        assert w.write('once', id='42')['status'] == 200
        assert w.write('after')['status'] == 200
        assert w.answered_once('after') == 1
        assert w.answered_once('once') == 1
        for text in ('three', 'four', 'five'):
            assert w.write(text)['status'] == 200
        w.await_text('echo: five')
        assert [t for t in w.texts() if t.startswith('echo: ')][-3:] == ['echo: three', 'echo: four', 'echo: five']


def tokens_end():
    """an access token that ended is asked for anew, and nobody notices"""
    with WeCom() as w:
        w.start()
        w.platform.ask('expire', {})
        w.write('renewed')
        assert w.answered_once('renewed') == 1
        tries = [e['query']['access_token'] for e in w.platform.log('POST', '/cgi-bin/message/send')][-2:]
        assert tries[0] != tries[1], tries
        picture, document = w.platform.ask('keep', {'base64': plain(PNG)})['id'], w.platform.ask('keep', {'base64': plain(PDF), 'type': 'file'})['id']
        w.platform.ask('expire', {})
        w.write('', fields={'MsgType': 'image', 'MediaId': picture, 'PicUrl': 'x'})
        w.await_text('echo: ', len(w.texts()))
        fetched = w.platform.log('GET', '/cgi-bin/media/get')
        assert len(fetched) == 2, fetched
        assert w.kept('photo.jpg')[0] == PNG
        n = len(w.texts())
        w.write('', fields={'MsgType': 'file', 'MediaId': document, 'FileName': 'Überblick.pdf'})
        w.await_text('echo: ', n)
        assert w.kept('Überblick.pdf')[0] == PDF
        missing = w.write('', fields={'MsgType': 'file', 'MediaId': 'nothing', 'FileName': 'a.pdf'})
        assert missing['status'] == 200
        assert 'could not be fetched' in w.await_text('a.pdf')


def trouble_on_the_way_out():
    """429, 5xx and WeCom's own limits are waited for; a cut connection is unknown; a member who left is dead"""
    with WeCom() as w:
        w.start()
        for status, body in ((429, ''), (503, ''), (200, {'errcode': -1, 'errmsg': 'system busy'})):
            w.platform.rule('POST /cgi-bin/message/send', 'status', status=status, body=body)
        w.write('stubborn')
        assert w.answered_once('stubborn') == 1
        w.platform.rule('POST /cgi-bin/message/send', 'drop_after')
        w.write('lost')
        wait_until(lambda: w.gateway.rows('outbox', 'unknown'), WAIT, 'an unknown row')
        w.platform.rule('POST /cgi-bin/message/send', 'status', status=200, body={'errcode': 60111, 'errmsg': 'userid not found'})
        w.write('gone')
        wait_until(lambda: w.gateway.rows('outbox', 'dead'), WAIT, 'a dead row')


def files_out():
    """a long answer and a picture go by an upload, which is made again when it fails, and shown once"""
    with WeCom(**{'delivery.file_above': '1'}) as w:
        w.start()
        w.platform.rule('POST /cgi-bin/media/upload', 'status', status=500, body='')
        w.platform.rule('POST /cgi-bin/media/upload', 'drop_after')
        answer = w.long_answer(3000)
        w.platform.ask('expire', {})
        w.send_file(OWNER, 'Überblick 7.png', PNG)
        state = w.platform.ask('state')
        files = {f['media_id']: f for f in state['files']}
        told = [(m['msgtype'], m['touser'], files[m[m['msgtype']]['media_id']]) for m in state['taken'] if m['msgtype'] in ('file', 'image')]
        assert [(kind, to, f['filename'], f['base64']) for kind, to, f in told] == [
            ('file', OWNER, 'reply.md', plain(answer)), ('image', OWNER, 'Überblick 7.png', plain(PNG))], told
        assert w.all_sent()


def buttons():
    """what has to be asked for is asked with a card, whose button lets it through once"""
    with WeCom() as w:
        w.start()
        path = w.file_to_lose()
        w.write('call exec {"command": "rm old.txt"}')
        wait_until(w.cards, WAIT, 'a card')
        card = w.cards()[0]
        assert os.path.exists(path)
        press = {'socket': w.gateway.socket, 'from': OWNER, 'task_id': card['task_id'], 'key': card['button_list'][0]['key']}
        assert w.platform.ask('press', {**press, 'from': 'eve'})['status'] == 200
        wait_until(lambda: w.texts('eve'), WAIT, 'the stranger to be told')
        assert os.path.exists(path), 'a stranger pressed'
        assert w.platform.ask('press', press)['status'] == 200
        wait_until(lambda: not os.path.exists(path), WAIT, 'the file to go')
        wait_until(lambda: w.platform.log('POST', '/cgi-bin/message/update_template_card'), WAIT, 'the card to be told')


run([handshake_and_strangers, duplicates_and_restarts, tokens_end, trouble_on_the_way_out, files_out, buttons])
