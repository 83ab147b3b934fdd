// SPDX-License-Identifier: Apache-2.0
/* deliver_internal.h: what deliver.c and deliver_stream.c share. */
#pragma once
#include "channel/platform_api.h"
#include "channel/deliver.h"
#include "net/client.h"
#include "runtime/fiber.h"

enum { SEND_TIMEOUT_MS = 60 * 1000 };

/* What one request came to. */
enum outcome { SENT, NOT_SENT, REFUSED, UNKNOWN };      /* NOT_SENT: may be tried again; REFUSED: never */
struct attempt {
    enum outcome outcome;
    enum err     error;         /* OK when sent */
    str          why;           /* in the arena; "" when sent */
    struct sent  sent;
};

/* Encodes, sends, and says what became of it; falls back to plain text once. */
struct attempt deliver_attempt(struct arena *, const struct channel *, struct outgoing *) AWAITS;

/* Waits until the platform's limits allow one more request in this chat, and counts it. */
enum err deliver_await_turn(const struct channel *, str chat_id) AWAITS MUST_USE;
/* The same without waiting: false when it would have to. */
bool     deliver_take_turn(const struct channel *, str chat_id);

/* Keeps a file to be sent, for as long as attachments are kept; its name in the arena. */
enum err deliver_keep(struct arena *, str bytes, str name, str mime, str *ret_blob) AWAITS MUST_USE;
/* Does the platform take this file (of which the name, the type and the chat count), so many bytes?  Else a link goes there. */
bool     deliver_takes_file(const struct channel *, const struct outgoing *file, size_t size);

/* A row that is never tried again, and where its reply goes instead. */
struct dead_row { int64_t id; str platform, chat_id, why; const json_t *body; };
struct fallback { const struct channel *channel; str platform, chat_id; };
/* Before its end in the batch.  False: nowhere (delivery.fallback, or it comes from elsewhere itself). */
bool     deliver_add_fallback(struct arena *, struct batch *, const struct dead_row *, struct fallback *out);

void     deliver_tell(const struct delivery_outcome *);     /* once it is stored */
struct store *deliver_store(void);
struct fibers *deliver_fibers(void);        /* NULL once stopping */
