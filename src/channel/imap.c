// SPDX-License-Identifier: Apache-2.0
#include "channel/imap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "runtime/clock.h"

enum { RESPONSE_MAX = 128 << 20, BYTES_A_SECOND = 16 << 10, SEARCH_MAX = 1 << 20 };

typedef enum err (*imap_listener)(void *arg, const struct imap_response *);

/* ---- responses ---- */

static enum err late(enum err e)
{
    return e == ERR_TIMEOUT && fiber_check() == OK ? failed(ERR_TIMEOUT, "the IMAP server did not answer in time") : e;
}

/* The rest of a response whose first line is in im->response. */
static enum err read_counted(struct imap *im) AWAITS
{
    CLEANUP(deadline_clear) struct deadline limit = {0};
    uint64_t n;
    str line = buf_str(&im->response);

    deadline_set(&limit, MAIL_ANSWER_MS);
    while (imap_announces(line, &n)) {
        if (n > RESPONSE_MAX)
            return failed(ERR_REMOTE, "the IMAP server announces %llu bytes", (unsigned long long)n);
        deadline_clear(&limit);
        deadline_set(&limit, MAIL_ANSWER_MS + n / BYTES_A_SECOND * 1000);
        buf_add(&im->response, S("\r\n"));
        TRY(lines_read_bytes(&im->lines, (size_t)n, &im->response));
        TRY(lines_read(&im->lines, &line));
        buf_add(&im->response, line);
    }
    return buf_check(&im->response, "an IMAP response");
}

static enum err note(struct imap *im, const struct imap_response *r)
{
    uint64_t n;

    if (r->type == IMAP_UNTAGGED && imap_is(r, "BYE"))
        return failed(ERR_NET, "the IMAP server says goodbye: %.*s", STR(str_take(r->text, 200)));
    if (r->type == IMAP_UNTAGGED && r->has_number && imap_is(r, "EXISTS"))
        im->news = true;
    if (str_eq_nocase(r->code, S("UIDVALIDITY")) && str_u64(r->code_value, &n) == OK)
        im->uid_validity = (uint32_t)n;
    if (str_eq_nocase(r->code, S("UIDNEXT")) && str_u64(r->code_value, &n) == OK)
        im->uid_next = (uint32_t)n;
    return OK;
}

static enum err read_response(struct imap *im, struct arena *a, uint64_t ms, struct imap_response *out) AWAITS
{
    str line;
    enum err e;

    buf_clear(&im->response);
    im->response.max = RESPONSE_MAX + LINES_MAX;
    {
        CLEANUP(deadline_clear) struct deadline limit = {0};

        deadline_set(&limit, ms);
        TRY(lines_read(&im->lines, &line));
    }
    buf_add(&im->response, line);
    if ((e = read_counted(im)))
        return late(e);
    TRY(imap_parse(a, buf_str(&im->response), out));
    return note(im, out);
}

/* ---- commands ---- */

static enum err begin(struct imap *im, const char *command) AWAITS
{
    CLEANUP(buf_done) struct buf line = { .max = LINES_MAX };
    CLEANUP(deadline_clear) struct deadline limit = {0};

    deadline_set(&limit, MAIL_ANSWER_MS);
    buf_addf(&line, "A%u %s\r\n", ++im->tag, command);
    TRY(buf_check(&line, "an IMAP command"));
    return late(lines_write(&im->lines, buf_str(&line)));
}

static bool is_ours(const struct imap *im, const struct imap_response *r)
{
    char tag[16];

    snprintf(tag, sizeof tag, "A%u", im->tag);
    return r->type == IMAP_TAGGED && str_eq(r->tag, str_from(tag));
}

static enum err refusal(const struct imap_response *r)
{
    bool login = str_eq_nocase(r->code, S("AUTHENTICATIONFAILED")) || str_eq_nocase(r->code, S("AUTHORIZATIONFAILED"))
                 || str_eq_nocase(r->code, S("EXPIRED")) || str_eq_nocase(r->code, S("PRIVACYREQUIRED"));
    bool missing = str_eq_nocase(r->code, S("NONEXISTENT")) || str_eq_nocase(r->code, S("TRYCREATE"));

    return failed(login ? ERR_AUTH : missing ? ERR_NOT_FOUND : ERR_REMOTE, "the IMAP server says %.*s: %.*s", STR(r->name),
                  STR(str_take(r->text, 200)));
}

/* Everything up to the command's end; untagged responses go to `listen` (may be NULL). */
static enum err finish(struct imap *im, imap_listener listen, void *arg) AWAITS
{
    for (;;) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        struct imap_response r;

        TRY(late(read_response(im, a, MAIL_ANSWER_MS, &r)));
        if (r.type == IMAP_CONTINUE)        /* a challenge where there is none to answer: "go on" */
            TRY(late(lines_write(&im->lines, S("\r\n"))));
        else if (r.type == IMAP_UNTAGGED && listen)
            TRY(listen(arg, &r));
        else if (is_ours(im, &r))
            return imap_is(&r, "OK") ? OK : refusal(&r);
    }
}

static enum err command(struct imap *im, const char *text, imap_listener listen, void *arg) AWAITS
{
    TRY(begin(im, text));
    return finish(im, listen, arg);
}

/* ---- login ---- */

static enum err hear_capability(void *arg, const struct imap_response *r)
{
    static const struct { const char *name; unsigned auth; } auths[] = {
        { "AUTH=PLAIN", MAIL_AUTH_PLAIN }, { "AUTH=XOAUTH2", MAIL_AUTH_XOAUTH2 },
    };
    struct imap *im = arg;

    if (!imap_is(r, "CAPABILITY"))
        return OK;
    im->idle = im->starttls = im->sasl_ir = im->login_disabled = false;
    im->auths = 1u << MAIL_AUTH_LOGIN;
    for (const struct imap_value *v = r->values; v; v = v->next) {
        im->idle |= str_eq_nocase(v->text, S("IDLE"));
        im->starttls |= str_eq_nocase(v->text, S("STARTTLS"));
        im->sasl_ir |= str_eq_nocase(v->text, S("SASL-IR"));
        im->login_disabled |= str_eq_nocase(v->text, S("LOGINDISABLED"));
        for (size_t i = 0; i < N_ELEMENTS(auths); i++)
            if (str_eq_nocase(v->text, str_from(auths[i].name)))
                im->auths |= 1u << auths[i].auth;
    }
    if (im->login_disabled)
        im->auths &= ~(1u << MAIL_AUTH_LOGIN);
    return OK;
}

static enum err add_quoted(struct buf *b, str s)
{
    buf_add(b, S(" \""));
    for (size_t i = 0; i < s.len; i++) {
        if ((unsigned char)s.p[i] < ' ' || (unsigned char)s.p[i] > '~')
            return failed(ERR_INPUT, "a user's name, password or mailbox has characters that IMAP's LOGIN and SELECT cannot say");
        if (s.p[i] == '"' || s.p[i] == '\\')
            buf_add_char(b, '\\');
        buf_add_char(b, s.p[i]);
    }
    buf_add_char(b, '"');
    return OK;
}

static enum err say_password(struct imap *im, const struct mail_server *s) AWAITS
{
    CLEANUP(buf_done) struct buf line = {0};

    buf_add(&line, S("LOGIN"));
    TRY(add_quoted(&line, str_from(s->user)));
    TRY(add_quoted(&line, s->secret));
    return command(im, buf_c(&line), NULL, NULL);
}

static enum err authenticate(struct imap *im, const struct mail_server *s, enum mail_auth auth) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(buf_done) struct buf line = {0};
    str words = mail_initial_response(a, s, auth);
    struct imap_response r;

    buf_addf(&line, "AUTHENTICATE %s%s%.*s", auth == MAIL_AUTH_PLAIN ? "PLAIN" : "XOAUTH2", im->sasl_ir ? " " : "",
             STR(im->sasl_ir ? words : S("")));
    TRY(begin(im, buf_c(&line)));
    if (!im->sasl_ir) {
        do
            TRY(late(read_response(im, a, MAIL_ANSWER_MS, &r)));
        while (r.type == IMAP_UNTAGGED);
        if (r.type == IMAP_TAGGED)
            return refusal(&r);
        TRY(late(lines_write(&im->lines, str_from(arena_printf(a, "%.*s\r\n", STR(words))))));
    }
    return finish(im, NULL, NULL);      /* XOAUTH2 tells a refusal as a challenge first, which gets its empty answer there */
}

static enum err login(struct imap *im, const struct mail_server *s) AWAITS
{
    enum mail_auth auth;

    TRY(mail_choose_auth(s, im->auths, &auth));
    enum err e = auth == MAIL_AUTH_LOGIN ? say_password(im, s) : authenticate(im, s, auth);

    if (e == ERR_REMOTE || e == ERR_AUTH) {     /* old servers give no code; a NO to a login is about the login */
        if (auth == MAIL_AUTH_XOAUTH2)
            mail_forget_token();
        return failed_in(ERR_AUTH, "the login as %s (platforms.mail.user, platforms.mail.password): ", s->user);
    }
    return e;
}

static enum err greet(struct imap *im, const struct mail_server *s) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct imap_response hello;

    TRY(late(read_response(im, a, MAIL_ANSWER_MS, &hello)));
    if (hello.type != IMAP_UNTAGGED || (!imap_is(&hello, "OK") && !imap_is(&hello, "PREAUTH")))
        return failed(ERR_REMOTE, "no IMAP server answers at %s:%u", s->host, s->port);
    TRY(command(im, "CAPABILITY", hear_capability, im));
    if (s->security == MAIL_STARTTLS) {
        if (!im->starttls || imap_is(&hello, "PREAUTH"))    /* PREAUTH in the plain is how TLS is talked away */
            return failed(ERR_REMOTE, "the IMAP server offers no STARTTLS; platforms.mail.imap.security is tls where TLS comes first");
        TRY(command(im, "STARTTLS", NULL, NULL));
        TRY(mail_start_tls(s, &im->lines));
        TRY(command(im, "CAPABILITY", hear_capability, im));
    }
    if (!imap_is(&hello, "PREAUTH"))
        TRY(login(im, s));
    return command(im, "CAPABILITY", hear_capability, im);      /* what it can is told more fully now */
}

enum err imap_open(const struct mail_server *s, struct imap *out)
{
    struct imap im = {0};

    TRY(mail_dial(s, &im.lines));
    enum err e = greet(&im, s);

    if (e)
        imap_close(&im);
    else
        *out = im;
    return e;
}

void imap_close(struct imap *im)
{
    if (im->lines.io.fd && im->tag)
        transport_try_write(&im->lines.io, S("A0 LOGOUT\r\n"));
    lines_close(&im->lines);
    buf_done(&im->response);
}

/* ---- the mailbox ---- */

enum err imap_select(struct imap *im, str mailbox)
{
    CLEANUP(buf_done) struct buf line = {0};

    im->uid_validity = im->uid_next = 0;
    buf_add(&line, S("SELECT"));
    TRY(add_quoted(&line, mailbox));
    TRY(command(im, buf_c(&line), NULL, NULL));
    return im->uid_validity ? OK : failed(ERR_REMOTE, "the IMAP server gives its messages no lasting numbers (UIDVALIDITY)");
}

struct found { struct arena *arena; uint32_t *uids; size_t n, room; };

static enum err hear_search(void *arg, const struct imap_response *r)
{
    struct found *f = arg;
    uint64_t uid;

    for (const struct imap_value *v = imap_is(r, "SEARCH") ? r->values : NULL; v; v = v->next) {
        if (v->kind != IMAP_ATOM || str_u64(v->text, &uid) || uid == 0 || uid > UINT32_MAX)
            continue;       /* "(MODSEQ 917162500)" */
        if (f->n == f->room) {
            uint32_t *more = arena_alloc(f->arena, (f->room = f->room * 2 + 64) * sizeof *more);

            if (f->n)
                memcpy(more, f->uids, f->n * sizeof *more);
            f->uids = more;
        }
        if (f->n == SEARCH_MAX)
            return failed(ERR_LIMIT, "more than %d messages were found", SEARCH_MAX);
        f->uids[f->n++] = (uint32_t)uid;
    }
    return OK;
}

static int compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

enum err imap_search(struct imap *im, struct arena *a, const char *criteria, uint32_t **ret_uids, size_t *ret_n)
{
    struct found f = { .arena = a };

    TRY(command(im, arena_printf(a, "UID SEARCH %s", criteria), hear_search, &f));
    if (f.n)
        qsort(f.uids, f.n, sizeof *f.uids, compare);
    *ret_uids = f.uids;
    *ret_n = f.n;
    return OK;
}

int64_t imap_date_ms(str text)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct tm tm = {0};
    const char *end = strptime(arena_c(a, str_trim(text)), "%d-%b-%Y %H:%M:%S %z", &tm);
    long zone = tm.tm_gmtoff;       /* timegm() takes it away */

    return end && *end == '\0' ? ((int64_t)timegm(&tm) - zone) * 1000 : 0;
}

/* A fetch's bytes outlive the response that they came in. */
struct fetch { struct arena *arena; struct imap_mail *out; };

static enum err hear_fetch(void *arg, const struct imap_response *r)
{
    struct fetch *f = arg;
    const struct imap_value *list = imap_is(r, "FETCH") && r->has_number ? r->values : NULL;
    const struct imap_value *first = list && list->kind == IMAP_LIST ? list->first : NULL;
    const struct imap_value *uid = imap_behind(first, "UID"), *size = imap_behind(first, "RFC822.SIZE");
    const struct imap_value *date = imap_behind(first, "INTERNALDATE"), *body = imap_behind(first, "BODY[]<0>");
    uint64_t number;

    /* Others' news may come in between: of flags, of other messages. */
    if (!uid || str_u64(uid->text, &number) || number != f->out->uid)
        return OK;
    if (size && str_u64(size->text, &number) == OK)
        f->out->size = number;
    if (date && date->kind == IMAP_STRING)
        f->out->date_ms = imap_date_ms(date->text);
    if (!body)
        body = imap_behind(first, "BODY[]");    /* some forget to say that it is a part */
    if (body && body->kind == IMAP_STRING)
        f->out->bytes = arena_str(f->arena, body->text);
    return OK;
}

enum err imap_fetch(struct imap *im, struct arena *a, uint32_t uid, uint64_t most, struct imap_mail *out)
{
    struct fetch f = { a, out };

    *out = (struct imap_mail){ .uid = uid };
    TRY(command(im, arena_printf(a, "UID FETCH %u (UID RFC822.SIZE INTERNALDATE BODY.PEEK[]<0.%llu>)", uid, (unsigned long long)most),
                hear_fetch, &f));
    buf_done(&im->response);
    if (out->bytes.p && out->size == 0)
        out->size = out->bytes.len;
    return OK;
}

enum err imap_mark_seen(struct imap *im, uint32_t uid)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();

    return command(im, arena_printf(a, "UID STORE %u +FLAGS.SILENT (\\Seen)", uid), NULL, NULL);
}

/* ---- waiting ---- */

/* Until the server says "go on", which is when it has begun to tell. */
static enum err begin_idle(struct imap *im) AWAITS
{
    struct imap_response r;

    TRY(begin(im, "IDLE"));
    do {
        CLEANUP(arena_freep) struct arena *a = arena_new();

        TRY(late(read_response(im, a, MAIL_ANSWER_MS, &r)));
        if (is_ours(im, &r))
            return refusal(&r);
    } while (r.type != IMAP_CONTINUE);
    return OK;
}

/* However often the server says that it is still there: it has to be asked anew before half an hour has passed. */
static enum err idle(struct imap *im, uint64_t ms) AWAITS
{
    uint64_t end = clock_ms() + ms;
    enum err e = OK;

    TRY(begin_idle(im));
    while (!im->news && e == OK && clock_ms() < end) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        struct imap_response r;

        e = read_response(im, a, end - clock_ms(), &r);
    }
    if (e && (e != ERR_TIMEOUT || fiber_check()))
        return e;
    TRY(late(lines_write(&im->lines, S("DONE\r\n"))));
    return finish(im, NULL, NULL);
}

enum err imap_wait(struct imap *im, uint64_t ms)
{
    return im->idle ? idle(im, ms) : command(im, "NOOP", NULL, NULL);
}
