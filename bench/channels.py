#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""channels.py BUILD FOLDER: messages through intake, a turn of the command engine and delivery, on twelve platforms' doubles; and the
same load answered by bench/echo.mjs, which does nothing but answer.  Prints one JSON object; bench/run makes rows of it.

The doubles write the messages and time the answers themselves (tests/doubles/platforms/load.mjs).  Each round has new doubles: what they
keep grows with the messages."""
import json
import os
import re
import statistics
import subprocess
import sys
import threading
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(TOP, 'tests/integration/channels'))
from twelve import Twelve   # noqa: E402  pylint: disable=wrong-import-position
from world import WAIT, wait_until   # noqa: E402  pylint: disable=wrong-import-position

ROUNDS, SECONDS, PEOPLE, FLIGHT, ONE_BY_ONE = 3, 4, 8, 16, 50
FIRST_PERSON = 11       # as in load.mjs
NODE = os.path.join(TOP, 'tests/npm/node_modules/.bin/node')

# How a person is called who writes, and where they and the bot are alone; what the gateway calls them.
PERSON = {
    'slack': {'user': 'U0P@p'}, 'webhook': {'user': 'p@p'}, 'wecom': {'from': 'p@p'}, 'teams': {'from': 'p@p'}, 'feishu': {'from': 'ou_p@p', 'chat': 'oc_p@p'},
    'google_chat': {'from': 'p@p', 'space': 'spaces/P@p', 'space_type': 'DM'}, 'discord': {'author': '@p', 'channel_id': '30@p'},
    'whatsapp': {'from': '1650555@p'}, 'matrix': {'user': '@m@p:double.test'}, 'dingtalk': {'from': 'p@p'}, 'qq': {'from': 'P@p'}, 'mattermost': {'user': '@p'},
}
ACCOUNT = {
    'slack': 'U0P@p', 'webhook': 'default/p@p', 'wecom': 'p@p', 'teams': '29:p@p', 'feishu': 'ou_p@p', 'google_chat': 'users/p@p', 'discord': '@p',
    'whatsapp': '1650555@p', 'matrix': '@m@p:double.test', 'dingtalk': 'p@p', 'qq': 'P@p', 'mattermost': 'user@p'.ljust(26, '0'),
}


class Noted:
    """In a double's place: what somebody's writing asks of it."""
    def ask(self, path, body):
        self.asked = {'with': path, 'body': body}       # pylint: disable=attribute-defined-outside-init
        return {}

    def event(self, **body):
        return self.ask('event', body)


def writing(channel):
    """What the double is told of how one writes there."""
    text = 'calculate @@ plus 1'
    if channel.name == 'webhook':       # its tests sign by themselves
        return {'with': 'event', 'body': {'socket': channel.gateway.socket, 'secret': sys.modules['webhook_test'].SECRET, 'text': text, **PERSON['webhook']}}
    double, channel.platform = channel.platform, Noted()
    channel.write(text, **PERSON[channel.name])
    noted, channel.platform = channel.platform.asked, double
    return noted


def users():
    """All who write are known; on no platform is anybody somebody of another."""
    people = [{'name': f'{name}{k}', 'role': 'operator', 'accounts': [f'{name}:{account.replace("@p", str(k))}']}
              for name, account in ACCOUNT.items() for k in range(FIRST_PERSON, FIRST_PERSON + PEOPLE)]
    return json.dumps(people)


def load(channel, **how):
    channel.platform.connection.close()
    channel.platform.connection.timeout = 120
    got = channel.platform.ask('load', {**writing(channel), **how})
    if got['lost']:
        raise SystemExit(f'{channel.name}: {got["lost"]} messages were not answered; the last: {channel.texts()[-1:]}')
    return got


def commits(w):
    """So far; 0 of the reference, which has none."""
    if w.gateway.process is None:
        return 0
    _, text = w.gateway.ask('/metrics')
    return float(re.search(r'^clawdbot_store_commits_total (\S+)', text, re.M).group(1))


def cpu_seconds(pid):
    return time.clock_gettime((~pid << 3) | 2)      # what clock_getcpuclockid() gives


def crowd(w, pid):
    """All channels at once, FLIGHT messages unanswered on each."""
    got, before, stored = {}, cpu_seconds(pid), commits(w)

    def run(channel):
        got[channel.name] = load(channel, people=PEOPLE, flight=FLIGHT, seconds=SECONDS)

    threads = [threading.Thread(target=run, args=(c,)) for c in w.channels]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    if len(got) < len(w.channels):
        raise SystemExit('not every channel answered')
    messages = sum(len(g['times']) for g in got.values())
    return {'per_second': sum(g['answered'] for g in got.values()) / SECONDS, 'cpu_us': (cpu_seconds(pid) - before) / messages * 1e6,
            'commits': (commits(w) - stored) / messages,
            'channels': {name: g['answered'] / SECONDS for name, g in got.items()}}


def one_by_one(w):
    """One message at a time in the whole machine."""
    for c in w.channels:
        load(c, flight=1, count=5)
    before = commits(w)
    times = {c.name: load(c, flight=1, count=ONE_BY_ONE)['times'] for c in w.channels}
    return times, (commits(w) - before) / ONE_BY_ONE / len(times)


def ours(folder):
    with Twelve(folder, **{'engine.mode': 'rules', 'users': users()}) as w:
        w.gateway.start()
        for c in w.channels:
            wait_until(c.connected, WAIT, c.name)
        return *one_by_one(w), crowd(w, w.gateway.process.pid)


def bare(folder):
    with Twelve(folder) as w:
        settings = {**w.gateway.settings, 'reply_url': next(c for c in w.channels if c.name == 'webhook').platform.url + '/replies'}
        os.makedirs(os.path.dirname(w.gateway.socket), exist_ok=True)
        with subprocess.Popen([NODE, os.path.join(TOP, 'bench/echo.mjs'), w.gateway.socket], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as echo:
            echo.stdin.write(json.dumps(settings))
            echo.stdin.close()
            try:
                if echo.stdout.readline() != 'ready\n':
                    raise SystemExit('the reference did not start')
                return *one_by_one(w), crowd(w, echo.pid)
            finally:
                echo.kill()


def told(rounds):
    """Of the throughput the best round, of the times each channel's best: a neighbour's work only adds."""
    best = {name: min((times[name] for times, _, _ in rounds), key=statistics.median) for name in rounds[0][0]}
    times = sorted(t for ts in best.values() for t in ts)
    return {**max((crowd for _, _, crowd in rounds), key=lambda c: c['per_second']), 'p50_ms': statistics.median(times), 'p99_ms': times[int(len(times) * 0.99)],
            'alone_commits': rounds[0][1], 'medians': {name: statistics.median(t) for name, t in best.items()}}


def main():
    rounds = {'bare': [], 'ours': []}
    for _ in range(ROUNDS):
        rounds['bare'].append(bare(sys.argv[2]))
        rounds['ours'].append(ours(sys.argv[2]))
    print(json.dumps({'flight': FLIGHT, **{who: told(r) for who, r in rounds.items()}}))


if __name__ == '__main__':
    main()
