// SPDX-License-Identifier: Apache-2.0
/* exec in the background, and the tool process. */
#include "base/test.h"

#include "config/config.h"
#include "runtime/clock.h"
#include "tool/background.h"
#include "tool/desk.h"

#define RUNNING_DESK(d) \
    DESK(d); \
    if (!fixture_can_run()) \
        return

/* The id in "[p12345 is running, ..." or "[p12345 ended]". */
static const char *id_in(struct desk *d, str text)
{
    str line = NO_STR;

    while (str_split(&text, '\n', &line))
        if (str_starts(line, S("[p")))
            return arena_c(d->f.arena, str_cut(line, 1, 7));
    test_failed(__FILE__, __LINE__, "no id");
    return "";
}

static const char *start(struct desk *d, const char *arguments)
{
    struct tool_result r = desk_call(d, "exec", arguments);

    CHECK(!r.is_error);
    return id_in(d, r.text);
}

static struct tool_result process(struct desk *d, const char *action, const char *id, const char *more)
{
    return desk_call(d, "process", arena_printf(d->f.arena, "{\"action\":\"%s\",\"id\":\"%s\"%s}", action, id, more));
}

#define CHECK_HAS(r, want) \
    do { struct tool_result has_ = (r); if (str_find(has_.text, str_from(want)) == STR_NONE) \
        test_failed(__FILE__, __LINE__, "without \"%s\": %.*s", (want), STR(has_.text)); } while (0)

TEST(a_command_in_the_background_is_read_written_to_and_waited_for)
{
    RUNNING_DESK(d);
    struct tool_result r = desk_call(&d, "exec", "{\"command\":\"echo ready; while read x; do echo got $x; done; exit 4\",\"background\":true}");

    CHECK(str_starts(r.text, S("ready\n[p")));
    CHECK_HAS(r, " is running, ");
    const char *id = id_in(&d, r.text);

    r = process(&d, "read", id, "");
    CHECK(str_starts(r.text, S("[p")));         /* what was shown is not shown again */
    r = process(&d, "write", id, ",\"text\":\"one\\n\"");
    CHECK(str_starts(r.text, S("got one\n[p")));
    CHECK_HAS(process(&d, "read", id, ",\"offset\":0"), "ready\ngot one\n[p");
    CHECK_HAS(process(&d, "list", id, ""), "14 bytes of output (0 new): echo ready;");
    r = process(&d, "write", id, ",\"text\":\"two\\n\",\"close\":true");
    CHECK(str_starts(r.text, S("got two\n[p")));
    CHECK_HAS(process(&d, "wait", id, ""), " ended] [exit status 4 after ");
    CHECK_REFUSES(&d, "process", arena_printf(d.f.arena, "{\"action\":\"write\",\"id\":\"%s\",\"text\":\"x\"}", id), "closed");
    CHECK_HAS(process(&d, "kill", id, ""), " ended] [exit status 4");
}

TEST(a_process_is_killed_first_asked_then_not)
{
    RUNNING_DESK(d);
    const char *polite = start(&d, "{\"command\":\"trap 'echo bye; exit 0' TERM; while :; do sleep 0.1; done\",\"background\":true}");
    const char *deaf = start(&d, "{\"command\":\"trap '' TERM; sleep 999\",\"background\":true}");
    uint64_t began = clock_ms();
    struct tool_result r = process(&d, "kill", polite, "");

    CHECK_HAS(r, "bye\n");
    CHECK_HAS(r, "exit status 0");
    CHECK_HAS(process(&d, "kill", deaf, ",\"signal\":\"TERM\""), " is running");
    CHECK_HAS(process(&d, "kill", deaf, ",\"signal\":\"KILL\""), " ended] ");
    CHECK(clock_ms() - began < 15000);
}

TEST(a_process_has_a_terminal_on_request)
{
    RUNNING_DESK(d);
    const char *id = start(&d, "{\"command\":\"stty size; trap 'echo interrupted' INT; while :; do sleep 0.1; done\",\"background\":true,"
                               "\"terminal\":true,\"columns\":90,\"rows\":20}");

    CHECK_HAS(process(&d, "read", id, ",\"offset\":0"), "20 90\n");
    (void)process(&d, "write", id, ",\"text\":\"\\u0003\"");
    CHECK_HAS(process(&d, "read", id, ",\"offset\":0"), "interrupted\n");
    CHECK_TELLS(&d, "exec", "{\"command\":\"test -t 0 && cat; echo $TERM\",\"terminal\":true,\"stdin\":\"typed\"}", "typedtyped", false);
    CHECK_TELLS(&d, "exec", "{\"command\":\"test -t 0 || cat\",\"stdin\":\"given\",\"background\":true}", "given", false);
}

TEST(nobody_else_sees_a_process)
{
    RUNNING_DESK(d);
    const char *id = start(&d, "{\"command\":\"sleep 999\",\"background\":true}");
    struct tool_context mine = d.cx;

    d.cx.session_id = S("another");
    CHECK_HAS(process(&d, "read", id, ""), "there is no process");
    CHECK_HAS(process(&d, "kill", id, ""), "there is no process");
    CHECK_HAS(process(&d, "list", id, ""), "no processes");
    d.cx = mine;
    d.cx.user = S("somebody else in the group");
    CHECK_HAS(process(&d, "read", id, ""), "there is no process");
    CHECK_HAS(process(&d, "list", id, ""), "no processes");
    d.cx = mine;
    CHECK_HAS(process(&d, "list", id, ""), "sleep 999");
}

TEST(processes_have_a_number)
{
    RUNNING_DESK(d);
    static const char *const sets[] = { "sandbox.background_per_session=2", "sandbox.background_processes=3", NULL };

    CHECK_OK(config_load_for_test(d.f.root, sets));
    const char *first = start(&d, "{\"command\":\"sleep 999\",\"background\":true}");

    start(&d, "{\"command\":\"echo; sleep 999\",\"background\":true}");
    CHECK_REFUSES(&d, "exec", "{\"command\":\"sleep 999\",\"background\":true}", "sandbox.background_per_session");
    CHECK_HAS(process(&d, "kill", first, ""), " ended]");
    start(&d, "{\"command\":\"echo; sleep 999\",\"background\":true}");
    d.cx.session_id = S("another");
    start(&d, "{\"command\":\"echo; sleep 999\",\"background\":true}");
    CHECK_REFUSES(&d, "exec", "{\"command\":\"sleep 999\",\"background\":true}", "sandbox.background_processes");
}

TEST(a_process_has_a_time)
{
    RUNNING_DESK(d);
    CHECK_OK(config_load_for_test(d.f.root, (const char *const[]){ "sandbox.background_wall_time=2s", NULL }));
    const char *id = start(&d, "{\"command\":\"echo; sleep 999\",\"background\":true}");

    CHECK_HAS(process(&d, "wait", id, ""), "[timed out after 2.0 s and was killed]");
}

TEST(of_what_has_ended_the_latest_are_kept)
{
    RUNNING_DESK(d);
    const char *first = start(&d, "{\"command\":\"true\",\"background\":true}"), *last = "";

    for (int i = 0; i < 9; i++)
        last = start(&d, "{\"command\":\"echo last\",\"background\":true}");
    CHECK_HAS(process(&d, "read", first, ""), "there is no process");
    CHECK_HAS(process(&d, "read", last, ",\"offset\":0"), "last\n");
}

static enum err call_exec(void *arg)
{
    desk_call(arg, "exec", "{\"command\":\"touch running; sleep 999\",\"background\":true}");
    return OK;
}

TEST(a_process_outlives_the_turn_that_started_it_and_not_the_gateway)
{
    RUNNING_DESK(d);
    CHECK_OK(fiber_join(fiber_spawn("turn", call_exec, &d)));
    struct tool_result r = process(&d, "list", "", "");

    CHECK_HAS(r, " is running, ");
    background_stop();
    CHECK_HAS(process(&d, "list", "", ""), "no processes");
    CHECK_HAS(process(&d, "read", id_in(&d, r.text), ""), "there is no process");
}

TEST(what_does_not_start_is_told_by_the_call)
{
    RUNNING_DESK(d);
    CHECK_REFUSES(&d, "exec", "{\"background\":true}", "give command");
    CHECK_REFUSES(&d, "exec", "{\"command\":\"x\",\"background\":true,\"cwd\":\"..\"}", "outside");
    CHECK_TELLS(&d, "exec", "{\"argv\":[\"no-such-program\"],\"background\":true}", "no-such-program: No such file", false);
    CHECK_HAS(process(&d, "list", "", ""), "exit status 127");
}
