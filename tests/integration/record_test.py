#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The record of who did what, through the real program.  argv[1]: the program."""
import csv
import io
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import unittest

PROGRAM = os.path.abspath(sys.argv.pop(1))


class Home(unittest.TestCase):
    def setUp(self):
        self.home = tempfile.mkdtemp(prefix='clawdbot-record-')
        self.addCleanup(shutil.rmtree, self.home)
        self.gateway = None
        self.addCleanup(self.stop)

    def env(self):
        return {'PATH': os.environ['PATH'], 'HOME': self.home, 'CLAWDBOT_HOME': self.home, 'LANG': 'C.UTF-8'}

    def run_cli(self, *words, stdin=''):
        done = subprocess.run([PROGRAM, *words], input=stdin, env=self.env(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, timeout=60, check=False)
        return done.returncode, done.stdout, done.stderr

    def ok(self, *words, stdin=''):
        code, out, err = self.run_cli(*words, stdin=stdin)
        self.assertEqual((code, err), (0, ''), words)
        return out

    def start(self):
        self.log = open(os.path.join(self.home, 'gateway.log'), 'a', encoding='utf-8')
        self.addCleanup(self.log.close)
        self.gateway = subprocess.Popen([PROGRAM, 'gateway', '--set', 'server.port=0', '--set', 'model_provider.detect=false'],
                                        env=self.env(), stdout=subprocess.PIPE, stderr=self.log, text=True)
        while not self.gateway.stdout.readline().startswith('API token' if not hasattr(self, 'started') else 'Clawdbot'):
            self.assertIsNone(self.gateway.poll())
        self.started = True

    def stop(self):
        if self.gateway:
            self.gateway.send_signal(signal.SIGTERM)
            self.gateway.wait(timeout=60)
            self.gateway.stdout.close()
        self.gateway = None

    def tamper(self, sql):
        with sqlite3.connect(os.path.join(self.home, 'clawdbot.db')) as db:
            db.executescript('DROP TRIGGER IF EXISTS audit_is_not_changed; DROP TRIGGER IF EXISTS audit_is_not_deleted;' + sql)
        db.close()


class Audit(Home):
    def test_the_log_is_read_and_verified_with_and_without_a_gateway(self):
        code, _, err = self.run_cli('audit', 'list')
        self.assertEqual((code, err), (1, f'clawdbot: {self.home}/clawdbot.db is made at the gateway\'s first start\n'))
        self.start()
        self.ok('token', 'new')
        self.ok('login')
        rows = json.loads(self.ok('audit', 'list', '--event', 'access', '--json'))
        self.assertEqual([r['event'] for r in rows], ['access.login_link', 'access.token', 'access.token'])
        self.assertEqual([r['person'] for r in rows], ['owner'] * 3)
        online = self.ok('audit', 'verify')
        head = re.search(r'^head (\S+)$', online, re.M).group(1)
        self.stop()
        self.ok('audit', 'verify', '--head', head)
        last = json.loads(self.ok('audit', 'list', '--limit', '1', '--json'))[0]
        self.assertEqual((last['event'], last['person']), ('gateway.stopping', ''))
        lines = [json.loads(line) for line in self.ok('audit', 'export').splitlines()]
        self.assertEqual([r['id'] for r in lines], list(range(1, len(lines) + 1)))
        out = os.path.join(self.home, 'x.csv')
        self.assertEqual(self.ok('audit', 'export', '--format', 'csv', '--out', out), '')
        with open(out, encoding='utf-8', newline='') as f:
            table = list(csv.DictReader(io.StringIO(f.read())))
        self.assertEqual([r['hash'] for r in table], [r['hash'] for r in lines])
        self.assertEqual(os.stat(out).st_mode & 0o777, 0o600)

    def test_a_change_is_found_and_told_by_all_who_look(self):
        self.start()
        self.ok('token', 'new')
        head = json.loads(self.ok('audit', 'verify', '--json'))['head']
        self.stop()
        self.tamper("UPDATE audit SET person = 'bob' WHERE id = 2")
        text = 'row 2 of the audit log was changed, or the one before it'
        self.assertEqual(self.run_cli('audit', 'verify'), (1, '', f'clawdbot: {text}\n'))
        code, out, _ = self.run_cli('doctor')
        self.assertEqual(code, 1)
        self.assertIn(f'fail  audit     {text}', out)
        self.start()
        self.assertEqual(self.run_cli('audit', 'verify'), (1, '', f'clawdbot: {text}\n'))
        self.stop()
        self.tamper("DELETE FROM audit; DELETE FROM meta WHERE key = 'audit.head'")
        self.ok('audit', 'verify')      # nobody can tell by the new log alone
        code, _, err = self.run_cli('audit', 'verify', '--head', head)
        self.assertEqual(code, 1)
        self.assertRegex(err, 'has 0 rows, and had [0-9]+ when its head was kept')


def main():
    result = unittest.TextTestRunner(verbosity=1).run(unittest.defaultTestLoader.loadTestsFromModule(sys.modules[__name__]))
    bad = len(result.failures) + len(result.errors)
    print(f'{result.testsRun - bad} passed, {bad} failed')
    return bad != 0


if __name__ == '__main__':
    sys.exit(main())
