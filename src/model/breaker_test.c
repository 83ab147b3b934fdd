// SPDX-License-Identifier: Apache-2.0
#include "model/breaker.h"

#include "base/metrics.h"
#include "base/test.h"
#include "config/config.h"
#include "runtime/clock.h"

static struct breaker *start(void)
{
    clock_fake(1792000000000);
    CHECK_OK(config_load_for_test("/tmp", (const char *[]){ "models.breaker.failures=3", "models.breaker.pause=10s",
                                                            "models.breaker.pause_max=30s", NULL }));
    breakers_reset();
    return breaker_of("a/b");
}

static void fail(struct breaker *b, enum err e, int times)
{
    for (int i = 0; i < times; i++)
        breaker_ended(b, failed(e, "HTTP 503: busy"));
}

TEST(it_opens_after_so_many_failures_in_a_row)
{
    struct breaker *b = start();

    fail(b, ERR_NET, 2);
    breaker_ended(b, OK);
    fail(b, ERR_NET, 2);
    CHECK(breaker_allows(b));
    fail(b, ERR_AUTH, 1);
    CHECK_INT(breaker_state(b), BREAKER_OPEN);
    CHECK(!breaker_allows(b));
    CHECK_STR(str_from(breaker_why(b)), "failed 3 times in a row (HTTP 503: busy), asked again in 10 s");
    CHECK_INT(metric_value_for(METRIC_FAMILY_model_circuit, "a/b", NULL), BREAKER_OPEN);
    clock_real();
}

TEST(after_its_pause_one_may_try_and_that_decides)
{
    struct breaker *b = start();

    fail(b, ERR_TIMEOUT, 3);
    clock_advance(10000);
    CHECK(breaker_allows(b));
    CHECK_INT(breaker_state(b), BREAKER_HALF_OPEN);
    CHECK(!breaker_allows(b));
    fail(b, ERR_TIMEOUT, 1);
    CHECK_INT(breaker_state(b), BREAKER_OPEN);
    clock_advance(19999);
    CHECK(!breaker_allows(b));
    clock_advance(1);
    CHECK(breaker_allows(b));
    breaker_ended(b, OK);
    CHECK_INT(breaker_state(b), BREAKER_CLOSED);
    CHECK(breaker_allows(b) && breaker_allows(b));
    clock_real();
}

TEST(its_pause_doubles_and_has_a_limit)
{
    static const unsigned pauses[] = { 10000, 20000, 30000, 30000 };
    struct breaker *b = start();

    fail(b, ERR_REMOTE, 3);
    for (size_t i = 0; i < N_ELEMENTS(pauses); i++) {
        clock_advance(pauses[i] - 1);
        CHECK(!breaker_allows(b));
        clock_advance(1);
        CHECK(breaker_allows(b));
        fail(b, ERR_REMOTE, 1);
    }
    clock_real();
}

TEST(what_the_caller_is_to_blame_for_opens_nothing_and_frees_the_try)
{
    struct breaker *b = start();

    fail(b, ERR_INPUT, 9);
    fail(b, ERR_CANCELLED, 9);
    fail(b, ERR_TOO_LONG, 9);
    CHECK_INT(breaker_state(b), BREAKER_CLOSED);
    fail(b, ERR_LIMIT, 3);
    clock_advance(10000);
    CHECK(breaker_allows(b));
    fail(b, ERR_CANCELLED, 1);
    CHECK(breaker_allows(b));
    clock_real();
}
