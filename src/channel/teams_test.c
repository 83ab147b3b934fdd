// SPDX-License-Identifier: Apache-2.0
/* Microsoft Teams' translator against recorded facts: tests/cassettes/teams/. */
#include "channel/teams.h"

#include "base/test.h"
#include "channel/test_cassette.h"

TEST(activities_become_messages)
{
    cassette_check_messages("teams/activities", "activity", "teams", teams_decode);
}

TEST(answers_say_what_became_of_it)
{
    cassette_check_answers("teams/answers", teams_decode_sent);
}

TEST(a_reply_goes_where_the_conversation_lives)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(json_decrefp) json_t *choices = json_pack("[{s:s, s:s}]", "label", "Yes", "reply", "yes 4821");
    struct outgoing m = { .id = 7, .chat_id = S("19:x@thread.skype"), .thread_id = S("5"), .text = S("**hi**"),
                          .prepared = S("https://smba.example/amer/ Bearer t"), .choices = choices };
    struct http_request q;

    CHECK_OK(teams_encode(a, &m, &q));
    CHECK_STR(str_from(q.url), "https://smba.example/amer/v3/conversations/19%3Ax%40thread.skype%3Bmessageid%3D5/activities");
    CHECK(str_find(q.body, S("\"messageBack\"")) != STR_NONE && str_find(q.body, S("yes 4821")) != STR_NONE);
    m.remote_id = S("1:ab/c");
    CHECK_OK(teams_encode(a, &m, &q));
    CHECK_STR(str_from(q.method), "PUT");
    CHECK(str_ends(str_from(q.url), S("/activities/1%3Aab%2Fc")));
    m.prepared = S("");
    CHECK_ERR(teams_encode(a, &m, &q), ERR_BUG);
}

TEST(a_picture_goes_inside_the_message_and_no_other_file)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct outgoing m = { .chat_id = S("a:1"), .reply_to = S("5"), .blob = S("b"), .name = S("x.png"), .mime = S("image/png"), .bytes = S("\x89PNG"),
                          .prepared = S("https://smba.example/amer/ Bearer t") };
    struct http_request q;

    CHECK_OK(teams_encode(a, &m, &q));
    CHECK_STR(q.body, "{\"type\":\"message\",\"attachments\":[{\"contentType\":\"image/png\",\"contentUrl\":\"data:image/png;base64,iVBORw==\","
                      "\"name\":\"x.png\"}],\"replyToId\":\"5\"}");
    m.mime = S("application/pdf");
    CHECK_ERR(teams_encode(a, &m, &q), ERR_INPUT);
}
