#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The tools that work on the gateway and its machine, called by a model through a real gateway, and killed in the middle.
argv[1]: the build folder."""
import json
import os
import sqlite3
import sys
import time

import harness as h

POLICY = 'policy:\n  - {tool: send_message, decision: allow}\n'


class Desk(h.World):
    """A gateway whose model does what it is told: the message "call NAME ARGUMENTS" makes it call that tool."""
    def __init__(self, **settings):
        super().__init__(model=('--obey',), **{'model_provider.context_tokens': 20000, **settings})
        os.makedirs(os.path.join(self.home, 'config'))
        with open(os.path.join(self.home, 'config/default.yaml'), 'w', encoding='utf-8') as f:
            f.write(POLICY)
        self.workspace = os.path.join(self.home, 'workspace')

    def say(self, text, mode='wait'):
        status, answer = self.gateway.ask(f'/api/v1/messages?mode={mode}', 'POST', {'content': {'text': text}})
        assert status in (200, 202), answer
        return answer

    def results(self, tool):
        """What the calls of a tool came to, oldest first, as the journal has them."""
        db = sqlite3.connect(self.gateway.database)
        try:
            rows = db.execute('''SELECT r.body FROM journal c JOIN journal r ON r.inbox_id = c.inbox_id AND r.call_id = c.call_id AND r.kind = 'result'
                                 WHERE c.kind = 'call' AND json_extract(c.body, '$.name') = ? ORDER BY r.inbox_id, r.seq''', (tool,)).fetchall()
        finally:
            db.close()
        return [json.loads(row[0]) for row in rows]

    def call(self, tool, **arguments):
        """The result of a call, through a turn."""
        before = len(self.results(tool))
        answer = self.say(f'call {tool} {json.dumps(arguments)}')
        found = self.results(tool)
        assert len(found) == before + 1, (answer, found)
        return found[-1]

    def crash_in(self, fault, tool, **arguments):
        """The gateway dies at a fault point of this call, is started again, and its turn goes on."""
        self.gateway.stop()
        self.gateway.start(fault)
        try:
            self.say(f'call {tool} {json.dumps(arguments)}', 'async')
        except (OSError, h.http.client.HTTPException):
            pass        # it may be gone before it answers
        self.gateway.died()
        self.gateway.start()
        h.wait_until(self.gateway.idle, 20, 'the turn to go on')

    def put(self, name, text):
        path = os.path.join(self.workspace, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'w', encoding='utf-8') as f:
            f.write(text)

    def files(self):
        found = {}
        for folder, folders, names in os.walk(self.workspace):
            folders[:] = [f for f in folders if not f.startswith('.')]
            found.update({os.path.relpath(os.path.join(folder, n), self.workspace): None for n in folders})
            for name in names:
                with open(os.path.join(folder, name), encoding='utf-8') as f:
                    found[os.path.relpath(os.path.join(folder, name), self.workspace)] = f.read()
        return found


def every_tool_answers():
    """the machine, a document, an agent and the conversations are told of through a turn"""
    with Desk() as w:
        w.gateway.start()
        text = w.call('system_status')['text']
        assert 'CPU: ' in text and 'Memory: ' in text and 'Most memory' in text and 'Services: ' in text, text
        w.put('long.txt', 'The harbour was closed because a ship had run aground. ' * 600)
        text = w.call('summarize', path='long.txt', length='short')['text']
        assert 'by the model, in ' in text, text
        text = w.call('summarize', path='long.txt', method='extract', length='short')['text']
        assert text.startswith('The harbour was closed') and 'sentences chosen' in text, text
        text = w.call('spawn_agent', tasks=['call list_dir {}', 'say hello'])['text']
        assert '[2 model calls, 1 tool calls, ' in text and 'echo: say hello\n[1 model calls, 0 tool calls, ' in text, text
        text = w.call('sessions')['text']
        assert 'cli  ' in text and 'call system_status' in text, text


def a_message_is_sent_once():
    """a message is sent once, whatever the program dies of in the middle of its call"""
    with Desk() as w:
        w.gateway.start()
        w.pair()
        assert 'on its way to telegram' in w.call('send_message', to='owner', text='note 0')['text']
        for n, fault in enumerate(('tool_before_run:crash', 'tool_after_run:crash', 'turn_before_finish:crash'), 1):
            w.crash_in(fault, 'send_message', to=f'telegram:{h.OWNER}', text=f'note {n}')
        h.wait_until(lambda: all(w.sends(f'note {n}') for n in range(4)), 20, 'all notes')
        time.sleep(0.3)
        states = [[e['state'] for e in w.sends(f'note {n}')] for n in range(4)]
        assert states == [['answered']] * 4, states
        assert w.call('send_message', to='telegram:99', text='x')['is_error']


def a_sorted_folder_is_taken_back():
    """a folder that was sorted, or half sorted when the program died, is as it was after undo"""
    with Desk() as w:
        w.gateway.start()
        for name in ('a.jpg', 'b.pdf', 'c.mp3', 'd.zip', 'e', 'pictures/a.jpg'):
            w.put(f'inbox/{name}', f'this is {name}')
        before = w.files()
        for n in range(1, 6):
            text = w.call('archive_files', path='inbox')['text']
            plan = text.split('id=')[1][:10]
            w.crash_in(f'archive_move:crash:{n}', 'archive_files', action='apply', id=plan)
            assert w.results('archive_files')[-1].get('unknown'), w.results('archive_files')[-1]
            assert sum(1 for name in before if name not in w.files()) == n - 1, w.files()
            text = w.call('archive_files', action='undo', id=plan)['text']
            assert text.startswith(f'{n - 1} files were moved back'), text
            assert w.files() == before, w.files()


def an_agent_is_not_started_twice():
    """an agent that the program died with is unknown, and is not started again"""
    with Desk() as w:
        w.gateway.start()
        w.crash_in('tool_after_run:crash', 'spawn_agent', tasks=['call write_file {"path":"made","content":"x"}'])
        assert [r.get('unknown') for r in w.results('spawn_agent')] == [True], w.results('spawn_agent')
        assert 'made' in w.files()


sys.exit(h.run_tests(every_tool_answers, a_message_is_sent_once, a_sorted_folder_is_taken_back, an_agent_is_not_started_twice))
