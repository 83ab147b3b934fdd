// SPDX-License-Identifier: Apache-2.0
/* Mails as sections: the head, the text, what is attached. */
#include "base/test.h"
#include "document/test_host.h"

#define HEAD "From: Ann <ann@example.org>\r\nTo: bob@example.org\r\nDate: Sat, 21 Nov 2026 18:00:00 +0100\r\nSubject: =?UTF-8?Q?H=C3=A9llo?=\r\n"
#define HEAD_SECTION "part 1 H\xc3\xa9llo|From: Ann <ann@example.org>\nTo: bob@example.org\nDate: 2026-11-21 18:00 +0100\nSubject: H\xc3\xa9llo\n"
#define MULTIPART(kind, parts) "MIME-Version: 1.0\r\nContent-Type: multipart/" kind "; boundary=B\r\n\r\n" parts "--B--\r\n"
#define PART(head, text) "--B\r\n" head "\r\n\r\n" text "\r\n"

TEST(a_mail_is_its_head_its_text_and_the_names_of_what_is_attached)
{
    static const struct { const char *in, *want; } cases[] = {
        { HEAD "\r\nhi\r\nthere\r\n", HEAD_SECTION "part 2 H\xc3\xa9llo|hi\nthere\n" }, { HEAD "\r\n", HEAD_SECTION }, { HEAD, HEAD_SECTION },
        { HEAD "Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\ncaf=E9\r\n", HEAD_SECTION "part 2 H\xc3\xa9llo|caf\xc3\xa9\n" },
        { HEAD "Content-Type: text/plain; charset=gb2312\r\nContent-Transfer-Encoding: base64\r\n\r\n1tDOxA==\r\n", HEAD_SECTION "part 2 H\xc3\xa9llo|\xe4\xb8\xad\xe6\x96\x87\n" },
        { HEAD "Content-Type: text/plain; charset=ISO-2022-JP\r\n\r\n\033$BF|K\\\033(B\r\n", HEAD_SECTION "part 2 H\xc3\xa9llo|\xe6\x97\xa5\xe6\x9c\xac\n" },
        { HEAD "Content-Type: text/plain; charset=us-ascii\r\n\r\nH\xc3\xa9\r\n", HEAD_SECTION "part 2 H\xc3\xa9llo|H\xc3\xa9\n" },
        { HEAD MULTIPART("alternative", PART("Content-Type: text/html", "<p>html") PART("Content-Type: text/plain", "plain")), HEAD_SECTION "part 2 H\xc3\xa9llo|plain\n" },
        { HEAD MULTIPART("alternative", PART("Content-Type: text/html", "<p>html") PART("Content-Type: text/calendar", "BEGIN:")), HEAD_SECTION "part 2 H\xc3\xa9llo|html\n" },
        { HEAD MULTIPART("mixed", PART("Content-Type: text/html", "<h1>A</h1>x") PART("Content-Type: application/pdf\r\nContent-Disposition: attachment; filename=\"a b.pdf\"", "%PDF-1.4")
              PART("Content-Type: text/plain\r\nContent-Disposition: attachment; filename=\"n.txt\"", "secret") PART("Content-Type: message/rfc822", "Subject: inner\r\n\r\nbody")),
          HEAD_SECTION "part 2 H\xc3\xa9llo > A|x\npart 3 H\xc3\xa9llo|Attached:\na b.pdf (application/pdf)\nn.txt (text/plain)\ninner (message/rfc822)\n" },
        { "Subject: x\r\n\r\na\0b", "part 1 x|Subject: x\npart 2 x|a\n" },
    };
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(buf_done) struct buf out = {0};
        CLEANUP(document_done) struct document d = { .name = S("a.eml"), .bytes = str_from(cases[i].in) };

        CHECK_OK(test_read_document(&d, &out));
        if (strcmp(buf_c(&out), cases[i].want) != 0)
            test_failed(__FILE__, __LINE__, "%s\nis\n%s\nwant\n%s", cases[i].in, buf_c(&out), cases[i].want);
    }
}

TEST(what_has_no_head_is_no_mail)
{
    CLEANUP(buf_done) struct buf out = {0};
    CLEANUP(document_done) struct document d = { .name = S("a.eml"), .bytes = S("just some words") };

    CHECK_ERR(test_read_document(&d, &out), ERR_INPUT);
    CHECK(strstr(failed_text(), "a.eml: this is no mail"));
}

static void check_nested(const char *begin, unsigned n)
{
    CLEANUP(buf_done) struct buf in = {0}, out = {0};
    CLEANUP(document_done) struct document d = { .name = S("a.eml") };

    buf_add(&in, S("Subject: deep\r\n"));
    for (unsigned i = 0; i < n; i++) {
        buf_addf(&in, begin, i, i);
    }
    buf_add(&in, S("Content-Type: text/plain\r\n\r\nthe bottom\r\n"));
    d.bytes = buf_str(&in);
    CHECK_OK(test_read_document(&d, &out));
    CHECK(str_starts(buf_str(&out), S("part 1 deep|Subject: deep\n")));
    CHECK_INT(d.n_skipped, 1);
    CHECK(str_find(buf_str(&d.problem), S("nested more than 64 deep")) != STR_NONE);
}

TEST(multiparts_in_multiparts_end)
{
    check_nested("Content-Type: multipart/mixed; boundary=b%u\r\n\r\n--b%u\r\n", 1000);
    check_nested("Content-Type: multipart/mixed; boundary=b%u\r\n\r\n--b%u\r\n", 20000);
}
