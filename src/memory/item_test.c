// SPDX-License-Identifier: Apache-2.0
#include "memory/item.h"

#include <math.h>

#include "base/test.h"

static struct memory_item good(void)
{
    return (struct memory_item){ .scope = { SCOPE_USER, S("alice") }, .text = S("likes green tea"), .confidence = 0.8, .importance = 0.5 };
}

TEST(a_memory_is_stored_only_when_it_is_sound)
{
    static char long_text[ITEM_TEXT_MAX + 1];
    static const struct { const char *what; struct memory_item item; } cases[] = {
        { "empty", { .text = S(" \n\t") } },
        { "32768", { .text = { long_text, sizeof long_text } } },
        { "NUL", { .text = S("a\0b") } },
        { "UTF-8", { .text = S("a\xff") } },
        { "UTF-8", { .text = S("a"), .title = S("\xc3") } },
        { "UTF-8", { .text = S("a"), .scope = { SCOPE_USER, S("\xc3") } } },
        { "NUL", { .text = S("a"), .person = S("\0") } },
        { "JSON", { .text = S("a"), .fields = S("[1]") } },
        { "JSON", { .text = S("a"), .fields = S("{") } },
        { "confidence", { .text = S("a"), .confidence = 1.5 } },
        { "importance", { .text = S("a"), .importance = -0.1 } },
        { "importance", { .text = S("a"), .importance = NAN } },
        { "kind", { .text = S("a"), .kind = N_ITEM_KINDS } },
        { "expires_at", { .text = S("a"), .expires_at = -1 } },
    };
    struct memory_item m = good();

    memset(long_text, 'x', sizeof long_text);
    CHECK_OK(item_check(&m));
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CHECK_ERR(item_check(&cases[i].item), ERR_INPUT);
        if (strstr(failed_text(), cases[i].what) == NULL)
            test_failed(__FILE__, __LINE__, "case %zu: %s", i, failed_text());
    }
}

TEST(the_same_words_have_the_same_hash_whatever_the_space_between_them)
{
    struct memory_item a = { .title = S("Guide"), .text = S("the  port\n is 80 ") }, b = { .title = S(" Guide"), .text = S("the port is 80") };
    struct memory_item c = { .title = S("Guide the"), .text = S("port is 80") }, d = { .text = S("the port is 81"), .title = S("Guide") };
    char x[ITEM_HASH_SIZE], y[ITEM_HASH_SIZE];

    item_hash(&a, x);
    item_hash(&b, y);
    CHECK_INT(strlen(x), 64);
    CHECK_STR(str_from(x), y);
    item_hash(&c, y);
    CHECK(strcmp(x, y) != 0);
    item_hash(&d, y);
    CHECK(strcmp(x, y) != 0);
}

TEST(every_kind_and_origin_has_a_name_that_is_read_back)
{
    for (size_t i = 0; i < N_ITEM_KINDS; i++) {
        enum item_kind k = N_ITEM_KINDS;

        CHECK(item_kind_parse(str_from(item_kind_name((enum item_kind)i)), &k));
        CHECK_INT(k, i);
    }
    for (size_t i = 0; i < N_ITEM_ORIGINS; i++) {
        enum item_origin o = N_ITEM_ORIGINS;

        CHECK(item_origin_parse(str_from(item_origin_name((enum item_origin)i)), &o));
        CHECK_INT(o, i);
    }
    CHECK(!item_kind_parse(S("facts"), &(enum item_kind){ 0 }));
}

TEST(what_is_exported_can_be_imported)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct memory_item m = {
        .id = 1099511627777, .scope = { SCOPE_CHAT, S("telegram/-42/") }, .collection = S("hosts"), .kind = ITEM_ROW,
        .origin = ORIGIN_DOCUMENT, .title = S("hosts.csv"), .text = S("name: db1"), .place = S("line 2"), .fields = S("{\"name\":\"db1\"}"),
        .person = S("bob"), .session_id = S("s1"), .inbox_id = 7, .document = 3, .taint = S("web"), .confidence = 0.25, .importance = 0.75,
        .pinned = true, .created_at = 1790000000123, .expires_at = 1890000000000, .replaced_by = 1099511627778,
        .used_at = 1790000000999, .uses = 5, .embedded = 2,
    }, back;
    CLEANUP(json_decrefp) json_t *j = item_to_json(&m);

    CHECK_OK(item_from_json(a, j, &back));
    CLEANUP(json_decrefp) json_t *again = item_to_json(&back);

    CHECK_STR(json_print(a, again), json_print(a, j).p);
    CHECK_INT(back.expires_at, m.expires_at);
    CHECK_STR(back.fields, "{\"name\":\"db1\"}");
    CHECK(back.pinned && scope_eq(back.scope, m.scope));
}

TEST(an_import_names_the_field_that_is_wrong)
{
    static const struct { const char *json, *says; } cases[] = {
        { "[]", "object" },
        { "{\"text\":\"a\"}", "scope" },
        { "{\"scope\":\"me\",\"text\":\"a\"}", "'me' is no scope" },
        { "{\"scope\":\"global\"}", "text is empty" },
        { "{\"scope\":\"global\",\"text\":1}", "\"text\"" },
        { "{\"scope\":\"global\",\"text\":\"a\",\"kind\":\"thing\"}", "\"kind\"" },
        { "{\"scope\":\"global\",\"text\":\"a\",\"created_at\":12}", "\"created_at\"" },
        { "{\"scope\":\"global\",\"text\":\"a\",\"uses\":\"x\"}", "\"uses\"" },
        { "{\"scope\":\"global\",\"text\":\"a\",\"confidence\":3}", "confidence" },
        { "{\"scope\":\"global\",\"text\":\"a\",\"pinned\":1}", "\"pinned\"" },
        { "{\"scope\":\"global\",\"text\":\"a\",\"colour\":1}", "\"colour\"" },
    };
    CLEANUP(arena_freep) struct arena *a = arena_new();

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(json_decrefp) json_t *j = NULL;
        struct memory_item m;

        CHECK_OK(json_parse(str_from(cases[i].json), &j));
        CHECK_ERR(item_from_json(a, j, &m), ERR_INPUT);
        if (strstr(failed_text(), cases[i].says) == NULL)
            test_failed(__FILE__, __LINE__, "%s: %s", cases[i].json, failed_text());
    }
}
