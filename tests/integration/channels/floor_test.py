#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The operator's side of channels: set up, tried, followed, removed, written to.  argv[1]: the build folder."""
import json
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))
import harness as h     # pylint: disable=wrong-import-position


class Scene:
    """A gateway without any channel, and a Telegram that may be told of."""
    def __init__(self):
        self.home = tempfile.mkdtemp(prefix='clawdbot-floor-')
        self.model, self.telegram = h.Double('model_double'), h.Double('telegram_double')
        self.gateway = h.Gateway(self.home, {'server.port': 0, 'model_provider.endpoint': f'http://127.0.0.1:{self.model.port}/v1',
                                             'delivery.backoff': '50ms', 'server.drain_timeout': '2s', 'log.level': 'info'})
        self.file = os.path.join(self.home, 'config/channels/telegram.yaml')
        self.url = f'http://127.0.0.1:{self.telegram.port}'

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.gateway.process and self.gateway.process.poll() is None:
            self.gateway.process.kill()
            self.gateway.process.wait()
        self.telegram.close()
        self.model.close()
        shutil.rmtree(self.home, ignore_errors=True)
        shutil.rmtree(self.gateway.logs, ignore_errors=True)

    def run(self, *words, text='', **env):
        return subprocess.run([h.PROGRAM, *words], env={**self.gateway.env(), **env}, input=text, capture_output=True, text=True,
                              timeout=60, check=False)

    def add(self, token='1:double', **more):
        return self.run('channels', 'add', 'telegram', '--set', f'token={token}', '--set', f'api_url={self.url}', **more)

    def state(self):
        rows = json.loads(self.gateway.cli('channels', 'list', '--all', '--json'))
        return next(row for row in rows if row['name'] == 'telegram')

    def connected(self):
        h.wait_until(lambda: self.state()['state'] == 'connected', 20, 'the channel to be connected')

    def pair(self):
        self.telegram.ask('message', {'chat_id': 1, 'from': {'id': 1, 'is_bot': False, 'first_name': 'Owner'}, 'text': 'hello'})
        h.wait_until(lambda: self.sends('clawdbot pair '), 20, 'a pairing code')
        self.gateway.cli('pair', self.sends('clawdbot pair ')[0]['params']['text'].split('clawdbot pair ')[1].split()[0].split('<')[0])

    def sends(self, part, method='sendMessage'):
        return [e for e in self.telegram.ask('log') if e['method'] == method and part in json.dumps(e['params'])]


def set_up_while_nothing_runs():
    """`channels add` keeps the token as a secret, tries it, and the gateway begins with it"""
    with Scene() as s:
        done = s.add()
        assert done.returncode == 0 and 'knows us as @' in done.stdout and 'clawdbot pair' in done.stdout, done
        with open(s.file, encoding='utf-8') as f:
            text = f.read()
        assert '{secret: telegram.token}' in text and '1:double' not in text, text
        assert os.stat(s.file).st_mode & 0o777 == 0o600
        done = s.run('channels', 'list')
        assert 'no gateway runs' in done.stdout, done
        s.gateway.start()
        s.connected()
        assert s.state()['who'].startswith('@') and s.state()['proven_by'], s.state()
        assert json.loads(s.gateway.cli('channels', 'test', 'telegram', '--json'))['ok']
        shown = json.loads(s.gateway.cli('channels', 'show', 'telegram', '--json'))
        assert shown['settings']['token']['value'] == '{secret: telegram.token}' and shown['can']['text_max'] == 4096, shown


def added_and_removed_while_it_runs():
    """a running gateway takes a channel in, restarts it when a setting changed, and lets it go"""
    with Scene() as s:
        s.gateway.start()
        assert s.state() == {**s.state(), 'state': 'off', 'configured': False}, s.state()
        done = s.add()
        assert done.returncode == 0 and 'the channel is connected' in done.stdout, done
        s.pair()
        first = s.state()['since']
        done = s.run('channels', 'add', 'telegram', '--set', 'token=1:double', '--set', f'api_url={s.url}', '--set', 'stream=false')
        assert done.returncode == 0, done
        s.connected()
        assert s.state()['since'] > first, s.state()
        s.telegram.ask('message', {'chat_id': 1, 'from': {'id': 1, 'is_bot': False, 'first_name': 'Owner'}, 'text': 'hello again'})
        h.wait_until(lambda: s.sends('echo: hello again'), 20, 'an answer')
        metrics = s.gateway.ask('/metrics')[1]
        assert 'clawdbot_channel_state{channel="telegram",state="connected"} 1' in metrics, metrics
        assert 'clawdbot_channel_messages_total{channel="telegram",direction="in"} 2' in metrics, metrics
        done = s.run('channels', 'remove', 'telegram')
        assert done.returncode == 0 and not os.path.exists(s.file), done
        assert s.state()['state'] == 'off', s.state()
        assert s.gateway.cli('secret', 'list').startswith('there are no secrets'), 'the secret is kept'
        h.wait_until(lambda: s.telegram.ask('state')['polling'] == 0, 20, 'the polling to end')


def a_refused_token():
    """it is told at once, the channel stops, and the right one begins it again"""
    with Scene() as s:
        s.gateway.start()
        s.telegram.ask('rule', {'method': 'getMe', 'do': 'status', 'status': 401, 'description': 'Unauthorized', 'count': 3})
        done = s.add('2:wrong')
        assert done.returncode == 1 and 'platforms.telegram.token' in done.stderr, done
        h.wait_until(lambda: s.state()['state'] == 'stopped', 20, 'the channel to stop')
        s.telegram.ask('reset', {})
        done = s.run('channels', 'test', 'telegram')
        assert done.returncode == 0, done
        s.connected()


def questions_and_answers():
    """what is missing is asked for, in the user's language; an answer that cannot be is asked for again"""
    with Scene() as s:
        done = s.run('channels', 'add', 'telegram', text='\n1:double\n', LANG='zh_CN.UTF-8',
                     CLAWDBOT_PLATFORMS_TELEGRAM_API_URL=s.url)
        assert done.returncode == 0 and '机器人令牌' in done.stdout and '此项必填' in done.stdout, done
        done = s.run('channels', 'add', 'telegram')
        assert done.returncode == 2 and '--set token=VALUE' in done.stderr, done
        done = s.run('channels', 'add', 'telegram', '--set', 'stream=perhaps', '--set', 'token=1:x')
        assert done.returncode == 1 and 'platforms.telegram.stream' in done.stderr, done
        done = s.run('channels', 'add', 'telgram')
        assert done.returncode == 2 and "did you mean 'telegram'?" in done.stderr, done


def written_to():
    """`send --to` reaches a person and a chat nobody wrote from, once; files too; what fails says why"""
    with Scene() as s:
        s.gateway.start()
        s.add()
        s.pair()
        out = s.gateway.cli('send', '--to', 'owner', '--wait', 'disk', 'is', '**full**')
        assert out == 'sent to telegram:1\n' and s.sends('disk is'), out
        out = s.gateway.cli('send', '--to', 'telegram:77', '--wait', 'to a chat')
        assert out == 'sent to telegram:77\n', out
        path = os.path.join(s.home, 'report.txt')
        with open(path, 'w', encoding='utf-8') as f:
            f.write('all is well\n')
        out = s.gateway.cli('send', '--to', 'telegram:77', '--file', path, '--wait', 'see here')
        assert out == 'sent to telegram:77\n' and s.telegram.ask('log'), out
        assert s.sends('', 'sendDocument'), s.telegram.ask('log')
        body = {'to': 'telegram:77', 'text': 'only once', 'external_id': 'k1'}
        for _ in range(2):
            status, answer = s.gateway.ask('/api/v1/send?mode=wait', 'POST', body)
            assert status == 200 and answer['state'] == 'sent' and len(answer['parts']) == 1, answer
        assert len(s.sends('only once')) == 1, s.sends('only once')
        s.telegram.ask('rule', {'method': 'sendMessage', 'do': 'status', 'status': 403, 'description': 'Forbidden: bot was blocked by the user'})
        done = s.run('send', '--to', 'telegram:78', '--wait', 'nobody')
        assert done.returncode == 1 and 'blocked' in done.stdout, done
        for to, why in (('nobody:1', 'no chat or person'), ('somebody', 'no chat or person')):
            done = s.run('send', '--to', to, 'x')
            assert done.returncode == 1 and why in done.stderr, done
        tested = json.loads(s.gateway.cli('channels', 'test', 'telegram', '--to', '77', '--json'))
        assert tested['ok'] and tested['sent']['state'] == 'sent' and tested['sent']['parts'][0]['remote_id'], tested


class Events:
    """GET /api/v1/events, read line by line."""
    def __init__(self, gateway, query):
        self.connection = h.Unix(gateway.socket)
        self.connection.request('GET', '/api/v1/events?' + query)
        self.answer = self.connection.getresponse()
        assert self.answer.status == 200, self.answer.read()
        assert self.answer.readline().startswith(b':')

    def until(self, wanted):
        """The data of events up to the first that fits, which is the last."""
        seen = []
        while not seen or not wanted(seen[-1]):
            line = self.answer.readline()
            assert line, seen
            if line.startswith(b'data: '):
                seen.append(json.loads(line[6:]))
        return seen


def watched():
    """a program sees messages, replies and channels as they come, of the platform that it asked for"""
    with Scene() as s:
        s.gateway.start()
        s.add()
        s.pair()
        events = Events(s.gateway, 'topics=message,channel&platform=telegram')
        assert s.gateway.ask('/api/v1/events?topics=nothing')[0] == 400
        s.gateway.ask('/api/v1/messages?mode=wait', 'POST', {'content': {'text': 'not by telegram'}})
        s.telegram.ask('message', {'chat_id': 1, 'from': {'id': 1, 'is_bot': False, 'first_name': 'Owner'}, 'text': 'by telegram'})
        seen = events.until(lambda e: e['event'].get('type') == 'reply')
        assert [(e['topic'], e['event']['text']) for e in seen] == [('message', 'by telegram'), ('message', 'echo: by telegram')], seen
        outcomes = Events(s.gateway, 'topics=delivery&platform=telegram')
        s.telegram.ask('message', {'chat_id': 1, 'from': {'id': 1, 'is_bot': False, 'first_name': 'Owner'}, 'text': 'once more'})
        reply = events.until(lambda e: e['event'].get('type') == 'reply')[-1]['event']
        told = outcomes.until(lambda e: e['event']['id'] == reply['id'])[-1]['event']
        assert (told['type'], told['state'], told['chat_id'], told['error']) == ('delivery', 'sent', '1', '') and told['remote_id'], told
        assert told['message_id'] == reply['message_id'], (told, reply)
        s.telegram.ask('rule', {'method': 'sendMessage', 'do': 'status', 'status': 403, 'description': 'Forbidden: bot was blocked by the user'})
        s.run('send', '--to', 'telegram:78', '--wait', 'nobody')
        told = outcomes.until(lambda e: True)[-1]['event']
        assert (told['state'], told['chat_id']) == ('dead', '78') and 'blocked' in told['error'], told
        s.gateway.cli('channels', 'remove', 'telegram')
        seen = events.until(lambda e: e['topic'] == 'channel')
        assert seen[-1]['platform'] == 'telegram' and seen[-1]['event']['state'] == 'off', seen


if __name__ == '__main__':
    sys.exit(h.run_tests(set_up_while_nothing_runs, added_and_removed_while_it_runs, a_refused_token, questions_and_answers, written_to, watched))
