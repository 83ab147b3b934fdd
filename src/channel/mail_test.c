// SPDX-License-Identifier: Apache-2.0
/* The mail translator against facts: tests/cassettes/mail/ for mails as they come, here what was made of them and what goes out. */
#include "base/test.h"

#include "channel/mail.h"
#include "channel/smtp.h"
#include "config/config.h"

static json_t *load(const char *name)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    json_error_t error;
    json_t *j = json_load_file(arena_printf(a, "tests/cassettes/mail/%s.json", name), JSON_REJECT_DUPLICATES, &error);

    if (!j)
        test_failed(__FILE__, __LINE__, "%s:%d: %s", name, error.line, error.text);
    return j;
}

/* Lines of the cassette, with the ends that a server sends. */
static str mail_text(struct arena *a, const json_t *lines)
{
    CLEANUP(buf_done) struct buf b = {0};
    const json_t *line;
    size_t i;

    json_array_foreach(lines, i, line)
        buf_addf(&b, "%s\r\n", json_string_value(line));
    return arena_str(a, buf_str(&b));
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
    check_field(name, want, "thread_id", m->thread_id);
    check_field(name, want, "user_id", m->user_id);
    check_field(name, want, "user_name", m->user_name);
    check_field(name, want, "text", m->text);
    check_field(name, want, "reply_to", m->reply_to);
}

static void check_files(const char *name, const json_t *want, const struct mail *m)
{
    for (size_t i = 0; i < m->n_files || i < json_array_size(want); i++) {
        CLEANUP(buf_done) struct buf b = {0};
        const struct incoming_file *f = &m->files[i];

        if (i < m->n_files)
            buf_addf(&b, "%s %.*s %.*s %.*s", f->type, STR(f->name), STR(f->mime), STR(f->bytes));
        if (i >= m->n_files || !str_eq(buf_str(&b), json_strval(json_array_get(want, i))))
            test_failed(__FILE__, __LINE__, "%s: file %zu is \"%s\", want \"%s\"", name, i, buf_c(&b), json_string_value(json_array_get(want, i)));
    }
}

TEST(mails_become_messages_or_are_passed_over)
{
    CLEANUP(json_decrefp) json_t *file = load("mails");
    const json_t *c;
    size_t i;

    CHECK_OK(config_load_for_test("/nonexistent", (const char *const[]){ "platforms.mail.address=bot@example.org", NULL }));
    json_array_foreach(json_object_get(file, "cases"), i, c) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        const char *name = json_text(c, "name"), *want = json_text(c, "refused");
        struct mail_rules rules = { S("bot@example.org"), json_text_str(c, "authserv_id"), json_flag(c, "require_dkim") };
        struct message message;
        struct mail m;

        CHECK_OK(mail_read(a, mail_text(a, json_object_get(c, "mail")), 1 << 20, &m));
        const char *why = mail_refused(&m, &rules);

        if (!why != !want[0] || (why && !strstr(why, want)))
            test_failed(__FILE__, __LINE__, "%s: %s, want %s", name, why ? why : "is taken", want[0] ? want : "it taken");
        mail_to_message(a, &m, S("7:42"), 1000, &message);
        check_message(name, json_object_get(c, "message"), &message);
        if (!why)
            check_files(name, json_object_get(c, "files"), &m);
    }
}

TEST(what_is_no_mail_is_refused)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct mail m;

    CHECK_ERR(mail_read(a, S(""), 100, &m), ERR_INPUT);
    CHECK_ERR(mail_read(a, S("\0\0\0"), 100, &m), ERR_INPUT);
}

TEST(own_words_are_told_from_what_is_quoted)
{
    CLEANUP(json_decrefp) json_t *file = load("quotes");
    const json_t *c;
    size_t i;

    json_array_foreach(json_object_get(file, "cases"), i, c) {
        str got = mail_own_words(json_text_str(c, "text"), !json_flag(c, "first"));

        if (!str_eq(got, json_text_str(c, "own")))
            test_failed(__FILE__, __LINE__, "%s: is \"%.*s\"", json_text(c, "name"), STR(got));
    }
}

TEST(senders_match_an_address_a_domain_or_all)
{
    CHECK(mail_matches(S("ann@example.org"), S("Ann@Example.org")) && mail_matches(S("ann@example.org"), S("*@example.org"))
          && mail_matches(S("ann@example.org"), S("*")));
    CHECK(!mail_matches(S("ann@example.org"), S("bob@example.org")) && !mail_matches(S("ann@notexample.org"), S("*@example.org"))
          && !mail_matches(S("@example.org"), S("*@example.org")));
}

/* ---- out ---- */

static str composed(struct arena *a, const struct mail_out *m)
{
    CLEANUP(buf_done) struct buf b = {0};

    mail_compose(a, &b, m);
    return arena_str(a, buf_str(&b));
}

static bool has(str text, const char *part)
{
    return str_find(text, str_from(part)) != STR_NONE;
}

TEST(what_is_written_is_read_again_as_it_was)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    const struct mail_out out = {
        .from = "bot@example.org", .from_name = "The \"Bot\"", .to = "ann@example.org", .date_ms = 1767225600000,
        .subject = S("Re: Stra\xc3\x9f" "e \xe4\xbd\xa0\xe5\xa5\xbd\xe4\xbd\xa0\xe5\xa5\xbd\xe4\xbd\xa0\xe5\xa5\xbd\xe4\xbd\xa0\xe5\xa5\xbd\xe4\xbd\xa0\xe5\xa5\xbd\xe4\xbd\xa0\xe5\xa5\xbd\r\nBcc: eve@example.com"),
        .id = S("clawdbot.7.ab@example.org"), .parent = S("b@x"), .root = S("a@x"),
        .text = S("**bold** \xe4\xbd\xa0\n\n.leading dot\n\nFrom here = there"), .file = S("\0binary\xff" "bytes"), .file_name = S("\xe8\xa1\xa8 1.bin"),
        .file_mime = S("application/x-thing"),
    };
    str text = composed(a, &out);
    struct mail m;

    CHECK(!has(text, "\nBcc:"));
    for (size_t i = 0; i < text.len; i++)
        CHECK((text.p[i] >= ' ' && text.p[i] <= '~') || text.p[i] == '\r' || text.p[i] == '\n');
    CHECK_OK(mail_read(a, text, 1 << 20, &m));
    CHECK_STR(m.subject, "Re: Stra\xc3\x9f" "e \xe4\xbd\xa0\xe5\xa5\xbd\xe4\xbd\xa0\xe5\xa5\xbd\xe4\xbd\xa0\xe5\xa5\xbd\xe4\xbd\xa0\xe5\xa5\xbd\xe4\xbd\xa0\xe5\xa5\xbd\xe4\xbd\xa0\xe5\xa5\xbd  Bcc: eve@example.com");
    CHECK_STR(m.from, "bot@example.org");
    CHECK_STR(m.from_name, "The \"Bot\"");
    CHECK_STR(mail_id(&m), "clawdbot.7.ab@example.org");
    CHECK_STR(mail_parent(&m), "b@x");
    CHECK_STR(mail_root(&m), "a@x");
    CHECK_STR(mail_header(&m, "Date"), "Thu, 1 Jan 2026 00:00:00 +0000");
    CHECK_STR(mail_header(&m, "Auto-Submitted"), "auto-replied");
    CHECK(has(m.text, "\n.leading dot\n") && has(m.text, "From here = there") && has(m.text, "bold \xe4\xbd\xa0"));
    CHECK_INT(m.n_files, 1);
    CHECK_STR(m.files[0].name, "\xe8\xa1\xa8 1.bin");
    CHECK_STR(m.files[0].mime, "application/x-thing");
    CHECK(str_eq(m.files[0].bytes, out.file));
    CHECK(str_eq_nocase(S("it was sent by a program (Auto-Submitted)"), str_from(mail_refused(&m, &(struct mail_rules){ S("x@y"), S(""), false }))));
}

TEST(a_mail_is_plainly_and_in_html_what_was_said)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct mail_out out = { .from = "bot@example.org", .from_name = "", .to = "ann@example.org", .subject = S("Hi"), .id = S("x@example.org"),
                            .text = S("one *two*") };
    str text = composed(a, &out);

    CHECK(has(text, "From: <bot@example.org>\r\nTo: <ann@example.org>\r\nSubject: Hi\r\n") && has(text, "Auto-Submitted: auto-generated\r\n"));
    CHECK(has(text, "multipart/alternative") && has(text, "Content-Type: text/plain; charset=utf-8") && has(text, "Content-Type: text/html; charset=utf-8"));
    CHECK(has(text, "<em>two</em>") || has(text, "<i>two</i>"));
    out.plain = true;
    CHECK(!has(composed(a, &out), "text/html"));
}

TEST(a_row_has_one_id_whenever_it_is_asked)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct outgoing m = { .id = 12, .session_id = S("5a"), .chat_id = S("ann@example.org"), .thread_id = S("t@x") };
    str id = mail_row_id(a, &m, "bot@example.org");

    CHECK(str_eq(id, mail_row_id(a, &m, "bot@example.org")) && str_starts(id, S("clawdbot.12.")) && str_ends(id, S("@example.org")));
    CHECK(!mail_id_is_without_thread(id, "bot@example.org"));
    m.thread_id = S("");
    CHECK(mail_id_is_without_thread(mail_row_id(a, &m, "bot@example.org"), "bot@example.org"));
    CHECK(!mail_id_is_without_thread(S("clawdbot.12.ab.0@elsewhere.org"), "bot@example.org"));
    m.session_id = S("5b");
    CHECK(!str_eq(id, mail_row_id(a, &m, "bot@example.org")));
}

TEST(dots_are_stuffed_at_the_beginning_of_lines)
{
    CLEANUP(buf_done) struct buf b = {0};

    smtp_add_stuffed(&b, S(".\r\na.b\r\n..\r\n\r\n.end"));
    CHECK_STR(buf_str(&b), "..\r\na.b\r\n...\r\n\r\n..end");
}

TEST(an_address_that_could_end_a_command_is_none)
{
    CHECK(smtp_is_address(S("ann+x@example.org")) && smtp_is_address(S("a@b")));
    static const char *const bad[] = { "", "ann", "@x", "ann@", "a b@x", "a@b@c", "a@x\r\nDATA", "<a@x>", "a@x>", "\xc3\xa4@x", "a@x,b@x" };

    for (size_t i = 0; i < N_ELEMENTS(bad); i++)
        CHECK(!smtp_is_address(str_from(bad[i])));
}
