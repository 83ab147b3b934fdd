#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tools/check-layers must refuse each kind of bad tree, and name the place; it must pass the good twin."""
import os
import subprocess
import sys
import tempfile
import unittest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FIBER_H = '''
struct fiber *fiber_spawn(const char *name, enum err (*fn)(void *), void *arg);
enum err fiber_sleep(uint64_t ms) AWAITS MUST_USE;
struct slot { void (*handle)(void *arg) AWAITS; int (*plain)(int); };
void late(int) /* AWAITS */;
'''


def check(files, *arguments):
    with tempfile.TemporaryDirectory() as root:
        for path, text in files.items():
            os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
            with open(os.path.join(root, path), 'w', encoding='utf-8') as f:
                f.write(text)
        done = subprocess.run([os.path.join(TOP, 'tools/check-layers'), '--root', root, *arguments],
                              stdout=subprocess.PIPE, text=True, check=False)
        return done.returncode, done.stdout


class Layers(unittest.TestCase):
    def refused(self, files, *words):
        status, said = check(files)
        self.assertEqual(status, 1, said)
        for word in words:
            self.assertIn(word, said)

    def passes(self, files):
        status, said = check(files)
        self.assertEqual((status, said.count('\n')), (0, 1), said)

    def awaits(self, code, header=FIBER_H):
        return {'src/runtime/fiber.h': header, 'src/net/x.c': '#include "runtime/fiber.h"\n\n' + code}

    def test_an_include_of_a_higher_or_equal_rank_is_refused(self):
        self.refused({'src/base/x.c': '#include "net/http.h"\n'}, 'src/base/x.c:1:', 'rank 0 (base)', 'rank 2')
        self.refused({'src/net/x.h': '\n#include "domain/message.h"\n'}, 'src/net/x.h:2:')
        self.passes({'src/net/x.c': '#include "net/http.h"\n#include "x.def"\n#include "runtime/fiber.h"\n#include <stdio.h>\n'})

    def test_only_runtime_includes_libuv(self):
        self.refused({'src/net/x.c': '#include <uv.h>\n'}, 'only src/runtime/')
        self.passes({'src/runtime/x.c': '#include <uv.h>\n'})

    def test_a_folder_without_a_rank_is_refused(self):
        self.refused({'src/utils/x.c': '\n'}, "'utils' has no rank")

    def test_a_tree_without_sources_is_refused(self):
        self.refused({'README.md': ''})

    def test_a_caller_of_an_awaiting_function_must_be_marked(self):
        body = '\n{\n    return fiber_sleep(1);\n}\n'
        self.refused(self.awaits('static enum err nap(void)' + body), 'src/net/x.c:5: nap() calls fiber_sleep()')
        self.refused(self.awaits('static enum err nap(void) AWAITS' + body + '\nenum err day(int n,\n    int m)\n{\n    nap();\n}\n'),
                     'day() calls nap()')
        self.passes(self.awaits('static enum err nap(void) AWAITS' + body))

    def test_a_mark_in_a_comment_of_the_header_counts(self):
        self.refused(self.awaits('void f(void)\n{\n    late(1);\n}\n'), 'f() calls late()')

    def test_a_call_through_an_awaiting_member_counts(self):
        self.refused(self.awaits('void f(struct slot *s)\n{\n    s->handle(0);\n}\n'), 'f() calls handle()')
        self.passes(self.awaits('void f(struct slot *s)\n{\n    s->plain(handle(0));\n}\n'))

    def test_the_mark_of_the_header_is_enough_for_the_definition(self):
        self.passes(self.awaits('enum err fiber_sleep(uint64_t ms)\n{\n    late(1);\n    return OK;\n}\n'))

    def test_comments_strings_and_private_namesakes_are_no_calls(self):
        self.passes(self.awaits('void f(void)\n{\n    /* fiber_sleep(1) */ puts("fiber_sleep(1)"); // fiber_sleep(1)\n}\n'))
        self.passes(self.awaits('static int late(int x)\n{\n    return x;\n}\n\nint f(void)\n{\n    return late(1);\n}\n'))

    def test_a_fibers_entry_and_a_reasoned_comment_are_exempt(self):
        entry = 'static enum err run(void *arg)\n{\n    return fiber_sleep(1);\n}\n\n'
        self.passes(self.awaits(entry + 'void start(void)\n{\n    fiber_spawn("x",\n        run, (void *)g());\n}\n'))
        self.refused(self.awaits(entry))
        self.passes(self.awaits('void f(void)\n{\n    late(0);     /* NO_AWAIT: 0 never waits */\n}\n'))

    def test_tests_need_no_marks(self):
        self.passes({'src/runtime/fiber.h': FIBER_H, 'src/net/x_test.c': 'void f(void)\n{\n    late(1);\n}\n'})


class Links(unittest.TestCase):
    def test_an_upward_call_without_an_include_is_refused(self):
        with tempfile.TemporaryDirectory() as root:
            os.makedirs(os.path.join(root, 'src/base'))
            os.makedirs(os.path.join(root, 'build/meson-info'))
            with open(os.path.join(root, 'src/base/x.c'), 'w', encoding='utf-8') as f:
                f.write('int up(void);\nint low(void)\n{\n    return up();\n}\n')
            with open(os.path.join(root, 'src/base/y.c'), 'w', encoding='utf-8') as f:
                f.write('int up(void)\n{\n    return 1;\n}\n')
            with open(os.path.join(root, 'build/meson-info/intro-dependencies.json'), 'w', encoding='utf-8') as f:
                f.write('[]')
            for archive, source in ('base', 'x'), ('net', 'y'):
                subprocess.run(['sh', '-c', f'cc -fPIE -c -o {source}.o ../src/base/{source}.c && '
                                f'ar cr libclawdbot-{archive}.a {source}.o'], cwd=os.path.join(root, 'build'), check=True)
            done = subprocess.run([os.path.join(TOP, 'tools/check-layers'), '--root', root, '--build', os.path.join(root, 'build')],
                                  stdout=subprocess.PIPE, text=True, check=False)
            self.assertEqual(done.returncode, 1, done.stdout)
            self.assertIn('src/base does not link', done.stdout)
            self.assertNotIn('src/net does not link', done.stdout)


if __name__ == '__main__':
    result = unittest.main(exit=False, verbosity=0).result
    bad = len(result.failures) + len(result.errors)
    print(f'{result.testsRun - bad} passed, {bad} failed')
    sys.exit(bad != 0)
