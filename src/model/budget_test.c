// SPDX-License-Identifier: Apache-2.0
#include "model/budget.h"

#include <stdlib.h>
#include <time.h>

#include "base/test.h"
#include "config/config.h"
#include "runtime/clock.h"
#include "store/test_home.h"

/* 10.00 for a million tokens in, 20.00 for one out: 30 millionths a pair. */
static const struct provider acme = { .name = "acme" };
static struct model paid = { .provider = &acme, .target.endpoint = "https://api.example.org/v1", .label = "acme/one",
                             .facts = { .input = 10, .cached = 1, .written = -1, .output = 20, .currency = "USD" } };
static const struct chat_message words = { .role = ROLE_USER, .text = { "0123456789012345678901234567", 28 } };    /* 4 + 8 tokens */
enum { INPUT = 12 };
#define NOON INT64_C(1795176000000)     /* 2026-11-20 12:00 UTC */
#define HOUR INT64_C(3600000)

struct books {
    struct test_home home;
    struct budgets  *budgets;
    struct spend     anna;
    unsigned         n_warned, percent;
    enum budget_scope warned_of;
};

static void on_reached(void *arg, const struct budget_state *s, unsigned percent)
{
    struct books *b = arg;

    b->n_warned++;
    b->percent = percent;
    b->warned_of = s->scope;
}

static void set_limits(const char *limits, const char *more)
{
    char text[500];
    const char *sets[] = { text, more, NULL };

    snprintf(text, sizeof text, "budgets.limits=%s", limits);
    CHECK_OK(config_load_for_test("/nowhere", sets));
}

static void books_open(struct books *b, const char *limits, const char *more)
{
    setenv("TZ", "UTC", 1);
    tzset();
    clock_fake(NOON);
    set_limits(limits, more);
    *b = (struct books){ .home = home_new(), .anna = { S("anna"), S("s1"), S(""), "turn", 7 } };
    CHECK_OK(budgets_open(b->home.store, &b->budgets));
    budgets_observe(b->budgets, &(struct budget_observer){ on_reached, b });
}

static void books_done(struct books *b)
{
    budgets_free(b->budgets);
    home_done(&b->home);
    clock_real();
    unsetenv("TZ");
    tzset();
}

/* As after a death: nothing is settled, and everything is read anew. */
static void books_die(struct books *b)
{
    budgets_free(b->budgets);
    home_reopen(&b->home);
    CHECK_OK(budgets_open(b->home.store, &b->budgets));
}

struct call { struct prompt prompt; struct budget_hold hold; struct budget_denial denial; };

static enum err reserve(struct books *b, const struct model *m, int64_t max_tokens, struct call *c)
{
    *c = (struct call){ .prompt = { .messages = &words, .n_messages = 1, .max_tokens = max_tokens } };
    return budget_reserve(b->budgets, m, &b->anna, &c->prompt, &c->denial, &c->hold);
}

static void settle(struct call *c, int64_t input, int64_t output)
{
    struct reply r = { .text = S("yes"), .usage = { .input = input, .output = output } };

    budget_settle(&c->hold, &r, &(struct usage){ 0 });
}

static void spend_tokens(struct books *b, int64_t input, int64_t output)
{
    struct call c;

    CHECK_OK(reserve(b, &paid, 100, &c));
    settle(&c, input, output);
}

static struct budget_state state(struct books *b)
{
    struct budget_state *all;
    size_t n;

    CHECK_OK(budgets_states(b->budgets, b->home.arena, &b->anna, &all, &n));
    CHECK_INT(n, 1);
    return all[0];
}

/* "input output cost state" of every row */
static void check_rows(struct books *b, const char *want)
{
    CLEANUP(buf_done) struct buf got = { 0 };
    struct rows r;

    struct batch *batch = batch_new(b->home.arena);

    batch_add(batch, "usage.expire_warnings", "i", INT64_C(0));
    CHECK_OK(store_commit(b->home.store, batch));       /* so that what rides along is there */
    CHECK_OK(store_read(b->home.store, b->home.arena, &r, "usage.latest", "i", (int64_t)100));
    for (size_t i = 0; i < r.n; i++)
        buf_addf(&got, "%s%lld %lld %lld %.*s%s", got.len ? "|" : "", (long long)row_int(&r, i, 7), (long long)row_int(&r, i, 8),
                 row_null(&r, i, 12) ? -1LL : (long long)row_int(&r, i, 12), STR(row_str(&r, i, 15)), row_int(&r, i, 14) ? " about" : "");
    CHECK_STR(buf_str(&got), want);
}

TEST(a_call_is_reserved_before_it_and_settled_after_it)
{
    CLEANUP(books_done) struct books b;
    struct call c;

    books_open(&b, "[{scope: user, per: day, money: 1.00}]", NULL);
    CHECK_OK(reserve(&b, &paid, 1000, &c));
    check_rows(&b, "12 1000 20120 reserved about");
    CHECK_INT(state(&b).held.money, 12 * 10 + 1000 * 20);
    CHECK_INT(state(&b).held.tokens, 1012);
    settle(&c, 20, 30);
    check_rows(&b, "20 30 800 settled");
    CHECK_INT(state(&b).held.money, 0);
    CHECK_INT(state(&b).spent.money, 20 * 10 + 30 * 20);
    CHECK_INT(state(&b).spent.tokens, 50);
}

TEST(without_a_limit_nothing_is_awaited_and_the_row_rides_along)
{
    CLEANUP(books_done) struct books b;
    struct store_stats before, after;
    struct call c;

    books_open(&b, "[{scope: user, user: berta, per: day, money: 0}]", NULL);
    store_stats(b.home.store, &before);
    CHECK_OK(reserve(&b, &paid, 0, &c));
    CHECK_INT(c.prompt.max_tokens, 0);
    settle(&c, 20, 30);
    store_stats(b.home.store, &after);
    CHECK_INT(after.batches - before.batches, 0);
    check_rows(&b, "20 30 800 settled");
}

TEST(a_failed_call_gives_back_what_it_did_not_take)
{
    CLEANUP(books_done) struct books b;
    struct usage broken = { .input = 12, .output = 5 };
    struct call c;

    books_open(&b, "[{scope: session, per: day, tokens: 2k}]", NULL);
    CHECK_OK(reserve(&b, &paid, 500, &c));
    budget_settle(&c.hold, NULL, &(struct usage){ 0 });
    check_rows(&b, "");
    CHECK_INT(state(&b).held.tokens + state(&b).spent.tokens, 0);
    CHECK_OK(reserve(&b, &paid, 500, &c));
    budget_settle(&c.hold, NULL, &broken);
    check_rows(&b, "12 5 220 settled about");
    CHECK_INT(state(&b).spent.tokens, 17);
}

TEST(usage_that_nobody_told_is_estimated)
{
    CLEANUP(books_done) struct books b;
    struct call c;

    books_open(&b, "[]", NULL);
    CHECK_OK(reserve(&b, &paid, 500, &c));
    settle(&c, 0, 0);
    check_rows(&b, "12 1 140 settled about");
}

TEST(usage_that_makes_no_sense_frees_nothing)
{
    CLEANUP(books_done) struct books b;
    struct call c;

    books_open(&b, "[{scope: user, per: day, tokens: 1M}]", NULL);
    CHECK_OK(reserve(&b, &paid, 500, &c));
    settle(&c, -5000, 10);
    CHECK_INT(state(&b).spent.tokens, 10);
    CHECK_OK(reserve(&b, &paid, 500, &c));
    settle(&c, INT64_MAX, INT64_MAX);
    CHECK_INT(state(&b).spent.tokens, 2000000010);
    CHECK_ERR(reserve(&b, &paid, 500, &c), ERR_BUDGET);
}

TEST(a_refusal_says_whose_budget_how_much_is_spent_and_until_when)
{
    CLEANUP(books_done) struct books b;
    struct call c;

    books_open(&b, "[{scope: user, per: day, money: 0.50}, {scope: user, user: anna, per: month, tokens: 100k}]", NULL);
    spend_tokens(&b, 40000, 4500);      /* 0.49 */
    CHECK_ERR(reserve(&b, &paid, 1000, &c), ERR_BUDGET);
    CHECK_STR(str_from(failed_text()), "too little is left of the day's money for user anna: 0.49 of 0.50 USD are spent and 0.00 reserved, and a call "
              "of acme/one takes 0.02012 at the least; it begins anew at 2026-11-21 00:00 (budgets.limits)");
    CHECK(c.denial.why == BUDGET_SPENT && c.denial.lacks_money);
    CHECK_INT(c.denial.wanted, 20120);
    CHECK_OK(reserve(&b, &paid, 100, &c));      /* a short answer still fits */
    settle(&c, 40000, 15000);
    CHECK_ERR(reserve(&b, &paid, 100, &c), ERR_BUDGET);
    CHECK(str_starts(str_from(failed_text()), S("too little is left of the day's money for user anna: 1.19 of 0.50 USD")));
    clock_advance((uint64_t)(24 * HOUR));
    CHECK_ERR(reserve(&b, &paid, 1000, &c), ERR_BUDGET);
    CHECK_STR(str_from(failed_text()), "too little is left of the month's tokens for user anna: 99500 of 100000 are spent and 0 reserved, and a call "
              "of acme/one takes 1012 at the least; it begins anew at 2026-12-01 00:00 (budgets.limits)");
    CHECK(!c.denial.lacks_money);
}

TEST(a_refusal_has_no_figures_of_what_others_spend_too)
{
    CLEANUP(books_done) struct books b;
    struct call c;

    books_open(&b, "[{scope: global, per: month, money: 0.01}]", NULL);
    CHECK_ERR(reserve(&b, &paid, 1000, &c), ERR_BUDGET);
    CHECK_STR(str_from(failed_text()), "what is left of the month's money for everybody together is too little for a call of acme/one; it "
              "begins anew at 2026-12-01 00:00 (budgets.limits; `clawdbot usage` has the figures)");
}

TEST(a_limit_for_somebody_takes_the_place_of_that_for_everybody)
{
    CLEANUP(books_done) struct books b;
    struct call c;

    books_open(&b, "[{scope: user, per: day, tokens: 0}, {scope: user, user: anna, per: day, tokens: 5000}]", NULL);
    spend_tokens(&b, 1, 1);
    b.anna.person = S("berta");
    CHECK_ERR(reserve(&b, &paid, 1, &c), ERR_BUDGET);
    b.anna.person = S("");              /* nobody's */
    CHECK_OK(reserve(&b, &paid, 1, &c));
    settle(&c, 1, 1);
}

TEST(a_long_answer_gets_half_of_what_is_left)
{
    CLEANUP(books_done) struct books b;
    struct call c[3];

    books_open(&b, "[{scope: global, per: month, tokens: 10012}]", NULL);
    CHECK_OK(reserve(&b, &paid, 0, &c[0]));     /* 8192 are assumed */
    CHECK_INT(c[0].prompt.max_tokens, 5000);
    CHECK_OK(reserve(&b, &paid, 3000, &c[1]));
    CHECK_INT(c[1].prompt.max_tokens, 2494);
    CHECK_OK(reserve(&b, &paid, 200, &c[2]));
    CHECK_INT(c[2].prompt.max_tokens, 200);
    for (size_t i = 0; i < N_ELEMENTS(c); i++)
        settle(&c[i], 12, 1);
    CHECK_INT(state(&b).spent.tokens, 39);
    CHECK_INT(state(&b).held.tokens, 0);
}

/* ---- side by side ---- */

struct crowd { struct books *b; int64_t most; unsigned n_done, n_refused; };

static enum err ask(void *arg)
{
    struct crowd *crowd = arg;
    struct call c;

    if (reserve(crowd->b, &paid, 100, &c)) {
        CHECK_INT(c.denial.why, BUDGET_SPENT);
        crowd->n_refused++;
        return OK;
    }
    struct budget_state s = state(crowd->b);

    if (s.spent.tokens + s.held.tokens > crowd->most)
        crowd->most = s.spent.tokens + s.held.tokens;
    CHECK_OK(fiber_sleep(10));
    settle(&c, INPUT, 100);
    crowd->n_done++;
    return OK;
}

static void run_crowd(struct crowd *crowd)
{
    CLEANUP(fibers_done) struct fibers g = { 0 };

    clock_real();
    for (int i = 0; i < 50; i++)
        fibers_spawn(&g, "ask", ask, crowd);
    CHECK_OK(fibers_wait(&g));
}

TEST(fifty_calls_side_by_side_spend_no_more_than_there_is)
{
    CLEANUP(books_done) struct books b;
    struct crowd crowd = { .b = &b };

    books_open(&b, "[{scope: global, per: month, tokens: 2300}]", NULL);
    run_crowd(&crowd);
    CHECK_INT(crowd.n_done, 20);            /* 112 each; the others waited for these, and there was too little left */
    CHECK_INT(crowd.n_refused, 30);
    CHECK(crowd.most <= 2300);
    CHECK_INT(state(&b).spent.tokens, 2240);
    CHECK_INT(state(&b).held.tokens, 0);
}

static enum err ask_and_take_little(void *arg)
{
    struct crowd *crowd = arg;
    struct call c;

    TRY(reserve(crowd->b, &paid, 1000, &c));
    CHECK_OK(fiber_sleep(1));
    settle(&c, INPUT, 10);
    crowd->n_done++;
    return OK;
}

TEST(who_finds_all_reserved_waits_for_it)
{
    CLEANUP(books_done) struct books b;
    struct crowd crowd = { .b = &b };

    books_open(&b, "[{scope: global, per: month, tokens: 2300}]", NULL);
    clock_real();
    {
        CLEANUP(fibers_done) struct fibers g = { 0 };

        for (int i = 0; i < 20; i++)
            fibers_spawn(&g, "ask", ask_and_take_little, &crowd);
        CHECK_OK(fibers_wait(&g));
    }
    CHECK_INT(crowd.n_done, 20);
    CHECK_INT(state(&b).spent.tokens, 20 * 22);
}

static enum err ask_once(void *arg)
{
    struct call c;

    return reserve(arg, &paid, 1000, &c);
}

TEST(who_waits_may_be_stopped_and_does_not_wait_for_ever)
{
    CLEANUP(books_done) struct books b;
    struct call held, c;

    books_open(&b, "[{scope: global, per: month, tokens: 1500}]", NULL);
    CHECK_OK(reserve(&b, &paid, 1000, &held));
    struct fiber *f = fiber_spawn("ask", ask_once, &b);

    CHECK_OK(fiber_yield());
    fiber_cancel(f);
    CHECK_ERR(fiber_join(f), ERR_CANCELLED);
    f = fiber_spawn("ask", ask_once, &b);
    for (int i = 0; i < 40; i++) {
        CHECK_OK(fiber_yield());
        clock_advance(1000);
    }
    CHECK_ERR(fiber_join(f), ERR_BUDGET);
    settle(&held, 12, 0);
    CHECK_OK(reserve(&b, &paid, 1000, &c));
    settle(&c, 12, 0);
}

/* ---- prices ---- */

TEST(a_price_that_nobody_knows_is_refused_counted_at_the_worst_or_free)
{
    static const struct { const char *limits, *more, *more2; enum err want; int64_t cost; } cases[] = {
        { "[{scope: global, per: day, money: 1}]", NULL, NULL, ERR_BUDGET, 0 },
        { "[{scope: global, per: day, tokens: 5000}]", NULL, NULL, OK, 0 },
        { "[]", NULL, NULL, OK, 0 },
        { "[{scope: global, per: day, money: 1}]", "budgets.unknown_price=free", NULL, OK, 0 },
        { "[{scope: global, per: day, money: 1}]", "budgets.unknown_price=worst", "budgets.worst_price={input: 100, output: 200}", OK,
          3000 },
    };
    struct model m = paid;

    m.facts = MODEL_FACTS_UNKNOWN;
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(books_done) struct books b;
        char text[200];
        const char *sets[] = { text, cases[i].more ? cases[i].more : "budgets.currency=USD",
                               cases[i].more2 ? cases[i].more2 : "budgets.currency=USD", NULL };
        struct call c;

        books_open(&b, cases[i].limits, NULL);
        snprintf(text, sizeof text, "budgets.limits=%s", cases[i].limits);
        CHECK_OK(config_load_for_test("/nowhere", sets));
        CHECK_OK(budgets_configure(b.budgets));
        CHECK_ERR(reserve(&b, &m, 100, &c), cases[i].want);
        if (cases[i].want) {
            CHECK(c.denial.why == BUDGET_PRICE_UNKNOWN);
            CHECK(str_find(str_from(failed_text()), S("nobody knows the price of acme/one in USD")) != STR_NONE);
            continue;
        }
        settle(&c, 10, 10);
        check_rows(&b, cases[i].cost ? "10 10 3000 settled about" : "10 10 -1 settled");
    }
}

TEST(other_currencies_have_rates)
{
    CLEANUP(books_done) struct books b;
    struct model m = paid;
    struct call c;

    m.facts.currency = "CNY";
    books_open(&b, "[{scope: global, per: day, money: 1}]", "budgets.rates={CNY: 0.1}");
    CHECK_OK(reserve(&b, &m, 100, &c));
    settle(&c, 1000, 0);
    check_rows(&b, "1000 0 1000 settled");
    m.facts.currency = "EUR";
    CHECK_ERR(reserve(&b, &m, 100, &c), ERR_BUDGET);
}

/* ---- time ---- */

TEST(a_budget_begins_anew_with_its_period)
{
    CLEANUP(books_done) struct books b;
    struct call c;

    books_open(&b, "[{scope: user, per: day, tokens: 1000}]", NULL);
    spend_tokens(&b, 990, 5);
    clock_advance((uint64_t)(12 * HOUR - 1));       /* the last millisecond of the day */
    CHECK_ERR(reserve(&b, &paid, 100, &c), ERR_BUDGET);
    clock_advance(1);
    CHECK_OK(reserve(&b, &paid, 100, &c));
    CHECK_INT(state(&b).spent.tokens, 0);
    clock_advance((uint64_t)(24 * HOUR));
    settle(&c, 500, 0);                             /* it is of the day it began in */
    CHECK_INT(state(&b).spent.tokens, 0);
}

TEST(a_clock_that_jumps_neither_frees_nor_doubles_a_budget)
{
    CLEANUP(books_done) struct books b;
    struct call c;

    books_open(&b, "[{scope: user, per: day, tokens: 1000}]", NULL);
    spend_tokens(&b, 800, 0);
    clock_fake(NOON + 48 * HOUR);
    spend_tokens(&b, 700, 0);
    CHECK_OK(reserve(&b, &paid, 100, &c));          /* begun in the wrong time, ended in the right one */
    clock_fake(NOON);
    settle(&c, 60, 0);
    CHECK_INT(state(&b).spent.tokens, 800);
    clock_fake(NOON - 240 * HOUR);
    CHECK_INT(state(&b).spent.tokens, 0);
    clock_fake(NOON + 48 * HOUR);
    CHECK_INT(state(&b).spent.tokens, 760);
    CHECK_INT(state(&b).held.tokens, 0);
    clock_fake(NOON);
    CHECK_ERR(reserve(&b, &paid, 400, &c), ERR_BUDGET);
}

TEST(days_and_months_are_those_of_the_time_zone)
{
    static const struct { const char *zone; enum period_kind kind; int64_t at; const char *from, *until; } cases[] = {
        { "UTC", PERIOD_DAY, NOON, "2026-11-20 00:00", "2026-11-21 00:00" },
        { "UTC", PERIOD_MONTH, NOON, "2026-11-01 00:00", "2026-12-01 00:00" },
        { "UTC", PERIOD_MONTH, NOON + 30 * 24 * HOUR, "2026-12-01 00:00", "2027-01-01 00:00" },
        { "UTC", PERIOD_MONTH, INT64_C(1709208000000), "2024-02-01 00:00", "2024-03-01 00:00" },       /* 29 February */
        { "UTC", PERIOD_DAY, INT64_C(1709208000000), "2024-02-29 00:00", "2024-03-01 00:00" },
        { "CST-8", PERIOD_DAY, NOON + 4 * HOUR, "2026-11-21 00:00", "2026-11-22 00:00" },
        { "CST-8", PERIOD_DAY, NOON + 4 * HOUR - 1, "2026-11-20 00:00", "2026-11-21 00:00" },
        /* clocks that go forward at midnight: the day begins at 01:00 */
        { "XXX3YYY,M11.1.0/0,M2.3.0/0", PERIOD_DAY, INT64_C(1793566800000), "2026-11-01 01:00", "2026-11-02 00:00" },
        { "XXX3YYY,M11.1.0/0,M2.3.0/0", PERIOD_DAY, INT64_C(1793480400000), "2026-10-31 00:00", "2026-11-01 01:00" },
    };
    char text[PERIOD_TEXT_SIZE];

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        setenv("TZ", cases[i].zone, 1);
        struct period p = period_at(cases[i].kind, cases[i].at);

        CHECK(p.from <= cases[i].at && cases[i].at < p.until);
        CHECK_STR(str_from(period_text(text, p.from)), cases[i].from);
        CHECK_STR(str_from(period_text(text, p.until)), cases[i].until);
    }
    unsetenv("TZ");
    tzset();
}

/* ---- what survives ---- */

TEST(what_a_dead_process_had_reserved_is_spent)
{
    CLEANUP(books_done) struct books b;
    struct call c;

    books_open(&b, "[{scope: user, per: day, tokens: 1500}]", NULL);
    spend_tokens(&b, 100, 0);
    CHECK_OK(reserve(&b, &paid, 600, &c));
    books_die(&b);
    CHECK_INT(state(&b).spent.tokens, 100 + 612);
    CHECK_INT(state(&b).held.tokens, 0);
    CHECK_ERR(reserve(&b, &paid, 800, &c), ERR_BUDGET);
}

TEST(rows_of_long_ago_go)
{
    CLEANUP(books_done) struct books b;

    books_open(&b, "[]", "budgets.retention=32d");
    spend_tokens(&b, 1, 0);
    clock_fake(NOON + 20 * 24 * HOUR);
    spend_tokens(&b, 2, 0);
    check_rows(&b, "2 0 20 settled|1 0 10 settled");
    clock_fake(NOON + 33 * 24 * HOUR);
    CHECK_OK(budgets_expire(b.budgets));
    check_rows(&b, "2 0 20 settled");
}

TEST(a_warning_comes_at_eighty_percent_and_when_all_is_used)
{
    CLEANUP(books_done) struct books b;
    struct call c;

    books_open(&b, "[{scope: user, per: day, tokens: 1000}]", NULL);
    spend_tokens(&b, 790, 0);
    CHECK_INT(b.n_warned, 0);
    spend_tokens(&b, 10, 0);
    CHECK_INT(b.n_warned, 1);
    CHECK_INT(b.percent, 80);
    CHECK_INT(b.warned_of, BUDGET_USER);
    spend_tokens(&b, 10, 0);
    CHECK_INT(b.n_warned, 1);
    CHECK_ERR(reserve(&b, &paid, 300, &c), ERR_BUDGET);
    CHECK_ERR(reserve(&b, &paid, 300, &c), ERR_BUDGET);
    CHECK_INT(b.n_warned, 2);
    CHECK_INT(b.percent, 100);
    clock_advance((uint64_t)(24 * HOUR));
    spend_tokens(&b, 900, 0);
    CHECK_INT(b.n_warned, 3);
    CHECK_INT(b.percent, 80);
}

/* ---- the configuration ---- */

TEST(limits_that_are_written_wrong_are_told_with_their_place)
{
    static const struct { const char *limits, *more, *want; } cases[] = {
        { "[{scope: world, per: day, money: 1}]", NULL,
          "budgets.limits[0].scope: 'world' is none of those that there are: global, user, session, agent" },
        { "[{scope: user, per: week, money: 1}]", NULL, "budgets.limits[0].per: 'week' is none of those that there are: day, month" },
        { "[{scope: user, per: day}]", NULL, "budgets.limits[0]: money, tokens or both are wanted" },
        { "[{scope: user, per: day, money: -1}]", NULL, "budgets.limits[0].money: an amount of money is wanted, such as 5.00" },
        { "[{scope: user, per: day, tokens: 2X}]", NULL,
          "budgets.limits[0].tokens: a number of tokens is wanted, such as 200000, 200k or 2M" },
        { "[{scope: user, per: day, tokens: 99999999999G}]", NULL,
          "budgets.limits[0].tokens: a number of tokens is wanted, such as 200000, 200k or 2M" },
        { "[{scope: global, per: day, money: 1, user: anna}]", NULL, "budgets.limits[0].user: stands with scope: user only" },
        { "[{scope: user, per: day, money: 1, sum: 2}]", NULL, "budgets.limits[0]: there is no 'sum' here" },
        { "[{scope: user, per: day, money: 1}, {scope: user, per: day, tokens: 1}]", NULL,
          "budgets.limits[1]: budgets.limits[0] says the same already: put both into one row" },
        { "[5]", NULL, "budgets.limits[0]: a map is wanted, such as {scope: user, per: day, money: 5.00}" },
        { "{a: 5}", NULL, "budgets.limits: a list is wanted" },
        { "[]", "budgets.rates={CNY: 0}",
          "budgets.rates.CNY: a number above 0 is wanted: what one CNY is worth in budgets.currency" },
        { "[]", "budgets.unknown_price=worst", "budgets.worst_price: budgets.unknown_price is worst, so {input: 15.00, output: 75.00} is wanted: "
                                               "the price of a million tokens" },
    };
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct budget_rules rules;

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        set_limits(cases[i].limits, cases[i].more);
        CHECK_ERR(budget_rules_read(a, config_now(), &rules), ERR_INPUT);
        CHECK_STR(str_from(failed_text()), cases[i].want);
    }
    set_limits("[{scope: user, per: day, money: \"2.5\", tokens: 2M}]", NULL);
    CHECK_OK(budget_rules_read(a, config_now(), &rules));
    CHECK_INT(rules.limits[0].money, 2500000);
    CHECK_INT(rules.limits[0].tokens, 2000000);
}
