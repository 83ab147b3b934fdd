// SPDX-License-Identifier: Apache-2.0
/* The Slack translator against recorded facts: tests/cassettes/slack/. */
#include "base/test.h"

#include "channel/slack.h"
#include "channel/test_cassette.h"
#include "config/config.h"

static void configure(const char *more)
{
    CHECK_OK(config_load_for_test("/nonexistent", (const char *const[]){ "platforms.slack.bot_token=xoxb-secret", more, NULL }));
}

TEST(slack_events_become_messages)
{
    CLEANUP(json_decrefp) json_t *file = cassette_load("slack/events");
    static const char *const names[] = { "no", "ours", "overheard", "if_thread" };
    struct slack_bot bot = { .user_id = json_text_str(file, "bot.user_id"), .bot_id = json_text_str(file, "bot.bot_id") };
    const json_t *c;
    size_t i;

    configure(NULL);
    json_array_foreach(json_object_get(file, "cases"), i, c) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        struct slack_message m;
        enum slack_wanted wanted;

        CHECK_OK(slack_decode(a, json_object_get(c, "payload"), &bot, &m, &wanted));
        if (strcmp(names[wanted], json_text(c, "wanted")))
            test_failed(__FILE__, __LINE__, "%s: is %s, want %s", json_text(c, "name"), names[wanted], json_text(c, "wanted"));
        cassette_check_said(c, wanted != SLACK_NOT_OURS, &m.message, m.files, m.n_files, "slack");
    }
}

TEST(what_is_no_event_of_slack_is_refused)
{
    CLEANUP(json_decrefp) json_t *file = cassette_load("slack/events");
    struct slack_bot bot = { .user_id = S("U1") };
    const json_t *c;
    size_t i;

    json_array_foreach(json_object_get(file, "refused"), i, c) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        struct slack_message m;
        enum slack_wanted wanted;

        CHECK_ERR(slack_decode(a, c, &bot, &m, &wanted), ERR_INPUT);
    }
}

TEST(a_question_in_a_channel_stays_there_where_threads_are_not_wanted)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(json_decrefp) json_t *j = json_pack("{s:s, s:s, s:s, s:s}", "type", "message", "user", "U1", "text", "<@U9> hi", "ts", "1.000002");
    struct slack_bot bot = { .user_id = S("U9") };
    struct slack_message m;
    enum slack_wanted wanted;

    configure("platforms.slack.threads=false");
    CHECK_OK(slack_decode_old(a, j, S("C1"), &bot, &m, &wanted));
    CHECK_INT(wanted, SLACK_OURS);
    CHECK_STR(m.message.thread_id, "");
    CHECK_STR(m.message.external_id, "C1:1.000002");
}

TEST(answers_mean_what_slack_says)
{
    cassette_check_answers("slack/answers", slack_decode_sent);
}

static void check_request(const json_t *c, const struct http_request *q)
{
    CLEANUP(buf_done) struct buf url = {0};

    buf_addf(&url, "https://slack.com/api/%s", json_text(c, "method"));
    CHECK_STR(str_from(q->url), buf_c(&url));
    CHECK_STR(q->fields[1].value, "Bearer xoxb-secret");
    cassette_check_body(c, q->body);
}

TEST(pieces_become_calls_of_slack)
{
    CLEANUP(json_decrefp) json_t *file = cassette_load("slack/requests");
    const json_t *c;
    size_t i;

    configure(NULL);
    json_array_foreach(json_object_get(file, "cases"), i, c) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        const json_t *s = json_object_get(c, "send");
        struct http_request q;
        struct outgoing m = {
            .chat_id = json_text_str(s, "chat_id"), .thread_id = json_text_str(s, "thread_id"), .reply_to = json_text_str(s, "reply_to"),
            .text = json_text_str(s, "text"), .remote_id = json_text_str(s, "remote_id"), .plain = json_flag(s, "plain"), .final = true,
            .choices = json_at(s, "choices"), .blob = json_text_str(s, "blob"), .name = json_text_str(s, "name"),
            .prepared = json_text_str(s, "prepared"),
        };

        CHECK_OK(slack_encode(a, &m, &q));
        check_request(c, &q);
    }
}

TEST(only_what_slack_signed_lately_is_taken)
{
    CLEANUP(json_decrefp) json_t *j = cassette_load("slack/signatures");
    CLEANUP(arena_freep) struct arena *a = arena_new();
    str secret = json_text_str(j, "secret"), at = json_text_str(j, "timestamp"), body = json_text_str(j, "body"),
        signature = json_text_str(j, "signature");
    int64_t now = 1531420618000, five = 5 * 60 * 1000;

    CHECK(slack_signed(a, secret, at, signature, body, now));
    CHECK(slack_signed(a, secret, at, signature, body, now + five));
    CHECK(slack_signed(a, secret, at, signature, body, now - five));
    CHECK(!slack_signed(a, secret, at, signature, body, now + five + 1));
    CHECK(!slack_signed(a, secret, at, signature, body, now - five - 1));
    CHECK(!slack_signed(a, S("other"), at, signature, body, now));
    CHECK(!slack_signed(a, S(""), at, signature, body, now));
    CHECK(!slack_signed(a, secret, S("1531420619"), signature, body, now));
    CHECK(!slack_signed(a, secret, S("-1531420618"), signature, body, now));
    CHECK(!slack_signed(a, secret, NO_STR, signature, body, now));
    CHECK(!slack_signed(a, secret, at, NO_STR, body, now));
    CHECK(!slack_signed(a, secret, at, str_take(signature, 20), body, now));
    CHECK(!slack_signed(a, secret, at, signature, str_take(body, body.len - 1), now));
}

TEST(a_form_holds_a_command_or_a_pressed_button)
{
    CLEANUP(json_decrefp) json_t *file = cassette_load("slack/signatures"), *command = NULL, *pressed = NULL, *odd = NULL;
    CLEANUP(arena_freep) struct arena *a = arena_new();
    str type = S("application/x-www-form-urlencoded; charset=utf-8");

    CHECK_OK(slack_read_body(a, type, json_text_str(file, "body"), &command));
    CHECK_STR(json_text_str(command, "command"), "/webhook-collect");
    CHECK_STR(json_text_str(command, "user_id"), "U2CERLKJA");
    CHECK_OK(slack_read_body(a, type, S("payload=%7B%22type%22%3A%22block_actions%22%7D"), &pressed));
    CHECK_STR(json_text_str(pressed, "type"), "block_actions");
    CHECK(slack_read_body(a, type, S("payload=%7B"), &odd) != OK);
    CHECK(slack_read_body(a, S("application/json"), S("{"), &odd) != OK);
}

TEST(times_are_compared_as_numbers)
{
    CHECK(slack_ts_cmp(S("999999999.000001"), S("1000000000.000000")) < 0);
    CHECK(slack_ts_cmp(S("1000000000.000001"), S("1000000000.000000")) > 0);
    CHECK_INT(slack_ts_cmp(S("1.000001"), S("1.000001")), 0);
    CHECK_INT(slack_ts_ms(S("1355517523.120005")), 1355517523120);
    CHECK_INT(slack_ts_ms(S("x")), 0);
    CHECK(!slack_is_ts(S("1")) && !slack_is_ts(S(".5")) && !slack_is_ts(S("1.")) && !slack_is_ts(S("1.5.6")) && slack_is_ts(S("1.5")));
}
