// SPDX-License-Identifier: Apache-2.0
#include "model/budget.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/metrics.h"
#include "base/random.h"
#include "model/budget_weigh.h"
#include "model/tokens.h"
#include "runtime/clock.h"

enum {
    WAIT_MAX_MS = 30000,        /* for calls under way that hold what this one needs */
    WARN_PERCENT = 80,
    TOKENS_MAX = 1000000000,    /* of one call */
};

struct budgets {
    struct ledger        ledger;
    struct arena          *arena;       /* of the rules */
    struct budget_rules    rules;
    struct budget_observer observer;
    struct waiters         settled;     /* woken when something is held no longer */
};

/* ---- from start to end ---- */

enum err budgets_check(void)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct budget_rules rules;

    return budget_rules_read(a, config_now(), &rules);
}

enum err budgets_configure(struct budgets *b)
{
    struct arena *a = arena_new();
    struct budget_rules rules;
    enum err e = budget_rules_read(a, config_now(), &rules);

    if (e) {
        arena_free(a);
        return e;
    }
    arena_free(b->arena);
    b->arena = a;
    b->rules = rules;
    b->ledger.currency = rules.currency;
    ledger_forget(&b->ledger);
    wake_all(&b->settled);          /* what waits may be allowed now */
    return OK;
}

enum err budgets_open(struct store *store, struct budgets **out)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct budgets *b = NEW(struct budgets);
    struct batch *batch = batch_new(a);

    ledger_init(&b->ledger, store, "");
    batch_add(batch, "usage.keep_reserved", "");
    enum err e = budgets_configure(b);

    if (e == OK)
        e = store_commit(store, batch);
    if (e) {
        budgets_free(b);
        return e;
    }
    *out = b;
    return OK;
}

void budgets_free(struct budgets *b)
{
    if (b == NULL)
        return;
    ledger_done(&b->ledger);
    arena_free(b->arena);
    free(b);
}

void budgets_observe(struct budgets *b, const struct budget_observer *o)
{
    b->observer = o ? *o : (struct budget_observer){ 0 };
}

const char *budgets_currency(const struct budgets *b)
{
    return b->rules.currency;
}

enum err budgets_expire(struct budgets *b)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    int64_t before = clock_wall_ms() - (int64_t)config_now()->budgets_retention;
    struct batch *batch = batch_new(a);

    batch_add(batch, "usage.expire", "i", before);
    batch_add(batch, "usage.expire_warnings", "i", before);
    return store_commit(b->ledger.store, batch);
}

/* ---- which limits hold, and how they stand ---- */

static bool is_limited(const struct budgets *b, const struct spend *s)
{
    for (size_t i = 0; i < b->rules.n_limits; i++)
        if (budget_limit_holds(&b->rules, &b->rules.limits[i], spend_name(s, b->rules.limits[i].scope)))
            return true;
    return false;
}

static enum err find_claims_now(struct budgets *b, const struct spend *s, struct claims *out, bool *ret_awaited) AWAITS
{
    int64_t now = clock_wall_ms();

    *out = (struct claims){ 0 };
    for (size_t i = 0; i < b->rules.n_limits && !*ret_awaited; i++) {
        const struct budget_limit *l = &b->rules.limits[i];
        struct claim *c = &out->one[out->n];

        c->limit = l;
        c->name = spend_name(s, l->scope);
        if (!budget_limit_holds(&b->rules, l, c->name))
            continue;
        out->n++;
        TRY(ledger_tally(&b->ledger, l->scope, l->per, c->name, now, &c->tally, ret_awaited));
    }
    return OK;
}

/* All of one moment: whatever had to be waited for, everything is looked up again. */
static enum err find_claims(struct budgets *b, const struct spend *s, struct claims *out) AWAITS
{
    bool awaited;

    do {
        awaited = false;
        TRY(find_claims_now(b, s, out, &awaited));
    } while (awaited);
    return OK;
}

enum err budgets_states(struct budgets *b, struct arena *a, const struct spend *s, struct budget_state **out, size_t *ret_n)
{
    struct claims claims;

    TRY(find_claims(b, s, &claims));
    *out = arena_alloc(a, (claims.n + 1) * sizeof **out);
    for (size_t i = 0; i < claims.n; i++)
        (*out)[i] = claim_state(&claims.one[i]);
    *ret_n = claims.n;
    return OK;
}

/* ---- warnings and metrics ---- */

static void warn(struct budgets *b, const struct claim *c, unsigned percent)
{
    struct budget_state s = claim_state(c);
    unsigned level = percent >= 100 ? 100 : percent >= WARN_PERCENT ? WARN_PERCENT : 0;

    if (level <= c->tally->warned)
        return;
    c->tally->warned = level;
    if (b->observer.reached)
        b->observer.reached(b->observer.arg, &s, level);
}

static void show_part(enum period_kind per, const char *kind, int64_t spent, int64_t limit)
{
    if (limit > 0)
        metric_set_for(METRIC_FAMILY_budget_used, period_name(per), kind, (int64_t)((double)spent / (double)limit * 1000000));
}

static void show_used(const struct claim *c)
{
    if (c->limit->scope != BUDGET_GLOBAL)
        return;
    show_part(c->limit->per, "money", c->tally->spent.money, c->limit->money);
    show_part(c->limit->per, "tokens", c->tally->spent.tokens, c->limit->tokens);
}

enum err budgets_show(struct budgets *b)
{
    struct spend nobody = { .person = S(""), .session_id = S(""), .agent = S("") };
    struct claims claims;

    TRY(find_claims(b, &nobody, &claims));
    for (size_t i = 0; i < claims.n; i++)
        show_used(&claims.one[i]);
    return OK;
}

static void warn_all(struct budgets *b, const struct spend *s)
{
    int64_t now = clock_wall_ms();

    for (size_t i = 0; i < b->rules.n_limits; i++) {
        const struct budget_limit *l = &b->rules.limits[i];
        struct claim c = { .limit = l, .name = spend_name(s, l->scope) };

        c.tally = ledger_peek(&b->ledger, l->scope, l->per, c.name, now);
        if (c.tally == NULL || !budget_limit_holds(&b->rules, l, c.name))
            continue;
        struct budget_state state = claim_state(&c);

        warn(b, &c, budget_percent(&state));
    }
}

/* ---- refusing ---- */

static enum err refuse(const struct budget_denial *d, struct budget_denial *out)
{
    metric_add(METRIC_budget_denied, 1);
    if (out)
        *out = *d;
    return budget_denied(d);
}

static enum err refuse_spent(struct budgets *b, const struct claim *c, const struct need *n, const struct model *m,
                             struct budget_denial *out)
{
    struct budget_denial d = claim_denial(c, n, m, b->rules.currency);

    warn(b, c, 100);
    return refuse(&d, out);
}

/* Where money is limited. */
static enum err check_price(struct budgets *b, const struct claims *claims, const struct need *n, const struct model *m,
                            struct budget_denial *out)
{
    if (n->price.is_known || b->rules.unknown_price == UNKNOWN_FREE)
        return OK;
    for (size_t i = 0; i < claims->n; i++)
        if (claims->one[i].limit->money != BUDGET_NO_LIMIT)
            return refuse(&(struct budget_denial){ BUDGET_PRICE_UNKNOWN, claim_state(&claims->one[i]), .model = m->label,
                                                   .currency = b->rules.currency }, out);
    return OK;
}

/* ---- reserving ---- */

static enum err wait_for_settling(struct budgets *b, uint64_t ms) AWAITS
{
    CLEANUP(deadline_clear) struct deadline d;

    deadline_set(&d, ms);
    enum err e = wait_on(&b->settled, "a budget that calls under way hold");

    deadline_clear(&d);
    return e == ERR_TIMEOUT ? fiber_check() : e;
}

/* OK: *need's answer is what may be had at this moment. */
static enum err find_room(struct budgets *b, const struct model *m, const struct spend *s, struct need *need,
                          struct budget_denial *denial) AWAITS
{
    uint64_t until = clock_ms() + WAIT_MAX_MS;
    struct claims claims;

    for (;;) {
        TRY(find_claims(b, s, &claims));
        need->price = budget_price(&b->rules, m);
        TRY(check_price(b, &claims, need, m, denial));
        struct verdict v = claims_weigh(&claims, need);

        if (v.room >= need_least(need)) {
            need->answer = need_answer_in(need, v.room);
            return OK;
        }
        if (v.room_later < need_least(need) || clock_ms() >= until)
            return refuse_spent(b, v.tightest, need, m, denial);
        TRY(wait_for_settling(b, until - clock_ms()));
    }
}

static int64_t cost_or_unknown(const struct price *p, const struct usage *u)
{
    return p->is_known ? price_cost(p, u) : -1;
}

static enum err store_reservation(struct budget_hold *h, const struct need *n) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct budgets *b = h->budgets;
    const struct spend *s = h->spend;
    struct batch *batch = batch_new(a);

    batch_add(batch, "usage.reserve", "iissscciiiic", h->at, h->call, s->person, s->session_id, s->agent, h->model->label, s->purpose,
              s->inbox_id, n->input, n->answer, h->price.is_known ? h->reserved.money : INT64_C(-1), b->rules.currency);
    return store_commit(b->ledger.store, batch);
}

/* Nothing is awaited between finding room and taking it. */
static enum err take(struct budget_hold *h, const struct need *n) AWAITS
{
    struct ledger *l = &h->budgets->ledger;
    struct usage longest = { .output = n->answer };
    int64_t most = money_add(n->input_cost, price_cost(&n->price, &longest));

    h->price = n->price;
    h->at = clock_wall_ms();
    h->reserved = (struct amount){ n->price.is_known ? most : 0, n->input + n->answer };
    ledger_change(l, h->spend, h->at, (struct amount){ 0 }, h->reserved);
    enum err e = store_reservation(h, n);

    h->is_stored = e == OK;
    if (e)
        ledger_forget(l);        /* they counted what is not there */
    return e;
}

enum err budget_reserve(struct budgets *b, const struct model *m, const struct spend *s, struct prompt *p, struct budget_denial *denial,
                        struct budget_hold *out)
{
    *out = (struct budget_hold){ .budgets = b, .model = m, .spend = s, .prompt = p };
    if (b == NULL)
        return OK;
    out->price = budget_price(&b->rules, m);
    out->at = clock_wall_ms();
    out->call = (int64_t)(random_below(INT64_MAX) + 1);
    if (!is_limited(b, s))
        return OK;
    struct need need = need_of(&b->rules, m, p);
    int64_t wanted = need.answer;

    TRY(find_room(b, m, s, &need, denial));
    if (need.answer < wanted)
        p->max_tokens = need.answer;
    return take(out, &need);
}

/* ---- settling ---- */

/* What a server says may be nonsense; sums must stay sums. */
static int64_t sane(int64_t tokens)
{
    return tokens < 0 ? 0 : tokens > TOKENS_MAX ? TOKENS_MAX : tokens;
}

static struct usage sane_usage(const struct usage *u)
{
    return (struct usage){ sane(u->input), sane(u->output), sane(u->cached), sane(u->written), sane(u->reasoning) };
}

/* *ret_estimated: not all of it is as the provider counted. */
static struct usage taken(const struct budget_hold *h, const struct reply *reply, const struct usage *broken, bool *ret_estimated)
{
    struct usage u = reply ? sane_usage(&reply->usage) : (struct usage){ 0 };

    *ret_estimated = h->price.is_assumed || broken->input || broken->output;
    if (reply && u.input == 0 && u.output == 0) {
        *ret_estimated = true;
        u = (struct usage){ .input = (int64_t)tokens_in_prompt(h->prompt), .output = (int64_t)tokens_in_reply(reply) };
    }
    u.input += broken->input;
    u.output += broken->output;
    return u;
}

static void write_settled(const struct budget_hold *h, const struct usage *u, int64_t cost, bool estimated)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    const struct spend *s = h->spend;
    struct batch *b = batch_new(a);
    bool is_nothing = u->input == 0 && u->output == 0;

    if (h->is_stored && is_nothing)
        batch_add(b, "usage.release", "ii", h->at, h->call);
    else if (h->is_stored)
        batch_add(b, "usage.settle", "iiiiiiiii", h->at, h->call, u->input, u->output, u->cached, u->written, u->reasoning, cost,
                  (int64_t)estimated);
    else if (!is_nothing)
        batch_add(b, "usage.add", "iissscciiiiiiici", h->at, h->call, s->person, s->session_id, s->agent, h->model->label, s->purpose,
                  s->inbox_id, u->input, u->output, u->cached, u->written, u->reasoning, cost, h->budgets->rules.currency,
                  (int64_t)estimated);
    if (batch_size(b))
        ledger_write(&h->budgets->ledger, b);
}

void budget_settle(struct budget_hold *h, const struct reply *reply, const struct usage *broken)
{
    struct budgets *b = h->budgets;
    bool estimated;

    if (b == NULL)
        return;
    struct usage u = taken(h, reply, broken, &estimated);
    int64_t cost = cost_or_unknown(&h->price, &u);

    ledger_change(&b->ledger, h->spend, h->at, (struct amount){ cost < 0 ? 0 : cost, u.input + u.output },
                    (struct amount){ -h->reserved.money, -h->reserved.tokens });
    write_settled(h, &u, cost, estimated);
    if (cost > 0)
        metric_add_for(METRIC_FAMILY_model_cost, h->model->label, b->rules.currency, cost);
    warn_all(b, h->spend);
    wake_all(&b->settled);
    h->budgets = NULL;
}
