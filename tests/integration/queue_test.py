#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Queue modes: a message that is answered in another's turn is answered once, whenever the program is killed; and whoever waits
for its reply over REST gets the one reply.

  queue_test.py BUILD"""
import json
import sys
import threading
import time
import uuid

import harness as h

FAULTS = ('turn_absorbing:crash', 'turn_absorbed:crash', 'turn_replied:crash:2', 'turn_before_finish:crash')


def say(w, session, text, mode='async'):
    connection = h.Unix(w.gateway.socket)
    try:
        return h.call(connection, 'POST', f'/api/v1/messages?mode={mode}', {'content': {'text': text}, 'session_id': session},
                      {'Idempotency-Key': text})
    except (OSError, h.http.client.HTTPException):
        return 0, ''
    finally:
        connection.close()


def check_books(w, acknowledged):
    """Each message was answered by its own turn or is in the journal of one other; each turn has one reply."""
    inbox = {text: (i, state, by) for i, text, state, by in w.gateway.sql('SELECT id, text, state, absorbed_by FROM inbox')}
    steered = [(turn, json.loads(body)) for turn, body in w.gateway.sql("SELECT inbox_id, body FROM journal WHERE kind = 'steer'")]
    replies = [i for i, in w.gateway.sql('SELECT inbox_id FROM outbox')]
    absorbed = 0
    for text in acknowledged:
        number, state, by = inbox[text]
        assert state == 'done', (text, state)
        rows = [turn for turn, body in steered if body['inbox_id'] == number]
        assert rows == ([by] if by else []), (text, rows, by)
        assert replies.count(number) == (0 if by else 1), (text, replies.count(number))
        assert by is None or replies.count(by) == 1, text
        absorbed += by is not None
    states = {state for state, in w.gateway.sql('SELECT state FROM sessions')}
    assert states == {'idle'}, f'conversations that nothing is to be done for are {states}'
    return absorbed


def killed_while_messages_are_taken_along(mode):
    with h.World(**{'queue.mode': mode, 'queue.collect_wait': '100ms'}) as w:
        session, acknowledged = str(uuid.uuid4()), []
        for fault in FAULTS:
            w.gateway.start(fault)
            for text in (f'{fault}-1-tools', f'{fault}-2', f'{fault}-3'):
                if say(w, session, text)[0] == 202:
                    acknowledged.append(text)
            w.gateway.process.wait(15)
            assert w.gateway.died() == -h.signal.SIGKILL, fault
            w.gateway.start()
            h.wait_until(w.gateway.idle, 15, 'the answers')
            w.gateway.stop()
        absorbed = check_books(w, acknowledged)
        print(f'  {len(acknowledged)} messages, {absorbed} of them in turns of others', flush=True)
        assert absorbed, 'none was ever taken along: this tests nothing'


def steering():
    """steer: killed around the commit that takes a message along, nothing is lost and nothing answered twice"""
    killed_while_messages_are_taken_along('steer')


def collecting():
    """collect: the same"""
    killed_while_messages_are_taken_along('collect')


def who_waits_gets_the_one_reply():
    """a caller who waits for a message that another's turn answers gets that turn's reply, also when asking again"""
    with h.World(**{'queue.mode': 'collect', 'queue.collect_wait': '300ms'}) as w:
        w.gateway.start()
        session, got = str(uuid.uuid4()), {}
        threads = []
        for text in ('first', 'second'):
            threads.append(threading.Thread(target=lambda t=text: got.update({t: say(w, session, t, 'wait')})))
            threads[-1].start()
            time.sleep(0.1)
        for t in threads:
            t.join(15)
        got['again'] = say(w, session, 'second', 'wait')
        assert all(status == 200 and answer['state'] == 'done' for status, answer in got.values()), got
        assert len({answer['id'] for _, answer in got.values()}) == 1, got
        assert got['first'][1]['message_id'] != got['second'][1]['message_id'] == got['again'][1]['message_id'], got


if __name__ == '__main__':
    sys.exit(h.run_tests(steering, collecting, who_waits_gets_the_one_reply))
