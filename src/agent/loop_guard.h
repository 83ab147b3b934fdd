// SPDX-License-Identifier: Apache-2.0
/* loop_guard.h: does a turn go in circles?  Pure: it is told each call with its result.
 *
 * News is a call with a result that was not there before.  Without news in between, the same call with the same result `repeats`
 * times is a loop, and so is a ping-pong of a few calls, each so often; so are as many calls in a row of tools that do not exist.
 * The model is told first; when it goes on twice more, the turn is to be stopped. */
#pragma once
#include "domain/prompt.h"

enum { LOOP_REMEMBERED = 64 };

struct loop_guard {
    unsigned repeats;       /* 0: nothing is a loop */
    /* private */
    struct { uint64_t hash; unsigned n; } seen[LOOP_REMEMBERED];    /* n: since the latest news */
    size_t   n_seen, next;
    unsigned unknown;       /* calls in a row of tools that do not exist */
};

enum loop_verdict { LOOP_NONE, LOOP_TELL, LOOP_STOP };

enum loop_verdict loop_guard_add(struct loop_guard *, const struct tool_call *, str result);
enum loop_verdict loop_guard_add_unknown(struct loop_guard *, const struct tool_call *, str result);    /* there is no such tool */
