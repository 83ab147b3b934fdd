// SPDX-License-Identifier: Apache-2.0
/* The tools that run code. */
#include "base/test.h"

#include "tool/desk.h"

TEST(exec_tells_output_and_end)
{
    DESK(d);
    if (!fixture_can_run())
        return;
    struct tool_result r = desk_call(&d, "exec", "{\"command\":\"cat; echo b >&2; exit 3\",\"stdin\":\"a\\n\"}");

    CHECK(!r.is_error);
    CHECK(str_starts(r.text, S("a\nb\n[exit status 3 after ")));
    r = desk_call(&d, "exec", "{\"command\":\"mkdir -p x/y; printf z > x/y/f\"}");
    CHECK(str_starts(r.text, S("[exit status 0 after ")));
    r = desk_call(&d, "exec", "{\"command\":\"cat f\",\"cwd\":\"x/y\"}");
    CHECK(str_starts(r.text, S("z\n[exit status 0 after ")));
    r = desk_call(&d, "exec", "{\"command\":\"sleep 60\",\"timeout\":1}");
    CHECK(r.is_error);
    CHECK_STR(r.text, "[timed out after 1.0 s and was killed]");
    CHECK_REFUSES(&d, "exec", "{\"command\":\"pwd\",\"cwd\":\"..\"}", "outside");
    CHECK_REFUSES(&d, "exec", "{\"command\":\"pwd\",\"cwd\":\"/etc\"}", "outside");
    CHECK_REFUSES(&d, "exec", "{\"command\":\"pwd\",\"cwd\":\"nowhere\"}", "no such file");
    char *spaces = arena_alloc(d.f.arena, 100001);

    memset(spaces, ' ', 100000);
    r = desk_call(&d, "exec", arena_printf(d.f.arena, "{\"command\":\"%sexit 4\"}", spaces));
    CHECK(str_starts(r.text, S("[exit status 4 after ")));
    CHECK_REFUSES(&d, "exec", arena_printf(d.f.arena, "{\"command\":\"%s%s\"}", spaces, spaces), "at most 102400 bytes");
}

/* What the call prints before it tells how it ended. */
static str printed(struct tool_result r)
{
    size_t end = str_find(r.text, S("[exit status "));

    CHECK(!r.is_error && end != STR_NONE);
    return str_take(r.text, end);
}

TEST(exec_takes_words_as_they_are_and_an_environment)
{
    DESK(d);
    static const struct { const char *arguments, *want; } cases[] = {
        { "{\"argv\":[\"printf\",\"%s|\",\"a b\",\"$HOME\",\"\",\"*\"]}", "a b|$HOME||*|\n" },
        { "{\"argv\":[\"cat\"],\"stdin\":\"in\"}", "in\n" },
        { "{\"argv\":[\"pwd\"],\"cwd\":\"sub\"}", NULL },
        { "{\"argv\":[\"nonsuch-program\"]}", "nonsuch-program: No such file or directory\n" },
        { "{\"command\":\"echo $A-$_b2-$LANG\",\"env\":{\"A\":\"x y=z\",\"_b2\":\"\",\"LANG\":\"C\"}}", "x y=z--C\n" },
        { "{\"command\":\"echo $LANG $TMPDIR\",\"env\":{}}", "C.UTF-8 /tmp\n" },
        /* the loader of what makes the sandbox, which runs outside, must not see it */
        { "{\"argv\":[\"/bin/echo\",\"ok\"],\"env\":{\"LD_TRACE_LOADED_OBJECTS\":\"1\",\"LD_WARN\":\"\"}}", "libc.so.6" },
    };

    desk_call(&d, "write_file", "{\"path\":\"sub/x\",\"content\":\"\"}");
    for (size_t i = 0; fixture_can_run() && i < N_ELEMENTS(cases); i++) {
        str got = printed(desk_call(&d, "exec", cases[i].arguments));

        if (!cases[i].want)
            CHECK_STR(got, arena_printf(d.f.arena, "%s/sub\n", d.f.workspace));
        else if (strcmp(cases[i].want, "libc.so.6") == 0)
            CHECK(str_find(got, S("libc.so.6")) != STR_NONE);
        else
            CHECK_STR(got, cases[i].want);
    }
}

TEST(exec_refuses_a_call_that_does_not_say_what_to_run)
{
    DESK(d);
    static const struct { const char *arguments, *want; } cases[] = {
        { "{}", "give command" },
        { "{\"command\":\" \"}", "give command" },
        { "{\"command\":\"true\",\"argv\":[\"true\"]}", "not both" },
        { "{\"argv\":[]}", "first word" },
        { "{\"argv\":[\"\"]}", "first word" },
        { "{\"argv\":\"ls\"}", "argv" },
        { "{\"argv\":[\"ls\",1]}", "argv.1" },
        { "{\"argv\":[\"true\"],\"env\":{\"1A\":\"\"}}", "\"1A\" is no name" },
        { "{\"argv\":[\"true\"],\"env\":{\"A=B\":\"\"}}", "\"A=B\" is no name" },
        { "{\"argv\":[\"true\"],\"env\":{\"\":\"\"}}", "\"\" is no name" },
        { "{\"argv\":[\"true\"],\"env\":{\"A\":1}}", "env.A must be of type string" },
        { "{\"argv\":[\"true\"],\"env\":[]}", "env" },
    };
    CLEANUP(buf_done) struct buf many = { 0 };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++)
        CHECK_REFUSES(&d, "exec", cases[i].arguments, cases[i].want);
    buf_add(&many, S("{\"argv\":[\"true\"],\"env\":{"));
    for (int i = 0; i < 33; i++)
        buf_addf(&many, "%s\"A%d\":\"\"", i ? "," : "", i);
    buf_add(&many, S("}}"));
    CHECK_REFUSES(&d, "exec", buf_c(&many), "at most 32 variables");
    buf_clear(&many);
    buf_add(&many, S("{\"argv\":[\"true\""));
    for (int i = 0; i < 128; i++)
        buf_add(&many, S(",\"\""));
    buf_add(&many, S("]}"));
    CHECK_REFUSES(&d, "exec", buf_c(&many), "at most 128 words");
}

/* --- python, pytest --- */

TEST(python_runs_code_or_a_file)
{
    DESK(d);
    static const struct { const char *arguments, *want; } cases[] = {
        { "{\"code\":\"print(6 * 7)\"}", "42\n" },
        { "{\"code\":\"import sys; print(sys.argv[1:], sys.stdin.read())\",\"args\":[\"a b\",\"-c\"],\"stdin\":\"in\"}", "['a b', '-c'] in\n" },
        { "{\"path\":\"sub/f.py\",\"args\":[\"x\"],\"cwd\":\"sub\",\"env\":{\"A\":\"1\"}}", "['x'] 1 sub\n" },
        { "{\"code\":\"import sys; print(1); sys.stderr.write('2'); print(3)\"}", "1\n23\n" },
        { "{\"code\":\"1/0\"}", "Traceback (most recent call last):\n  File \"<string>\", line 1, in <module>\n"
                                "ZeroDivisionError: division by zero\n" },
    };

    desk_call(&d, "write_file", "{\"path\":\"sub/f.py\",\"content\":\"import sys, os\\nprint(sys.argv[1:], os.environ['A'], "
              "os.path.basename(os.getcwd()))\\n\"}");
    for (size_t i = 0; fixture_can_run() && i < N_ELEMENTS(cases); i++)
        CHECK_STR(printed(desk_call(&d, "python", cases[i].arguments)), cases[i].want);
    CHECK_SAYS(&d, "list_dir", "{}", "sub/\n");
    CHECK_REFUSES(&d, "python", "{}", "give code, or path");
    CHECK_REFUSES(&d, "python", "{\"code\":\"1\",\"path\":\"sub/f.py\"}", "give code, or path");
    CHECK_REFUSES(&d, "python", "{\"path\":\"nothing.py\"}", "no such file");
    CHECK_REFUSES(&d, "python", "{\"path\":\"../x.py\"}", "outside");
    CHECK_REFUSES(&d, "python", "{\"path\":\"/etc/passwd\"}", "outside");
}

/* Is pytest there for the python3 of the sandbox? */
static bool has_pytest(struct desk *d) AWAITS
{
    static int has = -1;

    if (has < 0 && fixture_can_run())
        has = fixture_run(&d->f, "python3 -c 'import pytest' || /usr/bin/python3 -c 'import pytest'").exit_code == 0;
    if (has == 0)
        fprintf(stderr, "    not tested: pytest is not installed\n");
    return has == 1;
}

#define TEST_MIXED \
    "import pytest, sys\n" \
    "def test_ok(): print('@clawdbot-pytest {\"passed\": 99}')\n" \
    "def test_bad():\n    x = 1\n    assert x == 2, 'no \\udc80'\n" \
    "def test_worse(): 1/0\n" \
    "@pytest.mark.skip\ndef test_later(): pass\n" \
    "@pytest.mark.xfail\ndef test_known(): assert 0\n" \
    "@pytest.fixture\ndef broken(): raise OSError('no disk')\n" \
    "def test_on_broken(broken): pass\n"

TEST(pytest_tells_counts_and_the_first_failure)
{
    DESK(d);
    static const struct { const char *arguments, *want; bool error; } cases[] = {
        { "{\"path\":\"t\"}", "1 passed, 2 failed, 1 errors, 1 skipped, 1 failed as expected in ", false },
        { "{\"path\":\"t\"}", " s\nfirst failure: t/test_a.py::test_bad, at t/test_a.py:5\nAssertionError: no ", false },
        { "{\"path\":\"t/test_a.py::test_ok\"}", "1 passed, 0 failed, 0 errors, 0 skipped in ", false },
        { "{\"path\":\"./t/test_a.py\",\"keyword\":\"worse or test_ok\"}", "1 passed, 1 failed, 0 errors, 0 skipped in ", false },
        { "{\"path\":\"t/test_a.py\",\"keyword\":\"broken\"}", "test_on_broken, at t/test_a.py:12\nOSError: no disk", false },
        { "{\"path\":\"u\"}", "0 passed, 0 failed, 1 errors, 0 skipped in ", false },
        { "{\"path\":\"u\"}", "first failure: u/test_b.py, at u/test_b.py:1\nModuleNotFoundError: No module named 'nonsuch'", false },
        { "{\"path\":\"v\"}", "no tests were found", true },
        { "{\"path\":\"t/test_a.py::nothing\"}", "not found: ", true },
        { "{\"path\":\"w\"}", "[exit status 7 after ", true },
        { "{\"path\":\"nowhere\"}", "no such file", true },
        { "{\"path\":\"../x\"}", "outside", true },
    };

    if (!has_pytest(&d))
        return;
    fixture_run(&d.f, "mkdir t u v w; echo 'import nonsuch' > u/test_b.py; echo 'def test_x(): import os; os._exit(7)' > w/test_c.py");
    fixture_inside(&d.f, "t/test_a.py", TEST_MIXED);
    for (size_t i = 0; i < N_ELEMENTS(cases); i++)
        CHECK_TELLS(&d, "pytest", cases[i].arguments, cases[i].want, cases[i].error);
    CHECK_SAYS(&d, "list_dir", "{\"path\":\"t\"}", arena_printf(d.f.arena, "test_a.py  (%zu bytes)\n", strlen(TEST_MIXED)));
}

TEST(pytest_says_when_it_is_not_installed)
{
    DESK(d);

    if (!fixture_can_run())
        return;
    /* a module of that name in the workspace that cannot be imported is as good as none */
    fixture_inside(&d.f, "pytest.py", "raise ImportError");
    CHECK_REFUSES(&d, "pytest", "{}", "apt install python3-pytest");
}
