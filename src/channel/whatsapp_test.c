// SPDX-License-Identifier: Apache-2.0
/* The WhatsApp translator against tests/cassettes/whatsapp/. */
#include "base/test.h"

#include "channel/test_cassette.h"
#include "channel/whatsapp.h"
#include "config/config.h"
#include "runtime/clock.h"

static void configure(void)
{
    CHECK_OK(config_load_for_test("/nonexistent", (const char *const[]){ "platforms.whatsapp.access_token=the-token",
             "platforms.whatsapp.phone_number_id=106540352242922", "platforms.whatsapp.template=news/de", NULL }));
}

static void check_failure(const json_t *c, const struct whatsapp_update *u)
{
    const json_t *want = json_object_get(c, "failure");

    CHECK_INT(u->n_failures, want != NULL);
    if (!want)
        return;
    CHECK_STR(u->failures[0].id, json_text(want, "id"));
    CHECK_STR(u->failures[0].chat_id, json_text(want, "chat_id"));
    CHECK_STR(u->failures[0].why, json_text(want, "why"));
    CHECK_INT(u->failures[0].code, json_int(want, "code", 0));
}

TEST(whatsapp_calls_become_messages)
{
    CLEANUP(json_decrefp) json_t *file = cassette_load("whatsapp/calls");
    const json_t *c;
    size_t i;

    clock_fake(INT64_C(1769860800000));
    json_array_foreach(json_object_get(file, "cases"), i, c) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        struct whatsapp_update *u = ARENA_NEW(a, struct whatsapp_update);
        enum err e = whatsapp_decode(a, json_object_get(c, "call"), json_text_str(file, "phone_number_id"), u);

        cassette_check_error(c, e);
        CHECK(u->n_messages <= 1);
        cassette_check_message(c, u->n_messages == 1, u->messages[0], "whatsapp");
        check_failure(c, u);
    }
    clock_real();
}

TEST(whatsapps_answers_mean_what_it_says)
{
    cassette_check_answers("whatsapp/answers", whatsapp_decode_sent);
}

TEST(pieces_become_whatsapp_requests)
{
    CLEANUP(json_decrefp) json_t *file = cassette_load("whatsapp/requests");
    const json_t *c;
    size_t i;

    configure();
    json_array_foreach(json_object_get(file, "cases"), i, c) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        struct outgoing m = cassette_outgoing(c);
        struct http_request q;

        CHECK_OK(whatsapp_encode(a, &m, &q));
        CHECK_STR(str_from(q.url), "https://graph.facebook.com/v23.0/106540352242922/messages");
        cassette_check_body(c, q.body);
    }
}

TEST(whatsapp_is_not_sent_nothing)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct http_request q;

    configure();
    CHECK_ERR(whatsapp_encode(a, &(struct outgoing){ .chat_id = S("1"), .text = S(" \n") }, &q), ERR_INPUT);
}
