// SPDX-License-Identifier: Apache-2.0
/* connection.h: one accepted connection of the server and its fiber; between server.c, which makes and counts them,
 * and exchange.c, which answers.  Everything that an idle connection does not need is allocated when bytes come and
 * freed when none have come for a second. */
#pragma once
#include "base/list.h"
#include "net/server.h"
#include "net/transport.h"

enum { PEER_SIZE = 46 };

enum answer { ANSWER_NONE, ANSWER_PIECES, ANSWER_WHOLE, ANSWER_UPGRADED };

struct connection {
    struct list        in_server;
    struct server     *server;
    struct fiber      *fiber;           /* NULL: not started */
    struct transport   io;
    bool               secure;          /* came in on the TLS port */
    bool               redirects;       /* came in on the port that only redirects */
    char               peer[PEER_SIZE];

    struct http_parser parser;
    struct buf         rest;            /* read, but not of the request at hand */
    bool               keep_alive;

    enum answer        answer;
    bool               chunked, bad_field;
    struct buf         fields;          /* of the answer to come, each with its CRLF */
    struct buf         out;             /* what is being written */
    struct websocket  *websocket;
};

struct connection *connection_new(struct server *, int raw, const char *peer);
enum err connection_run(void *connection) AWAITS;   /* its fiber; frees it */
void     connection_free(struct connection *);

/* exchange.c */
enum err exchange_refuse(struct connection *, int status, const char *reason) AWAITS MUST_USE;
enum err exchange_run(struct connection *) AWAITS MUST_USE;

/* Takes what is there into c->rest: up to SCRATCH_SIZE bytes. */
enum err connection_take_rest(struct connection *, bool *ret_end) MUST_USE;
/* A time for moving n bytes: the base, and a second for every 16 KiB, so that a trickle does not live for ever. */
uint64_t patience(uint64_t base_ms, size_t n);
