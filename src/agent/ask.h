// SPDX-License-Identifier: Apache-2.0
/* ask.h: one model call: its transcript made valid (transcript_valid.h) for each model that is asked, with the limits of the
 * configuration, counted in the metrics and paid by somebody. */
#pragma once
#include "model/route.h"

/* What to ask, and who pays. */
struct asker {
    const struct model_route *route;
    struct budgets *budgets;        /* NULL: nothing is counted */
    struct spend    spend;
    struct budget_denial *denial;   /* route.h; may be NULL */
    void (*on_reasoning)(void *arg, str text);      /* thoughts as they come, with on_delta's arg; may be NULL */
    struct purse   *purse;          /* purse.h: of the task it is for; NULL: none */
    struct model  **ret_model;      /* gets the one that answered, or failed last; may be NULL */
};

/* Temperature and length come from the configuration where the prompt sets none (temperature negative, max_tokens 0).
 * on_delta may be NULL. */
enum err ask_model(const struct asker *, struct arena *, struct prompt *, void (*on_delta)(void *arg, str text), void *arg,
                   struct reply *out) AWAITS MUST_USE;
/* May the prompt have tools, or images?  Of the first model of the route. */
bool     asker_can(const struct asker *, enum provider_caps);
