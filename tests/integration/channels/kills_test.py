#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""kills_test.py BUILD [TEST...]: kill -9 while an answer goes out in parts: as a file, as a link to one, by another channel.

Nothing is lost and nothing comes twice; what the platform took while nobody could note it is unknown, and not sent again, unless the
platform knows a message that it is sent twice (idempotent)."""
import os
import re
import sys

from world import WAIT, Double, wait_until
import world

TESTS, world.run = world.run, lambda tests: None
from discord_test import Discord    # noqa: E402  pylint: disable=wrong-import-position
from slack_test import Slack        # noqa: E402  pylint: disable=wrong-import-position
from teams_test import Teams        # noqa: E402  pylint: disable=wrong-import-position

FINAL = ('sent', 'unknown', 'dead')
# Where it dies, and which of the rows that are sent then is unknown (from 0).
DEATHS = [('turn_before_finish:crash', None), ('turn_finished:crash', None),
          ('deliver_claimed:crash', None), ('deliver_sent:crash', 0), ('deliver_marked:crash', None),
          ('deliver_claimed:crash:2', None), ('deliver_sent:crash:2', 1), ('deliver_marked:crash:2', None)]


def latest(w):
    return max((r['id'] for r in w.gateway.rows('outbox')), default=0)


def rows_since(w, last):
    return sorted((r for r in w.gateway.rows('outbox') if r['id'] > last), key=lambda r: r['id'])


def settled(w, last, n):
    """The n rows that came, once there is an outcome of each."""
    rows = []

    def look():
        rows[:] = rows_since(w, last)
        return len(rows) >= n and all(r['state'] in FINAL for r in rows)

    wait_until(look, WAIT, f'{n} rows to be done with')
    wait_until(w.gateway.idle, WAIT, 'quiet')
    return rows_since(w, last)


def die_of(w, fault, act):
    """What `act` brings about kills it at that point; it runs again afterwards.  The latest row before."""
    last = latest(w)
    w.gateway.stop()
    w.gateway.start(fault)
    wait_until(w.connected, WAIT, 'the connection')
    act()
    w.gateway.died()
    w.gateway.start()
    wait_until(w.connected, WAIT, 'the connection')
    return last


def judge(fault, unknown, rows, shown):
    """rows: in the order of sending; shown: how often the platform shows what each carries."""
    states = [r['state'] for r in rows]
    assert states == ['unknown' if i == unknown else 'sent' for i in range(len(rows))], (fault, states, [r['error'] for r in rows])
    assert shown == [1] * len(rows), (fault, shown)


def long_text(marker, size):
    return f'{marker} ' + ' '.join(['lorem ipsum'] * (size // 12))


def in_a_file():
    """a long answer: its beginning, and all of it in a file"""
    with Slack(**{'delivery.file_above': 1}) as w:
        w.start()
        for k, (fault, unknown) in enumerate(DEATHS):
            last = die_of(w, fault, lambda n=k: w.write(long_text(f'story{n}', 4000)))
            rows = settled(w, last, 2)
            files = [f['text'] for f in w.platform.ask('state')['files'] if f'story{k}' in f['text']]
            judge(fault, unknown, rows, [sum(f'story{k} ' in t for t in w.texts()), len(files)])
            assert files == ['echo: ' + long_text(f'story{k}', 4000)], files
        w.gateway.stop()
        w.gateway.start()
        wait_until(w.connected, WAIT, 'the connection')
        wait_until(w.gateway.idle, WAIT, 'quiet')
        assert len(w.platform.ask('state')['files']) == len(DEATHS)


def in_mid_upload():
    """killed while the file's bytes go out: they go again; while the platform shows the file: unknown, and shown once"""
    with Slack(**{'delivery.file_above': 1}) as w:
        w.start()
        for k, (step, state) in enumerate((('POST /upload/', 'sent'), ('POST /api/files.completeUploadExternal', 'unknown'))):
            w.platform.rule(step, 'delay', ms=1500)
            last, since = latest(w), len(w.platform.ask('log'))
            w.write(long_text(f'upload{k}', 4000))
            wait_until(lambda p=step.split()[1], n=since: w.platform.log('POST', p, n), WAIT, step)
            w.gateway.kill()
            w.gateway.start()
            wait_until(w.connected, WAIT, 'the connection')
            rows = settled(w, last, 2)
            assert [r['state'] for r in rows] == ['sent', state], rows
            wait_until(lambda n=k: sum(f'upload{n}' in f['text'] for f in w.platform.ask('state')['files']) == 1, WAIT, 'the file')


def told_apart():
    """a platform that knows what it is sent twice: nothing is unknown, nothing comes twice"""
    with Discord(**{'delivery.file_above': 1, 'delivery.limits': 'false'}) as w:
        w.start()
        for k, (fault, _) in enumerate(DEATHS):
            last = die_of(w, fault, lambda n=k: w.write(long_text(f'story{n}', 3000)))
            rows = settled(w, last, 2)
            mine = w.messages('301')[-2:]
            judge(fault, None, rows, [sum(f'story{k} ' in t for t in w.texts()), len(mine[1]['attachments'])])
        assert sum(len(m['attachments']) for m in w.messages('301')) == len(DEATHS)


def a_link_instead():
    """a file that the platform does not take: a link to it, which leads to the whole, also after the restart"""
    with Teams(**{'delivery.file_above': 1, 'server.public_url': 'https://bot.example.org', 'delivery.limits': 'false'}) as w:
        w.start()
        for k, (fault, unknown) in enumerate(DEATHS):
            before = len(w.texts())
            last = die_of(w, fault, lambda n=k: w.write(long_text(f'story{n}', 25000), conversation=f'a:{n}', tries=1))
            rows = settled(w, last, 2)
            texts = w.texts()[before:]
            links = re.findall(r'https://bot\.example\.org(/files/[^)\s]+)', ' '.join(texts))
            judge(fault, unknown, rows, [sum(f'story{k} ' in t for t in texts), len(links)])
            status, whole = w.gateway.ask(links[0])
            assert (status, whole) == (200, 'echo: ' + long_text(f'story{k}', 25000)), (status, whole[:100])


def too_large():
    """a file above the platform's limit, sent by the operator"""
    with Discord(**{'server.public_url': 'https://bot.example.org', 'server.max_body': '32M', 'delivery.limits': 'false'}) as w:
        w.start()
        path = os.path.join(w.home, 'big.bin')
        with open(path, 'wb') as f:
            f.write(b'0123456789abcdef' * (11 << 16))
        for k, fault in enumerate(('deliver_claimed:crash', 'deliver_sent:crash', 'deliver_marked:crash')):
            before = len(w.texts())
            last = die_of(w, fault, lambda: send_file(w.gateway, 'discord:301', path))
            rows = settled(w, last, 1)
            links = re.findall(r'https://bot\.example\.org(/files/[^)\s]+)', ' '.join(w.texts()[before:]))
            assert len(rows) == 1, rows
            judge(fault, None, rows, [len(links)])
            status, whole = w.gateway.ask(links[0])
            assert status == 200 and len(whole) == 11 << 20, (k, status, len(whole))


def send_file(gateway, to, path):
    """It may die before the command hears of it."""
    try:
        gateway.cli('send', '--to', to, '--file', path)
    except AssertionError:
        pass


class WithTelegram(Slack):
    """What Slack refuses goes to a Telegram chat."""
    def settings(self):
        self.telegram = Double('telegram_double')       # pylint: disable=attribute-defined-outside-init
        return {**super().settings(), 'platforms.telegram.token': '1:double', 'platforms.telegram.api_url': f'http://127.0.0.1:{self.telegram.port}',
                'delivery.fallback': 'slack=telegram:77'}

    def __exit__(self, *_):
        super().__exit__()
        self.telegram.close()

    def fallen(self, part):
        return sum(e['method'] == 'sendMessage' and part in e['params']['text'] and e['state'] in ('taken', 'answered') for e in self.telegram.ask('log'))


def by_another_channel():
    """what is refused for good goes to the fallback, once"""
    with WithTelegram() as w:
        w.start()
        for k, (fault, states, fallen) in enumerate((
                ('turn_finished:crash', ['dead', 'sent'], 1), ('deliver_claimed:crash', ['dead', 'sent'], 1),
                ('deliver_sent:crash', ['unknown'], 0),         # its refusal came, and nobody could note it: for the operator
                ('deliver_marked:crash', ['dead', 'sent'], 1), ('deliver_claimed:crash:2', ['dead', 'sent'], 1),
                ('deliver_sent:crash:2', ['dead', 'unknown'], 1), ('deliver_marked:crash:2', ['dead', 'sent'], 1))):
            w.platform.rule('POST /api/chat.postMessage', 'status', status=200, body={'ok': False, 'error': 'is_archived'})
            last = die_of(w, fault, lambda n=k: w.write(f'fall{n}'))
            rows = settled(w, last, len(states))
            assert [r['state'] for r in rows] == states, (fault, rows)
            assert w.fallen(f'echo: fall{k}') == fallen and not any(f'fall{k}' in t for t in w.texts()), (fault, w.fallen(f'fall{k}'), w.texts())
        w.write('and now')
        assert w.answered_once('and now') == 1


only = sys.argv[2:]
TESTS([t for t in (in_a_file, in_mid_upload, told_apart, a_link_instead, too_large, by_another_channel) if not only or t.__name__ in only])
