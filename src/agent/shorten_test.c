// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include "agent/shorten.h"

TEST(what_is_long_is_cut_to_its_head_and_tail)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    str text = str_from(arena_printf(a, "begin%0500dend", 0));

    CHECK(str_eq(shorten_text(a, text, 500), text));        /* the line would be longer than what it saves */
    str cut = shorten_text(a, text, 100);

    CHECK(str_starts(cut, S("begin")) && str_ends(cut, S("end")));
    CHECK(str_find(cut, S("... 408 bytes left out ...")) != STR_NONE);
    CHECK(str_eq(cut, shorten_text(a, text, 100)));
}

TEST(arguments_stay_json_when_they_are_cut)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(json_decrefp) json_t *j = NULL;
    struct tool_call calls[] = {
        { S("1"), S("write_file"), str_from(arena_printf(a, "{\"path\":\"x\",\"content\":\"%0900d\",\"n\":[\"%0900d\"],\"k\":1}", 0, 1)) },
        { S("2"), S("x"), S("{}") },
        { S("3"), S("x"), str_from(arena_printf(a, "{\"cut off\":\"%0900d", 0)) },
    };
    struct chat_message m = { .role = ROLE_ASSISTANT, .text = str_from(arena_printf(a, "%0900d", 0)), .calls = calls, .n_calls = 3 };

    shorten_message(a, &m, 100);
    CHECK_INT(m.text.len, 900);
    CHECK_OK(json_parse(m.calls[0].arguments, &j));
    CHECK_STR(json_text_str(j, "path"), "x");
    CHECK_INT(json_int(j, "k", 0), 1);
    CHECK(str_find(json_text_str(j, "content"), S("bytes left out")) != STR_NONE);
    CHECK(m.calls[0].arguments.len < 400);
    CHECK_STR(m.calls[1].arguments, "{}");
    CHECK(str_starts(m.calls[2].arguments, S("{\"not_json\":")));
}
