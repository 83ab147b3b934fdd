// SPDX-License-Identifier: Apache-2.0
#include "gateway/spending.h"

#include <stdlib.h>
#include <time.h>

#include "base/test.h"
#include "config/config.h"
#include "gateway/access.h"
#include "gateway/alerts.h"
#include "gateway/test_scene.h"
#include "model/usage.h"

static void set_limits(struct scene *s, const char *limits) AWAITS
{
    struct arena *a = s->home.arena;

    CHECK_OK(config_load_for_test(s->home.folder, (const char *[]){
        arena_printf(a, "model_provider.endpoint=http://127.0.0.1:%u/v1", server_port(s->model)), "model_provider.model=double",
        arena_printf(a, "budgets.limits=%s", limits), NULL }));
    CHECK_OK(budgets_configure(s->gateway.budgets));
}

static void say(struct scene *s, const char *who, const char *text) AWAITS
{
    static unsigned n;
    struct message m = { .platform = S("fake"), .chat_id = str_from(who), .user_id = str_from(who), .user_name = str_from(who),
                         .external_id = str_from(arena_printf(s->home.arena, "%u", n++)), .text = str_from(text) };
    struct received r;
    size_t before = s->n_sent;

    buf_clear(&s->sent);
    CHECK_OK(intake_receive(&s->gateway, s->home.arena, &m, 1, &r));
    scene_settle(s);
    UNTIL(s->n_sent > before);
}

static void check_sent(struct scene *s, const char *words)
{
    if (str_find(buf_str(&s->sent), str_from(words)) == STR_NONE)
        CHECK_STR(buf_str(&s->sent), words);
}

TEST(a_refusal_names_no_figures_of_others)
{
    static const struct {
        enum budget_refusal why;
        enum budget_scope   scope;
        enum period_kind    per;
        int64_t             money, tokens;
        bool                owner, chinese;
        const char         *want;
    } cases[] = {
        { BUDGET_SPENT, BUDGET_USER, PERIOD_DAY, 1500000, -1, false, false,
          "Today's budget of yours is used up (1.50 / 1.50 USD). It begins anew at 2026-11-21 00:00." },
        { BUDGET_SPENT, BUDGET_USER, PERIOD_DAY, 5000000, 1200, false, true,
          "今天你的额度已用完（1.50 / 5.00 USD, 1200 / 1200 个词元），2026-11-21 00:00 起重新计算。" },
        { BUDGET_SPENT, BUDGET_GLOBAL, PERIOD_MONTH, 1000000, -1, false, false,
          "This month's budget of everybody together is used up. It begins anew at 2026-11-21 00:00." },
        { BUDGET_SPENT, BUDGET_GLOBAL, PERIOD_MONTH, -1, 2000, true, false,
          "This month's budget of everybody together leaves too little for another answer (1200 / 2000 tokens). "
          "It begins anew at 2026-11-21 00:00." },
        { BUDGET_SPENT, BUDGET_SESSION, PERIOD_DAY, -1, 1000, false, true, "今天本对话的额度已用完，2026-11-21 00:00 起重新计算。" },
        { BUDGET_PRICE_UNKNOWN, BUDGET_GLOBAL, PERIOD_DAY, 1, -1, true, false,
          "Nobody knows the price of acme/one in USD, and money is limited. Set its price, or budgets.unknown_price." },
        { BUDGET_PRICE_UNKNOWN, BUDGET_GLOBAL, PERIOD_DAY, 1, -1, false, false,
          "The price of the model is not known, and money is limited, so I may not use it. My owner can change that." },
    };
    CLEANUP(arena_freep) struct arena *a = arena_new();

    setenv("TZ", "UTC", 1);
    tzset();
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        struct budget_state state = { cases[i].scope, cases[i].per, S("anna"), { cases[i].money, cases[i].tokens }, { 1500000, 1200 },
                                      .period = { 0, INT64_C(1795219200000) } };
        struct budget_denial d = { cases[i].why, state, .model = "acme/one", .currency = "USD" };

        CHECK_STR(spending_refusal(a, &d, cases[i].owner, cases[i].chinese), cases[i].want);
    }
    unsetenv("TZ");
    tzset();
}

TEST(whoever_is_refused_is_told_so_in_their_language)
{
    CLEANUP(scene_end) struct scene s;

    scene_start(&s, 10);
    scene_pair(&s, "anna");             /* the owner */
    scene_pair(&s, "berta");
    scene_restart(&s, 10);
    set_limits(&s, "[{scope: user, per: day, tokens: 20}, {scope: global, per: month, money: 1}]");
    say(&s, "berta", "hello");
    check_sent(&s, "Today's budget of yours leaves too little for another answer (0 / 20 tokens). It begins anew at ");
    say(&s, "anna", "你好");
    check_sent(&s, "今天你的剩余额度不够再回答一次（0 / 20 个词元），");
    set_limits(&s, "[{scope: global, per: month, tokens: 20}]");
    say(&s, "berta", "hello");
    check_sent(&s, "This month's budget of everybody together leaves too little for another answer. It begins anew at ");
    set_limits(&s, "[]");
    say(&s, "berta", "hello");
    check_sent(&s, "echo: hello");
}

TEST(usage_shows_everybody_their_own_and_the_owner_all)
{
    CLEANUP(scene_end) struct scene s;
    struct usage_sum *sums;
    size_t n;

    scene_start(&s, 10);
    scene_pair(&s, "anna");
    scene_pair(&s, "berta");
    scene_restart(&s, 10);
    set_limits(&s, "[{scope: user, per: day, tokens: 100k}, {scope: global, per: month, money: 2.5}]");
    say(&s, "anna", "hello");
    say(&s, "berta", "hello");
    say(&s, "berta", "/usage");
    check_sent(&s, "You:\n- today: 1 calls, ");
    check_sent(&s, "Limits:\n- today, of yours: ");
    CHECK(str_find(buf_str(&s.sent), S("Everybody")) == STR_NONE && str_find(buf_str(&s.sent), S("2.50")) == STR_NONE);
    say(&s, "anna", "/usage");
    check_sent(&s, "Everybody:\n- today: 2 calls, ");
    check_sent(&s, "  - `double` 2 calls");
    check_sent(&s, "- this month, of everybody together: 0.00 / 2.50 USD");
    struct usage_wish w;

    CHECK_OK(usage_wish_read(S("person"), S(""), S(""), "USD", &w));
    CHECK_OK(usage_sums(s.gateway.store, s.home.arena, &w, &sums, &n));
    CHECK_INT(n, 2);
    CHECK_INT(sums[0].calls + sums[1].calls, 2);
    CHECK(sums[0].input > 0 && sums[0].output > 0);
}

static size_t warnings(struct scene *s, const char *words)
{
    size_t n = 0;

    for (str rest = buf_str(&s->sent); str_find(rest, str_from(words)) != STR_NONE; n++)
        rest = str_skip(rest, str_find(rest, str_from(words)) + 1);
    return n;
}

static void spend(struct scene *s, int64_t tokens) AWAITS
{
    static const struct provider acme = { .name = "acme" };
    struct model m = { .provider = &acme, .target.endpoint = "https://api.example.org", .label = "acme/one",
                       .facts = MODEL_FACTS_UNKNOWN };
    struct spend who = { S("berta"), S("s"), S(""), "turn", 0 };
    struct prompt p = { .max_tokens = 1 };
    struct reply r = { .usage = { .input = tokens } };
    struct budget_hold h;

    CHECK_OK(budget_reserve(s->gateway.budgets, &m, &who, &p, NULL, &h));
    budget_settle(&h, &r, &(struct usage){ 0 });
}

TEST(the_owner_is_warned_once_a_period_restarts_included)
{
    CLEANUP(scene_end) struct scene s;

    scene_start(&s, 10);
    scene_pair(&s, "anna");
    scene_restart(&s, 10);
    say(&s, "anna", "hello");           /* there is a chat to write to */
    for (int i = 0; i < 2; i++) {
        s.gateway.alerts = alerts_new(&s.gateway);
        set_limits(&s, "[{scope: user, user: berta, per: day, tokens: 100k}]");
        spend(&s, 83000);
        for (int k = 0; k < 200; k++)
            CHECK_OK(fiber_sleep(1));
        CHECK_INT(warnings(&s, "83% of today's budget of berta are used up: 83000 / 100000 tokens, until "), 0);
        CHECK_INT(warnings(&s, "80% of today's budget of berta are used up: 83000 / 100000 tokens, until "), 1);
        CHECK_INT(warnings(&s, "today's budget of berta is used up: 166000 / 100000 tokens, until "), (size_t)i);
        alerts_free(s.gateway.alerts);
        s.gateway.alerts = NULL;
        if (i == 0)
            scene_restart(&s, 10);
    }
}
