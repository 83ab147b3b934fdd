// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"
#include "domain/provider.h"

static void add_shown(void *arg, str text)
{
    buf_add(arg, text);
}

TEST(thoughts_are_told_from_the_text_wherever_it_is_cut)
{
    static const struct { const char *in, *reasoning, *text; } cases[] = {
        { "<think>Hm.</think>Yes.",               "Hm.",            "Yes." },
        { "\n<think>\nHm. <b>\n</think>\n\n Yes.", "\nHm. <b>\n", "Yes." },
        { "<think></think>Yes.",                  "",               "Yes." },
        { "<think>never ends </thin",             "never ends </thin", "" },
        { "<think>a</think>b<think>c</think>",    "a",              "b<think>c</think>" },
        { "Yes <think>no</think>",                "",               "Yes <think>no</think>" },
        { "<thi",                                 "",               "<thi" },
        { "<thinking aloud>",                     "",               "<thinking aloud>" },
        { "  blanks stay",                        "",               "  blanks stay" },
        { "<think>你</</think>好",                 "你</",            "好" },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        str in = str_from(cases[i].in);

        for (size_t cut = 0; cut <= in.len; cut++) {
            CLEANUP(arena_freep) struct arena *a = arena_new();
            CLEANUP(buf_done) struct buf shown = {0};
            CLEANUP(completion_done) struct completion c = { .arena = a, .on_delta = add_shown, .arg = &shown };
            struct reply r;

            CHECK_OK(completion_thoughtful_text(&c, str_take(in, cut)));
            CHECK_OK(completion_thoughtful_text(&c, str_skip(in, cut)));
            completion_stop(&c, STOP_LENGTH);
            CHECK_OK(completion_reply(&c, &r));
            CHECK_STR(r.reasoning, cases[i].reasoning);
            CHECK_STR(r.text, cases[i].text);
            CHECK_STR(buf_str(&shown), cases[i].text);
        }
    }
}

TEST(thoughts_have_a_limit_like_text)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(completion_done) struct completion c = { .arena = a, .max_text = 10 };

    CHECK_OK(completion_thoughtful_text(&c, S("<think>0123456789")));
    CHECK_ERR(completion_thoughtful_text(&c, S("x")), ERR_LIMIT);
}
