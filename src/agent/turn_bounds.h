// SPDX-License-Identifier: Apache-2.0
/* turn_bounds.h: where a turn ends though its model would go on, and what it says then.  For turn.c. */
#pragma once
#include "agent/turn.h"

enum bound { BOUND_NONE, BOUND_ROUNDS, BOUND_CALLS, BOUND_TOKENS, BOUND_TIME, BOUND_LOOP };

const char *bound_name(enum bound);
enum bound turn_bound(const struct turn *);         /* that is reached */
/* What the model is told when it is asked for the last time. */
str        turn_last_call(const struct turn *, enum bound);
/* The answer with the reason behind it, in the person's language; without an answer, with what was done. */
str        turn_end_text(const struct turn *, enum bound, str answer);
/* "exec 3, read_file": the tools this turn has used; "": none. */
str        turn_done_so_far(const struct turn *);
