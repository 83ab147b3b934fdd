// SPDX-License-Identifier: Apache-2.0
/* ledger.h: how much of a period's money and tokens somebody has spent, and how much is reserved for calls under way.  The store
 * has it; here are sums of its rows, read when first needed and kept true as rows are added and changed.  So they may be forgotten
 * at any time, and a clock that jumps into another period and back finds there what was spent there. */
#pragma once
#include "base/list.h"
#include "base/map.h"
#include "model/budget_rules.h"
#include "model/route.h"
#include "runtime/fiber.h"
#include "store/store.h"

struct amount { int64_t money, tokens; };
void amount_add(struct amount *, struct amount);
void amount_take(struct amount *, struct amount);

struct tally {
    struct period period;
    struct amount spent, held;
    unsigned      warned;           /* percent that was told */
    /* private */
    struct list   by_use;
    str           key;
    bool          is_whole;         /* false while the store's sums are on their way */
};

struct ledger {
    struct store *store;
    const char   *currency;         /* rows in another do not count as money */
    /* private */
    struct map     by_key;
    struct list    by_use;          /* longest unused first */
    struct list    rows_held_back;
    bool           is_loading;
    unsigned       generation;
    struct waiters loaded;
};
void ledger_init(struct ledger *, struct store *, const char *currency);
void ledger_done(struct ledger *);
void ledger_forget(struct ledger *);

/* Whose tally it is in this scope: a person's id, a session's, an agent's name; "" for global, and for nobody. */
str  spend_name(const struct spend *, enum budget_scope);

/* The tally of the period that `now` is in.  *ret_awaited becomes true when others ran meanwhile: look up again what was looked
 * up before.  *out may be NULL then. */
enum err ledger_tally(struct ledger *, enum budget_scope, enum period_kind, str name, int64_t now, struct tally **out,
                     bool *ret_awaited) AWAITS MUST_USE;
/* Only what is there already; NULL: nothing. */
struct tally *ledger_peek(const struct ledger *, enum budget_scope, enum period_kind, str name, int64_t now);
/* A row of that time comes or changes; it is given to the store in the same breath.  Amounts may be negative. */
void     ledger_change(struct ledger *, const struct spend *, int64_t at, struct amount spent, struct amount held);
/* Statements about rows, which need not be durable at once: store_commit_later(), but not ahead of a sum on its way. */
void     ledger_write(struct ledger *, const struct batch *);
