// SPDX-License-Identifier: Apache-2.0
/* The Discord translator against recorded facts: tests/cassettes/discord/. */
#include "base/test.h"

#include "channel/discord.h"
#include "config/config.h"
#include "runtime/clock.h"

static json_t *load(const char *name)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    json_error_t error;
    json_t *j = json_load_file(arena_printf(a, "tests/cassettes/discord/%s.json", name), JSON_REJECT_DUPLICATES, &error);

    if (!j)
        test_failed(__FILE__, __LINE__, "%s:%d: %s", name, error.line, error.text);
    return j;
}

static void configure(void)
{
    CHECK_OK(config_load_for_test("/nonexistent", (const char *const[]){ "platforms.discord.token=a-secret-token", NULL }));
}

static void check_field(const char *name, const json_t *want, const char *key, str got)
{
    const json_t *v = json_object_get(want, key);

    if (v && !str_eq(got, json_strval(v)))
        test_failed(__FILE__, __LINE__, "%s: %s is \"%.*s\", want \"%s\"", name, key, STR(got), json_string_value(v));
}

static void check_message(const char *name, const json_t *want, const struct message *m)
{
    check_field(name, want, "external_id", m->external_id);
    check_field(name, want, "chat_id", m->chat_id);
    check_field(name, want, "thread_id", m->thread_id);
    check_field(name, want, "chat_type", m->chat_type);
    check_field(name, want, "user_id", m->user_id);
    check_field(name, want, "user_name", m->user_name);
    check_field(name, want, "text", m->text);
    check_field(name, want, "reply_to", m->reply_to);
    if (json_object_get(want, "created_at"))
        CHECK_INT(m->created_at, json_int(want, "created_at", 0));
    CHECK_STR(m->platform, "discord");
    if (m->overheard != json_flag(want, "overheard"))
        test_failed(__FILE__, __LINE__, "%s: %s", name, m->overheard ? "is overheard" : "is said to us");
}

static void check_files(const json_t *want, const struct discord_message *m)
{
    CHECK_INT(m->n_files, json_array_size(want));
    for (size_t i = 0; i < m->n_files; i++) {
        CLEANUP(buf_done) struct buf b = {0};
        const struct incoming_file *f = &m->files[i];

        buf_addf(&b, "%s %.*s %.*s %.*s %lld", f->type, STR(f->id), STR(f->name), STR(f->mime), (long long)f->size);
        CHECK_STR(buf_str(&b), json_string_value(json_array_get(want, i)));
    }
}

static void check_wanted(const json_t *c, bool wanted)
{
    if (wanted != json_is_object(json_object_get(c, "message")))
        test_failed(__FILE__, __LINE__, "%s: %s", json_text(c, "name"), wanted ? "is taken" : "is not taken");
}

TEST(events_become_messages)
{
    CLEANUP(json_decrefp) json_t *file = load("messages");
    const struct discord_self self = { .id = "900", .username = "our_bot" };
    const json_t *c;
    size_t i;

    json_array_foreach(json_object_get(file, "cases"), i, c) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        struct discord_message m;
        bool wanted;

        CHECK_OK(discord_decode(a, json_object_get(c, "event"), &self, &m, &wanted));
        check_wanted(c, wanted);
        if (!wanted)
            continue;
        check_message(json_text(c, "name"), json_object_get(c, "message"), &m.message);
        check_field(json_text(c, "name"), c, "guild_id", m.guild_id);
        check_files(json_object_get(c, "files"), &m);
        CHECK_INT(m.in_thread, json_flag(c, "in_thread"));
    }
}

TEST(interactions_become_messages_and_are_acknowledged)
{
    CLEANUP(json_decrefp) json_t *file = load("interactions");
    const json_t *c;
    size_t i;

    json_array_foreach(json_object_get(file, "cases"), i, c) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        struct discord_message m;
        bool wanted;

        CHECK_OK(discord_decode_interaction(a, json_object_get(c, "event"), &m, &wanted));
        check_wanted(c, wanted);
        CHECK_INT(m.ack, json_int(c, "ack", -1));
        if (wanted)
            check_message(json_text(c, "name"), json_object_get(c, "message"), &m.message);
        if (wanted)
            check_field(json_text(c, "name"), c, "parent_id", m.parent_id);
    }
}

TEST(what_is_no_event_is_refused)
{
    CLEANUP(json_decrefp) json_t *file = load("interactions");
    const struct discord_self self = { .id = "900" };
    const json_t *odd;
    size_t i;

    json_array_foreach(json_object_get(file, "odd"), i, odd) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        struct discord_message m;
        bool wanted;

        CHECK_ERR(discord_decode_interaction(a, odd, &m, &wanted), ERR_INPUT);
        CHECK_ERR(discord_decode(a, odd, &self, &m, &wanted), ERR_INPUT);
    }
}

static void read_answer(const json_t *c, struct arena *a, struct http_response *out)
{
    const json_t *body = json_object_get(c, "body"), *v;
    struct http_field *fields = arena_alloc(a, 4 * sizeof *fields);
    const char *key;

    *out = (struct http_response){ .status = (int)json_int(c, "status", 0), .fields = fields,
                                   .body = json_is_string(body) ? json_strval(body) : json_print(a, body) };
    json_object_foreach(json_object_get(c, "fields"), key, v)
        fields[out->n_fields++] = (struct http_field){ str_from(key), json_strval(v) };
}

TEST(answers_mean_what_discord_says)
{
    CLEANUP(json_decrefp) json_t *file = load("answers");
    const json_t *c;
    size_t i;

    json_array_foreach(json_object_get(file, "cases"), i, c) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        const char *name = json_text(c, "name");
        struct http_response answer;
        struct sent sent;

        read_answer(c, a, &answer);
        enum err e = discord_decode_sent(a, &answer, &sent);

        check_field(name, c, "error", str_from(e ? err_name(e) : "ok"));
        check_field(name, c, "remote_id", sent.remote_id);
        CHECK_INT(sent.retry_after_ms, json_int(c, "retry_after_ms", 0));
        CHECK_INT(sent.gone, json_flag(c, "gone"));
        CHECK_INT(sent.bad_markup, json_flag(c, "bad_markup"));
        CHECK_INT(sent.unknown, json_flag(c, "unknown"));
        CHECK_INT(sent.edit_lost, json_flag(c, "edit_lost"));
        CHECK_INT(sent.again, json_flag(c, "again"));
    }
}

static void check_request(const json_t *c, const struct http_request *q)
{
    CLEANUP(json_decrefp) json_t *body = NULL;
    CLEANUP(buf_done) struct buf url = {0};
    const char *key;
    const json_t *v;
    size_t i;

    buf_addf(&url, "https://discord.com/api/v10%s", json_text(c, "path"));
    CHECK_STR(str_from(q->url), buf_c(&url));
    CHECK_STR(str_from(q->method), json_text(c, "method"));
    CHECK_STR(q->fields[1].value, "Bot a-secret-token");
    CHECK_OK(json_parse(q->body, &body));
    json_object_foreach(json_object_get(c, "want"), key, v)
        if (!json_equal(json_object_get(body, key), v))
            test_failed(__FILE__, __LINE__, "%s: %s is not as wanted in %.*s", json_text(c, "name"), key, STR(q->body));
    json_array_foreach(json_object_get(c, "absent"), i, v)
        CHECK(!json_object_get(body, json_string_value(v)));
}

TEST(pieces_become_requests)
{
    CLEANUP(json_decrefp) json_t *file = load("requests");
    const json_t *c;
    size_t i;

    configure();
    json_array_foreach(json_object_get(file, "cases"), i, c) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        struct http_request q;
        struct outgoing m = {
            .id = 9, .session_id = S("s"), .chat_id = json_text_str(c, "send.chat_id"), .thread_id = json_text_str(c, "send.thread_id"),
            .reply_to = json_text_str(c, "send.reply_to"), .text = json_text_str(c, "send.text"), .blob = S(""),
            .remote_id = json_text_str(c, "send.remote_id"), .plain = json_flag(c, "send.plain"), .final = true,
            .choices = json_at(c, "send.choices"), .prepared = json_text_str(c, "send.prepared"),
        };

        CHECK_OK(discord_encode(a, &m, &q));
        check_request(c, &q);
    }
}

TEST(a_channel_s_id_is_a_number)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct http_request q;

    configure();
    CHECK_ERR(discord_encode(a, &(struct outgoing){ .chat_id = S("7/../../users/@me"), .text = S("x") }, &q), ERR_INPUT);
    CHECK_ERR(discord_encode(a, &(struct outgoing){ .chat_id = S("7"), .text = S(" ") }, &q), ERR_INPUT);
}

TEST(files_go_as_form_data)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct http_request q;
    struct outgoing m = { .chat_id = S("7"), .blob = S("aa"), .name = S("a\"b.pdf"), .mime = S("application/pdf"), .bytes = S("BYTES\0x") };

    configure();
    CHECK_OK(discord_encode(a, &m, &q));
    CHECK(str_ends(str_from(q.url), S("/channels/7/messages")));
    CHECK(str_find(q.body, S("name=\"payload_json\"\r\n\r\n{")) != STR_NONE);
    CHECK(str_find(q.body, S("name=\"files[0]\"; filename=\"a_b.pdf\"\r\nContent-Type: application/pdf\r\n\r\nBYTES\0x\r\n--")) != STR_NONE);
}

TEST(the_commands_are_such_as_discord_takes)
{
    CLEANUP(json_decrefp) json_t *list = discord_commands();
    const json_t *c;
    size_t i;

    CHECK(json_array_size(list) > 10 && json_array_size(list) <= 100);
    json_array_foreach(list, i, c) {
        str name = json_text_str(c, "name"), what = json_text_str(c, "description");

        CHECK(name.len >= 1 && name.len <= 32 && what.len >= 1 && what.len <= 100);
        CHECK(json_text_str(c, "description_localizations.zh-CN").len > 0);
        CHECK(!json_at(c, "options.0") || json_text_str(c, "options.0.description").len > 0);
    }
}

TEST(an_id_says_when)
{
    char id[DISCORD_ID_SIZE];

    CHECK_INT(discord_time(S("175928847299117063")), 1462015105796);      /* discord.com/developers/docs/reference#snowflakes */
    discord_id_at(1462015105796, id);
    CHECK_INT(discord_time(str_from(id)), 1462015105796);
    CHECK_INT(discord_time(S("x")), 0);
}
