// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

static str all_bytes(char space[256])
{
    for (int i = 0; i < 256; i++)
        space[i] = (char)i;
    return str_of(space, 256);
}

TEST(an_empty_buffer_is_an_empty_string)
{
    CLEANUP(buf_done) struct buf b = {0};

    CHECK_STR(buf_str(&b), "");
    CHECK(buf_c(&b)[0] == '\0');
    buf_drop(&b, 0);
    buf_cut(&b, 0);
    buf_clear(&b);
    buf_grown(&b, 0);
    buf_add(&b, NO_STR);
    CHECK_STR(buf_str(&b), "");
    CHECK_OK(buf_check(&b, "it"));
}

TEST(what_is_added_stands_there_and_a_nul_behind_it)
{
    CLEANUP(buf_done) struct buf b = {0};
    char space[256];

    buf_add(&b, S("ab"));
    buf_add_char(&b, 'c');
    buf_addf(&b, "%d%s", 12, "x");
    CHECK_STR(buf_str(&b), "abc12x");
    CHECK(buf_c(&b)[b.len] == '\0');
    for (int i = 0; i < 100; i++)
        buf_add(&b, all_bytes(space));
    CHECK_INT(b.len, 6 + 25600);
    CHECK(memcmp(b.p + 6 + 99 * 256, space, 256) == 0);
    CHECK(b.p[b.len] == '\0');
}

TEST(a_formatted_piece_of_any_length_fits)
{
    for (int n = 0; n < 300; n++) {
        CLEANUP(buf_done) struct buf b = {0};

        buf_add(&b, S("<"));
        buf_addf(&b, "%*d", n, 7);
        buf_add(&b, S(">"));
        CHECK_INT(b.len, (n ? n : 1) + 2);
        CHECK(b.p[b.len - 2] == '7' && b.p[b.len - 1] == '>');
    }
}

TEST(what_does_not_fit_is_dropped_and_remembered)
{
    CLEANUP(buf_done) struct buf b = { .max = 5 };

    buf_add(&b, S("abcde"));
    CHECK_OK(buf_check(&b, "it"));
    buf_add_char(&b, 'f');
    CHECK_STR(buf_str(&b), "abcde");
    CHECK_ERR(buf_check(&b, "it"), ERR_LIMIT);
    CHECK_STR(str_from(failed_text()), "it is longer than 5 bytes");
    buf_clear(&b);
    CHECK_OK(buf_check(&b, "it"));
    buf_addf(&b, "%s", "abcdef");
    CHECK_STR(buf_str(&b), "");
    CHECK_ERR(buf_check(&b, "it"), ERR_LIMIT);
    buf_done(&b);
    CHECK_INT(b.max, 5);
    CHECK_OK(buf_check(&b, "it"));
    buf_addf(&b, "%s", "abcde");
    CHECK_STR(buf_str(&b), "abcde");
    b.max = 3;      /* lowered below what it holds */
    buf_add_char(&b, 'x');
    CHECK_STR(buf_str(&b), "abcde");
}

TEST(room_is_filled_from_outside)
{
    CLEANUP(buf_done) struct buf b = { .max = 10 };
    size_t room;
    char *p = buf_room(&b, 4, &room);

    CHECK_INT(room, 4);
    memcpy(p, "abcd", 4);
    buf_grown(&b, 3);
    CHECK_STR(buf_str(&b), "abc");
    p = buf_room(&b, 100, &room);
    CHECK_INT(room, 7);
    memcpy(p, "1234567", 7);
    buf_grown(&b, 7);
    CHECK_STR(buf_str(&b), "abc1234567");
    buf_room(&b, 1, &room);
    CHECK_INT(room, 0);
    CHECK_OK(buf_check(&b, "it"));
}

TEST(dropping_and_cutting_keep_the_rest)
{
    CLEANUP(buf_done) struct buf b = {0};

    buf_add(&b, S("abcdef"));
    buf_drop(&b, 2);
    CHECK_STR(buf_str(&b), "cdef");
    buf_cut(&b, 3);
    CHECK_STR(str_from(buf_c(&b)), "cde");
    buf_drop(&b, 3);
    CHECK_STR(str_from(buf_c(&b)), "");
}

TEST(what_is_no_hex_is_refused)
{
    static const char *const cases[] = { "a", "0g", "0x", "a b" };
    CLEANUP(buf_done) struct buf b = {0};

    for (size_t i = 0; i < N_ELEMENTS(cases); i++)
        CHECK_ERR(buf_add_unhex(&b, str_from(cases[i])), ERR_INPUT);
    buf_clear(&b);
    CHECK_OK(buf_add_unhex(&b, S("4A6b")));
    CHECK_STR(buf_str(&b), "Jk");
}

TEST(hex_and_base64_are_as_rfc_4648_has_them)
{
    static const struct { const char *in, *hex, *base64, *base64url; } cases[] = {
        { "", "", "", "" },
        { "f", "66", "Zg==", "Zg" },
        { "fo", "666f", "Zm8=", "Zm8" },
        { "foo", "666f6f", "Zm9v", "Zm9v" },
        { "foob", "666f6f62", "Zm9vYg==", "Zm9vYg" },
        { "fooba", "666f6f6261", "Zm9vYmE=", "Zm9vYmE" },
        { "foobar", "666f6f626172", "Zm9vYmFy", "Zm9vYmFy" },
        { "\xfb\xff\xfe", "fbfffe", "+//+", "-__-" },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(buf_done) struct buf hex = {0}, unhexed = {0}, b64 = {0}, url = {0}, back = {0};

        buf_add_hex(&hex, str_from(cases[i].in));
        buf_add_base64(&b64, str_from(cases[i].in));
        buf_add_base64url(&url, str_from(cases[i].in));
        CHECK_STR(buf_str(&hex), cases[i].hex);
        CHECK_OK(buf_add_unhex(&unhexed, buf_str(&hex)));
        CHECK_STR(buf_str(&unhexed), cases[i].in);
        CHECK_STR(buf_str(&b64), cases[i].base64);
        CHECK_STR(buf_str(&url), cases[i].base64url);
        CHECK_OK(buf_add_unbase64(&back, buf_str(&b64)));
        CHECK_STR(buf_str(&back), cases[i].in);
        buf_clear(&back);
        CHECK_OK(buf_add_unbase64(&back, buf_str(&url)));
        CHECK_STR(buf_str(&back), cases[i].in);
    }
}

TEST(every_byte_survives_base64)
{
    CLEANUP(buf_done) struct buf b64 = {0}, back = {0};
    char space[256];

    for (size_t n = 0; n <= 256; n++) {
        buf_clear(&b64);
        buf_clear(&back);
        buf_add_base64(&b64, str_take(all_bytes(space), n));
        CHECK_OK(buf_add_unbase64(&back, buf_str(&b64)));
        CHECK(str_eq(buf_str(&back), str_of(space, n)));
    }
}

TEST(bad_base64_is_refused_and_adds_nothing)
{
    static const char *const cases[] = {
        "=", "==", "A", "A===", "AA=", "AAA==", "AAAA=", "AAAA==", "AAAA====", "Zg==Zg==", "Zm9v Zm9v", "Zm9v\n", "Zh==",
        "Zm9=", "Zm9vZ", "Zm9v*",
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(buf_done) struct buf b = {0};

        buf_add(&b, S("kept"));
        CHECK_ERR(buf_add_unbase64(&b, str_from(cases[i])), ERR_INPUT);
        CHECK_STR(buf_str(&b), "kept");
    }
}
