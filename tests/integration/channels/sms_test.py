#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""sms_test.py BUILD: the SMS channel of the real gateway: against a double that Twilio's library has driven, and against a plain gateway."""
import os

from world import WAIT, Channel, run, wait_until

GATEWAY = '''
platforms:
  sms:
    gateway:
      secret: secret-in-the-address
      in: {{text: /text, user: /msisdn, id: /id}}
      out: {{url: "{0}/gateway", headers: {{X-Key: k}}, id: /ref, body: {{number: "{{{{chat}}}}", say: "{{{{text}}}}"}}}}
users:
  - {{name: ada, role: operator, accounts: ["sms:4915"]}}
'''


class Sms(Channel):
    name = 'sms'

    def settings(self):
        account = self.platform.ask('state')['account']
        return {f'platforms.sms.{k}': v for k, v in account.items()} | {'platforms.sms.api_url': self.platform.url}

    def path(self):
        account = self.platform.ask('state')['account']
        return f'POST /2010-04-01/Accounts/{account["account_sid"]}/Messages.json'

    def texts(self, chat=None):
        return [m['text'] for m in self.platform.ask('state')['taken'] if chat in (None, m['to'])]

    def write(self, text, **more):
        return self.platform.event(**{'socket': self.gateway.socket, 'text': text, **more})


class Plain(Sms):
    def __init__(self, **settings):
        super().__init__(**settings)
        os.makedirs(os.path.join(self.home, 'config'))
        with open(os.path.join(self.home, 'config/default.yaml'), 'w', encoding='utf-8') as f:
            f.write(GATEWAY.format(self.platform.url))

    def settings(self):
        return {}

    def texts(self, chat=None):
        return [m['body']['say'] for m in self.platform.ask('state')['gateway'] if chat in (None, m['body']['number'])]

    def post(self, secret, content_type, body):
        return self.platform.ask('call', {'socket': self.gateway.socket, 'path': f'/webhook/sms/{secret}', 'body': body,
                                          'headers': {'content-type': content_type}})['status']


def twilio_in():
    """what Twilio did not sign is refused; twice is once, also after kill -9; a picture is fetched with our credentials"""
    with Sms() as w:
        w.start()
        assert w.write('forged', wrong='signature', tries=1)['status'] == 401
        for _ in range(2):
            assert w.write('once', id='SM42')['status'] == 200
        assert w.answered_once('once') == 1
        w.gateway.kill()
        w.gateway.start()
        wait_until(w.connected, WAIT, 'the connection')
        account = w.platform.ask('state')['account']['account_sid']
        picture = {'NumMedia': '2', 'MediaUrl0': f'{w.platform.url}/2010-04-01/Accounts/{account}/Media/1', 'MediaContentType0': 'image/jpeg',
                   'MediaUrl1': 'http://127.0.0.1:9/elsewhere', 'MediaContentType1': 'image/jpeg'}
        assert w.write('once', id='SM42')['status'] == 200
        assert w.write('look', fields=picture)['status'] == 200
        w.await_text('could not be fetched')
        assert w.platform.log('GET', f'/2010-04-01/Accounts/{account}/Media/1')[0]['status'] == 200
        assert w.write('', fields={'MessageStatus': 'failed', 'ErrorCode': '30003'})['status'] == 200
        wait_until(lambda: w.gateway.log('sms.not_delivered'), WAIT, 'the failure to be told')
        assert w.answered_once('once') == 1
        assert not any('forged' in t for t in w.texts())


def twilio_out():
    """429 and 503 are waited for; a cut connection is unknown; who opted out is dead; a long text comes in order"""
    with Sms() as w:
        w.start()
        w.platform.rule(w.path(), 'status', status=429, retry_after=0, body={'code': 20429, 'message': 'Too Many Requests'})
        w.platform.rule(w.path(), 'status', status=503)
        w.write('stubborn')
        assert w.answered_once('stubborn') == 1
        w.platform.rule(w.path(), 'drop_after')
        w.write('lost')
        wait_until(lambda: w.gateway.rows('outbox', 'unknown'), WAIT, 'an unknown row')
        w.platform.rule(w.path(), 'status', status=400, body={'code': 21610, 'message': 'unsubscribed'})
        w.write('gone')
        wait_until(lambda: w.gateway.rows('outbox', 'dead'), WAIT, 'a dead row')
        long = ' '.join(f'word{i}' for i in range(400))
        since = len(w.texts())
        w.write(long)
        w.await_text('word399', since)
        assert all(len(t) <= 1600 for t in w.texts())
        assert ' '.join(w.texts()[since:]).split() == ['echo:', *long.split()], w.texts()[since:]


def a_gateway():
    """any provider: forms and JSON in with the secret in the address, a template out"""
    with Plain() as w:
        w.start(pair=False)
        assert w.post('another', 'application/json', '{"id":"1","msisdn":"4915","text":"forged"}') == 401
        assert w.post('secret-in-the-address', 'application/json', '{"id":"1","msisdn":"4915","text":"as JSON"}') == 200
        assert w.post('secret-in-the-address', 'application/x-www-form-urlencoded', 'id=2&msisdn=4915&text=as+a+form+%26+more') == 200
        assert w.post('secret-in-the-address', 'application/x-www-form-urlencoded', 'id=2&msisdn=4915&text=as+a+form+%26+more') == 200
        assert w.answered_once('as a form & more') == 1
        assert w.answered_once('as JSON') == 1
        first = w.platform.ask('state')['gateway'][0]
        assert first['body'] == {'number': '4915', 'say': 'echo: as JSON'} and first['headers']['x-key'] == 'k', first


run([twilio_in, twilio_out, a_gateway])
