// SPDX-License-Identifier: Apache-2.0
/* The generic webhook's translator against tests/cassettes/webhook/. */
#include "base/test.h"

#include <string.h>

#include "channel/test_cassette.h"
#include "channel/webhook.h"
#include "config/config.h"
#include "runtime/clock.h"

enum { NOW = 1769860800 };      /* seconds: 2026-01-31T12:00:00Z */

static struct webhook_endpoint endpoint(struct arena *a, const json_t *file, const char *name)
{
    struct webhook_endpoint e = {0};

    CHECK_OK(webhook_endpoint_read(a, json_object_get(file, "endpoints"), str_from(name), &e));
    return e;
}

TEST(webhook_calls_become_messages)
{
    CLEANUP(json_decrefp) json_t *file = cassette_load("webhook/calls");
    const json_t *c;
    size_t i;

    clock_fake(NOW * INT64_C(1000));
    json_array_foreach(json_object_get(file, "cases"), i, c) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        struct webhook_endpoint e = endpoint(a, file, json_text(c, "endpoint"));
        struct webhook_proof proof = { S("abcd"), S("1769860800") };
        struct hook_message m;
        bool wanted = false;
        enum err err = webhook_decode(a, &e, json_object_get(c, "call"), &proof, &m, &wanted);

        cassette_check_error(c, err);
        if (!err)
            cassette_check_message(c, wanted, &m, "webhook");
    }
    clock_real();
}

TEST(webhook_settings_that_cannot_be_meant_are_refused_in_words)
{
    CLEANUP(json_decrefp) json_t *file = cassette_load("webhook/calls");
    const json_t *c;
    size_t i;

    json_array_foreach(json_object_get(file, "bad_endpoints"), i, c) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        CLEANUP(json_decrefp) json_t *all = json_pack("{s:O}", "x", json_object_get(c, "settings"));
        struct webhook_endpoint e;

        CHECK_ERR(webhook_endpoint_read(a, all, S("x"), &e), ERR_INPUT);
        if (!strstr(failed_text(), json_text(c, "says")))
            test_failed(__FILE__, __LINE__, "\"%s\" does not say \"%s\"", failed_text(), json_text(c, "says"));
        CHECK_ERR(webhook_endpoint_read(a, all, S("y"), &e), ERR_NOT_FOUND);
    }
}

/* RFC 4231, test case 2: key "Jefe". */
TEST(a_webhooks_signature_is_that_of_rfc_2104)
{
    static const char hex[] = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    static const struct { const char *signature; enum err want; } cases[] = {
        { hex, OK }, { "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=", OK },
        { "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843", OK }, { "", ERR_AUTH }, { "5bdcc146", ERR_AUTH },
        { "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3844", ERR_AUTH }, { "sha256=", ERR_AUTH },
    };
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct webhook_endpoint e = { .secret = S("Jefe"), .header = S("X-Signature") };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        struct webhook_proof p = { str_from(cases[i].signature), NO_STR };

        CHECK_INT(webhook_verify(a, &e, &p, S("what do ya want for nothing?")), cases[i].want);
        if (cases[i].want == OK)
            CHECK_STR(p.signature, hex);
    }
    CHECK_STR(webhook_sign(a, e.secret, S(""), S("what do ya want for nothing?")), hex);
}

TEST(a_signed_time_must_be_near)
{
    static const struct { const char *time; enum err want; } cases[] = {
        { "1769860800", OK }, { "1769860800000", OK }, { "1769860500", OK }, { "1769861100", OK }, { "1769860499", ERR_AUTH },
        { "1769861101", ERR_AUTH }, { "", ERR_AUTH }, { "now", ERR_AUTH }, { "-1", ERR_AUTH }, { "9223372036854775807", ERR_AUTH },
    };
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct webhook_endpoint e = { .secret = S("s"), .header = S("X-Signature"), .timestamp = true };

    clock_fake(NOW * INT64_C(1000));
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        str at = str_from(cases[i].time);
        struct webhook_proof p = { at.len ? webhook_sign(a, e.secret, at, S("{}")) : S("00"), at };

        CHECK_INT(webhook_verify(a, &e, &p, S("{}")), cases[i].want);
    }
    struct webhook_proof of_the_body_alone = { webhook_sign(a, e.secret, S(""), S("{}")), S("1769860800") };

    CHECK_ERR(webhook_verify(a, &e, &of_the_body_alone, S("{}")), ERR_AUTH);
    clock_real();
}

/* ---- what goes out ---- */

static str body_of(struct arena *a, const char *out, const struct outgoing *m)
{
    CLEANUP(json_decrefp) json_t *all = NULL;
    struct webhook_endpoint e;
    str body = S("");

    CHECK_OK(json_parse(str_from(arena_printf(a, "{\"e\":{\"secret\":\"s\",\"out\":%s}}", out)), &all));
    CHECK_OK(webhook_endpoint_read(a, all, S("e"), &e));
    CHECK_OK(webhook_body(a, &e, m, &body));
    return body;
}

TEST(replies_take_the_shape_that_the_endpoint_wants)
{
    static const struct { const char *out, *want; } cases[] = {
        { "{}", "{\"id\":\"7\",\"chat_id\":\"c/1\",\"thread_id\":\"t\",\"reply_to\":\"m1\",\"content\":{\"text\":\"**Hi** \\\"you\\\"\"}}" },
        { "{\"body\":{\"to\":\"{{chat}}\",\"msg\":{\"text\":\"{{text}}\"}},\"format\":\"plain\"}",
          "{\"to\":\"c/1\",\"msg\":{\"text\":\"Hi \\\"you\\\"\"}}" },
        { "{\"body\":[1,true,\"{{ markdown }}!\",\"{{reply_to}}@{{thread}}\",\"{{choices}}\",\"{{\",\"a}}\"],\"format\":\"html\"}",
          "[1,true,\"**Hi** \\\"you\\\"!\",\"m1@t\",[],\"{{\",\"a}}\"]" },
        { "{\"body\":\"{{id}}\"}", "\"7\"" },
    };
    struct outgoing m = { .id = 7, .chat_id = S("e/c/1"), .thread_id = S("t"), .reply_to = S("e/m1"), .text = S("**Hi** \"you\"") };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(arena_freep) struct arena *a = arena_new();

        CHECK_STR(body_of(a, cases[i].out, &m), cases[i].want);
    }
}

TEST(a_template_stays_json_whatever_the_text_is)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(json_decrefp) json_t *j = NULL;
    struct outgoing m = { .chat_id = S("e/c"), .text = S("\"}, {{chat}} \\ \x01 \xff") };

    CHECK_OK(json_parse(body_of(a, "{\"body\":{\"t\":\"{{text}}\"}}", &m), &j));
    CHECK(str_find(json_text_str(j, "t"), S("{{chat}}")) != STR_NONE);
}

TEST(files_and_choices_stand_in_the_body)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(json_decrefp) json_t *choices = json_pack("[{s:s, s:s}]", "label", "Yes", "reply", "yes 1");
    struct outgoing file = { .chat_id = S("e/c"), .blob = S("x"), .name = S("a.txt"), .mime = S("text/plain"), .bytes = S("abc") };
    struct outgoing question = { .chat_id = S("e/c"), .text = S("Do it?"), .choices = choices };
    struct webhook_endpoint blind = { .name = S("e"), .body = choices };
    str body;

    CHECK_STR(body_of(a, "{}", &file), "{\"id\":\"0\",\"chat_id\":\"c\",\"content\":{\"attachments\":[{\"type\":\"file\",\"name\":\"a.txt\","
                                       "\"mime\":\"text/plain\",\"size\":3,\"data\":\"YWJj\"}]}}");
    CHECK_STR(body_of(a, "{\"body\":{\"n\":\"{{name}}\",\"s\":\"{{size}}\",\"d\":\"{{data}}\"}}", &file), "{\"n\":\"a.txt\",\"s\":3,\"d\":\"YWJj\"}");
    CHECK_STR(body_of(a, "{\"body\":{\"q\":\"{{text}}\",\"c\":\"{{choices}}\"}}", &question),
              "{\"q\":\"Do it?\",\"c\":[{\"label\":\"Yes\",\"reply\":\"yes 1\"}]}");
    CHECK_ERR(webhook_body(a, &blind, &file, &body), ERR_INPUT);
}
