// SPDX-License-Identifier: Apache-2.0
#include "memory/scope.h"

#include "base/test.h"

TEST(a_scope_is_read_as_it_is_written)
{
    static const struct { const char *text; enum err e; enum scope_kind kind; const char *key; } cases[] = {
        { "user:alice", OK, SCOPE_USER, "alice" },
        { "global", OK, SCOPE_GLOBAL, "" },
        { "agent:", OK, SCOPE_AGENT, "" },
        { "chat:telegram/-100:5/", OK, SCOPE_CHAT, "telegram/-100:5/" },
        { "global:x", ERR_INPUT, SCOPE_USER, "" },
        { "user:", ERR_INPUT, SCOPE_USER, "" },
        { "user", ERR_INPUT, SCOPE_USER, "" },
        { "nobody:x", ERR_INPUT, SCOPE_USER, "" },
        { "", ERR_INPUT, SCOPE_USER, "" },
    };
    CLEANUP(arena_freep) struct arena *a = arena_new();

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        struct scope s = { 0 };

        CHECK_INT(scope_parse(a, str_from(cases[i].text), &s), cases[i].e);
        if (cases[i].e)
            continue;
        CHECK_INT(s.kind, cases[i].kind);
        CHECK_STR(s.key, cases[i].key);
        CHECK_STR(scope_text(a, s), cases[i].text);
    }
}

TEST(no_two_chats_have_the_same_key)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();

    CHECK(!str_eq(scope_chat_key(a, S("a"), S("b/c"), S("")), scope_chat_key(a, S("a/b"), S("c"), S(""))));
    CHECK(!str_eq(scope_chat_key(a, S("a"), S("%2F"), S("")), scope_chat_key(a, S("a"), S("/"), S(""))));
    CHECK_STR(scope_chat_key(a, S("telegram"), S("-42"), S("")), "telegram/-42/");
}
