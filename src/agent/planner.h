// SPDX-License-Identifier: Apache-2.0
/* planner.h: who chooses the steps of a turn in the place of a model, by rules of its own: the command engine (gateway/engine.h).  The turn
 * is journaled and asks for permission as any other does. */
#pragma once
#include "domain/prompt.h"
#include "domain/tool.h"

/* What was done so far, in order; after a crash, what the journal has of it. */
struct planned {
    const struct reply *first;          /* the first reply, as it was given; NULL: this is the first step */
    size_t              n_replies;
    const struct tool_result *results;  /* of all calls */
    size_t              n_results;
};

struct planner {
    /* The next step: calls (stop STOP_CALLS), or the answer (STOP_END).  What it needs to go on from here after a crash it keeps in the
     * first reply, as `kept`. */
    enum err (*next)(void *arg, struct arena *, const struct planned *, struct reply *out) /* AWAITS */;
    void      *arg;
};
