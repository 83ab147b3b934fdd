// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include "runtime/clock.h"
#include "runtime/fiber.h"

static enum err count_up(void *arg)
{
    ++*(int *)arg;
    return OK;
}

static enum err sleep_long(void *arg)
{
    (void)arg;
    return fiber_sleep(1000000);
}

TEST(a_fiber_runs_when_its_spawner_waits)
{
    int n = 0;
    struct fiber *f = fiber_spawn("counter", count_up, &n);

    CHECK_INT(n, 0);
    CHECK_OK(fiber_join(f));
    CHECK_INT(n, 1);
}

TEST(cancelled_before_it_started_it_never_runs)
{
    int n = 0;
    struct fiber *f = fiber_spawn("counter", count_up, &n);

    fiber_cancel(f);
    fiber_cancel(f);
    CHECK_ERR(fiber_join(f), ERR_CANCELLED);
    CHECK_INT(n, 0);
}

TEST(cancelled_while_parked_its_await_returns)
{
    struct fiber *f = fiber_spawn("sleeper", sleep_long, NULL);

    CHECK_OK(fiber_yield());
    fiber_cancel(f);
    fiber_cancel(f);
    CHECK_ERR(fiber_join(f), ERR_CANCELLED);
    CHECK(strstr(failed_text(), "the time to pass"));
}

struct given { struct waiters waiters; bool given; };

static enum err take_out(void *arg)
{
    struct given *g = arg;

    while (!g->given)
        wait_out(&g->waiters, "what is given");
    return fiber_check();
}

TEST(a_wait_out_ends_when_it_is_woken_and_not_before)
{
    struct given g = { .given = false };
    struct fiber *f = fiber_spawn("taker", take_out, &g);

    CHECK_OK(fiber_yield());
    fiber_cancel(f);
    CHECK_OK(fiber_yield());
    CHECK_OK(fiber_yield());
    CHECK_INT(fibers_alive(), 2);
    g.given = true;
    wake_all(&g.waiters);
    CHECK_ERR(fiber_join(f), ERR_CANCELLED);
}
