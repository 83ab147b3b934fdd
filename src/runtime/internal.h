// SPDX-License-Identifier: Apache-2.0
/* internal.h: what the files of this folder share, and nobody else may use. */
#pragma once
#include "runtime/engine.h"
#include "runtime/fiber.h"
#include "runtime/timer.h"

enum fiber_state { FIBER_NEW, FIBER_READY, FIBER_RUNNING, FIBER_PARKED, FIBER_ENDED };

struct fiber {
    struct list         all;        /* every fiber whose handle is not freed */
    struct list         link;       /* among the ready, or the waiters of what it waits for */
    struct list         sibling;    /* in its group */
    struct fibers      *group;      /* NULL: somebody holds the handle and joins */
    struct fiber       *joiner;     /* parked in fiber_join() of this one */
    struct context     *context;    /* NULL before its first slice and after its end */
    enum err          (*fn)(void *);
    void               *arg;
    const char         *name;
    const char         *why;        /* it is parked */
    uint64_t            id, parent;
    uint64_t            since_us;   /* end of its last slice, real time */
    uint64_t            wake_at;    /* of a sleep; UINT64_MAX: not sleeping */
    struct deadline    *deadline;   /* innermost; its `at` is the nearest of all */
    struct timer        timer;      /* armed at the nearest of both, or earlier */
    struct err_context *text;       /* made by the first failure */
    struct log_context  log;
    unsigned            steps;      /* awaits since its last park that did not need to wait */
    enum fiber_state    state : 8;
    enum err            woken : 8;  /* why the latest park ended */
    enum err            result : 8;
    bool                cancelled;
    bool                deaf;       /* parked, and neither cancellation nor a deadline ends it */
    bool                trimmed;    /* its stack, since it parked */
};

/* Suspends until fiber_ready(), a cancellation, or a deadline.  Whoever wakes first decides: an event that came
 * before the cancellation is not lost, the next await tells of that.  The caller unlinks itself on error. */
enum err fiber_park(const char *why) AWAITS MUST_USE;
void     fiber_park_deaf(const char *why) AWAITS;   /* only fiber_ready() ends it */
void     fiber_ready(struct fiber *);               /* harmless unless it is parked */
/* For awaits that need not wait: fiber_check(), and now and then a turn for the others. */
enum err fiber_step(void) AWAITS MUST_USE;
/* Parks on a list of waiters that may still be all zero. */
enum err list_wait(struct list *, const char *why) AWAITS MUST_USE;
void     list_wake_all(struct list *);
/* A child's result in its parent: carries the text over, and turns the cancellation that our own deadline
 * caused (`interrupted`) into the timeout it is. */
enum err fiber_inherit(enum err result, const char *text, enum err interrupted);
const char *fiber_failed_text(const struct fiber *);
void     group_child_ended(struct fiber *);

/* fiber.c, for the loop */
void     fibers_start(uint64_t slice_warn_ms);
void     fibers_run_ready(void);            /* some of them */
bool     fibers_any_ready(void);
uint64_t fibers_trim(void);                 /* gives back stacks that are deep no more; says when to come again, in us */
enum err fiber_reap(struct fiber *);
void     fibers_drop(void);

void     fibers_dump(int fd);               /* for the dying: no memory, no locks */
void     crash_watch(void);                 /* says what happened before the process dies of it */
void     crash_unwatch(void);

uint64_t monotonic_us(void);                /* real time, whatever clock_fake() says */
bool     clock_is_fake(void);
uint64_t time_after(uint64_t ms);           /* on clock_ms(); no overflow */

uint64_t timers_next(void);
void     timers_fire(void);
void     timers_drop(void);
void     timer_set_at(struct timer *, uint64_t at);

/* A descriptor in the loop's epoll set, level-triggered. */
struct poller {
    int      raw;
    uint32_t armed;                         /* EPOLLIN | EPOLLOUT; 0: not in the set */
    void   (*ready)(struct poller *, uint32_t events);
};
enum err poller_arm(struct poller *, uint32_t events) MUST_USE;
void     poller_disarm(struct poller *);    /* also drops events of it that are fetched, not yet told */

struct uv_loop_s *loop_uv(void);            /* also has the loop look after libuv before it waits */
void     signals_stop(void);
void     processes_stop(void);

/* Tests: gives up the loop from inside; loop_run() returns ERR_BUG and forgets everything it knew. */
_Noreturn void loop_abandon(void);
