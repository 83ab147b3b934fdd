// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include <stdlib.h>

#include "base/mem.h"

TEST(parts_of_a_str_never_reach_past_its_end)
{
    static const struct { size_t n; const char *taken, *skipped; } cases[] = {
        { 0, "", "abc" }, { 1, "a", "bc" }, { 3, "abc", "" }, { 4, "abc", "" }, { SIZE_MAX, "abc", "" },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CHECK_STR(str_take(S("abc"), cases[i].n), cases[i].taken);
        CHECK_STR(str_skip(S("abc"), cases[i].n), cases[i].skipped);
    }
    CHECK_STR(str_cut(S("abcdef"), 2, 4), "cd");
    CHECK_STR(str_cut(S("abcdef"), 4, 2), "");
    CHECK(str_skip(NO_STR, 5).p == NULL && str_take(NO_STR, 5).len == 0);
    CHECK(str_from(NULL).p == NULL && str_from(NULL).len == 0);
}

TEST(comparing_looks_at_every_byte_and_the_length)
{
    static const struct { str a, b; int order; bool same_nocase; } cases[] = {
        { { "abc", 3 }, { "abc", 3 }, 0, true },      { { "abc", 3 }, { "ABC", 3 }, 1, true },
        { { "a\0b", 3 }, { "a\0c", 3 }, -1, false },  { { "ab", 2 }, { "abc", 3 }, -1, false },
        { { NULL, 0 }, { "", 0 }, 0, true },          { { "\xff", 1 }, { "a", 1 }, 1, false },
        { { "[", 1 }, { "{", 1 }, -1, false },        { { "\xc3\xa4", 2 }, { "\xc3\x84", 2 }, 1, false },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        int order = str_cmp(cases[i].a, cases[i].b);

        CHECK_INT((order > 0) - (order < 0), cases[i].order);
        CHECK_INT(str_eq(cases[i].a, cases[i].b), cases[i].order == 0);
        CHECK_INT(str_eq_secret(cases[i].a, cases[i].b), cases[i].order == 0);
        CHECK_INT(str_eq_nocase(cases[i].a, cases[i].b), cases[i].same_nocase);
    }
}

TEST(beginnings_and_ends_are_recognised)
{
    str s = S("https://x");

    CHECK(str_starts(s, S("https:")) && str_starts(s, S("")) && str_starts(s, s) && !str_starts(s, S("https://xy")));
    CHECK(str_ends(s, S("/x")) && str_ends(s, S("")) && str_ends(s, s) && !str_ends(s, S("https://xy")));
    CHECK(!str_eat(&s, S("http://")));
    CHECK_STR(s, "https://x");
    CHECK(str_eat(&s, S("https://")));
    CHECK_STR(s, "x");
}

TEST(trimming_leaves_what_is_inside)
{
    static const struct { const char *in, *want; } cases[] = {
        { "", "" }, { " \t\r\n", "" }, { " a b ", "a b" }, { "a", "a" }, { "\va\f", "\va\f" },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++)
        CHECK_STR(str_trim(str_from(cases[i].in)), cases[i].want);
}

TEST(finding_tells_the_first_place)
{
    CHECK_INT(str_find(S("abcabc"), S("ca")), 2);
    CHECK_INT(str_find(S("abc"), S("")), 0);
    CHECK_INT(str_find_char(S("abcabc"), 'c'), 2);
    CHECK_INT(str_find_char(S("a\0b"), '\0'), 1);
    CHECK(str_find(S("abc"), S("abcd")) == STR_NONE && str_find(NO_STR, S("a")) == STR_NONE);
    CHECK(str_find_char(S("abc"), '\0') == STR_NONE && str_find_char(NO_STR, 'a') == STR_NONE);
}

TEST(splitting_gives_every_part_once)
{
    static const struct { const char *in, *want; } cases[] = {
        { "a,b", "[a][b]" }, { "a,,b", "[a][][b]" }, { "a,", "[a][]" }, { ",", "[][]" }, { "", "[]" }, { NULL, "" },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(buf_done) struct buf got = {0};
        str rest = str_from(cases[i].in), part;

        while (str_split(&rest, ',', &part))
            buf_addf(&got, "[%.*s]", STR(part));
        CHECK_STR(buf_str(&got), cases[i].want);
    }
}

TEST(whole_numbers_are_read_whole_or_not_at_all)
{
    static const struct { const char *in; bool is_u64, is_i64; uint64_t u64; int64_t i64; } cases[] = {
        { "0", true, true, 0, 0 },
        { "007", true, true, 7, 7 },
        { "9223372036854775807", true, true, INT64_MAX, INT64_MAX },
        { "9223372036854775808", true, false, (uint64_t)INT64_MAX + 1, 0 },
        { "18446744073709551615", true, false, UINT64_MAX, 0 },
        { "18446744073709551616", false, false, 0, 0 },
        { "99999999999999999999999", false, false, 0, 0 },
        { "-9223372036854775808", false, true, 0, INT64_MIN },
        { "-9223372036854775809", false, false, 0, 0 },
        { "-0", false, true, 0, 0 },
        { "", false, false, 0, 0 },    { "-", false, false, 0, 0 },   { "--1", false, false, 0, 0 },
        { "+1", false, false, 0, 0 },  { " 1", false, false, 0, 0 },  { "1 ", false, false, 0, 0 },
        { "0x1", false, false, 0, 0 }, { "1.0", false, false, 0, 0 }, { "\xb2", false, false, 0, 0 },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        uint64_t u = 42;
        int64_t s = 42;

        CHECK_ERR(str_u64(str_from(cases[i].in), &u), cases[i].is_u64 ? OK : ERR_INPUT);
        CHECK(u == (cases[i].is_u64 ? cases[i].u64 : 42));
        CHECK_ERR(str_i64(str_from(cases[i].in), &s), cases[i].is_i64 ? OK : ERR_INPUT);
        CHECK_INT(s, cases[i].is_i64 ? cases[i].i64 : 42);
    }
}

TEST(the_hash_is_siphash_1_3)
{
    /* As CPython's hash(bytes) has them when PYTHONHASHSEED is 0, which stands for a key of zeros. */
    static const struct { str in; uint64_t want; } cases[] = {
        { { "a", 1 }, 0x407448d2b89b1813 },
        { { "abc", 3 }, 0xc03bc3a0042630f2 },
        { { "abcdefgh", 8 }, 0x3f7b849c0b8e35ea },
        { { "abcdefghi", 9 }, 0xf89b34a3d11eb6e5 },
        { { "0123456789abcdef", 16 }, 0x1d42b30f7e060c24 },
    };
    static const uint64_t zeros[2], other[2] = { 1, 0 };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CHECK(str_hash_keyed(cases[i].in, zeros) == cases[i].want);
        CHECK(str_hash_keyed(cases[i].in, other) != cases[i].want);
        CHECK(str_hash(cases[i].in) == str_hash(cases[i].in));
    }
}

TEST(a_copy_ends_in_nul)
{
    CLEANUP(mem_freep) char *copy = str_dup_c(S("a\0b"));
    CLEANUP(mem_freep) char *empty = str_dup_c(NO_STR);

    CHECK(memcmp(copy, "a\0b", 4) == 0);
    CHECK(empty[0] == '\0');
}
