# SPDX-License-Identifier: Apache-2.0
"""memory_test.py BUILD: what is remembered is shown where it may be and nowhere else, through the real program: saved in one chat,
recalled in another of the same person, not for others, not in a group; switched off; over a restart and a kill; without any model."""
import http.server
import json
import sys
import threading
import unittest
import uuid

import harness
from harness import World, wait_until

ANNA, BERT, GROUP = 7, 8, -77


class Model(http.server.BaseHTTPRequestHandler):
    """Keeps what it was asked, and answers "ok"; a text with CALL in it is the call that it makes."""
    protocol_version = 'HTTP/1.1'
    asked = []

    def log_message(self, *_):
        pass

    def answer(self, body):
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        self.answer({'data': [{'id': 'keeper'}]})

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers['Content-Length'])))
        Model.asked.append(asked)
        texts = [m['content'] for m in asked['messages'] if m['role'] == 'user' and isinstance(m['content'], str)]
        said = texts[-1].split('[Recalled')[0]
        done = any(m['role'] == 'tool' for m in asked['messages'][-2:])
        message = {'role': 'assistant', 'content': 'ok'}
        if 'CALL ' in said and not done:
            call = json.JSONDecoder().raw_decode(said.split('CALL ')[1])[0]
            message['tool_calls'] = [{'id': 'c' + uuid.uuid4().hex[:8], 'type': 'function', 'function': {
                'name': call['tool'], 'arguments': json.dumps(call['arguments'])}}]
        self.answer({'choices': [{'message': message, 'finish_reason': 'tool_calls' if 'tool_calls' in message else 'stop'}]})

    @classmethod
    def saw(cls, words):
        """In all that it was asked last."""
        return words in json.dumps(cls.asked[-1], ensure_ascii=False)


class Memory(unittest.TestCase):
    model = True

    def setUp(self):
        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Model)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        Model.asked.clear()
        settings = {'model_provider.model': 'keeper', 'model_provider.context_tokens': 100000,
                    'model_provider.endpoint': f'http://127.0.0.1:{self.server.server_port}/v1'}
        if not self.model:
            settings = {'model_provider.endpoint': '', 'model_provider.detect': 'false'}
        self.world = World(**settings)
        self.addCleanup(self.world.close)
        self.gateway = self.world.gateway
        self.gateway.start()
        self.world.pair()

    def let_in(self, user):
        """Somebody whom the owner lets in."""
        before = len(self.world.sends('clawdbot pair '))
        self.write(user, 'hello')
        wait_until(lambda: len(self.world.sends('clawdbot pair ')) > before, 10, 'a pairing code')
        text = self.world.sends('clawdbot pair ')[before]['params']['text']
        self.gateway.cli('pair', text.split('clawdbot pair ')[1].split()[0].split('<')[0])
        wait_until(self.gateway.idle, 10, 'the pairing to be told')

    def write(self, user, text, chat=None):
        more = {}
        if chat:
            more = {'chat': {'id': chat, 'type': 'supergroup'}, 'chat_type': 'supergroup',
                    'entities': [{'type': 'mention', 'offset': 0, 'length': 11}]}
            text = '@double_bot ' + text
        self.world.telegram.ask('message', {'chat_id': chat or user, 'from': {'id': user, 'is_bot': False, 'first_name': f'U{user}'},
                                            'text': text, **more})

    def say(self, user, text, chat=None):
        """Over Telegram; the answer."""
        before = len(self.world.telegram.ask('log'))
        place = chat or user

        def answers():
            return [e['params']['text'] for e in self.world.telegram.ask('log')[before:]
                    if e['method'] == 'sendMessage' and str(e['params'].get('chat_id')) == str(place)]
        self.write(user, text, chat)
        wait_until(answers, 15, f'an answer to {text}')
        wait_until(self.gateway.idle, 10, 'the end')
        return answers()[-1]

    def rest(self, text, session=None):
        """As the owner, over REST; the answer."""
        status, answer = self.gateway.ask('/api/v1/messages?mode=wait', 'POST',
                                          {'session_id': session or str(uuid.uuid4()), 'content': {'text': text}})
        self.assertEqual(status, 200, answer)
        return answer['text']


class WithModel(Memory):
    def test_the_same_person_elsewhere_is_known_and_nobody_else(self):
        self.let_in(ANNA)
        self.let_in(BERT)
        self.assertIn('Remembered, for you', self.rest('/remember My boat is called Mermaid'))
        self.gateway.cli('users', 'link', 'owner', f'telegram:{harness.OWNER}')
        self.say(harness.OWNER, 'What is the name of my boat?')
        self.assertTrue(Model.saw('> My boat is called Mermaid'))
        self.say(harness.OWNER, 'What is the name of my boat?', GROUP)
        self.assertFalse(Model.saw('Mermaid'))
        for user in (ANNA, BERT):
            self.say(user, 'What is the name of the boat?')
            self.assertFalse(Model.saw('Mermaid'))
        self.say(ANNA, '/remember My cat is called Tiger')
        self.say(BERT, 'What is the name of the cat?')
        self.assertFalse(Model.saw('Tiger'))
        self.rest('What is the name of the cat of Anna?')
        self.assertFalse(Model.saw('Tiger'))
        self.say(ANNA, 'What is the name of my cat?')
        self.assertTrue(Model.saw('> My cat is called Tiger'))

    def test_a_restart_and_a_kill_forget_nothing(self):
        self.rest('/remember The wifi password is swordfish')
        for end in (self.gateway.stop, self.gateway.kill):
            end()
            self.gateway.start()
            self.rest('What is the wifi password?')
            self.assertTrue(Model.saw('> The wifi password is swordfish'))

    def test_off_is_off_over_a_restart(self):
        session = str(uuid.uuid4())
        self.rest('/remember The wifi password is swordfish')
        self.rest('/memory off', session)
        self.rest('What is the wifi password?', session)
        self.assertFalse(Model.saw('swordfish'))
        self.gateway.stop()
        self.gateway.start()
        self.rest('Tell me the wifi password', session)
        self.assertFalse(Model.saw('swordfish'))
        self.rest('Tell me the wifi password')
        self.assertTrue(Model.saw('swordfish'))
        self.gateway.stop()
        self.gateway.start(**{'memory.recall.tokens': 0})
        self.rest('Say the wifi password')
        self.assertFalse(Model.saw('swordfish'))

    def test_the_model_saves_finds_and_forgets(self):
        self.rest('CALL ' + json.dumps({'tool': 'memory_save', 'arguments': {'text': 'Olga is allergic to nuts', 'kind': 'fact'}}))
        self.rest('CALL ' + json.dumps({'tool': 'memory_search', 'arguments': {'query': 'allergic'}}))
        self.assertTrue(Model.saw('> Olga is allergic to nuts'))
        found = [m['content'] for m in Model.asked[-1]['messages'] if m['role'] == 'tool'][-1]
        number = int(found.split('#')[1].split()[0])
        self.rest('CALL ' + json.dumps({'tool': 'memory_forget', 'arguments': {'ids': [number]}}))
        self.assertTrue(Model.saw(f'forgotten: {number}'))
        self.assertIn('I remember nothing about it', self.rest('/memory search nuts'))

    def test_programs_that_name_their_users_share_nothing(self):
        self.rest('/remember My boat is called Mermaid')
        for user, text in (('ann', '/remember I like tulips'), ('ann', 'Which flowers do I like?'), ('bob', 'Which flowers do I like?'),
                           ('bob', 'What is my boat called?')):
            status, answer = self.gateway.ask('/v1/chat/completions', 'POST', {
                'model': 'clawdbot', 'user': user, 'messages': [{'role': 'user', 'content': text}]})
            self.assertEqual(status, 200, answer)
            if text.startswith('Which'):
                self.assertEqual(Model.saw('> I like tulips'), user == 'ann')
        self.assertFalse(Model.saw('Mermaid'))


class WithoutModel(Memory):
    model = False

    def test_commands_remember_find_and_forget(self):
        self.assertIn('记住了', self.rest('/remember 我的车停在三号楼下'))
        self.rest('/remember The bins go out on Tuesday')
        self.assertIn('我的车停在三号楼下', self.rest('/memory search 三号楼'))
        self.gateway.kill()
        self.gateway.start()
        listed = self.rest('/forget bins')
        self.assertIn('The bins go out on Tuesday', listed)
        number = listed.split('`')[3]
        self.assertIn('Forgotten', self.rest(f'/forget {number}'))
        self.assertIn('I remember nothing about it', self.rest('/memory search bins'))
        self.assertIn('for you: 1', self.rest('/memory'))
        self.assertIn('belongs to the project', self.rest('/project apollo'))


if __name__ == '__main__':
    result = unittest.main(argv=sys.argv[:1], exit=False, verbosity=0).result
    bad = len(result.failures) + len(result.errors)
    print(f'{result.testsRun - bad} passed, {bad} failed')
    sys.exit(1 if bad else 0)
