// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include "runtime/clock.h"
#include "runtime/failure.h"

TEST(pauses_double_up_to_a_limit_and_are_no_shorter_than_asked_for)
{
    static const struct { uint64_t backoff, max, failures, asked, least, most; } cases[] = {
        { 1000, 0,     1,  FAILURE_NOT_ASKED, 500,  1000 },
        { 1000, 0,     4,  FAILURE_NOT_ASKED, 4000, 8000 },
        { 1000, 5000,  4,  FAILURE_NOT_ASKED, 2500, 5000 },
        { 1000, 5000,  90, FAILURE_NOT_ASKED, 2500, 5000 },
        { 1000, 0,     200, FAILURE_NOT_ASKED, UINT64_MAX / 8, UINT64_MAX / 2 },
        { 0,    0,     9,  FAILURE_NOT_ASKED, 0,    0    },
        { 1000, 0,     1,  7000,              7000, 7099 },
        { 1000, 0,     4,  10,                4000, 8000 },
        { 1000, 0,     1,  UINT64_MAX - 1,    UINT64_MAX - 1, UINT64_MAX - 1 },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        struct failure_policy p = { .backoff_ms = cases[i].backoff, .backoff_max_ms = cases[i].max };

        for (int n = 0; n < 50; n++) {
            uint64_t ms = failure_pause(&p, cases[i].failures, cases[i].asked);

            CHECK(ms >= cases[i].least && ms <= cases[i].most);
        }
    }
}

static enum err fail_three_times(void *arg)
{
    static const struct failure_policy policy = { .tries = 3, .backoff_ms = 1000, .asked_max_ms = 60000 };
    unsigned *n = arg;
    enum err e;

    do
        e = failed(ERR_NET, "try %u", ++*n);
    while ((e = failure_wait(&policy, *n, FAILURE_NOT_ASKED, e)) == OK);
    return e;
}

TEST(it_is_tried_so_often_and_the_last_error_is_told)
{
    unsigned n = 0;

    clock_fake(0);
    struct fiber *f = fiber_spawn("tries", fail_three_times, &n);

    for (int i = 0; i < 40; i++) {
        clock_advance(100);
        CHECK_OK(fiber_yield());
    }
    CHECK_ERR(fiber_join(f), ERR_NET);
    CHECK_INT(n, 3);
    CHECK_STR(str_from(failed_text()), "try 3");
    clock_real();
}

TEST(a_wait_that_leads_nowhere_is_not_begun)
{
    struct failure_policy p = { .tries = 3, .backoff_ms = 1000, .asked_max_ms = 60000 };
    struct deadline d;

    CHECK_ERR(failure_wait(&p, 1, 3600000, failed(ERR_LIMIT, "slow down")), ERR_LIMIT);
    CHECK_STR(str_take(str_from(failed_text()), 18), "try again in 3600 ");
    deadline_set(&d, 100);
    CHECK_ERR(failure_wait(&p, 1, FAILURE_NOT_ASKED, failed(ERR_NET, "gone")), ERR_NET);
    deadline_clear(&d);
    CHECK_STR(str_from(failed_text()), "gone");
}
