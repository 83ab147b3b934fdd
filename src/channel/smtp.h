// SPDX-License-Identifier: Apache-2.0
/* smtp.h: a mail handed to a server (RFC 5321, submission of RFC 6409).  What is not known is told: until the line that ends the
 * mail has begun to go out nothing is delivered, and after it without an answer nobody can say. */
#pragma once
#include "channel/mail_login.h"

struct smtp_mail {
    const char *from, *to;      /* addresses: smtp_is_address() */
    str         text;           /* head and body, lines end in CRLF, the last too */
    void      (*begun)(void *arg);      /* right before the mail may be delivered; must not await */
    void       *arg;
};

struct smtp_outcome {
    bool unknown;               /* with an error: it went out whole, and nobody answered */
    bool gone;                  /* with an error: there is no such mailbox */
};

/* ERR_NET, ERR_TIMEOUT, ERR_REMOTE (4xx), ERR_AUTH: not now.  ERR_INPUT (5xx), ERR_TOO_LONG: never. */
enum err smtp_send(const struct mail_server *, const struct smtp_mail *, struct smtp_outcome *out) AWAITS MUST_USE;
/* Connects, logs in, and goes. */
enum err smtp_check(const struct mail_server *) AWAITS MUST_USE;

/* One that may stand in a command and in a head: ASCII, "local@domain", nothing that ends either. */
bool     smtp_is_address(str);
/* The text with the dots that RFC 5321 section 4.5.2 wants, without the end. */
void     smtp_add_stuffed(struct buf *, str text);
