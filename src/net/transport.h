// SPDX-License-Identifier: Apache-2.0
/* transport.h: the bytes of one connection, plain or TLS, over a non-blocking descriptor.  Reading is in two steps,
 * wait and then take, so that a connection that waits needs no buffer.  One fiber reads, one writes. */
#pragma once
#include "runtime/fd.h"

struct ssl_st;      /* OpenSSL's SSL */
struct ssl_ctx_st;

enum { SCRATCH_SIZE = 16 << 10 };

struct transport {
    struct fd     *fd;
    struct ssl_st *ssl;         /* NULL: plain */
    bool           drained;     /* private: the last read found nothing, whatever OpenSSL says is pending */
};

/* Waits until there may be bytes, or the end.  `also` may be NULL; *ret_readable is false when it was woken. */
enum err transport_wait(struct transport *, struct waiters *also, bool *ret_readable) AWAITS MUST_USE;
/* Takes what is there, without waiting: *ret_n may be 0.  *ret_end: the other side will send no more. */
enum err transport_take(struct transport *, void *p, size_t n, size_t *ret_n, bool *ret_end) MUST_USE;
/* SCRATCH_SIZE bytes to take into, shared by all: good until the next await. */
char    *transport_scratch(void);
/* All of it (at most three parts), in as few records and system calls as can be.  After an error the connection is of no more use. */
enum err transport_write(struct transport *, const str *parts, size_t n_parts) AWAITS MUST_USE;
void     transport_try_write(struct transport *, str);      /* what fits at once; for parting words */

/* The server's side of the handshake; ctx from net/tls.h. */
enum err transport_accept_tls(struct transport *, struct ssl_ctx_st *ctx) AWAITS MUST_USE;
/* Over a connected descriptor; verifies the certificate against `host` (a name or an address). */
enum err transport_connect_tls(struct transport *, struct ssl_ctx_st *ctx, const char *host) AWAITS MUST_USE;
void     transport_close(struct transport *);               /* both ways, now; {0} is fine */
