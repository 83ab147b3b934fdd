// SPDX-License-Identifier: Apache-2.0
#include "model/words.h"

#include "base/test.h"

TEST(words_of_a_server_fit_one_line)
{
    static const struct { const char *in, *want; } cases[] = {
        { "model not loaded",                                        "model not loaded" },
        { "  two\r\n\tlines \x01 and\x1b[31m more\n",                "two lines and [31m more" },
        { "<html><head><title>502 Bad\nGateway</title></head></html>", "502 Bad Gateway" },
        { "<!DOCTYPE html><HTML><body><h1>Nope</h1><p>Go away</p>",  "Nope Go away" },
        { "<title>never closed",                                     "never closed" },
        { "",                                                        "" },
        { "bad \xff utf",                                            "bad \xEF\xBF\xBD utf" },
    };
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(buf_done) struct buf b = {0};

        words_of_page(&b, str_from(cases[i].in));
        CHECK_STR(buf_str(&b), cases[i].want);
    }
}

TEST(words_that_are_too_many_are_shortened_between_characters)
{
    CLEANUP(buf_done) struct buf in = {0}, out = {0};

    for (int i = 0; i < 1000; i++)
        buf_add(&in, S("\xE4\xBD\xA0"));
    words_shorten(&out, buf_str(&in));
    CHECK_INT(out.len, WORDS_MAX + 3);
    CHECK(str_ends(buf_str(&out), S("\xE4\xBD\xA0...")));
}
