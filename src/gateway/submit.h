// SPDX-License-Identifier: Apache-2.0
/* submit.h: a message that comes through the gateway's own surfaces (REST, WebSocket, web page, CLI), and the wait
 * for what becomes of it. */
#pragma once
#include "gateway/intake.h"

/* Fills in the sender (the owner, by `platform`) and the session: m->session_id when given and not another
 * platform's (ERR_CONFLICT), else a new one. Then intake. */
enum err submit(struct gateway *, struct arena *, const char *platform, struct message *, struct received *out) AWAITS MUST_USE;

/* The same in the conversation that the caller calls `name`: with platform and m->agent it is a session of its own. */
enum err submit_named(struct gateway *, struct arena *, const char *platform, str name, struct message *, struct received *out)
    AWAITS MUST_USE;

/* The replies to a stored message as "reply" objects (reply_event.h), in a new array.  *ret_by, *ret_state: the message whose
 * turn answers it, which may be another's (agent/steer.h), and how far that is. */
enum err submit_replies(struct gateway *, struct arena *, const struct received *, json_t **out, int64_t *ret_by,
                        str *ret_state) AWAITS MUST_USE;
