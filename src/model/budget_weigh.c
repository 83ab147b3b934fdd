// SPDX-License-Identifier: Apache-2.0
#include "model/budget_weigh.h"

#include <stdio.h>

#include "model/tokens.h"

enum { LEAST_ANSWER = 1024 };

struct budget_state claim_state(const struct claim *c)
{
    return (struct budget_state){
        .scope = c->limit->scope, .per = c->limit->per, .name = c->name, .limit = { c->limit->money, c->limit->tokens },
        .spent = c->tally->spent, .held = c->tally->held, .period = c->tally->period,
    };
}

static unsigned percent_of(int64_t spent, int64_t limit)
{
    if (limit == BUDGET_NO_LIMIT || spent <= 0)
        return 0;
    return spent >= limit ? 100 : (unsigned)((double)spent / (double)limit * 100);
}

unsigned budget_percent(const struct budget_state *s)
{
    unsigned money = percent_of(s->spent.money, s->limit.money), tokens = percent_of(s->spent.tokens, s->limit.tokens);

    return money > tokens ? money : tokens;
}

struct need need_of(const struct budget_rules *r, const struct model *m, const struct prompt *p)
{
    struct need n = { .price = budget_price(r, m), .input = (int64_t)tokens_in_prompt(p) };
    struct usage dearest = { .input = n.input, .written = n.price.written > n.price.input ? n.input : 0 };

    n.input_cost = price_cost(&n.price, &dearest);
    n.answer = p->max_tokens ? p->max_tokens : m->facts.max_output ? m->facts.max_output : r->answer;
    return n;
}

/* After `held` is put aside. */
static int64_t answer_within_money(const struct claim *c, const struct need *n, struct amount held)
{
    int64_t left = c->limit->money - c->tally->spent.money - held.money - n->input_cost, scaled;

    if (left < 0)
        return -1;
    if (n->price.output == 0 || __builtin_mul_overflow(left, (int64_t)MONEY_UNIT, &scaled))
        return INT64_MAX;
    return scaled / n->price.output;
}

static int64_t answer_within(const struct claim *c, const struct need *n, struct amount held)
{
    int64_t tokens = INT64_MAX, money = INT64_MAX;

    if (c->limit->tokens != BUDGET_NO_LIMIT)
        tokens = c->limit->tokens - c->tally->spent.tokens - held.tokens - n->input;
    if (c->limit->money != BUDGET_NO_LIMIT && n->price.is_known)
        money = answer_within_money(c, n, held);
    return tokens < money ? tokens : money;
}

int64_t need_least(const struct need *n)
{
    return n->answer < LEAST_ANSWER ? n->answer : LEAST_ANSWER;
}

int64_t need_answer_in(const struct need *n, int64_t room)
{
    int64_t least = need_least(n);

    if (n->answer <= least || n->answer <= room / 2)
        return n->answer;
    return room / 2 > least ? room / 2 : least;
}

struct verdict claims_weigh(const struct claims *claims, const struct need *n)
{
    struct verdict v = { .room = INT64_MAX, .room_later = INT64_MAX };

    for (size_t i = 0; i < claims->n; i++) {
        const struct claim *c = &claims->one[i];
        int64_t room = answer_within(c, n, c->tally->held), later = answer_within(c, n, (struct amount){ 0 });

        if (room < v.room) {
            v.room = room;
            v.tightest = c;
        }
        v.room_later = later < v.room_later ? later : v.room_later;
    }
    return v;
}

/* ---- refusing ---- */

static const char *whose(char out[128], const struct budget_state *s)
{
    if (s->scope == BUDGET_GLOBAL)
        return "everybody together";
    if (s->scope == BUDGET_SESSION)
        return "this conversation";
    snprintf(out, 128, "%s %.*s", budget_scope_name(s->scope), STR(str_take(s->name, 100)));
    return out;
}

/* This text may come before others than the owner, in what a tool or an agent says: of what others spend too it has no figures. */
static enum err say_shared(const struct budget_denial *d)
{
    char who[128], until[PERIOD_TEXT_SIZE];
    const struct budget_state *s = &d->state;

    return failed(ERR_BUDGET, "what is left of the %s's %s for %s is too little for a call of %s; it begins anew at %s (budgets.limits; "
                              "`clawdbot usage` has the figures)", period_name(s->per), d->lacks_money ? "money" : "tokens", whose(who, s),
                  d->model, period_text(until, s->period.until));
}

static enum err say_own(const struct budget_denial *d)
{
    char who[128], until[PERIOD_TEXT_SIZE], spent[MONEY_TEXT_SIZE], limit[MONEY_TEXT_SIZE], wanted[MONEY_TEXT_SIZE], held[MONEY_TEXT_SIZE];
    const struct budget_state *s = &d->state;
    const char *name = whose(who, s);

    period_text(until, s->period.until);
    if (d->lacks_money)
        return failed(ERR_BUDGET, "too little is left of the %s's money for %s: %s of %s %s are spent and %s reserved, and a call of %s "
                                  "takes %s at the least; it begins anew at %s (budgets.limits)", period_name(s->per), name,
                      money_text(spent, s->spent.money), money_text(limit, s->limit.money), d->currency,
                      money_text(held, s->held.money), d->model, money_text(wanted, d->wanted), until);
    return failed(ERR_BUDGET, "too little is left of the %s's tokens for %s: %lld of %lld are spent and %lld reserved, and a call of %s "
                              "takes %lld at the least; it begins anew at %s (budgets.limits)", period_name(s->per), name,
                  (long long)s->spent.tokens, (long long)s->limit.tokens, (long long)s->held.tokens, d->model,
                  (long long)d->wanted, until);
}

enum err budget_denied(const struct budget_denial *d)
{
    char who[128];

    if (d->why == BUDGET_SPENT)
        return d->state.scope == BUDGET_USER ? say_own(d) : say_shared(d);
    return failed(ERR_BUDGET, "nobody knows the price of %s in %s, and money is limited for %s: set its price, or budgets.unknown_price",
                  d->model, d->currency, whose(who, &d->state));
}

struct budget_denial claim_denial(const struct claim *c, const struct need *n, const struct model *m, const char *currency)
{
    struct usage least = { .input = n->input, .output = need_least(n) };
    struct budget_denial d = { BUDGET_SPENT, claim_state(c), .model = m->label, .currency = currency };

    d.lacks_money = c->limit->money != BUDGET_NO_LIMIT && n->price.is_known
                 && answer_within_money(c, n, c->tally->held) < least.output;
    d.wanted = d.lacks_money ? price_cost(&n->price, &least) : least.input + least.output;
    return d;
}
