#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What is not simply delivered: outcomes nobody knows, messages too old, messages that kill.  argv[1]: the build folder."""
import json
import re
import sys
import time

import harness as h

CHAT = 7


def messages(w, *words):
    return json.loads(w.gateway.cli('messages', 'list', '--json', *words))


def taken(w, text):
    return [e['state'] for e in w.sends(text) if e['params']['chat_id'] == CHAT]


def unknown_is_for_an_operator():
    """a reply nobody knows of is listed, not sent again by itself; `resend` sends it, `drop` ends it"""
    with h.World() as w:
        w.gateway.start()
        w.pair()
        chatter = h.Chatter(w.telegram, [CHAT], 1)
        w.chatters.append(chatter)
        chatter.write(CHAT, 'm0')
        h.wait_until(lambda: taken(w, 'm0') == ['answered'], 10, 'an answer over a connection that is kept then')
        for k, how in enumerate(('drop_before', 'drop_after', 'drop_before')):
            w.telegram.ask('rule', {'method': 'sendMessage', 'do': how})
            chatter.write(CHAT, f'm{k + 1}')
            h.wait_until(lambda n=k + 1: len(messages(w, '--state', 'unknown', '--box', 'outbox')) == n, 10, f'{how}: the reply to be unknown')
        chatter.write(CHAT, 'm4')
        h.wait_until(lambda: taken(w, 'm4') == ['answered'], 10, 'an unknown reply not to hold back the next')
        assert [taken(w, f'm{k}') for k in (1, 2, 3)] == [['dropped'], ['taken'], ['dropped']], w.sends('m')
        for _ in range(2):      # not even by a restart
            w.gateway.stop()
            w.gateway.start()
            h.wait_until(w.gateway.idle, 10, 'the queues to be empty')
        rows = {row['text']: row for row in messages(w, '--state', 'unknown')}
        assert set(rows) == {'echo: m1', 'echo: m2', 'echo: m3'}, rows
        listed = w.gateway.cli('messages', 'list')
        assert len(re.findall(r'^outbox/\d+ +unknown .*echo: m[123]\b.*#', listed, re.M)) == 3, listed
        places = [f'outbox/{rows[f"echo: m{k}"]["id"]}' for k in (1, 2, 3)]
        assert w.gateway.cli('messages', 'resend', places[0]) == f'{places[0]}: ready\n'
        assert w.gateway.cli('messages', 'drop', places[1]) == f'{places[1]}: dropped\n'
        h.wait_until(lambda: taken(w, 'm1') == ['dropped', 'answered'], 10, 'the reply that was resent')
        h.wait_until(w.gateway.idle, 10, 'the queues to be empty')
        w.gateway.stop()
        w.gateway.start()
        h.wait_until(w.gateway.idle, 10, 'the queues to be empty')
        assert [taken(w, f'm{k}') for k in (1, 2, 3)] == [['dropped', 'answered'], ['taken'], ['dropped']], w.sends('m')
        states = {row['text']: row['state'] for row in messages(w, '--box', 'outbox')}
        assert [states[f'echo: m{k}'] for k in range(5)] == ['sent', 'sent', 'dropped', 'unknown', 'sent'], states
        shown = w.gateway.cli('messages', 'show', places[2])
        assert 'unknown' in shown and 'm3' in shown, shown


def refused_for_good_is_dead():
    """a reply the platform will never take is dead, and says why; a busy platform is tried again"""
    with h.World(**{'delivery.attempts': 3}) as w:
        w.gateway.start()
        w.pair()
        chatter = h.Chatter(w.telegram, [CHAT], 1)
        w.telegram.ask('rule', {'method': 'sendMessage', 'do': 'status', 'status': 403, 'description': 'Forbidden: bot was blocked by the user'})
        chatter.write(CHAT, 'm0')
        h.wait_until(lambda: messages(w, '--state', 'dead'), 10, 'a dead reply')
        assert 'blocked' in messages(w, '--state', 'dead')[0]['error'], messages(w)
        for status in (500, 429):
            w.telegram.ask('rule', {'method': 'sendMessage', 'do': 'status', 'status': status, 'retry_after': 1})
        chatter.write(CHAT, 'm1')
        chatter.write(CHAT, 'm2')
        h.wait_until(lambda: taken(w, 'm2') == ['answered'], 10, 'answers after two refusals')
        assert taken(w, 'm1') == ['refused', 'refused', 'answered'], taken(w, 'm1')
        w.gateway.cli('messages', 'resend', f'outbox/{messages(w, "--state", "dead")[0]["id"]}')
        h.wait_until(lambda: taken(w, 'm0') == ['refused', 'answered'], 10, 'the dead reply that was resent')


def old_messages_expire():
    """after a long downtime old messages are marked expired and not answered: those stored, and those at the platform"""
    with h.World(model=('--delay-ms', '60000'), **{'messages.max_age': '2s'}) as w:
        w.gateway.start()
        w.pair()
        session = {'session_id': '0b4e28ba-2fa1-41d2-883f-0016d3cca427'}
        connection = h.Unix(w.gateway.socket)
        for k in range(834):
            status, _ = h.call(connection, 'POST', '/api/v1/messages', {'content': {'text': f'r{k}'}, **session})
            assert status == 202, status
        connection.close()
        w.gateway.kill()
        now = int(time.time())
        chatter = h.Chatter(w.telegram, [CHAT], 1)
        for k in range(200):
            chatter.write(CHAT, f'c{k}', date=now - 3600)
        w.model.close()
        w.model = h.Double('model_double')
        w.gateway.settings['model_provider.endpoint'] = f'http://127.0.0.1:{w.model.port}/v1'
        time.sleep(2.1)
        w.gateway.start()
        chatter.write(CHAT, 'new', date=int(time.time()))
        h.wait_until(lambda: taken(w, 'new') == ['answered'], 20, 'an answer to the new message')
        h.wait_until(w.gateway.idle, 20, 'the queues to be empty')
        expired = w.gateway.rows('inbox', 'expired')
        from_rest = [row for row in expired if row['platform'] != 'telegram']
        # The one that was being answered when the gateway was killed may be gone on with.
        assert len(from_rest) >= 833, len(from_rest)
        assert len(expired) - len(from_rest) == 200, len(expired)
        assert all('messages.max_age' in row['error'] for row in expired), expired[0]
        replies = [row for row in w.gateway.rows('outbox') if row['text'].startswith('echo: ')]
        assert len(replies) <= 2, replies
        assert [e['params']['text'] for e in w.sends('echo: ')] == ['echo: new'], w.sends('echo: ')


def died_again(w, fault):
    """Starts the gateway with the fault; whether it died of it (else the message has been given up)."""
    w.gateway.start(fault)
    h.wait_until(lambda: w.gateway.process.poll() is not None or w.sends('stopped several times'), 30, 'a death, or what the person is told')
    if w.gateway.process.poll() is None:
        return False
    w.gateway.died()
    return True


def a_message_that_kills_is_given_up():
    """a message that kills the gateway each time is given up after three resumes, says so, and the next is answered"""
    with h.World() as w:
        w.gateway.start()
        w.pair()
        w.gateway.stop()
        chatter = h.Chatter(w.telegram, [CHAT], 1)
        chatter.write(CHAT, 'poison')
        deaths = 0
        while died_again(w, 'turn_started:crash'):
            deaths += 1
            assert deaths < 10, 'it is never given up'
        # That it was begun is stored along with the next commit, which may come before the first death or never.
        assert deaths in (3, 4), deaths
        row = [r for r in w.gateway.rows('inbox', 'failed') if r['text'] == 'poison'][0]
        assert 'stopped several times' in row['error'] and row['attempts'] >= 3, row
        w.gateway.stop()
        w.gateway.start()
        chatter.write(CHAT, 'next')
        h.wait_until(lambda: taken(w, 'echo: next') == ['answered'], 10, 'the next message')
        assert len(w.sends('stopped several times')) == 1 and not w.sends('echo: poison'), w.sends('')


def a_message_that_kills_takes_no_other_along():
    """a message that kills the gateway is given up; one of another chat, which was at work each time, is answered"""
    with h.World(model=('--deltas', '4', '--delta-interval-ms', '250')) as w:
        w.gateway.start()
        w.pair()
        w.gateway.stop()
        chatter = h.Chatter(w.telegram, [CHAT], 1)
        chatter.write(CHAT, 'poison-tools')
        chatter.write(CHAT + 1, 'bystander-slow')
        deaths = 0
        while died_again(w, 'tool_before_run:crash'):
            deaths += 1
            assert deaths < 10, 'it is never given up'
        h.wait_until(w.gateway.idle, 20, 'the queues to be empty')
        assert [e['params']['chat_id'] for e in w.sends('stopped several times')] == [CHAT], w.sends('stopped')
        assert [e['params']['chat_id'] for e in w.sends('echo: bystander-slow')] == [CHAT + 1], w.sends('echo')


if __name__ == '__main__':
    sys.exit(h.run_tests(unknown_is_for_an_operator, refused_for_good_is_dead, old_messages_expire, a_message_that_kills_is_given_up,
                         a_message_that_kills_takes_no_other_along))
