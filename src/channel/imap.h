// SPDX-License-Identifier: Apache-2.0
/* imap.h: an IMAP4rev1 connection (RFC 3501, IDLE of RFC 2177) as far as a mailbox is read with it.  One fiber's.
 * ERR_NET, ERR_TIMEOUT: it broke; ERR_REMOTE: the server refused or is out of step; ERR_AUTH: the login. */
#pragma once
#include "channel/imap_parse.h"
#include "channel/mail_login.h"

struct imap {
    struct lines lines;
    struct buf   response;      /* private: the latest, which what was parsed points into */
    unsigned     tag;           /* private: of the latest command */
    bool         idle, starttls, sasl_ir, login_disabled;       /* what the server can, or (the last) will not */
    unsigned     auths;         /* bits of MAIL_AUTH_* */
    uint32_t     uid_validity, uid_next;        /* of the mailbox */
    bool         news;          /* messages came since it was last set to false */
};

enum err imap_open(const struct mail_server *, struct imap *out) AWAITS MUST_USE;    /* logged in */
enum err imap_select(struct imap *, str mailbox) AWAITS MUST_USE;
/* UIDs, ascending, in the arena.  criteria: "UID 7:*". */
enum err imap_search(struct imap *, struct arena *, const char *criteria, uint32_t **ret_uids, size_t *ret_n) AWAITS MUST_USE;

struct imap_mail {
    uint32_t uid;
    uint64_t size;              /* of all of it */
    int64_t  date_ms;           /* when the server got it; 0: not told */
    str      bytes;             /* its first `most`; good until the next call.  .p NULL: it is not there any more */
};
enum err imap_fetch(struct imap *, struct arena *, uint32_t uid, uint64_t most, struct imap_mail *out) AWAITS MUST_USE;
enum err imap_mark_seen(struct imap *, uint32_t uid) AWAITS MUST_USE;
/* Until messages came, or ms have passed: by IDLE.  Without it: asks once. */
enum err imap_wait(struct imap *, uint64_t ms) AWAITS MUST_USE;
void     imap_close(struct imap *);         /* {0} is fine */

/* "17-Jul-1996 02:44:25 -0700" in ms since 1970; 0: it is no such date. */
int64_t  imap_date_ms(str);
