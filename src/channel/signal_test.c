// SPDX-License-Identifier: Apache-2.0
/* The Signal translator against facts: tests/cassettes/signal/. */
#include "base/test.h"

#include "channel/signal.h"
#include "channel/test_cassette.h"
#include "config/config.h"

#define ADA "a1a1a1a1-0000-4000-8000-000000000001"
#define GROUP "Pmpi+EfPWmsxiomLe9Nx2XF9HOE483p6iKiFj65iMwI="

static void configure(void)
{
    CHECK_OK(config_load_for_test("/nonexistent", (const char *const[]){ "platforms.signal.url=http://127.0.0.1:8080/",
                                                                         "platforms.signal.account=+491700000001", NULL }));
}

/* ---- in ---- */

TEST(events_become_messages)
{
    CLEANUP(json_decrefp) json_t *file = cassette_load("signal/events");
    const struct signal_self self = { json_text_str(file, "self.number"), json_text_str(file, "self.uuid") };
    const json_t *c;
    size_t i;

    json_array_foreach(json_object_get(file, "cases"), i, c) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        struct hook_message m;
        bool wanted;

        CHECK_OK(signal_decode(a, json_object_get(c, "event"), &self, &m, &wanted));
        cassette_check_message(c, wanted, &m, "signal");
    }
}

TEST(what_is_no_event_is_refused)
{
    CLEANUP(json_decrefp) json_t *file = cassette_load("signal/events");
    const struct signal_self self = { S("+491700000001"), S("") };
    const json_t *odd;
    size_t i;

    json_array_foreach(json_object_get(file, "odd"), i, odd) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        struct hook_message m;
        bool wanted;

        CHECK_ERR(signal_decode(a, odd, &self, &m, &wanted), ERR_INPUT);
    }
}

TEST(an_unknown_uuid_of_ours_is_nobodys)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(json_decrefp) json_t *event = json_pack("{s:{s:s, s:{s:i, s:s, s:[{s:s, s:i, s:i}], s:{s:s}}}}", "envelope", "sourceUuid", ADA,
            "dataMessage", "timestamp", 7, "message", "x y", "mentions", "uuid", "", "start", 0, "length", 1, "groupInfo", "groupId", GROUP);
    const struct signal_self self = { S("+491700000001"), S("") };
    struct hook_message m;
    bool wanted;

    CHECK_OK(signal_decode(a, event, &self, &m, &wanted));
    CHECK(wanted && m.message.overheard);
}

TEST(chats_are_told_apart)
{
    static const struct { const char *chat, *key; } cases[] = {
        { ADA, "recipient" }, { "+491700000002", "recipient" }, { "u:ada.42", "username" }, { GROUP, "groupId" },
        { "AAAAAAAAAAAAAAAAAAAAAA==", "groupId" },
        { "", NULL }, { "+", NULL }, { "+49 170", NULL }, { "u:", NULL }, { "team", NULL }, { "AAAA", NULL }, { "-a", NULL },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(json_decrefp) json_t *params = json_object();

        CHECK_INT(signal_add_chat(params, str_from(cases[i].chat)), cases[i].key ? OK : ERR_INPUT);
        CHECK(!cases[i].key || json_object_get(params, cases[i].key));
    }
}

/* ---- out ---- */

TEST(marks_become_ranges)
{
    static const struct { const char *marked, *text, *styles; } cases[] = {
        { "plain", "plain", "[]" },
        { "a \2bold\2 one", "a bold one", "[\"2:4:BOLD\"]" },
        { "\xf0\x9f\x98\x80\35i\2bi\2\35", "\xf0\x9f\x98\x80ibi", "[\"3:2:BOLD\",\"2:3:ITALIC\"]" },
        { "\21one\21\n\21two\21\nno\n\21x\21", "one\ntwo\nno\nx", "[\"0:7:MONOSPACE\",\"11:1:MONOSPACE\"]" },
        { "\36never closed", "never closed", "[\"0:12:STRIKETHROUGH\"]" },
        { "\2\2\2", "", "[]" },
        { "\21a\21 \21b\21", "a b", "[\"0:1:MONOSPACE\",\"2:1:MONOSPACE\"]" },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        CLEANUP(json_decrefp) json_t *styles = json_array();

        CHECK_STR(signal_styled(a, str_from(cases[i].marked), styles), cases[i].text);
        CHECK_STR(json_print(a, styles), cases[i].styles);
    }
}

static json_t *encoded(struct arena *a, const struct outgoing *m)
{
    struct http_request q;
    json_t *j = NULL;

    CHECK_OK(signal_encode(a, m, &q));
    CHECK_STR(str_from(q.url), "http://127.0.0.1:8080/api/v1/rpc");
    CHECK_OK(json_parse(q.body, &j));
    CHECK_STR(json_text_str(j, "method"), "send");
    CHECK_STR(json_text_str(j, "params.account"), "+491700000001");
    return j;
}

static const struct outgoing reply = {
    .id = 5, .session_id = S("s"), .chat_id = S(GROUP), .thread_id = S(""), .reply_to = S(ADA ":77"), .text = S("**hi** _you_ \2 `x`"),
    .blob = S(""), .remote_id = S(""), .prepared = S(""), .final = true,
};

TEST(replies_become_calls)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct outgoing m = reply;

    configure();
    CLEANUP(json_decrefp) json_t *group = encoded(a, &m);
    CHECK_STR(json_text_str(group, "params.message"), "hi you  x");
    CHECK_STR(json_print(a, json_at(group, "params.textStyles")), "[\"0:2:BOLD\",\"3:3:ITALIC\",\"8:1:MONOSPACE\"]");
    CHECK_STR(json_text_str(group, "params.groupId"), GROUP);
    CHECK_STR(json_text_str(group, "params.quoteAuthor"), ADA);
    CHECK_INT(json_int(group, "params.quoteTimestamp", 0), 77);
    m.chat_id = S(ADA);
    m.plain = true;
    CLEANUP(json_decrefp) json_t *person = encoded(a, &m);
    CHECK(!json_at(person, "params.quoteTimestamp") && !json_at(person, "params.textStyles"));
    CHECK_STR(json_text_str(person, "params.recipient.0"), ADA);
    m.blob = S("hash");
    m.name = S("a;b ,%.txt");
    m.mime = S("text/plain; charset=utf-8");
    m.bytes = S("hello");
    CLEANUP(json_decrefp) json_t *file = encoded(a, &m);
    CHECK_STR(json_text_str(file, "params.attachments.0"),
              "data:application/octet-stream;filename=a%3Bb%20%2C%25.txt;base64,aGVsbG8=");
}

TEST(what_cannot_be_sent_is_refused)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct outgoing m = reply;
    struct http_request q;

    configure();
    m.text = S(" ");
    CHECK_ERR(signal_encode(a, &m, &q), ERR_INPUT);
    m = reply;
    m.chat_id = S("../x");
    CHECK_ERR(signal_encode(a, &m, &q), ERR_INPUT);
    CHECK_ERR(signal_encode_typing(a, S("x"), S(""), &q), ERR_INPUT);
}

static str answered(struct arena *a, const json_t *request, int64_t at)
{
    struct sent sent;
    const char *body = arena_printf(a, "{\"jsonrpc\":\"2.0\",\"result\":{\"timestamp\":%lld},\"id\":\"%s\"}", (long long)at,
                                    json_text(request, "id"));

    CHECK_OK(signal_decode_sent(a, &(struct http_response){ .status = 200, .body = str_from(body) }, &sent));
    return sent.remote_id;
}

TEST(each_edit_names_the_edition_before_it_and_they_end)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct outgoing m = reply;
    struct http_request q;

    configure();
    m.final = false;
    CLEANUP(json_decrefp) json_t *first = encoded(a, &m);
    m.remote_id = answered(a, first, 100);
    CHECK_STR(m.remote_id, "100");
    for (int i = 0; i < 8; i++) {
        CLEANUP(json_decrefp) json_t *edit = encoded(a, &m);

        CHECK_INT(json_int(edit, "params.editTimestamp", 0), 100 + i);
        CHECK(!json_at(edit, "params.quoteTimestamp"));
        CHECK_STR(answered(a, edit, 101 + i), "100");
    }
    CHECK_ERR(signal_encode(a, &m, &q), ERR_LIMIT);
    m.final = true;
    CLEANUP(json_decrefp) json_t *end = encoded(a, &m);
    CHECK_INT(json_int(end, "params.editTimestamp", 0), 108);
}

TEST(what_cannot_be_edited_any_more_is_sent_anew)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct outgoing m = reply;
    struct http_request q;

    configure();
    m.remote_id = S("31415");
    CLEANUP(json_decrefp) json_t *end = encoded(a, &m);
    CHECK(!json_at(end, "params.editTimestamp"));
    CHECK_STR(answered(a, end, 500), "500");
    m.final = false;
    CHECK_ERR(signal_encode(a, &m, &q), ERR_LIMIT);
}

/* ---- answers ---- */

static enum err error_named(const char *name)
{
    static const struct { const char *name; enum err e; } names[] = {
        { "ok", OK }, { "remote", ERR_REMOTE }, { "not found", ERR_NOT_FOUND }, { "conflict", ERR_CONFLICT }, { "limit", ERR_LIMIT },
        { "input", ERR_INPUT }, { "auth", ERR_AUTH },
    };

    for (size_t i = 0; i < N_ELEMENTS(names); i++)
        if (str_eq(str_from(name), str_from(names[i].name)))
            return names[i].e;
    return ERR_BUG;
}

TEST(answers_mean_what_signal_cli_says)
{
    CLEANUP(json_decrefp) json_t *file = cassette_load("signal/answers");
    const json_t *c;
    size_t i;

    configure();
    json_array_foreach(json_object_get(file, "cases"), i, c) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        struct http_response r = { .status = (int)json_int(c, "status", 200), .body = json_print(a, json_object_get(c, "body")) };
        struct sent sent;
        enum err e = signal_decode_sent(a, &r, &sent);

        if (e != error_named(json_text(c, "want")) || sent.gone != json_flag(c, "gone") || sent.unknown != json_flag(c, "unknown"))
            test_failed(__FILE__, __LINE__, "%s: %d%s%s", json_text(c, "name"), e, sent.gone ? " gone" : "", sent.unknown ? " unknown" : "");
        CHECK_STR(sent.remote_id, json_text(c, "remote_id"));
        CHECK(!json_at(c, "retry_after") || sent.retry_after_ms == (uint64_t)json_int(c, "retry_after", 0));
        CHECK(e == OK || str_find(str_from(failed_text()), json_text_str(c, "says")) != STR_NONE);
    }
}
