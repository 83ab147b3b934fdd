#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The real gateway from an empty home: it starts, says where it is, answers, refuses a second one, and stops when told.
argv[1]: the program."""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
import urllib.error
import urllib.request

PROGRAM = os.path.abspath(sys.argv.pop(1))


class Start(unittest.TestCase):
    def setUp(self):
        self.home = tempfile.mkdtemp(prefix='clawdbot-start-')
        self.addCleanup(shutil.rmtree, self.home)

    def start(self, **settings):
        """A gateway that is ready (or has given up): the process and the lines it said until then."""
        env = {'PATH': os.environ['PATH'], 'HOME': self.home, 'CLAWDBOT_HOME': self.home + '/state', 'CLAWDBOT_SERVER_PORT': '0', **settings}
        gateway = subprocess.Popen([PROGRAM, 'gateway'], env=env, cwd=self.home, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.addCleanup(gateway.stdout.close)
        self.addCleanup(gateway.wait)
        self.addCleanup(gateway.kill)
        said = []
        for line in gateway.stdout:
            said.append(line)
            if '"gateway.ready"' in line:
                break
        return gateway, ''.join(said)

    def url(self, said):
        return re.search(r'"gateway\.ready","url":"([^"]+)"', said).group(1)

    def get(self, url, token=None):
        request = urllib.request.Request(url, headers={'Authorization': 'Bearer ' + token} if token else {})
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as e:
            with e:
                return e.code, e.read()

    def test_from_nothing_to_ready_and_back(self):
        gateway, said = self.start()
        url = self.url(said)
        token = re.search(r'claw_[\w-]+', said).group(0)
        self.assertTrue(url.startswith('http://127.0.0.1:'), url)
        self.assertEqual(self.get(url + '/health')[0], 200)
        self.assertEqual(self.get(url + '/ready')[0], 200)
        self.assertEqual(self.get(url + '/api/v1/sessions')[0], 401)
        self.assertEqual(self.get(url + '/api/v1/sessions', 'claw_wrong')[0], 401)
        status, body = self.get(url + '/api/v1/sessions', token)
        self.assertEqual(status, 200)
        json.loads(body)
        gateway.send_signal(signal.SIGTERM)
        self.assertEqual(gateway.wait(10), 0)

    def test_a_token_is_made_once(self):
        for first in True, False:
            gateway, said = self.start()
            self.assertEqual('claw_' in said, first, said)
            gateway.send_signal(signal.SIGTERM)
            self.assertEqual(gateway.wait(10), 0)

    def test_a_home_has_one_gateway(self):
        self.start()
        second, said = self.start()
        self.assertEqual(second.wait(10), 1, said)
        self.assertIn('gateway', said)
        self.assertNotIn('gateway.ready', said)

    def test_a_home_that_cannot_be_is_told(self):
        gateway, said = self.start(CLAWDBOT_HOME='/proc/clawdbot')
        self.assertEqual(gateway.wait(10), 1, said)
        self.assertIn('/proc/clawdbot', said)

    def test_a_bad_setting_stops_the_start_and_is_named(self):
        gateway, said = self.start(CLAWDBOT_SERVER_PORT='70000')
        self.assertEqual(gateway.wait(10), 1, said)
        self.assertIn('CLAWDBOT_SERVER_PORT', said)
        self.assertFalse(os.path.exists(self.home + '/state/clawdbot.db'))


if __name__ == '__main__':
    result = unittest.main(exit=False, verbosity=0).result
    bad = len({str(test) for test, _ in result.failures + result.errors})
    print(f'{result.testsRun - bad} passed, {bad} failed')
    sys.exit(bad != 0)
