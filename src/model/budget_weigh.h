// SPDX-License-Identifier: Apache-2.0
/* budget_weigh.h: what a call takes, weighed against what the limits that hold for it leave.  Pure; private to budget.c. */
#pragma once
#include "model/budget.h"

/* One limit that holds for a call, and how it stands. */
struct claim { const struct budget_limit *limit; str name; struct tally *tally; };
struct claims { struct claim one[BUDGET_HOLDING_MAX]; size_t n; };

/* What a call takes: its input for sure, its answer up to a length. */
struct need { struct price price; int64_t input, input_cost, answer; };
struct need need_of(const struct budget_rules *, const struct model *, const struct prompt *);
int64_t     need_least(const struct need *);        /* tokens of the shortest answer that is worth its question */

struct budget_state claim_state(const struct claim *);

/* How long an answer may be, in tokens; below 0: not even the question has room. */
struct verdict {
    const struct claim *tightest;
    int64_t room, room_later;       /* beside the calls under way; when they were over and had taken nothing */
};
struct verdict claims_weigh(const struct claims *, const struct need *);
/* Half of what is left is for the others, unless all that could be wanted is little.  room: need_least() at least. */
int64_t     need_answer_in(const struct need *, int64_t room);

/* Why the claim refuses the call. */
struct budget_denial claim_denial(const struct claim *, const struct need *, const struct model *, const char *currency);
/* ERR_BUDGET with a text for the owner and the log. */
enum err    budget_denied(const struct budget_denial *) MUST_USE;
