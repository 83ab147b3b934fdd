// SPDX-License-Identifier: Apache-2.0
/* buf.h: a growing string that we own, with a maximum from birth.
 * Adding never fails on the spot: what does not fit is dropped and remembered, and buf_check() says so
 * once at the end.  {0} is a valid empty buffer with the default maximum. */
#pragma once
#include "base/str.h"

enum { BUF_DEFAULT_MAX = 16 << 20 };

struct buf {
    char  *p;           /* NUL-terminated when not NULL */
    size_t len;
    size_t max;         /* most bytes ever held; 0 stands for BUF_DEFAULT_MAX */
    size_t cap;         /* private */
    bool   overflowed;  /* private: something did not fit */
};

void     buf_add(struct buf *, str);             /* not a part of the buffer itself */
void     buf_add_char(struct buf *, char);
void     buf_addf(struct buf *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
enum err buf_check(const struct buf *, const char *what) MUST_USE;  /* ERR_LIMIT if anything was dropped */

/* Room for up to n more bytes (fewer near the maximum, none when full) to be written at the returned place, then
 * taken by buf_grown().  For read(2) straight into a buffer. */
char    *buf_room(struct buf *, size_t n, size_t *ret_room);
void     buf_grown(struct buf *, size_t n);

static inline str buf_str(const struct buf *b) { return str_of(b->p ? b->p : "", b->len); }
const char *buf_c(const struct buf *);          /* NUL-terminated; "" when empty */
void     buf_drop(struct buf *, size_t n);      /* the first n bytes */
void     buf_cut(struct buf *, size_t len);     /* keep the first len bytes */
void     buf_clear(struct buf *);               /* empty, keeps the memory */
void     buf_done(struct buf *);                /* empty, frees the memory, keeps max */

void     buf_add_hex(struct buf *, str bytes);
void     buf_add_base64(struct buf *, str bytes);           /* RFC 4648 section 4, padded */
void     buf_add_base64url(struct buf *, str bytes);        /* RFC 4648 section 5, no padding */
enum err buf_add_unhex(struct buf *, str text) MUST_USE;    /* digits of either case, an even number */
enum err buf_add_unbase64(struct buf *, str text) MUST_USE; /* both alphabets; padding right or absent */
