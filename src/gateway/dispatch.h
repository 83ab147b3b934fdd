// SPDX-License-Identifier: Apache-2.0
/* dispatch.h: one queue a session.  A session's messages run one at a time, in order, in a fiber that lives as long
 * as there is work; sessions run side by side. */
#pragma once
#include "gateway/gateway.h"

/* A turn has a handful of fibers, and a process can map some 30,000 stacks. */
enum { DISPATCH_SESSIONS_MAX = 1000 };

/* max_running: sessions at work at a time; further ones wait for one of them to end. */
struct dispatch *dispatch_new(size_t max_running);
/* After a start, before anything new is let in: every stored message that has no end yet is taken up again, older than
 * messages.max_age expired. */
enum err         dispatch_resume(struct gateway *) AWAITS MUST_USE;
/* A message was stored.  Copies what it needs. */
void             dispatch_message(struct gateway *, int64_t inbox_id, const struct message *);
/* What a message waited for is stored (approvals.h): it is run again, behind what its session has before it. */
void             dispatch_unpark(struct gateway *, str session_id, int64_t inbox_id);
/* Cancels the turn that runs now, if any; what waits behind it stays.  True: there was one. */
bool             dispatch_stop_turn(struct gateway *, str session_id);
/* The message was given up on: if it runs its turn is stopped, if it waits it is forgotten. */
void             dispatch_drop(struct gateway *, str session_id, int64_t inbox_id);
/* No new turns; waits up to ms for those that run, then leaves them to the next start. */
void             dispatch_drain(struct gateway *, uint64_t ms) AWAITS;
void             dispatch_free(struct dispatch *);

/* Its messages are stored and wait for /resume; commands are answered. */
bool             dispatch_is_paused(const struct dispatch *, str session_id);

/* "idle", "running", and how many messages wait. */
struct session_state { const char *state; size_t waiting; };
struct session_state dispatch_state(const struct dispatch *, str session_id);
size_t           dispatch_running(const struct dispatch *);
