// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include "config/config.h"
#include "runtime/failure.h"
#include "tool/attempt.h"
#include "tool/desk.h"
#include "tool/registry.h"

static struct { int flaky, broken, once; int fail; char told[200]; bool is_over; } seen;

static enum err flaky_run(const struct tool_context *cx, const json_t *arguments, struct tool_result *out)
{
    (void)cx;
    (void)arguments;
    if (seen.flaky++ < seen.fail)
        return failed(ERR_NET, "no connection");
    *out = (struct tool_result){ .text = S("fine") };
    return OK;
}

static enum err broken_run(const struct tool_context *cx, const json_t *arguments, struct tool_result *out)
{
    (void)cx;
    (void)arguments;
    seen.broken++;
    *out = (struct tool_result){ .text = S("busy"), .is_error = true, .transient = true };
    return OK;
}

static enum err once_run(const struct tool_context *cx, const json_t *arguments, struct tool_result *out)
{
    (void)cx;
    (void)arguments;
    (void)out;
    seen.once++;
    return failed(ERR_NET, "gone");
}

#define NO_ARGUMENTS .schema = "{\"type\":\"object\",\"properties\":{}}", .description = "x", .risk = RISK_READ
static const struct tool flaky = { .name = "flaky", NO_ARGUMENTS, .repeatable = true, .run = flaky_run };
static const struct tool broken = { .name = "broken", NO_ARGUMENTS, .repeatable = true, .run = broken_run };
static const struct tool once = { .name = "once", NO_ARGUMENTS, .run = once_run };

static void failed_event(void *arg, const char *key, const char *why)
{
    (void)arg;
    snprintf(seen.told, sizeof seen.told, "%s: %s", key, why);
}

static void worked_event(void *arg, const char *key)
{
    (void)arg;
    (void)key;
    seen.is_over = true;
}

TEST(a_call_is_made_again_only_where_that_helps_and_harms_nobody)
{
    DESK(d);
    static const struct { const struct tool *tool; int fail, runs; enum err want; const char *told; } cases[] = {
        { &flaky, 2, 3, OK, "" },
        { &flaky, 9, 3, ERR_NET, "tool flaky: no connection" },
        { &broken, 0, 3, OK, "tool broken: busy" },
        { &once, 0, 1, ERR_NET, "tool once: gone" },
    };

    failure_observe(&(struct failure_observer){ failed_event, worked_event, NULL });
    CHECK_OK(config_load_for_test(d.f.root, (const char *const[]){ "tools.backoff=1ms", NULL }));
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        struct tool_result r;

        memset(&seen, 0, sizeof seen);
        seen.fail = cases[i].fail;
        CHECK_ERR(tool_attempt(&d.cx, cases[i].tool, NULL, &r), cases[i].want);
        CHECK_INT(seen.flaky + seen.broken + seen.once, cases[i].runs);
        CHECK_STR(str_from(seen.told), cases[i].told);
        CHECK(seen.is_over == (cases[i].told[0] == '\0'));
    }
    failure_observe(NULL);
}

/* Names that tools of an upper floor have: they are switched on, and not of this folder. */
static struct tool first = { .name = "sessions", NO_ARGUMENTS, .repeatable = true, .run = broken_run };
static struct tool second = { .name = "spawn_agent", NO_ARGUMENTS, .run = flaky_run };
static struct tool picky = {
    .name = "send_message", .schema = "{\"type\":\"object\",\"required\":[\"to\"]}", .description = "x", .risk = RISK_READ, .run = flaky_run,
};

TEST(an_alternative_answers_for_a_tool_that_failed_for_good)
{
    DESK(d);
    static const struct tool *const tools[] = { &first, &second, &picky };
    static const struct { const char *option, *want; } cases[] = {
        { "tools.fallback={sessions: spawn_agent}", "[sessions failed; spawn_agent answers instead (tools.fallback)]\nfine" },
        { "tools.fallback={sessions: send_message}", "busy" },        /* it does not take these arguments */
        { "tools.fallback={sessions: sessions}", "busy" },
        { "tools.fallback={exec: spawn_agent}", "busy" },
    };

    tools_register(tools, N_ELEMENTS(tools));
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CHECK_OK(config_load_for_test(d.f.root, (const char *const[]){ "tools.backoff=1ms", cases[i].option, NULL }));
        memset(&seen, 0, sizeof seen);
        CHECK_STR(desk_call(&d, "sessions", "{}").text, cases[i].want);
        CHECK_INT(seen.broken, 3);
    }
    first.name = second.name = picky.name = "gone";     /* the registry keeps them; other tests must not find them */
}
