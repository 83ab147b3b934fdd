#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The disk is full: the platform is told "not received", the gateway says why, loses nothing acknowledged, and goes on when
there is space again.  argv[1]: the build folder.  The disk is a small tmpfs in a mount namespace of our own."""
import os
import subprocess
import sys
import tempfile
import time

import harness as h

INSIDE = 'CLAWDBOT_TEST_SMALL_DISK'
CHAT, HOOK_CHAT = 7, 9
SINK = '3b4e28ba-2fa1-41d2-883f-0016d3cca427'


def enter_namespace():
    """Runs this again with a small file system, or says that it cannot be had."""
    folder = tempfile.mkdtemp(prefix='clawdbot-disk-')
    script = 'mount -t tmpfs -o size=16m,mode=0700 tmpfs "$0" && exec "$@"'
    for kind in (['-m'], ['-Urm']):
        unshare = ['unshare', *kind, '--propagation', 'private', 'sh', '-c', script, folder]
        if subprocess.run([*unshare, 'true'], check=False, stderr=subprocess.DEVNULL).returncode == 0:
            code = subprocess.run([*unshare, sys.executable, *sys.argv], env={**os.environ, INSIDE: folder}, check=False).returncode
            os.rmdir(folder)
            return code
    os.rmdir(folder)
    print('no mount namespace can be had here')
    return 77


def fresh_home():
    home = os.path.join(os.environ[INSIDE], 'home')
    h.shutil.rmtree(home, ignore_errors=True)
    os.mkdir(home)
    return home


def fill(home):
    """Whatever else fills the disk: every free byte."""
    with open(os.path.join(home, 'ballast'), 'ab', buffering=0) as f:
        for size in (65536, 4096, 512, 1):
            try:
                while True:
                    f.write(b'x' * size)
            except OSError:
                pass


def refused_by_rest(w):
    """Messages over REST, until not even a short one is taken: 503, and why."""
    connection = h.Unix(w.gateway.socket)
    for k in range(1000):       # the write-ahead log may have some room of its own left
        h.call(connection, 'POST', '/api/v1/messages', {'content': {'text': f'probe-{k} ' + 'x' * 30000}, 'session_id': SINK})
        status, answer = h.call(connection, 'POST', '/api/v1/messages', {'content': {'text': f'short-{k}'}, 'session_id': SINK})
        if status == 503 and w.gateway.ask('/ready')[0] == 503:
            break
    connection.close()
    assert status == 503, (status, answer)
    assert 'full' in answer['detail'], answer
    return answer['detail']


def platforms_are_told(w, by_polling):
    h.wait_until(lambda: 'full' in w.gateway.ask('/ready')[1].get('detail', ''), 10, '/ready to say why')
    if by_polling:
        time.sleep(1.5)
        state = w.telegram.ask('state')
        assert state['pending'] > 20, state     # what was acknowledged nonetheless must be stored: the books will tell
        return
    hook = w.chatters[0]
    h.wait_until(lambda: hook.refused > 0, 10, 'the webhook to answer 503')


def fill_and_free(w, by_polling):
    fill(w.home)
    why = refused_by_rest(w)
    assert [e for e in w.gateway.log('store.failing') if 'full' in e['error']], 'the log does not say why'
    platforms_are_told(w, by_polling)
    # A last small commit may still find room and pass: then the next one that does not says it again.
    h.wait_until(lambda: 'full' in w.gateway.cli('status'), 10, 'status to say why')
    print(f'  refused with: {why}', flush=True)


def space_returns(w):
    os.unlink(os.path.join(w.home, 'ballast'))
    h.wait_until(lambda: w.gateway.ask('/api/v1/messages', 'POST', {'content': {'text': 'space'}})[0] == 202, 10, 'a message to be taken again')
    h.wait_until(lambda: w.gateway.ask('/ready')[0] == 200, 10, 'the gateway to be ready again')


def check(w):
    time.sleep(0.3)
    w.quiet()
    w.gateway.stop()
    w.note_run('stopped')
    found = w.problems()
    print('  ' + w.told(), flush=True)
    assert not found, '\n'.join(found[:20])
    assert sum(t.refused for t in w.writers) > 0, 'no writer was ever refused'


def while_polling():
    """full while messages come by REST and polling; once killed while full"""
    with h.World(home=fresh_home()) as w:
        w.gateway.start()
        w.pair()
        w.write(sessions=2, chats=[CHAT], pause=0.02)
        time.sleep(0.5)
        fill_and_free(w, True)
        space_returns(w)
        time.sleep(0.5)
        fill_and_free(w, True)
        w.gateway.kill()
        w.note_run('killed')
        w.gateway.spawn()
        started = w.gateway.ready()
        print(f'  started on the full disk: {started}', flush=True)
        if not started:
            w.gateway.process.wait(10)
            with open(w.gateway.log_path(), encoding='utf-8') as f:
                said = f.read()
            assert 'full' in said or 'space' in said, said
            os.unlink(os.path.join(w.home, 'ballast'))
            w.gateway.start()
        else:
            space_returns(w)
        check(w)


def while_the_webhook_is_called():
    """full while messages come by REST and webhook"""
    settings = {'platforms.telegram.webhook_url': 'https://bot.example.org/webhook/telegram', 'platforms.telegram.webhook_secret': h.Hook.SECRET}
    with h.World(home=fresh_home(), **settings) as w:
        w.gateway.start(**{'platforms.telegram.webhook_url': ''})
        w.pair()
        w.gateway.stop()
        w.note_run('stopped')
        w.gateway.start()
        w.write(sessions=2, hooked=[HOOK_CHAT], pause=0.02)
        time.sleep(0.5)
        fill_and_free(w, False)
        space_returns(w)
        check(w)


if __name__ == '__main__':
    if INSIDE not in os.environ:
        sys.exit(enter_namespace())
    sys.exit(h.run_tests(while_polling, while_the_webhook_is_called))
