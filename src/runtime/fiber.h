// SPDX-License-Identifier: Apache-2.0
/* fiber.h: sequential code that waits without blocking.  One loop thread runs every fiber, one at a time.
 *
 * Only the loop resumes a fiber; a fiber may only mark another ready.  A function that may suspend is marked
 * AWAITS; after an await, look shared things up again.  Cancellation and deadlines are errors returned by the
 * current await: ERR_CANCELLED is sticky until the fiber ends, ERR_TIMEOUT until its deadline is cleared.
 * Cleanup never awaits, except for joining just-cancelled children (which fibers_done does). */
#pragma once
#include "base/err.h"
#include "base/list.h"
#include "base/log.h"
#include "base/str.h"

struct fiber;

/* The new fiber is ready, not running.  `name` must outlive it (a literal).  The handle belongs to the caller,
 * who gives it back with fiber_join() and nothing else. */
struct fiber *fiber_spawn(const char *name, enum err (*fn)(void *), void *arg);
/* Waits for the end and frees the handle; returns what the fiber returned.  A join is not interrupted: if the
 * joiner is cancelled or out of time, the child is cancelled and the join still waits; a child that was cancelled
 * because the joiner was out of time counts as ERR_TIMEOUT. */
enum err      fiber_join(struct fiber *) AWAITS;
void          fiber_cancel(struct fiber *);         /* any number of times; also before it started or after it ended */

enum err      fiber_sleep(uint64_t ms) AWAITS MUST_USE;
enum err      fiber_yield(void) AWAITS MUST_USE;    /* lets every other ready fiber run once */
/* Has this fiber been cancelled, or is a deadline past?  For long loops that never await. */
enum err      fiber_check(void) MUST_USE;
struct fiber *fiber_self(void);                     /* NULL on the loop itself and in other threads */
const char   *fiber_name(const struct fiber *);
struct log_context *fiber_log_context(void);        /* this fiber's; inherited by the fibers it spawns */

/* Deadlines nest; the nearest holds.  CLEANUP(deadline_clear) struct deadline d; deadline_set(&d, 5000); */
struct deadline { uint64_t at; struct deadline *outer; struct fiber *fiber; };
void deadline_set(struct deadline *, uint64_t ms_from_now);
void deadline_clear(struct deadline *);             /* innermost first */
uint64_t deadline_left(void);                       /* ms until this fiber's nearest deadline; UINT64_MAX if none */

/* Children that end before the scope of the struct does:
 *     CLEANUP(fibers_done) struct fibers g = {0};
 *     fibers_spawn(&g, "tool", run_tool, job);
 *     return fibers_wait(&g);
 * Declare it after whatever the children use: it is cleaned up first.  Ended children are freed at once, so a
 * server may spawn into one group for ever. */
struct fibers {
    size_t      n;              /* children that have not ended */
    bool        independent;    /* set it before use: a child's failure does not cancel its siblings */
    enum err    first;          /* private: the first failure */
    char       *first_text;     /* private */
    bool        initialised;    /* private */
    struct list children;       /* private */
    struct list waiting;        /* private */
};
void     fibers_spawn(struct fibers *, const char *name, enum err (*fn)(void *), void *arg);
enum err fibers_wait(struct fibers *) AWAITS MUST_USE;  /* all have ended; the first failure with its text, which cancelled the rest */
void     fibers_cancel(struct fibers *);
void     fibers_done(struct fibers *);              /* cancels and joins what still runs */

/* A condition to wait for.  Always in a loop: while (!ready) TRY(wait_on(&x, "for what")); {0} is valid. */
struct waiters { struct list list; };
enum err wait_on(struct waiters *, const char *why) AWAITS MUST_USE;
/* The same, but neither cancellation nor a deadline ends it: for what is sure to come soon and must not be left
 * behind, such as the answer of a thread that uses our stack. */
void     wait_out(struct waiters *, const char *why) AWAITS;
void     wake_one(struct waiters *);
void     wake_all(struct waiters *);

/* Debugging: the tree of live fibers, where each is parked, why and for how long. */
struct fiber_info { uint64_t id, parent; const char *name, *state, *why; uint64_t since_ms; size_t stack_used; };
size_t fibers_list(struct fiber_info *out, size_t max);     /* how many there are, maybe more than max */
size_t fibers_alive(void);
