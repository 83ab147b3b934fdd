# SPDX-License-Identifier: Apache-2.0
"""commands_test.py BUILD: plain requests through the real program without a model, and in front of one: what is understood is done, asked
about or left; never twice, also when the program is killed; rules before everything."""
import os
import sys
import threading
import time
import unittest
import uuid

import harness
from harness import Double, Gateway, wait_until

WITHOUT = {'server.port': 0, 'engine.mode': 'auto', 'model_provider.endpoint': '', 'model_provider.detect': 'false', 'log.level': 'info',
           'server.rate_limit.per_token': 0, 'server.rate_limit.per_address': 0}


class Commands(unittest.TestCase):
    settings = {}

    def setUp(self):
        self.home = harness.tempfile.mkdtemp(prefix='clawdbot-commands-')
        self.work = os.path.join(self.home, 'work')
        os.makedirs(os.path.join(self.work, 'my_app'))
        self.gateway = Gateway(self.home, {**WITHOUT, 'workspace.path': self.work, **self.settings})
        self.addCleanup(self.end)
        self.session = str(uuid.uuid4())

    def end(self):
        if self.gateway.process and self.gateway.process.poll() is None:
            self.gateway.stop()
        harness.World.remove(self.home)

    def say(self, text, session=None):
        status, answer = self.gateway.ask('/api/v1/messages?mode=wait', 'POST',
                                          {'session_id': session or self.session, 'content': {'text': text}})
        self.assertEqual(status, 200, answer)
        return answer['text']

    def ask_for_leave(self, text):
        """What is shown, and the code that allows it."""
        status, answer = self.gateway.ask('/api/v1/messages?mode=wait', 'POST', {'session_id': self.session, 'content': {'text': text}})
        self.assertEqual(status, 202, answer)
        return answer['approval']['text'], answer['approval']['code']

    def write(self, name, content='x'):
        path = os.path.join(self.work, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'w', encoding='utf-8') as f:
            f.write(content)
        return path


class WithoutModel(Commands):
    def test_what_is_plain_is_done_in_both_languages(self):
        self.gateway.start()
        self.write('docs/a.txt', 'hello from a')
        self.assertIn('iB', self.say('磁盘还剩多少'))
        self.assertIn('iB', self.say('how much disk space is left?'))
        self.assertIn('hello from a', self.say('show me the file docs/a.txt'))
        self.assertIn('hello from a', self.say('看一下 docs/a.txt 的内容'))
        self.assertIn('36', self.say('what is 15% of 240'))
        self.assertIn('a.txt', self.say('what is in the folder docs/'))

    def test_a_project_is_tested_by_its_own_command(self):
        self.gateway.start(projects='{my_app: {path: my_app, test: "echo all-is-well > ran.txt; cat ran.txt"}}')
        self.say('/project my_app')
        self.assertIn('all-is-well', self.say('在项目目录运行测试'))
        self.assertTrue(os.path.exists(os.path.join(self.work, 'my_app/ran.txt')))

    def test_cleaning_up_removes_what_was_listed_and_has_not_changed_since(self):
        self.gateway.start()
        gone, changed, kept = self.write('a.tmp'), self.write('sub/b.bak'), self.write('c.txt')
        shown, code = self.ask_for_leave('清理临时文件')
        self.assertIn('a.tmp', shown)
        self.assertIn('b.bak', shown)
        self.assertNotIn('c.txt', shown)
        late = self.write('later.tmp')
        self.write('sub/b.bak', 'it was written to meanwhile')
        self.say(f'yes {code}')
        wait_until(lambda: not os.path.exists(gone), 10, 'a.tmp to go')
        wait_until(self.gateway.idle, 10, 'the end')
        self.assertEqual([os.path.exists(p) for p in (changed, kept, late)], [True] * 3)

    def test_what_is_missing_is_asked_for_and_left_when_nobody_wants_it(self):
        self.gateway.start()
        self.assertIn('?', self.say('delete the file'))
        self.assertIn('leave', self.say('cancel'))
        self.assertIn('？', self.say('计算校验和'))
        self.write('x.bin', 'abc')
        self.assertIn('ba7816bf', self.say('x.bin'))

    def test_what_is_no_plain_request_is_not_done(self):
        self.gateway.start()
        kept = self.write('a.txt')
        for text in ("don't delete a.txt", '别删 a.txt', 'how do I delete a.txt?', 'if the disk is full delete a.txt', '为什么要删 a.txt',
                     'I deleted a.txt yesterday', '🙂' * 50, 'x' * 100000):
            self.assertTrue(self.say(text, str(uuid.uuid4())))
        self.assertTrue(os.path.exists(kept))
        self.assertTrue(self.gateway.idle())

    def test_a_reminder_comes_when_it_is_due(self):
        self.gateway.start()
        self.assertIn('stretch', self.say('in 2 seconds remind me to stretch'))
        wait_until(lambda: [r for r in self.gateway.rows('outbox') if 'stretch' in str(r)][1:], 20, 'the reminder')

    def test_a_kill_makes_nothing_happen_twice(self):
        for fault, want in (('turn_replied', 1), ('turn_journaled', 0), ('tool_before_run', 0), ('tool_after_run', 1),
                            ('turn_before_finish', 1)):     # 0: nobody knows whether it ran, and so it does not run again
            path = os.path.join(self.work, fault)
            self.gateway.start(fault + ':crash')
            threading.Thread(target=self.try_to_say, args=(f'run `echo once >> {fault}`',), daemon=True).start()
            self.gateway.died()
            self.gateway.start()
            wait_until(self.gateway.idle, 20, 'the end')
            self.assertEqual(self.lines(path), want, fault)
            self.gateway.stop()

    def lines(self, path):
        if not os.path.exists(path):
            return 0
        with open(path, encoding='utf-8') as f:
            return len(f.readlines())

    def try_to_say(self, text):
        try:
            self.say(text)
        except (OSError, AssertionError, harness.http.client.HTTPException):
            pass

    def test_help_is_in_the_language_of_whoever_asks(self):
        self.gateway.start()
        self.assertIn('重启', self.say('/help services').replace('restart', '') + self.say('/help 服务与进程'))
        self.assertIn('restart', self.say('/help services'))
        self.assertIn('/help', self.say('what can you do?'))


class WithModel(Commands):
    def setUp(self):
        self.model = Double('model_double', '--delay-ms', '1')
        self.settings = {'model_provider.endpoint': f'http://127.0.0.1:{self.model.port}/v1', 'model_provider.context_tokens': 100000}
        super().setUp()
        self.addCleanup(self.model.close)
        self.gateway.start()

    def asked(self):
        return self.gateway.ask('/api/v1/admin/usage')[1]['total']['calls']

    def test_the_model_is_asked_only_for_what_the_engine_is_not_sure_of(self):
        before = self.asked()
        self.assertIn('iB', self.say('how much disk space is left?'))
        self.assertEqual(self.asked(), before)
        self.say('What do you think about the colour blue?')
        self.assertGreater(self.asked(), before)

    def test_the_mode_of_a_conversation_decides(self):
        self.say('/mode model')
        before = self.asked()
        self.say('how much disk space is left?')
        self.assertGreater(self.asked(), before)
        self.say('/mode rules')
        before = self.asked()
        self.assertIn('iB', self.say('how much disk space is left?'))
        self.assertIn('/help', self.say('What do you think about the colour blue?'))
        self.assertEqual(self.asked(), before)

    def rules(self, text):
        folder = os.path.join(self.home, 'config')
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, 'rules.yaml.new'), 'w', encoding='utf-8') as f:
            f.write(text)
        os.rename(os.path.join(folder, 'rules.yaml.new'), os.path.join(folder, 'rules.yaml'))
        time.sleep(1.1)     # they are looked for once a second

    def test_rules_come_first_and_follow_their_file(self):
        self.rules('rules: [{name: a, match: {exact: [how much disk space is left]}, do: {reply: "enough, {user}"}}]')
        self.assertEqual(self.say('How much disk space is left?'), 'enough, owner')
        self.rules('rules: [{name: a, match: {exact: [how much disk space is left]}, do: {reply: "little"}},\n'
                   '  {name: b, match: {keywords: [disk]}, do: {reply: "A word first."}, priority: 5, then: continue}]')
        self.assertEqual(self.say('how much disk space is left'), 'A word first.\n\nlittle')
        self.rules('rules: [{name: a')
        self.assertEqual(self.say('how much disk space is left'), 'A word first.\n\nlittle')
        self.assertEqual(len(self.gateway.log('rules.refused')), 1)
        self.rules('rules: [{name: t, match: {regex: "^list (?<what>.+)$"}, do: {tool: exec, arguments: {argv: [ls, "--", $what]}}}]')
        self.write('odd; touch owned/f.txt')
        self.assertIn('f.txt', self.say('list odd; touch owned'))
        self.assertFalse(os.path.exists(os.path.join(self.work, 'owned')))


if __name__ == '__main__':
    result = unittest.main(argv=sys.argv[:1], exit=False, verbosity=0).result
    bad = len(result.failures) + len(result.errors)
    print(f'{result.testsRun - bad} passed, {bad} failed')
    sys.exit(1 if bad else 0)
