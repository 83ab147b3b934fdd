// SPDX-License-Identifier: Apache-2.0
/* Google Chat's translator against recorded facts: tests/cassettes/google_chat/. */
#include "channel/google_chat.h"

#include "base/test.h"
#include "channel/test_cassette.h"
#include "config/config.h"

TEST(events_become_messages)
{
    cassette_check_messages("google_chat/events", "event", "google_chat", google_chat_decode);
}

TEST(answers_say_what_became_of_it)
{
    cassette_check_answers("google_chat/answers", google_chat_decode_sent);
}

TEST(a_reply_is_a_request_with_an_id_of_its_own)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(json_decrefp) json_t *choices = json_pack("[{s:s, s:s}]", "label", "Yes", "reply", "yes 4821");
    struct outgoing m = { .id = 7, .chat_id = S("spaces/A"), .thread_id = S("spaces/A/threads/T"), .text = S("**hi**"), .prepared =
            S("Bearer t"),
                          .choices = choices };
    struct http_request first, again;

    CHECK_OK(config_load_for_test("/nonexistent", NULL));
    CHECK_OK(google_chat_encode(a, &m, &first));
    CHECK_OK(google_chat_encode(a, &m, &again));
    CHECK_STR(str_from(first.url), again.url);
    CHECK(str_starts(str_from(first.url), S("https://chat.googleapis.com/v1/spaces/A/messages?")));
    CHECK(str_find(str_from(first.url), S("requestId=")) != STR_NONE);
    CHECK(str_find(first.body, S("\"value\":\"yes 4821\"")) != STR_NONE && str_find(first.body, S("spaces/A/threads/T")) != STR_NONE);
    m.id = 8;
    CHECK_OK(google_chat_encode(a, &m, &again));
    CHECK(!str_eq(str_from(first.url), str_from(again.url)));
    m.remote_id = S("spaces/A/messages/M");
    CHECK_OK(google_chat_encode(a, &m, &again));
    CHECK_STR(str_from(again.method), "PATCH");
    m.remote_id = S("");
    m.chat_id = S("spaces/../secrets");
    CHECK_ERR(google_chat_encode(a, &m, &again), ERR_INPUT);
    m.chat_id = S("users/1");
    CHECK_ERR(google_chat_encode(a, &m, &again), ERR_INPUT);
}
