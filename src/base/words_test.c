// SPDX-License-Identifier: Apache-2.0
#include "base/words.h"

#include "base/buf.h"
#include "base/test.h"

TEST(words_are_folded_and_chinese_is_cut_in_twos)
{
    static const struct { const char *in, *want; } cases[] = {
        { "Deploy the API-Server, v2.1!", "deploy|the|apiserver|api|server|v2.1|v2|1|" },
        { "api_server ApiServer apiServers", "apiserver|api|server|apiserver|api|server|apiserver|api|server|" },
        { "10.0.0.5:80 bob@x.org", "10.0.0.5:80|10|0|0|5|80|bob@x.org|bob|x|org|" },
        { "HTTPServer URLs iPhone B2B", "httpserver|http|server|url|iphon|i|phone|b2b|b2|b|" },
        { "the user's, Bob\u2019s; don't 'so'", "the|user|bob|don|t|so|" },
        { "servers were caching queries.", "server|were|cach|queri|" },
        { "_a--b- .c. -1", "a|b|c|1|" },
        { "Caf\u00e9 STRASSE Stra\u00dfe", "cafe|strass|strass|" },
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
        struct words w = { .text = str_from(cases[i].in), .indexed = true };
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
    struct words w = { .text = str_of(text, sizeof text), .indexed = true };
    struct word word;

    memset(text, 'x', sizeof text);
    CHECK(words_next(&w, &word));
    CHECK_INT(word.folded.len, WORD_MAX);
    CHECK_INT(word.end, sizeof text);
    CHECK(!words_next(&w, &word));
}

TEST(a_whole_that_is_too_long_is_only_its_parts)
{
    struct words w = { .text = S("abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwxyz"), .indexed = true };
    struct word word;
    size_t n = 0;

    for (; words_next(&w, &word); n++) {
        CHECK(!word.is_whole);
        CHECK_INT(word.folded.len, 26);
    }
    CHECK_INT(n, 3);
}

TEST(just_words_keep_their_endings_and_have_no_wholes)
{
    CLEANUP(buf_done) struct buf got = { 0 };
    struct words w = { .text = S("Servers at api-Server's 10.0 getName 猫") };
    struct word word;

    while (words_next(&w, &word)) {
        CHECK(!word.is_whole);
        buf_addf(&got, "%.*s|", STR(word.folded));
    }
    CHECK_STR(buf_str(&got), "servers|at|api|server|s|10|0|getname|猫|");
}
