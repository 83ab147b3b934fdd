// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include "base/utf8.h"

/* Malformed sequences after RFC 3629 and the Unicode standard, table 3-7; repaired as its section 3.9 recommends. */
static const struct { const char *in; bool valid, cut_short; const char *repaired; } samples[] = {
    { "", true, false, "" },
    { "plain", true, false, "plain" },
    { "\x7f", true, false, "\x7f" },
    { "\xc2\x80", true, false, "\xc2\x80" },
    { "\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf", true, false, "\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf" },
    { "\xed\x9f\xbf\xee\x80\x80", true, false, "\xed\x9f\xbf\xee\x80\x80" },
    { "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", true, false, "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf" },
    { "\x80", false, false, "\xef\xbf\xbd" },
    { "\xbf" "a", false, false, "\xef\xbf\xbd" "a" },
    { "\xc0\xaf", false, false, "\xef\xbf\xbd\xef\xbf\xbd" },
    { "\xc1\xbf", false, false, "\xef\xbf\xbd\xef\xbf\xbd" },
    { "\xe0\x9f\xbf", false, false, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
    { "\xed\xa0\x80", false, false, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
    { "\xf0\x8f\xbf\xbf", false, false, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
    { "\xf4\x90\x80\x80", false, false, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
    { "\xf5\x80", false, false, "\xef\xbf\xbd\xef\xbf\xbd" },
    { "\xff", false, false, "\xef\xbf\xbd" },
    { "a\xc3", false, true, "a\xef\xbf\xbd" },
    { "a\xe4\xbd", false, true, "a\xef\xbf\xbd" },
    { "a\xf0\x9f\x98", false, true, "a\xef\xbf\xbd" },
    { "\xe4\xbd" "a", false, false, "\xef\xbf\xbd" "a" },
    { "\xe4\xbd\xc3", false, false, "\xef\xbf\xbd\xef\xbf\xbd" },
    { "\xff\xc3", false, false, "\xef\xbf\xbd\xef\xbf\xbd" },
};

TEST(malformed_text_is_known_and_repaired)
{
    for (size_t i = 0; i < N_ELEMENTS(samples); i++) {
        CLEANUP(buf_done) struct buf repaired = {0};
        str s = str_from(samples[i].in);

        CHECK_INT(utf8_valid(s), samples[i].valid);
        CHECK_INT(utf8_cut_short(s), samples[i].cut_short);
        utf8_add_repaired(&repaired, s);
        CHECK_STR(buf_str(&repaired), samples[i].repaired);
        CHECK(utf8_valid(buf_str(&repaired)));
    }
}

TEST(a_stream_is_judged_alike_however_it_is_cut)
{
    for (size_t i = 0; i < N_ELEMENTS(samples); i++) {
        str s = str_from(samples[i].in);

        for (size_t cut = 0; cut <= s.len; cut++) {
            struct utf8_stream u = {0};
            bool fed = utf8_feed(&u, str_take(s, cut)) && utf8_feed(&u, str_skip(s, cut));

            CHECK_INT(fed, samples[i].valid || samples[i].cut_short);
            CHECK_INT(fed && utf8_feed_ended(&u), samples[i].valid);
        }
    }
}

TEST(every_character_is_written_and_read_back)
{
    for (uint32_t ch = 0; ch <= 0x110000; ch++) {
        CLEANUP(buf_done) struct buf b = {0};
        bool exists = ch < 0xd800 || (ch > 0xdfff && ch < 0x110000);
        uint32_t got = 0;

        utf8_add(&b, ch);
        CHECK_INT(utf8_next(buf_str(&b), &got), b.len);
        CHECK_INT(got, exists ? ch : 0xfffd);
        CHECK(utf8_valid(buf_str(&b)));
    }
}

TEST(lengths_are_counted_in_characters_or_in_utf16)
{
    static const struct { const char *in; size_t characters, utf16; } cases[] = {
        { "", 0, 0 }, { "abc", 3, 3 }, { "h\xc3\xa9", 2, 2 }, { "\xe4\xbd\xa0", 1, 1 }, { "\xf0\x9f\x98\x80!", 2, 3 },
        { "a\xff\xff", 3, 3 },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CHECK_INT(utf8_length(str_from(cases[i].in)), cases[i].characters);
        CHECK_INT(utf8_length_utf16(str_from(cases[i].in)), cases[i].utf16);
    }
}

TEST(taking_cuts_no_character_and_always_gets_on)
{
    static const struct { const char *in; size_t max, want; } cases[] = {
        { "abc", 2, 2 }, { "abc", 9, 3 }, { "abc", 0, 0 },
        { "a\xc3\xa9", 2, 1 }, { "a\xc3\xa9", 3, 3 },
        { "a\xf0\x9f\x98\x80", 4, 1 }, { "a\xf0\x9f\x98\x80", 2, 1 }, { "\xf0\x9f\x98\x80", 3, 0 },
        { "\x80\x80\x80\x80\x80\x80", 4, 4 },   /* stray bytes: not an empty prefix for ever */
        { "\xf0\x9f\x98" "aaaa", 2, 2 },
        { "ab\xc3", 2, 2 },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++)
        CHECK_INT(utf8_take(str_from(cases[i].in), cases[i].max).len, cases[i].want);
}
