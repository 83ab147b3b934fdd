// SPDX-License-Identifier: Apache-2.0
/* Commands that live on, and are talked to meanwhile. */
#include "base/test.h"

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
        .arena = k->f->arena, .workspace = k->f->workspace, .command = k->command, .limits = k->f->limits, .input_later = true,
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
    CHECK(k->running != NULL);
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
