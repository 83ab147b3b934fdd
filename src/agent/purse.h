// SPDX-License-Identifier: Apache-2.0
/* purse.h: tokens that a task may take, its own calls of models and those of the tasks it gives on together.  Unlike a budget
 * (model/budget.h) it is nobody's for a day or a month: it ends with the task. */
#pragma once
#include "domain/prompt.h"

struct purse {
    int64_t       tokens;           /* in and out together; 0: as many as the outer ones have */
    int64_t       spent, held;      /* held: for calls under way */
    struct purse *outer;            /* of the task that gave this one; NULL: none */
};

/* Puts aside what the call may take; where little is left the answer is made shorter (p->max_tokens).  purse NULL: nothing is
 * counted.  ERR_BUDGET: too little is left. */
enum err purse_open(struct purse *, struct prompt *p, int64_t *ret_held) MUST_USE;
/* What it did take, of a failed call too; reply NULL: nothing that anybody knows of. */
void     purse_close(struct purse *, int64_t held, const struct prompt *, const struct reply *);
