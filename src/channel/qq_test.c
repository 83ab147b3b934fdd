// SPDX-License-Identifier: Apache-2.0
/* The QQ translator against recorded facts: tests/cassettes/qq/. */
#include "base/test.h"

#include "channel/qq.h"
#include "channel/test_cassette.h"
#include "config/config.h"

TEST(qqs_events_become_messages)
{
    CLEANUP(json_decrefp) json_t *file = cassette_load("qq/updates");
    const json_t *c;
    size_t i;

    json_array_foreach(json_object_get(file, "cases"), i, c) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        struct hook_message m;
        bool wanted;
        str press;

        CHECK_OK(qq_decode(a, json_object_get(c, "event"), &m, &press, &wanted));
        cassette_check_message(c, wanted, &m, "qq");
        CHECK_STR(press, json_text(c, "press"));
    }
}

TEST(what_is_no_event_of_qqs_is_refused)
{
    CLEANUP(json_decrefp) json_t *file = cassette_load("qq/updates");
    const json_t *c;
    size_t i;

    json_array_foreach(json_object_get(file, "broken"), i, c) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        struct hook_message m;
        bool wanted;
        str press;

        CHECK_ERR(qq_decode(a, c, &m, &press, &wanted), ERR_INPUT);
    }
}

TEST(answers_mean_what_qq_says)
{
    cassette_check_answers("qq/answers", qq_decode_sent);
}

TEST(pieces_become_requests_to_qq)
{
    CLEANUP(json_decrefp) json_t *file = cassette_load("qq/requests");
    const json_t *c;
    size_t i;

    json_array_foreach(json_object_get(file, "cases"), i, c) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        const char *markdown = json_flag(c, "markdown") ? "platforms.qq.markdown=true" : NULL;
        struct http_request q;
        struct outgoing m = {
            .id = 7, .chat_id = json_text_str(c, "send.chat_id"), .reply_to = json_text_str(c, "send.reply_to"),
            .text = json_text_str(c, "send.text"), .blob = json_text_str(c, "send.blob"), .mime = json_text_str(c, "send.mime"),
            .plain = json_flag(c, "send.plain"), .final = true, .choices = json_at(c, "send.choices"),
            .prepared = json_at(c, "send.prepared") ? json_text_str(c, "send.prepared") : S("T "),
        };

        CHECK_OK(config_load_for_test("/nonexistent", (const char *const[]){ markdown, NULL }));
        CHECK_OK(qq_encode(a, &m, &q));
        CHECK_STR(str_from(q.url), arena_printf(a, "https://api.sgroup.qq.com/%s", json_text(c, "url")));
        CHECK_STR(q.fields[1].value, "QQBot T");
        cassette_check_body(c, q.body);
    }
}

TEST(the_challenge_of_qqs_own_example_is_answered)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();

    /* bot.q.qq.com/wiki/develop/api-v2/dev-prepare/interface-framework/event-emit.html */
    CHECK_STR(qq_signature(a, S("DG5g3B4j9X2KOErG"), S("1725442341"), S("Arq0D5A61EgUu4OxUvOp")),
              "87befc99c42c651b3aac0278e71ada338433ae26fcb24307bdc5ad38c1adc2d0"
              "1bcfcadc0842edac85e85205028a1132afe09280305f13aa6909ffc2d652c706");
    CHECK(qq_signed(a, S("s"), S("1"), S("body"), qq_signature(a, S("s"), S("1"), S("body"))));
    CHECK(!qq_signed(a, S("s"), S("2"), S("body"), qq_signature(a, S("s"), S("1"), S("body"))));
    CHECK(!qq_signed(a, S(""), S("1"), S("body"), S("")));
}
