// SPDX-License-Identifier: Apache-2.0
/* The Telegram translator against recorded facts: tests/cassettes/telegram/. */
#include "base/test.h"

#include "channel/telegram.h"
#include "config/config.h"

static json_t *load(const char *name)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    json_error_t error;
    json_t *j = json_load_file(arena_printf(a, "tests/cassettes/telegram/%s.json", name), JSON_REJECT_DUPLICATES, &error);

    if (!j)
        test_failed(__FILE__, __LINE__, "%s:%d: %s", name, error.line, error.text);
    return j;
}

static void configure(void)
{
    CHECK_OK(config_load_for_test("/nonexistent", (const char *const[]){ "platforms.telegram.token=123:secret-token", NULL }));
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
    CHECK_STR(m->platform, "telegram");
    if (m->overheard != json_flag(want, "overheard"))
        test_failed(__FILE__, __LINE__, "%s: %s", name, m->overheard ? "is overheard" : "is said to us");
}

static void check_files(const json_t *want, const struct telegram_message *m)
{
    CHECK_INT(m->n_files, json_array_size(want));
    for (size_t i = 0; i < m->n_files; i++) {
        CLEANUP(buf_done) struct buf b = {0};
        const struct incoming_file *f = &m->files[i];

        buf_addf(&b, "%.*s %.*s %.*s %.*s %lld", STR(str_from(f->type)), STR(f->id), STR(f->name), STR(f->mime), (long long)f->size);
        CHECK_STR(buf_str(&b), json_string_value(json_array_get(want, i)));
    }
}

TEST(updates_become_messages)
{
    CLEANUP(json_decrefp) json_t *file = load("updates");
    struct telegram_bot bot = { json_int(file, "bot.id", 0), json_text_str(file, "bot.username") };
    const json_t *c;
    size_t i;

    json_array_foreach(json_object_get(file, "cases"), i, c) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        struct telegram_message m;
        const char *name = json_text(c, "name");
        bool wanted, expected = json_is_object(json_object_get(c, "message"));

        CHECK_OK(telegram_decode(a, json_object_get(c, "update"), &bot, 10000, &m, &wanted));
        if (wanted != expected)
            test_failed(__FILE__, __LINE__, "%s: %s", name, wanted ? "is taken" : "is not taken");
        if (!wanted)
            continue;
        check_message(name, json_object_get(c, "message"), &m.message);
        check_files(json_object_get(c, "files"), &m);
    }
}

TEST(what_is_no_update_is_refused)
{
    static const char *const cases[] = { "{}", "[]", "5", "{\"update_id\":\"x\"}", "{\"message\":{}}" };
    struct telegram_bot bot = { 1, S("b") };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        CLEANUP(json_decrefp) json_t *j = NULL;
        struct telegram_message m;
        bool wanted;

        CHECK_OK(json_parse(str_from(cases[i]), &j));
        CHECK_ERR(telegram_decode(a, j, &bot, 10000, &m, &wanted), ERR_INPUT);
    }
}

TEST(answers_mean_what_telegram_says)
{
    CLEANUP(json_decrefp) json_t *file = load("answers");
    const json_t *c;
    size_t i;

    json_array_foreach(json_object_get(file, "cases"), i, c) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        const json_t *body = json_object_get(c, "body");
        str text = json_is_string(body) ? json_strval(body) : json_print(a, body);
        struct sent sent;
        enum err e = telegram_decode_sent(a, &(struct http_response){ .status = (int)json_int(c, "status", 0), .body = text }, &sent);

        if (strcmp(e ? err_name(e) : "ok", json_text(c, "error")))
            test_failed(__FILE__, __LINE__, "%.*s: is %s, want %s", STR(text), err_name(e), json_text(c, "error"));
        check_field("answer", c, "remote_id", sent.remote_id);
        CHECK_INT(sent.retry_after_ms, json_int(c, "retry_after_ms", 0));
        CHECK_INT(sent.gone, json_flag(c, "gone"));
        CHECK_INT(sent.bad_markup, json_flag(c, "bad_markup"));
        CHECK_INT(sent.unknown, json_flag(c, "unknown"));
        CHECK_INT(sent.edit_lost, json_flag(c, "edit_lost"));
    }
}

static void check_request(const json_t *c, const struct http_request *q)
{
    CLEANUP(json_decrefp) json_t *body = NULL;
    CLEANUP(buf_done) struct buf url = {0};
    const char *key;
    const json_t *v;
    size_t i;

    buf_addf(&url, "https://api.telegram.org/bot123:secret-token/%s", json_text(c, "method"));
    CHECK_STR(str_from(q->url), buf_c(&url));
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
            .chat_id = json_text_str(c, "send.chat_id"), .thread_id = json_text_str(c, "send.thread_id"),
            .reply_to = json_text_str(c, "send.reply_to"), .text = json_text_str(c, "send.text"),
            .remote_id = json_text_str(c, "send.remote_id"), .plain = json_flag(c, "send.plain"), .final = true,
            .choices = json_at(c, "send.choices"),
        };

        CHECK_OK(telegram_encode(a, &m, &q));
        check_request(c, &q);
    }
}

TEST(files_go_as_form_data)
{
    static const struct { const char *mime, *method, *part; } cases[] = {
        { "application/pdf", "/sendDocument", "name=\"document\"; filename=\"a_b.pdf\"\r\nContent-Type: application/pdf\r\n\r\nBYTES\0x\r\n--" },
        { "image/png",       "/sendPhoto",    "name=\"photo\"; filename=\"a_b.pdf\"\r\nContent-Type: image/png\r\n\r\nBYTES\0x\r\n--" },
    };

    configure();
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        struct http_request q;
        struct outgoing m = { .chat_id = S("7"), .thread_id = S("3"), .blob = S("aa"), .name = S("a\"b.pdf"),
                              .mime = str_from(cases[i].mime), .bytes = S("BYTES\0x") };

        CHECK_OK(telegram_encode(a, &m, &q));
        CHECK(str_ends(str_from(q.url), str_from(cases[i].method)));
        CHECK(str_find(q.body, S("name=\"chat_id\"\r\n\r\n7\r\n")) != STR_NONE);
        CHECK(str_find(q.body, S("name=\"message_thread_id\"\r\n\r\n3\r\n")) != STR_NONE);
        CHECK(str_find(q.body, str_of(cases[i].part, strlen(cases[i].part) + 6)) != STR_NONE);
    }
}

TEST(typing_is_a_chat_action)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct http_request q;

    configure();
    CHECK_OK(telegram_encode_typing(a, S("7"), S("3"), &q));
    CHECK(str_ends(str_from(q.url), S("/sendChatAction")));
    CHECK_STR(q.body, "{\"action\":\"typing\",\"chat_id\":7,\"message_thread_id\":3}");
}
