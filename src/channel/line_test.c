// SPDX-License-Identifier: Apache-2.0
/* The LINE translator against tests/cassettes/line/. */
#include "base/test.h"

#include "channel/line.h"
#include "channel/test_cassette.h"
#include "config/config.h"

static void configure(void)
{
    CHECK_OK(config_load_for_test("/nonexistent", (const char *const[]){ "platforms.line.channel_access_token=the-token", NULL }));
}

TEST(line_calls_become_messages)
{
    CLEANUP(json_decrefp) json_t *file = cassette_load("line/calls");
    const json_t *c;
    size_t i;

    json_array_foreach(json_object_get(file, "cases"), i, c) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        struct line_update *u = ARENA_NEW(a, struct line_update);
        enum err e = line_decode(a, json_object_get(c, "call"), u);

        cassette_check_error(c, e);
        CHECK(u->n <= 1);
        cassette_check_message(c, u->n == 1, u->messages[0], "line");
    }
}

TEST(lines_answers_mean_what_it_says)
{
    cassette_check_answers("line/answers", line_decode_sent);
}

static str field(const struct http_request *q, str name)
{
    for (size_t i = 0; i < q->n_fields; i++)
        if (str_eq(q->fields[i].name, name))
            return q->fields[i].value;
    return NO_STR;
}

TEST(pieces_become_pushes)
{
    CLEANUP(json_decrefp) json_t *file = cassette_load("line/requests");
    const json_t *c;
    size_t i;

    configure();
    json_array_foreach(json_object_get(file, "cases"), i, c) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        struct outgoing m = cassette_outgoing(c);
        struct http_request q;

        CHECK_OK(line_encode(a, &m, &q));
        CHECK_STR(str_from(q.url), "https://api.line.me/v2/bot/message/push");
        CHECK_STR(field(&q, S("Authorization")), "Bearer the-token");
        cassette_check_body(c, q.body);
    }
}

TEST(a_push_has_the_same_key_each_time_and_another_for_another_row)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct outgoing m = { .id = 1, .session_id = S("s"), .chat_id = S("U1"), .text = S("hi") }, other = m;
    struct http_request q, again, next;

    configure();
    other.id = 2;
    CHECK_OK(line_encode(a, &m, &q));
    CHECK_OK(line_encode(a, &m, &again));
    CHECK_OK(line_encode(a, &other, &next));
    CHECK(uuid_valid(field(&q, S("X-Line-Retry-Key"))));
    CHECK(str_eq(field(&q, S("X-Line-Retry-Key")), field(&again, S("X-Line-Retry-Key"))));
    CHECK(!str_eq(field(&q, S("X-Line-Retry-Key")), field(&next, S("X-Line-Retry-Key"))));
    CHECK_ERR(line_encode(a, &(struct outgoing){ .chat_id = S("U1"), .text = S(" ") }, &q), ERR_INPUT);
}

TEST(typing_is_shown_to_one_person_only)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct http_request q;

    configure();
    CHECK_OK(line_encode_typing(a, S("U1"), S(""), &q));
    CHECK_STR(q.body, "{\"chatId\":\"U1\",\"loadingSeconds\":10}");
    CHECK_ERR(line_encode_typing(a, S("C1"), S(""), &q), ERR_INPUT);
}
