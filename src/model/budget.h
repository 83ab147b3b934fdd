// SPDX-License-Identifier: Apache-2.0
/* budget.h: what calls of models may cost, and what they did.
 *
 * Before a call the most that it may take is reserved, and after it what it took is settled, so that calls side by side cannot
 * overspend together.  Where a limit holds (budgets.limits) the reservation is durable before the call; what a process that died
 * had reserved counts as spent in full, for nobody can say what became of it.  Where none does, nothing is awaited, and the row
 * of the call rides along with the next commit.
 *
 * A period's budget is spent once, whatever the clock does: a row belongs to the period it began in by the clock of that moment, and
 * a period that the clock comes back to is as it was left.
 *
 * When less is left than the longest answer would take, the answer is given half of what is left (prompt.max_tokens), so that others
 * can go on beside it; when too little is left because of calls under way, it waits for them for a while. */
#pragma once
#include "model/ledger.h"

/* How one limit stands for somebody. */
struct budget_state {
    enum budget_scope scope;
    enum period_kind  per;
    str           name;             /* a person's, a session's id, an agent's name; "" */
    struct amount limit;            /* BUDGET_NO_LIMIT where there is none */
    struct amount spent, held;      /* held: reserved by calls under way */
    struct period period;
};
/* Of the limit, the fuller of the two; what is reserved does not count. */
unsigned budget_percent(const struct budget_state *);

enum budget_refusal { BUDGET_ALLOWED, BUDGET_SPENT, BUDGET_PRICE_UNKNOWN };

/* Why a call was refused; for whoever tells the person.  The names are those of struct spend. */
struct budget_denial {
    enum budget_refusal why;
    struct budget_state state;      /* of the limit that refuses */
    bool          lacks_money;      /* else tokens */
    int64_t       wanted;           /* what the call takes at the least */
    const char   *model;            /* its label */
    const char   *currency;
};

/* A warning: a limit is used up to 80 or 100 percent; told again after a restart, so whoever listens remembers. */
struct budget_observer { void (*reached)(void *arg, const struct budget_state *, unsigned percent); void *arg; };

struct budgets;
/* What an earlier process had reserved becomes spent.  ERR_INPUT: budgets.* is written wrong. */
enum err budgets_open(struct store *, struct budgets **out) AWAITS MUST_USE;
void     budgets_free(struct budgets *);            /* accepts NULL */
/* Could one be opened with the configuration as it is?  ERR_INPUT: it is written wrong. */
enum err budgets_check(void) MUST_USE;
/* The configuration changed.  ERR_INPUT: it is written wrong, and what held before holds. */
enum err budgets_configure(struct budgets *) MUST_USE;
void     budgets_observe(struct budgets *, const struct budget_observer *);     /* copied; NULL: nobody any more */
const char *budgets_currency(const struct budgets *);
/* Every limit that holds for them, in the arena. */
enum err budgets_states(struct budgets *, struct arena *, const struct spend *, struct budget_state **out, size_t *ret_n) AWAITS MUST_USE;
/* Sets clawdbot_budget_used_ratio to what it is now. */
enum err budgets_show(struct budgets *) AWAITS MUST_USE;
/* Rows older than budgets.retention go.  They go whole: no budget looks back further than a month, and sums by day would need every
 * column of the rows to answer what these answer. */
enum err budgets_expire(struct budgets *) AWAITS MUST_USE;

/* One call, from before it to after it.  Private; it points to what the caller gave. */
struct budget_hold {
    struct budgets      *budgets;
    const struct model  *model;
    const struct spend  *spend;
    const struct prompt *prompt;
    struct price         price;
    struct amount        reserved;
    int64_t              at, call;
    bool                 is_stored;
};

/* prompt->max_tokens becomes less where less is left.  budgets NULL: nothing is counted.
 * ERR_BUDGET: *denial says why too (may be NULL); ERR_IO: the reservation cannot be stored. */
enum err budget_reserve(struct budgets *, const struct model *, const struct spend *, struct prompt *, struct budget_denial *denial,
                        struct budget_hold *out) AWAITS MUST_USE;
/* After each budget_reserve() that was OK, once.  reply NULL: the call failed.  broken: what tries that broke off took, by estimate.
 * Does not wait. */
void     budget_settle(struct budget_hold *, const struct reply *, const struct usage *broken);
