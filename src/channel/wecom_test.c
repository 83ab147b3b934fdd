// SPDX-License-Identifier: Apache-2.0
/* The WeCom translator against recorded facts: tests/cassettes/wecom/. */
#include "base/test.h"

#include "channel/wecom.h"
#include "channel/test_cassette.h"
#include "config/config.h"

/* The example of WeCom's own sample programs. */
static const struct wecom_keys sample = {
    { "QDG6eK", 6 }, { "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C", 43 }, { "wx5823bf96d3bd56c7", 18 },
};
static const char echo[] = "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ==";

static void configure(void)
{
    CHECK_OK(config_load_for_test("/nonexistent", (const char *const[]){
        "platforms.wecom.corp_id=corp", "platforms.wecom.agent_id=1000002", "platforms.wecom.robot_key=robot-key", NULL }));
}

TEST(the_sample_of_wecoms_own_programs_is_opened)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct wecom_sealed sealed = { S("5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3"), S("1409659589"), S("263014780"), str_from(echo) };
    str plain;

    CHECK_OK(wecom_unseal(a, &sample, &sealed, &plain));
    CHECK_STR(plain, "1616140317555161061");
}

TEST(an_envelope_that_is_not_for_us_is_refused)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct wecom_keys other = sample, unset = sample, short_key = sample;
    struct wecom_sealed right = { S("5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3"), S("1409659589"), S("263014780"), str_from(echo) };
    struct wecom_sealed wrong = right, cut = right;
    str plain;

    wrong.signature = S("5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd4");
    CHECK_ERR(wecom_unseal(a, &sample, &wrong, &plain), ERR_AUTH);
    wrong = right;
    wrong.timestamp = S("1409659590");
    CHECK_ERR(wecom_unseal(a, &sample, &wrong, &plain), ERR_AUTH);
    unset.token = S("");
    CHECK_ERR(wecom_unseal(a, &unset, &right, &plain), ERR_AUTH);
    short_key.aes_key = S("jWmYm7qr5nMo");
    CHECK_ERR(wecom_unseal(a, &short_key, &right, &plain), ERR_AUTH);
    other.receiver = S("wx5823bf96d3bd56c8");
    CHECK_ERR(wecom_unseal(a, &other, &right, &plain), ERR_INPUT);
    cut.text = str_take(cut.text, 40);
    cut.signature = wecom_signature(a, sample.token, cut.timestamp, cut.nonce, cut.text);
    CHECK_ERR(wecom_unseal(a, &sample, &cut, &plain), ERR_INPUT);
}

TEST(callbacks_become_messages)
{
    CLEANUP(json_decrefp) json_t *file = cassette_load("wecom/updates");
    const json_t *c;
    size_t i;

    json_array_foreach(json_object_get(file, "cases"), i, c) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        struct wecom_message m;
        bool wanted;

        CHECK_OK(wecom_decode(a, json_text_str(c, "xml"), &m, &wanted));
        cassette_check_said(c, wanted, &m.message, m.files, m.n_files, "wecom");
        if (wanted)
            CHECK_STR(m.pressed, json_text(c, "pressed"));
    }
}

TEST(what_is_no_message_of_wecoms_is_refused)
{
    CLEANUP(json_decrefp) json_t *file = cassette_load("wecom/updates");
    const json_t *c;
    size_t i;

    json_array_foreach(json_object_get(file, "broken"), i, c) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        struct wecom_message m;
        bool wanted;

        CHECK_ERR(wecom_decode(a, json_strval(c), &m, &wanted), ERR_INPUT);
    }
}

TEST(every_beginning_of_a_message_is_refused)
{
    CLEANUP(json_decrefp) json_t *file = cassette_load("wecom/updates");
    str xml = json_text_str(file, "cases.0.xml");

    for (size_t cut = 0; cut < xml.len; cut++) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        struct wecom_message m;
        bool wanted;

        CHECK_ERR(wecom_decode(a, str_take(xml, cut), &m, &wanted), ERR_INPUT);
    }
}

TEST(answers_mean_what_wecom_says)
{
    cassette_check_answers("wecom/answers", wecom_decode_sent);
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
    CLEANUP(buf_done) struct buf url = {0};
    const json_t *v;
    size_t i;

    buf_addf(&url, "https://qyapi.weixin.qq.com%s", json_text(c, "url"));
    CHECK_STR(str_from(q->url), buf_c(&url));
    CHECK_OK(json_parse(q->body, &body));
    check_parts(json_text(c, "name"), json_object_get(c, "want"), body);
    check_parts(json_text(c, "name"), json_object_get(c, "card"), json_object_get(body, "template_card"));
    CHECK_INT(json_text_str(body, "template_card.task_id").len, json_object_get(c, "card") ? 36 : 0);
    json_array_foreach(json_object_get(c, "absent"), i, v)
        CHECK(!json_object_get(body, json_string_value(v)));
}

TEST(pieces_become_requests)
{
    CLEANUP(json_decrefp) json_t *file = cassette_load("wecom/requests");
    const json_t *c;
    size_t i;

    configure();
    json_array_foreach(json_object_get(file, "cases"), i, c) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        struct http_request q;
        struct outgoing m = {
            .chat_id = json_text_str(c, "send.chat_id"), .text = json_text_str(c, "send.text"), .blob = json_text_str(c, "send.blob"),
            .name = json_text_str(c, "send.name"), .mime = json_text_str(c, "send.mime"), .prepared = json_text_str(c, "send.prepared"),
            .plain = json_flag(c, "send.plain"), .final = true, .choices = json_at(c, "send.choices"),
        };

        CHECK_OK(wecom_encode(a, &m, &q));
        check_request(c, &q);
    }
}
