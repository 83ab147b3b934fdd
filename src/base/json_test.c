// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include "base/json.h"

static const char sample[] =
    "{\"choices\":[{\"delta\":{\"content\":\"h\\u00e9\"}},7],\"n\":null,\"t\":true,\"f\":false,\"big\":9007199254740993,"
    "\"min\":-9223372036854775808,\"x\":1.5,\"a.b\":1,\"\":2}";

TEST(a_path_leads_to_its_value_or_to_nothing)
{
    CLEANUP(json_decrefp) json_t *j = NULL;

    CHECK_OK(json_parse(str_from(sample), &j));
    CHECK_STR(json_text_str(j, "choices.0.delta.content"), "h\xc3\xa9");
    CHECK(strcmp(json_text(j, "choices.0.delta.content"), "h\xc3\xa9") == 0);
    CHECK_INT(json_int(j, "choices.1", -1), 7);
    CHECK_INT(json_int(j, "big", -1), 9007199254740993);
    CHECK_INT(json_int(j, "min", -1), INT64_MIN);
    CHECK(json_num(j, "x", 0) == 1.5 && json_num(j, "choices.1", 0) == 7 && json_num(j, "t", 3) == 3);
    CHECK(json_flag(j, "t") && !json_flag(j, "f") && !json_flag(j, "choices") && !json_flag(j, "nothing"));
    CHECK_INT(json_int(j, "", -1), 2);

    static const char *const nowhere[] = {
        "n", "no", "choices.2", "choices.-1", "choices.x", "choices.18446744073709551616", "choices.0.delta.content.x",
        "choices.0.", ".choices", "t.x", "a.b",
    };
    for (size_t i = 0; i < N_ELEMENTS(nowhere); i++) {
        CHECK(json_at(j, nowhere[i]) == NULL);
        CHECK(json_text(j, nowhere[i])[0] == '\0');
        CHECK_STR(json_text_str(j, nowhere[i]), "");
        CHECK_INT(json_int(j, nowhere[i], -1), -1);
    }
    CHECK(json_at(NULL, "a") == NULL);
    CHECK(json_strval(json_at(j, "t")).p == NULL && json_strval(NULL).p == NULL);
}

TEST(only_one_well_formed_value_is_accepted)
{
    static const struct { str in; enum err want; } cases[] = {
        { { "1", 1 }, OK }, { { " \"x\" ", 5 }, OK }, { { "null", 4 }, OK }, { { "[]", 2 }, OK },
        { { "9223372036854775807", 19 }, OK }, { { "9223372036854775808", 19 }, ERR_INPUT },
        { { "", 0 }, ERR_INPUT }, { { NULL, 0 }, ERR_INPUT }, { { "1 2", 3 }, ERR_INPUT }, { { "[1,]", 4 }, ERR_INPUT },
        { { "{\"a\":1,\"a\":2}", 13 }, ERR_INPUT }, { { "{'a':1}", 7 }, ERR_INPUT }, { { "NaN", 3 }, ERR_INPUT },
        { { "\"\xff\"", 3 }, ERR_INPUT }, { { "\"\xed\xa0\x80\"", 5 }, ERR_INPUT }, { { "\"\\ud800\"", 8 }, ERR_INPUT },
        { { "\"a\\u0000b\"", 10 }, ERR_INPUT }, { { "\"a\0b\"", 5 }, ERR_INPUT }, { { "[1]\0", 4 }, ERR_INPUT },
        { { "01", 2 }, ERR_INPUT }, { { "\"\n\"", 3 }, ERR_INPUT }, { { "1e999", 5 }, ERR_INPUT },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(json_decrefp) json_t *j = NULL;

        CHECK_ERR(json_parse(cases[i].in, &j), cases[i].want);
        CHECK((j != NULL) == (cases[i].want == OK));
    }
}

TEST(nesting_has_a_limit_that_strings_do_not_count_for)
{
    for (int depth = JSON_DEPTH_MAX - 1; depth <= JSON_DEPTH_MAX + 1; depth++) {
        CLEANUP(buf_done) struct buf b = {0};
        CLEANUP(json_decrefp) json_t *j = NULL;

        for (int i = 0; i < depth; i++)
            buf_add_char(&b, '[');
        buf_add(&b, S("\"[[[[{{{{\\\"[[[[\""));
        for (int i = 0; i < depth; i++)
            buf_add_char(&b, ']');
        CHECK_ERR(json_parse(buf_str(&b), &j), depth <= JSON_DEPTH_MAX ? OK : ERR_LIMIT);
    }
    CLEANUP(buf_done) struct buf wide = {0};
    CLEANUP(json_decrefp) json_t *j = NULL;

    buf_add_char(&wide, '[');
    for (int i = 0; i < 1000; i++)
        buf_add(&wide, S("{},"));
    buf_add(&wide, S("1]"));
    CHECK_OK(json_parse(buf_str(&wide), &j));
}

TEST(an_error_says_where)
{
    json_t *j;

    CHECK_ERR(json_parse(S("{\n \"a\": }"), &j), ERR_INPUT);
    CHECK(strstr(failed_text(), "line 2, column 7") != NULL);
}

TEST(printing_is_compact_and_keeps_the_order)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(json_decrefp) json_t *j = NULL;
    static const char text[] = "{\"z\":[1,2.5,\"h\xc3\xa9\\n\\\"\"],\"a\":{\"y\":null,\"b\":true}}";
    str printed;

    CHECK_OK(json_parse(str_from(text), &j));
    printed = json_print(a, j);
    CHECK_STR(printed, text);
    CHECK(printed.p[printed.len] == '\0');
    CHECK_STR(json_print(a, NULL), "");
    CHECK_STR(json_print(a, json_at(j, "z.0")), "1");
}

TEST(any_bytes_become_a_string_that_can_be_read_back)
{
    static const struct { str in; const char *want; } cases[] = {
        { { "h\xc3\xa9", 3 }, "\"h\xc3\xa9\"" }, { { NULL, 0 }, "\"\"" }, { { "a\xff" "b", 3 }, "\"a\xef\xbf\xbd" "b\"" },
        { { "a\0b", 3 }, "\"a\xef\xbf\xbd" "b\"" }, { { "\0", 1 }, "\"\xef\xbf\xbd\"" },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        CLEANUP(json_decrefp) json_t *j = json_from_str(cases[i].in);
        CLEANUP(json_decrefp) json_t *again = NULL;
        str text = json_print(a, j);

        CHECK_STR(text, cases[i].want);
        CHECK_OK(json_parse(text, &again));
        CHECK(json_equal(j, again));
    }
}

TEST(a_printed_value_respects_the_buffers_maximum)
{
    CLEANUP(buf_done) struct buf b = { .max = 8 };
    CLEANUP(json_decrefp) json_t *j = json_pack("[s]", "longer than that");

    json_print_to(&b, j);
    CHECK_ERR(buf_check(&b, "the value"), ERR_LIMIT);
}

TEST(a_string_is_written_as_jansson_would_print_it)
{
    static const char *const cases[] = {
        "", "plain", "\"quoted\" and \\ back", "\b\f\n\r\t", "\x01\x1f\x7f", "grüß 你好 \xf0\x9f\x98\x80", "a / b",
        "bad \xff byte", "\xe4\xbd", "\xc0\x80", "\xed\xa0\x80", "end\\",
    };
    CLEANUP(arena_freep) struct arena *a = arena_new();

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(buf_done) struct buf got = { 0 };
        CLEANUP(json_decrefp) json_t *tree = json_from_str(str_from(cases[i]));

        json_add_string(&got, str_from(cases[i]));
        CHECK_STR(buf_str(&got), json_print(a, tree).p);
    }
    CLEANUP(buf_done) struct buf got = { 0 };

    json_add_string(&got, str_of("a\0b", 3));
    CHECK_STR(buf_str(&got), "\"a\xef\xbf\xbd" "b\"");
}

TEST(a_pointer_finds_what_rfc_6901_says)
{
    static const struct { const char *pointer, *want; } cases[] = {     /* section 5; "": nothing */
        { "/foo", "[\"bar\",\"baz\"]" }, { "/foo/0", "\"bar\"" }, { "/", "0" }, { "/a~1b", "1" }, { "/c%d", "2" }, { "/e^f", "3" },
        { "/g|h", "4" }, { "/i\\j", "5" }, { "/k\"l", "6" }, { "/ ", "7" }, { "/m~0n", "8" },
        { "/foo/2", "" }, { "/foo/-", "" }, { "/foo/00", "" }, { "/foo/0/x", "" }, { "/nothing", "" }, { "foo", "" }, { "/m~n", "" },
        { "/m~", "" }, { "/null", "" }, { "/foo/", "" },
    };
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(json_decrefp) json_t *j = NULL;

    CHECK_OK(json_parse(S("{\"foo\":[\"bar\",\"baz\"],\"\":0,\"a/b\":1,\"c%d\":2,\"e^f\":3,\"g|h\":4,\"i\\\\j\":5,\"k\\\"l\":6,\" \":7,"
                          "\"m~n\":8,\"null\":null}"), &j));
    CHECK(json_pointer(j, S("")) == j);
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        json_t *got = json_pointer(j, str_from(cases[i].pointer));

        CHECK_STR(got ? json_print(a, got) : S(""), cases[i].want);
    }
}
