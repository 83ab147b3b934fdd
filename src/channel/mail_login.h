// SPDX-License-Identifier: Apache-2.0
/* mail_login.h: where a mail server is and how it is told who we are; for IMAP and SMTP alike. */
#pragma once
#include "base/arena.h"
#include "net/lines.h"

enum mail_security { MAIL_TLS, MAIL_STARTTLS, MAIL_PLAIN };     /* MAIL_PLAIN: to this machine only */
enum mail_auth { MAIL_AUTH_NONE, MAIL_AUTH_PLAIN, MAIL_AUTH_LOGIN, MAIL_AUTH_XOAUTH2 };

enum { MAIL_ANSWER_MS = 60 * 1000 };    /* for one answer of a server; RFC 5321 section 4.5.3.2 asks for minutes at some places */

struct mail_server {
    const char        *what;            /* for errors: "IMAP", "SMTP" */
    const char        *host;
    unsigned           port;
    enum mail_security security;
    const char        *user;
    str                secret;          /* a password, or with xoauth2 a token */
    const char        *auth;            /* platforms.mail.auth: auto, plain, login, xoauth2 */
};

/* From the settings in force; asks for a token where platforms.mail.oauth is set.  *out in the arena. */
enum err mail_imap_server(struct arena *, struct mail_server *out) AWAITS MUST_USE;
enum err mail_smtp_server(struct arena *, struct mail_server *out) AWAITS MUST_USE;
void     mail_forget_token(void);       /* a server refused it */

/* Connected, with TLS where it begins at once.  ERR_INPUT: plain to another machine. */
enum err mail_dial(const struct mail_server *, struct lines *out) AWAITS MUST_USE;
enum err mail_start_tls(const struct mail_server *, struct lines *) AWAITS MUST_USE;

/* Which of what the server offers (a bit each, 1 << MAIL_AUTH_PLAIN) is used.  ERR_AUTH: none that is set up. */
enum err mail_choose_auth(const struct mail_server *, unsigned offered, enum mail_auth *ret) MUST_USE;
/* RFC 4616, and Google's XOAUTH2: the one message, in base64, in the arena. */
str      mail_initial_response(struct arena *, const struct mail_server *, enum mail_auth);
