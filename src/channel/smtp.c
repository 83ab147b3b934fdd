// SPDX-License-Identifier: Apache-2.0
#include "channel/smtp.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { REPLY_LINES_MAX = 100, ADDRESS_MAX = 254, BYTES_A_SECOND = 16 << 10, END_MS = 10 * 60 * 1000 };

struct smtp {
    struct lines lines;
    const struct mail_server *server;
    bool         starttls;
    unsigned     auths;
    uint64_t     size_max;      /* 0: not told */
};

struct reply { unsigned code; struct buf text; };

static void reply_done(struct reply *r)
{
    buf_done(&r->text);
}

/* ---- answers ---- */

/* "250-PIPELINING", "250 SIZE 10240000": the text is each line's, one below the other. */
static enum err read_reply(struct smtp *s, uint64_t ms, struct reply *out) AWAITS
{
    CLEANUP(deadline_clear) struct deadline limit = {0};
    str line = S("");

    deadline_set(&limit, ms);
    buf_clear(&out->text);
    for (unsigned i = 0; i < REPLY_LINES_MAX; i++) {
        uint64_t code;

        TRY(lines_read(&s->lines, &line));
        if (line.len < 3 || str_u64(str_take(line, 3), &code) || code < 200 || code > 599 || (line.len > 3 && !strchr(" -", line.p[3])))
            return failed(ERR_REMOTE, "no SMTP server answers at %s:%u", s->server->host, s->server->port);
        out->code = (unsigned)code;
        buf_add(&out->text, str_skip(line, 4));
        buf_add_char(&out->text, '\n');
        if (line.len == 3 || line.p[3] == ' ')
            return OK;
    }
    return failed(ERR_REMOTE, "an SMTP answer without an end");
}

static enum err late(enum err e)
{
    return e == ERR_TIMEOUT && fiber_check() == OK ? failed(ERR_TIMEOUT, "the SMTP server did not answer in time") : e;
}

static enum err judge(const struct reply *r)
{
    str words = str_trim(str_take(buf_str(&r->text), 300));
    enum err e = r->code < 400 ? OK : r->code == 530 || r->code == 534 || r->code == 535 ? ERR_AUTH : r->code == 552 ? ERR_TOO_LONG
               : r->code < 500 ? ERR_REMOTE : ERR_INPUT;

    return e ? failed(e, "the SMTP server says %u %.*s", r->code, STR(words)) : OK;
}

static enum err say(struct smtp *s, struct reply *out, const char *fmt, ...) AWAITS __attribute__((format(printf, 3, 4)));

static enum err say(struct smtp *s, struct reply *out, const char *fmt, ...) AWAITS
{
    CLEANUP(buf_done) struct buf line = {0};
    CLEANUP(deadline_clear) struct deadline limit = {0};
    char text[4096];
    va_list ap;

    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof text, fmt, ap);

    va_end(ap);
    if (n < 0 || (size_t)n >= sizeof text)
        return failed(ERR_INPUT, "a line for the SMTP server is too long");
    buf_addf(&line, "%s\r\n", text);
    deadline_set(&limit, MAIL_ANSWER_MS);
    TRY(late(lines_write(&s->lines, buf_str(&line))));
    deadline_clear(&limit);
    return late(read_reply(s, MAIL_ANSWER_MS, out));
}

/* ---- the beginning ---- */

static void take_extension(struct smtp *s, str line)
{
    str word;

    if (!str_split(&line, ' ', &word))
        return;
    if (str_eq_nocase(word, S("STARTTLS")))
        s->starttls = true;
    if (str_eq_nocase(word, S("SIZE")) && str_u64(str_trim(line), &s->size_max))
        s->size_max = 0;
    if (!str_eq_nocase(word, S("AUTH")))
        return;
    while (str_split(&line, ' ', &word))
        s->auths |= str_eq_nocase(word, S("PLAIN")) ? 1u << MAIL_AUTH_PLAIN : str_eq_nocase(word, S("LOGIN")) ? 1u << MAIL_AUTH_LOGIN
                  : str_eq_nocase(word, S("XOAUTH2")) ? 1u << MAIL_AUTH_XOAUTH2 : 0;
}

static enum err greet(struct smtp *s, struct reply *r) AWAITS
{
    str rest, line;

    TRY(say(s, r, "EHLO [127.0.0.1]"));     /* RFC 5321 section 4.1.3; this machine's name is nobody's business */
    TRY(judge(r));
    s->starttls = false;
    s->auths = 0;
    rest = buf_str(&r->text);
    while (str_split(&rest, '\n', &line))
        take_extension(s, str_trim(line));
    return OK;
}

/* Two questions, each in base64: the name, the password. */
static enum err say_login(struct smtp *s, struct reply *r) AWAITS
{
    CLEANUP(buf_done) struct buf user = {0}, secret = {0};

    buf_add_base64(&user, str_from(s->server->user));
    buf_add_base64(&secret, s->server->secret);
    TRY(say(s, r, "AUTH LOGIN"));
    TRY(judge(r));
    TRY(say(s, r, "%s", buf_c(&user)));
    TRY(judge(r));
    return say(s, r, "%s", buf_c(&secret));
}

static enum err say_initial(struct smtp *s, enum mail_auth auth, struct reply *r) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    str words = mail_initial_response(a, s->server, auth);

    TRY(say(s, r, "AUTH %s %.*s", auth == MAIL_AUTH_PLAIN ? "PLAIN" : "XOAUTH2", STR(words)));
    if (r->code == 334)                 /* XOAUTH2 tells why not, and wants an empty line before it says so */
        TRY(say(s, r, "%s", ""));
    return OK;
}

/* A server of one's own may take mails without a login, and offers none. */
static enum err login(struct smtp *s, struct reply *r) AWAITS
{
    enum mail_auth auth;

    if (!s->server->secret.len || (!s->auths && s->server->security == MAIL_PLAIN))
        return OK;
    TRY(mail_choose_auth(s->server, s->auths, &auth));
    TRY(auth == MAIL_AUTH_LOGIN ? say_login(s, r) : say_initial(s, auth, r));
    enum err e = judge(r);

    if (e == OK || e == ERR_REMOTE)
        return e;
    if (auth == MAIL_AUTH_XOAUTH2)
        mail_forget_token();
    return failed_in(ERR_AUTH, "the login as %s (platforms.mail.user, platforms.mail.password): ", s->server->user);
}

static enum err begin(struct smtp *s, struct reply *r) AWAITS
{
    TRY(late(read_reply(s, MAIL_ANSWER_MS, r)));
    TRY(judge(r));
    TRY(greet(s, r));
    if (s->server->security == MAIL_STARTTLS) {
        if (!s->starttls)
            return failed(ERR_REMOTE, "the SMTP server offers no STARTTLS; platforms.mail.smtp.security is tls where TLS comes first");
        TRY(say(s, r, "STARTTLS"));
        TRY(judge(r));
        TRY(mail_start_tls(s->server, &s->lines));
        TRY(greet(s, r));
    }
    return login(s, r);
}

/* ---- the mail ---- */

bool smtp_is_address(str s)
{
    size_t at = str_find_char(s, '@');

    for (size_t i = 0; i < s.len; i++)
        if (s.p[i] <= ' ' || s.p[i] > '~' || strchr("<>()[]\\,;:\"", s.p[i]) || (s.p[i] == '@' && i != at))
            return false;
    return s.len <= ADDRESS_MAX && at != STR_NONE && at > 0 && at + 1 < s.len;
}

void smtp_add_stuffed(struct buf *out, str text)
{
    str line;

    while (text.len) {
        size_t end = str_find(text, S("\r\n"));

        line = end == STR_NONE ? text : str_take(text, end + 2);
        if (str_starts(line, S(".")))
            buf_add_char(out, '.');
        buf_add(out, line);
        text = str_skip(text, line.len);
    }
}

static enum err name_them(struct smtp *s, const struct smtp_mail *m, struct reply *r, struct smtp_outcome *out) AWAITS
{
    if (s->size_max && m->text.len > s->size_max)
        return failed(ERR_TOO_LONG, "a mail of %zu bytes is more than the SMTP server takes (%llu)", m->text.len,
                      (unsigned long long)s->size_max);
    if (s->size_max)
        TRY(say(s, r, "MAIL FROM:<%s> SIZE=%zu", m->from, m->text.len));
    else
        TRY(say(s, r, "MAIL FROM:<%s>", m->from));
    TRY(judge(r));
    TRY(say(s, r, "RCPT TO:<%s>", m->to));
    out->gone = r->code == 550 || r->code == 551 || r->code == 553;
    TRY(judge(r));
    TRY(say(s, r, "DATA"));
    if (r->code >= 200 && r->code < 300)
        return failed(ERR_REMOTE, "the SMTP server takes no DATA");
    return judge(r);
}

static enum err hand_over(struct smtp *s, const struct smtp_mail *m, struct reply *r, struct smtp_outcome *out) AWAITS
{
    CLEANUP(buf_done) struct buf text = { .max = m->text.len * 2 + 1024 };

    smtp_add_stuffed(&text, m->text);
    TRY(buf_check(&text, "a mail"));
    {
        CLEANUP(deadline_clear) struct deadline limit = {0};

        deadline_set(&limit, MAIL_ANSWER_MS + text.len / BYTES_A_SECOND * 1000);
        TRY(late(lines_write(&s->lines, buf_str(&text))));
    }
    m->begun(m->arg);
    enum err e = lines_write(&s->lines, S(".\r\n"));

    if (e == OK)
        e = late(read_reply(s, END_MS, r));
    out->unknown = e != OK;
    TRY(e);
    return judge(r);
}

static enum err send_over(struct smtp *s, const struct smtp_mail *m, struct smtp_outcome *out) AWAITS
{
    CLEANUP(reply_done) struct reply r = { .text.max = LINES_MAX };

    TRY(begin(s, &r));
    TRY(name_them(s, m, &r, out));
    TRY(hand_over(s, m, &r, out));
    transport_try_write(&s->lines.io, S("QUIT\r\n"));
    return OK;
}

enum err smtp_send(const struct mail_server *server, const struct smtp_mail *m, struct smtp_outcome *out)
{
    struct smtp s = { .server = server };

    *out = (struct smtp_outcome){0};
    if (!smtp_is_address(str_from(m->from)) || !smtp_is_address(str_from(m->to)))
        return failed(ERR_INPUT, "'%s' is no address that a mail can go to", m->to);
    TRY(mail_dial(server, &s.lines));
    enum err e = send_over(&s, m, out);

    lines_close(&s.lines);
    return e;
}

enum err smtp_check(const struct mail_server *server)
{
    CLEANUP(reply_done) struct reply r = { .text.max = LINES_MAX };
    struct smtp s = { .server = server };

    TRY(mail_dial(server, &s.lines));
    enum err e = begin(&s, &r);

    if (e == OK)
        transport_try_write(&s.lines.io, S("QUIT\r\n"));
    lines_close(&s.lines);
    return e;
}
