// SPDX-License-Identifier: Apache-2.0
/* Responses as RFC 3501 section 7 shows them, and what is none. */
#include "base/test.h"
#include "channel/imap.h"

static void show(struct buf *b, const struct imap_value *v)
{
    for (; v; v = v->next) {
        if (v->kind == IMAP_LIST) {
            buf_add(b, S("("));
            show(b, v->first);
            buf_add(b, S(")"));
        } else {
            buf_addf(b, v->kind == IMAP_STRING ? "'%.*s'" : v->kind == IMAP_NIL ? "nil" : "%.*s", STR(v->text));
        }
        if (v->next)
            buf_add_char(b, ' ');
    }
}

TEST(an_imap_response_is_taken_apart)
{
    static const struct { const char *in, *want; } cases[] = {
        { "* 172 EXISTS", "172 EXISTS [] " },
        { "* OK [UIDVALIDITY 3857529045] UIDs valid", "0 OK [UIDVALIDITY 3857529045] UIDs valid" },
        { "* CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN LOGINDISABLED", "0 CAPABILITY [] IMAP4rev1 STARTTLS AUTH=PLAIN LOGINDISABLED" },
        { "* SEARCH 2 84 882", "0 SEARCH [] 2 84 882" },
        { "* SEARCH", "0 SEARCH [] " },
        { "* 12 FETCH (FLAGS (\\Seen) UID 7 INTERNALDATE \"17-Jul-1996 02:44:25 -0700\")",
          "12 FETCH [] (FLAGS (\\Seen) UID 7 INTERNALDATE '17-Jul-1996 02:44:25 -0700')" },
        { "* 12 FETCH (BODY[]<0> {5}\r\nab\r\nc X NIL)", "12 FETCH [] (BODY[]<0> 'ab\r\nc' X nil)" },
        { "* 12 FETCH (BODY[HEADER.FIELDS (DATE FROM)] {0}\r\n)", "12 FETCH [] (BODY[HEADER.FIELDS (DATE FROM)] '')" },
        { "* LIST (\\Noselect) \"/\" \"a \\\"b\\\\\"", "0 LIST [] (\\Noselect) '/' 'a \"b\\'" },
        { "* BYE Autologout; idle for too long", "0 BYE [] Autologout; idle for too long" },
    };
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        CLEANUP(buf_done) struct buf got = {0};
        struct imap_response r;

        CHECK_OK(imap_parse(a, str_from(cases[i].in), &r));
        CHECK_INT(r.type, IMAP_UNTAGGED);
        buf_addf(&got, "%u %.*s [%.*s%s%.*s] %.*s", r.number, STR(r.name), STR(r.code), r.code_value.len ? " " : "", STR(r.code_value), STR(r.text));
        show(&got, r.values);
        CHECK_STR(buf_str(&got), cases[i].want);
    }
}

TEST(the_end_of_a_command_and_the_wish_for_more_are_known)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct imap_response r;

    CHECK_OK(imap_parse(a, S("A7 NO [AUTHENTICATIONFAILED] no such user"), &r));
    CHECK_INT(r.type, IMAP_TAGGED);
    CHECK_STR(r.tag, "A7");
    CHECK_STR(r.code, "AUTHENTICATIONFAILED");
    CHECK_STR(r.text, "no such user");
    CHECK_OK(imap_parse(a, S("+ idling"), &r));
    CHECK_INT(r.type, IMAP_CONTINUE);
    CHECK_STR(r.text, "idling");
    CHECK_OK(imap_parse(a, S("+"), &r));
}

TEST(what_is_no_imap_response_is_refused)
{
    static const char *const bad[] = {
        "", "*", "* ", "HTTP/1.1 400 Bad Request", "A1 MAYBE", "* 1 FETCH (UID 7", "* 1 FETCH UID 7)", "* 1 FETCH (BODY[] {9}\r\nshort)",
        "* 1 FETCH (BODY[HEADER (A)", "* 1 FETCH (X \"open)", "* 99999999999 EXISTS", "* 1 FETCH ((((((((((((((((((((((((((1))))", "* 1 FETCH (A {3)",
        "* 1 FETCH (A \"x\ny\")",
    };
    for (size_t i = 0; i < N_ELEMENTS(bad); i++) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        struct imap_response r;

        if (imap_parse(a, str_from(bad[i]), &r) != ERR_REMOTE)
            test_failed(__FILE__, __LINE__, "%s: is taken", bad[i]);
    }
}

TEST(counted_bytes_are_announced_at_the_end_of_a_line_only)
{
    uint64_t n = 0;

    CHECK(imap_announces(S("* 1 FETCH (BODY[] {310}"), &n) && n == 310);
    CHECK(!imap_announces(S("{310} and more"), &n) && !imap_announces(S("{}"), &n) && !imap_announces(S("{-1}"), &n)
          && !imap_announces(S("}"), &n) && !imap_announces(S("{99999999999}"), &n) && !imap_announces(S(""), &n));
}

TEST(an_imap_date_is_read_with_its_zone)
{
    CHECK_INT(imap_date_ms(S("17-Jul-1996 02:44:25 -0700")), 837596665000);
    CHECK_INT(imap_date_ms(S(" 1-Jan-2026 00:00:00 +0000")), 1767225600000);
    CHECK_INT(imap_date_ms(S("yesterday")), 0);
}
