#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""discord_test.py BUILD: the Discord channel of the real gateway, with a double that discord.js was driven against first."""
import os
import sys

from world import PDF, PNG, WAIT, Channel, plain, run, wait_until

BOT, MENTION, DM, GENERAL, THREAD = '900000000000000000', '<@900000000000000000> ', '301', '200', '210'


class Discord(Channel):
    name = 'discord'

    def settings(self):
        return {'platforms.discord.token': 'double-token', 'platforms.discord.api_url': f'{self.platform.url}/api/v10',
                'platforms.discord.stream': 'false'}

    def messages(self, chat=None):
        """Those of the bot, as they stand there now."""
        channels = self.platform.ask('state')['channels']
        return [m for c, all_of_it in channels.items() for m in all_of_it if m['author']['id'] == BOT and chat in (None, c)]

    def texts(self, chat=None):
        return [m['content'] for m in self.messages(chat)]

    def write(self, text, **more):
        return self.platform.ask('message', {'content': text, **more})

    def log(self, method, path, since=0):
        return self.platform.log(method, '/api/v10' + path, since)

    def labels(self):
        return [e['label'] for e in self.platform.ask('log') if e['method'] == 'RECV']

    def await_labels(self, label, n):
        wait_until(lambda: self.labels().count(label) >= n, WAIT, f'{n} {label}')

    def mention(self, text, chat=GENERAL, **more):
        self.write(MENTION + text, channel_id=chat, mentions=[{'id': BOT, 'username': 'double_bot'}], **more)


def conversations():
    """direct messages, a server's channel when addressed, a thread; who is not a person is not answered"""
    with Discord() as w:
        w.start()
        w.write('is 1 < 2 & **true**?')
        assert w.answered_once('is 1 ') == 1
        sent = w.messages(DM)[-1]
        assert '**true**' in sent['content'] and 'message_reference' not in sent and sent['flags'] == 4, sent
        w.write('nobody asked', channel_id=GENERAL)
        w.write('I am a bot', author={'id': '5', 'username': 'b', 'bot': True})
        w.write('a hook', webhook_id='77')
        w.write('pinned', type=6)
        w.mention('hi <@7> and <:wave:55>')
        assert w.answered_once('hi @somebody and :wave:') == 1
        quoted = w.messages(GENERAL)[-1]
        assert quoted['message_reference']['fail_if_not_exists'] is False, quoted
        w.write('so?', channel_id=GENERAL, type=19, message_reference={'message_id': quoted['id']}, referenced_message=quoted)
        assert w.answered_once('so?') == 1
        w.mention('in the thread', THREAD)
        w.await_text('echo: in the thread')
        assert w.texts(THREAD) == ['echo: in the thread'] and len(w.log('GET', '/channels/210')) == 1
        w.mention('there again', THREAD)
        assert w.answered_once('there again') == 1 and len(w.log('GET', '/channels/210')) == 1
        w.write('x' * 1900 + ' ' + 'y' * 1900)
        wait_until(lambda: any('y' * 1900 in t for t in w.texts(DM)), WAIT, 'the second half')
        assert not [t for t in w.texts() if 'nobody' in t or 'I am a bot' in t or 'hook' in t], w.texts()
        sessions = {r['session_id'] for r in w.gateway.rows('outbox') if r['chat_id'] == GENERAL}
        assert len(sessions) == 2, 'a thread is a conversation of its own'
        with open(w.gateway.log_path(), encoding='utf-8') as f:
            assert 'double-token' not in f.read()


def by_name():
    """`send --to` finds a channel and a person by name, and says what it takes where there is none"""
    with Discord() as w:
        w.start()
        w.gateway.cli('send', '--to', 'discord:#General', '--wait', 'to all')
        w.gateway.cli('send', '--to', 'discord:@user5', '--wait', 'to one')
        assert w.texts(GENERAL) == ['to all'] and w.texts('305') == ['to one'], w.texts()
        status, answer = w.gateway.ask('/api/v1/send', 'POST', {'to': 'discord:alerts', 'text': 'x'})
        assert status == 404 and 'it takes #channel, @user, @USER_ID' in str(answer), (status, answer)


def answer_all():
    """with answer: all nobody has to say the bot's name in a channel and its threads; elsewhere they do"""
    with Discord(chats='[{platform: discord, chat: "200", answer: all}]') as w:
        w.start()
        w.write('nobody asked', channel_id=GENERAL)
        assert w.answered_once('nobody asked') == 1
        w.write('nor there', channel_id=THREAD)
        assert w.answered_once('nor there') == 1
        assert w.texts(THREAD) == ['echo: nor there'] and len(w.log('GET', '/channels/210')) == 1
        w.write('I am a bot', channel_id=GENERAL, author={'id': '5', 'username': 'b', 'bot': True})
        w.mention('the end')
        assert w.answered_once('the end') == 1 and 'echo: I am a bot' not in w.texts()


def guild_filter():
    """servers that are not in guild_ids are not answered; direct messages are"""
    with Discord(**{'platforms.discord.guild_ids': '4711'}) as w:
        w.start()
        w.mention('not here')
        w.write('but here')
        assert w.answered_once('but here') == 1
        assert not w.texts(GENERAL)
        assert [e['path'] for e in w.log('PUT', '/applications')] == ['/api/v10/applications/800000000000000000/guilds/4711/commands']


def files():
    """files come in; one that is gone costs no message"""
    with Discord() as w:
        w.start()
        w.write('look', attachments=[{'name': 'a.pdf', 'type': 'application/pdf', 'base64': plain(PDF)}])
        assert w.answered_once('look') == 1
        assert w.kept('a.pdf') == (PDF, 'application/pdf')
        assert len(w.platform.log('GET', '/cdn/')) == 1
        w.platform.rule('GET /cdn', 'status', status=404)
        w.write('', attachments=[{'name': 'gone.bin', 'type': 'application/x-thing', 'text': 'x'}])
        w.await_text('gone.bin could not be fetched')


def files_out():
    """a long answer and a picture go as forms; one that fails, or whose answer is lost, is sent again and shown once"""
    with Discord(**{'delivery.file_above': '1'}) as w:
        w.start()
        post = f'POST /api/v10/channels/{DM}/messages'
        w.platform.rule(post, 'status', status=500, body='', skip=1)       # its beginning goes through
        w.platform.rule(post, 'drop_after')
        answer = w.long_answer(2500)
        w.platform.rule(f'POST /api/v10/channels/{GENERAL}/messages', 'drop_after')
        w.send_file(GENERAL, 'Überblick 7.png', PNG)
        files = {f['id']: f for f in w.platform.ask('state')['files']}
        told = [(m['channel_id'], m['content'], [(f['filename'], f['content_type'], files[f['id']]['base64']) for f in m['attachments']])
                for m in w.messages() if m['attachments']]
        assert told == [(GENERAL, '', [('Überblick 7.png', 'image/png', plain(PNG))]), (DM, '', [('reply.md', 'text/markdown', plain(answer))])], told
        forms = [e for e in w.log('POST', f'/channels/{DM}/messages') if isinstance(e['body'], list)]
        assert len(forms) == 3 and len({p['text'] for e in forms for p in e['body'] if p['name'] == 'payload_json'}) == 1, [e['status'] for e in forms]
        assert w.all_sent()


def buttons_and_commands():
    """slash commands are registered once and answered in place; buttons let through or refuse"""
    with Discord() as w:
        w.start()
        registered = w.platform.ask('state')['commands']['800000000000000000/commands']
        assert {'ask', 'help', 'status', 'new', 'stop'} <= {c['name'] for c in registered}, registered
        w.platform.ask('command', {'name': 'ask', 'text': 'why?', 'channel_id': GENERAL})
        assert w.answered_once('why?') == 1
        assert w.texts(GENERAL) == ['echo: why?']
        patched = w.log('PATCH', '/webhooks/800000000000000000/')
        assert len(patched) == 1 and patched[0]['path'].endswith('/messages/@original'), patched
        w.platform.ask('command', {'name': 'status'})
        wait_until(lambda: len(w.log('PATCH', '/webhooks/')) == 2, WAIT, '/status')
        # The token is refused: the answer comes as a message.
        w.platform.rule('PATCH /api/v10/webhooks', 'status', status=401, body={'message': 'Invalid Webhook Token', 'code': 50027}, count=9)
        w.platform.ask('command', {'name': 'ask', 'text': 'late', 'channel_id': GENERAL})
        wait_until(lambda: 'echo: late' in w.texts(GENERAL), 40, 'the late answer')
        w.platform.ask('reset', {})

        path = w.file_to_lose()
        w.write('call exec {"command": "rm old.txt"}')
        wait_until(lambda: any(m['components'] for m in w.messages(DM)), WAIT, 'the question')
        question = [m for m in w.messages(DM) if m['components']][-1]
        labels = [b['label'] for r in question['components'] for b in r['components']]
        assert labels[0] == 'Yes, once' and labels[-1] == 'No', labels
        assert os.path.exists(path)
        w.platform.ask('press', {'message_id': question['id'], 'button': 0, 'user': 8})     # a stranger
        w.await_text('clawdbot pair ')
        assert os.path.exists(path)
        w.platform.ask('press', {'message_id': question['id'], 'button': 0})
        wait_until(lambda: not os.path.exists(path), WAIT, 'the command')
        answered = [i['answered'] for i in w.platform.ask('state')['interactions']]
        assert [a['type'] for a in answered[-2:]] == [6, 6], answered
        w.gateway.stop()
        w.gateway.start()
        wait_until(w.connected, WAIT, 'the connection')
        assert not w.log('PUT', '/applications'), 'registered again'


def webhook():
    """interactions by webhook are verified, acknowledged and answered"""
    with Discord() as w:
        key = w.platform.ask('state')['public_key']
        w.gateway.settings['platforms.discord.public_key'] = key
        w.start()
        def call(body, **more):
            return w.platform.ask('signed', {'socket': w.gateway.socket, 'body': body, **more})

        ping = {'id': '1', 'application_id': '8', 'type': 1, 'token': 'x', 'version': 1}
        assert call(ping) == {'status': 200, 'body': '{"type":1}'}
        for trouble in ({'spoil': True}, {'age': 3600}, {'age': -3600}):
            assert call(ping, **trouble)['status'] == 401, trouble
        assert call({'id': '1', 'type': 99, 'token': 'x'})['status'] == 400
        assert call({'hello': 1})['status'] == 400
        said = w.platform.ask('signed', {'socket': w.gateway.socket, 'command': {'name': 'ask', 'text': 'by hook', 'channel_id': GENERAL}})
        assert said == {'status': 200, 'body': '{"type":5}'}, said
        w.await_text('echo: by hook')


def resume():
    """cut in mid-frame, asked away, kicked: the session goes on; refused: what was missed is fetched; nothing twice"""
    with Discord() as w:
        w.start()
        w.mention('one')
        assert w.answered_once('one') == 1
        w.platform.rule('SEND /gateway MESSAGE_CREATE', 'cut')
        w.write('two ' * 100)
        w.await_text('echo: two')
        assert w.labels().count('op2') == 1 and w.labels().count('op6') == 1, w.labels()
        w.platform.ask('reconnect', {})
        w.await_labels('op6', 2)
        w.platform.rule('SEND /resume MESSAGE_CREATE', 'twice')
        w.write('three')
        assert w.answered_once('three') == 1
        w.platform.rule('SEND /resume MESSAGE_CREATE', 'swap')
        w.write('four')
        w.mention('five')
        assert (w.answered_once('four'), w.answered_once('five')) == (1, 1)
        for t, d in (('NEW_THING', {'a': 1}), ('MESSAGE_CREATE', {'id': 'x'}), ('MESSAGE_CREATE', None), ('INTERACTION_CREATE', {'id': 5})):
            w.platform.ask('event', {'t': t, 'd': d})
        w.write('six', a_future_field={'deep': [1]})
        assert w.answered_once('six') == 1
        # The session is refused, and something was written meanwhile.
        w.platform.ask('set', {'refuse_resume': True})
        w.platform.rule('SEND /resume MESSAGE_CREATE', 'drop_before')
        w.mention('missed')
        w.await_labels('op2', 2)
        assert w.answered_once('missed') == 1
        for text in ('one', 'two', 'three', 'four', 'five', 'six', 'missed'):
            assert w.answered_once(text) == 1, text


def kills():
    """kill -9 and a restart: the session is resumed, what was written meanwhile is answered, once"""
    with Discord() as w:
        w.start()
        for round in range(3):
            w.write(f'before {round}')
            w.gateway.kill()
            w.write(f'while away {round}')
            w.gateway.start()
            assert w.answered_once(f'while away {round}') == 1
            assert w.answered_once(f'before {round}') == 1
        assert w.labels().count('op6') >= 2, w.labels()
        # An orderly end keeps the session too.
        w.gateway.stop()
        w.write('while asleep')
        w.gateway.start()
        assert w.answered_once('while asleep') == 1
        # The session is over: what was missed is in the history.
        w.gateway.kill()
        w.platform.ask('set', {'refuse_resume': True})
        w.write('long ago')
        w.gateway.start()
        assert w.answered_once('long ago') == 1


def zombie():
    """a connection that answers no heartbeat is given up, and the session goes on"""
    with Discord() as w:
        w.platform.ask('set', {'heartbeat_ms': 300})
        w.start()
        w.await_labels('op1', 2)
        w.platform.ask('set', {'ack': False})
        w.await_labels('op6', 1)
        w.platform.ask('set', {'ack': True})
        w.write('still there?')
        assert w.answered_once('still there?') == 1


def limits_and_failures():
    """429, 5xx, a lost answer: each reply is there once; what Discord never takes is dead"""
    with Discord() as w:
        w.start()
        w.platform.ask('set', {'limits': True, 'bucket_size': 2, 'bucket_ms': 400})
        for n in range(8):
            w.write(f'quick {n}')
        w.await_text('echo: quick 7')
        assert [t for t in w.texts(DM) if 'quick' in t] == [f'echo: quick {n}' for n in range(8)]
        assert len([e for e in w.log('POST', f'/channels/{DM}/messages') if e['status'] == 429]) <= 1, 'limits are not read'
        w.platform.ask('set', {'limits': False})
        post = f'POST /api/v10/channels/{DM}/messages'
        w.platform.rule(post, 'status', status=429, body={'message': 'You are being rate limited.', 'retry_after': 0.2, 'global': True}, count=3)
        w.platform.rule(post, 'status', status=502)
        w.platform.rule(post, 'drop_after')
        w.write('stubborn')
        assert w.answered_once('stubborn') == 1
        tries = [e for e in w.log('POST', f'/channels/{DM}/messages') if 'stubborn' in e['body']['content']]
        assert len(tries) == 6 and tries[1]['at'] - tries[0]['at'] >= 200, [(e['at'], e['status']) for e in tries]
        assert len({e['body']['nonce'] for e in tries}) == 1
        w.platform.rule(post, 'status', status=403, body={'message': 'Missing Access', 'code': 50001})
        w.write('forbidden')
        wait_until(lambda: w.gateway.rows('outbox', 'dead'), WAIT, 'the dead row')


def refusals():
    """a wrong token and refused intents are told in words, and not tried again and again"""
    with Discord(**{'platforms.discord.token': 'wrong-token'}) as w:
        w.gateway.start()
        wait_until(lambda: any(c['state'] == 'stopped' and 'platforms.discord.token' in c['text'] for c in w.channels()), WAIT, 'the refusal')
    with Discord() as w:
        w.platform.ask('set', {'refuse_intents': 1 << 15})
        w.gateway.settings['platforms.discord.message_content'] = 'true'
        w.gateway.start()
        wait_until(lambda: any(c['state'] == 'stopped' and 'Message Content' in c['text'] for c in w.channels()), WAIT, 'the refusal')
        assert w.labels().count('op2') == 1


def streaming():
    """a reply grows by edits and ends whole"""
    with Discord(**{'platforms.discord.stream': 'true'}) as w:
        w.start()
        w.model.close()
        from harness import Double     # pylint: disable=import-outside-toplevel
        w.model = Double('model_double', '--deltas', '25', '--delta-interval-ms', '100')
        w.gateway.stop()
        w.gateway.settings['model_provider.endpoint'] = f'http://127.0.0.1:{w.model.port}/v1'
        w.gateway.start()
        wait_until(w.connected, WAIT, 'the connection')
        since = len(w.texts(DM))
        w.write('a long one')
        wait_until(lambda: w.log('PATCH', f'/channels/{DM}/messages/'), WAIT, 'an edit')
        wait_until(w.gateway.idle, WAIT, 'the end')
        wait_until(lambda: all(r['state'] == 'sent' for r in w.gateway.rows('outbox')), WAIT, 'all sent')
        assert len(w.texts(DM)) == since + 1, w.texts(DM)
        assert w.log('POST', f'/channels/{DM}/typing')


only = sys.argv[2:]
run([t for t in [conversations, answer_all, by_name, guild_filter, files, files_out, buttons_and_commands, webhook, resume, kills, zombie, limits_and_failures, refusals, streaming] if not only or t.__name__ in only])
