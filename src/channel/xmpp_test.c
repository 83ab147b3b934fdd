// SPDX-License-Identifier: Apache-2.0
/* The XMPP translator against what the standards show: tests/cassettes/xmpp/; its XML, and its SASL by the RFCs' own examples. */
#include "base/test.h"

#include "channel/xmpp.h"
#include "channel/xmpp_sasl.h"

#define HEAD "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' id='x' version='1.0'>"

static struct stanza *stanza_of(str xml)
{
    struct xmpp_parser *p = xmpp_parser_new();

    CHECK_OK(xmpp_parser_feed(p, S(HEAD)));
    CHECK_OK(xmpp_parser_feed(p, xml));
    struct stanza *s = xmpp_parser_take(p);

    CHECK(s && !xmpp_parser_take(p));
    xmpp_parser_free(p);
    return s;
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
    check_field(name, want, "chat_type", m->chat_type);
    check_field(name, want, "user_id", m->user_id);
    check_field(name, want, "user_name", m->user_name);
    check_field(name, want, "text", m->text);
    check_field(name, want, "reply_to", m->reply_to);
    if (json_object_get(want, "created_at"))
        CHECK_INT(m->created_at, json_int(want, "created_at", 0));
    if (m->overheard != json_flag(want, "overheard"))
        test_failed(__FILE__, __LINE__, "%s: %s", name, m->overheard ? "is overheard" : "is said to us");
}

static void check_files(const json_t *want, const struct xmpp_message *m)
{
    CHECK_INT(m->n_files, json_array_size(want));
    for (size_t i = 0; i < m->n_files; i++) {
        CLEANUP(buf_done) struct buf b = {0};
        const struct incoming_file *f = &m->files[i];

        buf_addf(&b, "%s %.*s %s %s", f->type, STR(f->name), f->request.url, f->request.allow_address ? "public" : "any");
        CHECK_STR(buf_str(&b), json_string_value(json_array_get(want, i)));
    }
}

static void join(struct xmpp_rooms *rooms, struct arena *a)
{
    static const char *const items[] = { "coven@chat.example.org/thirdwitch" };
    static const char *const presences[] = {
        "<presence from='coven@chat.example.org/firstwitch'><x xmlns='http://jabber.org/protocol/muc#user'><item jid='hag66@example.org/pda'/></x></presence>",
        "<presence from='coven@chat.example.org/secondwitch'><x xmlns='http://jabber.org/protocol/muc#user'><item role='participant'/></x></presence>",
        "<presence from='coven@chat.example.org/thirdwitch'><x xmlns='http://jabber.org/protocol/muc#user'><status code='110'/></x></presence>",
    };

    CHECK_OK(xmpp_rooms_read(a, rooms, items, 1, S("bot")));
    for (size_t i = 0; i < N_ELEMENTS(presences); i++) {
        CLEANUP(stanza_freep) struct stanza *s = stanza_of(str_from(presences[i]));

        CHECK_INT(xmpp_room_take_presence(&rooms->rooms[0], s->node), i == 2);
    }
}

TEST(stanzas_become_messages)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    json_error_t error;
    CLEANUP(json_decrefp) json_t *file = json_load_file("tests/cassettes/xmpp/messages.json", JSON_REJECT_DUPLICATES, &error);
    struct xmpp_rooms rooms;
    const json_t *c;
    size_t i;

    if (!file)
        test_failed(__FILE__, __LINE__, "messages.json:%d: %s", error.line, error.text);
    join(&rooms, a);
    json_array_foreach(json_object_get(file, "cases"), i, c) {
        CLEANUP(stanza_freep) struct stanza *s = stanza_of(json_text_str(c, "stanza"));
        struct xmpp_message m;
        bool wanted, expected = json_is_object(json_object_get(c, "message"));

        xmpp_decode(a, s->node, S("bot@example.org"), &rooms, "http://files.lan/", 1700000000000, &m, &wanted);
        if (wanted != expected)
            test_failed(__FILE__, __LINE__, "%s: %s", json_text(c, "name"), wanted ? "is taken" : "is not taken");
        if (!wanted)
            continue;
        check_message(json_text(c, "name"), json_object_get(c, "message"), &m.message);
        check_files(json_object_get(c, "files"), &m);
        CHECK_INT(m.encrypted, json_flag(c, "encrypted"));
    }
    xmpp_rooms_done(&rooms);
}

TEST(a_room_that_is_not_joined_yet_says_nothing)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    static const char *const items[] = { "coven@chat.example.org" };
    CLEANUP(stanza_freep) struct stanza *s = stanza_of(S("<message from='coven@chat.example.org/x' id='1' type='groupchat'><body>bot: hi</body></message>"));
    struct xmpp_rooms rooms;
    struct xmpp_message m;
    bool wanted;

    CHECK_OK(xmpp_rooms_read(a, &rooms, items, 1, S("bot")));
    xmpp_decode(a, s->node, S("bot@example.org"), &rooms, "", 1, &m, &wanted);
    CHECK(!wanted);
    CHECK_ERR(xmpp_rooms_read(a, &rooms, (const char *const[]){ "no address" }, 1, S("bot")), ERR_INPUT);
}

TEST(what_xmpp_forbids_ends_the_stream)
{
    static const char *const cases[] = {
        "<!DOCTYPE x><message/>", "<?php x ?><message/>", "<!-- x --><message/>", "<message>&lol;</message>", "<message></iq>", "<message a='1' a='2'/>",
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        struct xmpp_parser *p = xmpp_parser_new();

        CHECK_OK(xmpp_parser_feed(p, S(HEAD)));
        CHECK_ERR(xmpp_parser_feed(p, str_from(cases[i])), ERR_INPUT);
        CHECK(!xmpp_parser_take(p));
        xmpp_parser_free(p);
    }
}

static enum err feed_many(const char *head, const char *piece, size_t n)
{
    struct xmpp_parser *p = xmpp_parser_new();
    enum err e = xmpp_parser_feed(p, S(HEAD));

    if (e == OK)
        e = xmpp_parser_feed(p, str_from(head));
    for (size_t i = 0; i < n && e == OK; i++)
        e = xmpp_parser_feed(p, str_from(piece));
    xmpp_parser_free(p);
    return e;
}

TEST(what_is_too_large_or_too_deep_ends_the_stream)
{
    CHECK_ERR(feed_many("<message><body>", "0123456789abcdef0123456789abcdef", 20000), ERR_LIMIT);
    CHECK_ERR(feed_many("<message to='", "0123456789abcdef0123456789abcdef", 20000), ERR_LIMIT);
    CHECK_ERR(feed_many("", "<a>", 40), ERR_LIMIT);
    CHECK_ERR(feed_many("<message>", "<a/>", 5000), ERR_LIMIT);
    CHECK_OK(feed_many("", "<message><body>x</body></message> ", 20000));
}

TEST(an_answer_is_a_stanza_that_reads_back)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(buf_done) struct buf b = {0};
    struct outgoing m = { .chat_id = S("o'hara@example.org"), .text = S("a < b & \x01 \"c\""), .remote_id = S("first"), .plain = true };

    xmpp_add_message(&b, a, &m, S("id1"), S(""), false);
    CLEANUP(stanza_freep) struct stanza *s = stanza_of(buf_str(&b));

    CHECK_STR(xml_attribute(s->node, "to"), "o'hara@example.org");
    CHECK_STR(xml_child_text(s->node, "body", NULL), "a < b & \xef\xbf\xbd \"c\"");
    CHECK_STR(xml_attribute(xml_child(s->node, "replace", NULL), "id"), "first");
    CHECK(xml_child(s->node, "unstyled", NULL));
    CHECK_STR(xml_attribute(s->node, "type"), "chat");
}

/* RFC 5802 section 5, RFC 7677 section 3. */
TEST(scram_speaks_as_the_rfcs_show)
{
    static const struct { enum sasl_mechanism m; const char *nonce, *first, *challenge, *answer, *final; } cases[] = {
        { SASL_SCRAM_SHA_1, "fyko+d2lbbFgONRv9qkxdawL", "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
          "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
          "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=", "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=" },
        { SASL_SCRAM_SHA_256, "rOprNGfwEbeRWgbNEkqO", "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
          "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
          "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
          "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=" },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        struct scram s = { .mechanism = cases[i].m, .user = S("user"), .password = S("pencil"), .nonce = str_from(cases[i].nonce) };
        str answer;

        CHECK_STR(scram_first(a, &s), cases[i].first);
        CHECK_OK(scram_answer(a, &s, str_from(cases[i].challenge), &answer));
        CHECK_STR(answer, cases[i].answer);
        CHECK_OK(scram_finish(&s, str_from(cases[i].final)));
        CHECK_ERR(scram_finish(&s, S("v=AAAA")), ERR_AUTH);
        CHECK_ERR(scram_finish(&s, S("e=other-error")), ERR_AUTH);
    }
}

TEST(a_challenge_that_is_not_for_us_is_refused)
{
    static const char *const cases[] = { "", "r=other,s=AAAA,i=1", "r=mine,s=AAAA,i=1", "r=mineX,s=,i=1", "r=mineX,s=AAAA,i=0", "r=mineX,s=AAAA,i=99999999" };
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct scram s = { .mechanism = SASL_SCRAM_SHA_1, .user = S("a=b,c"), .password = S("p"), .nonce = S("mine") };
    str answer;

    CHECK_STR(scram_first(a, &s), "n,,n=a=3Db=2Cc,r=mine");
    for (size_t i = 0; i < N_ELEMENTS(cases); i++)
        CHECK_ERR(scram_answer(a, &s, str_from(cases[i]), &answer), ERR_AUTH);
    CHECK_ERR(scram_answer(a, &s, S("m=x,r=mineX,s=AAAA,i=1"), &answer), ERR_INPUT);
    CHECK_STR(sasl_prepared(a, S("I\xc2\xadX")), "IX");      /* RFC 4013 section 3 */
    CHECK_STR(sasl_prepared(a, S("\xe2\x85\xa8")), "IX");
}
