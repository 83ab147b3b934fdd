// SPDX-License-Identifier: Apache-2.0
/* client.h: HTTP as a client, on libcurl's multi interface: HTTP/1.1 and 2, TLS verified, proxies from the
 * environment (never for loopback), connections reused per host.  Reads stream; deadlines and cancellation are the
 * fiber's own.  A request is never sent twice behind the caller's back, but for GET, HEAD and OPTIONS on a kept
 * connection that turns out to be dead. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "net/http.h"

struct sockaddr;

struct http_request {
    const char *method;                     /* NULL: GET, or POST with a body */
    const char *url;                        /* absolute */
    const char *unix_socket;                /* NULL: TCP */
    const struct http_field *fields;
    size_t      n_fields;
    str         body;                       /* must live until http_sent() says so, or the stream is closed */
    uint64_t    connect_timeout_ms;         /* 0: 10 s */
    uint64_t    first_byte_timeout_ms;      /* from the start of sending to the head; 0: only the fiber's deadline */
    uint64_t    idle_timeout_ms;            /* between two reads that bring bytes; 0: only the fiber's deadline */
    size_t      max_body;                   /* bytes of answer; 0: 16 MiB; more is ERR_LIMIT */
    unsigned    max_redirects;              /* 0: a redirect is an answer like any other */
    bool        decompress;                 /* asks for gzip and the like; max_body counts what comes out of it */
    /* Asked of each address that is about to be connected to, the very one; a refused one is ERR_AUTH.  No proxy and
     * no kept connection is used then, for nobody would have asked about those.  Must not await.  NULL: any. */
    bool      (*allow_address)(void *arg, const struct sockaddr *);
    void       *allow_address_arg;
    void      (*on_sending)(void *arg);     /* connected, and its first byte goes out next; must not await.  NULL: none */
    void       *on_sending_arg;
};

struct http_stream;

/* Back when the head is in.  The request and what it points to may go then, but for the body. */
enum err http_open(const struct http_request *, struct http_stream **out) AWAITS MUST_USE;
bool     http_sent(const struct http_stream *);                 /* the request's body is out, all of it, and may go */
int      http_status(const struct http_stream *);
str      http_field(const struct http_stream *, str name);      /* NO_STR if absent */
enum err http_read(struct http_stream *, str *ret_bytes) AWAITS MUST_USE;   /* empty at the end; valid until the next read */
void     http_close(struct http_stream *);                      /* also in the middle: the transfer is dropped */
void     http_closep(struct http_stream **);

struct http_response { int status; struct http_field *fields; size_t n_fields; str body; };
/* The whole answer, in `a`.  ERR_NET and ERR_TIMEOUT as http_open; any status is OK here.
 * *ret_sent (may be NULL) is set also on failure: false means no byte of the request left this machine, so that
 * trying again cannot do anything twice. */
enum err http_fetch(struct arena *a, const struct http_request *, struct http_response *out, bool *ret_sent) AWAITS MUST_USE;
str      http_response_field(const struct http_response *, str name);

void   http_client_stop(void);              /* closes idle connections; no stream may be open; the next request starts anew */
