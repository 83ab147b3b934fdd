// SPDX-License-Identifier: Apache-2.0
/* session_queue.h: the messages of one session that wait, in order: the first few in memory, the others in the store.
 * Only the session's fiber, and its turn while that fiber waits for it, take from it; anybody may put something in. */
#pragma once
#include "base/list.h"
#include "domain/message.h"
#include "runtime/fiber.h"
#include "store/store.h"

/* A stored message in memory. */
struct job {
    struct list    node;
    struct arena  *arena;           /* the turn's, begun with the message; the job is in it */
    int64_t        inbox_id;
    struct message message;
    bool           resumed;         /* an earlier process may have begun it */
    bool           begun;           /* it has: the store says so */
    bool           unread;          /* only its id is known yet */
    int64_t        attempts;
};

void        job_free(struct job *);
void        job_freep(struct job **);

struct session_queue {
    struct store  *store;
    str            session_id;      /* the session's */
    struct list    waiting;         /* struct job, in order of inbox_id */
    size_t         n_waiting;
    bool           more_in_store;   /* the store holds messages behind those in memory */
    bool           reading;         /* them, right now */
    bool           paused;          /* only control messages are in memory; the others stay in the store */
    int64_t        last_taken;      /* inbox id */
    struct waiters arrived;         /* woken by whatever is put in */
};

void        session_queue_init(struct session_queue *, struct store *, str session_id);
void        session_queue_done(struct session_queue *);

/* A message was stored.  Copied, or left to the store when many wait. */
void        session_queue_put(struct session_queue *, int64_t inbox_id, const struct message *);
/* A message that waited for something may be run again: of it only the id is known. */
void        session_queue_put_unread(struct session_queue *, int64_t inbox_id);
/* The first; the caller's then.  NULL: none is in memory. */
struct job *session_queue_take(struct session_queue *);
/* Takes this one out of the middle and frees it.  False: it is not there. */
bool        session_queue_drop(struct session_queue *, int64_t inbox_id);
/* Commands, and answers to questions: they are run by themselves, also in a conversation that is paused. */
bool        message_is_control(str text);
/* Without a job at work but the one that asks for it, whose end is stored. */
void        session_queue_pause(struct session_queue *);
void        session_queue_resume(struct session_queue *);
/* Memory is empty and the store has more: reads some. */
enum err    session_queue_read(struct session_queue *) AWAITS MUST_USE;
/* Reads an unread job.  *ret_open false: it has ended meanwhile, or waits again. */
enum err    session_queue_read_job(const struct session_queue *, struct job *, bool *ret_open) AWAITS MUST_USE;
