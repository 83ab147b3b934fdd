// SPDX-License-Identifier: Apache-2.0
#include "model/budget_rules.h"

#include <string.h>

#include "base/json.h"

enum { LIMITS_MAX = 200 };

static const char *const scope_names[] = { "global", "user", "session", "agent" };
static const char *const policies[] = { "refuse", "worst", "free" };

const char *budget_scope_name(enum budget_scope s)
{
    return scope_names[s];
}

/* A number, or a text that is one. */
static bool number_of(const json_t *j, double *out)
{
    CLEANUP(json_decrefp) json_t *read = NULL;

    if (json_is_string(j) && json_parse(json_strval(j), &read) == OK)
        j = read;
    if (!json_is_number(j))
        return false;
    *out = json_number_value(j);
    return true;
}

static enum err read_money(const char *place, const json_t *j, int64_t *out)
{
    double amount;

    if (!number_of(j, &amount) || !money_from(amount, out))
        return failed(ERR_INPUT, "%s: an amount of money is wanted, such as 5.00", place);
    return OK;
}

/* "2M": thousands, not 1024s. */
static enum err read_tokens(const char *place, const json_t *j, int64_t *out)
{
    static const struct { char letter; uint64_t times; } units[] = { { 'k', 1000 }, { 'K', 1000 }, { 'M', 1000000 }, { 'G', 1000000000 } };
    str text = json_strval(j);
    uint64_t n, times = 1;

    if (json_is_integer(j) && json_integer_value(j) >= 0 && json_integer_value(j) <= MONEY_MAX) {
        *out = json_integer_value(j);
        return OK;
    }
    for (size_t i = 0; i < N_ELEMENTS(units) && text.len; i++)
        if (text.p[text.len - 1] == units[i].letter) {
            times = units[i].times;
            text.len--;
        }
    if (text.len == 0 || str_u64(text, &n) || n > MONEY_MAX / times)
        return failed(ERR_INPUT, "%s: a number of tokens is wanted, such as 200000, 200k or 2M", place);
    *out = (int64_t)(n * times);
    return OK;
}

static enum err read_choice(const char *place, const char *given, const char *const *known, size_t n, size_t *out)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(given, known[i]) == 0) {
            *out = i;
            return OK;
        }
    return failed(ERR_INPUT, "%s: '%.40s' is none of those that there are: %s, %s%s%s%s%s", place, given, known[0], known[1],
                  n > 2 ? ", " : "", n > 2 ? known[2] : "", n > 3 ? ", " : "", n > 3 ? known[3] : "");
}

/* Whose it is: `user` and `agent` stand beside their own scope only. */
static enum err read_name(const char *place, const json_t *row, struct budget_limit *l)
{
    static const struct { const char *key; enum budget_scope scope; } names[] = { { "user", BUDGET_USER }, { "agent", BUDGET_AGENT } };

    for (size_t i = 0; i < N_ELEMENTS(names); i++) {
        const json_t *j = json_at(row, names[i].key);

        if (j == NULL)
            continue;
        if (l->scope != names[i].scope)
            return failed(ERR_INPUT, "%s.%s: stands with scope: %s only", place, names[i].key, names[i].key);
        if (json_strval(j).len == 0)
            return failed(ERR_INPUT, "%s.%s: a name is wanted", place, names[i].key);
        l->only = json_strval(j);
    }
    return OK;
}

static enum err check_keys(const char *place, const json_t *map, const char *const *known)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)map, key, value) {
        size_t i = 0;

        while (known[i] && strcmp(known[i], key) != 0)
            i++;
        if (known[i] == NULL)
            return failed(ERR_INPUT, "%s: there is no '%.40s' here", place, key);
    }
    return OK;
}

static enum err read_limit(struct arena *a, size_t i, const json_t *row, struct budget_limit *out)
{
    static const char *const known[] = { "scope", "user", "agent", "per", "money", "tokens", NULL };
    static const char *const periods[] = { "day", "month" };
    const char *place = arena_printf(a, "budgets.limits[%zu]", i);
    struct budget_limit l = { .only = S(""), .money = BUDGET_NO_LIMIT, .tokens = BUDGET_NO_LIMIT };
    size_t scope, per;

    if (!json_is_object(row))
        return failed(ERR_INPUT, "%s: a map is wanted, such as {scope: user, per: day, money: 5.00}", place);
    TRY(check_keys(place, row, known));
    TRY(read_choice(arena_printf(a, "%s.scope", place), json_text(row, "scope"), scope_names, N_ELEMENTS(scope_names), &scope));
    TRY(read_choice(arena_printf(a, "%s.per", place), json_text(row, "per"), periods, N_ELEMENTS(periods), &per));
    l.scope = (enum budget_scope)scope;
    l.per = (enum period_kind)per;
    TRY(read_name(place, row, &l));
    if (json_at(row, "money"))
        TRY(read_money(arena_printf(a, "%s.money", place), json_at(row, "money"), &l.money));
    if (json_at(row, "tokens"))
        TRY(read_tokens(arena_printf(a, "%s.tokens", place), json_at(row, "tokens"), &l.tokens));
    if (l.money == BUDGET_NO_LIMIT && l.tokens == BUDGET_NO_LIMIT)
        return failed(ERR_INPUT, "%s: money, tokens or both are wanted", place);
    *out = l;
    return OK;
}

static bool is_same(const struct budget_limit *a, const struct budget_limit *b)
{
    return a->scope == b->scope && a->per == b->per && str_eq(a->only, b->only);
}

static enum err read_limits(struct arena *a, const json_t *rows, struct budget_rules *out)
{
    size_t n = json_array_size(rows);
    struct budget_limit *limits = arena_alloc(a, (n + 1) * sizeof *limits);

    if (rows && !json_is_array(rows))
        return failed(ERR_INPUT, "budgets.limits: a list is wanted");
    if (n > LIMITS_MAX)
        return failed(ERR_INPUT, "budgets.limits: %zu rows, and %d may be", n, LIMITS_MAX);
    for (size_t i = 0; i < n; i++) {
        TRY(read_limit(a, i, json_array_get(rows, i), &limits[i]));
        for (size_t j = 0; j < i; j++)
            if (is_same(&limits[i], &limits[j]))
                return failed(ERR_INPUT, "budgets.limits[%zu]: budgets.limits[%zu] says the same already: put both into one row", i, j);
    }
    out->limits = limits;
    out->n_limits = n;
    return OK;
}

static enum err check_rates(const json_t *rates)
{
    const char *currency;
    json_t *rate;
    double worth;

    if (rates && !json_is_object(rates))
        return failed(ERR_INPUT, "budgets.rates: a map is wanted, such as {CNY: 0.14}");
    json_object_foreach((json_t *)rates, currency, rate)
        if (!number_of(rate, &worth) || !(worth > 0 && worth < 1e9))
            return failed(ERR_INPUT, "budgets.rates.%.20s: a number above 0 is wanted: what one %.20s is worth in budgets.currency",
                          currency, currency);
    return OK;
}

static enum err read_worst(const json_t *worst, struct budget_rules *out)
{
    static const char *const known[] = { "input", "output", NULL };
    struct price *p = &out->worst;

    *p = PRICE_UNKNOWN;
    if (out->unknown_price != UNKNOWN_WORST)
        return OK;
    if (worst == NULL)
        return failed(ERR_INPUT, "budgets.worst_price: budgets.unknown_price is worst, so {input: 15.00, output: 75.00} is wanted: "
                                 "the price of a million tokens");
    TRY(check_keys("budgets.worst_price", worst, known));
    TRY(read_money("budgets.worst_price.input", json_at(worst, "input"), &p->input));
    TRY(read_money("budgets.worst_price.output", json_at(worst, "output"), &p->output));
    p->cached = p->written = p->input;
    p->is_known = p->is_assumed = true;
    return OK;
}

enum err budget_rules_read(struct arena *a, const struct config *c, struct budget_rules *out)
{
    struct budget_rules r = { .currency = c->budgets_currency, .rates = c->budgets_rates, .answer = (int64_t)c->budgets_answer_tokens };
    size_t policy;

    if (*r.currency == '\0')
        return failed(ERR_INPUT, "budgets.currency: a name is wanted, such as USD");
    TRY(read_choice("budgets.unknown_price", c->budgets_unknown_price, policies, N_ELEMENTS(policies), &policy));
    r.unknown_price = (enum unknown_price)policy;
    TRY(check_rates(r.rates));
    TRY(read_worst(c->budgets_worst_price, &r));
    TRY(read_limits(a, c->budgets_limits, &r));
    *out = r;
    return OK;
}

static double rate_of(const struct budget_rules *r, const char *currency)
{
    double worth = 0;

    if (currency == NULL)
        return 0;
    if (strcmp(currency, r->currency) == 0)
        return 1;
    return number_of(json_object_get(r->rates, currency), &worth) ? worth : 0;
}

struct price budget_price(const struct budget_rules *r, const struct model *m)
{
    struct price p = price_of(m, rate_of(r, m->facts.currency));

    return p.is_known || r->unknown_price != UNKNOWN_WORST ? p : r->worst;
}

bool budget_limit_holds(const struct budget_rules *r, const struct budget_limit *l, str name)
{
    if (l->scope == BUDGET_GLOBAL)
        return true;
    if (l->only.len)
        return str_eq(l->only, name);
    for (size_t i = 0; i < r->n_limits; i++) {
        const struct budget_limit *other = &r->limits[i];

        if (other->scope == l->scope && other->per == l->per && other->only.len && str_eq(other->only, name))
            return false;
    }
    return name.len != 0;
}
