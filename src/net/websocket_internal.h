// SPDX-License-Identifier: Apache-2.0
/* websocket_internal.h: a WebSocket over a transport whose handshake is done; for the two that do handshakes, the
 * server (exchange.c) and the client's connect. */
#pragma once
#include "net/transport.h"
#include "net/websocket.h"

enum websocket_role { WEBSOCKET_SERVER, WEBSOCKET_CLIENT };

/* Borrows `io`, which must outlive it; takes the bytes in *rest (already read, may be NULL) and leaves it empty. */
struct websocket *websocket_new(struct transport *io, enum websocket_role, struct buf *rest);

void websocket_client_stop(void);                   /* frees what is shared by the connections to come */

bool websocket_key_ok(str key);                     /* 16 bytes in base64 */
void websocket_add_accept(struct buf *, str key);   /* the Sec-WebSocket-Accept that belongs to it */
