// SPDX-License-Identifier: Apache-2.0
/* lines.h: a connection that speaks in lines (IMAP, SMTP, IRC): one after another, each with an end to its length, and
 * counted bytes in between.  However the bytes are cut, the lines are the same.  Times are the caller's (fiber.h's deadlines). */
#pragma once
#include "base/buf.h"
#include "net/transport.h"

enum { LINES_MAX = 64 << 10 };

struct lines {
    struct transport io;        /* from dial() */
    struct buf       in;        /* private: read, but not taken */
    size_t           taken;     /* private: of `in`, with the last call */
};

/* Without its CRLF (or LF); good until the next call.  ERR_NET: the connection ended; ERR_REMOTE: longer than LINES_MAX. */
enum err lines_read(struct lines *, str *ret_line) AWAITS MUST_USE;
/* The same, or until somebody wakes `also`: then *ret_read is false. */
enum err lines_read_or(struct lines *, struct waiters *also, bool *ret_read, str *ret_line) AWAITS MUST_USE;
/* The next n bytes, behind what `out` holds. */
enum err lines_read_bytes(struct lines *, size_t n, struct buf *out) AWAITS MUST_USE;
/* TLS from here on.  ERR_REMOTE: something was said already that nobody vouches for (what a STARTTLS injection does). */
enum err lines_secure(struct lines *, const char *host) AWAITS MUST_USE;
enum err lines_write(struct lines *, str) AWAITS MUST_USE;
void     lines_close(struct lines *);       /* {0} is fine */
