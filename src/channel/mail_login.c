// SPDX-License-Identifier: Apache-2.0
#include "channel/mail_login.h"

#include "base/log.h"
#include "channel/platform_api.h"
#include "channel/token.h"
#include "config/config.h"
#include "net/dial.h"

/* ---- settings ---- */

/* RFC 6749 section 6: a refresh token buys access tokens, until the owner takes it back. */
static enum err ask_token(struct arena *a, str *ret_token, uint64_t *ret_lives_ms) AWAITS
{
    const struct config *c = config_now();
    CLEANUP(buf_done) struct buf form = {0};
    CLEANUP(json_decrefp) json_t *j = NULL;

    platform_add_pair(&form, "grant_type", S("refresh_token"));
    platform_add_pair(&form, "refresh_token", str_from(c->platforms_mail_oauth_refresh_token));
    platform_add_pair(&form, "client_id", str_from(c->platforms_mail_oauth_client_id));
    if (c->platforms_mail_oauth_client_secret[0])
        platform_add_pair(&form, "client_secret", str_from(c->platforms_mail_oauth_client_secret));
    struct platform_call call = { .platform = "platforms.mail.oauth.token_url", .method = "POST", .url = c->platforms_mail_oauth_token_url,
                                  .raw = buf_str(&form), .raw_type = "application/x-www-form-urlencoded" };

    TRY(platform_get(a, &call, &j));
    *ret_token = arena_str(a, json_text_str(j, "access_token"));
    *ret_lives_ms = (uint64_t)json_int(j, "expires_in", 3600) * 1000;
    if (!ret_token->len)
        return failed(ERR_REMOTE, "platforms.mail.oauth.token_url answered without an access_token");
    log_mask(*ret_token);
    return OK;
}

static struct token access_token = { .ask = ask_token };

void mail_forget_token(void)
{
    token_forget(&access_token);
}

static enum mail_security security_of(const char *word)
{
    return word[0] == 't' ? MAIL_TLS : word[0] == 's' ? MAIL_STARTTLS : MAIL_PLAIN;
}

static enum err add_login(struct arena *a, struct mail_server *s) AWAITS
{
    const struct config *c = config_now();

    s->user = c->platforms_mail_user[0] ? c->platforms_mail_user : c->platforms_mail_address;
    s->auth = c->platforms_mail_auth;
    s->secret = str_from(c->platforms_mail_password);
    if (c->platforms_mail_oauth_token_url[0]) {
        TRY(token_get(&access_token, a, &s->secret));
        s->auth = "xoauth2";
    }
    return OK;
}

static unsigned port_or(uint64_t set, enum mail_security security, unsigned tls, unsigned other)
{
    return set ? (unsigned)set : security == MAIL_TLS ? tls : other;
}

enum err mail_imap_server(struct arena *a, struct mail_server *out)
{
    const struct config *c = config_now();
    enum mail_security security = security_of(c->platforms_mail_imap_security);
    struct mail_server s = { .what = "IMAP", .host = c->platforms_mail_imap_host, .security = security,
                             .port = port_or(c->platforms_mail_imap_port, security, 993, 143) };

    TRY(add_login(a, &s));
    *out = s;
    return OK;
}

enum err mail_smtp_server(struct arena *a, struct mail_server *out)
{
    const struct config *c = config_now();
    enum mail_security security = security_of(c->platforms_mail_smtp_security);
    struct mail_server s = { .what = "SMTP", .host = c->platforms_mail_smtp_host, .security = security,
                             .port = port_or(c->platforms_mail_smtp_port, security, 465, 587) };

    TRY(add_login(a, &s));
    *out = s;
    return OK;
}

/* ---- the connection ---- */

enum err mail_start_tls(const struct mail_server *s, struct lines *l)
{
    CLEANUP(deadline_clear) struct deadline limit = {0};

    deadline_set(&limit, MAIL_ANSWER_MS);
    enum err e = lines_secure(l, s->host);

    return e ? failed_in(e, "%s %s: ", s->what, s->host) : OK;
}

enum err mail_dial(const struct mail_server *s, struct lines *out)
{
    struct lines l = {0};

    if (s->security == MAIL_PLAIN && !dial_is_loopback(s->host))
        return failed(ERR_INPUT, "%s: without TLS a password would be for all to read; only this machine itself may be reached so "
                                 "(platforms.mail.imap.security, platforms.mail.smtp.security)", s->what);
    TRY(dial(s->host, s->port, DIAL_AS_OTHER, &l.io));
    l.in.max = LINES_MAX + 2 * SCRATCH_SIZE;
    enum err e = s->security == MAIL_TLS ? mail_start_tls(s, &l) : OK;

    if (e)
        lines_close(&l);
    else
        *out = l;
    return e;
}

/* ---- who we are ---- */

enum err mail_choose_auth(const struct mail_server *s, unsigned offered, enum mail_auth *ret)
{
    static const struct { const char *name; enum mail_auth auth; } known[] = {
        { "plain", MAIL_AUTH_PLAIN }, { "login", MAIL_AUTH_LOGIN }, { "xoauth2", MAIL_AUTH_XOAUTH2 },
    };
    bool any = str_eq(str_from(s->auth), S("auto"));

    for (size_t i = 0; i < N_ELEMENTS(known); i++) {
        bool meant = any ? known[i].auth != MAIL_AUTH_XOAUTH2 : str_eq(str_from(s->auth), str_from(known[i].name));

        if (meant && (offered & 1u << known[i].auth)) {
            *ret = known[i].auth;
            return OK;
        }
    }
    return failed(ERR_AUTH, "%s %s: the server does not offer the login that platforms.mail.auth asks for (%s)", s->what, s->host, s->auth);
}

str mail_initial_response(struct arena *a, const struct mail_server *s, enum mail_auth auth)
{
    CLEANUP(buf_done) struct buf plain = {0}, coded = {0};

    if (auth == MAIL_AUTH_XOAUTH2) {
        buf_addf(&plain, "user=%s\1auth=Bearer %.*s\1\1", s->user, STR(s->secret));
    } else {
        buf_add_char(&plain, '\0');
        buf_addf(&plain, "%s", s->user);
        buf_add_char(&plain, '\0');
        buf_add(&plain, s->secret);
    }
    buf_add_base64(&coded, buf_str(&plain));
    return arena_str(a, buf_str(&coded));
}
