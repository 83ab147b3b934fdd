#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tools/check-sql must find calls that do not fit their SQL, and tools/embed-sql must refuse SQL that breaks its rules."""
import os
import subprocess
import sys
import tempfile
import unittest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
STATEMENTS = 'src/store/sql/sqlite/record/statements/'
MIGRATIONS = 'src/store/sql/sqlite/record/migrations/'
GOOD = {STATEMENTS + 'a.sql': '-- name: a.get\nSELECT x FROM a WHERE x = ?1 AND y = ?2 AND x <> \'?9\';\n',
        MIGRATIONS + '0001_one.sql': '-- A table.\nCREATE TABLE a (x, y);\n'}


def run(tool, files, *arguments):
    with tempfile.TemporaryDirectory() as root:
        for path, text in files.items():
            os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
            with open(os.path.join(root, path), 'w', encoding='utf-8') as f:
                f.write(text)
        done = subprocess.run([os.path.join(TOP, tool)] + [a.replace('ROOT', root) for a in arguments],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        out = os.path.join(root, 'out.c')
        if done.returncode == 0 and os.path.exists(out):
            with open(out, encoding='utf-8') as f:
                return 0, f.read()
        return done.returncode, done.stdout


class CheckSql(unittest.TestCase):
    def check(self, code):
        return run('tools/check-sql', {**GOOD, 'src/x/x.c': code}, 'ROOT')

    def test_a_call_that_fits_passes(self):
        self.assertEqual(self.check('batch_add(b, "a.get", "is", f(1, 2), s);')[0], 0)

    def test_a_call_across_lines_is_seen(self):
        status, said = self.check('TRY(store_read(g->store, a, &r,\n    "a.get", "i", x));')
        self.assertEqual(status, 1)
        self.assertIn('src/x/x.c:1: a.get has 2 parameters, not 1', said)

    def test_a_name_that_is_not_there(self):
        self.assertIn('there is no statement a.got', self.check('batch_add(b, "a.got", "i", x);')[1])

    def test_a_letter_that_is_no_type(self):
        self.assertIn('is no type', self.check('batch_add(b, "a.get", "xx", x, y);')[1])


class EmbedSql(unittest.TestCase):
    def embed(self, **changes):
        files = {**GOOD, **{(STATEMENTS if k == 'a' else MIGRATIONS) + n: t for k, (n, t) in changes.items()}}
        return run('tools/embed-sql', files, 'ROOT/out.c', 'ROOT/src/store/sql')

    def refused(self, word, **changes):
        status, said = self.embed(**changes)
        self.assertEqual(status, 1, said)
        self.assertIn(word, said)

    def test_good_sql_becomes_c(self):
        status, c = self.embed()
        self.assertEqual(status, 0, c)
        self.assertIn('{ "a.get", 2, 0 }', c)
        self.assertNotIn('A table', c)

    def test_names_are_unique(self):
        self.refused('second statement named a.get', a=('b.sql', '-- name: a.get\nSELECT 1;\n'))

    def test_parameters_have_no_gap(self):
        self.refused('gap', a=('b.sql', '-- name: b.get\nSELECT ?1, ?3;\n'))

    def test_parameters_are_numbered(self):
        self.refused('?1, ?2', a=('b.sql', '-- name: b.get\nSELECT ?;\n'))

    def test_one_statement_a_name(self):
        self.refused('exactly one', a=('b.sql', '-- name: b.get\nSELECT 1; SELECT 2;\n'))

    def test_migrations_have_no_gap(self):
        self.refused('without a gap', m=('0003_three.sql', 'SELECT 1;\n'))


if __name__ == '__main__':
    ran = unittest.main(exit=False, verbosity=0).result
    bad = len(ran.failures) + len(ran.errors)
    print(f'{ran.testsRun - bad} passed, {bad} failed')
    sys.exit(1 if bad else 0)
