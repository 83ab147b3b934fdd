// SPDX-License-Identifier: Apache-2.0
/* route.h: one completion by whichever model of a list can give it.
 *
 * The next model is asked when one has failed for good (complete.h has tried again already) and nothing of its answer was
 * shown.  Not when the caller's time is over or it was cancelled; not for ERR_TOO_LONG either: the caller shortens the prompt.
 * While another one is left to ask, a model is tried twice at most: going on is quicker than waiting.  A model whose circuit
 * is open (breaker.h) is passed over; when all are, ERR_NET says so. */
#pragma once
#include "model/complete.h"

struct budgets;             /* budget.h */
struct budget_denial;

/* Who spends, and for what: for budgets and bills. */
struct spend {
    str         person, session_id, agent;
    const char *purpose;            /* "turn", "agent", "summary", "compaction", "api" */
    int64_t     inbox_id;           /* 0: none */
};

struct route_options {
    struct completion_options completion;
    /* Makes the prompt, a copy for this model, fit what the model can; NULL: it fits all. */
    void (*fit)(struct arena *, const struct model *, struct prompt *);
    struct budgets *budgets;        /* NULL: nothing is counted */
    struct spend    spend;
    struct budget_denial *denial;   /* with ERR_BUDGET: why, for people; may be NULL */
};

struct route_result {
    struct model *model;            /* that answered, or failed last */
    str           passed_over;      /* which models did not answer, and why: "a/b: HTTP 503: ..."; "" */
};

/* prompt->model is set to each model's name.  Errors as complete()'s, of the last model that was asked. */
enum err route_complete(const struct model_route *, struct arena *, const struct prompt *, const struct route_options *,
                        struct reply *out, struct route_result *ret) AWAITS MUST_USE;
