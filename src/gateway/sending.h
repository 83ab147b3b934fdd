// SPDX-License-Identifier: Apache-2.0
/* sending.h: what the owner, or a program of theirs, has the assistant send to a chat or a person.  It is an announcement
 * (announcement.h): stored first, and then on its way like any reply. */
#pragma once
#include "base/json.h"
#include "gateway/recipient.h"

struct sending {
    struct gateway *gateway;
    struct arena   *arena;
    str             to;                 /* recipient_find_any() */
    str             text;               /* Markdown; "" with a file */
    str             file_name, file_mime, file_bytes;   /* file_name "": none; file_mime "": by the name's ending */
    str             key;                /* the caller's own name for it: the same once more sends nothing; "": none */
    struct recipient at;                /* filled in */
    str             external_id;
};

/* ERR_NOT_FOUND: no such chat or person, or the platform is not configured; ERR_INPUT: there is nothing to send. */
enum err sending_store(struct sending *) AWAITS MUST_USE;
/* {"to": {"platform", "chat_id"}, "state": "ready|sending|sent|unknown|dead|dropped", "error", "parts": [{"id", "state", "error",
 * "remote_id", "attempts"}]}: the state of the part that is furthest from its end.  *ret_ended: nothing more will come of it by itself. */
enum err sending_state(struct sending *, json_t **out, bool *ret_ended) AWAITS MUST_USE;
/* The same when it has ended.  wait: for news, or fails, as http_wait_or_gone(). */
enum err sending_await(struct sending *, enum err (*wait)(void *arg, struct waiters *news) /* AWAITS */, void *arg, json_t **out) AWAITS
    MUST_USE;
