// SPDX-License-Identifier: Apache-2.0
/* Whatever shell_words calls simple, the shells of this machine run as the very same words. */
#include "base/test.h"

#include <unistd.h>

#include "runtime/process.h"
#include "tool/desk.h"
#include "tool/shell_words.h"

enum { LINES = 150, TRIES = 60000, LINE_MAX_LENGTH = 22 };

/* The commands a, b and c print their words, and everything succeeds; globs stay as they are. */
static const char preamble[] = "set -f\n"
                               "p() { for w; do printf '[%s]' \"$w\"; done; echo; } >&3\n"
                               "a() { p a \"$@\"; }\nb() { p b \"$@\"; }\nc() { p c \"$@\"; }\n";

static bool is_runnable(const struct shell_line *line)
{
    for (size_t i = 0; i < line->n; i++) {
        const struct shell_command *c = &line->commands[i];

        if (c->words[0].text.len != 1 || !strchr("abc", c->words[0].text.p[0]) || c->join == SHELL_PIPE)
            return false;
        for (size_t k = 0; k < c->n_redirects; k++)
            if (!str_eq(c->redirects[k].path, S("f")))
                return false;
    }
    return !line->complex;
}

/* As it runs when every command succeeds: what stands behind || does not. */
static str expected(struct arena *a, const struct shell_line *line)
{
    CLEANUP(buf_done) struct buf b = { 0 };

    for (size_t i = 0; i < line->n; i++) {
        const struct shell_command *c = &line->commands[i];

        if (c->join == SHELL_OR)
            continue;
        for (size_t k = 0; k < c->n; k++)
            buf_addf(&b, "[%.*s]", STR(c->words[k].text));
        buf_add_char(&b, '\n');
    }
    return arena_str(a, buf_str(&b));
}

static str run(struct desk *d, const char *shell, str line) AWAITS
{
    const char *script = arena_printf(d->f.arena, "exec 3>&1 >f\n%s%.*s\n", preamble, STR(line));
    const char *argv[] = { shell, "-c", script, NULL }, *env[] = { "PATH=/usr/bin:/bin", NULL };
    struct process_spec spec = { .argv = argv, .env = env, .cwd = d->f.workspace, .stdin_fd = PROCESS_NULL, .stdout_fd = PROCESS_PIPE,
                                 .stderr_fd = PROCESS_PIPE };
    CLEANUP(process_freep) struct process *p = NULL;
    CLEANUP(buf_done) struct buf b = { 0 };
    char piece[4096];
    size_t n;
    int status;

    CHECK_OK(process_start(&spec, &p));
    do {
        CHECK_OK(fd_read(process_stdout(p), piece, sizeof piece, &n));
        buf_add(&b, str_of(piece, n));
    } while (n);
    CHECK_OK(process_wait(p, &status));
    return arena_str(d->f.arena, buf_str(&b));
}

static void check_agrees(struct desk *d, str text, const struct shell_line *line) AWAITS
{
    static const char *const shells[] = { "/bin/dash", "/bin/bash" };
    str want = expected(d->f.arena, line);

    for (size_t i = 0; i < N_ELEMENTS(shells); i++) {
        if (access(shells[i], X_OK))
            continue;
        str got = run(d, shells[i], text);

        if (!str_eq(got, want))
            test_failed(__FILE__, __LINE__, "%s runs <%.*s> as <%.*s>, not <%.*s>", shells[i], STR(text), STR(got), STR(want));
    }
}

/* The same lines in every run. */
static unsigned next_number(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005U + 1442695040888963407U;
    return (unsigned)(*seed >> 33);
}

static str make_line(struct arena *a, uint64_t *seed)
{
    static const char *const pieces[] = {
        "a", "b", "c", " ", " ", " ", "'", "\"", "\\", "\n", ";", "&&", "||", "|", ">f", "<f", "2>&1", "#", "=", "*", "?", "[", "]", "~",
        "{", "}", "$", "!", "%", "^", "-", "1", "2", "x", "\xc3\xa9", "\t", "'a b'", "\"c d\"", ">>f", "\\\n", ":", ",", "@", "+", "/", "..",
        "if", "!", "LC_A=b",
    };
    CLEANUP(buf_done) struct buf b = { 0 };

    buf_add(&b, S("a "));
    for (unsigned n = next_number(seed) % LINE_MAX_LENGTH; n; n--)
        buf_add(&b, str_from(pieces[next_number(seed) % N_ELEMENTS(pieces)]));
    return arena_str(a, buf_str(&b));
}

TEST(shells_run_the_words_that_were_read)
{
    DESK(d);
    uint64_t seed = 1;
    size_t n = 0;

    fixture_inside(&d.f, "f", "");
    for (size_t i = 0; i < TRIES && n < LINES; i++) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        struct shell_line line;
        str text = make_line(a, &seed);

        shell_words_parse(a, text, &line);
        if (!is_runnable(&line) || text.len < 8)
            continue;
        check_agrees(&d, text, &line);
        n++;
    }
    CHECK_INT(n, LINES);
}
