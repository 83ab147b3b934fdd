// SPDX-License-Identifier: Apache-2.0
/* timers.h: what happens at its time: reminders and timers now; whatever else is planned later is another kind.
 *
 * Each is a row of the table `timers`.  One fiber waits for the earliest.  A firing is one transaction: the claim (it is as it was
 * read), the next time or the end, and what it tells: a crash at any point loses nothing and repeats nothing.  What was due while
 * nobody was there fires once, late: of a recurrence the latest, with how many were missed before it. */
#pragma once
#include "base/arena.h"
#include "store/store.h"

struct flow_timer {
    int64_t id;
    str     kind;               /* "reminder", "timer" */
    str     scope, person;      /* whose it is, as scope_text() has it; who set it */
    str     session_id;         /* where it is told; "", or of one that is gone: wherever that person is reached */
    str     text, taint, language;
    int64_t first_at;           /* ms, as all times here */
    str     rule, zone;         /* domain/recurrence.h, counted from first_at in that zone; "": once */
    int64_t next_at;            /* 0: never again */
    str     state;              /* active, done, failed */
    int64_t fired, last_due, last_fired;    /* 0: not yet */
    str     error;              /* why it reached nobody the last time */
    int64_t created_at;
};

struct flow_timers { struct flow_timer *p; size_t n; };

struct flow_firing {
    const struct flow_timer *timer;
    int64_t  due;               /* when it was */
    bool     late;              /* by so much that people want to know */
    unsigned missed;            /* how often it was due before that and nobody was told; at most TIMERS_MISSED_MAX are counted */
};

/* Who tells it.  What is given lives until `stored` or `lost` has returned. */
struct flow_teller {
    /* Adds what is told to the batch that claims it.  ERR_IO: later, again; any other error: nobody can be told, and why.  *ret_own is
     * given to `stored`. */
    enum err (*add)(void *arg, struct arena *, const struct flow_firing *, struct batch *, void **ret_own) /* AWAITS */;
    void     (*stored)(void *arg, const struct batch *, void *own);             /* it is durable */
    void     (*lost)(void *arg, const struct flow_firing *, const char *why);   /* nobody was told, and that is durable */
    void      *arg;
};

enum { TIMERS_MAX = 1000 /* of a scope */, TIMERS_MISSED_MAX = 1000, TIMERS_LATE_MS = 90 * 1000 };

struct timers;

struct timers *timers_new(struct store *, const struct flow_teller *);
void     timers_free(struct timers *);          /* accepts NULL */
enum err timers_run(void *timers) AWAITS;       /* the fiber */
void     timers_changed(struct timers *);       /* a row is new, or has another time; accepts NULL */

/* ---- rows ---- */

/* The statement returns its id. */
void     timers_add(struct batch *, const struct flow_timer *);
/* Those of a scope that are to come or have failed, the next one first; scope "": everybody's. */
enum err timers_list(struct store *, struct arena *, str scope, struct flow_timers *out) AWAITS MUST_USE;
