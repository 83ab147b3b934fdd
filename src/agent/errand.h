// SPDX-License-Identifier: Apache-2.0
/* errand.h: a task that a tool call gives to a model of its own: it knows nothing of the conversation, may use tools, and
 * its last words are the result.  It ends within the call that gave it.
 *
 * Nothing of it is journaled: that call is the unit.  After a crash in the middle the call's outcome is unknown, which
 * the journal of its turn says.  Its own calls are made for the same person in the same place.  Nobody can be asked
 * for an approval meanwhile: only what may run without one, or has one for the conversation, runs.  Each is in the audit. */
#pragma once
#include "agent/ask.h"
#include "agent/journal.h"

struct errand {
    struct arena  *arena;
    struct store  *store;
    struct asker   asker;
    str            system, task;
    const struct tool_context *context;     /* of the call that gives it */
    struct tool_host *host;                 /* lent to its own calls */
    const struct tool *const *tools;        /* it may use these; none: it only answers */
    size_t         n_tools;
    unsigned       max_rounds;
    void         (*on_call)(struct errand *, const struct tool_call *);     /* it is about to run one; may be NULL */
    void          *arg;                     /* the caller's */

    /* What comes out, also after an error: as far as it got. */
    str            text;
    str            taint;                   /* whose words it has read */
    unsigned       rounds, n_calls;
    struct usage   usage;                   /* of all rounds */
};

/* ERR_LIMIT: no answer after max_rounds; ERR_BUDGET: the tokens of asker.purse are used up; else what complete() says. */
enum err errand_run(struct errand *) AWAITS MUST_USE;
