#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""MQTT against mosquitto, its own clients on the other side."""
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))
from harness import Double, Gateway, run_tests, wait_until     # pylint: disable=wrong-import-position


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


class Broker:
    def __init__(self, *lines):
        self.folder = tempfile.mkdtemp(prefix='clawdbot-mosquitto-')
        self.port, self.tls = free_port(), free_port()
        self.cert, key, words = (os.path.join(self.folder, n) for n in ('cert.pem', 'key.pem', 'words'))
        subprocess.run(['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=broker', '-addext',
                        'subjectAltName=DNS:localhost,IP:127.0.0.1', '-keyout', key, '-out', self.cert], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        subprocess.run(['mosquitto_passwd', '-b', '-c', words, 'bot', 'bot-password'], check=True)
        os.chmod(key, 0o644)
        os.chmod(words, 0o644)
        os.chmod(self.folder, 0o777)
        self.config = os.path.join(self.folder, 'conf')
        with open(self.config, 'w', encoding='utf-8') as f:
            f.write('\n'.join(['per_listener_settings true', 'persistence true', f'persistence_location {self.folder}/', 'autosave_interval 1',
                               f'listener {self.port} 127.0.0.1', 'allow_anonymous true',
                               f'listener {self.tls} 127.0.0.1', 'allow_anonymous false', f'password_file {words}', f'certfile {self.cert}',
                               f'keyfile {key}', *lines, '']))
        self.start()

    def start(self):
        with open(os.path.join(self.folder, 'log'), 'ab') as log:
            self.process = subprocess.Popen(['mosquitto', '-c', self.config], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_until(self.answers, 20, 'mosquitto')

    def answers(self):
        assert self.process.poll() is None, 'mosquitto does not start'
        try:
            socket.create_connection(('127.0.0.1', self.port), 1).close()
            return True
        except OSError:
            return False

    def publish(self, topic, text, *words):
        subprocess.run(['mosquitto_pub', '-h', '127.0.0.1', '-p', str(self.port), '-q', '1', '-t', topic, '-m', text, *words], check=True,
                       timeout=20)

    def stop(self):
        self.process.terminate()
        self.process.wait(20)

    def close(self):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class Listener(threading.Thread):
    def __init__(self, broker, topic):
        super().__init__(daemon=True)
        self.got, self.on = [], threading.Event()
        self.process = subprocess.Popen(['mosquitto_sub', '-h', '127.0.0.1', '-p', str(broker.port), '-q', '1', '-t', topic, '-F',
                                         'GOT %j', '-c', '-i', 'listener'], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        self.start()
        while not self.on.wait(0.1):
            broker.publish('bot/here', 'yes')

    def run(self):
        for line in self.process.stdout:
            m = json.loads(line[4:])
            if m['topic'] == 'bot/here':
                self.on.set()
            else:
                self.got.append((m['topic'], m['payload']))

    def hears(self, text, seconds=20):
        wait_until(lambda: any(text in t for _, t in self.got), seconds, f'to hear {text!r} (heard {self.got[-4:]})')

    def close(self):
        self.process.kill()
        self.process.wait()


class World:
    def __init__(self, pair=True, **settings):
        self.broker, self.model = Broker(), Double('model_double')
        self.home = tempfile.mkdtemp(prefix='clawdbot-mqtt-')
        self.gateway = Gateway(self.home, {
            'server.port': 0, 'model_provider.endpoint': f'http://127.0.0.1:{self.model.port}/v1', 'delivery.backoff': '50ms',
            'platforms.mqtt.host': '127.0.0.1', 'platforms.mqtt.port': self.broker.port, 'platforms.mqtt.subscribe': 'bot/{user}/in',
            'platforms.mqtt.publish': 'bot/{chat}/out', 'platforms.mqtt.status_topic': 'bot/status', 'log.level': 'debug', **settings})
        self.listener = None
        try:
            self.listener = Listener(self.broker, 'bot/#')
            self.gateway.start()
            wait_until(lambda: self.text().startswith('connected'), 20, 'the connection')
            if pair:
                self.pair()
        except BaseException:
            self.close()
            raise

    def text(self):
        found = [c for c in self.gateway.ask('/api/v1/status')[1]['channels'] if c['name'] == 'mqtt']
        return f"{found[0]['state']} {found[0].get('text', '')}" if found else ''

    def pair(self):
        self.say('hello')
        self.listener.hears('clawdbot pair ')
        code = [t for _, t in self.listener.got if 'clawdbot pair ' in t][0].split('clawdbot pair ')[1].split()[0]
        self.gateway.cli('pair', code)
        wait_until(self.gateway.idle, 20, 'the pairing to be told')

    def say(self, text):
        self.broker.publish('bot/ann/in', text)

    def echoes(self):
        return [t for topic, t in self.listener.got if topic == 'bot/ann/out' and t.startswith('echo: ')]

    def close(self):
        if self.gateway.process and self.gateway.process.poll() is None:
            self.gateway.process.kill()
            self.gateway.process.wait()
        if self.listener:
            self.listener.close()
        self.model.close()
        self.broker.close()
        shutil.rmtree(self.gateway.logs, ignore_errors=True)
        shutil.rmtree(self.home, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def talk_in(version):
    with World(**{'platforms.mqtt.version': version}) as w:
        for i in range(3):
            w.say(f'word {i}')
        w.listener.hears('echo: word 2')
        w.say('word 2')                     # the same words again are a message again
        wait_until(lambda: len(w.echoes()) == 4, 20, 'four answers')
        assert w.echoes() == ['echo: word 0', 'echo: word 1', 'echo: word 2', 'echo: word 2']
        wait_until(w.gateway.idle, 20, 'all to be acknowledged')
        assert not w.gateway.rows('outbox', 'unknown')
        w.gateway.kill()
        w.listener.hears('offline')         # the last will
        for i in range(3):
            w.say(f'away {i}')
        w.gateway.start()
        w.listener.hears('echo: away 2')
        wait_until(w.gateway.idle, 20, 'all to be acknowledged')
        assert sorted(w.echoes()[4:]) == ['echo: away 0', 'echo: away 1', 'echo: away 2'], w.echoes()
        assert [t for topic, t in w.listener.got if topic == 'bot/status'] == ['online', 'offline', 'online']


def talk_5():
    """MQTT 5: answers, the last will, and what came while the program was killed"""
    talk_in('5')


def talk_311():
    """the same in MQTT 3.1.1"""
    talk_in('3.1.1')


def killed():
    """killed in the middle, again and again: every message is answered once"""
    with World() as w:
        texts = []
        for n in range(3):
            for i in range(5):
                texts.append(f'kill-{n}-{i}')
                w.say(texts[-1])
            w.gateway.kill()
            w.gateway.start()
        wanted = {'echo: ' + t for t in texts}
        wait_until(lambda: set(w.echoes()) | {r['text'] for r in w.gateway.rows('outbox', 'unknown')} == wanted, 20, 'an answer to each')
        wait_until(w.gateway.idle, 20, 'all to be sent')
        assert len(w.echoes()) == len(set(w.echoes())), w.echoes()


def broker_restart():
    """the broker goes away and comes back: nothing is lost"""
    with World() as w:
        w.say('before')
        w.listener.hears('echo: before')
        w.listener.close()
        w.broker.stop()
        w.broker.start()
        w.listener = Listener(w.broker, 'bot/#')
        w.say('after')
        w.listener.hears('echo: after')


def secure():
    """TLS with user and password; a wrong password stops the channel, and a plain one does not leave the machine"""
    with World(pair=False) as w:
        w.gateway.stop()
        tls = {'platforms.mqtt.tls': 'true', 'platforms.mqtt.port': w.broker.tls, 'platforms.mqtt.ca_file': w.broker.cert,
               'platforms.mqtt.user_name': 'bot'}
        w.gateway.start(**tls, **{'platforms.mqtt.password': 'bot-password'})
        wait_until(lambda: w.text().startswith('connected'), 20, 'the connection by TLS')
        w.gateway.stop()
        w.gateway.start(**tls, **{'platforms.mqtt.password': 'wrong-password'})
        wait_until(lambda: w.text().startswith('stopped') and 'platforms.mqtt.user' in w.text(), 20, 'the password to be refused')
        w.gateway.stop()
        w.gateway.start(**{**tls, 'platforms.mqtt.ca_file': '', 'platforms.mqtt.password': 'bot-password'})
        wait_until(lambda: 'certificate' in w.text(), 20, 'the certificate to be refused')


def as_json():
    """payloads in JSON, by pointers; a repeated id is one message; what is no JSON, and what was retained, is passed over"""
    with World(pair=False, **{'platforms.mqtt.text': '/say', 'platforms.mqtt.user': '/who', 'platforms.mqtt.id': '/n',
                              'platforms.mqtt.payload': 'json', 'platforms.mqtt.retain': 'true'}) as w:
        w.broker.publish('bot/x/in', 'no JSON')
        w.broker.publish('bot/x/in', '{"say": "hi", "who": "ann", "n": 1}')
        w.listener.hears('clawdbot pair ')
        code = json.loads([t for _, t in w.listener.got if 'clawdbot pair ' in t][0])['text'].split('clawdbot pair ')[1].split()[0]
        w.gateway.cli('pair', code)
        for n in (2, 2, 3):
            w.broker.publish('bot/x/in', json.dumps({'say': f'number {n}', 'who': 'ann', 'n': n}))
        w.listener.hears('echo: number 3')
        answers = [json.loads(t) for topic, t in w.listener.got if topic == 'bot/ann/out']
        assert [a['text'] for a in answers if a['text'].startswith('echo')] == ['echo: number 2', 'echo: number 3'], answers
        late = subprocess.run(['mosquitto_sub', '-h', '127.0.0.1', '-p', str(w.broker.port), '-t', 'bot/ann/out', '-C', '1', '-W', '10'],
                              check=True, stdout=subprocess.PIPE, text=True)
        assert json.loads(late.stdout)['text'] == 'echo: number 3'


if __name__ == '__main__':
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    tests = [talk_5, talk_311, killed, broker_restart, secure, as_json]
    only = os.environ.get('PROOF_ONLY')
    sys.exit(run_tests(*[t for t in tests if not only or t.__name__ in only.split(',')]))
