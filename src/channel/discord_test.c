// SPDX-License-Identifier: Apache-2.0
/* The Discord translator against recorded facts: tests/cassettes/discord/. */
#include "base/test.h"

#include "channel/discord.h"
#include "channel/test_cassette.h"
#include "config/config.h"
#include "runtime/clock.h"

static void configure(void)
{
    CHECK_OK(config_load_for_test("/nonexistent", (const char *const[]){ "platforms.discord.token=a-secret-token", NULL }));
}

static void check_id(const json_t *c, const char *key, str got)
{
    if (json_object_get(c, key))
        CHECK_STR(got, json_text(c, key));
}

TEST(events_become_messages)
{
    CLEANUP(json_decrefp) json_t *file = cassette_load("discord/messages");
    const struct discord_self self = { .id = "900", .username = "our_bot" };
    const json_t *c;
    size_t i;

    json_array_foreach(json_object_get(file, "cases"), i, c) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        struct discord_message m;
        bool wanted;

        CHECK_OK(discord_decode(a, json_object_get(c, "event"), &self, &m, &wanted));
        cassette_check_said(c, wanted, &m.message, m.files, m.n_files, "discord");
        if (!wanted)
            continue;
        check_id(c, "guild_id", m.guild_id);
        CHECK_INT(m.in_thread, json_flag(c, "in_thread"));
    }
}

TEST(interactions_become_messages_and_are_acknowledged)
{
    CLEANUP(json_decrefp) json_t *file = cassette_load("discord/interactions");
    const json_t *c;
    size_t i;

    json_array_foreach(json_object_get(file, "cases"), i, c) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        struct discord_message m;
        bool wanted;

        CHECK_OK(discord_decode_interaction(a, json_object_get(c, "event"), &m, &wanted));
        cassette_check_said(c, wanted, &m.message, m.files, m.n_files, "discord");
        CHECK_INT(m.ack, json_int(c, "ack", -1));
        if (wanted)
            check_id(c, "parent_id", m.parent_id);
    }
}

TEST(what_is_no_event_is_refused)
{
    CLEANUP(json_decrefp) json_t *file = cassette_load("discord/interactions");
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

TEST(answers_mean_what_discord_says)
{
    cassette_check_answers("discord/answers", discord_decode_sent);
}

static void check_request(const json_t *c, const struct http_request *q)
{
    CLEANUP(buf_done) struct buf url = {0};

    buf_addf(&url, "https://discord.com/api/v10%s", json_text(c, "path"));
    CHECK_STR(str_from(q->url), buf_c(&url));
    CHECK_STR(str_from(q->method), json_text(c, "method"));
    CHECK_STR(q->fields[1].value, "Bot a-secret-token");
    cassette_check_body(c, q->body);
}

TEST(pieces_become_requests)
{
    CLEANUP(json_decrefp) json_t *file = cassette_load("discord/requests");
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
