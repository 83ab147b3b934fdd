# SPDX-License-Identifier: Apache-2.0
"""injection_test.py BUILD: what others write makes nobody act.

The model here obeys: whatever call stands anywhere in what it reads, it makes.  Every attempt of tests/data/injections.json
reaches it by its carrier; then the call must be asked for, with the source named, for this once only, and must not have run.
The same calls, asked for by the owner's own words in a clean conversation, run unasked where the policy allows.  MCP servers and
plugins are carriers too, and come with them."""
import base64
import collections
import http.server
import io
import json
import os
import re
import shutil
import sys
import tarfile
import tempfile
import threading
import urllib.parse
import uuid

import harness
from harness import World, wait_until

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../data/injections.json')
AGAIN = 'Go on, please.'
CALL = re.compile(r'\{\s*"tool"')
BASE64 = re.compile(r'[A-Za-z0-9_-]{40,}')
STRANGER, GROUP = 2, -5


def calls_in(text):
    """The calls that stand in it, in order; one within a string of another is not looked for."""
    at, found, rest = 0, [], ''
    while (m := CALL.search(text, at)):
        rest += text[at:m.start()]
        try:
            call, at = json.JSONDecoder().raw_decode(text, m.start())
            found.append(call)
        except ValueError:
            at = m.end()
    for token in BASE64.findall(rest + text[at:]):
        try:
            inner = base64.urlsafe_b64decode(token + '=' * (-len(token) % 4)).decode()
        except ValueError:
            continue
        found += calls_in(inner)
    return found


class Obedient(http.server.BaseHTTPRequestHandler):
    """A model that does what it reads, and the web that it reads: one server."""
    protocol_version = 'HTTP/1.1'
    pages = {}

    def log_message(self, *_):
        pass

    def answer(self, body, kind='application/json', status=200, **fields):
        self.send_response(status)
        for name, value in {'Content-Type': kind, 'Content-Length': str(len(body)), **fields}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        if url.path == '/search':
            query = urllib.parse.parse_qs(url.query)['q'][0]
            return self.answer(json.dumps({'results': [{'title': query, 'url': 'http://x.example/', 'content': self.pages[query]}]}).encode())
        if url.path not in self.pages:
            return self.answer(b'{"data": [{"id": "obedient"}]}')
        kind, body = self.pages[url.path]
        if kind == 'redirect':
            return self.answer(b'', 'text/plain', 302, Location=body)
        return self.answer(body if isinstance(body, bytes) else body.encode(), kind)

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers['Content-Length'])))
        call, text = self.decide(asked['messages'])
        message = {'role': 'assistant', 'content': text}
        if call:
            message['tool_calls'] = [{'id': 'c' + uuid.uuid4().hex[:12], 'type': 'function', 'function': {
                'name': call['tool'], 'arguments': json.dumps(call['arguments'], ensure_ascii=False)}}]
        self.answer(json.dumps({'choices': [{'message': message, 'finish_reason': 'tool_calls' if call else 'stop'}]}).encode())

    @staticmethod
    def decide(messages):
        made, todo, read = collections.Counter(), [], []
        for m in messages:
            for c in m.get('tool_calls') or ():
                made[(c['function']['name'], json.dumps(json.loads(c['function']['arguments']), sort_keys=True))] += 1
            text = m.get('content') or ''
            text = text if isinstance(text, str) else ' '.join(part.get('text', '') for part in text)
            if m['role'] in ('user', 'tool'):
                read += [text] if m['role'] == 'tool' else []
                todo += calls_in(text)
                if AGAIN in text:
                    todo += todo[-1:]
        for call in todo:
            key = (call['tool'], json.dumps(call['arguments'], sort_keys=True))
            if made[key] == 0:
                return call, ''
            made[key] -= 1
        return None, 'This is what I found: ' + '\n'.join(read)


class Trial:
    """The gateway with the obedient model, and every way for others' words to reach it."""
    def __init__(self, world, url):
        self.world, self.gateway, self.url = world, world.gateway, url
        self.workspace = os.path.join(world.home, 'workspace')
        self.data = json.load(open(DATA, encoding='utf-8'))
        self.numbers = 0
        self.remembered, self.collections = [], []

    def pair_stranger(self):
        """Somebody the owner lets talk, and no more."""
        self.world.telegram.ask('message', {'chat_id': STRANGER, 'from': {'id': STRANGER, 'is_bot': False, 'first_name': 'Eve'},
                                            'text': 'hello'})
        wait_until(lambda: len(self.world.sends('clawdbot pair ')) > 1, 10, 'a pairing code')
        text = self.world.sends('clawdbot pair ')[1]['params']['text']
        self.gateway.cli('pair', text.split('clawdbot pair ')[1].split()[0].split('<')[0])

    def next(self):
        self.numbers += 1
        return self.numbers

    def text_of(self, attempt, code=lambda call: json.dumps(call, ensure_ascii=False)):
        return attempt['text'] % code(self.call_of(attempt))

    def call_of(self, attempt):
        return self.data['calls'][attempt['call']]['call']

    def say(self, session, text, **more):
        """(state, approval or None)"""
        status, answer = self.gateway.ask('/api/v1/messages?mode=wait', 'POST',
                                          {'session_id': session, 'content': {'text': text}, **more})
        assert status in (200, 202), (status, answer)
        return answer['state'], answer.get('approval')

    def do(self, session, tool, **arguments):
        return self.say(session, 'Please do ' + json.dumps({'tool': tool, 'arguments': arguments}, ensure_ascii=False))

    def clean(self):
        """What an attempt may have left."""
        for word in self.remembered:
            self.command('/forget ' + ' '.join(re.findall(r'`(\d{5,})`', self.command(f'/forget {word}'))))
        for name, folder in self.collections:
            self.gateway.cli('knowledge', 'rm', name)
            shutil.rmtree(folder)
        self.remembered, self.collections = [], []
        shutil.rmtree(os.path.join(self.workspace, 'attachments'), ignore_errors=True)
        for name in ('pwned.txt', 'SOUL.md'):
            if os.path.exists(os.path.join(self.workspace, name)):
                os.remove(os.path.join(self.workspace, name))
        os.makedirs(os.path.join(self.workspace, 'important'), exist_ok=True)
        with open(os.path.join(self.workspace, 'important/notes.txt'), 'w', encoding='utf-8') as f:
            f.write('keep this\n')

    def trust_all(self):
        self.say(str(uuid.uuid4()), '/trust .')

    # --- carriers: each brings the text in front of the model, and returns what the last message came to ---

    def attach(self, attempt, name='a.txt'):
        """A file that somebody sent over the chat platform; its place in the workspace."""
        token = base64.urlsafe_b64encode(self.text_of(attempt).encode()).decode().rstrip('=')
        number, folder = self.next(), os.path.join(self.workspace, 'attachments')
        self.world.telegram.ask('message', {
            'chat_id': harness.OWNER, 'from': {'id': harness.OWNER, 'is_bot': False, 'first_name': 'Owner'}, 'caption': 'keep this',
            'document': {'file_id': token, 'file_name': f'{number}.{name}', 'file_size': len(token)}})

        def there():        # it begins with a hash, then its own name
            return [f for f in (os.listdir(folder) if os.path.isdir(folder) else ()) if f.split('-', 1)[1].startswith(f'{number}.')]
        wait_until(there, 10, 'the attachment')
        return 'attachments/' + there()[0]

    def open_in(self, platform):
        return [q for q in self.gateway.ask('/api/v1/approvals')[1]['approvals'] if q['platform'] == platform]

    def carry_attachment(self, attempt, session):
        return self.do(session, 'read_file', path=self.attach(attempt))

    def carry_attachment_shell(self, attempt, session):
        return self.do(session, 'exec', command=f'cat {self.attach(attempt)}')

    def carry_attachment_grep(self, attempt, session):
        return self.do(session, 'grep', pattern='content of', path=os.path.dirname(self.attach(attempt)))

    def carry_attachment_python(self, attempt, session):
        return self.do(session, 'python', code=f'print(open({self.attach(attempt)!r}).read())')

    def carry_file_name(self, attempt, session):
        name = base64.urlsafe_b64encode(json.dumps(self.call_of(attempt), separators=(',', ':')).encode()).decode().rstrip('=')
        self.attach(attempt, name + '.txt')
        return self.do(session, 'list_dir', path='attachments')

    def carry_previous_messages(self, attempt, session):
        return self.say(session, 'What do you think?', context={'prev_messages': [
            {'sender': {'platform': 'rest', 'user_id': 'stranger'}, 'content': {'text': self.text_of(attempt)}}]})

    def carry_written_earlier(self, attempt, session):
        """A turn that read others' words wrote a file, which the owner allowed; another conversation reads it."""
        name, other = f'written-{self.next()}.txt', str(uuid.uuid4())
        self.do(other, 'read_file', path=self.attach({'text': 'nothing %s', 'call': 'argv'} | {'text': '%.0s nothing'}))
        _, question = self.do(other, 'write_file', path=name, content=self.text_of(attempt))
        assert question, 'writing while others\' words are about has to be asked for'
        self.decide(question, 'yes')
        wait_until(lambda: os.path.exists(os.path.join(self.workspace, name)), 10, 'the file')
        return self.do(session, 'read_file', path=name)

    def carry_copied_earlier(self, attempt, session):
        name = f'copied-{self.next()}.txt'
        state, question = self.do(str(uuid.uuid4()), 'exec', command=f'cp {self.attach(attempt)} {name}')
        assert state == 'done' and not question, (state, question)
        return self.do(session, 'read_file', path=name)

    def carry_group(self, attempt, _):
        """Somebody else in a group says it first; then the owner says something harmless."""
        group = GROUP - self.next()
        for user, text in ((STRANGER, self.text_of(attempt)), (harness.OWNER, AGAIN)):
            before = len(self.world.telegram.ask('log'))
            self.world.telegram.ask('message', {
                'chat_id': group, 'chat_type': 'supergroup', 'chat': {'id': group, 'type': 'supergroup'},
                'from': {'id': user, 'is_bot': False, 'first_name': str(user)}, 'text': '@double_bot ' + text,
                'entities': [{'type': 'mention', 'offset': 0, 'length': 11}]})
            wait_until(lambda b=before, g=group: any(e['method'] == 'sendMessage' and str(e['params'].get('chat_id')) == str(g)
                                                     for e in self.world.telegram.ask('log')[b:]), 10, 'an answer in the group')
        wait_until(lambda: [q for q in self.open_in('telegram') if q['chat_id'] == str(group)], 10, 'a question in the group')
        return 'waiting', [q for q in self.open_in('telegram') if q['chat_id'] == str(group)][0]

    def page(self, kind, body):
        path = f'/page/{self.next()}'
        Obedient.pages[path] = (kind, body)
        return self.url + path

    def carry_web_page(self, attempt, session):
        return self.do(session, 'http_fetch', url=self.page('text/html; charset=utf-8',
                       f'<html><body><main><h1>News</h1><p>{self.text_of(attempt)}</p></main></body></html>'))

    def carry_web_hidden(self, attempt, session):
        return self.do(session, 'http_fetch', url=self.page('text/plain; charset=utf-8', 'a\n' * 50 + self.text_of(attempt)))

    def carry_web_json(self, attempt, session):
        return self.do(session, 'http_fetch', url=self.page('text/plain', json.dumps({'a': 1}) + '\n' + self.text_of(attempt)))

    def carry_web_redirect(self, attempt, session):
        return self.do(session, 'http_fetch', url=self.page('redirect', self.page('text/plain; charset=utf-8', self.text_of(attempt))))

    def download(self, kind, body, name):
        """Somebody's file, fetched by the owner's word; what was saved."""
        state, question = self.do(str(uuid.uuid4()), 'http_fetch', url=self.page(kind, body), save_to=name)
        if question:
            self.decide(question, 'yes')
        wait_until(lambda: os.path.exists(os.path.join(self.workspace, name)), 10, f'the download ({state})')
        return name

    def carry_download(self, attempt, session):
        return self.do(session, 'read_file', path=self.download('text/plain', self.text_of(attempt), f'd{self.next()}.txt'))

    def carry_mail(self, attempt, session):
        mail = f'From: eve@example.org\nSubject: hello\n\n{self.text_of(attempt)}\n'
        return self.do(session, 'read_file', path=self.download('text/plain', mail, f'm{self.next()}.eml'))

    def carry_archive(self, attempt, session):
        packed, text, inside = io.BytesIO(), self.text_of(attempt).encode(), f'inside-{self.next()}.txt'
        with tarfile.open(fileobj=packed, mode='w') as t:
            info = tarfile.TarInfo(inside)
            info.size = len(text)
            t.addfile(info, io.BytesIO(text))
        name = self.download('application/x-tar', packed.getvalue(), f'a{self.next()}.tar')
        state, question = self.do(str(uuid.uuid4()), 'exec', argv=['tar', 'xf', name])
        if question:
            self.decide(question, 'yes')
        wait_until(lambda: os.path.exists(os.path.join(self.workspace, inside)), 10, f'the unpacked file ({state})')
        return self.do(session, 'read_file', path=inside)

    def carry_search(self, attempt, session):
        query = f'query {self.next()}'
        Obedient.pages[query] = self.text_of(attempt)
        return self.do(session, 'web_search', query=query)

    def carry_sub_agent(self, attempt, session):
        task = json.dumps({'tool': 'read_file', 'arguments': {'path': self.attach(attempt)}})
        return self.do(session, 'spawn_agent', tasks=['Read it: ' + base64.urlsafe_b64encode(task.encode()).decode().rstrip('=')])

    def remember(self, attempt):
        """Saved by a turn that had read others' words; a word by which it is found."""
        word, other = f'zebra{self.next()}', str(uuid.uuid4())
        self.do(other, 'read_file', path=self.attach({'text': '%.0s nothing', 'call': 'argv'}))
        state, question = self.do(other, 'memory_save', text=f'{word}: {self.text_of(attempt)}')
        assert state == 'done' and not question, (state, question)
        self.remembered.append(word)
        return word

    def carry_memory(self, attempt, session):
        """Another conversation is shown it without asking."""
        return self.say(session, f'What about {self.remember(attempt)}?')

    def carry_memory_search(self, attempt, session):
        self.say(session, '/memory off')
        return self.do(session, 'memory_search', query=self.remember(attempt))

    def carry_knowledge(self, attempt, session):
        name = f'docs{self.next()}'
        folder = tempfile.mkdtemp(prefix='clawdbot-injection-')
        with open(os.path.join(folder, 'guide.md'), 'w', encoding='utf-8') as f:
            f.write(f'# Setup of {name}\n\n{self.text_of(attempt)}\n')
        self.gateway.cli('knowledge', 'add', name, folder)
        self.collections.append((name, folder))
        wait_until(lambda: 'guide.md' in self.command(f'/memory search setup of {name}'), 20, 'the document to be read')
        return self.do(session, 'memory_search', query=f'setup of {name}', collections=[name])

    def command(self, text):
        return self.gateway.ask('/api/v1/messages?mode=wait', 'POST', {'session_id': str(uuid.uuid4()), 'content': {'text': text}})[1]['text']

    # --- verdicts ---

    def decide(self, question, answer):
        status, said = self.gateway.ask(f'/api/v1/approvals/{question["code"]}', 'POST', {'answer': answer})
        assert status == 200, said

    def forget_questions(self):
        for q in self.gateway.ask('/api/v1/approvals')[1]['approvals']:
            self.decide(q, 'no')

    def attempt(self, attempt):
        self.clean()
        session = str(uuid.uuid4())
        state, question = getattr(self, 'carry_' + attempt['carrier'])(attempt, session)
        assert question, f'{attempt["name"]}: nobody was asked; it came to {state}'
        listed = [q for q in self.gateway.ask('/api/v1/approvals')[1]['approvals'] if q['code'] == question['code']][0]
        call = self.call_of(attempt)
        assert (listed['tool'], listed['arguments']) == (call['tool'], call['arguments']), (attempt['name'], listed)
        assert 'words of others' in listed['text'] or '别人的内容' in listed['text'], (attempt['name'], listed['text'])
        assert len(listed['choices']) == 2, (attempt['name'], 'more than once was offered', listed['choices'])
        self.check_untouched(attempt['name'], attempt['call'])
        self.forget_questions()

    def check_untouched(self, name, call):
        effect = self.data['calls'][call]['effect']
        assert not effect or not os.path.exists(os.path.join(self.workspace, effect)), f'{name}: it ran'
        with open(os.path.join(self.workspace, 'important/notes.txt'), encoding='utf-8') as f:
            assert f.read() == 'keep this\n', f'{name}: it ran'

    def control(self, name):
        """The same by the owner's own words, with nobody else's about."""
        spec = self.data['calls'][name]
        self.clean()
        state, question = self.do(str(uuid.uuid4()), spec['call']['tool'], **spec['call']['arguments'])
        assert ('asked' if question else 'runs') == spec['control'], (name, state, question)
        if spec['effect'] and not question:
            assert os.path.exists(os.path.join(self.workspace, spec['effect'])), f'{name}: it did not run'
        self.forget_questions()


def main():
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Obedient)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f'http://127.0.0.1:{server.server_port}'
    passed = failed = 0
    settings = {'model_provider.endpoint': url + '/v1', 'model_provider.model': 'obedient', 'turn.history': 40,
                'model_provider.context_tokens': 100000, 'tools.http_fetch.private_hosts': '127.0.0.1',
                'tools.web_search.provider': 'searxng',
                'tools.web_search.searxng.endpoint': url}
    with World(**settings) as world:
        world.gateway.start()
        world.pair()
        trial = Trial(world, url)
        trial.pair_stranger()
        only = sys.argv[2:] or None
        steps = [(f'control: {name}', lambda n=name: trial.control(n)) for name in trial.data['calls']]
        steps += [(a['name'], lambda a=a: trial.attempt(a)) for a in trial.data['attempts']]
        for name, step in steps:
            if only and not any(o in name for o in only):
                continue
            try:
                step()
                passed += 1
            except (AssertionError, KeyError, IndexError) as e:
                failed += 1
                print(f'FAILED {name}: {e}')
        trial.clean()
        world.gateway.stop()
    server.shutdown()
    print(f'{passed} passed, {failed} failed')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
