#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""slack_test.py BUILD: the Slack channel of the real gateway, by Socket Mode, the Events API and polling, against a double that
Slack's own libraries drove."""
import json
import os
import sqlite3
import urllib.parse
import urllib.request

from world import WAIT, Channel, Double, run, wait_until

OWNER, GENERAL = 'U0OWNER00', 'C0GENERAL'
BOT = '<@U0DOUBLE>'


class Slack(Channel):
    name = 'slack'

    def settings(self):
        return {'platforms.slack.bot_token': 'xoxb-double', 'platforms.slack.app_token': 'xapp-double',
                'platforms.slack.api_url': f'{self.platform.url}/api', 'platforms.slack.stream': 'false', 'delivery.limits': 'false'}

    def sent(self):
        return self.platform.ask('state')['messages']

    def texts(self, chat=None):
        return [m['text'] for m in self.sent() if chat in (None, m['channel'])]

    def write(self, text, **more):
        return self.platform.event(**{'user': OWNER, 'text': text, **more})

    def restart(self):
        self.gateway.kill()
        self.gateway.start()
        wait_until(self.connected, WAIT, 'the connection')

    def quiet(self):
        wait_until(lambda: self.platform.ask('state')['pending'] == 0, WAIT, 'every envelope to be acknowledged')
        wait_until(self.gateway.idle, WAIT, 'quiet')

    def opened(self):
        return len(self.platform.log('POST', '/api/apps.connections.open'))

    def now_state(self):
        return next((c for c in self.channels() if c['name'] == 'slack'), {})


class Hooked(Slack):
    """By the Events API."""
    def settings(self):
        return {**super().settings(), 'platforms.slack.app_token': '', 'platforms.slack.signing_secret': 'shhh-sign'}

    def start(self, pair=True):
        self.platform.ask('webhook', {'socket': self.gateway.socket, 'secret': 'shhh-sign'})
        super().start(pair)


class Polled(Slack):
    """By conversations.history."""
    def settings(self):
        return {**super().settings(), 'platforms.slack.app_token': '', 'platforms.slack.poll_channels': f'#general,{OWNER}',
                'platforms.slack.poll_every': '100ms'}

    def write(self, text, **more):
        return self.platform.event(**{'user': OWNER, 'text': text, 'quiet': True, **more})


class Emulated(Polled):
    """Against emulate's Slack, which nobody here wrote: it has the Web API, so polling."""
    name = 'slack_emulate'

    def settings(self):
        self.me = self.api('auth.test')['user_id']      # pylint: disable=attribute-defined-outside-init
        self.bot = self.api('auth.test', 'xoxb-emulate')['user_id']     # pylint: disable=attribute-defined-outside-init
        self.dm = self.api('conversations.open', users=self.bot)['channel']['id']   # pylint: disable=attribute-defined-outside-init
        return {**super().settings(), 'platforms.slack.bot_token': 'xoxb-emulate', 'platforms.slack.poll_channels': f'#alerts,{self.me}'}

    def api(self, method, token='xoxp-owner', **fields):
        request = urllib.request.Request(f'{self.platform.url}/api/{method}', json.dumps(fields).encode(),
                                         {'Content-Type': 'application/json', 'Authorization': f'Bearer {token}'})
        with urllib.request.urlopen(request, timeout=20) as answer:
            said = json.load(answer)
        assert said['ok'], (method, said)
        return said

    def connected(self):
        return self.now_state().get('state') == 'connected'

    def write(self, text, **more):
        return self.api('chat.postMessage', **{'channel': self.dm, 'text': text, **more})

    def quiet(self):
        wait_until(self.gateway.idle, WAIT, 'quiet')

    def upload(self, name, content, text):
        """As a person does."""
        form = urllib.parse.urlencode({'filename': name, 'length': len(content)}).encode()
        with urllib.request.urlopen(urllib.request.Request(f'{self.platform.url}/api/files.getUploadURLExternal', form,
                                                           {'Authorization': 'Bearer xoxp-owner'}), timeout=20) as answer:
            place = json.load(answer)
        urllib.request.urlopen(urllib.request.Request(place['upload_url'], content), timeout=20).close()
        self.api('files.completeUploadExternal', files=[{'id': place['file_id'], 'title': name}], channel_id=self.dm, initial_comment=text)

    def history(self, channel, ts=None):
        said = self.api('conversations.replies' if ts else 'conversations.history', channel=channel, **({'ts': ts} if ts else {}))
        return said['messages']

    def texts(self, chat=None):
        found = self.history(chat or self.dm)
        return [m['text'] for m in (found if chat else reversed(found)) if m.get('user') == self.bot]


def conversations_and_threads():
    """direct messages are answered; in a channel who mentions the bot, in a thread, where no mention is needed any more"""
    with Slack() as s:
        s.start()
        s.write('one')
        assert s.answered_once('one') == 1
        s.write('talk among people', channel=GENERAL)
        s.write(f'{BOT} two', channel=GENERAL, types=['app_mention', 'message'])     # Slack tells it twice, where both are subscribed to
        asked = s.write(f'{BOT} three', channel=GENERAL)
        s.await_text('echo: three')
        answer = next(m for m in s.sent() if m['text'] == 'echo: three')
        assert answer['thread_ts'] == asked['ts'], answer
        s.gateway.cli('send', '--to', 'slack:#alerts', '--wait', 'disk full')
        assert s.texts('C0ALERTS') == ['disk full'], s.texts()
        s.write('four', channel=GENERAL, thread_ts=asked['ts'])
        assert s.answered_once('four') == 1
        others = s.write('a thread of others', channel=GENERAL)
        s.write('not for the bot', channel=GENERAL, thread_ts=others['ts'])
        s.write('from a program', bot_id='B7')
        s.restart()
        s.write('five', channel=GENERAL, thread_ts=asked['ts'])
        assert s.answered_once('five') == 1
        s.quiet()
        echoes = [t for t in s.texts() if t.startswith('echo: ')]
        assert echoes == ['echo: one', 'echo: two', 'echo: three', 'echo: four', 'echo: five'], echoes
        s.platform.ask('command', {'user': OWNER, 'channel': GENERAL, 'text': 'six'})
        assert s.answered_once('six') == 1


def trouble_on_the_way_in():
    """duplicates, disorder, a refresh, frames that are cut or odd, a lost acknowledgement: each message is answered once"""
    with Slack() as s:
        s.start()
        s.write('twice', twice=True)
        s.platform.rule('SEND /link/ events_api', 'swap')
        s.write('late')
        s.write('early')
        s.platform.ask('raw', {'frame': '{"type": "events_api", "envelope_id": "odd-1", "payload": {"type": "event_callback"}}'})
        s.platform.ask('raw', {'frame': '{"type": "of the future", "envelope_id": "odd-2", "payload": {"more": 1}}'})
        s.platform.ask('raw', {'frame': 'no JSON'})
        wait_until(lambda: {'odd-1', 'odd-2'} <= {e['body'].get('envelope_id') for e in s.platform.log('RECV')}, WAIT, 'the odd to be acknowledged')
        s.platform.rule('SEND /link/ events_api', 'cut')
        s.write('cut')
        assert s.answered_once('cut') == 1
        s.platform.rule('RECV /link/ ack', 'lose')
        s.write('unheard')
        s.await_text('echo: unheard')
        before = s.opened()
        s.platform.ask('disconnect', {'reason': 'warning'})
        wait_until(lambda: s.opened() > before, WAIT, 'another connection')
        s.write('after')
        assert s.answered_once('after') == 1
        s.quiet()
        for text in ('twice', 'late', 'early', 'cut', 'unheard', 'after'):
            assert s.answered_once(text) == 1, (text, s.texts())


def nothing_lost():
    """kill -9 with messages under way, and what was written while nobody listened, in threads too"""
    with Slack() as s:
        s.start()
        asked = s.write(f'{BOT} begin', channel=GENERAL)
        assert s.answered_once('begin') == 1
        for i in range(8):
            s.write(f'busy-{i}')
            if i == 4:
                s.gateway.kill()
        s.write('while away', quiet=True)
        s.write(f'{BOT} in a channel', channel=GENERAL, quiet=True)
        s.write('in a thread', channel=GENERAL, thread_ts=asked['ts'], quiet=True)
        s.gateway.start()
        wait_until(s.connected, WAIT, 'the connection')
        for text in [f'busy-{i}' for i in range(8)] + ['while away', 'in a channel', 'in a thread']:
            s.await_text(f'echo: {text}')
        s.quiet()
        for text in [f'busy-{i}' for i in range(8)] + ['while away', 'in a channel', 'in a thread']:
            assert s.texts().count(f'echo: {text}') == 1, (text, s.texts())


def trouble_on_the_way_out():
    """429 and 5xx are waited for; what nobody can say is unknown; who threw the bot out is not written to; a lost edit is sent anew"""
    with Slack() as s:
        s.start()
        call = 'POST /api/chat.postMessage'
        s.platform.rule(call, 'status', status=429, retry_after=1, body={'ok': False, 'error': 'ratelimited'})
        s.platform.rule(call, 'status', status=503, body='busy')
        s.write('stubborn')
        assert s.answered_once('stubborn') == 1
        tries = [e['at'] for e in s.platform.log('POST', '/api/chat.postMessage')][-3:]
        assert tries[1] - tries[0] >= 1000, tries
        s.platform.rule(call, 'drop_after')
        s.write('dropped')
        wait_until(lambda: len(s.gateway.rows('outbox', 'unknown')) == 1, WAIT, 'an unknown row')
        s.platform.rule(call, 'status', status=200, body={'ok': False, 'error': 'fatal_error'})
        s.write('fatal')
        wait_until(lambda: len(s.gateway.rows('outbox', 'unknown')) == 2, WAIT, 'another')
        s.platform.rule(call, 'status', status=200, body={'ok': False, 'error': 'not_in_channel'})
        s.write('thrown out')
        wait_until(lambda: s.gateway.rows('outbox', 'dead'), WAIT, 'a dead row')
        s.write('fine')
        assert s.answered_once('fine') == 1


def growing_replies():
    """a reply is shown while it grows, by edits"""
    with Slack(**{'platforms.slack.stream': 'true'}) as s:
        s.model.close()
        s.model = Double('model_double', '--deltas', '40', '--delta-interval-ms', '100')
        s.gateway.settings['model_provider.endpoint'] = f'http://127.0.0.1:{s.model.port}/v1'
        s.start()
        s.write('grow ' + 'word ' * 150)
        s.await_text('echo: grow')
        wait_until(s.gateway.idle, WAIT, 'quiet')
        shown = [m for m in s.sent() if 'echo: grow' in m['text']]
        assert len(shown) == 1 and shown[0]['text'].endswith('word39'), shown
        assert shown[0]['edits'] == len(s.platform.log('POST', '/api/chat.update')) > 1, shown


def buttons():
    """what has to be asked for is asked with buttons, that let it through once"""
    with Slack() as s:
        s.start()
        path = s.file_to_lose()
        s.write('call exec {"command": "rm old.txt"}')
        wait_until(lambda: any(m.get('blocks') for m in s.sent()), WAIT, 'a question')
        question = next(m for m in s.sent() if m.get('blocks'))
        known = len(s.texts())
        s.platform.ask('press', {'user': 'U0STRANGE', 'ts': question['ts']})
        wait_until(lambda: len(s.texts()) > known, WAIT, 'the stranger to be told')
        assert os.path.exists(path), 'a stranger pressed'
        s.platform.ask('press', {'user': OWNER, 'ts': question['ts'], 'twice': True})
        wait_until(lambda: not os.path.exists(path), WAIT, 'the file to go')


def files_in():
    """files are fetched with the token, and kept; what cannot be had is said"""
    with Slack() as s:
        s.start()
        s.write('look', files=[{'name': 'notes.txt', 'mimetype': 'text/plain', 'text': 'some notes'}])
        s.await_text('echo: look')
        s.write('bare', files=[{'name': 'b.txt', 'mimetype': 'text/plain', 'text': 'other notes', 'bare': True}])
        s.await_text('echo: bare')
        s.platform.rule('GET /files-pri/', 'status', status=302, headers={'location': '/signin'})
        s.write('hidden', files=[{'name': 'h.txt', 'mimetype': 'text/plain', 'text': 'x'}])
        assert 'files:read' in s.await_text('h.txt')
        assert all(e['headers']['authorization'] == 'Bearer xoxb-double' for e in s.platform.log('GET', '/files-pri/'))
        s.gateway.stop()
        kept = {r[0] for r in s.gateway.sql('SELECT name FROM blobs')}
        assert {'notes.txt', 'b.txt'} <= kept, kept


def send_back(s, chat, thread=''):
    """The file notes.txt that came goes out: into the outbox of a gateway that stands still, as a long answer would."""
    s.quiet()
    s.gateway.stop()
    (blob,), = s.gateway.sql("SELECT hash FROM blobs WHERE name = 'notes.txt'")
    db = sqlite3.connect(s.gateway.database)
    db.execute("INSERT INTO outbox (platform, chat_id, thread_id, body, created_at) VALUES ('slack', ?, ?, json_object('text', '', 'blob', ?, "
               "'name', 'notes.txt', 'mime', 'text/plain'), 1)", (chat, thread, blob))
    db.commit()
    db.close()
    s.gateway.start()


def files_out():
    """a file goes by the external upload, and only the last of its three requests delivers it"""
    with Slack() as s:
        s.start()
        s.write('look', files=[{'name': 'notes.txt', 'mimetype': 'text/plain', 'text': 'some notes'}])
        s.await_text('echo: look')
        s.platform.rule('POST /api/files.getUploadURLExternal', 'status', status=503)
        s.platform.rule('POST /upload/v1', 'drop_after')
        send_back(s, 'D0OWNER00')
        wait_until(lambda: s.platform.ask('state')['files'], WAIT, 'the file')
        wait_until(s.gateway.idle, WAIT, 'quiet')
        (file,) = s.platform.ask('state')['files']
        assert (file['text'], file['shared'], file['title']) == ('some notes', 'D0OWNER00', 'notes.txt'), file


def called():
    """the Events API: the challenge, signatures, age, retries, buttons and commands; what was not stored is sent again"""
    with Hooked() as s:
        s.start()
        told = s.platform.ask('raw', {'body': '{"token": "x", "challenge": "3eZbrw1aB", "type": "url_verification"}'})
        assert told['status'] == 200 and '3eZbrw1aB' in told['text'], told
        for trouble in ({'sign': 'other'}, {'skew': -3600}, {'skew': 3600}):
            assert s.write('not for you', tries=1, **trouble)['status'] == 401, trouble
        for odd in ('no JSON', '{}', '{"type": "event_callback", "event": {"type": "of the future"}}', '[1]'):
            assert s.platform.ask('raw', {'body': odd})['status'] == 200, odd
        assert s.write('one', twice=True)['status'] == 200
        assert s.answered_once('one') == 1
        path = s.file_to_lose()
        s.write('call exec {"command": "rm old.txt"}')
        wait_until(lambda: any(m.get('blocks') for m in s.sent()), WAIT, 'a question')
        question = next(m for m in s.sent() if m.get('blocks'))
        assert s.platform.ask('press', {'user': OWNER, 'ts': question['ts']})['status'] == 200
        wait_until(lambda: not os.path.exists(path), WAIT, 'the file to go')
        assert s.platform.ask('command', {'user': OWNER, 'channel': GENERAL, 'text': 'two'})['status'] == 200
        assert s.answered_once('two') == 1
        assert 'echo: not for you' not in s.texts()
        s.gateway.kill()
        assert s.write('nobody there', tries=1)['status'] == 0
        s.gateway.start()
        s.await_text('echo: nobody there')


def polled():
    """polling: channels by name and people, threads, restarts"""
    with Polled() as s:
        s.start(pair=False)
        wait_until(lambda: len(s.platform.log('POST', '/api/conversations.history')) > 4, WAIT, 'the first rounds')
        s.pair()
        s.write('one')
        assert s.answered_once('one') == 1
        s.write('talk', channel=GENERAL)
        asked = s.write(f'{BOT} two', channel=GENERAL)
        assert s.answered_once('two') == 1
        s.write('three', channel=GENERAL, thread_ts=asked['ts'])
        assert s.answered_once('three') == 1
        s.gateway.kill()
        s.write('four', channel=GENERAL, thread_ts=asked['ts'])
        s.write('five')
        s.gateway.start()
        assert s.answered_once('four') == 1, s.texts()
        assert s.answered_once('five') == 1, s.texts()
        assert 'echo: talk' not in s.texts()


def emulated():
    """against emulate: people by polling, a mention by name of a channel, its thread, an edit, a file out"""
    with Emulated() as s:
        s.start(pair=False)
        wait_until(s.connected, WAIT, 'the first round')
        s.pair()
        s.write('one')
        assert s.answered_once('one') == 1
        alerts = next(c['id'] for c in s.api('conversations.list')['channels'] if c['name'] == 'alerts')
        asked = s.write(f'<@{s.bot}> two', channel=alerts)
        wait_until(lambda: 'echo: two' in [m['text'] for m in s.history(alerts, asked['ts'])], WAIT, 'an answer in the thread')
        s.write('three', channel=alerts, thread_ts=asked['ts'])
        wait_until(lambda: 'echo: three' in [m['text'] for m in s.history(alerts, asked['ts'])], WAIT, 'another')
        s.upload('notes.txt', b'some notes', 'look')
        s.await_text('echo: look')
        send_back(s, alerts, asked['ts'])
        wait_until(lambda: len(s.api('files.list')['files']) == 2, WAIT, 'the file')
        shown = [m for m in s.history(alerts, asked['ts']) if m.get('files')]
        assert len(shown) == 1 and shown[0]['files'][0]['title'] == 'notes.txt' and shown[0]['user'] == s.bot, shown


def refused():
    """a token that ended stops the channel with a sentence about it; Socket Mode that is switched off too"""
    with Slack() as s:
        s.start()
        s.platform.ask('token', {'bot': 'xoxb-new'})
        s.platform.ask('disconnect', {'reason': 'link_disabled'})
        wait_until(lambda: s.now_state().get('state') == 'stopped', WAIT, 'the channel to stop')
        assert 'Socket Mode is switched off' in s.now_state()['text'], s.now_state()
        s.gateway.stop()
        s.gateway.start()
        wait_until(lambda: s.now_state().get('state') == 'stopped', WAIT, 'the channel to stop')
        assert 'token_expired' in s.now_state()['text'], s.now_state()


run([conversations_and_threads, trouble_on_the_way_in, nothing_lost, trouble_on_the_way_out, growing_replies, buttons, files_in, files_out,
     called, polled, emulated, refused])
