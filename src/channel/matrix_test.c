// SPDX-License-Identifier: Apache-2.0
/* The Matrix translator against recorded facts: tests/cassettes/matrix/. */
#include "base/test.h"

#include "channel/matrix.h"
#include "channel/test_cassette.h"
#include "config/config.h"

static void configure(void)
{
    CHECK_OK(config_load_for_test("/nonexistent", (const char *const[]){ "platforms.matrix.homeserver=https://m.e.org",
                                                                         "platforms.matrix.access_token=syt_secret", NULL }));
}

static struct matrix_bot bot_of(const json_t *file)
{
    return (struct matrix_bot){ json_text_str(file, "bot.user_id"), json_text_str(file, "bot.name") };
}

TEST(matrix_events_become_messages)
{
    CLEANUP(json_decrefp) json_t *file = cassette_load("matrix/events");
    struct matrix_bot bot = bot_of(file);
    const json_t *c;
    size_t i;

    json_array_foreach(json_object_get(file, "cases"), i, c) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        struct matrix_message m;
        bool wanted = matrix_decode(a, json_object_get(c, "event"), json_text_str(file, "room"), &bot, &m);

        cassette_check_message(c, wanted, &m.hook, "matrix");
        if (wanted && json_object_get(c, "mentioned") && m.mentioned != json_flag(c, "mentioned"))
            test_failed(__FILE__, __LINE__, "%s: %s", json_text(c, "name"), m.mentioned ? "speaks to us" : "does not speak to us");
        if (wanted && (!str_eq(m.answers, json_text_str(c, "answers")) || !str_eq(m.root, json_text_str(c, "root"))))
            test_failed(__FILE__, __LINE__, "%s: answers %.*s in %.*s", json_text(c, "name"), STR(m.answers), STR(m.root));
    }
}

TEST(invitations_say_who_invites)
{
    CLEANUP(json_decrefp) json_t *file = cassette_load("matrix/events");
    struct matrix_bot bot = bot_of(file);
    const json_t *c;
    size_t i;

    json_array_foreach(json_object_get(file, "invites"), i, c) {
        bool direct = false, ours;
        str inviter = S("");

        ours = matrix_decode_invite(json_object_get(c, "invite"), &bot, &inviter, &direct);
        CHECK_INT(ours, json_text_str(c, "inviter").len > 0);
        CHECK_STR(inviter, json_text(c, "inviter"));
        CHECK_INT(direct, json_flag(c, "direct"));
    }
}

TEST(answers_mean_what_matrix_says)
{
    CLEANUP(json_decrefp) json_t *file = cassette_load("matrix/answers");
    const json_t *c;
    size_t i;

    configure();
    json_array_foreach(json_object_get(file, "cases"), i, c) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        const json_t *body = json_object_get(c, "body");
        str text = json_is_string(body) ? json_strval(body) : json_print(a, body), retry = json_text_str(c, "retry_after");
        struct http_field field = { S("Retry-After"), retry };
        struct http_response r = { .status = (int)json_int(c, "status", 0), .fields = &field, .n_fields = retry.len > 0, .body = text };
        struct sent sent;
        enum err e = matrix_decode_sent(a, &r, &sent);

        cassette_check_sent(c, e, &sent);
    }
}

TEST(pieces_become_events_of_matrix)
{
    CLEANUP(json_decrefp) json_t *file = cassette_load("matrix/requests");
    CLEANUP(arena_freep) struct arena *all = arena_new();
    const json_t *c;
    size_t i;

    configure();
    CHECK_OK(matrix_login(all));
    json_array_foreach(json_object_get(file, "cases"), i, c) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        const json_t *s = json_object_get(c, "send");
        struct http_request q, again;
        struct outgoing m = {
            .id = (int64_t)i, .chat_id = json_text_str(s, "chat_id"), .thread_id = json_text_str(s, "thread_id"), .final = true,
            .reply_to = json_text_str(s, "reply_to"), .text = json_text_str(s, "text"), .remote_id = json_text_str(s, "remote_id"),
            .plain = json_flag(s, "plain"), .blob = json_text_str(s, "blob"), .name = json_text_str(s, "name"),
            .mime = json_text_str(s, "mime"), .prepared = json_text_str(s, "prepared"),
        };
        str begin = str_from(arena_printf(a, "https://m.e.org%s", json_text(c, "path")));

        CHECK_OK(matrix_encode(a, &m, &q));
        CHECK_OK(matrix_encode(a, &m, &again));
        CHECK_STR(str_from(q.url), again.url);                  /* what is sent again is shown once */
        CHECK_STR(str_take(str_from(q.url), begin.len), begin.p);
        CHECK_STR(str_from(q.method), "PUT");
        CHECK_STR(q.fields[1].value, "Bearer syt_secret");
        cassette_check_body(c, q.body);
        m.id++;
        CHECK_OK(matrix_encode(a, &m, &again));
        CHECK(!str_eq(str_from(q.url), str_from(again.url)));
    }
    matrix_forget_login();
}

TEST(without_a_login_nothing_goes_to_matrix)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct outgoing m = { .chat_id = S("!r:e.org"), .prepared = S("!r:e.org"), .text = S("x"), .thread_id = S(""), .reply_to = S("") };
    struct http_request q;

    configure();
    matrix_forget_login();
    CHECK_ERR(matrix_encode(a, &m, &q), ERR_REMOTE);
    m.prepared = S("");
    CHECK_ERR(matrix_encode(a, &m, &q), ERR_BUG);
    CHECK_ERR(matrix_encode_typing(a, S("!r:e.org"), S(""), &q), ERR_REMOTE);
}
