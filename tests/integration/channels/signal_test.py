#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""signal_test.py BUILD [TEST...]: the Signal channel of the real gateway, with a double of signal-cli's daemon.  Nobody else's client drove
that double.  Where SIGNAL_CLI_LIB names the folder of signal-cli's jars (and `java` is 21 or later), its own code is driven as well."""
import base64
import os
import subprocess
import sys

from world import WAIT, Channel, Double, run, wait_until

BOT = '+15550009999'
EVENTS, RPC = '/api/v1/events', '/api/v1/rpc'


def person(n):
    return f'00000000-0000-4000-8000-{n:012}'


class Signal(Channel):
    name = 'signal'

    def settings(self):
        return {'platforms.signal.url': self.platform.url, 'platforms.signal.account': BOT}

    def sent(self, chat=None):
        return [m for m in self.platform.ask('state')['sent'] if chat in (None, m['chat'])]

    def texts(self, chat=None):
        return [m['message'] for m in self.sent(chat)]

    def write(self, text, **more):
        return self.platform.ask('message', {'message': text, **more})

    def calls(self, method):
        return [e['body']['params'] for e in self.platform.log('POST', RPC) if e['body']['method'] == method]

    def group(self, name):
        return self.platform.ask('state')['groups'][name]

    def listeners(self, n):
        wait_until(lambda: len(self.platform.log('GET', EVENTS)) >= n and self.platform.ask('state')['streams'], WAIT, f'stream {n}')


def conversations():
    """privately; in a group by a mention, a quote or a command; what is not said to it is not answered; styles, quotes, typing"""
    with Signal() as w:
        w.start()
        w.write('is **this** so?')
        assert w.answered_once('is this so?') == 1
        told = w.sent(person(1))[-1]
        assert told['textStyles'] == ['9:4:BOLD'] and 'quoteTimestamp' not in told, told
        assert told['account'] == BOT
        wait_until(lambda: w.calls('sendTyping'), WAIT, 'the typing sign')
        w.write('nobody asked', group='team')
        w.write('', data={'reaction': {'emoji': '+', 'targetSentTimestamp': 5, 'isRemove': False}})
        w.write('', group='team', data={'groupInfo': {'groupId': w.group('team'), 'revision': 2, 'type': 'UPDATE'}})
        w.write('mine', envelope={'sourceNumber': BOT, 'sourceUuid': 'b0b0b0b0-0000-4000-8000-000000000000'})
        w.write('', envelope={'dataMessage': None, 'syncMessage': {'sentMessage': {'message': 'synced', 'destination': BOT}}})
        w.write('', envelope={'dataMessage': None, 'receiptMessage': {'when': 5, 'isDelivery': True, 'timestamps': [5]}})
        w.write('', envelope={'dataMessage': None, 'typingMessage': {'action': 'STARTED', 'timestamp': 5}})
        w.write('', envelope={'dataMessage': None, 'editMessage': {'targetSentTimestamp': 5, 'dataMessage': {'timestamp': 6, 'message': 'edited'}}})
        asked = w.write('hi @bot there', group='team', mention=True)
        assert w.answered_once('hi  there') == 1
        told = w.sent(w.group('team'))[-1]
        assert told['quoteTimestamp'] == asked['timestamp'] and told['quoteAuthor'] == person(1), told
        w.write('and so on', group='team', quote=told['timestamp'])
        assert w.answered_once('and so on') == 1
        assert not [t for t in w.texts() if any(x in t for x in ('nobody', 'mine', 'synced', 'edited'))], w.texts()


def answer_all():
    """with answer: all nobody has to mention the account in that group; in others they do"""
    team = base64.b64encode((b'team' * 8)).decode()
    with Signal(chats=f'[{{platform: signal, chat: "{team}", answer: all}}]') as w:
        w.start()
        w.write('to nobody', group='team')
        assert w.answered_once('to nobody') == 1
        w.write('nor here', group='other')
        w.write('the end')
        assert w.answered_once('the end') == 1
        assert not [t for t in w.texts() if 'nor here' in t], w.texts()


def files():
    """files both ways, one that the daemon has lost costs no message, and names are looked up"""
    with Signal() as w:
        w.start()
        w.write('look', files=[{'name': 'a.txt', 'type': 'text/plain', 'text': 'inside'}])
        assert w.answered_once('look') == 1
        assert len(w.calls('getAttachment')) == 1
        w.write('gone', data={'attachments': [{'contentType': 'image/png', 'filename': 'x.png', 'id': '../x', 'size': 5}]})
        assert w.answered_once('gone') == 1
        path = os.path.join(w.home, 'report; 100%.txt')
        with open(path, 'w', encoding='utf-8') as f:
            f.write('all is well')
        w.gateway.cli('send', '--to', 'signal:#Team', '--file', path, '--wait', 'see here')
        told = [m for m in w.sent(w.group('team')) if m['attachments']]
        assert told[0]['attachments'] == [{'type': 'text/plain', 'name': 'report; 100%.txt', 'size': 11, 'text': 'all is well'}], told
        for to, chat in (('@Person 2', person(2)), ('@ada.42', person(3)), ('@nobody.77', 'nobody.77'), ('+1 555 1234', '+15551234'), (person(9), person(9))):
            w.gateway.cli('send', '--to', f'signal:{to}', '--wait', f'for {to}')
            assert w.texts(chat) == [f'for {to}'], (to, w.sent())
        w.gateway.cli('send', '--to', 'signal:+15550000001', '--wait', 'to a number')
        assert 'to a number' in w.texts(person(1)), w.sent()
        for to in ('#nowhere', '@stranger', 'x/../y'):
            try:
                w.gateway.cli('send', '--to', f'signal:{to}', '--wait', 'x')
            except (subprocess.CalledProcessError, AssertionError):
                continue
            raise AssertionError(f'{to} was found')


def trouble():
    """cut in mid-event, twice, odd events, a daemon that starts anew: nothing is lost and nothing comes twice"""
    with Signal() as w:
        w.start()
        w.platform.ask('cut', {})
        w.write('one')
        assert w.answered_once('one') == 1
        at = w.write('two')['timestamp']
        w.write('two', timestamp=at)
        assert w.answered_once('two') == 1
        for text in ('{', '[]', '{"envelope":{}}', '{"envelope":{"dataMessage":{"message":"x"}}}', '{"envelope":{"sourceUuid":"x","dataMessage":{"timestamp":1,"message":"x"}}}',
                     '{"exception":{"message":"no key","type":"InvalidKeyException"},"envelope":{"source":null,"timestamp":5},"account":"+15550009999"}',
                     '{"envelope":{"hologramMessage":{}}}', '{"account":"+15550001111","envelope":{"sourceNumber":"+1555","dataMessage":{"timestamp":9,"message":"not ours"}}}'):
            w.platform.ask('event', {'text': text})
        w.write('three', data={'future': {'deep': [1]}})
        assert w.answered_once('three') == 1
        w.platform.ask('restart', {})
        w.write('four')
        assert w.answered_once('four') == 1
        for text in ('one', 'two', 'three', 'four'):
            assert w.answered_once(text) == 1, text
        assert not [t for t in w.texts() if 'not ours' in t]


def kills():
    """kill -9 and a restart: what was written meanwhile is answered once, also what the daemon gave to a dead connection"""
    with Signal() as w:
        w.start()
        w.platform.ask('set', {'deaf': True})
        for n in range(3):
            w.write(f'before {n}')
            w.gateway.kill()
            w.write(f'while away {n}')
            w.gateway.start()
            assert w.answered_once(f'while away {n}') == 1
            assert w.answered_once(f'before {n}') == 1
        said = w.platform.log('GET', EVENTS)
        assert 'last-event-id' not in said[0]['headers'] and said[-1]['headers']['last-event-id'], said
        assert said[0]['query'] == {'account': BOT}, said


def waits():
    """a daemon on demand keeps nothing of its own: what was written while nobody listened comes with the next stream"""
    with Signal() as w:
        w.start()
        w.platform.ask('set', {'ids': False})
        w.gateway.stop()
        wait_until(lambda: not w.platform.ask('state')['streams'], WAIT, 'the end of the stream')
        w.write('in the night')
        assert w.platform.ask('state')['waiting'] == 1
        w.gateway.start()
        assert w.answered_once('in the night') == 1


def limits_and_failures():
    """rate limits and 5xx are tried again, who is gone or has a new key is dead, an account that is gone is told"""
    with Signal() as w:
        w.start()
        w.platform.ask('set', {'failures': [{'type': 'RATE_LIMIT_FAILURE', 'retryAfterSeconds': 1, 'token': 'a-challenge'}, {'type': 'NETWORK_FAILURE'}]})
        w.write('stubborn')
        assert w.answered_once('stubborn') == 1
        tries = [e for e in w.platform.log('POST', RPC) if 'stubborn' in e['body'].get('params', {}).get('message', '')]
        assert len(tries) == 3 and tries[1]['at'] - tries[0]['at'] >= 1000, tries
        w.platform.rule(f'POST {RPC}', 'status', status=503)
        w.write('later')
        assert w.answered_once('later') == 1
        for n, kind in enumerate(('UNREGISTERED_FAILURE', 'IDENTITY_FAILURE')):
            w.platform.ask('set', {'failures': [{'type': kind}]})
            w.write(f'away {n}')
            wait_until(lambda n=n: len(w.gateway.rows('outbox', 'dead')) > n, WAIT, f'the dead row of {kind}')
        w.platform.ask('set', {'accounts': ['+15550001111']})
        w.platform.ask('kick', {})
        wait_until(lambda: any(c['state'] == 'stopped' and 'platforms.signal.account' in c['text'] for c in w.channels()), WAIT, 'the refusal')


def one_account():
    """a daemon for one account, which knows no accounts but by its events"""
    with Signal() as w:
        w.platform.ask('set', {'single': True})
        w.start()
        w.write('hello @bot', group='team', mention=True)
        assert w.answered_once('hello') == 1


def growing_replies():
    """a reply grows by edits, each of which names the one before it, and ends whole"""
    with Signal(**{'platforms.signal.stream': 'true'}) as w:
        w.model.close()
        w.model = Double('model_double', '--deltas', '120', '--delta-interval-ms', '100')
        w.gateway.settings['model_provider.endpoint'] = f'http://127.0.0.1:{w.model.port}/v1'
        w.start()
        w.write('grow')
        wait_until(lambda: any('word119' in t for t in w.texts()), WAIT, 'the end')
        wait_until(w.gateway.idle, WAIT, 'quiet')
        told = [m for m in w.sent() if 'echo: grow' in m['message']]
        assert len(told) == 1 and told[0]['edits'] >= 2, told


class Daemon(Double):
    """signal-cli's own HTTP server and JSON-RPC; signal_daemon.java says what `ask` understands."""
    def __init__(self, *options):       # pylint: disable=super-init-not-called
        here = os.path.dirname(os.path.abspath(__file__))
        self.begin(['java', '--class-path', os.path.join(os.environ['SIGNAL_CLI_LIB'], '*'), os.path.join(here, '../../doubles/platforms/signal_daemon.java'), *options])
        self.url = self.ask('state')['url']


class Real(Signal):
    """With that daemon in place of the double."""
    options = ()

    def settings(self):
        self.platform.close()
        self.platform = Daemon(*self.options)
        return super().settings()

    def connected(self):
        """This version says that a stream was opened with the first event, or after 15 seconds."""
        return self.platform.ask('state')['listeners'] > 0


class RealSingle(Real):
    """The same for one account."""
    options = ('single',)


def signal_cli():
    """signal-cli's own code: what it writes is understood, and what is written for it it understands"""
    for kind in (Real, RealSingle):
        with kind() as w:
            w.start()
            w.write('is **this** so?')
            assert w.answered_once('is this so?') == 1
            assert w.sent(person(1))[-1]['textStyles'] == ['9:4:BOLD'], w.sent()
            w.write('', reaction=True)
            w.write('nobody asked', group='team')
            asked = w.write('hi @bot there', group='team', mention=True)
            assert w.answered_once('hi  there') == 1
            told = w.sent(w.group('team'))[-1]
            assert (told['quoteTimestamp'], told['quoteAuthor']) == (asked['timestamp'], person(1)), told
            w.write('and so on', group='team', quote=told['timestamp'])
            assert w.answered_once('and so on') == 1
            w.write('look', files=[{'name': 'a.txt', 'type': 'text/plain', 'text': 'inside'}])
            assert w.answered_once('look') == 1
            path = os.path.join(w.home, 'report; 100%.txt')
            with open(path, 'w', encoding='utf-8') as f:
                f.write('all is well')
            w.gateway.cli('send', '--to', 'signal:#Team', '--file', path, '--wait', 'see here')
            assert ['data:text/plain;filename=report%3B%20100%25.txt;base64,YWxsIGlzIHdlbGw='] in [m['attachments'] for m in w.sent(w.group('team'))]
            for to, chat in (('@Person 2', person(2)), ('@ada.42', person(3)), ('@nobody.77', 'u:nobody.77'), ('+15551234', '+15551234')):
                w.gateway.cli('send', '--to', f'signal:{to}', '--wait', f'for {to}')
                assert w.texts(chat) == [f'for {to}'], (to, w.sent())
            w.platform.ask('fail', {'failures': ['NETWORK']})
            w.write('stubborn')
            assert w.answered_once('stubborn') == 1
            for n, why in enumerate(('UNREGISTERED', 'IDENTITY')):
                w.platform.ask('fail', {'failures': [why]})
                w.write(f'away {n}')
                wait_until(lambda n=n: len(w.gateway.rows('outbox', 'dead')) > n, WAIT, f'the dead row of {why}')


only = sys.argv[2:]
run([t for t in [conversations, answer_all, files, trouble, kills, waits, limits_and_failures, one_account, growing_replies, *([signal_cli] if 'SIGNAL_CLI_LIB' in os.environ else [])] if not only or t.__name__ in only])
