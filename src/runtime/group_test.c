// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include "runtime/clock.h"
#include "runtime/fiber.h"
#include "runtime/queue.h"

struct job { enum err result; int ran, cancelled; };

static enum err end_as_told(void *arg)
{
    struct job *j = arg;

    j->ran++;
    return j->result ? failed(j->result, "told to fail") : OK;
}

static enum err sleep_long(void *arg)
{
    struct job *j = arg;
    enum err e = fiber_sleep(1000000);

    j->cancelled += e == ERR_CANCELLED;
    return e;
}

TEST(a_failing_child_cancels_its_siblings_and_its_text_is_kept)
{
    struct job j = { .result = ERR_NET };
    CLEANUP(fibers_done) struct fibers g = { 0 };

    fibers_spawn(&g, "sleeper", sleep_long, &j);
    fibers_spawn(&g, "sleeper", sleep_long, &j);
    fibers_spawn(&g, "broken", end_as_told, &j);
    CHECK_INT(g.n, 3);
    CHECK_ERR(fibers_wait(&g), ERR_NET);
    CHECK_STR(str_from(failed_text()), "told to fail");
    CHECK_INT(j.cancelled, 2);
    CHECK_INT(g.n, 0);
}

TEST(after_a_failure_new_children_are_cancelled_until_the_group_was_waited_for)
{
    struct job bad = { .result = ERR_NET }, good = { 0 };
    CLEANUP(fibers_done) struct fibers g = { 0 };

    fibers_spawn(&g, "broken", end_as_told, &bad);
    CHECK_OK(fiber_yield());
    fibers_spawn(&g, "late", end_as_told, &good);
    CHECK_ERR(fibers_wait(&g), ERR_NET);
    CHECK_INT(good.ran, 0);
    fibers_spawn(&g, "again", end_as_told, &good);
    CHECK_OK(fibers_wait(&g));
    CHECK_INT(good.ran, 1);
}

TEST(independent_children_do_not_touch_each_other)
{
    struct job bad = { .result = ERR_NET }, slow = { 0 };
    CLEANUP(fibers_done) struct fibers g = { .independent = true };

    fibers_spawn(&g, "broken", end_as_told, &bad);
    fibers_spawn(&g, "sleeper", sleep_long, &slow);
    CHECK_OK(fiber_yield());
    CHECK_OK(fiber_yield());
    CHECK_INT(g.n, 1);
    CHECK_INT(slow.cancelled, 0);
}

TEST(leaving_the_scope_cancels_and_joins)
{
    struct job j = { 0 };

    {
        CLEANUP(fibers_done) struct fibers g = { 0 };

        fibers_spawn(&g, "sleeper", sleep_long, &j);
        CHECK_OK(fiber_yield());
        fibers_spawn(&g, "never started", sleep_long, &j);
    }
    CHECK_INT(j.cancelled, 1);
    CHECK_INT(fibers_alive(), 1);
}

TEST(a_group_that_was_never_used_is_done_at_once)
{
    CLEANUP(fibers_done) struct fibers g = { 0 };

    CHECK_OK(fibers_wait(&g));
}

static enum err lead(void *arg)
{
    CLEANUP(fibers_done) struct fibers g = { 0 };

    fibers_spawn(&g, "child", sleep_long, arg);
    fibers_spawn(&g, "child", sleep_long, arg);
    return fibers_wait(&g);
}

TEST(cancellation_reaches_the_grandchildren)
{
    struct job j = { 0 };
    struct fiber *f = fiber_spawn("leader", lead, &j);

    CHECK_OK(fiber_yield());
    CHECK_OK(fiber_yield());
    fiber_cancel(f);
    CHECK_ERR(fiber_join(f), ERR_CANCELLED);
    CHECK_INT(j.cancelled, 2);
}

TEST(a_group_out_of_time_says_timeout)
{
    CLEANUP(deadline_clear) struct deadline d = { 0 };
    struct job j = { 0 };
    CLEANUP(fibers_done) struct fibers g = { 0 };

    fibers_spawn(&g, "child", sleep_long, &j);
    deadline_set(&d, 1);
    CHECK_ERR(fibers_wait(&g), ERR_TIMEOUT);
    CHECK_INT(j.cancelled, 1);
}

/* --- queues --- */

static int items[8];
static int n_dropped;

static void count_drop(void *item)
{
    (void)item;
    n_dropped++;
}

static enum err push_all(void *arg)
{
    enum err e = OK;

    for (size_t i = 0; i < N_ELEMENTS(items) && e == OK; i++)
        e = queue_push(arg, &items[i]);
    queue_close(arg);
    return e;
}

TEST(a_full_queue_makes_the_pusher_wait_and_keeps_the_order)
{
    CLEANUP(queue_done) struct queue q;
    void *item = NULL;

    queue_init(&q, 2, QUEUE_WAIT);
    struct fiber *f = fiber_spawn("pusher", push_all, &q);

    CHECK_OK(fiber_yield());
    CHECK_INT(q.n, 2);
    for (size_t i = 0; i < N_ELEMENTS(items); i++) {
        CHECK_OK(queue_pop(&q, &item));
        CHECK(item == &items[i]);
    }
    CHECK_ERR(queue_pop(&q, &item), ERR_NOT_FOUND);
    CHECK_ERR(queue_push(&q, item), ERR_CONFLICT);
    CHECK_OK(fiber_join(f));
}

TEST(a_full_queue_refuses)
{
    CLEANUP(queue_done) struct queue q;

    queue_init(&q, 1, QUEUE_REFUSE);
    CHECK_OK(queue_push(&q, &items[0]));
    CHECK_ERR(queue_push(&q, &items[1]), ERR_LIMIT);
}

TEST(a_full_queue_drops_the_oldest)
{
    struct queue q;
    void *item = NULL;

    queue_init(&q, 2, QUEUE_DROP_OLDEST);
    q.on_drop = count_drop;
    n_dropped = 0;
    CHECK_OK(push_all(&q));
    CHECK_INT(q.dropped, N_ELEMENTS(items) - 2);
    CHECK(queue_try_pop(&q, &item));
    CHECK(item == &items[N_ELEMENTS(items) - 2]);
    queue_done(&q);
    CHECK_INT(n_dropped, N_ELEMENTS(items) - 1);    /* the one left inside as well */
}

static enum err pop_one(void *arg)
{
    void *item;

    return queue_pop(arg, &item);
}

TEST(closing_wakes_whoever_waits)
{
    CLEANUP(queue_done) struct queue empty, full;

    queue_init(&empty, 1, QUEUE_WAIT);
    queue_init(&full, 1, QUEUE_WAIT);
    struct fiber *popper = fiber_spawn("popper", pop_one, &empty), *pusher = fiber_spawn("pusher", push_all, &full);

    CHECK_OK(fiber_yield());
    queue_close(&empty);
    queue_close(&full);
    CHECK_ERR(fiber_join(popper), ERR_NOT_FOUND);
    CHECK_ERR(fiber_join(pusher), ERR_CONFLICT);
}

TEST(a_cancelled_popper_takes_nothing)
{
    CLEANUP(queue_done) struct queue q;

    queue_init(&q, 1, QUEUE_WAIT);
    struct fiber *f = fiber_spawn("popper", pop_one, &q);

    CHECK_OK(fiber_yield());
    fiber_cancel(f);
    CHECK_OK(queue_push(&q, &items[0]));
    CHECK_ERR(fiber_join(f), ERR_CANCELLED);
    CHECK_INT(q.n, 1);
}
