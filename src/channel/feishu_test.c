// SPDX-License-Identifier: Apache-2.0
/* The Feishu translator against recorded facts: tests/cassettes/feishu/. */
#include "base/test.h"

#include "channel/feishu.h"
#include "channel/feishu_frame.h"
#include "channel/test_cassette.h"
#include "config/config.h"

/* ---- what comes in ---- */

/* Some cases have the whole event, others the message in it. */
static json_t *event_of(const json_t *c)
{
    if (json_object_get(c, "event"))
        return json_incref(json_object_get(c, "event"));
    return json_pack("{s:{s:s, s:s}, s:{s:{s:{s:s}, s:s}, s:O}}", "header", "event_id", "e", "event_type", "im.message.receive_v1", "event",
                     "sender", "sender_id", "open_id", json_text(c, "from"), "sender_type",
                     json_object_get(c, "sender_type") ? json_text(c, "sender_type") : "user", "message", json_object_get(c, "m"));
}

TEST(feishu_events_become_messages)
{
    CLEANUP(json_decrefp) json_t *file = cassette_load("feishu/updates");
    const json_t *c;
    size_t i;

    json_array_foreach(json_object_get(file, "cases"), i, c) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        CLEANUP(json_decrefp) json_t *event = event_of(c);
        struct feishu_message m;
        bool wanted;

        CHECK_OK(feishu_decode(a, event, json_text_str(file, "bot"), &m, &wanted));
        cassette_check_said(c, wanted, &m.message, m.files, m.n_files, "feishu");
    }
}

TEST(what_is_no_event_of_feishus_is_refused)
{
    CLEANUP(json_decrefp) json_t *file = cassette_load("feishu/updates");
    const json_t *c;
    size_t i;

    json_array_foreach(json_object_get(file, "broken"), i, c) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        struct feishu_message m;
        bool wanted;

        CHECK_ERR(feishu_decode(a, c, S("ou_bot"), &m, &wanted), ERR_INPUT);
    }
}

TEST(an_event_that_is_sealed_is_opened_by_its_key_alone)
{
    /* The example of open.feishu.cn/document/server-docs/event-subscription-guide/event-subscription-configure-/ (encrypt key) */
    static const char sealed[] = "P37w+VZImNgPEO1RBhJ6RtKl7n6zymIbEG1pReEzghk=";
    CLEANUP(arena_freep) struct arena *a = arena_new();
    str plain;

    CHECK_OK(feishu_decrypt(a, S("test key"), str_from(sealed), &plain));
    CHECK_STR(plain, "hello world");
    CHECK_ERR(feishu_decrypt(a, S("test kez"), str_from(sealed), &plain), ERR_INPUT);
    CHECK_ERR(feishu_decrypt(a, S("test key"), S("P37w+VZImNgPEO1RBhJ6Rg=="), &plain), ERR_INPUT);
    CHECK_ERR(feishu_decrypt(a, S("test key"), S("no base64!"), &plain), ERR_INPUT);
}

TEST(a_signature_holds_for_its_body_key_and_time_alone)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    /* printf 16000000001234keyBODY | sha256sum */
    str right = S("33f1c78bd848698ed9dfabbc69eec3df429183796e00bf2b2a863023fb574df8");

    CHECK(feishu_signed(a, S("key"), S("1600000000"), S("1234"), S("BODY"), right));
    CHECK(!feishu_signed(a, S("key"), S("1600000001"), S("1234"), S("BODY"), right));
    CHECK(!feishu_signed(a, S("kez"), S("1600000000"), S("1234"), S("BODY"), right));
    CHECK(!feishu_signed(a, S("key"), S("1600000000"), S("1234"), S("BODZ"), right));
    CHECK(!feishu_signed(a, S(""), S("1600000000"), S("1234"), S("BODY"), S("")));
}

/* ---- frames ---- */

TEST(frames_are_written_as_they_are_read)
{
    CLEANUP(buf_done) struct buf b = {0};
    struct feishu_frame f = { .seq_id = 1, .log_id = 300, .service = -1, .method = FEISHU_DATA, .payload = { "{}", 2 } }, g;
    /* protoc's bytes: 08 01, 10 ac 02, 18 and ten bytes of -1, 20 01, a header, the payload */
    static const char want[] = "080110ac0218ffffffffffffffffff0120012a0d0a04747970651205657665" "6e7442027b7d";

    feishu_frame_add(&f, S("type"), S("event"));
    feishu_frame_write(&b, &f);
    CLEANUP(buf_done) struct buf hex = {0};
    buf_add_hex(&hex, buf_str(&b));
    CHECK_STR(buf_str(&hex), want);
    CHECK_OK(feishu_frame_read(buf_str(&b), &g));
    CHECK_INT(g.log_id, 300);
    CHECK_INT(g.service, -1);
    CHECK_STR(feishu_frame_header(&g, "type"), "event");
    CHECK_STR(feishu_frame_header(&g, "other"), "");
    CHECK_STR(g.payload, "{}");
}

TEST(a_broken_frame_is_refused_and_a_field_of_the_future_passed_over)
{
    static const struct { str bytes; enum err want; } cases[] = {
        { S(""), OK },                              /* nothing at all */
        { S("\x08"), ERR_INPUT },                   /* no number behind its tag */
        { S("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"), ERR_INPUT },
        { S("\x42\x05" "abc"), ERR_INPUT },         /* a payload that is cut short */
        { S("\x2a\x02\x0a\x05"), ERR_INPUT },       /* so is a header's key */
        { S("\x0b"), ERR_INPUT },                   /* a group, which there is not any more */
        { S("\xa2\x06\x01x\x20\x01"), OK },         /* field 100 */
        { S("\xa1\x06" "12345678"), OK },
        { S("\xa5\x06" "1234"), OK },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        struct feishu_frame f;

        if (feishu_frame_read(cases[i].bytes, &f) != cases[i].want)
            test_failed(__FILE__, __LINE__, "case %zu", i);
    }
}

/* ---- what goes out ---- */

TEST(answers_mean_what_feishu_says)
{
    cassette_check_answers("feishu/answers", feishu_decode_sent);
}

static void check_parts(const char *name, const json_t *want, const json_t *got)
{
    const char *key;
    const json_t *v;

    json_object_foreach((json_t *)want, key, v)
        if (!json_equal(json_object_get(got, key), v))
            test_failed(__FILE__, __LINE__, "%s: %s is not as wanted", name, key);
}

static void check_request(const json_t *c, const struct http_request *q)
{
    CLEANUP(json_decrefp) json_t *body = NULL;
    CLEANUP(json_decrefp) json_t *content = NULL;
    CLEANUP(buf_done) struct buf url = {0};
    const char *name = json_text(c, "name");
    const json_t *v;
    size_t i;

    buf_addf(&url, "https://open.feishu.cn/open-apis/%s", json_text(c, "url"));
    CHECK_STR(str_from(q->url), buf_c(&url));
    CHECK_STR(str_from(q->method), json_text(c, "method"));
    CHECK_OK(json_parse(q->body, &body));
    CHECK_OK(json_parse(json_text_str(body, "content"), &content));
    check_parts(name, json_object_get(c, "want"), body);
    check_parts(name, json_object_get(c, "content"), content);
    check_parts(name, json_object_get(c, "element"), json_at(content, "body.elements.0"));
    check_parts(name, json_object_get(c, "button"), json_at(content, "body.elements.1"));
    json_array_foreach(json_object_get(c, "absent"), i, v)
        CHECK(!json_object_get(body, json_string_value(v)));
}

TEST(pieces_become_requests_to_feishu)
{
    CLEANUP(json_decrefp) json_t *file = cassette_load("feishu/requests");
    const json_t *c;
    size_t i;

    CHECK_OK(config_load_for_test("/nonexistent", NULL));
    json_array_foreach(json_object_get(file, "cases"), i, c) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        struct http_request q;
        struct outgoing m = {
            .id = 7, .session_id = S("s"), .chat_id = json_text_str(c, "send.chat_id"), .thread_id = json_text_str(c, "send.thread_id"),
            .reply_to = json_text_str(c, "send.reply_to"), .remote_id = json_text_str(c, "send.remote_id"),
            .text = json_text_str(c, "send.text"), .blob = json_text_str(c, "send.blob"), .name = json_text_str(c, "send.name"),
            .mime = json_text_str(c, "send.mime"), .plain = json_flag(c, "send.plain"), .final = true,
            .prepared = json_at(c, "send.prepared") ? json_text_str(c, "send.prepared") : S("T "), .choices = json_at(c, "send.choices"),
        };

        CHECK_OK(feishu_encode(a, &m, &q));
        CHECK_STR(q.fields[1].value, "Bearer T");
        check_request(c, &q);
    }
}
