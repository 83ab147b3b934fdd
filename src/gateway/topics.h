// SPDX-License-Identifier: Apache-2.0
/* topics.h: what a program watches beside single conversations: kinds of events, of all conversations or of those of a platform or one
 * alone.  All who may ask at all (routes.h) are the owner and may see everything. */
#pragma once
#include "base/json.h"
#include "base/random.h"
#include "gateway/gateway.h"

enum { TOPIC_PLATFORM_SIZE = 64 };

struct topics {
    bool kinds[N_KINDS];
    char platform[TOPIC_PLATFORM_SIZE], session[UUID_SIZE];     /* ""; any */
};

/* names: ["message", …]; platform, session: "" for any.  ERR_INPUT: there is no such topic, or the session is no uuid. */
enum err topics_set(struct topics *, const json_t *names, str platform, str session) MUST_USE;
/* "message,tool" */
enum err topics_set_list(struct topics *, str names, str platform, str session) MUST_USE;
void     topics_join(const struct topics *, struct mailbox *);
/* {"type": "event", "topic": its kind, "platform", "session_id", "event": {…}}; NO_STR: it is not wanted. */
enum err topics_event(struct gateway *, struct arena *, const struct topics *, const struct bus_event *, str *ret_json) AWAITS MUST_USE;

/* Tells of a message that was stored, and of channels, to those who watch. */
void     topics_tell_received(struct gateway *, const struct message *, str session_id, int64_t inbox_id);
void     topics_watch_channels(struct gateway *);       /* and what becomes of what is sent */
