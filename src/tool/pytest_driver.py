# SPDX-License-Identifier: Apache-2.0
"""pytest_driver.py WORKSPACE ARGUMENT...: runs pytest in the sandbox, and ends with one line for pytest.c: a mark, and
what happened as JSON.  What pytest prints stands before it."""
import json
import os
import re
import sys

MARK = '@clawdbot-pytest '
MESSAGE_MAX = 1500
SYSTEM_PYTHON = '/usr/bin/python3'


def tell(**result):
    sys.stderr.flush()
    print('\n' + MARK + json.dumps(result), flush=True)


def clean(text):
    return str(text).replace('\0', '').encode('utf-8', 'replace').decode()[:MESSAGE_MAX]


def place(path, line):
    path = os.path.abspath(path)
    below = os.path.relpath(path, WORKSPACE)
    return clean(f'{path if below.startswith("..") else below}:{line}')


def describe(report):
    """Where it failed, and what was said there."""
    crash = getattr(report.longrepr, 'reprcrash', None)
    if crash:
        return place(crash.path, crash.lineno), clean(crash.message)
    text = str(report.longrepr)
    places = re.findall(r'^(\S+\.py):(\d+): ', text, re.M)
    said = [line[1:].strip() for line in text.splitlines() if line.startswith('E ')]
    return place(*places[-1]) if places else '', clean('\n'.join(said) or text)


class Results:
    def __init__(self):
        self.counts = dict.fromkeys(('passed', 'failed', 'errors', 'skipped', 'xfailed', 'xpassed'), 0)
        self.first = None

    def add_failure(self, kind, report):
        self.counts[kind] += 1
        if self.first is None:
            where, message = describe(report)
            self.first = {'test': clean(report.nodeid), 'where': where, 'message': message}

    def pytest_runtest_logreport(self, report):
        expected = hasattr(report, 'wasxfail')
        if report.failed:
            self.add_failure('failed' if report.when == 'call' else 'errors', report)
        elif report.skipped:
            self.counts['xfailed' if expected else 'skipped'] += 1
        elif report.when == 'call':
            self.counts['xpassed' if expected else 'passed'] += 1

    def pytest_collectreport(self, report):
        if report.failed:
            self.add_failure('errors', report)
        elif report.skipped:
            self.counts['skipped'] += 1


WORKSPACE = sys.argv[1]
try:
    import pytest
except ImportError:
    if sys.executable != SYSTEM_PYTHON and os.path.exists(SYSTEM_PYTHON):
        os.execv(SYSTEM_PYTHON, [SYSTEM_PYTHON, *sys.orig_argv[1:]])
    tell(missing=True)
    sys.exit(0)
results = Results()
code = pytest.main(sys.argv[2:], plugins=[results])
tell(code=int(code), first=results.first, **results.counts)
