// SPDX-License-Identifier: Apache-2.0
/* What the primitives of runtime/ cost.  The engine is the one that was built in.  Prints one line a primitive:
 * nanoseconds an operation, the best of several rounds; then the resident memory of a parked fiber. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "runtime/clock.h"
#include "runtime/fd.h"
#include "runtime/loop.h"
#include "runtime/offload.h"
#include "runtime/queue.h"

enum { ROUNDS = 5, FIBERS = 2000 };

static int scale;       /* operations a round */

struct bench { const char *name; enum err (*fn)(int n); int divide; };

static enum err nothing(void *arg)
{
    (void)arg;
    return OK;
}

static enum err yield(int n)
{
    for (int i = 0; i < n; i++)
        TRY(fiber_yield());
    return OK;
}

struct ping { struct waiters ball[2]; int turn, left; };

static enum err play(struct ping *p, int me)
{
    while (p->left-- > 0) {
        while (p->turn != me && p->left > 0)
            TRY(wait_on(&p->ball[me], "the ball"));
        p->turn = !me;
        wake_one(&p->ball[!me]);
    }
    return OK;
}

static enum err play_second(void *arg)
{
    return play(arg, 1);
}

static enum err park_and_wake(int n)
{
    struct ping p = { .left = n };
    struct fiber *f = fiber_spawn("second", play_second, &p);

    TRY(play(&p, 0));
    return fiber_join(f);
}

static enum err spawn_and_join(int n)
{
    for (int i = 0; i < n; i++)
        TRY(fiber_join(fiber_spawn("child", nothing, NULL)));
    return OK;
}

static enum err pop_all(void *arg)
{
    enum err e;
    void *item;

    while ((e = queue_pop(arg, &item)) == OK)
        continue;
    return e == ERR_NOT_FOUND ? OK : e;
}

static enum err push_and_pop(int n)
{
    CLEANUP(queue_done) struct queue q;

    queue_init(&q, 64, QUEUE_WAIT);
    struct fiber *f = fiber_spawn("popper", pop_all, &q);

    for (int i = 0; i < n; i++)
        TRY(queue_push(&q, &q));
    queue_close(&q);
    return fiber_join(f);
}

static enum err offload(int n)
{
    for (int i = 0; i < n; i++)
        TRY(fiber_offload(nothing, NULL));
    return OK;
}

static enum err echo(void *arg)
{
    char text[64];
    size_t n;

    do {
        TRY(fd_read(arg, text, sizeof text, &n));
        TRY(fd_write(arg, str_of(text, n)));
    } while (n);
    return OK;
}

static enum err round_trips(int n)
{
    int ends[2];
    char text[64];
    size_t got;

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
        return failed(ERR_IO, "no socket pair");
    CLEANUP(fd_closep) struct fd *ours = fd_open(ends[0]);
    CLEANUP(fd_closep) struct fd *theirs = fd_open(ends[1]);
    struct fiber *f = fiber_spawn("echo", echo, theirs);

    for (int i = 0; i < n; i++) {
        TRY(fd_write(ours, S("ping")));
        TRY(fd_read(ours, text, sizeof text, &got));
    }
    shutdown(ends[0], SHUT_WR);
    return fiber_join(f);
}

static enum err park(void *arg)
{
    CLEANUP(deadline_clear) struct deadline d = { 0 };

    deadline_set(&d, 1000000);
    return wait_on(arg, "the end");
}

__attribute__((noinline)) static void go_deep(void)
{
    char deep[48 << 10];

    memset(deep, 1, sizeof deep);
    __asm__ volatile("" : : "r"(deep) : "memory");
}

static enum err go_deep_and_park(void *arg)
{
    go_deep();
    return park(arg);
}

static long resident_kb(void)
{
    long size = 0, resident = 0;
    FILE *f = fopen("/proc/self/statm", "r");

    if (f && fscanf(f, "%ld %ld", &size, &resident) != 2)
        resident = 0;
    if (f)
        fclose(f);
    return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

static enum err parked_memory(const char *name, enum err (*fn)(void *), uint64_t ms)
{
    struct waiters never = { 0 };
    CLEANUP(fibers_done) struct fibers g = { .independent = true };
    long before = resident_kb();

    for (int i = 0; i < FIBERS; i++)
        fibers_spawn(&g, "parked", fn, &never);
    TRY(fiber_sleep(ms));
    printf("%-30s %9.2f KiB\n", name, (double)(resident_kb() - before) / FIBERS);
    return OK;
}

static enum err measure(const struct bench *b)
{
    double best = 1e18;
    int n = scale / b->divide;

    for (int i = 0; i < ROUNDS; i++) {
        uint64_t start = clock_us();

        TRY(b->fn(n));
        double ns = (double)(clock_us() - start) * 1000 / n;

        best = ns < best ? ns : best;
    }
    printf("%-30s %9.0f ns\n", b->name, best);
    return OK;
}

static enum err run_all(void *arg)
{
    static const struct bench benches[] = {
        { "yield, alone", yield, 1 },           { "park and wake", park_and_wake, 1 },
        { "spawn and join", spawn_and_join, 4 },{ "queue push and pop", push_and_pop, 1 },
        { "offload", offload, 20 },             { "socket round trip, 2 fibers", round_trips, 10 },
    };

    (void)arg;
    for (size_t i = 0; i < N_ELEMENTS(benches); i++)
        TRY(measure(&benches[i]));
    TRY(parked_memory("a parked fiber", park, 1));
    TRY(parked_memory("that went 48 KiB deep, at once", go_deep_and_park, 1));
    return parked_memory("and two seconds later", go_deep_and_park, 2200);
}

int main(int argc, char **argv)
{
    bool quick = argc > 1 && strcmp(argv[1], "--quick") == 0;

    scale = quick ? 2000 : 200000;
    enum err e = loop_run(&(struct loop_options){ .slice_warn_ms = 100000 }, run_all, NULL);

    if (e)
        fprintf(stderr, "%s: %s\n", err_name(e), failed_text());
    return e != OK;
}
