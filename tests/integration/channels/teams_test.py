#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""teams_test.py BUILD: the Microsoft Teams channel of the real gateway, against a double that Microsoft's own library lived with."""
import os

from world import PDF, PNG, WAIT, Channel, plain, run, wait_until

OWNER = 'ada'


class Teams(Channel):
    name = 'teams'

    def settings(self):
        state = self.platform.ask('state')
        return {'platforms.teams.app_id': state['app_id'], 'platforms.teams.app_password': state['app_password'],
                'platforms.teams.login_url': self.platform.url, 'platforms.teams.openid_url': self.platform.url + '/v1/.well-known/openidconfiguration',
                'delivery.limits': 'false'}

    def taken(self):
        return self.platform.ask('state')['taken']

    def texts(self, chat=None):
        return [m.get('text', '') for m in self.taken() if chat in (None, m['conversation'])]

    def write(self, text, **more):
        return self.platform.event(**{'socket': self.gateway.socket, 'from': OWNER, 'text': text, **more})


def callers():
    """only what the Bot Framework signed for this bot, and for the address that answers go to, is heard"""
    with Teams() as t:
        t.start()
        before = len(t.texts())
        for wrong in ({'wrong': 'key'}, {'wrong': 'issuer'}, {'wrong': 'audience'}, {'wrong': 'kid'}, {'wrong': 'service'}, {'wrong': 'none'},
                      {'age': 8000}, {'age': -8000}):
            assert t.write('not for you', tries=1, **wrong)['status'] == 401, wrong
        assert t.write('cut', cut=40, tries=1)['status'] == 400
        assert t.write('', type='conversationUpdate')['status'] == 200
        assert t.write('and now')['status'] == 200
        assert t.answered_once('and now') == 1
        assert len(t.texts()) == before + 1, t.texts()


def once_and_in_its_place():
    """a message that comes twice, also after kill -9, is answered once, in its thread; a channel's talk only when it mentions the bot"""
    with Teams() as t:
        t.start()
        room = {'conversation': '19:room@thread.tacv2;messageid=77', 'group': True}
        assert t.write('not for the bot', **room)['status'] == 200
        for _ in range(2):
            assert t.write('once', id='42', mention=True, **room)['status'] == 200
        assert t.answered_once('once') == 1
        assert [m for m in t.taken() if 'echo: once' in m['text']][0]['conversation'] == room['conversation']
        t.gateway.kill()
        t.gateway.start()
        wait_until(t.connected, WAIT, 'the connection')
        assert t.write('once', id='42', mention=True, **room)['status'] == 200
        for text in ('three', 'four', 'five'):
            assert t.write(text)['status'] == 200
        t.await_text('echo: five')
        assert [x for x in t.texts() if x.startswith('echo: ')] == ['echo: once', 'echo: three', 'echo: four', 'echo: five'], t.texts()


def trouble():
    """429, 412 and 503 are waited for; what was cut off is unknown; an ended token is asked for anew; who is gone is dead"""
    with Teams() as t:
        t.start()
        for status in (429, 412, 503):
            t.platform.rule('POST /amer', 'status', status=status, body={}, **({'retry_after': 1} if status == 429 else {}))
        t.write('stubborn')
        assert t.answered_once('stubborn') == 1
        t.platform.ask('expire', {})
        t.write('fresh')
        assert t.answered_once('fresh') == 1
        t.platform.rule('POST /amer', 'drop_after')
        t.write('lost')
        wait_until(lambda: t.gateway.rows('outbox', 'unknown'), WAIT, 'an unknown row')
        t.write('gone', conversation='gone:1', group=True, mention=True)
        wait_until(lambda: t.gateway.rows('outbox', 'dead'), WAIT, 'a dead row')


def buttons_and_files():
    """a question has buttons, of which one press counts; files are fetched, with our token where they need it"""
    with Teams() as t:
        t.start()
        path = t.file_to_lose()
        t.write('call exec {"command": "rm old.txt"}')
        wait_until(lambda: any(m.get('attachments') for m in t.taken()), WAIT, 'a card')
        card = [m for m in t.taken() if m.get('attachments')][0]
        button = card['attachments'][0]['content']['buttons'][0]
        press = {'value': button['value'], 'under': card['id']}
        t.write(button['text'], **press, **{'from': 'eve'})
        assert os.path.exists(path), 'a stranger pressed'
        assert t.write(button['text'], **press)['status'] == 200
        wait_until(lambda: not os.path.exists(path), WAIT, 'the file to go')
        kept, picture = t.platform.ask('keep', {'base64': plain(PDF)}), t.platform.ask('keep', {'base64': plain(PNG)})
        files = [{'contentType': 'application/vnd.microsoft.teams.file.download.info', 'name': 'a.pdf', 'content': {'downloadUrl': kept['download']}},
                 {'contentType': 'image/png', 'contentUrl': picture['inline'], 'name': 'b.png'},
                 {'contentType': 'text/plain', 'contentUrl': kept['inline'].replace(kept['id'], 'none'), 'name': 'c.txt'}]
        assert t.write('see', attachments=files)['status'] == 200
        said = t.await_text('echo: see')
        assert 'c.txt could not be fetched' in said and 'a.pdf could' not in said and 'b.png could' not in said, said
        assert t.kept('a.pdf')[0] == PDF and t.kept('b.png') == (PNG, 'image/png')


def pictures_out():
    """a picture goes inside its message, once; a large one, and any other file, as a link"""
    with Teams(**{'server.public_url': 'https://bot.example.org'}) as t:
        t.start()
        t.platform.rule('POST /amer', 'status', status=503, body={})
        t.platform.ask('expire', {})
        t.send_file(f'a:{OWNER}', 'Überblick 7.png', PNG)
        told = [(m['conversation'], m['attachments']) for m in t.taken() if m.get('attachments')]
        assert told == [(f'a:{OWNER}', [{'contentType': 'image/png', 'contentUrl': f'data:image/png;base64,{plain(PNG)}', 'name': 'Überblick 7.png'}])], told
        t.send_file(f'a:{OWNER}', 'just fits.png', PNG.ljust(180 << 10, b'\0'))
        assert len(t.taken()[-1]['attachments']) == 1
        for name, content in (('large.png', PNG.ljust((180 << 10) + 1, b'\0')), ('a.pdf', PDF)):
            t.send_file(f'a:{OWNER}', name, content)
            assert 'https://bot.example.org/files/' in t.texts()[-1], t.texts()
        assert t.all_sent()


run([callers, once_and_in_its_place, trouble, buttons_and_files, pictures_out])
