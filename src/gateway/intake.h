// SPDX-License-Identifier: Apache-2.0
/* intake.h: where every message enters.  When intake_receive() returns OK the message is on disk, once, whatever
 * happens next; only then may its platform be told.  Access is decided before: see access.h. */
#pragma once
#include "gateway/gateway.h"

struct received {
    int64_t     inbox_id;
    str         session_id, message_id;     /* in the caller's arena */
    str         state;                      /* "ready", "expired"; of a duplicate, what it is by now */
    bool        duplicate;                  /* it had been stored before; the ids are those of the first time */
    bool        is_paused;                  /* its conversation is: stored, and not to be answered before /resume */
    bool        expired;                    /* too old: stored, and not to be answered */
};

/* All of them or none.  Each message needs platform, external_id, chat_id and user_id; the rest is filled in.
 * ERR_IO: the store cannot take it, tell the platform "not received". */
enum err intake_receive(struct gateway *, struct arena *, struct message *, size_t n, struct received *out) AWAITS MUST_USE;

/* The same for channels: unknown senders are answered with a pairing code instead of a turn. */
enum err intake_channel(const struct channel_host *, const struct message *, size_t n) AWAITS MUST_USE;
/* channel_host.knows */
bool     intake_knows(const struct channel_host *, str user_id);
