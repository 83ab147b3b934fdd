#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""mattermost_test.py BUILD [TEST...]: the Mattermost channel of the real gateway, with a double that @mattermost/client was driven
against first."""
import sys

from world import PDF, PNG, WAIT, Channel, plain, run, wait_until

DIRECT = 'direct1'.ljust(26, '0')
TOWN = 'town'.ljust(26, '0')
BOT = 'bot'.ljust(26, '0')


class Mattermost(Channel):
    name = 'mattermost'

    def settings(self):
        return {'platforms.mattermost.url': self.platform.url, 'platforms.mattermost.token': 'double-token', 'platforms.mattermost.stream': 'false'}

    def posts(self, chat=None):
        return [p for p in self.platform.ask('state')['posts'] if p['user_id'] == BOT and chat in (None, p['channel_id'])]

    def texts(self, chat=None):
        return [p['message'] for p in self.posts(chat)]

    def write(self, text, **more):
        return self.platform.ask('message', {'message': text, **more})

    def connections(self):
        return sum(e['label'] == 'authentication_challenge' for e in self.platform.ask('log'))


def conversations():
    """direct messages, a channel when mentioned, threads; who is not a person is not answered"""
    with Mattermost() as w:
        w.start()
        w.write('is **this** so?')
        assert w.answered_once('is **this** so?') == 1
        w.write('nobody asked', channel='town')
        w.write('a hook', props={'from_webhook': 'true'})
        w.write('joined', type='system_join_channel')
        w.write('mail me at x@double_bot.example', channel='town')
        first = w.write('@double_bot: hi', channel='town')
        assert w.answered_once(': hi') == 1
        assert w.posts(TOWN)[-1]['root_id'] == ''
        w.write('in a thread @Double_Bot', channel='town', root_id=first['id'])
        assert w.answered_once('in a thread') == 1
        assert w.posts(TOWN)[-1]['root_id'] == first['id']
        w.write('and so on', channel='town', root_id=w.posts(TOWN)[0]['id'])        # the root is ours
        assert w.answered_once('and so on') == 1
        w.write('look', files=[{'name': 'a.pdf', 'type': 'application/pdf', 'base64': plain(PDF)}])
        assert w.answered_once('look') == 1
        assert w.kept('a.pdf') == (PDF, 'application/pdf')
        assert len(w.platform.log('GET', '/api/v4/files/')) == 1
        assert not [t for t in w.texts() if 'nobody' in t or 'hook' in t or 'mail me' in t], w.texts()
        with open(w.gateway.log_path(), encoding='utf-8') as f:
            assert 'double-token' not in f.read()


def by_name():
    """`send --to` finds a channel and a person by name, and says what it takes where there is none"""
    with Mattermost() as w:
        w.start()
        town, direct = 'town'.ljust(26, '0'), 'direct2'.ljust(26, '0')
        w.gateway.cli('send', '--to', 'mattermost:#town', '--wait', 'to all')
        w.gateway.cli('send', '--to', 'mattermost:@user2', '--wait', 'to one')
        assert w.texts(town) == ['to all'] and w.texts(direct) == ['to one'], w.posts()
        status, answer = w.gateway.ask('/api/v1/send', 'POST', {'to': 'mattermost:#nowhere', 'text': 'x'})
        assert status == 404 and 'it takes #channel, #team/channel, @user' in str(answer), (status, answer)


def files_out():
    """a long answer and a picture go by an upload, which is made again when it fails, and hang on one post each"""
    with Mattermost(**{'delivery.file_above': '1'}) as w:
        w.start()
        w.platform.rule('POST /api/v4/files', 'status', status=500, body='')
        w.platform.rule('POST /api/v4/files', 'drop_after')
        answer = w.long_answer(17000)
        w.platform.rule('POST /api/v4/posts', 'status', status=503, body='')
        w.send_file(TOWN, 'Überblick 7.png', PNG)
        files = {f['id']: f for f in w.platform.ask('state')['files']}
        sent = [(p['channel_id'], [files[i] for i in p['file_ids']]) for p in w.posts() if p['file_ids']]
        told = [(chat, f['name'], f['mime_type'], f['base64']) for chat, (f,) in sent]
        assert told == [(DIRECT, 'reply.md', 'text/markdown', plain(answer)), (TOWN, 'Überblick 7.png', 'image/png', plain(PNG))], told
        assert len(w.platform.log('POST', '/api/v4/files')) == 5 and w.all_sent()      # the post that failed has its file uploaded again


def trouble():
    """cut in mid-frame, kicked, twice, odd events: nothing is lost and nothing comes twice"""
    with Mattermost() as w:
        w.start()
        w.platform.rule('SEND /api/v4/websocket posted', 'cut')
        w.write('one ' * 100)
        w.await_text('echo: one')
        w.platform.rule('SEND /api/v4/websocket posted', 'twice')
        w.write('two')
        assert w.answered_once('two') == 1
        w.platform.rule('SEND /api/v4/websocket posted', 'lose')
        w.write('three')
        w.platform.ask('kick', {'code': 1012})
        assert w.answered_once('three') == 1
        for event in ({'event': 'hologram', 'data': {}}, {'event': 'posted', 'data': {'post': '{'}}, {'event': 'posted', 'data': {'post': '{"id":"x"}'}},
                      {'event': 'posted', 'data': None}):
            w.platform.ask('event', event)
        w.write('four', future={'deep': [1]})
        assert w.answered_once('four') == 1
        for text in ('one', 'two', 'three', 'four'):
            assert w.answered_once(text) == 1, text


def kills():
    """kill -9 and a restart: what was written meanwhile is answered, once"""
    with Mattermost() as w:
        w.start()
        for n in range(3):
            w.write(f'before {n}')
            w.gateway.kill()
            w.write(f'while away {n}')
            w.gateway.start()
            assert w.answered_once(f'while away {n}') == 1
            assert w.answered_once(f'before {n}') == 1


def limits_and_failures():
    """429 and 5xx are tried again, what was refused for good is dead, a token that ended is told"""
    with Mattermost() as w:
        w.start()
        post = 'POST /api/v4/posts'
        w.platform.rule(post, 'status', status=429, retry_after=1, body={'id': 'api.context.rate_limit', 'message': 'slow down'})
        w.platform.rule(post, 'status', status=503)
        w.write('stubborn')
        assert w.answered_once('stubborn') == 1
        tries = [e for e in w.platform.log('POST', '/api/v4/posts') if 'stubborn' in e['body']['message']]
        assert len(tries) == 3 and tries[1]['at'] - tries[0]['at'] >= 1000, tries
        assert len({e['body']['pending_post_id'] for e in tries}) == 1
        w.platform.rule(post, 'status', status=403, body={'id': 'api.context.permissions.app_error', 'message': 'no'})
        w.write('forbidden')
        wait_until(lambda: w.gateway.rows('outbox', 'dead'), WAIT, 'the dead row')
        w.platform.ask('set', {'token': 'another'})
        w.platform.ask('kick', {'code': 1001})
        wait_until(lambda: any(c['state'] == 'stopped' and 'platforms.mattermost.token' in c['text'] for c in w.channels()), WAIT, 'the refusal')


only = sys.argv[2:]
run([t for t in [conversations, by_name, files_out, trouble, kills, limits_and_failures] if not only or t.__name__ in only])
