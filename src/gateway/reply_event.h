// SPDX-License-Identifier: Apache-2.0
/* reply_event.h: the public form of an answer, the same in REST, SSE, WebSocket and replay:
 *   {"type": "reply", "id": 17, "message_id": uuid, "session_id": uuid, "text", "html", "created_at", "state"}
 * `id` grows; a watcher that reconnects names the last one it saw.  `state` is the message's: done or failed. */
#pragma once
#include "gateway/answer.h"

/* body: an outbox row's.  New reference. */
json_t *reply_event(struct arena *, int64_t id, str message_id, str session_id, str text, int64_t created_at, const char *state);
/* id 0: there was nothing to say. */
void    reply_event_publish(struct gateway *, const struct answer *, int64_t id);
/* {"type": "ended", "message_id", "session_id", "state": "failed"}: there will be no reply (an operator dropped it). */
void    reply_event_ended(struct gateway *, str session_id, str message_id, int64_t inbox_id);
