// SPDX-License-Identifier: Apache-2.0
#include "runtime/failure.h"

#include <inttypes.h>

#include "base/random.h"

enum { SPREAD_MS = 100 };

static struct failure_observer observer;

bool failure_may_pass(enum err e)
{
    return e == ERR_NET || e == ERR_TIMEOUT || e == ERR_LIMIT;
}

uint64_t failure_pause(const struct failure_policy *p, uint64_t failures, uint64_t asked_ms)
{
    uint64_t most = p->backoff_max_ms ? p->backoff_max_ms : UINT64_MAX / 2, pause = p->backoff_ms;

    for (uint64_t i = 1; i < failures && pause && pause < most; i++)
        pause *= 2;
    pause = pause < most ? pause : most;
    pause = pause / 2 + random_below(pause / 2 + 1);
    if (asked_ms == FAILURE_NOT_ASKED || asked_ms < pause)
        return pause;
    return asked_ms < UINT64_MAX - SPREAD_MS ? asked_ms + random_below(SPREAD_MS) : asked_ms;
}

enum err failure_wait(const struct failure_policy *p, unsigned failures, uint64_t asked_ms, enum err e)
{
    uint64_t ms = failure_pause(p, failures, asked_ms);

    if (failures >= p->tries)
        return e;
    if (asked_ms != FAILURE_NOT_ASKED && p->asked_max_ms && ms > p->asked_max_ms)
        return failed_in(e, "try again in %" PRIu64 " s: ", ms / 1000);
    return ms < deadline_left() ? fiber_sleep(ms) : e;
}

void failure_observe(const struct failure_observer *o)
{
    observer = o ? *o : (struct failure_observer){ 0 };
}

void failure_tell(const char *key, const char *why)
{
    if (observer.failed)
        observer.failed(observer.arg, key, why);
}

void failure_over(const char *key)
{
    if (observer.worked)
        observer.worked(observer.arg, key);
}
