// SPDX-License-Identifier: Apache-2.0
/* websocket.h: an open WebSocket, either side (RFC 6455).  Messages are whole: fragments are
 * joined, pings answered, close handshakes completed, invalid UTF-8 in text closed with 1007, oversize with 1009.
 * One fiber receives; any fiber may send. */
#pragma once
#include "base/buf.h"
#include "net/http.h"
#include "runtime/fiber.h"

struct websocket;
enum websocket_type { WEBSOCKET_TEXT = 1, WEBSOCKET_BINARY = 2 };

struct websocket_options {
    size_t   max_message;               /* 0: 1 MiB */
    uint64_t ping_every_ms;             /* 0: 30 s */
    uint64_t pong_timeout_ms;           /* 0: 20 s: no sign of life after a ping closes with ERR_TIMEOUT */
    uint16_t goodbye;                   /* the code for a peer that was told nothing when it is freed; 0: 1001 */
};

/* Client: ws:// or wss://, TLS verified; proxies from the environment for CONNECT. */
enum err websocket_connect(const char *url, const struct http_field *fields, size_t n_fields,
                           const struct websocket_options *, struct websocket **out) AWAITS MUST_USE;
void     websocket_configure(struct websocket *, const struct websocket_options *);  /* server side, before the first receive */

/* The next message; valid until the next receive.  ERR_NOT_FOUND: the peer closed properly (see the code). */
enum err websocket_receive(struct websocket *, enum websocket_type *, str *ret_message) AWAITS MUST_USE;
/* The same, but also returns, with *ret_message.p == NULL, when `also` is woken. */
enum err websocket_receive_or(struct websocket *, struct waiters *also, enum websocket_type *, str *ret_message) AWAITS MUST_USE;
enum err websocket_send(struct websocket *, enum websocket_type, str message) AWAITS MUST_USE;
enum err websocket_close(struct websocket *, uint16_t code, str reason) AWAITS MUST_USE;   /* sends, waits a second for the echo */
uint16_t websocket_close_code(const struct websocket *);    /* what the peer sent; 1005: none, 1006: it just went */
void     websocket_free(struct websocket *);                /* client side only */
