// SPDX-License-Identifier: Apache-2.0
/* The DingTalk translator against recorded facts: tests/cassettes/dingtalk/. */
#include "base/test.h"

#include "channel/dingtalk.h"
#include "channel/test_cassette.h"
#include "config/config.h"

TEST(dingtalks_messages_become_ours)
{
    CLEANUP(json_decrefp) json_t *file = cassette_load("dingtalk/updates");
    const json_t *c;
    size_t i;

    json_array_foreach(json_object_get(file, "cases"), i, c) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        struct dingtalk_session session;
        struct hook_message m;
        bool wanted;

        CHECK_OK(dingtalk_decode(a, json_object_get(c, "event"), &m, &session, &wanted));
        cassette_check_message(c, wanted, &m, "dingtalk");
        CHECK_STR(session.url, json_text(c, "event.sessionWebhook"));
    }
}

TEST(what_is_no_message_of_dingtalks_is_refused)
{
    CLEANUP(json_decrefp) json_t *file = cassette_load("dingtalk/updates");
    const json_t *c;
    size_t i;

    json_array_foreach(json_object_get(file, "broken"), i, c) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        struct dingtalk_session session;
        struct hook_message m;
        bool wanted;

        CHECK_ERR(dingtalk_decode(a, c, &m, &session, &wanted), ERR_INPUT);
    }
}

TEST(answers_mean_what_dingtalk_says)
{
    cassette_check_answers("dingtalk/answers", dingtalk_decode_sent);
}

TEST(pieces_become_requests_to_dingtalk)
{
    CLEANUP(json_decrefp) json_t *file = cassette_load("dingtalk/requests");
    const json_t *c;
    size_t i;

    CHECK_OK(config_load_for_test("/nonexistent", (const char *const[]){ "platforms.dingtalk.client_id=dingid", NULL }));
    json_array_foreach(json_object_get(file, "cases"), i, c) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        struct http_request q;
        struct outgoing m = {
            .chat_id = json_text_str(c, "send.chat_id"), .text = json_text_str(c, "send.text"), .blob = json_text_str(c, "send.blob"),
            .name = json_text_str(c, "send.name"), .mime = json_text_str(c, "send.mime"), .plain = json_flag(c, "send.plain"),
            .final = true,
            .prepared = json_text_str(c, "send.prepared"), .choices = json_at(c, "send.choices"),
        };

        CHECK_OK(dingtalk_encode(a, &m, &q));
        CHECK_STR(str_from(q.url), json_text(c, "url"));
        cassette_check_body(c, q.body);
    }
}

TEST(a_callbacks_sign_is_an_hmac_of_time_and_secret)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    /* printf '1600000000000\nsecret' | openssl dgst -sha256 -hmac secret -binary | base64 */
    str right = S("XHSnLTbboLLBCrXfAQRHx6W9LkLB43RYwgcsOS2j3vs=");

    CHECK(dingtalk_signed(a, S("secret"), S("1600000000000"), right));
    CHECK(!dingtalk_signed(a, S("secret"), S("1600000000001"), right));
    CHECK(!dingtalk_signed(a, S("secreu"), S("1600000000000"), right));
    CHECK(!dingtalk_signed(a, S(""), S("1600000000000"), right));
}
