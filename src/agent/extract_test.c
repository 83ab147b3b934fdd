// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include "agent/extract.h"
#include "base/utf8.h"

TEST(a_text_is_cut_into_sentences_in_either_language)
{
    static const struct { const char *text, *want; } cases[] = {
        { "One. Two! Three?", "One.|Two!|Three?" },
        { "Dr. Smith paid 3.50 at J. Doe's, e.g. for tea. He left.", "Dr. Smith paid 3.50 at J. Doe's, e.g. for tea.|He left." },
        { "He said \"go.\" She went (fast.) Home...", "He said \"go.\"|She went (fast.)|Home..." },
        { "今天下雨。我们不去了！为什么？因为“下雨。”好吧", "今天下雨。|我们不去了！|为什么？|因为“下雨。”|好吧" },
        { "He uses GLM-4.5。然后呢", "He uses GLM-4.5。|然后呢" },
        { "# Title\nA line\ngoes on.\n\n- item one\n- item two\n1. first\n", "# Title|A line\ngoes on.|- item one|- item two|1. first" },
        { "no end", "no end" }, { "", "" }, { " \n\n \n", "" }, { "see example.org/a.b and v1.2", "see example.org/a.b and v1.2" },
    };
    CLEANUP(arena_freep) struct arena *a = arena_new();

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(buf_done) struct buf b = { 0 };
        struct sentences s;

        extract_sentences(a, str_from(cases[i].text), &s);
        for (size_t k = 0; k < s.n; k++)
            buf_addf(&b, "%s%.*s", k ? "|" : "", STR(s.text[k]));
        CHECK_STR(buf_str(&b), cases[i].want);
    }
}

static const char *const english =
    "The harbour of Port Anselm was closed on Monday after a cargo ship ran aground at its entrance. "
    "It was a grey morning. Birds sang. "
    "The cargo ship, which carried grain, blocked the harbour entrance for nineteen hours. "
    "People came to look. Somebody sold coffee. "
    "Tugs freed the cargo ship at high tide, and the harbour opened again on Tuesday. "
    "Nobody knows the name of the dog that barked. "
    "The harbour authority now wants a pilot aboard every cargo ship at the entrance.";

static const char *const chinese =
    "周一，一艘货船在港口入口处搁浅，港口因此关闭。那天早上天色灰暗。鸟儿在叫。"
    "这艘货船装着粮食，把港口入口堵了十九个小时。有人来看热闹。有人卖咖啡。"
    "拖船在涨潮时把货船拖出，港口于周二重新开放。没有人知道那条狗叫什么。"
    "港口管理局现在要求每艘货船在入口处都有引航员。";

TEST(the_sentences_that_say_most_are_chosen_in_their_order)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    str e = extract_summary(a, str_from(english), 3, 10000), c = extract_summary(a, str_from(chinese), 3, 10000);

    CHECK(str_starts(e, S("The harbour of Port Anselm was closed on Monday")));
    CHECK(str_find(e, S("dog")) == STR_NONE && str_find(e, S("coffee")) == STR_NONE && str_find(e, S("Birds")) == STR_NONE);
    CHECK(str_starts(c, S("周一，一艘货船在港口入口处搁浅，港口因此关闭。\n")));
    CHECK(str_find(c, S("鸟儿")) == STR_NONE && str_find(c, S("咖啡")) == STR_NONE && str_find(c, S("狗")) == STR_NONE);
    CHECK_STR(extract_summary(a, str_from(english), 3, 10000), e.p);
}

TEST(a_summary_is_never_longer_than_wanted)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    static const size_t limits[] = { 0, 1, 50, 100, 200, 100000 };

    for (size_t i = 0; i < N_ELEMENTS(limits); i++)
        for (size_t n = 0; n < 12; n++) {
            str s = extract_summary(a, str_from(english), n, limits[i]), line;
            size_t lines = 0;

            CHECK(s.len <= limits[i]);
            for (str rest = s; s.len && str_split(&rest, '\n', &line); lines++)
                CHECK(str_find(str_from(english), line) != STR_NONE);
            CHECK(lines <= n);
        }
    CHECK_STR(extract_summary(a, S("Word."), 3, 100), "");      /* says nothing about anything */
}

TEST(a_long_text_without_an_end_takes_no_time)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(buf_done) struct buf b = { 0 };

    for (int i = 0; i < 300000; i++)
        buf_addf(&b, i % 7 ? "word%d " : "字%d", i % 1000);
    CHECK(extract_summary(a, buf_str(&b), 5, 100000).len > 0);
}
