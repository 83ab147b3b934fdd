// SPDX-License-Identifier: Apache-2.0
/* budget_rules.h: what the configuration says about money and tokens (budgets.*), read and checked. */
#pragma once
#include "base/arena.h"
#include "config/config.h"
#include "model/period.h"
#include "model/price.h"

enum budget_scope { BUDGET_GLOBAL, BUDGET_USER, BUDGET_SESSION, BUDGET_AGENT, N_BUDGET_SCOPES };
const char *budget_scope_name(enum budget_scope);       /* "global", "user", "session", "agent" */

#define BUDGET_NO_LIMIT (-1)
struct budget_limit {
    enum budget_scope scope;
    enum period_kind  per;
    str               only;             /* whose; "": everybody's, each their own */
    int64_t           money, tokens;    /* BUDGET_NO_LIMIT, or how much */
};

enum unknown_price { UNKNOWN_REFUSE, UNKNOWN_WORST, UNKNOWN_FREE };

struct budget_rules {
    const struct budget_limit *limits;
    size_t              n_limits;
    const char         *currency;
    const struct json_t *rates;         /* {"CNY": 0.14}: worth of one in our currency */
    enum unknown_price  unknown_price;
    struct price        worst;
    int64_t             answer;         /* tokens of the longest answer where nobody has said */
};

/* At most this many hold for one call: of each scope and period one. */
enum { BUDGET_HOLDING_MAX = N_BUDGET_SCOPES * N_PERIODS };

/* Texts are the configuration's.  ERR_INPUT with the place: "budgets.limits[0].per: ...". */
enum err budget_rules_read(struct arena *, const struct config *, struct budget_rules *out) MUST_USE;
/* What a call of this model costs: its price, or what the rules say of a price that nobody knows. */
struct price budget_price(const struct budget_rules *, const struct model *);
/* Does it hold for them?  name: theirs in that scope.  One that names them takes the place of those for everybody. */
bool     budget_limit_holds(const struct budget_rules *, const struct budget_limit *, str name);
