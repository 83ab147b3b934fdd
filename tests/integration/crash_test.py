#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The promise: nothing acknowledged is lost, nothing is done twice, whenever the program is killed.

  crash_test.py BUILD             SIGKILL, which takes the process and leaves the page cache
  crash_test.py BUILD power-cut   a disk that holds only what was synced (tests/support/lossy_vfs.c)

PROOF_KILLS: how many random kills (200).  PROOF_SEED: the random moments of an earlier run."""
import fcntl
import os
import subprocess
import sys
import tempfile
import time

import harness as h

POWER_CUT = 'power-cut' in sys.argv[2:]
CHAT, SLOW_CHAT = 7, 8
# Where the pipeline can be killed: the fault point, and at which of its passes.
FAULTS = [('intake_before_store', 1), ('intake_before_store', 3), ('intake_stored', 1), ('intake_stored', 2), ('turn_started', 1),
          ('turn_started', 4), ('turn_replied', 1), ('turn_replied', 3), ('turn_journaled', 1), ('turn_journaled', 2),
          ('tool_before_run', 1), ('tool_before_run', 2), ('tool_after_run', 1), ('tool_after_run', 3), ('turn_before_finish', 1),
          ('turn_before_finish', 2), ('turn_finished', 1), ('turn_finished', 2), ('deliver_claimed', 1), ('deliver_claimed', 2),
          ('deliver_sent', 1), ('deliver_sent', 3), ('deliver_marked', 1), ('deliver_marked', 2)]
FAULTS += [('store_commit', n) for n in range(1, 9)] + [('store_committed', n) for n in range(1, 9)]


def world(*model, **settings):
    if not POWER_CUT:
        return h.World(model=model, **settings)
    home = tempfile.mkdtemp(prefix='clawdbot-proof-')
    w = h.World(h.LOSSY, model, home, **{'database.url': f'sqlite:{home}/clawdbot.db?vfs=lossy', **settings})
    w.own_home = True
    return w


def check(w):
    w.gateway.stop()
    w.note_run('stopped')
    found = w.problems()
    print('  ' + w.told(), flush=True)
    assert not found, '\n'.join([f'{len(found)} promises broken'] + found[:40])
    assert w.numbers['calls failed'] == 0, w.told()


def crash_at(w, fault):
    """Runs it until that point kills it."""
    w.gateway.start(fault)
    try:
        w.gateway.process.wait(15)
    except subprocess.TimeoutExpired:
        raise AssertionError(f'{fault} was never reached') from None
    assert w.gateway.died() == -h.signal.SIGKILL, fault
    w.gateway.kills += 1
    w.note_run(fault)


def at_every_fault_point():
    """killed at every fault point of the pipeline, twice in a row: all is answered once, in order"""
    with world() as w:
        w.gateway.start()
        w.pair()
        w.write(sessions=2, chats=[CHAT], pause=0.02)
        w.gateway.kill()
        w.note_run('killed')
        for point, n in FAULTS:
            crash_at(w, f'{point}:crash:{n}')
            crash_at(w, f'{point}:crash:{n + 1}')
            w.gateway.start()
            time.sleep(0.1)
            w.gateway.kill()
            w.note_run('killed')
        w.gateway.start()
        w.quiet()
        check(w)
        # A kill at a point of delivery comes before a request goes out or after it was answered: the program knows which.  The other
        # points and the kills of the third runs come while a reply of before may be on its way.
        assert w.numbers['of these, after a fault point of delivery'] == 0, w.told()


def while_a_reply_grows():
    """killed around a reply that is shown while it grows: it is shown once, whole in the end, or unknown"""
    with world('--deltas', '4', '--delta-interval-ms', '800') as w:
        w.gateway.start()
        w.pair()
        w.write(chats=[CHAT], pause=0.05)
        chatter = w.chatters[0]
        for k, (fault, wait) in enumerate([('stream_opened:crash', 0), ('deliver_sent:crash:2', 0), ('', 1.1), ('', 1.5), ('', 2.1),
                                           ('turn_before_finish:crash', 0), ('', 2.6)]):
            w.gateway.kill()
            w.note_run('killed')
            chatter.write(SLOW_CHAT, f'c{SLOW_CHAT}-{k}-slow')
            if fault:
                crash_at(w, fault)
            else:
                w.gateway.start()
                time.sleep(wait)
                w.gateway.kill()
                w.note_run('killed')
            w.gateway.start()
            h.wait_until(w.gateway.idle, 20, 'the slow reply') if k % 2 else time.sleep(0.2)
        w.quiet()
        w.gateway.stop()
        w.note_run('stopped')
        found = w.problems() + w.check_shown(SLOW_CHAT) + w.check_shown(CHAT)
        edits = [e for e in w.telegram.ask('log') if e['method'] == 'editMessageText']
        print(f'  {w.told()}, {len(edits)} edits', flush=True)
        assert not found, '\n'.join(found)
        assert edits, 'no reply was edited'


def the_home_of_a_killed_gateway_can_be_taken():
    """a lock that outlives its gateway for a moment (in a child that is not yet its command) is waited for"""
    with world() as w:
        w.gateway.start()
        dead = w.gateway.process.pid
        w.gateway.kill()
        with open(os.path.join(w.home, 'run/gateway.lock'), 'r+', encoding='ascii') as lock:
            assert lock.read() == f'{dead}\n'
            fcntl.flock(lock, fcntl.LOCK_EX)
            w.gateway.spawn()
            time.sleep(0.3)
        assert w.gateway.ready(), 'it did not wait'
        second = subprocess.run([h.PROGRAM, 'gateway', '--set=server.port=0'], env=w.gateway.env(), check=False, text=True,
                                stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, timeout=10)
        assert second.returncode == 1 and 'another gateway (pid' in second.stderr, second


def random_kills(w, n, **who):
    rng = h.seed()
    w.gateway.start()
    w.pair()
    w.telegram.ask('rule', {'method': 'sendMessage', 'do': 'delay', 'ms': 10, 'count': -1})
    w.write(**who)
    w.gateway.kill()
    w.note_run('killed')
    for _ in range(n):
        h.random_kill(w, rng)
    w.gateway.start()
    w.quiet()
    check(w)


def at_random_moments():
    """killed at random moments, one chat: all is answered once, in order, at most one unknown a kill"""
    with world() as w:
        random_kills(w, h.kills(200) // 2, sessions=2, chats=[CHAT])
        assert w.numbers['unknown'] <= w.gateway.kills and w.numbers['most unknown of one kill'] <= 1, w.told()


def at_random_moments_with_many_chats():
    """killed at random moments, many chats: the same, at most one unknown a chat and kill"""
    with world() as w:
        random_kills(w, h.kills(200) // 2, sessions=3, chats=[21, 22, 23, 24, 25], pause=0.05)


def through_the_webhook():
    """killed while Telegram calls the webhook: what was answered with 200 is answered once, in order"""
    rng = h.seed()
    with world(**{'platforms.telegram.webhook_url': 'https://bot.example.org/webhook/telegram',
                  'platforms.telegram.webhook_secret': h.Hook.SECRET}) as w:
        poll = {'platforms.telegram.webhook_url': ''}
        w.gateway.start(**poll)
        w.pair()
        w.gateway.stop()
        w.note_run('stopped')
        w.write(hooked=[CHAT], pause=0.01)
        for point in ('intake_before_store', 'intake_stored', 'store_commit', 'store_committed'):
            crash_at(w, f'{point}:crash:3')
        for _ in range(h.kills(200) // 10):
            h.random_kill(w, rng)
        w.gateway.start()
        w.quiet()
        check(w)


def a_second_send_is_found_out():
    """with delivery.unknown=resend the same test fails: what is sent twice is found"""
    with world(**{'delivery.unknown': 'resend'}) as w:
        w.gateway.start()
        w.pair()
        w.write(chats=[CHAT])
        w.gateway.kill()
        for _ in range(3):
            crash_at(w, 'deliver_sent:crash:3')
        w.gateway.start()
        w.quiet()
        w.gateway.stop()
        twice = [p for p in w.problems() if 'sent 2 times' in p]
        assert len(twice) == 3, twice


def without_sync_it_is_found_out():
    """with synchronous=off the same test fails: the loss is found"""
    home = tempfile.mkdtemp(prefix='clawdbot-proof-')
    with h.World(h.LOSSY, (), home, **{'database.url': f'sqlite:{home}/clawdbot.db?vfs=lossy&synchronous=off'}) as w:
        w.own_home = True
        w.gateway.start()
        w.write(sessions=2, pause=0.01)
        for _ in range(10):
            time.sleep(0.1)
            w.gateway.kill()
            w.note_run('killed')
            w.gateway.spawn()
            if not w.gateway.ready():
                print('  the database is broken', flush=True)
                return
        w.quiet()
        w.gateway.stop()
        lost = [p for p in w.problems() if 'acknowledged and lost' in p]
        print(f'  {len(lost)} of {w.numbers["messages"]} messages were lost, and that was seen', flush=True)
        assert lost, 'nothing was lost: the power cut cuts nothing'


if __name__ == '__main__':
    TESTS = [the_home_of_a_killed_gateway_can_be_taken, at_every_fault_point, while_a_reply_grows, at_random_moments,
             at_random_moments_with_many_chats, through_the_webhook, a_second_send_is_found_out]
    if POWER_CUT:
        TESTS.append(without_sync_it_is_found_out)
    ONLY = os.environ.get('PROOF_ONLY')
    sys.exit(h.run_tests(*[t for t in TESTS if not ONLY or t.__name__ == ONLY]))
