#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""whatsapp_test.py BUILD: the WhatsApp channel of the real gateway against a double that whatsapp-api-js has driven."""
import os

from world import PDF, PNG, WAIT, Channel, plain, run, wait_until

SEND = 'POST /v23.0/106540352242922/messages'


class WhatsApp(Channel):
    name = 'whatsapp'

    def settings(self):
        account = self.platform.ask('state')['account']
        return {f'platforms.whatsapp.{k}': v for k, v in account.items()} | {'platforms.whatsapp.api_url': self.platform.url + '/v23.0',
                                                                             'delivery.limits': 'false'}

    def taken(self):
        return self.platform.ask('state')['taken']

    def texts(self, chat=None):
        found = []
        for m in self.taken():
            text = m.get('text', {}).get('body') or m.get('interactive', {}).get('body', {}).get('text') or ''
            if m['type'] == 'template':
                text = m['template']['components'][0]['parameters'][0]['text']
            if chat in (None, m.get('to')):
                found.append(text)
        return found

    def questions(self):
        """What to say to let through what was asked."""
        actions = [m['interactive']['action'] for m in self.taken() if m['type'] == 'interactive']
        return [(a['sections'][0]['rows'][0] if 'sections' in a else a['buttons'][0]['reply'])['id'] for a in actions]

    def sent_files(self):
        """Each message that is a file, and that file."""
        state = self.platform.ask('state')
        files = {f['id']: f for f in state['files']}
        return [(m, files[m[m['type']]['id']]) for m in state['taken'] if m['type'] in ('document', 'image', 'audio', 'video')]

    def write(self, text, **more):
        return self.platform.event(**{'socket': self.gateway.socket, 'text': text, **more})


def handshake_and_forgers():
    """the address is verified; what Meta did not sign is refused; what nobody knows is acknowledged"""
    with WhatsApp() as w:
        w.start()
        right = w.platform.ask('verify', {'socket': w.gateway.socket})
        assert right['status'] == 200 and right['text'] == right['want'], right
        assert w.platform.ask('verify', {'socket': w.gateway.socket, 'wrong': True})['status'] == 403
        before = len(w.texts())
        assert w.write('forged', wrong='signature', tries=1)['status'] == 401
        assert w.write('cut', cut=50, tries=1)['status'] == 401
        assert w.write('', message={'type': 'hologram', 'hologram': {}})['status'] == 200
        assert w.write('', value={'future': [1]})['status'] == 200
        assert w.write('and **now** 你好')['status'] == 200
        assert w.answered_once('and *now* 你好') == 1
        assert len(w.texts()) == before + 1, w.texts()


def duplicates_order_and_restarts():
    """a message that comes twice, also after kill -9, is answered once; read marks come after storing"""
    with WhatsApp() as w:
        w.start()
        for _ in range(2):
            assert w.write('once', id='wamid.42')['status'] == 200
        assert w.answered_once('once') == 1
        wait_until(lambda: any(m['message_id'] == 'wamid.42' for m in w.platform.ask('state')['marks']), WAIT, 'a read mark')
        w.gateway.kill()
        w.gateway.start()
        wait_until(w.connected, WAIT, 'the connection')
        assert w.write('once', id='wamid.42')['status'] == 200
        for text in ('three', 'four', 'five'):
            assert w.write(text)['status'] == 200
        assert w.answered_once('five') == 1
        assert w.answered_once('once') == 1
        assert [t for t in w.texts() if t.startswith('echo: ')][-3:] == ['echo: three', 'echo: four', 'echo: five']


def files_in():
    """a person's picture is fetched in two steps with the token; one that is gone is said so"""
    with WhatsApp() as w:
        w.start()
        kept = w.platform.ask('keep', {'base64': plain(PNG), 'mime': 'image/png'})['id']
        assert w.write('', message={'type': 'image', 'image': {'id': kept, 'mime_type': 'image/png', 'caption': 'look'}})['status'] == 200
        assert w.answered_once('look') == 1
        assert w.kept('photo.jpg') == (PNG, 'image/png')
        steps = w.platform.log('GET', f'/v23.0/{kept}') + w.platform.log('GET', f'/media/{kept}')
        assert [s['status'] for s in steps] == [200, 200], steps
        assert w.write('', message={'type': 'document', 'document': {'id': '1', 'filename': 'a.pdf', 'mime_type': 'application/pdf'}})['status'] == 200
        assert 'could not be fetched' in w.await_text('a.pdf')


def files_out():
    """a long answer goes as a document, pictures as such; an upload that fails is made again, and shown once; a link for the rest"""
    with WhatsApp(**{'delivery.file_above': '1', 'server.public_url': 'https://bot.example.org', 'platforms.whatsapp.read_marks': 'false'}) as w:
        w.start()
        upload = 'POST /v23.0/106540352242922/media'
        w.platform.rule(upload, 'status', status=500, body='')
        w.platform.rule(upload, 'drop_after')
        answer = w.long_answer(5000)
        (message, file), = w.sent_files()
        assert (message['type'], message['document']['filename'], message['to']) == ('document', 'reply.md', '16505551234'), message
        assert (file['name'], file['mime'], file['base64']) == ('reply.md', 'text/plain', plain(answer)), file
        assert len(w.platform.log('POST', upload[5:])) == 3, w.platform.log('POST', upload[5:])
        w.send_file('16505551234', 'photo.png', PNG)
        w.platform.rule(SEND, 'status', status=503, body='')
        w.send_file('16505551234', 'Überblick 7.pdf', PDF)
        (one, png), (two, pdf) = w.sent_files()[1:]
        assert (one['type'], one['image'], png['mime'], png['base64']) == ('image', {'id': png['id']}, 'image/png', plain(PNG)), one
        assert (two['document']['filename'], pdf['name'], pdf['mime'], pdf['base64']) == ('Überblick 7.pdf', 'Überblick 7.pdf', 'application/pdf', plain(PDF))
        w.send_file('16505551234', 'all.zip', b'PK\x03\x04')
        assert 'https://bot.example.org/files/' in w.texts()[-1], w.texts()[-1]
        assert len(w.sent_files()) == 3 and w.all_sent()


def trouble_on_the_way_out():
    """limits and 5xx are waited for; a cut connection is unknown; nobody there is dead"""
    with WhatsApp() as w:
        w.start()
        busy = {'error': {'message': 'x', 'code': 131016}}
        for status, body in ((503, busy), (500, {'error': {'message': 'x', 'code': 2}})):
            w.platform.rule(SEND, 'status', skip=1, status=status, body=body)      # the first is the read mark
        w.write('stubborn')
        assert w.answered_once('stubborn') == 1
        w.gateway.stop()
        w.gateway.start(**{'platforms.whatsapp.read_marks': 'false'})
        wait_until(w.connected, WAIT, 'the connection')
        w.platform.rule(SEND, 'status', status=429, retry_after=0, body={'error': {'message': 'x', 'code': 130429}})
        w.write('limited')
        assert w.answered_once('limited') == 1
        w.platform.rule(SEND, 'drop_after')
        w.write('lost')
        wait_until(lambda: w.gateway.rows('outbox', 'unknown'), WAIT, 'an unknown row')
        w.platform.rule(SEND, 'status', status=400, body={'error': {'message': 'undeliverable', 'code': 131026}})
        w.write('gone')
        wait_until(lambda: w.gateway.rows('outbox', 'dead'), WAIT, 'a dead row')
        w.platform.ask('token', {'token': 'another'})
        w.write('token ended')
        wait_until(lambda: any('131026' not in (r['error'] or '') and '190' in (r['error'] or '') for r in w.gateway.rows('outbox', 'ready')), WAIT,
                   'a row that waits for a token')
        w.platform.ask('token', {'token': w.platform.ask('state')['account']['access_token']})
        assert w.answered_once('token ended') == 1


def buttons():
    """what has to be asked for is asked with a list, and the row that is chosen lets it through once"""
    with WhatsApp() as w:
        w.start()
        path = w.file_to_lose()
        w.write('call exec {"command": "rm old.txt"}')
        wait_until(lambda: any(m['type'] == 'interactive' for m in w.taken()), WAIT, 'a question')
        asked = next(m for m in w.taken() if m['type'] == 'interactive')
        action = asked['interactive']['action']
        row = action['sections'][0]['rows'][0] if 'sections' in action else action['buttons'][0]['reply']
        kind = 'list_reply' if 'sections' in action else 'button_reply'
        press = {'type': 'interactive', 'context': {'from': '15550783881', 'id': asked['id']}, 'interactive': {'type': kind, kind: row}}
        assert os.path.exists(path)
        assert w.write('', message=press, **{'from': '19995550000'})['status'] == 200
        wait_until(lambda: w.texts('19995550000'), WAIT, 'the stranger to be told')
        assert os.path.exists(path), 'a stranger pressed'
        assert w.write('', message=press)['status'] == 200
        wait_until(lambda: not os.path.exists(path), WAIT, 'the file to go')


def the_window():
    """who has not written for a day gets the template; without one the reply is dead and says why"""
    with WhatsApp() as w:
        w.start()
        friend = '4915112345678'
        w.write('hello', **{'from': friend})
        wait_until(lambda: w.texts(friend), WAIT, 'a pairing code')
        w.gateway.cli('pair', w.texts(friend)[0].split('clawdbot pair ')[1].split()[0].strip('`*'))

        def tell(text):
            before = w.questions()
            w.write(f'call send_message {{"to": "whatsapp:{friend}", "text": "{text}"}}')
            wait_until(lambda: len(w.questions()) > len(before), WAIT, 'to be asked')
            w.write(w.questions()[-1])

        tell('in time')
        wait_until(lambda: 'in time' in w.texts(friend), WAIT, 'a text')
        w.platform.ask('silent', {'chat': friend})
        tell('too late')
        wait_until(lambda: w.gateway.log('whatsapp.not_delivered'), WAIT, 'the failure to be told')
        tell('without a template')
        wait_until(lambda: w.gateway.rows('outbox', 'dead'), WAIT, 'a dead row')
        assert '131047' in w.gateway.rows('outbox', 'dead')[0]['error']
        w.gateway.stop()
        w.gateway.start(**{'platforms.whatsapp.template': 'news/en_US'})
        wait_until(w.connected, WAIT, 'the connection')
        tell('as a\\n\\ntemplate')
        w.await_text('as a template')
        w.write('open again', **{'from': friend})
        wait_until(lambda: 'echo: open again' in w.texts(friend), WAIT, 'an answer')
        assert w.taken()[-1]['type'] == 'text'


run([handshake_and_forgers, duplicates_order_and_restarts, files_in, files_out, trouble_on_the_way_out, buttons, the_window])
