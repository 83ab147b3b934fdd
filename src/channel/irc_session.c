// SPDX-License-Identifier: Apache-2.0
#include "channel/irc_session.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/random.h"
#include "config/config.h"
#include "net/dial.h"
#include "runtime/clock.h"

enum {
    REGISTER_MS = 60 * 1000, SILENCE_MS = 90 * 1000, ANSWER_MS = 60 * 1000, WRITE_MS = 30 * 1000,
    NICKS_MAX = 6, SASL_PIECE = 400, BURST_LINES = 5, MASK_GUESS = 1 + 10 + 1 + 63,
};

/* ---- saying ---- */

static enum err write_line(struct irc *s, str line) AWAITS
{
    CLEANUP(deadline_clear) struct deadline limit = {0};

    while (s->writing)
        TRY(wait_on(&s->writers, "another line to be written"));
    s->writing = true;
    deadline_set(&limit, WRITE_MS);
    enum err e = lines_write(&s->lines, line);

    s->writing = false;
    wake_one(&s->writers);
    return e;
}

enum err irc_say(struct irc *s, const char *fmt, ...)
{
    CLEANUP(buf_done) struct buf b = {0};
    char text[IRC_LINE_BYTES + 1];
    va_list ap;

    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof text, fmt, ap);

    va_end(ap);
    if (n < 0 || (size_t)n >= sizeof text || strpbrk(text, "\r\n"))
        return failed(ERR_INPUT, "a line of IRC that is too long, or two");
    buf_addf(&b, "%s\r\n", text);
    return write_line(s, buf_str(&b));
}

bool irc_is_channel(const struct irc *s, str target)
{
    return target.len && target.p[0] && strchr(s->types, target.p[0]);
}

/* A server adds some seconds for each line, and cuts off whose account runs ahead of the clock too far. */
static enum err wait_for_patience(struct irc *s) AWAITS
{
    uint64_t each = config_now()->platforms_irc_flood_interval;

    for (;;) {
        uint64_t now = clock_ms(), burst = each * BURST_LINES;

        if (s->flood_ms < now)
            s->flood_ms = now;
        if (s->flood_ms + each <= now + burst)
            break;
        TRY(fiber_sleep(s->flood_ms + each - now - burst));
    }
    s->flood_ms += each;
    return OK;
}

/* What others see in front of it: ":nick!user@host PRIVMSG target :". */
static size_t room_for(const struct irc *s, const char *target)
{
    size_t taken = 1 + s->mask_length + strlen(" PRIVMSG ") + strlen(target) + strlen(" :");

    return taken + 100 < IRC_LINE_BYTES ? IRC_LINE_BYTES - taken : 100;
}

/* Errors about the lines come before the answer to a question that was asked behind them. */
static enum err ask_behind(struct irc *s) AWAITS
{
    CLEANUP(deadline_clear) struct deadline limit = {0};

    TRY(irc_say(s, "PING %s", s->out.token));
    deadline_set(&limit, ANSWER_MS);
    while (s->out.waits && s->ready)
        TRY(wait_on(&s->answered, "the server to have seen it"));
    if (s->out.waits)
        return failed(ERR_NET, "the connection to the IRC server broke");
    return s->out.refused ? failed(ERR_NOT_FOUND, "the IRC server says: %s", s->out.why) : OK;
}

static enum err send_lines(struct irc *s, const char *target, str text, void (*begun)(void *), void *arg, bool *ret_begun) AWAITS
{
    for (str line; (line = irc_take_line(&text, room_for(s, target))).len;) {
        TRY(wait_for_patience(s));
        if (!s->ready)
            return failed(ERR_NET, "the connection to the IRC server broke");
        if (!*ret_begun)
            begun(arg);
        *ret_begun = true;
        TRY(irc_say(s, "PRIVMSG %s :%.*s", target, STR(line)));
    }
    return *ret_begun ? ask_behind(s) : OK;
}

enum err irc_send(struct irc *s, const char *target, str text, void (*begun)(void *), void *arg, bool *ret_begun)
{
    *ret_begun = false;
    while (s->sending)
        TRY(wait_on(&s->answered, "another message to be sent"));
    if (!s->ready)
        return failed(ERR_NET, "there is no connection to the IRC server");
    s->sending = s->out.waits = true;
    s->out.refused = false;
    snprintf(s->out.token, sizeof s->out.token, "c%llx", (unsigned long long)random_below(UINT64_MAX));
    snprintf(s->out.target, sizeof s->out.target, "%s", target);
    enum err e = send_lines(s, target, text, begun, arg, ret_begun);

    s->sending = s->out.waits = false;
    wake_all(&s->answered);
    return e;
}

/* ---- reading ---- */

static enum err read_line(struct irc *s, struct arena *a, uint64_t ms, struct irc_line *out) AWAITS
{
    CLEANUP(deadline_clear) struct deadline limit = {0};
    str line;

    deadline_set(&limit, ms);
    do
        TRY(lines_read(&s->lines, &line));
    while (!line.len || irc_parse(arena_str(a, line), out));
    return OK;
}

static enum err closing(const struct irc_line *l)
{
    bool banned = irc_is(l, "465") || irc_is(l, "464") || irc_is(l, "463");
    str words = l->n_params ? l->params[l->n_params - 1] : S("");

    return failed(banned ? ERR_AUTH : ERR_NET, "the IRC server closes the connection: %.*s", STR(str_take(words, IRC_WHY_MAX)));
}

static void take_nick(struct irc *s, str nick)
{
    snprintf(s->nick, sizeof s->nick, "%.*s", STR(str_take(nick, IRC_NICK_MAX - 1)));
}

/* What others see in front of our lines is told with what we do ourselves. */
static void learn_mask(struct irc *s, const struct irc_line *l)
{
    if (!str_eq_nocase(l->nick, str_from(s->nick)))
        return;
    if (l->mask.len > l->nick.len)
        s->mask_length = l->mask.len;
    if (irc_is(l, "NICK"))
        take_nick(s, l->params[0]);
}

static void learn_support(struct irc *s, const struct irc_line *l)
{
    for (size_t i = 1; i < l->n_params; i++) {
        str p = l->params[i];

        if (str_eat(&p, S("CASEMAPPING=")))
            s->ascii = str_eq_nocase(p, S("ascii"));
        else if (str_eat(&p, S("CHANTYPES=")))
            snprintf(s->types, sizeof s->types, "%.*s", STR(str_take(p, sizeof s->types - 1)));
    }
}

/* 401 no such nick, 403 no such channel, 404 cannot send to it, and the like: "404 us #channel :why". */
static void take_refusal(struct irc *s, const struct irc_line *l)
{
    static const char *const codes[] = { "401", "402", "403", "404", "405", "407", "411", "412", "413", "414",
                                         "442", "477", "489", "531", "716" };

    for (size_t i = 0; i < N_ELEMENTS(codes) && s->out.waits; i++)
        if (irc_is(l, codes[i]) && str_eq_nocase(l->params[1], str_from(s->out.target))) {
            s->out.refused = true;
            snprintf(s->out.why, sizeof s->out.why, "%.*s", STR(str_take(l->params[l->n_params - 1], IRC_WHY_MAX - 1)));
        }
}

/* Is it about the connection itself? */
static enum err handle(struct irc *s, const struct irc_line *l, bool *ret_handled) AWAITS
{
    *ret_handled = true;
    learn_mask(s, l);
    if (irc_is(l, "PING"))
        return irc_say(s, "PONG :%.*s", STR(str_take(l->params[l->n_params > 1 ? 1 : 0], 400)));
    if (irc_is(l, "ERROR") || irc_is(l, "465"))
        return closing(l);
    if (irc_is(l, "005"))
        learn_support(s, l);
    if (irc_is(l, "PONG") && s->out.waits && str_eq(l->params[l->n_params > 1 ? 1 : 0], str_from(s->out.token))) {
        s->out.waits = false;
        wake_all(&s->answered);
    }
    take_refusal(s, l);
    *ret_handled = irc_is(l, "005");
    return OK;
}

enum err irc_read(struct irc *s, struct arena *a, struct irc_line *out)
{
    bool asked = false, handled = true;

    while (handled) {
        enum err e = read_line(s, a, asked ? ANSWER_MS : SILENCE_MS, out);

        if (e == ERR_TIMEOUT && fiber_check() == OK && !asked) {
            asked = true;
            TRY(irc_say(s, "PING clawdbot"));
            continue;
        }
        if (e == ERR_TIMEOUT && fiber_check() == OK)
            return failed(ERR_TIMEOUT, "the IRC server is silent");
        TRY(e);
        asked = false;
        TRY(handle(s, out, &handled));
    }
    return OK;
}

/* ---- registration ---- */

static const char *sasl_mechanism(void)
{
    str set = str_from(config_now()->platforms_irc_sasl);

    return str_eq(set, S("external")) ? "EXTERNAL" : str_eq(set, S("plain")) ? "PLAIN" : NULL;
}

/* RFC 4616 in pieces of 400; one that is full is followed by another, if an empty one ("+"). */
static enum err say_credentials(struct irc *s) AWAITS
{
    const struct config *c = config_now();
    CLEANUP(buf_done) struct buf plain = {0}, coded = {0};
    const char *account = c->platforms_irc_account[0] ? c->platforms_irc_account : c->platforms_irc_nick;
    str rest;

    if (str_eq(str_from(sasl_mechanism()), S("EXTERNAL")))
        return irc_say(s, "AUTHENTICATE +");
    buf_addf(&plain, "%s%c%s%c%s", account, 0, account, 0, c->platforms_irc_password);
    buf_add_base64(&coded, buf_str(&plain));
    rest = buf_str(&coded);
    for (size_t n = SASL_PIECE; n == SASL_PIECE; rest = str_skip(rest, n)) {
        str piece = str_take(rest, SASL_PIECE);

        n = piece.len;
        TRY(irc_say(s, "AUTHENTICATE %.*s", STR(n ? piece : S("+"))));
    }
    return OK;
}

static enum err sasl_refused(str words)
{
    return failed(ERR_AUTH, "the IRC server refuses the login (platforms.irc.account, platforms.irc.password, platforms.irc.sasl): %.*s",
                  STR(str_take(words, IRC_WHY_MAX)));
}

/* "cap" or "cap=value", and the ones that we want of them. */
static void choose_caps(struct irc *s, str offered, struct buf *wanted, bool *ret_sasl)
{
    static const char *const ours[] = { "message-tags", "server-time", "account-tag", "echo-message" };
    str cap;

    while (str_split(&offered, ' ', &cap)) {
        str name = str_take(cap, str_find_char(cap, '='));

        for (size_t i = 0; i < N_ELEMENTS(ours); i++)
            if (str_eq(name, str_from(ours[i])))
                buf_addf(wanted, "%s%s", wanted->len ? " " : "", ours[i]);
        if (str_eq(name, S("sasl")))
            *ret_sasl = true;
        if (str_eq(name, S("echo-message")))
            s->has_echo = true;
    }
}

struct registering { struct buf wanted; bool sasl_offered, caps_told, done; };

static void registering_done(struct registering *r)
{
    buf_done(&r->wanted);
}

static enum err end_caps(struct irc *s, struct registering *r) AWAITS
{
    if (r->sasl_offered && sasl_mechanism())
        buf_addf(&r->wanted, "%ssasl", r->wanted.len ? " " : "");
    if (sasl_mechanism() && !r->sasl_offered)
        return failed(ERR_AUTH, "the IRC server offers no SASL, which platforms.irc.sasl asks for");
    return r->wanted.len ? irc_say(s, "CAP REQ :%s", buf_c(&r->wanted)) : irc_say(s, "CAP END");
}

/* CAP * LS [*] :..., CAP us ACK :..., CAP us NAK :... */
static enum err take_cap(struct irc *s, struct registering *r, const struct irc_line *l) AWAITS
{
    str list = l->params[l->n_params ? l->n_params - 1 : 0];

    if (str_eq_nocase(l->params[1], S("LS"))) {
        choose_caps(s, list, &r->wanted, &r->sasl_offered);
        if (str_eq(l->params[2], S("*")) && l->n_params > 3)
            return OK;      /* there are more */
        return r->caps_told ? OK : (r->caps_told = true, end_caps(s, r));
    }
    if (str_eq_nocase(l->params[1], S("ACK")) && sasl_mechanism())
        return irc_say(s, "AUTHENTICATE %s", sasl_mechanism());
    if (str_eq_nocase(l->params[1], S("NAK")) && sasl_mechanism())
        return sasl_refused(S("it takes back that it offers SASL"));
    return irc_say(s, "CAP END");
}

/* "nick", "nick_", ..., and then one that nobody else thinks of. */
static enum err try_another(struct irc *s) AWAITS
{
    size_t n = strlen(s->nick);

    if (++s->tries > NICKS_MAX)
        return failed(ERR_CONFLICT, "the nick %s and those like it are taken (platforms.irc.nick)", s->nick);
    if (s->tries < NICKS_MAX / 2 && n + 2 < sizeof s->nick)
        snprintf(s->nick + n, 2, "_");
    else        /* maybe nicks are no longer than that */
        snprintf(s->nick, sizeof s->nick, "%.5s%03u", config_now()->platforms_irc_nick, (unsigned)random_below(1000));
    return irc_say(s, "NICK %s", s->nick);
}

static enum err welcome(struct irc *s, struct registering *r, const struct irc_line *l)
{
    /* A server without CAP registers whoever it likes: a login that was asked for has not happened then. */
    if (sasl_mechanism() && !r->caps_told)
        return failed(ERR_AUTH, "the IRC server knows no SASL, which platforms.irc.sasl asks for");
    take_nick(s, l->params[0]);
    r->done = s->ready = true;
    return OK;
}

static enum err take_registration(struct irc *s, struct registering *r, const struct irc_line *l) AWAITS
{
    static const char *const sasl_no[] = { "902", "904", "905", "906", "907", "908" };

    if (irc_is(l, "001"))
        return welcome(s, r, l);
    if (irc_is(l, "CAP"))
        return take_cap(s, r, l);
    if (irc_is(l, "AUTHENTICATE"))
        return say_credentials(s);
    if (irc_is(l, "903"))
        return irc_say(s, "CAP END");
    if (irc_is(l, "433") || irc_is(l, "432") || irc_is(l, "436") || irc_is(l, "437"))
        return try_another(s);
    if (irc_is(l, "464") || irc_is(l, "463"))
        return closing(l);
    for (size_t i = 0; i < N_ELEMENTS(sasl_no); i++)
        if (irc_is(l, sasl_no[i]))
            return sasl_refused(l->params[l->n_params - 1]);
    return OK;
}

static enum err register_us(struct irc *s) AWAITS
{
    const struct config *c = config_now();
    CLEANUP(registering_done) struct registering r = {0};
    CLEANUP(deadline_clear) struct deadline limit = {0};

    deadline_set(&limit, REGISTER_MS);
    TRY(irc_say(s, "CAP LS 302"));
    if (c->platforms_irc_server_password[0])
        TRY(irc_say(s, "PASS :%s", c->platforms_irc_server_password));
    TRY(irc_say(s, "NICK %s", s->nick));
    TRY(irc_say(s, "USER %s 0 * :%s", c->platforms_irc_user[0] ? c->platforms_irc_user : "clawdbot", c->platforms_irc_real_name));
    while (!r.done) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        struct irc_line l;

        TRY(irc_read(s, a, &l));
        TRY(take_registration(s, &r, &l));
    }
    return OK;
}

static enum err begin_tls(struct irc *s) AWAITS
{
    const struct config *c = config_now();
    CLEANUP(deadline_clear) struct deadline limit = {0};

    deadline_set(&limit, WRITE_MS);
    if (c->platforms_irc_client_cert[0])
        return dial_tls_as(&s->lines.io, c->platforms_irc_host, c->platforms_irc_client_cert,
                           c->platforms_irc_client_key[0] ? c->platforms_irc_client_key : c->platforms_irc_client_cert);
    return dial_tls(&s->lines.io, c->platforms_irc_host);
}

static enum err connect_us(struct irc *s) AWAITS
{
    const struct config *c = config_now();
    bool tls = c->platforms_irc_tls;

    if (!tls && !dial_is_loopback(c->platforms_irc_host) && (c->platforms_irc_password[0] || c->platforms_irc_server_password[0]))
        return failed(ERR_INPUT, "without TLS a password would be for all to read (platforms.irc.tls)");
    unsigned port = c->platforms_irc_port ? (unsigned)c->platforms_irc_port : tls ? 6697 : 6667;

    TRY(dial(c->platforms_irc_host, port, DIAL_AS_OTHER, &s->lines.io));
    if (tls)
        TRY(begin_tls(s));
    return register_us(s);
}

enum err irc_open(const char *nick, struct irc **out)
{
    struct irc *s = NEW(struct irc);

    *s = (struct irc){ .refs = 1, .types = "#&", .mask_length = strlen(nick) + MASK_GUESS };
    take_nick(s, str_from(nick));
    enum err e = connect_us(s);

    if (e == OK)
        *out = s;
    else
        irc_unref(s);
    return e == ERR_TIMEOUT && fiber_check() == OK ? failed(ERR_TIMEOUT, "the IRC server did not answer in time") : e;
}

void irc_break(struct irc *s)
{
    s->ready = false;
    wake_all(&s->answered);
}

struct irc *irc_ref(struct irc *s)
{
    s->refs++;
    return s;
}

void irc_unref(struct irc *s)
{
    if (!s || --s->refs)
        return;
    if (s->lines.io.fd)
        transport_try_write(&s->lines.io, S("QUIT :bye\r\n"));
    lines_close(&s->lines);
    free(s);
}
