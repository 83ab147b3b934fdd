// SPDX-License-Identifier: Apache-2.0
/* loop.h: the one event loop.  Only src/runtime/ includes <uv.h>. */
#pragma once
#include "base/err.h"
#include "base/str.h"

struct loop_options {
    unsigned workers;           /* threads for fiber_offload; 0: 4 */
    uint64_t slice_warn_ms;     /* the watchdog logs a fiber that ran longer without an await; 0: 50 */
};

/* Runs fn as the first fiber, and everything it starts, until fn has returned and no fiber is left.  Returns
 * what fn returned.  May be called again (tests do), not nested. */
enum err loop_run(const struct loop_options *, enum err (*fn)(void *), void *arg);

/* From any thread: fn(arg) runs on the loop thread, soon, on no fiber's stack: it may wake fibers, not await.  Ignored when no
 * loop runs. */
void loop_post(void (*fn)(void *), void *arg);

/* From now until the loop ends these do nothing but wait for signal_wait().  Before a program says that it is ready: who
 * reads that may send one at once.  signals: zero-terminated list of numbers. */
enum err signal_catch(const int *signals) MUST_USE;
/* The next of these signals that arrives, or arrived since the last call; catches them first. */
enum err signal_wait(const int *signals, int *ret_signal) AWAITS MUST_USE;
