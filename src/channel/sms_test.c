// SPDX-License-Identifier: Apache-2.0
/* SMS: Twilio against tests/cassettes/sms/, a gateway against settings. */
#include "base/test.h"

#include "channel/sms.h"
#include "channel/test_cassette.h"
#include "config/config.h"

static void configure(void)
{
    CHECK_OK(config_load_for_test("/nonexistent", (const char *const[]){ "platforms.sms.account_sid=AC1", "platforms.sms.auth_token=the-token",
             "platforms.sms.from=+15558675310", "platforms.sms.webhook_url=https://h/webhook/sms", NULL }));
}

TEST(twilios_forms_become_messages)
{
    CLEANUP(json_decrefp) json_t *file = cassette_load("sms/twilio");
    const json_t *c;
    size_t i;

    configure();
    json_array_foreach(json_object_get(file, "cases"), i, c) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        struct sms_form *form = ARENA_NEW(a, struct sms_form);
        struct hook_message m;
        bool wanted = false;

        sms_form_read(a, json_text_str(c, "form"), form);
        enum err e = sms_twilio_decode(a, form, &m, &wanted);

        cassette_check_error(c, e);
        if (!e)
            cassette_check_message(c, wanted, &m, "sms");
    }
}

TEST(twilios_answers_mean_what_it_says)
{
    CLEANUP(json_decrefp) json_t *file = cassette_load("sms/twilio");
    const json_t *c;
    size_t i;

    json_array_foreach(json_object_get(file, "answers"), i, c) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        struct sent sent;
        struct http_response r = cassette_response(a, c);

        cassette_check_sent(c, sms_twilio_decode_sent(a, &r, &sent), &sent);
    }
}

/* The example of Twilio's page on the security of webhooks. */
TEST(twilios_signature_covers_the_address_and_the_fields_by_name)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct sms_form *form = ARENA_NEW(a, struct sms_form);
    str url = S("https://mycompany.com/myapp.php?foo=1&bar=2"), right = S("0/KCTR6DLpKmkAf8muzZqo1nDgQ=");

    sms_form_read(a, S("To=%2B18005551212&Digits=1234&From=%2B12349013030&CallSid=CA1234567890ABCDE&Caller=%2B12349013030"), form);
    CHECK(sms_twilio_signed(a, S("12345"), url, form, right));
    CHECK(!sms_twilio_signed(a, S("12346"), url, form, right));
    CHECK(!sms_twilio_signed(a, S(""), url, form, right));
    CHECK(!sms_twilio_signed(a, S("12345"), S("https://mycompany.com/myapp.php"), form, right));
    form->n--;
    CHECK(!sms_twilio_signed(a, S("12345"), url, form, right));
    CHECK(!sms_twilio_signed(a, S("12345"), url, form, NO_STR));
}

TEST(our_credentials_go_to_twilio_only)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct sms_form *form = ARENA_NEW(a, struct sms_form);
    struct hook_message m;
    bool wanted;

    configure();
    sms_form_read(a, S("MessageSid=1&From=%2B1&MediaUrl0=https://api.twilio.com/x&MediaUrl1=https://api.twilio.com.evil.example/x"), form);
    CHECK_OK(sms_twilio_decode(a, form, &m, &wanted));
    CHECK_INT(m.n_files, 2);
    CHECK_STR(str_from(m.files[0].request.url), "https://api.twilio.com/x");
    CHECK(m.files[1].request.url == NULL);
}

TEST(replies_become_twilios_forms)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct http_request q;

    configure();
    CHECK_OK(sms_twilio_encode(a, &(struct outgoing){ .chat_id = S("+4915"), .text = S("**Hi** & 你") }, &q));
    CHECK_STR(str_from(q.url), "https://api.twilio.com/2010-04-01/Accounts/AC1/Messages.json");
    CHECK_STR(q.body, "To=%2B4915&From=%2B15558675310&Body=Hi%20%26%20%E4%BD%A0");
    CHECK_ERR(sms_twilio_encode(a, &(struct outgoing){ .chat_id = S("+4915"), .text = S(" ") }, &q), ERR_INPUT);
}

TEST(a_gateways_calls_are_read_by_its_pointers)
{
    static const struct { const char *type, *body, *text; } cases[] = {
        { "application/json", "{\"msisdn\":4915,\"text\":\"hi\",\"id\":\"m1\"}", "hi" },
        { "application/x-www-form-urlencoded; charset=utf-8", "msisdn=4915&text=h%C3%BC+i&id=m1", "hü i" },
    };
    CLEANUP(json_decrefp) json_t *all = json_pack("{s:{s:s, s:{s:s, s:s, s:s}}}", "sms", "secret", "s", "in", "text", "/text", "user", "/msisdn",
                                                  "id", "/id");

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        CLEANUP(json_decrefp) json_t *call = NULL;
        struct webhook_endpoint e;
        struct hook_message m;
        bool wanted = false;

        CHECK_OK(webhook_endpoint_read(a, all, S("sms"), &e));
        CHECK_OK(sms_gateway_read(a, str_from(cases[i].type), str_from(cases[i].body), &call));
        CHECK_OK(sms_gateway_decode(a, &e, call, &m, &wanted));
        CHECK(wanted);
        CHECK_STR(m.message.chat_id, "4915");
        CHECK_STR(m.message.external_id, "m1");
        CHECK_STR(m.message.text, cases[i].text);
        CHECK_STR(m.message.platform, "sms");
    }
}
