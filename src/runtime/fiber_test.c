// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include <unistd.h>

#include "base/fault.h"
#include "base/log.h"
#include "runtime/clock.h"
#include "runtime/fiber.h"
#include "runtime/internal.h"

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

static enum err break_down(void *arg)
{
    return failed(ERR_REMOTE, "broke: %s", (const char *)arg);
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

TEST(a_dead_fiber_is_joined_at_once_and_gives_its_text)
{
    struct fiber *f = fiber_spawn("broken", break_down, (char[]){ "badly" });

    CHECK_OK(fiber_yield());
    fiber_cancel(f);
    CHECK_ERR(fiber_join(f), ERR_REMOTE);
    CHECK_STR(str_from(failed_text()), "broke: badly");
}

static enum err count_refused_awaits(void *arg)
{
    for (int i = 0; i < 3; i++) {
        *(int *)arg += fiber_sleep(1000000) == ERR_CANCELLED;
        *(int *)arg += fiber_yield() == ERR_CANCELLED;
        *(int *)arg += fiber_check() == ERR_CANCELLED;
    }
    return OK;
}

TEST(cancellation_sticks_until_the_end)
{
    int n = 0;
    struct fiber *f = fiber_spawn("stubborn", count_refused_awaits, &n);

    CHECK_OK(fiber_yield());
    fiber_cancel(f);
    CHECK_OK(fiber_join(f));
    CHECK_INT(n, 9);
}

static enum err join_sleeper(void *arg)
{
    struct fiber **child = arg;

    *child = fiber_spawn("child", sleep_long, NULL);
    return fiber_join(*child);
}

TEST(a_cancelled_joiner_cancels_the_child_and_waits_for_it)
{
    struct fiber *child;
    struct fiber *f = fiber_spawn("joiner", join_sleeper, &child);

    CHECK_OK(fiber_yield());
    CHECK_OK(fiber_yield());
    CHECK_INT(fibers_alive(), 3);
    fiber_cancel(f);
    CHECK_ERR(fiber_join(f), ERR_CANCELLED);
    CHECK_INT(fibers_alive(), 1);
}

TEST(a_join_out_of_time_cancels_the_child_and_says_timeout)
{
    CLEANUP(deadline_clear) struct deadline d = { 0 };
    struct fiber *f = fiber_spawn("child", sleep_long, NULL);

    deadline_set(&d, 1);
    CHECK_ERR(fiber_join(f), ERR_TIMEOUT);
}

/* --- time --- */

static enum err sleep_then_count(void *arg)
{
    TRY(fiber_sleep(100));
    return count_up(arg);
}

TEST(a_sleeper_wakes_when_the_test_moves_the_clock)
{
    int n = 0;

    clock_fake(1000);
    struct fiber *f = fiber_spawn("sleeper", sleep_then_count, &n);

    CHECK_OK(fiber_yield());
    clock_advance(99);
    CHECK_OK(fiber_yield());
    CHECK_INT(n, 0);
    clock_advance(1);
    CHECK_OK(fiber_yield());
    CHECK_INT(n, 1);
    CHECK_INT(clock_wall_ms(), 1100);
    CHECK_OK(fiber_join(f));
}

TEST(real_time_passes_too)
{
    uint64_t start = clock_ms();

    CHECK_OK(fiber_sleep(5));
    CHECK(clock_ms() >= start + 5);
}

struct nested { uint64_t outer_ms, inner_ms, took; enum err inner, between, after; };

static enum err wait_nested(void *arg)
{
    struct nested *n = arg;
    CLEANUP(deadline_clear) struct deadline outer = { 0 };
    uint64_t start = clock_ms();

    deadline_set(&outer, n->outer_ms);
    {
        CLEANUP(deadline_clear) struct deadline inner = { 0 };

        deadline_set(&inner, n->inner_ms);
        n->inner = fiber_sleep(1000000);
        n->took = clock_ms() - start;
        if (fiber_check() != ERR_TIMEOUT || deadline_left() != 0)
            return failed(ERR_BUG, "a timeout must stick until its deadline is cleared");
    }
    n->between = fiber_check();
    deadline_clear(&outer);
    n->after = fiber_check();
    return OK;
}

TEST(the_nearest_of_nested_deadlines_holds)
{
    struct nested cases[] = {
        { .outer_ms = 500, .inner_ms = 20,  .took = 20, .inner = ERR_TIMEOUT, .between = OK,          .after = OK },
        { .outer_ms = 20,  .inner_ms = 500, .took = 20, .inner = ERR_TIMEOUT, .between = ERR_TIMEOUT, .after = OK },
    };

    clock_fake(0);
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        struct nested got = { .outer_ms = cases[i].outer_ms, .inner_ms = cases[i].inner_ms };
        struct fiber *f = fiber_spawn("nested", wait_nested, &got);

        CHECK_OK(fiber_yield());
        for (int ms = 0; ms < 40; ms += 10) {
            clock_advance(10);
            CHECK_OK(fiber_yield());
        }
        CHECK_OK(fiber_join(f));
        CHECK_INT(got.took, cases[i].took);
        CHECK_ERR(got.inner, cases[i].inner);
        CHECK_ERR(got.between, cases[i].between);
        CHECK_ERR(got.after, cases[i].after);
    }
}

static enum err sleep_within_a_later_deadline(void *arg)
{
    CLEANUP(deadline_clear) struct deadline d = { 0 };

    (void)arg;
    deadline_set(&d, 10);
    deadline_clear(&d);         /* leaves an alarm behind that must not disturb */
    deadline_set(&d, 1000);
    TRY(fiber_sleep(500));
    return clock_wall_ms() == 500 ? OK : failed(ERR_BUG, "slept %lld ms", (long long)clock_wall_ms());
}

TEST(a_deadline_that_was_cleared_wakes_nobody)
{
    clock_fake(0);
    struct fiber *f = fiber_spawn("sleeper", sleep_within_a_later_deadline, NULL);

    CHECK_OK(fiber_yield());
    for (int ms = 0; ms < 500; ms += 10) {
        clock_advance(10);
        CHECK_OK(fiber_yield());
    }
    CHECK_OK(fiber_join(f));
}

TEST(without_a_deadline_there_is_time_for_ever)
{
    CLEANUP(deadline_clear) struct deadline d = { 0 };

    CHECK(deadline_left() == UINT64_MAX);
    deadline_set(&d, UINT64_MAX);
    CHECK(deadline_left() == UINT64_MAX);
    CHECK_OK(fiber_yield());
}

/* --- waiters --- */

struct gate { struct waiters waiters; bool open; int passed; };

static enum err pass(void *arg)
{
    struct gate *g = arg;

    while (!g->open)
        TRY(wait_on(&g->waiters, "the gate"));
    g->passed++;
    return OK;
}

TEST(waking_one_wakes_the_first_and_waking_all_the_rest)
{
    struct gate g = { .open = true };
    CLEANUP(fibers_done) struct fibers group = { 0 };

    wake_one(&g.waiters);       /* nobody is there */
    wake_all(&g.waiters);
    g.open = false;
    for (int i = 0; i < 4; i++)
        fibers_spawn(&group, "visitor", pass, &g);
    CHECK_OK(fiber_yield());
    wake_all(&g.waiters);
    CHECK_OK(fiber_yield());
    CHECK_INT(g.passed, 0);     /* woken in vain, they wait again */
    g.open = true;
    wake_one(&g.waiters);
    CHECK_OK(fiber_yield());
    CHECK_INT(g.passed, 1);
    wake_all(&g.waiters);
    CHECK_OK(fibers_wait(&group));
    CHECK_INT(g.passed, 4);
}

TEST(a_wake_up_before_a_cancellation_is_not_lost)
{
    struct gate g = { 0 };
    struct fiber *f = fiber_spawn("visitor", pass, &g);

    CHECK_OK(fiber_yield());
    g.open = true;
    wake_one(&g.waiters);
    fiber_cancel(f);
    CHECK_OK(fiber_join(f));
    CHECK_INT(g.passed, 1);
}

TEST(a_cancelled_waiter_is_no_longer_in_line)
{
    struct gate g = { 0 };
    struct fiber *first = fiber_spawn("first", pass, &g), *second = fiber_spawn("second", pass, &g);

    CHECK_OK(fiber_yield());
    fiber_cancel(first);
    g.open = true;
    wake_one(&g.waiters);
    CHECK_ERR(fiber_join(first), ERR_CANCELLED);
    CHECK_OK(fiber_join(second));
}

static enum err pass_deaf(void *arg)
{
    struct gate *g = arg;

    while (!g->open)
        wait_out(&g->waiters, "the gate");
    return fiber_check();
}

TEST(a_wait_out_ends_when_it_is_woken_and_not_before)
{
    struct gate g = { 0 };
    struct fiber *f = fiber_spawn("visitor", pass_deaf, &g);

    CHECK_OK(fiber_yield());
    fiber_cancel(f);
    CHECK_OK(fiber_yield());
    CHECK_OK(fiber_yield());
    CHECK_INT(fibers_alive(), 2);
    g.open = true;
    wake_all(&g.waiters);
    CHECK_ERR(fiber_join(f), ERR_CANCELLED);
}

/* --- what a fiber carries --- */

static enum err fail_slowly(void *arg)
{
    enum err e = failed(ERR_INPUT, "mine is %s", (const char *)arg);

    TRY(fiber_yield());
    return e;
}

TEST(failure_texts_survive_awaits_and_do_not_mix)
{
    struct fiber *a = fiber_spawn("a", fail_slowly, (char[]){ "apple" });
    struct fiber *b = fiber_spawn("b", fail_slowly, (char[]){ "pear" });

    CHECK_ERR(fiber_join(a), ERR_INPUT);
    CHECK_STR(str_from(failed_text()), "mine is apple");
    CHECK_ERR(fiber_join(b), ERR_INPUT);
    CHECK_STR(str_from(failed_text()), "mine is pear");
}

static enum err check_context(void *arg)
{
    const char *want = arg;

    if (strcmp(fiber_log_context()->request_id, want) != 0)
        return failed(ERR_BUG, "inherited '%s'", fiber_log_context()->request_id);
    snprintf(fiber_log_context()->request_id, sizeof fiber_log_context()->request_id, "changed");
    return OK;
}

TEST(the_log_context_is_inherited_and_ones_own)
{
    snprintf(fiber_log_context()->request_id, sizeof fiber_log_context()->request_id, "r-1");
    CHECK_OK(fiber_join(fiber_spawn("child", check_context, (char[]){ "r-1" })));
    CHECK_STR(str_from(fiber_log_context()->request_id), "r-1");
}

TEST(an_injected_fault_at_a_park_cancels)
{
    struct fiber *f = fiber_spawn("sleeper", sleep_long, NULL);

    CHECK_OK(fault_arm(S("fiber_park:fail:2:once")));   /* the first is our own, in fiber_join() */
    CHECK_ERR(fiber_join(f), ERR_CANCELLED);
}

TEST(the_list_of_fibers_tells_who_waits_for_what)
{
    struct fiber_info infos[8];
    struct gate g = { 0 };
    struct fiber *f = fiber_spawn("visitor", pass, &g);

    CHECK_OK(fiber_yield());
    CHECK_INT(fibers_list(infos, 1), 2);
    CHECK_INT(fibers_list(infos, N_ELEMENTS(infos)), 2);
    CHECK_STR(str_from(infos[0].state), "running");
    CHECK_STR(str_from(infos[1].name), "visitor");
    CHECK_STR(str_from(infos[1].state), "parked");
    CHECK_STR(str_from(infos[1].why), "the gate");
    CHECK_INT(infos[1].parent, infos[0].id);
    CHECK(infos[1].stack_used < 4096);
    fiber_cancel(f);
    CHECK_ERR(fiber_join(f), ERR_CANCELLED);
}

static enum err park_with_data_around(void *arg)
{
    char above[3000], below[20000];

    memset(above, 'a', sizeof above);
    memset(below, 'b', sizeof below);
    TRY(pass(arg));
    for (size_t i = 0; i < sizeof below; i++)
        if (above[i % sizeof above] != 'a' || below[i] != 'b')
            return failed(ERR_BUG, "byte %zu changed", i);
    return OK;
}

TEST(trimming_a_parked_stack_leaves_what_is_in_use)
{
    struct gate g = { 0 };
    struct fiber *f = fiber_spawn("big frame", park_with_data_around, &g);

    CHECK_OK(fiber_yield());
    CHECK(f->state == FIBER_PARKED);
    context_trim(f->context);
    g.open = true;
    wake_all(&g.waiters);
    CHECK_OK(fiber_join(f));
}

static enum err spin(void *arg)
{
    uint64_t end = clock_ms() + 60;

    while (clock_ms() < end)
        ++*(int *)arg;
    return OK;
}

TEST(a_slice_that_takes_too_long_is_logged)
{
    char line[512] = "";
    int pipes[2], n = 0;

    CHECK(pipe(pipes) == 0);
    log_set_fd(pipes[1]);
    CHECK_OK(fiber_join(fiber_spawn("spinner", spin, &n)));
    log_set_fd(2);
    CHECK(read(pipes[0], line, sizeof line - 1) > 0);
    CHECK(strstr(line, "\"event\":\"fiber.slow\"") && strstr(line, "\"fiber\":\"spinner\""));
    close(pipes[0]);
    close(pipes[1]);
}

static enum err use_floats(void *arg)
{
    double x = *(int *)arg;

    for (int i = 0; i < 10; i++) {
        x = x * 1.5 + 1;
        TRY(fiber_yield());
    }
    return (int)x == (*(int *)arg ? 170 : 113) ? OK : failed(ERR_BUG, "%f", x);
}

TEST(registers_survive_the_company_of_others)
{
    int starts[] = { 0, 1 };
    CLEANUP(fibers_done) struct fibers g = { 0 };

    for (int i = 0; i < 20; i++)
        fibers_spawn(&g, "float", use_floats, &starts[i % 2]);
    CHECK_OK(fibers_wait(&g));
}
