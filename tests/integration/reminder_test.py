#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reminders, lists and notes through a real gateway: told at their time, once, whatever the program dies of.  argv[1]: the build folder."""
import json
import sqlite3
import sys
import time

import harness as h

DAY = 24 * 3600 * 1000


class Desk(h.World):
    """A gateway whose model does what it is told: the message "call NAME ARGUMENTS" makes it call that tool."""
    def __init__(self, **settings):
        super().__init__(model=('--obey',), **{'model_provider.context_tokens': 20000, **settings})
        self.session = None

    def call(self, tool, **arguments):
        """What a call of a tool came to, through a turn."""
        status, answer = self.gateway.ask('/api/v1/messages?mode=wait', 'POST', {
            'content': {'text': f'call {tool} {json.dumps(arguments)}'}, **({'session_id': self.session} if self.session else {})})
        assert status == 200, answer
        self.session = answer.get('session_id', self.session)
        return self.last_result(tool)

    def last_result(self, tool):
        db = sqlite3.connect(self.gateway.database)
        try:
            rows = db.execute('''SELECT r.body FROM journal c JOIN journal r ON r.inbox_id = c.inbox_id AND r.call_id = c.call_id AND r.kind = 'result'
                                 WHERE c.kind = 'call' AND json_extract(c.body, '$.name') = ? ORDER BY r.inbox_id, r.seq''', (tool,)).fetchall()
        finally:
            db.close()
        return json.loads(rows[-1][0])['text']

    def set(self, text, **when):
        """A reminder of the owner's, told in their private chat."""
        status, answer = self.gateway.ask('/api/v1/reminders', 'POST', {'text': text, **when})
        assert status == 201, answer
        return answer['text']

    def conversation(self):
        """Where call() writes."""
        status, answer = self.gateway.ask(f'/api/v1/sessions/{self.session}/messages')
        assert status == 200, answer
        return json.dumps(answer, ensure_ascii=False)

    def list(self):
        status, answer = self.gateway.ask('/api/v1/reminders')
        assert status == 200, answer
        return answer['reminders']

    def change(self, statement):
        """Of a gateway that does not run."""
        db = sqlite3.connect(self.gateway.database)
        try:
            with db:
                db.execute(statement)
        finally:
            db.close()

    def told(self, part, seconds=15):
        h.wait_until(lambda: self.sends(part), seconds, f'"{part}" to be told')
        return self.sends(part)

    def begin(self):
        self.gateway.start()
        self.pair()


def a_reminder_is_told_at_its_time_and_once():
    """a reminder is told at its time, once, and a timer in the conversation where it was set"""
    with Desk() as w:
        w.begin()
        assert 'will remind you' in w.set('feed the cat', **{'in': '1s'})
        assert w.call('reminder', action='add', kind='timer', text='tea', **{'in': '1s'}).startswith('OK, timer set: 1 second')
        assert len(w.list()) == 2
        w.told('⏰ Reminder: feed the cat')
        h.wait_until(lambda: '⏰ Time is up, 1 second: tea' in w.conversation(), 10, 'the timer to be told')
        time.sleep(1)
        assert len(w.sends('feed the cat')) == 1 and not w.list(), w.list()


def it_survives_every_death():
    """killed at every fault point of a firing and of its delivery: each reminder is told once"""
    with Desk() as w:
        w.begin()
        for n, fault in enumerate(('flow_due', 'flow_fired', 'deliver_claimed', 'deliver_marked'), 1):
            w.set(f'note {n}', **{'in': '1s'})
            w.gateway.stop()
            w.gateway.start(fault + ':crash')
            assert w.gateway.died() == -h.signal.SIGKILL, fault
            w.gateway.start()
            w.told(f'note {n}')
        time.sleep(0.5)
        assert [len(w.sends(f'note {n}')) for n in range(1, 5)] == [1] * 4
        assert not w.list(), w.list()


def it_survives_random_deaths():
    """killed at random moments while many are due: each is told once, or known not to be sure"""
    rng = h.seed()
    with Desk() as w:
        w.begin()
        for n in range(30):
            w.set(f'item {n:02}.', **{'in': f'{1500 + 100 * n}ms'})
        for _ in range(h.kills(8)):
            time.sleep(rng.random())
            w.gateway.kill()
            w.gateway.start()
        h.wait_until(lambda: not w.list(), 20, 'all to be due')
        h.wait_until(w.gateway.idle, 20, 'all to be told')
        unknown = len(w.gateway.rows('outbox', 'unknown'))
        counts = [len(w.sends(f'item {n:02}.')) for n in range(30)]
        rows = w.gateway.sql("SELECT count(*) FROM inbox WHERE external_id LIKE 'timer/%'")
        assert rows == [(30,)] and max(counts) == 1, (rows, counts)
        assert counts.count(0) <= unknown, (counts, unknown)


def what_was_missed_is_told_late():
    """what was due while the program did not run is told once, with when it was; of a recurrence only the latest, with how many more"""
    with Desk() as w:
        w.begin()
        w.set('call the bank', **{'in': '1h'})
        w.set('water the plants', rule='FREQ=DAILY', **{'in': '1h'})
        w.gateway.stop()
        w.change(f'UPDATE timers SET next_at = next_at - {3 * DAY}, first_at = first_at - {3 * DAY}')
        w.gateway.start()
        assert 'late: it was due' in w.told('call the bank')[0]['params']['text']
        text = w.told('water the plants')[0]['params']['text']
        assert 'late: it was due' in text and '2 earlier ones were missed.' in text, text
        left = w.list()
        assert [r['text'] for r in left] == ['water the plants'] and left[0]['fired'] == 1, left
        w.gateway.stop()
        w.gateway.start()
        time.sleep(0.5)
        assert len(w.sends('call the bank')) == len(w.sends('water the plants')) == 1
        text = w.gateway.cli('reminders', 'list')
        assert 'water the plants' in text, text
        w.gateway.cli('reminders', 'remove', str(left[0]['id']))
        assert w.gateway.cli('reminders', 'list') == ''


def a_recurrence_goes_on():
    """a recurrence is told each time, also after a kill"""
    with Desk() as w:
        w.begin()
        w.set('stand up', rule='FREQ=DAILY', **{'in': '1h'})
        for n in range(1, 4):
            w.gateway.kill()
            w.change('UPDATE timers SET first_at = first_at - (next_at - CAST(1000 * strftime(\'%s\', \'now\') AS INTEGER)) + 1500, '
                     'next_at = CAST(1000 * strftime(\'%s\', \'now\') AS INTEGER) + 1500')
            w.gateway.start()
            h.wait_until(lambda n=n: len(w.sends('stand up')) == n, 15, f'time {n}')
        assert all('late' not in e['params']['text'] for e in w.sends('stand up'))


def a_call_that_is_run_again_changes_nothing():
    """a call that the program died in is run again and adds nothing twice"""
    with Desk() as w:
        w.begin()
        for tool, arguments in (('reminder', {'action': 'add', 'text': 'once', 'in': '5h'}), ('lists', {'action': 'add', 'item': 'milk'}),
                                ('notes', {'action': 'add', 'text': 'once'})):
            w.gateway.stop()
            w.gateway.start('tool_after_run:crash')
            try:
                w.gateway.ask('/api/v1/messages?mode=async', 'POST', {'content': {'text': f'call {tool} {json.dumps(arguments)}'}})
            except (OSError, h.http.client.HTTPException):
                pass
            assert w.gateway.died() == -h.signal.SIGKILL
            w.gateway.start()
            h.wait_until(w.gateway.idle, 20, 'the turn to go on')
        assert len(w.list()) == 1
        assert w.call('lists', action='show') == 'to-do (1):\n1. milk'
        assert w.call('notes', action='show').startswith('Notes (1):')
        assert '#1' in w.last_result('reminder')


def a_person_takes_all_of_it_along():
    """what a person keeps is in their export, and gone when they are forgotten"""
    with Desk() as w:
        w.begin()
        w.set('the green elephant', **{'in': '5h'})
        w.call('lists', action='add', item='the red elephant')
        w.call('notes', action='add', text='the blue elephant')
        lines = [json.loads(line) for line in w.gateway.cli('memory', 'export', '--user', 'owner').splitlines()]
        kept = {line['type']: line['text'] for line in lines if line['type'] in ('reminder', 'list item', 'note')}
        assert kept == {'reminder': 'the green elephant', 'list item': 'the red elephant', 'note': 'the blue elephant'}, kept
        w.gateway.cli('memory', 'forget', '--user', 'owner')
        assert not w.list()
        w.gateway.stop()
        for table in ('timers', 'list_items', 'notes', 'call_answers'):
            assert w.gateway.sql(f'SELECT count(*) FROM {table}') == [(0,)], table


if __name__ == '__main__':
    sys.exit(h.run_tests(a_reminder_is_told_at_its_time_and_once, it_survives_every_death, it_survives_random_deaths, what_was_missed_is_told_late,
                         a_recurrence_goes_on, a_call_that_is_run_again_changes_nothing, a_person_takes_all_of_it_along))
