#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""webhook_test.py BUILD: the generic webhook of the real gateway, called by programs that sign with Python's hmac."""
import base64
import hashlib
import hmac
import json
import os
import threading
import time

from world import WAIT, Channel, run, wait_until
from harness import Unix, call

SECRET = 'secret-of-the-calls'
SETTINGS = '''
platforms:
  webhook:
    endpoints:
      default: {{secret: {0}, out: {{url: "{1}/replies", secret: secret-of-the-replies}}}}
      timed: {{secret: {0}, timestamp: true, out: {{url: "{1}/timed", secret: secret-of-the-replies}}}}
      sync: {{secret: {0}}}
      erp:
        secret: {0}
        private_files: true
        in: {{text: /event/body, user: /event/from/id, user_name: /event/from/name, chat: /event/room, id: /event/nr, files: /event/docs, file_url: /href,
             challenge: /challenge}}
        out:
          url: "{1}/replies"
          secret: secret-of-the-replies
          headers: {{X-Api-Key: key-of-the-erp}}
          format: plain
          id: /message/id
          body: {{room: "{{{{chat}}}}", message: {{say: "{{{{text}}}}", file: "{{{{data}}}}", name: "{{{{name}}}}"}}, choices: "{{{{choices}}}}"}}
users:
  - {{name: ada, role: operator, accounts: ["webhook:erp/5", "webhook:sync/5", "webhook:timed/5"]}}
'''


class Webhook(Channel):
    name = 'webhook'
    messages = 0

    def settings(self):
        os.makedirs(os.path.join(self.home, 'config'))
        with open(os.path.join(self.home, 'config/default.yaml'), 'w', encoding='utf-8') as f:
            f.write(SETTINGS.format(SECRET, self.platform.url))
        return {}

    def taken(self):
        return [t['body'] for t in self.platform.ask('state')['taken']]

    def texts(self, chat=None):
        said = [(b.get('room', b.get('chat_id')), b.get('message', {}).get('say', b.get('content', {}).get('text', ''))) for b in self.taken()]
        return [text for room, text in said if chat in (None, room)]

    def post(self, endpoint, body, secret=SECRET, at=None, signature=None, raw=None):
        data = raw if raw is not None else json.dumps(body).encode()
        stamp = str(int(at)) if at is not None else ''
        sign = hmac.new(secret.encode(), (stamp + '.').encode() + data if stamp else data, hashlib.sha256).hexdigest()
        headers = {'X-Signature': signature if signature is not None else sign, **({'X-Timestamp': stamp} if stamp else {})}
        connection = Unix(self.gateway.socket)
        connection.timeout = 60
        try:
            return call(connection, 'POST', '/api/webhook' + (f'/{endpoint}' if endpoint else ''), data, headers)
        finally:
            connection.close()

    def message(self, text, user='7', **more):
        Webhook.messages += 1
        return {'id': f'm{self.messages}', 'sender': {'user_id': user}, 'content': {'text': text}, **more}

    def write(self, text, endpoint='', **more):
        return self.post(endpoint, self.message(text, **more))


def strangers_and_forgers():
    """a stranger gets a code; what is not signed, by another secret or not JSON is refused, and the endpoint must exist"""
    with Webhook() as w:
        w.start()
        assert w.write('and now') == (200, {'status': 'accepted', 'id': f'default/m{w.messages}'})
        assert w.answered_once('and now') == 1
        body = w.message('forged')
        assert w.post('', body, secret='another')[0] == 401
        assert w.post('', body, signature='')[0] == 401
        assert w.post('', body, signature='00' * 32)[0] == 401
        assert w.post('nowhere', body)[0] == 404
        assert w.post('', None, raw=b'{"id":')[0] == 400
        assert w.post('', {'content': {'text': 'by whom?'}})[0] == 400
        assert w.post('', {'sender': {'user_id': '7'}, 'future': {}}) == (200, {'status': 'ignored'})
        assert w.gateway.ask('/api/webhook')[0] == 405
        assert not any('forged' in t for t in w.texts())
        b64 = base64.b64encode(hmac.new(SECRET.encode(), json.dumps(body).encode(), hashlib.sha256).digest()).decode()
        assert w.post('', body, signature=b64)[0] == 200
        assert w.answered_once('forged') == 1


def time_and_replay():
    """a signed time must be near; a call that is replayed is answered once, with or without an id of its own"""
    with Webhook() as w:
        w.start(pair=False)
        now = time.time()
        for at in (now - 400, now + 400):
            assert w.post('timed', w.message('late', '5'), at=at)[0] == 401
        assert w.post('timed', w.message('unsigned time', '5'))[0] == 401
        nameless = {'sender': {'user_id': '5'}, 'content': {'text': 'nameless'}}
        for _ in range(3):
            assert w.post('timed', nameless, at=now)[0] == 200
        assert w.answered_once('nameless') == 1
        w.gateway.kill()
        w.gateway.start()
        assert w.post('timed', nameless, at=now)[0] == 200
        assert w.post('timed', nameless, at=now + 1)[0] == 200
        wait_until(lambda: sum('nameless' in t for t in w.texts()) == 2, WAIT, 'the second saying of it')
        same = w.message('same id', '5')
        for at in (now, now + 1):
            assert w.post('timed', same, at=at)[0] == 200
        assert w.answered_once('same id') == 1


def another_shape():
    """an ERP's own JSON goes in and out, with files, headers, a challenge, and a question's choices"""
    with Webhook() as w:
        w.start(pair=False)
        assert w.post('erp', {'challenge': 'abc'}) == (200, {'challenge': 'abc'})
        event = {'nr': 9, 'room': 'r/1', 'from': {'id': 5, 'name': 'Erna'}, 'body': 'Is **this** & "that" so?'}
        assert w.post('erp', {'event': event})[0] == 200
        assert w.answered_once('Is this & "that" so?') == 1
        got = w.platform.ask('state')['taken'][0]
        assert got['headers']['x-api-key'] == 'key-of-the-erp', got
        assert got['body'] == {'room': 'r/1', 'message': {'say': 'echo: Is this & "that" so?', 'file': '', 'name': ''}, 'choices': []}, got
        assert w.post('erp', {'event': {**event, 'nr': 10, 'body': 'look', 'docs': [{'href': w.platform.url + '/control/log'}, {'href': w.platform.url + '/gone'}]}})[0] == 200
        w.await_text('could not be fetched')
        path = w.file_to_lose()
        assert w.post('erp', {'event': {**event, 'nr': 11, 'body': 'call exec {"command": "rm old.txt"}'}})[0] == 200
        wait_until(lambda: any(b['choices'] for b in w.taken()), WAIT, 'a question')
        choice = next(b['choices'] for b in w.taken() if b['choices'])[0]
        assert os.path.exists(path)
        assert w.post('erp', {'event': {**event, 'nr': 12, 'body': choice['reply']}})[0] == 200
        wait_until(lambda: not os.path.exists(path), WAIT, 'the file to go')


def trouble_on_the_way_out():
    """429 and 503 are waited for, a cut connection is unknown, 404 is dead; the order stays"""
    with Webhook() as w:
        w.start(pair=False)

        def ask(text, nr):
            assert w.post('erp', {'event': {'nr': nr, 'room': 'r', 'from': {'id': 5}, 'body': text}})[0] == 200

        w.platform.rule('POST /replies', 'status', status=429, retry_after=0)
        w.platform.rule('POST /replies', 'status', status=503)
        w.platform.rule('POST /replies', 'drop_before')
        for nr, text in enumerate(('stubborn', 'lost too')):
            ask(text, nr)
        wait_until(lambda: w.gateway.rows('outbox', 'unknown'), WAIT, 'an unknown row')
        w.platform.rule('POST /replies', 'status', status=404)
        ask('gone', 3)
        wait_until(lambda: w.gateway.rows('outbox', 'dead'), WAIT, 'a dead row')
        ask('at last', 4)
        assert w.answered_once('at last') == 1
        assert len(w.texts()) == len(set(w.texts())), w.texts()


def answers_to_calls():
    """a call is answered with the reply, also after kill -9 and when the caller comes again; a question too"""
    with Webhook() as w:
        w.start(pair=False)
        status, got = w.write('sync?', 'sync', user='5')
        assert status == 200 and got['content']['text'] == 'echo: sync?' and got['chat_id'] == '5', got
        assert got['reply_to'] == f'm{w.messages}', got
        found = {}

        def ask(k):
            found[k] = w.post('sync', {**w.message(f'many {k}', '5'), 'id': f'many-{k}', 'chat_id': f'room {k}'})

        threads = [threading.Thread(target=ask, args=(k,)) for k in range(8)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        assert all(found[k][1]['content']['text'] == f'echo: many {k}' for k in range(8)), found
        path = w.file_to_lose()
        status, question = w.write('call exec {"command": "rm old.txt"}', 'sync', user='5')
        assert question['content']['choices'][0]['reply'], question
        status, done = w.write(question['content']['choices'][0]['reply'], 'sync', user='5')
        assert status == 200 and done['content']['text'], done
        wait_until(lambda: not os.path.exists(path), WAIT, 'the file to go')


def callers_that_come_again():
    """who was cut off, by us or by the network, says it again with the same id and is answered"""
    with Webhook() as w:
        w.start(pair=False)
        again = w.message('cut off', '5')

        def hang_up():
            data = json.dumps(again).encode()
            c = Unix(w.gateway.socket)
            c.connect()
            head = f'POST /api/webhook/sync HTTP/1.1\r\nHost: x\r\nX-Signature: {hmac.new(SECRET.encode(), data, hashlib.sha256).hexdigest()}\r\n'
            c.sock.sendall(head.encode() + f'Content-Length: {len(data)}\r\n\r\n'.encode() + data)
            c.close()

        hang_up()
        wait_until(lambda: w.gateway.rows('inbox'), WAIT, 'the message')
        status, got = w.post('sync', again)
        assert status == 200 and got['content']['text'] == 'echo: cut off', got
        again = w.message('killed', '5')
        hang_up()
        wait_until(lambda: any(r['state'] in ('sending', 'ready') for r in w.gateway.rows('outbox')), WAIT, 'a reply that waits')
        w.gateway.kill()
        w.gateway.start()
        status, got = w.post('sync', again)
        assert status == 200 and got['content']['text'] == 'echo: killed', got
        assert w.post('sync', again) == (200, got)                        # the answer itself was lost on its way
        w.gateway.stop()
        w.gateway.start(**{'platforms.webhook.sync_timeout': '1s'})
        assert w.post('sync', again) == (202, {'status': 'pending'})      # it was answered, and nobody has anything more to say


run([strangers_and_forgers, time_and_replay, another_shape, trouble_on_the_way_out, answers_to_calls, callers_that_come_again])
