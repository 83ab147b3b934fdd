// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include "agent/loop_guard.h"

/* Each letter a call, with the result behind it; '?' before it: the tool does not exist.  "." nothing, "t" tell, "s" stop. */
static void verdicts(const char *calls, unsigned repeats, char *out)
{
    struct loop_guard g = { .repeats = repeats };

    for (; *calls; out++) {
        bool unknown = *calls == '?';
        const char *at = unknown ? calls + 1 : calls;
        struct tool_call c = { S("id"), str_of(at, 1), S("{}") };
        enum loop_verdict v = unknown ? loop_guard_add_unknown(&g, &c, str_of(at + 1, 1)) : loop_guard_add(&g, &c, str_of(at + 1, 1));

        *out = ".ts"[v];
        calls = at + 2;
    }
    *out = 0;
}

TEST(a_turn_that_goes_in_circles_is_told_and_then_stopped)
{
    static const struct { const char *calls; unsigned repeats; const char *want; } cases[] = {
        { "a1a1a1a1a1",         3, "..tts" },       /* the same call, the same result */
        { "a1a2a3a4a5",         3, "....." },       /* the result changes */
        { "a1b1c1d1e1",         3, "....." },       /* the call does */
        { "a1b1a1b1a1b1a1b1",   3, ".....ttt" },    /* ping-pong */
        { "a1b1c1a1b1c1a1b1c1", 3, "........t" },   /* of three */
        { "a1a1b1a1a1c1a1a1",   3, "........" },    /* something new in between each time: it gets on */
        { "?a1?b1?c1?d1?e1",    3, "..tts" },       /* tools that do not exist */
        { "?a1?b1c1?d1?e1",     3, "....." },
        { "a1a1a1a1a1a1",       0, "......" },
        { "a1a1a1a1",           2, ".tts" },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        char got[16];

        verdicts(cases[i].calls, cases[i].repeats, got);
        CHECK_STR(str_from(got), cases[i].want);
    }
}

TEST(only_so_much_is_remembered)
{
    struct loop_guard g = { .repeats = 2 };

    for (int i = 0; i < 10 * LOOP_REMEMBERED; i++) {
        char result[16];

        snprintf(result, sizeof result, "%d", i);
        CHECK(loop_guard_add(&g, &(struct tool_call){ S("id"), S("x"), S("{}") }, str_from(result)) == LOOP_NONE);
    }
}
