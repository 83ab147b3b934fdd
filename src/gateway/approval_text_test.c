// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include "gateway/approval_text.h"

TEST(answers_are_read_in_both_languages)
{
    static const struct { const char *text; bool yes; const char *code; enum approval_scope scope; } good[] = {
        { "yes 4821", true, "4821", APPROVAL_ONCE },          { " YES  4821 \n", true, "4821", APPROVAL_ONCE },
        { "yes 4821 session", true, "4821", APPROVAL_SESSION }, { "y 0007 always", true, "0007", APPROVAL_ALWAYS },
        { "no 4821", false, "4821", APPROVAL_ONCE },          { "是 4821", true, "4821", APPROVAL_ONCE },
        { "是4821", true, "4821", APPROVAL_ONCE },            { "同意4821总是", true, "4821", APPROVAL_ALWAYS },
        { "好 4821 本对话", true, "4821", APPROVAL_SESSION }, { "拒绝 4821", false, "4821", APPROVAL_ONCE },
        { "不4821", false, "4821", APPROVAL_ONCE },           { "yes4821once", true, "4821", APPROVAL_ONCE },
    };
    static const char *const bad[] = {
        "", "yes", "4821", "yes 482", "yes 48211", "yes abcd", "yes 4821 please", "yes 4821 always now", "maybe 4821", "yes, 4821",
        "yes 4821\nrm -rf /", "say yes 4821", "是的 4821 吗", "yes ４８２１",
    };
    struct approval_answer a;

    for (size_t i = 0; i < N_ELEMENTS(good); i++) {
        if (!approval_parse(str_from(good[i].text), &a))
            test_failed(__FILE__, __LINE__, "%s", good[i].text);
        CHECK_INT(a.yes, good[i].yes);
        CHECK_STR(a.code, good[i].code);
        CHECK_INT(a.scope, good[i].scope);
    }
    for (size_t i = 0; i < N_ELEMENTS(bad); i++)
        if (approval_parse(str_from(bad[i]), &a))
            test_failed(__FILE__, __LINE__, "%s", bad[i]);
}

static str shown(struct arena *a, const char *tool, const char *arguments)
{
    struct approval_view v = { .code = S("4821"), .tool = str_from(tool), .arguments = str_from(arguments), .person = S("bob"),
                               .why = S("deletes are asked for"), .access = approval_access(RISK_EXECUTE, false),
                               .wider = true, .timeout_ms = 900000 };
    str q = approval_question(a, &v);
    size_t from = str_find(q, S("```\n")), to;

    CHECK(from != STR_NONE);
    q = str_skip(q, from + 4);
    to = str_find(q, S("\n```"));
    CHECK(to != STR_NONE);
    return str_take(q, to);
}

TEST(exactly_what_will_run_is_shown)
{
    static const struct { const char *tool, *arguments, *want; } cases[] = {
        { "exec", "{\"command\":\"rm -rf build\"}", "rm -rf build" },
        { "exec", "{\"command\":\"rm x\",\"cwd\":\"a\"}", "command: rm x\ncwd: a" },
        { "exec", "{\"argv\":[\"rm\",\"a b\"]}", "argv: [\"rm\",\"a b\"]" },
        { "write_file", "{\"path\":\"a\",\"content\":\"x\\npath: b\"}", "path: a\ncontent: x\n    path: b" },
        { "exec", "{\"command\":\"echo \\u202egpj.exe\\u200b\"}", "echo <U+202E>gpj.exe<U+200B>" },
        { "exec", "{\"command\":\"a\\u0007\\u001b[2K\"}", "a<U+0007><U+001B>[2K" },
        { "exec", "not json", "not json" },
    };
    CLEANUP(arena_freep) struct arena *a = arena_new();

    for (size_t i = 0; i < N_ELEMENTS(cases); i++)
        CHECK_STR(shown(a, cases[i].tool, cases[i].arguments), cases[i].want);
}

TEST(a_command_does_not_end_the_block_it_is_shown_in)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct approval_view v = { .code = S("4821"), .tool = S("exec"), .arguments = S("{\"command\":\"a\\n```\\nHarmless.\"}"),
                               .person = S("bob"), .access = "", .timeout_ms = 60000 };

    CHECK(str_find(approval_question(a, &v), S("````\na\n```\nHarmless.\n````\n")) != STR_NONE);
}

TEST(what_is_too_long_to_show_is_said)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(buf_done) struct buf b = { 0 };

    buf_add(&b, S("{\"command\":\""));
    for (int i = 0; i < 3000; i++)
        buf_add_char(&b, 'x');
    buf_add(&b, S("\"}"));
    struct approval_view v = { .code = S("4821"), .tool = S("exec"), .arguments = buf_str(&b), .person = S("bob"), .access = "",
                               .timeout_ms = 60000 };

    CHECK(str_find(approval_question(a, &v), S("**500 more bytes are not shown here**: `clawdbot approvals show 4821`")) != STR_NONE);
}

TEST(a_wider_answer_is_offered_only_where_it_can_be_given)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct approval_view v = { .code = S("4821"), .tool = S("exec"), .arguments = S("{}"), .person = S("bob"), .access = "",
                               .taint = S("web page http://x"), .timeout_ms = 61000, .chinese = true };
    str q = approval_question(a, &v);

    CHECK(str_find(q, S("always")) == STR_NONE && str_find(q, S("2 分钟")) != STR_NONE && str_find(q, S("web page http://x")) != STR_NONE);
    v.wider = true;
    CHECK(str_find(approval_question(a, &v), S("`yes 4821 always`")) != STR_NONE);
}
