// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include "base/utf8.h"
#include "tool/capture.h"

TEST(an_output_keeps_its_head_and_tail_however_it_comes)
{
    static const struct { size_t max; const char *in, *want; } cases[] = {
        { 8, "", "" },
        { 8, "abc", "abc" },
        { 8, "abcdefgh", "abcdefgh" },
        { 8, "abcdefghi", "abcd\n... 1 bytes left out ...\nfghi" },
        { 8, "abcdefghijklmnopqrstuvwxyz", "abcd\n... 18 bytes left out ...\nwxyz" },
        { 9, "abcdefghijklmnopqrstuvwxyz", "abcd\n... 17 bytes left out ...\nvwxyz" },
        { 8, "aaa\xc3\xa4zz", "aaa\xc3\xa4zz" },                        /* a character across both halves */
        { 8, "aaa\xc3\xa4zzzz\xc3\xa4yyy", "aaa\n... 6 bytes left out ...\nyyy" },
        { 8, "a\xff", "a\xef\xbf\xbd" },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        str in = str_from(cases[i].in);

        for (size_t step = 1; step <= in.len + 1; step++) {
            CLEANUP(arena_freep) struct arena *a = arena_new();
            CLEANUP(capture_done) struct capture c = { .max = cases[i].max };

            for (size_t at = 0; at < in.len; at += step)
                capture_add(&c, str_cut(in, at, at + step));
            CHECK_STR(capture_text(&c, a), cases[i].want);
            CHECK_INT(c.total, in.len);
        }
    }
}

TEST(an_output_is_read_page_by_page)
{
    static const struct { size_t max, page; const char *in, *want; } cases[] = {
        { 8, 3, "", "" },
        { 8, 3, "abcdefgh", "abc|def|gh|" },
        { 8, 100, "abcdefgh", "abcdefgh|" },
        { 8, 3, "abcdefghijklmnop", "abc|d|(8)mno|p|" },
        { 9, 100, "abcdefghijklmnop", "abcd|(7)lmnop|" },
        { 8, 4, "ab\xc3\xa4" "cd", "ab\xc3\xa4|cd|" },
        { 8, 3, "ab\xc3\xa4" "cd", "ab|\xc3\xa4" "c|d|" },
        { 8, 5, "abcdefg\xc3\xa4hij", "abcd|(4)hij|" },          /* the cut went through a character */
        { 8, 5, "ab\xc3", "ab|\xef\xbf\xbd|" },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        CLEANUP(capture_done) struct capture c = { .max = cases[i].max };
        CLEANUP(buf_done) struct buf got = { 0 };
        uint64_t at = 0, missing;

        capture_add(&c, str_from(cases[i].in));
        while (at < c.total) {
            str page = capture_page(&c, a, at, cases[i].page, &at, &missing);

            if (missing)
                buf_addf(&got, "(%d)", (int)missing);
            buf_addf(&got, "%.*s|", STR(page));
        }
        CHECK_STR(buf_str(&got), cases[i].want);
    }
}

TEST(an_endless_output_is_kept_in_bounds)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(capture_done) struct capture c = { .max = 1000 };
    char piece[777];

    memset(piece, 0xff, sizeof piece);
    for (int i = 0; i < 10000; i++)
        capture_add(&c, str_of(piece, sizeof piece));
    CHECK_INT(c.total, 7770000);
    CHECK_INT(capture_left_out(&c), 7769000);
    CHECK(capture_text(&c, a).len < 4 * 1000 + 100);
    CHECK(utf8_valid(capture_text(&c, a)));
}
