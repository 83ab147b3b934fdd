// SPDX-License-Identifier: Apache-2.0
/* failure.h: what becomes of what failed: whether and when it is tried again, and who hears of it when it goes on failing.
 * One policy for model calls, deliveries, tools, and whatever else does what may fail. */
#pragma once
#include "runtime/fiber.h"

struct failure_policy {
    unsigned tries;             /* in all, with the first */
    uint64_t backoff_ms;        /* at most this long after the first failure, twice as long after each further one */
    uint64_t backoff_max_ms;    /* 0: no limit */
    uint64_t asked_max_ms;      /* the other side asks for more than this: the caller had better wait; 0: no limit */
};

#define FAILURE_NOT_ASKED UINT64_MAX

/* Might the same go well in a while?  The network, time, and limits pass by themselves; nothing else does. */
bool     failure_may_pass(enum err);
/* How long to wait after so many failures (1, 2, ...): half to all of the backoff, so that those who failed together do not come
 * back together, and no less than what the other side asked for. */
uint64_t failure_pause(const struct failure_policy *, uint64_t failures, uint64_t asked_ms);
/* Waits for it.  OK: try again now; else there is no use, and it is `e` with its text, or what ended the wait. */
enum err failure_wait(const struct failure_policy *, unsigned failures, uint64_t asked_ms, enum err e) AWAITS MUST_USE;

/* What goes on failing is told by whoever gives up on it, under a key such as "tool web_search", and so is that it works.
 * Nobody may await in there.  The loop thread's; without an observer nobody is told. */
struct failure_observer {
    void (*failed)(void *arg, const char *key, const char *why);
    void (*worked)(void *arg, const char *key);
    void  *arg;
};
void failure_observe(const struct failure_observer *);      /* copied; NULL: nobody any more */
void failure_tell(const char *key, const char *why);
void failure_over(const char *key);
