// SPDX-License-Identifier: Apache-2.0
/* Commands that live on, and are talked to meanwhile. */
#include "base/test.h"

#include <signal.h>

#include "tool/sandbox_command.h"
#include "tool/sandbox_fixture.h"

#define SANDBOXED(f) \
    CLEANUP(fixture_done) struct fixture f; \
    fixture_open(&f); \
    if (!fixture_can_run()) \
        return

/* Starts and follows, as whoever keeps a command does. */
struct keeper {
    struct fixture         *f;
    const char             *command;
    struct terminal_size    terminal;
    struct waiters          begun;
    struct sandbox_command *running;
    struct sandbox_outcome  outcome;
    struct fibers           fibers;
};

static enum err keep(void *arg)
{
    struct keeper *k = arg;
    CLEANUP(sandbox_command_freep) struct sandbox_command *c = NULL;
    struct sandbox_job job = {
        .arena = k->f->arena, .workspace = k->f->workspace, .command = k->command, .limits = k->f->limits,
        .input_later = true, .terminal = k->terminal,
    };

    TRY(sandbox_start(&job, &c));
    k->running = c;
    wake_all(&k->begun);
    enum err e = sandbox_follow(c, &k->outcome);

    k->running = NULL;
    return e;
}

static void keeper_start(struct keeper *k)
{
    fibers_spawn(&k->fibers, "keeper", keep, k);
    while (!k->running)
        CHECK_OK(wait_on(&k->begun, "a command's start"));
}

static void keeper_done(struct keeper *k) { fibers_done(&k->fibers); }

static void wait_for(struct keeper *k, const char *text)
{
    while (k->running && str_find(capture_text(sandbox_output(k->running), k->f->arena), str_from(text)) == STR_NONE)
        CHECK_OK(wait_on(sandbox_news(k->running), "a command's words"));
    if (!k->running)
        test_failed(__FILE__, __LINE__, "it ended without \"%s\": %.*s", text, STR(k->outcome.output));
}

static void say(struct keeper *k, const char *text)
{
    str rest = str_from(text);

    CHECK_OK(sandbox_write(k->running, &rest));
    CHECK_INT(rest.len, 0);
}

TEST(a_command_is_talked_to_while_it_runs)
{
    SANDBOXED(f);
    CLEANUP(keeper_done) struct keeper k = { .f = &f, .command = "echo ready; while read -r x; do echo \"<$x>\"; done; echo over" };

    keeper_start(&k);
    wait_for(&k, "ready\n");
    say(&k, "one\n");
    wait_for(&k, "<one>\n");
    say(&k, "two\n");
    wait_for(&k, "<two>\n");
    sandbox_close_input(k.running);
    CHECK_OK(fibers_wait(&k.fibers));
    CHECK_STR(k.outcome.output, "ready\n<one>\n<two>\nover\n");
    CHECK_INT(k.outcome.exit_code, 0);
}

TEST(a_command_that_does_not_read_takes_what_fits_and_its_writer_is_free_again)
{
    SANDBOXED(f);
    CLEANUP(keeper_done) struct keeper k = { .f = &f, .command = "echo ready; sleep 999" };
    CLEANUP(buf_done) struct buf much = { 0 };

    for (int i = 0; i < 300 << 10; i++)
        buf_add_char(&much, 'x');
    keeper_start(&k);
    wait_for(&k, "ready\n");
    str rest = buf_str(&much);
    struct deadline d;

    deadline_set(&d, 200);
    enum err e = sandbox_write(k.running, &rest);

    deadline_clear(&d);
    CHECK_ERR(e, ERR_TIMEOUT);
    CHECK(rest.len > 0 && rest.len < much.len);
    sandbox_close_input(k.running);
    CHECK_ERR(sandbox_write(k.running, &rest), ERR_CONFLICT);
}

TEST(a_signal_reaches_the_command_and_not_only_what_holds_it)
{
    SANDBOXED(f);
    CLEANUP(keeper_done) struct keeper k = { .f = &f, .command = "trap 'echo told; exit 3' TERM; echo ready; while :; do sleep 0.1; done" };

    keeper_start(&k);
    wait_for(&k, "ready\n");
    CHECK_OK(sandbox_signal(k.running, SIGTERM));
    CHECK_OK(fibers_wait(&k.fibers));
    CHECK_INT(k.outcome.exit_code, 3);
    CHECK(str_find(k.outcome.output, S("told\n")) != STR_NONE);
}

TEST(a_killed_command_ends_whatever_it_thinks_of_it)
{
    SANDBOXED(f);
    CLEANUP(keeper_done) struct keeper k = { .f = &f, .command = "trap '' TERM HUP INT; echo ready; setsid sleep 999 & sleep 999" };

    keeper_start(&k);
    wait_for(&k, "ready\n");
    CHECK_OK(sandbox_signal(k.running, SIGTERM));
    CHECK_OK(fiber_sleep(100));
    CHECK(k.running != NULL);
    CHECK_OK(sandbox_signal(k.running, SIGKILL));
    CHECK_OK(fibers_wait(&k.fibers));
    CHECK(!k.outcome.timed_out);
}

TEST(a_terminal_is_the_commands_own_with_its_size_and_its_control_characters)
{
    SANDBOXED(f);
    CLEANUP(keeper_done) struct keeper k = {
        .f = &f, .terminal = { 100, 30 },
        .command = "trap 'over=1; echo interrupted' INT; stty size; echo $TERM; printf '\\033[1mbold\\033[0m\\n'; test -t 1 && echo terminal; "
                   "echo to it > /dev/tty; read -r x; echo \"<$x>\"; until test $over; do sleep 0.1; done; cat; echo over",
    };

    keeper_start(&k);
    wait_for(&k, "30 100\nxterm-256color\nbold\nterminal\nto it\n");
    say(&k, "typed\n");
    wait_for(&k, "typed\n<typed>\n");     /* it echoes, as terminals do */
    say(&k, "\003");
    wait_for(&k, "interrupted\n");
    say(&k, "line\n");
    wait_for(&k, "line\nline\n");
    sandbox_close_input(k.running);
    CHECK_OK(fibers_wait(&k.fibers));
    CHECK(str_ends(k.outcome.output, S("over\n")));
}

TEST(a_signal_on_a_terminal_is_for_its_foreground)
{
    SANDBOXED(f);
    CLEANUP(keeper_done) struct keeper k = { .f = &f, .terminal = { 80, 24 }, .command = "trap 'echo told; exit 5' USR1; echo ready; while :; do sleep 0.1; done" };

    keeper_start(&k);
    wait_for(&k, "ready\n");
    CHECK_OK(sandbox_signal(k.running, SIGUSR1));
    CHECK_OK(fibers_wait(&k.fibers));
    CHECK_INT(k.outcome.exit_code, 5);
}

TEST(not_even_on_its_own_terminal_does_a_command_type_for_others)
{
    SANDBOXED(f);
    CLEANUP(keeper_done) struct keeper k = {
        .f = &f, .terminal = { 80, 24 },
        .command = "python3 -c 'import fcntl, termios\n"
                   "try: fcntl.ioctl(0, termios.TIOCSTI, b\"x\"); print(\"GOT IN\")\n"
                   "except PermissionError: print(\"refused\")'",
    };

    keeper_start(&k);
    CHECK_OK(fibers_wait(&k.fibers));
    CHECK_STR(k.outcome.output, "refused\n");
}
