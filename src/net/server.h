// SPDX-License-Identifier: Apache-2.0
/* server.h: the HTTP/1.1 server: one fiber a connection, which calls the handler for one request after another.
 * The handler answers each request exactly once; a handler that returns without answering gives a 500. */
#pragma once
#include "base/arena.h"
#include "net/http.h"
#include "runtime/fiber.h"

struct server;
struct http_exchange;

struct server_options {
    const char *host;                       /* a numeric address ("::": IPv4 too) or "localhost" */
    unsigned    port;                       /* 0: any free one, see server_port() */
    const char *unix_path;                  /* not NULL: a unix socket (mode 0600) instead of host and port; a file
                                             * left there by a dead process is replaced */
    const char *cert_file, *key_file;       /* both or none: TLS 1.2 and 1.3 */
    unsigned    redirect_port;              /* with TLS: a plain port that redirects to it; 0: none */
    size_t      max_body;                   /* 413 above; 0: 8 MiB */
    unsigned    max_per_address;            /* connections, 503 above; 0: 256.  All clients of a proxy are one address */
    uint64_t    header_timeout_ms, body_timeout_ms, write_timeout_ms, idle_timeout_ms;  /* 0: 10 s, 30 s, 30 s, 75 s */
    void      (*handle)(void *arg, struct http_exchange *) AWAITS;
    void       *arg;
};

enum err server_open(const struct server_options *, struct server **out) MUST_USE;  /* listens; ERR_CONFLICT: port taken */
unsigned server_port(const struct server *);
enum err server_run(struct server *) AWAITS MUST_USE;       /* accepts until server_drain() or cancelled */
enum err server_reload_certificate(struct server *) MUST_USE;   /* new connections; a bad file keeps the old one */
/* Stops accepting, closes idle connections, lets requests finish for up to ms, then cuts them. */
enum err server_drain(struct server *, uint64_t ms) AWAITS MUST_USE;
void     server_close(struct server *);
size_t   server_connections(const struct server *);

/* One request and its answer.  Everything in it lives until the handler returns. */
struct http_exchange {
    struct arena *arena;
    str           method, target;           /* as sent */
    str           path, query;              /* path percent-decoded, no "." or ".." left; query as sent, without '?' */
    str           host;                     /* the Host field */
    const struct http_field *fields;
    size_t        n_fields;
    str           webhook_name;             /* of a platform's call: what its path says behind the channel; "" for nothing */
    str           body;                     /* whole; handlers are called when it is in */
    const char   *peer;                     /* numeric address, no port */
    bool          peer_is_loopback, tls;
    struct connection *connection;          /* private */
};

str      http_exchange_field(const struct http_exchange *, str name);   /* NO_STR if absent */
bool     http_query(const struct http_exchange *, str name, str *ret_value);    /* decoded, first of that name */
void     http_add_field(struct http_exchange *, str name, str value);   /* for the answer to come */
enum err http_answer(struct http_exchange *, int status, str content_type, str body) AWAITS MUST_USE;
bool     http_answered(const struct http_exchange *);

/* An answer in pieces: chunked, or until close for HTTP/1.0.  An empty piece is skipped, http_end() ends it. */
enum err http_begin(struct http_exchange *, int status, str content_type) AWAITS MUST_USE;
enum err http_piece(struct http_exchange *, str bytes) AWAITS MUST_USE;
enum err http_end(struct http_exchange *) AWAITS MUST_USE;
/* Waits until `also` is woken (OK) or the client went away (ERR_NET): for answers that wait for news. */
enum err http_wait_or_gone(struct http_exchange *, struct waiters *also) AWAITS MUST_USE;

/* Takes the connection over for RFC 6455; answers 101, or 400/426 with the reason and ERR_INPUT.
 * *out is owned by the exchange and dies when the handler returns.  See net/websocket.h. */
struct websocket;
enum err http_upgrade_websocket(struct http_exchange *, struct websocket **out) AWAITS MUST_USE;
