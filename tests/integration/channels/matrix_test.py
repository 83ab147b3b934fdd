#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""matrix_test.py BUILD: the Matrix channel of the real gateway against a double that matrix-js-sdk drove."""
import os
import sqlite3

from world import WAIT, Channel, Double, run, wait_until

BOT, OWNER, EVE = '@clawdbot:double.test', '@olivia:double.test', '@eve:double.test'


class Matrix(Channel):
    name = 'matrix'

    def settings(self):
        return {'platforms.matrix.homeserver': self.platform.url, 'platforms.matrix.access_token': 'syt_double',
                'platforms.matrix.stream': 'false', 'delivery.limits': 'false'}

    def events(self, room=None):
        """Ours, in order."""
        rooms = self.platform.ask('state')['rooms']
        return [e for r, about in rooms.items() if room in (None, r) for e in about['events'] if e['sender'] == BOT]

    def texts(self, chat=None):
        return [e['content']['body'] for e in self.events(chat)]

    def write(self, text, **more):
        return self.platform.event(**{'user': OWNER, 'text': text, **more})

    def room(self, user=OWNER, **more):
        """A room with the bot in it, or not."""
        made = self.platform.ask('room', {'user': user, 'invite': [BOT, EVE], **more})['room']
        self.platform.ask('member', {'room': made, 'user': EVE})
        return made

    def is_in(self, room):
        return BOT in self.platform.ask('state')['rooms'][room]['members']

    def now_state(self):
        return next((c for c in self.channels() if c['name'] == 'matrix'), {})


class Password(Matrix):
    def settings(self):
        return {**super().settings(), 'platforms.matrix.access_token': '', 'platforms.matrix.user': 'clawdbot',
                'platforms.matrix.password': 'bot-secret'}


def mentioning(text):
    return {'msgtype': 'm.text', 'body': text, 'm.mentions': {'user_ids': [BOT]}}


def conversations():
    """in a conversation of two everything is answered; in a room what mentions or answers the bot, or stands in its thread"""
    with Matrix() as m:
        m.start()
        m.write('one')
        assert m.answered_once('one') == 1
        assert 'm.relates_to' not in next(e for e in m.events() if e['content']['body'] == 'echo: one')['content']
        room = m.room()
        wait_until(lambda: m.is_in(room), WAIT, 'the bot to come')
        m.write('talk', room=room)
        m.write('', room=room, content=mentioning('Clawd: two'))
        assert m.answered_once('two') == 1
        answer = next(e for e in m.events(room) if e['content']['body'] == 'echo: two')
        assert answer['content']['m.relates_to']['m.in_reply_to']['event_id'].startswith('$'), answer
        assert answer['content']['formatted_body'], answer
        m.write('> <@clawdbot:double.test> echo: two\n\nthree', room=room, more={'m.relates_to': {'m.in_reply_to': {'event_id': answer['event_id']}}})
        assert m.answered_once('three') == 1
        m.write('@clawdbot four', room=room)
        root = m.write('Clawdbot, five', room=room)
        assert m.answered_once('five') == 1
        thread = {'rel_type': 'm.thread', 'event_id': root['event_id'], 'is_falling_back': True, 'm.in_reply_to': {'event_id': root['event_id']}}
        m.write('six', room=room, more={'m.relates_to': thread})
        assert m.answered_once('six') == 1
        told = next(e for e in m.events(room) if e['content']['body'] == 'echo: six')['content']['m.relates_to']
        assert (told['rel_type'], told['event_id']) == ('m.thread', root['event_id']), told
        m.write('', room=room, content={'msgtype': 'm.notice', 'body': 'clawdbot: I am a program'})
        m.write('', room=room, content={'msgtype': 'm.text', 'body': '* clawdbot: edited', 'm.new_content': {'msgtype': 'm.text', 'body': 'edited'},
                                        'm.relates_to': {'rel_type': 'm.replace', 'event_id': root['event_id']}})
        m.write('', room=room, content={'msgtype': 'of.the.future', 'body': 'clawdbot: hologram'})
        m.write('', room=room, type='m.reaction', content={'m.relates_to': {'rel_type': 'm.annotation', 'event_id': root['event_id'], 'key': 'x'}})
        m.write('Clawdbot: seven', room=room)
        assert m.answered_once('seven') == 1
        assert len([t for t in m.texts(room) if t.startswith('echo: ')]) == 6, m.texts(room)
        assert m.platform.ask('state')['typing'], 'no typing sign'


def invitations():
    """people we know may take the bot anywhere; a stranger may talk to it alone, and is told how to get in; what was said before counts not"""
    with Matrix() as m:
        m.start()
        eves = m.platform.ask('room', {'user': EVE, 'invite': [BOT, OWNER]})['room']
        wait_until(lambda: m.platform.log('POST', f'/_matrix/client/v3/rooms/{eves.replace("!", "%21").replace(":", "%3A")}/leave'), WAIT, 'no')
        assert not m.is_in(eves)
        m.platform.event(user=EVE, text='let me in')
        wait_until(lambda: any('clawdbot pair' in t for t in m.texts()[1:]), WAIT, 'a code for the stranger')
        room = m.platform.ask('room', {'user': OWNER, 'invite': [EVE]})['room']
        m.platform.ask('member', {'room': room, 'user': EVE})
        m.write('clawdbot: before', room=room)
        m.platform.ask('member', {'room': room, 'user': BOT, 'by': OWNER, 'membership': 'invite'})
        m.write('clawdbot: after', room=room)
        assert m.answered_once('after') == 1
        assert 'echo: before' not in m.texts()


def encrypted():
    """an encrypted room is told once that it is not understood; nothing is sent there in the clear"""
    with Matrix() as m:
        m.start()
        room = m.room(encrypted=True)
        wait_until(lambda: any('encrypted' in t for t in m.texts(room)), WAIT, 'the truth')
        for _ in range(2):
            m.write('', room=room, type='m.room.encrypted', content={'algorithm': 'm.megolm.v1.aes-sha2', 'ciphertext': 'AwgA'})
        m.write('clawdbot: in the clear', room=room)
        wait_until(lambda: m.gateway.rows('outbox', 'dead'), WAIT, 'a dead answer')
        assert len(m.texts(room)) == 1, m.texts(room)
        m.gateway.kill()
        m.gateway.start()
        m.write('', room=room, type='m.room.encrypted', content={'algorithm': 'm.megolm.v1.aes-sha2', 'ciphertext': 'AwgA'})
        m.write('still here')
        assert m.answered_once('still here') == 1
        assert len(m.texts(room)) == 1, m.texts(room)


def nothing_lost():
    """kill -9 with messages under way, and more written meanwhile than one sync shows; each is answered once, none unknown"""
    with Matrix() as m:
        m.start()
        room = m.room()
        wait_until(lambda: m.is_in(room), WAIT, 'the bot to come')
        for i in range(8):
            m.write(f'busy-{i}.')
            if i == 4:
                m.gateway.kill()
        for i in range(60):
            m.write(f'clawdbot: away-{i}.' if i % 20 == 0 else f'talk {i}', room=room)
        m.gateway.start()
        wanted = [f'echo: busy-{i}.' for i in range(8)] + [f'echo: away-{i}.' for i in (0, 20, 40)]
        for text in wanted:
            m.await_text(text)
        wait_until(m.gateway.idle, WAIT, 'quiet')
        for text in wanted:
            assert m.texts().count(text) == 1, (text, m.texts())
        assert not m.gateway.rows('outbox', 'unknown')
        assert m.platform.log('GET', f'/_matrix/client/v3/rooms/{room.replace("!", "%21").replace(":", "%3A")}/messages')


def trouble():
    """429, 5xx and cuts, in and out: waited for, sent again under the same id, and shown once"""
    with Matrix() as m:
        m.start()
        put, limited = 'PUT /_matrix/client/v3/rooms/', {'errcode': 'M_LIMIT_EXCEEDED', 'error': 'x', 'retry_after_ms': 700}
        m.platform.rule(put, 'status', status=429, body=limited)
        m.platform.rule(put, 'status', status=503, body='busy')
        m.platform.rule(put, 'drop_after')
        m.platform.rule(put, 'status', status=502, body='<html>')
        m.write('stubborn')
        assert m.answered_once('stubborn') == 1
        m.platform.rule(put, 'drop_after', skip=1)
        m.platform.rule(put, 'cut')
        m.write('cut')
        assert m.answered_once('cut') == 1
        for do in ({'do': 'status', 'status': 502, 'body': '<html>'}, {'do': 'drop_before'}, {'do': 'cut'}, {'do': 'status', 'status': 429, 'body': limited}):
            m.platform.rule('GET /_matrix/client/v3/sync', **do)
            m.write(f'past {do["do"]} {do.get("status")}')
            assert m.answered_once(f'past {do["do"]} {do.get("status")}') == 1
        assert not m.gateway.rows('outbox', 'unknown')
        room = m.room()
        wait_until(lambda: m.is_in(room), WAIT, 'the bot to come')
        m.platform.rule(f'PUT /_matrix/client/v3/rooms/{room.replace("!", "%21").replace(":", "%3A")}/send', 'status', status=403,
                        body={'errcode': 'M_FORBIDDEN', 'error': 'not in room'})
        m.write('clawdbot: thrown out', room=room)
        wait_until(lambda: m.gateway.rows('outbox', 'dead'), WAIT, 'a dead row')


def growing_replies():
    """a reply is shown while it grows, by edits"""
    with Matrix(**{'platforms.matrix.stream': 'true'}) as m:
        m.model.close()
        m.model = Double('model_double', '--deltas', '70', '--delta-interval-ms', '100')
        m.gateway.settings['model_provider.endpoint'] = f'http://127.0.0.1:{m.model.port}/v1'
        m.start()
        m.write('grow')
        wait_until(lambda: any('word69' in e['content'].get('m.new_content', {}).get('body', '') for e in m.events()), WAIT, 'the last edit')
        wait_until(m.gateway.idle, WAIT, 'quiet')
        (first,) = [e for e in m.events() if e['content']['body'].startswith('echo: grow')]
        edits = [e for e in m.events() if 'm.new_content' in e['content']]
        assert len(edits) > 1 and {e['content']['m.relates_to']['event_id'] for e in edits} == {first['event_id']}, edits


def files():
    """files come with the login, also from servers of before; they go by an upload and an event"""
    with Matrix() as m:
        m.start()
        for i, old in enumerate((False, True)):
            m.platform.ask('old', {'old': old})
            mxc = m.platform.ask('upload', {'text': f'notes {i}', 'mimetype': 'text/plain'})['mxc']
            m.write('', content={'msgtype': 'm.file', 'body': f'look {i}', 'filename': f'notes{i}.txt', 'url': mxc,
                                 'info': {'mimetype': 'text/plain', 'size': 7}})
            m.await_text(f'echo: look {i}')
        m.write('', content={'msgtype': 'm.image', 'body': 'gone.png', 'url': 'mxc://double.test/nothing', 'info': {'mimetype': 'image/png'}})
        assert 'could not be fetched' in m.await_text('gone.png')
        wait_until(m.gateway.idle, WAIT, 'quiet')
        m.gateway.stop()
        (blob,), = m.gateway.sql("SELECT hash FROM blobs WHERE name = 'notes1.txt'")
        (chat,), = m.gateway.sql('SELECT DISTINCT chat_id FROM outbox')
        db = sqlite3.connect(m.gateway.database)
        db.execute("INSERT INTO outbox (platform, chat_id, body, created_at) VALUES ('matrix', ?, json_object('text', '', 'blob', ?, 'name', "
                   "'notes.txt', 'mime', 'text/plain'), 1)", (chat, blob))
        db.commit()
        db.close()
        m.platform.rule('POST /_matrix/media/v3/upload', 'drop_after')
        m.platform.rule('PUT /_matrix/client/v3/rooms/', 'drop_after')
        m.gateway.start()
        wait_until(lambda: [e for e in m.events() if e['content']['msgtype'] == 'm.file'], WAIT, 'the file')
        wait_until(m.gateway.idle, WAIT, 'quiet')
        (sent,) = [e['content'] for e in m.events() if e['content']['msgtype'] == 'm.file']
        assert sent['body'] == 'notes.txt' and sent['info'] == {'mimetype': 'text/plain', 'size': 7}, sent
        assert m.platform.ask('state')['media'][sent['url'].rsplit('/', 1)[1]]['text'] == 'notes 1'


def choices():
    """what has to be asked for is asked in words, and answered by them"""
    with Matrix() as m:
        m.start()
        path = m.file_to_lose()
        m.write('call exec {"command": "rm old.txt"}')
        question = m.await_text('rm old.txt')
        code = next(w for w in question.replace('`', ' ').split() if w.isdigit() and len(w) == 4)
        assert os.path.exists(path)
        m.write(f'yes {code}')
        wait_until(lambda: not os.path.exists(path), WAIT, 'the file to go')


def logins():
    """a password logs in, again when the login ended; a token that is refused stops the channel with a sentence about it"""
    with Password() as m:
        m.start()
        m.write('one')
        assert m.answered_once('one') == 1
        m.platform.ask('logout', {'user': BOT})
        m.write('two')
        assert m.answered_once('two') == 1
        assert {e['body']['device_id'] for e in m.platform.log('POST', '/_matrix/client/v3/login')} == {'CLAWDBOT'}
        m.gateway.stop()
        m.gateway.start(**{'platforms.matrix.password': 'wrong'})
        wait_until(lambda: m.now_state().get('state') == 'stopped', WAIT, 'the channel to stop')
        assert 'platforms.matrix.user' in m.now_state()['text'], m.now_state()
    with Matrix() as m:
        m.start()
        m.platform.ask('logout', {'user': BOT})
        m.write('nobody hears')
        wait_until(lambda: m.now_state().get('state') == 'stopped', WAIT, 'the channel to stop')
        assert 'platforms.matrix.access_token' in m.now_state()['text'], m.now_state()


run([conversations, invitations, encrypted, nothing_lost, trouble, growing_replies, files, choices, logins])
