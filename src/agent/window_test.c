// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include "agent/window.h"
#include "config/config.h"
#include "runtime/clock.h"
#include "store/test_home.h"

static void settings(struct test_home *h)
{
    CHECK_OK(config_load_for_test(h->folder, (const char *[]){ "model_provider.context_tokens=10000", "context.max_tokens=50000", NULL }));
    window_forget();
}

TEST(a_window_is_the_models_context_without_the_answers_room)
{
    static const struct { int64_t context, max_output; uint64_t limit; } cases[] = {
        { 0,      0,    10000 - 2500 },     /* not known: the configured one, of which a quarter at most is for the answer */
        { 32000,  4096, 32000 - 4096 },
        { 32000,  0,    32000 - 8000 },
        { 200000, 64000, 50000 - 8192 },    /* context.max_tokens */
    };
    CLEANUP(home_done) struct test_home h = home_new();

    settings(&h);
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        struct model m = { .label = "x", .facts = { .context = cases[i].context, .max_output = cases[i].max_output } };
        struct window w;

        window_of(&m, &w);
        CHECK_INT(w.limit, cases[i].limit);
        CHECK_INT(w.trim_at, cases[i].limit * 70 / 100);
        CHECK_INT(w.compact_at, cases[i].limit * 85 / 100);
        CHECK(w.trim_to < w.trim_at);
    }
}

TEST(what_a_model_counts_corrects_the_guess_by_and_by)
{
    CLEANUP(home_done) struct test_home h = home_new();
    struct model m = { .label = "a" }, other = { .label = "b" };
    struct window w;

    settings(&h);
    for (int i = 0; i < 20; i++)
        window_learn(&m, 1000, 2000);
    window_of(&m, &w);
    CHECK(w.ratio > 1.95 && w.ratio <= 2);
    CHECK(window_tokens(&w, 100) > 195 && window_guess(&w, 200) < 103);
    window_learn(&m, 1000, 0);              /* it did not say */
    window_learn(&m, 3, 900);               /* too little to learn from */
    for (int i = 0; i < 50; i++)
        window_learn(&m, 1000, 900000);     /* nonsense goes only so far */
    window_of(&m, &w);
    CHECK(w.ratio > 3.9 && w.ratio <= 4);
    window_of(&other, &w);
    CHECK(w.ratio == 1);
}

TEST(what_was_refused_is_not_shown_again_for_a_while)
{
    CLEANUP(home_done) struct test_home h = home_new();
    struct model m = { .label = "a", .facts = { .context = 40000 } };
    struct window w;

    settings(&h);
    window_refused(&m, 8000);
    window_of(&m, &w);
    CHECK_INT(w.limit, 7200);
    window_learn(&m, 9000, 9000);           /* it does take more */
    window_of(&m, &w);
    CHECK_INT(w.limit, 40000 - 8192);
}
