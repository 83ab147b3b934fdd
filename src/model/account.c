// SPDX-License-Identifier: Apache-2.0
#include "model/account.h"

#include <stdlib.h>

#include "base/mem.h"

enum { ACCOUNTS_MAX = 4096 };

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

void accounts_init(struct accounts *as, struct store *store, const char *currency)
{
    *as = (struct accounts){ .store = store, .currency = currency };
    list_init(&as->by_use);
    list_init(&as->rows_held_back);
}

static void drop(struct accounts *as, struct account *a)
{
    map_remove(&as->by_key, a->key);
    list_remove(&a->by_use);
    free((char *)a->key.p);
    free(a);
}

void accounts_forget(struct accounts *as)
{
    as->generation++;
    list_each(node, &as->by_use)
        drop(as, list_entry(node, struct account, by_use));
}

static void add_key(struct buf *b, enum budget_scope scope, enum period_kind per, str name)
{
    buf_addf(b, "%s %s %.*s", budget_scope_name(scope), period_name(per), STR(name));
}

static struct account *find(const struct accounts *as, enum budget_scope scope, enum period_kind per, str name)
{
    CLEANUP(buf_done) struct buf key = { 0 };

    if (as->by_key.n == 0)
        return NULL;
    add_key(&key, scope, per, name);
    return map_get(&as->by_key, buf_str(&key));
}

static bool is_in(const struct period *p, int64_t at)
{
    return at >= p->from && at < p->until;
}

struct account *account_peek(const struct accounts *as, enum budget_scope scope, enum period_kind per, str name, int64_t now)
{
    struct account *a = find(as, scope, per, name);

    return a && a->is_whole && is_in(&a->period, now) ? a : NULL;
}

void accounts_change(struct accounts *as, const struct spend *s, int64_t at, struct amount spent, struct amount held)
{
    for (unsigned scope = 0; scope < N_BUDGET_SCOPES; scope++)
        for (unsigned per = 0; per < N_PERIODS; per++) {
            struct account *a = find(as, (enum budget_scope)scope, (enum period_kind)per, spend_name(s, (enum budget_scope)scope));

            if (a == NULL || !is_in(&a->period, at))
                continue;
            amount_add(&a->spent, spent);
            amount_add(&a->held, held);
        }
}

/* ---- rows on their way to the store ---- */

/* The store puts what need not be durable at once before what is waited for: a row given while a sum is on its way would
 * be in the sum, and be added to it here once more. */
void accounts_write(struct accounts *as, const struct batch *b)
{
    if (!as->is_loading) {
        store_commit_later(as->store, b);
        return;
    }
    struct arena *arena = arena_new();
    struct row_held_back *r = ARENA_NEW(arena, struct row_held_back);

    *r = (struct row_held_back){ .arena = arena, .batch = batch_copy(arena, b) };
    list_init(&r->node);
    list_push_back(&as->rows_held_back, &r->node);
}

static void write_held_back(struct accounts *as)
{
    list_each(node, &as->rows_held_back) {
        struct row_held_back *r = list_entry(node, struct row_held_back, node);

        store_commit_later(as->store, r->batch);
        list_remove(&r->node);
        arena_free(r->arena);
    }
}

void accounts_done(struct accounts *as)
{
    write_held_back(as);
    accounts_forget(as);
    map_done(&as->by_key);
}

/* ---- reading ---- */

static struct account *account_new(struct accounts *as, enum budget_scope scope, enum period_kind per, str name, int64_t now)
{
    CLEANUP(buf_done) struct buf key = { 0 };
    struct account *a = NEW(struct account), *before = find(as, scope, per, name);

    if (before)
        drop(as, before);
    if (as->by_key.n >= ACCOUNTS_MAX)
        drop(as, list_entry(as->by_use.next, struct account, by_use));
    add_key(&key, scope, per, name);
    *a = (struct account){ .period = period_at(per, now), .key = str_of(str_dup_c(buf_str(&key)), key.len) };
    list_init(&a->by_use);
    list_push_back(&as->by_use, &a->by_use);
    map_put(&as->by_key, a->key, a);
    return a;
}

static void add_sum(struct batch *b, const struct accounts *as, enum budget_scope scope, str name, struct period p)
{
    switch (scope) {
    case BUDGET_USER:
        batch_add(b, "usage.sum_of_person", "iics", p.from, p.until, as->currency, name);
        break;
    case BUDGET_SESSION:
        batch_add(b, "usage.sum_of_session", "iics", p.from, p.until, as->currency, name);
        break;
    case BUDGET_AGENT:
        batch_add(b, "usage.sum_of_agent", "iics", p.from, p.until, as->currency, name);
        break;
    default:
        batch_add(b, "usage.sum", "iic", p.from, p.until, as->currency);
    }
}

/* By the writer, behind every row that was given before: none is missed.  What is given from now on is added here, by
 * accounts_change(), to an account that begins with nothing; the sum comes on top. */
static enum err load(struct accounts *as, enum budget_scope scope, enum period_kind per, str name, int64_t now) AWAITS
{
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    struct account *a = account_new(as, scope, per, name, now);
    struct batch *b = batch_new(arena);
    unsigned generation = as->generation;

    add_sum(b, as, scope, name, a->period);
    as->is_loading = true;
    enum err e = store_commit(as->store, b);

    as->is_loading = false;
    write_held_back(as);
    wake_all(&as->loaded);
    if (generation != as->generation)       /* forgotten meanwhile: whoever wants it reads it again */
        return e;
    a = find(as, scope, per, name);
    if (e) {
        drop(as, a);
        return e;
    }
    const struct rows *r = batch_rows(b, 0);

    amount_add(&a->spent, (struct amount){ row_int(r, 0, 0), row_int(r, 0, 1) });
    amount_add(&a->held, (struct amount){ row_int(r, 0, 2), row_int(r, 0, 3) });
    a->is_whole = true;
    return OK;
}

enum err account_get(struct accounts *as, enum budget_scope scope, enum period_kind per, str name, int64_t now, struct account **out,
                     bool *ret_awaited)
{
    while (as->is_loading) {
        *ret_awaited = true;
        TRY(wait_on(&as->loaded, "the sums of a budget"));
    }
    *out = account_peek(as, scope, per, name, now);
    if (*out == NULL) {
        *ret_awaited = true;
        return load(as, scope, per, name, now);
    }
    list_remove(&(*out)->by_use);
    list_push_back(&as->by_use, &(*out)->by_use);
    return OK;
}
