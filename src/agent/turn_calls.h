// SPDX-License-Identifier: Apache-2.0
/* turn_calls.h: the calls of a turn's latest reply: allowed or asked for, journaled, run in waves.  For turn.c alone. */
#pragma once
#include "agent/permission.h"
#include "agent/turn.h"

enum call_state { CALL_NEW, CALL_STARTED, CALL_DONE };

struct turn_call {
    struct turn       *turn;
    struct tool_call   call;
    const struct tool *tool;        /* NULL: the model made it up */
    enum call_state    state;
    bool               start_stored;    /* in the journal */
    bool               unknown;
    struct tool_call   asked;       /* the call as questions about it know it */
    struct permission  permission;
    struct tool_result result;
};

/* Those of the reply take the place of the ones before. */
void     turn_new_calls(struct turn *, const struct reply *);
/* Runs every call that is not done.  The batch holds what must be durable before the first starts (the reply itself, when
 * it is new).  When one has to be asked for, the turn `waits`; else the results are in the transcript. */
enum err turn_run_calls(struct turn *, struct batch *) AWAITS MUST_USE;
/* The results go into the transcript, in the order in which the reply asked; there are no calls any more. */
void     turn_show_results(struct turn *);
