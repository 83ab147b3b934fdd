// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include "channel/chats.h"
#include "config/config.h"

static void set(const char *chats)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();

    CHECK_OK(config_load_for_test("/nonexistent", (const char *const[]){ arena_printf(a, "chats=%s", chats), NULL }));
}

TEST(the_first_row_that_says_it_counts)
{
    set("[{platform: x, chat: \"7\", answer: all, agent: clerk}, {platform: x, answer: never, mode: rules}]");
    CHECK_OK(chats_check());
    CHECK_INT(chats_answer(S("x"), S("7")), ANSWER_ALL);
    CHECK_INT(chats_answer(S("x"), S("8")), ANSWER_NEVER);
    CHECK_INT(chats_answer(S("y"), S("7")), ANSWER_ADDRESSED);
    CHECK(chats_any_all(S("x")) && !chats_any_all(S("y")));
    CHECK_STR(chats_agent(S("x"), S("7")), "clerk");
    CHECK_STR(chats_agent(S("x"), S("8")), "");
    CHECK_STR(chats_mode(S("x"), S("7")), "rules");
}

TEST(what_is_no_row_is_told_with_its_place)
{
    static const struct { const char *chats, *why; } cases[] = {
        { "{a: b}", "chats: a list of maps" },          { "[x]", "chats[0]: a map is wanted" },
        { "[{platform: x}, {chat: y}]", "chats[1]: platform" }, { "[{platform: x, anser: all}]", "did you mean answer?" },
        { "[{platform: x, answer: some}]", "chats[0].answer: is addressed, all or never" },
        { "[{platform: x, chat: 7}]", "chats[0].chat: a text is wanted" },
        { "[{platform: x, mode: fast}]", "chats[0].mode: is auto, rules or model" },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        set(cases[i].chats);
        CHECK_ERR(chats_check(), ERR_INPUT);
        if (str_find(str_from(failed_text()), str_from(cases[i].why)) == STR_NONE)
            test_failed(__FILE__, __LINE__, "%s: %s", cases[i].chats, failed_text());
    }
    set("[]");
    CHECK_OK(chats_check());
}
