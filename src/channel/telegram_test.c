// SPDX-License-Identifier: Apache-2.0
/* The Telegram translator against recorded facts: tests/cassettes/telegram/. */
#include "base/test.h"

#include "channel/telegram.h"
#include "channel/test_cassette.h"
#include "config/config.h"

static void configure(void)
{
    CHECK_OK(config_load_for_test("/nonexistent", (const char *const[]){ "platforms.telegram.token=123:secret-token", NULL }));
}

TEST(updates_become_messages)
{
    CLEANUP(json_decrefp) json_t *file = cassette_load("telegram/updates");
    struct telegram_bot bot = { json_int(file, "bot.id", 0), json_text_str(file, "bot.username") };
    const json_t *c;
    size_t i;

    json_array_foreach(json_object_get(file, "cases"), i, c) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        struct telegram_message m;
        bool wanted;

        CHECK_OK(telegram_decode(a, json_object_get(c, "update"), &bot, 10000, &m, &wanted));
        cassette_check_said(c, wanted, &m.message, m.files, m.n_files, "telegram");
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
    cassette_check_answers("telegram/answers", telegram_decode_sent);
}

static void check_request(const json_t *c, const struct http_request *q)
{
    CLEANUP(buf_done) struct buf url = {0};

    buf_addf(&url, "https://api.telegram.org/bot123:secret-token/%s", json_text(c, "method"));
    CHECK_STR(str_from(q->url), buf_c(&url));
    cassette_check_body(c, q->body);
}

TEST(pieces_become_requests)
{
    CLEANUP(json_decrefp) json_t *file = cassette_load("telegram/requests");
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
