// SPDX-License-Identifier: Apache-2.0
#include "gateway/spending.h"

#include <stdio.h>

#include "base/time.h"
#include "gateway/alerts.h"
#include "model/usage.h"
#include "runtime/clock.h"

enum { MODELS_SHOWN = 12 };

/* ---- words ---- */

static const char *when(enum period_kind per, bool chinese)
{
    return per == PERIOD_DAY ? (chinese ? "今天" : "today") : (chinese ? "本月" : "this month");
}

/* is_own: whoever reads this is the user whose it is. */
static void add_whose(struct buf *b, const struct budget_state *s, bool is_own, bool chinese)
{
    static const char *const words[][2] = {
        [BUDGET_GLOBAL] = { "of everybody together", "所有人共用" }, [BUDGET_USER] = { "of", "用户" },
        [BUDGET_SESSION] = { "of this conversation", "本对话" }, [BUDGET_AGENT] = { "of the agent", "智能体" },
    };

    if (s->scope == BUDGET_USER && is_own)
        buf_addf(b, "%s", chinese ? "你" : "of yours");
    else if (s->scope == BUDGET_USER || s->scope == BUDGET_AGENT)
        buf_addf(b, "%s %.*s", words[s->scope][chinese], STR(s->name));
    else
        buf_addf(b, "%s", words[s->scope][chinese]);
}

/* "4.98 / 5.00 USD, 1200 / 2000 tokens" */
static void add_figures(struct buf *b, const struct budget_state *s, const char *currency, bool chinese)
{
    char spent[MONEY_TEXT_SIZE], limit[MONEY_TEXT_SIZE];

    if (s->limit.money != BUDGET_NO_LIMIT)
        buf_addf(b, "%s / %s %s", money_text(spent, s->spent.money), money_text(limit, s->limit.money), currency);
    if (s->limit.tokens != BUDGET_NO_LIMIT)
        buf_addf(b, chinese ? "%s%lld / %lld 个词元" : "%s%lld / %lld tokens", s->limit.money != BUDGET_NO_LIMIT ? ", " : "",
                 (long long)s->spent.tokens, (long long)s->limit.tokens);
}

/* ---- a refusal ---- */

static void add_unpriced(struct buf *b, const struct budget_denial *d, bool is_owner, bool chinese)
{
    if (is_owner)
        buf_addf(b, chinese ? "没有人知道 %s 的价格（%s），而费用有限额。请设置它的价格，或 budgets.unknown_price。"
                            : "Nobody knows the price of %s in %s, and money is limited. Set its price, or budgets.unknown_price.",
                 d->model, d->currency);
    else
        buf_addf(b, "%s", chinese ? "这个模型的价格未知，而费用有限额，所以我不能使用它。我的主人可以更改。"
                                  : "The price of the model is not known, and money is limited, so I may not use it. My owner can change "
                                    "that.");
}

str spending_refusal(struct arena *a, const struct budget_denial *d, bool is_owner, bool chinese)
{
    CLEANUP(buf_done) struct buf b = { 0 };
    const struct budget_state *s = &d->state;
    char until[PERIOD_TEXT_SIZE];

    if (d->why == BUDGET_PRICE_UNKNOWN) {
        add_unpriced(&b, d, is_owner, chinese);
        return arena_str(a, buf_str(&b));
    }
    buf_addf(&b, "%s", chinese ? "" : s->per == PERIOD_DAY ? "Today's budget " : "This month's budget ");
    if (chinese)
        buf_addf(&b, "%s", when(s->per, true));
    add_whose(&b, s, true, chinese);
    if (budget_percent(s) < 100)
        buf_addf(&b, "%s", chinese ? "的剩余额度不够再回答一次" : " leaves too little for another answer");
    else
        buf_addf(&b, "%s", chinese ? "的额度已用完" : " is used up");
    if (is_owner || s->scope == BUDGET_USER) {
        buf_addf(&b, "%s", chinese ? "（" : " (");
        add_figures(&b, s, d->currency, chinese);
        buf_addf(&b, "%s", chinese ? "）" : ")");
    }
    buf_addf(&b, chinese ? "，%s 起重新计算。" : ". It begins anew at %s.", period_text(until, s->period.until));
    return arena_str(a, buf_str(&b));
}

/* ---- warnings ---- */

struct warning { struct gateway *gateway; struct arena *arena; str budget, text; int64_t begins_at; unsigned percent; };

static void warning_done(struct warning **w)
{
    arena_free((*w)->arena);
}

/* The store remembers what was told: a second row of its kind is a conflict. */
static enum err tell_owner(void *arg) AWAITS
{
    CLEANUP(warning_done) struct warning *w = arg;
    struct batch *b = batch_new(w->arena);

    batch_add(b, "usage.warn", "sii", w->budget, w->begins_at, (int64_t)w->percent);
    enum err e = store_commit(w->gateway->store, b);

    if (e == ERR_CONFLICT)
        return OK;
    alerts_say(w->gateway->alerts, w->budget.p, w->text.p);
    return OK;
}

static void on_reached(void *gateway, const struct budget_state *s, unsigned percent)
{
    struct gateway *g = gateway;
    struct arena *a = arena_new();
    struct warning *w = ARENA_NEW(a, struct warning);
    CLEANUP(buf_done) struct buf text = { 0 };
    char until[PERIOD_TEXT_SIZE];

    if (percent < 100)
        buf_addf(&text, "%u%% of ", percent);
    buf_addf(&text, "%s's budget ", s->per == PERIOD_DAY ? "today" : "this month");
    add_whose(&text, s, false, false);
    buf_addf(&text, " %s used up: ", percent < 100 ? "are" : budget_percent(s) < 100 ? "is as good as" : "is");
    add_figures(&text, s, budgets_currency(g->budgets), false);
    buf_addf(&text, ", until %s", period_text(until, s->period.until));
    *w = (struct warning){ .gateway = g, .arena = a, .text = arena_str(a, buf_str(&text)), .begins_at = s->period.from, .percent = percent,
                           .budget = str_from(arena_printf(a, "budget %s %s %.*s", budget_scope_name(s->scope), period_name(s->per),
                                                           STR(s->name))) };
    fibers_spawn(&g->services, "budget warning", tell_owner, w);
}

enum err spending_open(struct gateway *g)
{
    TRY(budgets_open(g->store, &g->budgets));
    budgets_observe(g->budgets, &(struct budget_observer){ on_reached, g });
    return OK;
}

/* ---- /usage ---- */

static enum err sums(struct gateway *g, struct arena *a, enum usage_by by, enum period_kind per, str person, struct usage_sum **out,
                     size_t *ret_n) AWAITS
{
    struct usage_wish w = { by, period_at(per, clock_wall_ms()).from, person, budgets_currency(g->budgets) };

    return usage_sums(g->store, a, &w, out, ret_n);
}

static void add_sum(struct buf *b, const struct gateway *g, const struct usage_sum *s, bool chinese)
{
    char cost[MONEY_TEXT_SIZE];

    buf_addf(b, chinese ? "%lld 次调用，输入 %lld、输出 %lld 个词元，%s %s" : "%lld calls, %lld tokens in, %lld out, %s %s", (long long)s->calls,
             (long long)s->input, (long long)s->output, money_text(cost, s->cost), budgets_currency(g->budgets));
    if (s->unpriced)
        buf_addf(b, chinese ? "（%lld 次价格未知）" : " (and %lld calls of unknown price)", (long long)s->unpriced);
    buf_add_char(b, '\n');
}

static enum err add_total(struct gateway *g, struct arena *a, enum period_kind per, str person, bool chinese, struct buf *b) AWAITS
{
    struct usage_sum *all;
    size_t n;

    TRY(sums(g, a, USAGE_BY_MODEL, per, person, &all, &n));
    struct usage_sum total = usage_total(all, n);

    buf_addf(b, chinese ? "- %s：" : "- %s: ", when(per, chinese));
    add_sum(b, g, &total, chinese);
    return OK;
}

static enum err add_models(struct gateway *g, struct arena *a, bool chinese, struct buf *b) AWAITS
{
    struct usage_sum *all;
    size_t n;

    buf_addf(b, "\n%s\n", chinese ? "所有人：" : "Everybody:");
    TRY(add_total(g, a, PERIOD_DAY, S(""), chinese, b));
    TRY(add_total(g, a, PERIOD_MONTH, S(""), chinese, b));
    TRY(sums(g, a, USAGE_BY_MODEL, PERIOD_MONTH, S(""), &all, &n));
    for (size_t i = 0; i < n && i < MODELS_SHOWN; i++) {
        buf_addf(b, "  - `%.*s` ", STR(all[i].what));
        add_sum(b, g, &all[i], chinese);
    }
    return OK;
}

static enum err add_limits(struct gateway *g, struct arena *a, const struct spend *who, bool is_owner, bool chinese, struct buf *b) AWAITS
{
    struct budget_state *states;
    size_t n, shown = 0;

    TRY(budgets_states(g->budgets, a, who, &states, &n));
    for (size_t i = 0; i < n; i++) {
        if (!is_owner && states[i].scope != BUDGET_USER)
            continue;       /* figures of others */
        if (shown++ == 0)
            buf_addf(b, "\n%s\n", chinese ? "限额：" : "Limits:");
        buf_addf(b, chinese ? "- %s，" : "- %s, ", when(states[i].per, chinese));
        add_whose(b, &states[i], true, chinese);
        buf_addf(b, "%s", chinese ? "：" : ": ");
        add_figures(b, &states[i], budgets_currency(g->budgets), chinese);
        buf_add_char(b, '\n');
    }
    return OK;
}

enum err spending_say(struct gateway *g, struct arena *a, const struct spend *who, bool is_owner, bool chinese, struct buf *out)
{
    buf_addf(out, "%s\n", chinese ? "你：" : "You:");
    TRY(add_total(g, a, PERIOD_DAY, who->person, chinese, out));
    TRY(add_total(g, a, PERIOD_MONTH, who->person, chinese, out));
    if (is_owner)
        TRY(add_models(g, a, chinese, out));
    return add_limits(g, a, who, is_owner, chinese, out);
}

/* ---- for programs ---- */

static json_t *part(int64_t limit, int64_t spent, int64_t held)
{
    return json_pack("{s:I, s:I, s:I}", "limit", (json_int_t)limit, "spent", (json_int_t)spent, "reserved", (json_int_t)held);
}

static json_t *money_part(const struct budget_state *s)
{
    char limit[MONEY_TEXT_SIZE], spent[MONEY_TEXT_SIZE], held[MONEY_TEXT_SIZE];

    return json_pack("{s:s, s:s, s:s}", "limit", money_text(limit, s->limit.money), "spent", money_text(spent, s->spent.money),
                     "reserved", money_text(held, s->held.money));
}

json_t *spending_limits_json(const struct budget_state *states, size_t n)
{
    json_t *list = json_array();
    char until[TIME_TEXT_SIZE];

    for (size_t i = 0; i < n; i++) {
        const struct budget_state *s = &states[i];
        json_t *j = json_pack("{s:s, s:s, s:o, s:I, s:s}", "scope", budget_scope_name(s->scope), "per", period_name(s->per), "name",
                              json_from_str(s->name), "percent", (json_int_t)budget_percent(s), "until", time_text(until, s->period.until));

        if (s->limit.money != BUDGET_NO_LIMIT)
            json_object_set_new(j, "money", money_part(s));
        if (s->limit.tokens != BUDGET_NO_LIMIT)
            json_object_set_new(j, "tokens", part(s->limit.tokens, s->spent.tokens, s->held.tokens));
        json_array_append_new(list, j);
    }
    return list;
}

static enum err sums_json(struct gateway *g, struct arena *a, enum period_kind per, str person, json_t **out) AWAITS
{
    struct usage_wish w = { USAGE_BY_MODEL, period_at(per, clock_wall_ms()).from, person, budgets_currency(g->budgets) };
    struct usage_sum *all;
    size_t n;

    TRY(usage_sums(g->store, a, &w, &all, &n));
    *out = usage_to_json(&w, all, n);
    return OK;
}

enum err spending_json(struct gateway *g, struct arena *a, str person, json_t **out)
{
    CLEANUP(json_decrefp) json_t *today = NULL, *month = NULL;
    struct spend who = { .person = person, .session_id = S(""), .agent = S("") };
    struct budget_state *states;
    size_t n;

    TRY(sums_json(g, a, PERIOD_DAY, person, &today));
    TRY(sums_json(g, a, PERIOD_MONTH, person, &month));
    TRY(budgets_states(g->budgets, a, &who, &states, &n));
    *out = json_pack("{s:o, s:s, s:O, s:O, s:o}", "person", json_from_str(person), "currency", budgets_currency(g->budgets), "today",
                     today, "month", month, "limits", spending_limits_json(states, n));
    return OK;
}
