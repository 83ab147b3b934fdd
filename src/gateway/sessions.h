// SPDX-License-Identifier: Apache-2.0
/* sessions.h: where a conversation takes place, which model it chose, how its messages queue.  Every message asks for this twice, so what
 * was asked of late is kept in memory; the store remains the record, and nobody else writes to it. */
#pragma once
#include "gateway/gateway.h"

struct sessions;

struct session_place {
    str platform, chat_id, thread_id, agent, model, queue_mode;
    str chat_type;      /* "private", "group" or "": not told */
    str project;        /* "": none */
    str recall;         /* "off": no memories are shown there unasked; "": as configured */
    str mode;           /* who reads a message first: "auto", "rules", "model"; "": as configured (engine.h) */
    str zone;           /* of the IANA database; "": as configured */
    str language;       /* of answers, ISO 639-1; "": as they are written to */
    str last_file;      /* the file that was spoken of last; "": none */
};

struct sessions *sessions_new(void);
void             sessions_free(struct sessions *);
/* In the arena.  platform is empty: there is no such conversation yet. */
enum err         sessions_find(struct gateway *, struct arena *, str id, struct session_place *out) AWAITS MUST_USE;
/* Its row has changed. */
void             sessions_forget(struct sessions *, str id);
