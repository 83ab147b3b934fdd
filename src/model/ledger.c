// SPDX-License-Identifier: Apache-2.0
#include "model/ledger.h"

#include <stdlib.h>

#include "base/mem.h"

enum { TALLIES_MAX = 4096 };

struct row_held_back { struct list node; struct arena *arena; struct batch *batch; };

void amount_add(struct amount *to, struct amount a)
{
    to->money = money_add(to->money, a.money);
    to->tokens += a.tokens;
}

void amount_take(struct amount *from, struct amount a)
{
    amount_add(from, (struct amount){ -a.money, -a.tokens });
}

str spend_name(const struct spend *s, enum budget_scope scope)
{
    switch (scope) {
    case BUDGET_USER:
        return s->person;
    case BUDGET_SESSION:
        return s->session_id;
    case BUDGET_AGENT:
        return s->agent;
    default:
        return S("");
    }
}

/* ---- what is kept ---- */

void ledger_init(struct ledger *l, struct store *store, const char *currency)
{
    *l = (struct ledger){ .store = store, .currency = currency };
    list_init(&l->by_use);
    list_init(&l->rows_held_back);
}

static void drop(struct ledger *l, struct tally *a)
{
    map_remove(&l->by_key, a->key);
    list_remove(&a->by_use);
    free((char *)a->key.p);
    free(a);
}

void ledger_forget(struct ledger *l)
{
    l->generation++;
    list_each(node, &l->by_use)
        drop(l, list_entry(node, struct tally, by_use));
}

static void add_key(struct buf *b, enum budget_scope scope, enum period_kind per, str name)
{
    buf_addf(b, "%s %s %.*s", budget_scope_name(scope), period_name(per), STR(name));
}

static struct tally *find(const struct ledger *l, enum budget_scope scope, enum period_kind per, str name)
{
    CLEANUP(buf_done) struct buf key = { 0 };

    if (l->by_key.n == 0)
        return NULL;
    add_key(&key, scope, per, name);
    return map_get(&l->by_key, buf_str(&key));
}

static bool is_in(const struct period *p, int64_t at)
{
    return at >= p->from && at < p->until;
}

struct tally *ledger_peek(const struct ledger *l, enum budget_scope scope, enum period_kind per, str name, int64_t now)
{
    struct tally *a = find(l, scope, per, name);

    return a && a->is_whole && is_in(&a->period, now) ? a : NULL;
}

void ledger_change(struct ledger *l, const struct spend *s, int64_t at, struct amount spent, struct amount held)
{
    for (unsigned scope = 0; scope < N_BUDGET_SCOPES; scope++)
        for (unsigned per = 0; per < N_PERIODS; per++) {
            struct tally *a = find(l, (enum budget_scope)scope, (enum period_kind)per, spend_name(s, (enum budget_scope)scope));

            if (a == NULL || !is_in(&a->period, at))
                continue;
            amount_add(&a->spent, spent);
            amount_add(&a->held, held);
        }
}

/* ---- rows on their way to the store ---- */

/* The store puts what need not be durable at once before what is waited for: a row given while a sum is on its way would
 * be in the sum, and be added to it here once more. */
void ledger_write(struct ledger *l, const struct batch *b)
{
    if (!l->is_loading) {
        store_commit_later(l->store, b);
        return;
    }
    struct arena *arena = arena_new();
    struct row_held_back *r = ARENA_NEW(arena, struct row_held_back);

    *r = (struct row_held_back){ .arena = arena, .batch = batch_copy(arena, b) };
    list_init(&r->node);
    list_push_back(&l->rows_held_back, &r->node);
}

static void write_held_back(struct ledger *l)
{
    list_each(node, &l->rows_held_back) {
        struct row_held_back *r = list_entry(node, struct row_held_back, node);

        store_commit_later(l->store, r->batch);
        list_remove(&r->node);
        arena_free(r->arena);
    }
}

void ledger_done(struct ledger *l)
{
    write_held_back(l);
    ledger_forget(l);
    map_done(&l->by_key);
}

/* ---- reading ---- */

static struct tally *tally_new(struct ledger *l, enum budget_scope scope, enum period_kind per, str name, int64_t now)
{
    CLEANUP(buf_done) struct buf key = { 0 };
    struct tally *a = NEW(struct tally), *before = find(l, scope, per, name);

    if (before)
        drop(l, before);
    if (l->by_key.n >= TALLIES_MAX)
        drop(l, list_entry(l->by_use.next, struct tally, by_use));
    add_key(&key, scope, per, name);
    *a = (struct tally){ .period = period_at(per, now), .key = str_of(str_dup_c(buf_str(&key)), key.len) };
    list_init(&a->by_use);
    list_push_back(&l->by_use, &a->by_use);
    map_put(&l->by_key, a->key, a);
    return a;
}

static void add_sum(struct batch *b, const struct ledger *l, enum budget_scope scope, str name, struct period p)
{
    switch (scope) {
    case BUDGET_USER:
        batch_add(b, "usage.sum_of_person", "iics", p.from, p.until, l->currency, name);
        break;
    case BUDGET_SESSION:
        batch_add(b, "usage.sum_of_session", "iics", p.from, p.until, l->currency, name);
        break;
    case BUDGET_AGENT:
        batch_add(b, "usage.sum_of_agent", "iics", p.from, p.until, l->currency, name);
        break;
    default:
        batch_add(b, "usage.sum", "iic", p.from, p.until, l->currency);
    }
}

/* By the writer, behind every row that was given before: none is missed.  What is given from now on is added here, by
 * ledger_change(), to a tally that begins with nothing; the sum comes on top. */
static enum err load(struct ledger *l, enum budget_scope scope, enum period_kind per, str name, int64_t now) AWAITS
{
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    struct tally *a = tally_new(l, scope, per, name, now);
    struct batch *b = batch_new(arena);
    unsigned generation = l->generation;

    add_sum(b, l, scope, name, a->period);
    l->is_loading = true;
    enum err e = store_commit(l->store, b);

    l->is_loading = false;
    write_held_back(l);
    wake_all(&l->loaded);
    if (generation != l->generation)       /* forgotten meanwhile: whoever wants it reads it again */
        return e;
    a = find(l, scope, per, name);
    if (e) {
        drop(l, a);
        return e;
    }
    const struct rows *r = batch_rows(b, 0);

    amount_add(&a->spent, (struct amount){ row_int(r, 0, 0), row_int(r, 0, 1) });
    amount_add(&a->held, (struct amount){ row_int(r, 0, 2), row_int(r, 0, 3) });
    a->is_whole = true;
    return OK;
}

enum err ledger_tally(struct ledger *l, enum budget_scope scope, enum period_kind per, str name, int64_t now, struct tally **out,
                     bool *ret_awaited)
{
    while (l->is_loading) {
        *ret_awaited = true;
        TRY(wait_on(&l->loaded, "the sums of a budget"));
    }
    *out = ledger_peek(l, scope, per, name, now);
    if (*out == NULL) {
        *ret_awaited = true;
        return load(l, scope, per, name, now);
    }
    list_remove(&(*out)->by_use);
    list_push_back(&l->by_use, &(*out)->by_use);
    return OK;
}
