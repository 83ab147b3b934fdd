// SPDX-License-Identifier: Apache-2.0
#include "base/words.h"

#include "base/buf.h"
#include "base/test.h"

TEST(words_are_folded_and_chinese_is_cut_in_twos)
{
    static const struct { const char *in, *want; } cases[] = {
        { "Deploy the API-Server, v2.1!", "deploy|the|api|server|v2|1|" },
        { "Caf\u00e9 STRASSE Stra\u00dfe", "cafe|strasse|strasse|" },
        { "\uff21\uff22\uff23\uff11", "abc1|" },
        { "我喜欢猫", "我喜|喜欢|欢猫|猫|" },
        { "用docker部署", "用|docker|部署|署|" },
        { "猫", "猫|" },
        { "a\xffz \xe4\xb8", "a|z|" },
        { "cafe\u0301 x", "cafe|x|" },
        { "", "" },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(buf_done) struct buf got = { 0 };
        struct words w = { .text = str_from(cases[i].in) };
        struct word word;

        while (words_next(&w, &word)) {
            CHECK(word.start < word.end && word.end <= w.text.len);
            buf_addf(&got, "%.*s|", STR(word.folded));
        }
        CHECK_STR(buf_str(&got), cases[i].want);
    }
}

TEST(a_long_word_is_cut)
{
    char text[1000];
    struct words w = { .text = str_of(text, sizeof text) };
    struct word word;

    memset(text, 'x', sizeof text);
    CHECK(words_next(&w, &word));
    CHECK_INT(word.folded.len, WORD_MAX);
    CHECK_INT(word.end, sizeof text);
    CHECK(!words_next(&w, &word));
}
