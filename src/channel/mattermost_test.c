// SPDX-License-Identifier: Apache-2.0
/* The Mattermost translator against facts: tests/cassettes/mattermost/. */
#include "base/test.h"

#include "channel/mattermost.h"
#include "config/config.h"

#define CHAT "chan0000000000000000000000"

static json_t *load(void)
{
    json_error_t error;
    json_t *j = json_load_file("tests/cassettes/mattermost/posts.json", JSON_REJECT_DUPLICATES, &error);

    if (!j)
        test_failed(__FILE__, __LINE__, "%d: %s", error.line, error.text);
    return j;
}

static void configure(void)
{
    CHECK_OK(config_load_for_test("/nonexistent", (const char *const[]){ "platforms.mattermost.url=https://chat.example.org/team/",
                                                                         "platforms.mattermost.token=a-secret-token", NULL }));
}

static void check_field(const json_t *c, const char *key, str got)
{
    const json_t *v = json_object_get(json_object_get(c, "message"), key);

    if (v && !str_eq(got, json_strval(v)))
        test_failed(__FILE__, __LINE__, "%s: %s is \"%.*s\", want \"%s\"", json_text(c, "name"), key, STR(got), json_string_value(v));
}

static void check_message(const json_t *c, const struct mattermost_message *m)
{
    check_field(c, "external_id", m->message.external_id);
    check_field(c, "chat_id", m->message.chat_id);
    check_field(c, "thread_id", m->message.thread_id);
    check_field(c, "reply_to", m->message.reply_to);
    check_field(c, "chat_type", m->message.chat_type);
    check_field(c, "user_id", m->message.user_id);
    check_field(c, "user_name", m->message.user_name);
    check_field(c, "text", m->message.text);
    CHECK_INT(m->n_files, json_int(c, "files", 0));
    CHECK_INT(m->message.overheard, json_flag(json_object_get(c, "message"), "overheard"));
}

TEST(posts_become_messages)
{
    CLEANUP(json_decrefp) json_t *file = load();
    const struct mattermost_self self = { json_text_str(file, "self.id"), json_text_str(file, "self.username") };
    const json_t *c;
    size_t i;

    json_array_foreach(json_object_get(file, "cases"), i, c) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        const struct mattermost_place place = { json_text_str(c, "type"), json_text_str(c, "sender") };
        struct mattermost_message m;
        bool wanted;

        CHECK_OK(mattermost_decode(a, json_object_get(c, "post"), &place, &self, &m, &wanted));
        if (wanted != json_is_object(json_object_get(c, "message")))
            test_failed(__FILE__, __LINE__, "%s: %s", json_text(c, "name"), wanted ? "is taken" : "is not taken");
        if (wanted)
            check_message(c, &m);
    }
}

TEST(what_is_no_post_is_refused)
{
    CLEANUP(json_decrefp) json_t *file = load();
    const struct mattermost_place place = { S("D"), S("") };
    const struct mattermost_self self = { S("b"), S("b") };
    const json_t *odd;
    size_t i;

    json_array_foreach(json_object_get(file, "odd"), i, odd) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        struct mattermost_message m;
        bool wanted;

        CHECK_ERR(mattermost_decode(a, odd, &place, &self, &m, &wanted), ERR_INPUT);
    }
}

TEST(replies_become_posts_and_edits)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(json_decrefp) json_t *j = NULL;
    struct outgoing m = { .id = 5, .session_id = S("s"), .chat_id = S(CHAT), .thread_id = S("root0000000000000000000000"), .text = S("**hi**"),
                          .blob = S(""), .remote_id = S(""), .prepared = S(""), .final = true };
    struct http_request q;

    configure();
    CHECK_OK(mattermost_encode(a, &m, &q));
    CHECK_STR(str_from(q.url), "https://chat.example.org/team/api/v4/posts");
    CHECK_STR(q.fields[1].value, "Bearer a-secret-token");
    CHECK_OK(json_parse(q.body, &j));
    CHECK_STR(json_text_str(j, "root_id"), "root0000000000000000000000");
    CHECK_STR(json_text_str(j, "message"), "**hi**");
    CHECK(json_text_str(j, "pending_post_id").len > 20);
    m.remote_id = S("post0000000000000000000001");
    CHECK_OK(mattermost_encode(a, &m, &q));
    CHECK_STR(str_from(q.method), "PUT");
    CHECK_STR(str_from(q.url), "https://chat.example.org/team/api/v4/posts/post0000000000000000000001/patch");
    m.chat_id = S("../../users/me");
    CHECK_ERR(mattermost_encode(a, &m, &q), ERR_INPUT);
}

TEST(nobody_is_called_by_a_reply_however_it_is_written)
{
    static const char *const cases[] = { "hi @all", "hi @Channel", "**@here**", "@e&#118;eryone and `@all`", "<@all>" };

    configure();
    for (size_t i = 0; i < N_ELEMENTS(cases) * 2; i++) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        struct outgoing m = { .chat_id = S(CHAT), .text = str_from(cases[i / 2]), .blob = S(""), .remote_id = S(""), .prepared = S(""),
                              .thread_id = S(""), .session_id = S("s"), .plain = i % 2 };
        static const char *const calls[] = { "@all", "@Channel", "@here", "@everyone" };
        struct http_request q;

        CHECK_OK(mattermost_encode(a, &m, &q));
        for (size_t k = 0; k < N_ELEMENTS(calls); k++)
            if (str_find(q.body, str_from(calls[k])) != STR_NONE)
                test_failed(__FILE__, __LINE__, "%.*s", STR(q.body));
    }
}

TEST(answers_mean_what_mattermost_says)
{
    static const struct { int status; const char *body; enum err want; bool gone, lost, unknown; } cases[] = {
        { 201, "{\"id\":\"p\"}", OK, 0, 0, 0 },
        { 401, "{\"id\":\"api.context.session_expired.app_error\"}", ERR_AUTH, 0, 0, 0 },
        { 403, "{\"id\":\"api.context.permissions.app_error\"}", ERR_NOT_FOUND, 1, 0, 0 },
        { 404, "{\"id\":\"app.post.get.app_error\"}", ERR_NOT_FOUND, 0, 1, 0 },
        { 400, "{\"id\":\"api.post.create_post.root_id.app_error\"}", ERR_INPUT, 0, 0, 0 },
        { 429, "limit exceeded", ERR_LIMIT, 0, 0, 0 },
        { 502, "<html>", ERR_REMOTE, 0, 0, 1 },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        struct sent sent;

        CHECK_INT(mattermost_decode_sent(a, &(struct http_response){ .status = cases[i].status, .body = str_from(cases[i].body) }, &sent),
                  cases[i].want);
        CHECK_INT(sent.gone, cases[i].gone);
        CHECK_INT(sent.edit_lost, cases[i].lost);
        CHECK_INT(sent.unknown, cases[i].unknown);
    }
}
