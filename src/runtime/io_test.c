// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "runtime/clock.h"
#include "runtime/fd_watch.h"
#include "runtime/loop.h"
#include "runtime/offload.h"
#include "runtime/timer.h"

enum { BIG = 4 << 20 };

struct pair { struct fd *a, *b; };

static struct pair open_pair(void)
{
    int ends[2];

    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    return (struct pair){ fd_open(ends[0]), fd_open(ends[1]) };
}

static void close_pair(struct pair *p)
{
    fd_close(p->a);
    fd_close(p->b);
}

static enum err echo_until_end(void *arg)
{
    struct pair *p = arg;
    char text[1000];
    size_t n;

    do {
        TRY(fd_read(p->b, text, sizeof text, &n));
        TRY(fd_write(p->b, str_of(text, n)));
    } while (n);
    return OK;
}

TEST(a_reader_waits_for_the_writer)
{
    CLEANUP(close_pair) struct pair p = open_pair();
    struct fiber *f = fiber_spawn("echo", echo_until_end, &p);
    char text[64];
    size_t n;

    for (int i = 0; i < 3; i++) {
        CHECK_OK(fiber_yield());
        CHECK_OK(fd_write(p.a, S("hello")));
        CHECK_OK(fd_read(p.a, text, 2, &n));
        CHECK_STR(str_of(text, n), "he");
        CHECK_OK(fd_read(p.a, text, sizeof text, &n));
        CHECK_STR(str_of(text, n), "llo");
    }
    shutdown(fd_raw(p.a), SHUT_WR);
    CHECK_OK(fiber_join(f));
    fd_closep(&p.b);
    CHECK_OK(fd_read(p.a, text, sizeof text, &n));
    CHECK_INT(n, 0);
    CHECK_ERR(fd_write(p.a, S("anyone?")), ERR_NET);
}

static enum err write_big(void *arg)
{
    CLEANUP(mem_freep) char *big = mem_alloc(BIG);

    memset(big, 'x', BIG);
    return fd_write(arg, str_of(big, BIG));
}

static void read_big(struct fd *fd)
{
    char text[16000];
    size_t n, total = 0;

    while (total < BIG) {
        CHECK_OK(fd_read(fd, text, sizeof text, &n));
        CHECK(n > 0 && text[0] == 'x');
        total += n;
    }
    CHECK_INT(total, BIG);
}

static enum err read_big_fiber(void *arg)
{
    read_big(arg);
    return OK;
}

TEST(more_than_the_kernel_holds_goes_both_ways_at_once)
{
    CLEANUP(close_pair) struct pair p = open_pair();
    struct fiber *w = fiber_spawn("a to b", write_big, p.a), *w2 = fiber_spawn("b to a", write_big, p.b);
    struct fiber *r = fiber_spawn("at b", read_big_fiber, p.b);

    read_big(p.a);
    CHECK_OK(fiber_join(w));
    CHECK_OK(fiber_join(w2));
    CHECK_OK(fiber_join(r));
}

static enum err nothing(void *arg)
{
    (void)arg;
    return OK;
}

TEST(data_that_comes_while_nobody_waits_is_found_later)
{
    CLEANUP(close_pair) struct pair p = open_pair();
    char text[64];
    int got = 0;
    size_t n;

    for (int i = 0; i < 3; i++) {
        struct fiber *f = fiber_spawn("echo", echo_until_end, &p);

        CHECK_OK(fiber_yield());        /* arms the other side */
        fiber_cancel(f);
        CHECK_ERR(fiber_join(f), ERR_CANCELLED);
        CHECK_OK(fd_write(p.a, S("unseen")));
        CHECK_OK(fiber_offload(nothing, NULL));     /* the loop polls meanwhile */
        CHECK_OK(fd_wait(p.b, FD_READ, &got));
        CHECK_OK(fd_wait(p.b, FD_READ | FD_WRITE, &got));   /* still there: it was not read */
        CHECK(got & FD_READ);
        CHECK_OK(fd_read(p.b, text, sizeof text, &n));
        CHECK_STR(str_of(text, n), "unseen");
    }
}

struct either { struct fd *fd; struct waiters also; int got; };

static enum err wait_either(void *arg)
{
    struct either *e = arg;

    e->got = -1;
    return fd_wait_or(e->fd, FD_READ, &e->also, &e->got);
}

TEST(a_wait_ends_by_the_descriptor_or_by_somebody)
{
    CLEANUP(close_pair) struct pair p = open_pair();
    struct either e = { .fd = p.b };
    struct fiber *f = fiber_spawn("either", wait_either, &e);

    CHECK_OK(fiber_yield());
    wake_all(&e.also);
    CHECK_OK(fiber_join(f));
    CHECK_INT(e.got, 0);
    f = fiber_spawn("either", wait_either, &e);
    CHECK_OK(fiber_yield());
    CHECK_OK(fd_write(p.a, S("x")));
    CHECK_OK(fiber_join(f));
    CHECK_INT(e.got, FD_READ);
}

TEST(a_hang_up_is_readiness_for_both)
{
    CLEANUP(close_pair) struct pair p = open_pair();
    int got = 0;

    fd_closep(&p.b);
    CHECK_OK(fd_wait(p.a, FD_READ | FD_WRITE, &got));
    CHECK_INT(got, FD_READ | FD_WRITE);
}

TEST(a_hang_up_ends_the_wait_for_a_descriptor_of_others)
{
    int pipes[2], got = 0;

    CHECK(pipe(pipes) == 0);
    close(pipes[1]);
    CHECK_OK(fiber_wait_fd(pipes[0], FD_READ, &got));
    CHECK_INT(got, FD_READ);
    close(pipes[0]);
}

TEST(a_wait_for_a_descriptor_obeys_the_deadline)
{
    CLEANUP(close_pair) struct pair p = open_pair();
    CLEANUP(deadline_clear) struct deadline d = { 0 };
    int got = -1;

    deadline_set(&d, 1);
    CHECK_ERR(fd_wait(p.a, FD_READ, &got), ERR_TIMEOUT);
    CHECK_INT(got, -1);
    CHECK_ERR(fiber_wait_fd(fd_raw(p.b), FD_READ, &got), ERR_TIMEOUT);
    deadline_clear(&d);
    CHECK_OK(fd_write(p.a, S("x")));
    CHECK_OK(fiber_wait_fd(fd_raw(p.b), FD_READ, &got));
}

TEST(a_regular_file_is_always_ready)
{
    CLEANUP(fd_closep) struct fd *fd = fd_open(open("/proc/self/exe", O_RDONLY));
    char magic[4];
    size_t n;
    int got;

    CHECK_OK(fd_wait(fd, FD_READ, &got));
    CHECK_OK(fd_read(fd, magic, sizeof magic, &n));
    CHECK_STR(str_of(magic, n), "\177ELF");
    CHECK_OK(fd_read(fd, magic, sizeof magic, &n));
}

TEST(a_busy_reader_lets_others_run)
{
    CLEANUP(fd_closep) struct fd *zero = fd_open(open("/dev/zero", O_RDONLY));
    struct fiber *f = fiber_spawn("other", nothing, NULL);
    char text[16];
    size_t n;

    for (int i = 0; i < 1000 && fibers_alive() > 1; i++)
        CHECK_OK(fd_read(zero, text, sizeof text, &n));
    CHECK_INT(fibers_alive(), 1);
    CHECK_OK(fiber_join(f));
}

/* --- callbacks for libraries --- */

struct seen { struct waiters waiters; struct fd_watch *watch, *other; int events, calls; };

static void on_seen(void *arg, int events)
{
    struct seen *s = arg;

    CHECK(fiber_self() == NULL);
    s->events = events;
    if (++s->calls == 3) {      /* level-triggered: it comes back until it is read or unset */
        fd_watch_free(s->watch);
        fd_watch_free(s->other);        /* whose event may be the next of the same round */
        wake_all(&s->waiters);
    }
}

TEST(a_watch_calls_back_until_it_is_freed)
{
    CLEANUP(close_pair) struct pair p = open_pair();
    struct seen s = { 0 };

    s.watch = fd_watch_new(fd_raw(p.a), on_seen, &s);
    s.other = fd_watch_new(fd_raw(p.b), on_seen, &s);
    CHECK_OK(fd_watch_set(s.watch, FD_READ | FD_WRITE));
    CHECK_OK(fd_watch_set(s.watch, FD_WRITE));
    CHECK_OK(fd_watch_set(s.other, FD_WRITE));
    while (s.calls < 3)
        CHECK_OK(wait_on(&s.waiters, "callbacks"));
    CHECK_INT(s.events, FD_WRITE);
    CHECK_OK(fiber_sleep(1));
    CHECK_INT(s.calls, 3);
}

struct ticks { struct timer timer; int n; char order[8]; };

static void on_tick(void *arg)
{
    struct ticks *t = arg;

    if (++t->n < 3)
        timer_set(&t->timer, 10);
}

TEST(a_timer_calls_back_once_each_time_it_is_set)
{
    struct ticks t = { .timer.fn = on_tick };

    t.timer.arg = &t;
    clock_fake(0);
    timer_set(&t.timer, 100);
    timer_set(&t.timer, 10);
    for (int i = 1; i <= 5; i++) {
        clock_advance(10);
        CHECK_INT(t.n, i < 3 ? i : 3);
    }
    timer_set(&t.timer, 10);
    timer_stop(&t.timer);
    timer_stop(&t.timer);
    clock_advance(10);
    CHECK_INT(t.n, 3);
}

static uint64_t fired[200];
static size_t n_fired;

static void note_time(void *arg)
{
    (void)arg;
    fired[n_fired++] = clock_ms();
}

TEST(many_timers_fire_in_order_whatever_is_stopped_between)
{
    static struct timer timers[200];
    uint64_t start;

    clock_fake(0);
    start = clock_ms();
    n_fired = 0;
    for (size_t i = 0; i < N_ELEMENTS(timers); i++) {
        timers[i] = (struct timer){ .fn = note_time };
        timer_set(&timers[i], i * 7919 % 1000);
    }
    for (size_t i = 0; i < N_ELEMENTS(timers); i += 3)
        timer_stop(&timers[i]);
    for (size_t i = 1; i < N_ELEMENTS(timers); i += 3)
        timer_set(&timers[i], i * 104729 % 1000);
    for (int ms = 0; ms <= 1000; ms++)
        clock_advance(1);
    CHECK_INT(n_fired, 133);
    for (size_t i = 1; i < n_fired; i++)
        CHECK(fired[i - 1] <= fired[i] && fired[i] <= start + 1001);
}

/* --- other threads --- */

static enum err fail_there(void *arg)
{
    return failed(ERR_REMOTE, "said in the pool: %s", (const char *)arg);
}

TEST(an_offloaded_call_brings_its_error_text_back)
{
    CHECK_OK(fiber_offload(nothing, NULL));
    CHECK_ERR(fiber_offload(fail_there, (char[]){ "no" }), ERR_REMOTE);
    CHECK_STR(str_from(failed_text()), "said in the pool: no");
}

struct latch { pthread_mutex_t lock; pthread_cond_t changed; bool entered, leave, left; };

static enum err wait_in_pool(void *arg)
{
    struct latch *l = arg;

    pthread_mutex_lock(&l->lock);
    l->entered = true;
    while (!l->leave)
        pthread_cond_wait(&l->changed, &l->lock);
    l->left = true;
    pthread_mutex_unlock(&l->lock);
    return OK;
}

static enum err offload_latch(void *arg)
{
    return fiber_offload(wait_in_pool, arg);
}

static bool latch_entered(struct latch *l)
{
    pthread_mutex_lock(&l->lock);
    bool entered = l->entered;

    pthread_mutex_unlock(&l->lock);
    return entered;
}

TEST(a_cancelled_caller_leaves_only_after_its_offloaded_call_did)
{
    struct latch l = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };
    struct fiber *f = fiber_spawn("offloader", offload_latch, &l);

    while (!latch_entered(&l))
        CHECK_OK(fiber_yield());
    fiber_cancel(f);
    for (int i = 0; i < 10; i++)
        CHECK_OK(fiber_yield());
    CHECK_INT(fibers_alive(), 2);
    pthread_mutex_lock(&l.lock);
    l.leave = true;
    pthread_cond_signal(&l.changed);
    pthread_mutex_unlock(&l.lock);
    CHECK_ERR(fiber_join(f), ERR_CANCELLED);
    CHECK(l.left);
}

static void let_it_leave(void *arg)
{
    struct latch *l = arg;

    pthread_mutex_lock(&l->lock);
    l->leave = true;
    pthread_cond_signal(&l->changed);
    pthread_mutex_unlock(&l->lock);
}

static enum err offload_latch_long(void *arg)
{
    return fiber_offload_long(wait_in_pool, let_it_leave, arg);
}

TEST(a_long_call_is_interrupted_when_its_caller_is)
{
    struct latch l = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };
    struct latch late = l;
    struct fiber *f = fiber_spawn("offloader", offload_latch_long, &l);
    CLEANUP(deadline_clear) struct deadline d;

    while (!latch_entered(&l))
        CHECK_OK(fiber_yield());
    fiber_cancel(f);
    CHECK_ERR(fiber_join(f), ERR_CANCELLED);
    CHECK(l.left);
    CHECK_ERR(fiber_offload_long(fail_there, let_it_leave, (char[]){ "no" }), ERR_REMOTE);
    CHECK_STR(str_from(failed_text()), "said in the pool: no");
    deadline_set(&d, 20);
    CHECK_ERR(fiber_offload_long(wait_in_pool, let_it_leave, &late), ERR_TIMEOUT);
    CHECK(late.left);
}

struct posted { struct waiters waiters; int n; };

static void on_posted(void *arg)
{
    struct posted *p = arg;

    p->n++;
    wake_all(&p->waiters);
}

static void *post_many(void *arg)
{
    for (int i = 0; i < 100; i++)
        loop_post(on_posted, arg);
    return NULL;
}

TEST(other_threads_post_to_the_loop)
{
    struct posted p = { 0 };
    pthread_t threads[2];

    for (size_t i = 0; i < N_ELEMENTS(threads); i++)
        CHECK(pthread_create(&threads[i], NULL, post_many, &p) == 0);
    while (p.n < 200)
        CHECK_OK(wait_on(&p.waiters, "posts"));
    for (size_t i = 0; i < N_ELEMENTS(threads); i++)
        pthread_join(threads[i], NULL);
}

static enum err wait_signals(void *arg)
{
    return signal_wait((const int[]){ SIGUSR1, SIGUSR2, 0 }, arg);
}

TEST(signals_are_waited_for_and_not_lost_between_waits)
{
    int got = 0;
    struct fiber *f = fiber_spawn("signals", wait_signals, &got);

    CHECK_OK(fiber_yield());
    kill(getpid(), SIGUSR2);
    CHECK_OK(fiber_join(f));
    CHECK_INT(got, SIGUSR2);
    kill(getpid(), SIGUSR1);
    CHECK_OK(fiber_sleep(1));
    CHECK_OK(wait_signals(&got));
    CHECK_INT(got, SIGUSR1);
}
