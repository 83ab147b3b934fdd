// SPDX-License-Identifier: Apache-2.0
/* loop.c: descriptors are watched by an epoll set of our own, since libuv's uv_poll pays two system calls for
 * every change of mind.  libuv (processes, signals, thread pool) is one more descriptor in that set. */
#include "runtime/loop.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <uv.h>

#include "base/mem.h"
#include "runtime/clock.h"
#include "runtime/internal.h"

enum { BATCH = 256, DEFAULT_WORKERS = 4, DEFAULT_SLICE_MS = 50 };

static struct {
    bool          running, abandoned, uv_touched;
    int           epoll;
    uv_loop_t    *uv;
    struct poller uv_poller, post_poller;
    int           n_events, next_event;
    struct epoll_event events[BATCH];
} loop = { .epoll = -1 };

struct post { struct post *next; void (*fn)(void *); void *arg; };

/* Shared with other threads. */
static struct {
    pthread_mutex_t lock;
    int             event;      /* -1: no loop runs */
    struct post    *first, **last;
} posts = { .lock = PTHREAD_MUTEX_INITIALIZER, .event = -1 };

/* --- descriptors --- */

enum err poller_arm(struct poller *p, uint32_t events)
{
    struct epoll_event ev = { .events = events, .data.ptr = p };
    int op = p->armed == 0 ? EPOLL_CTL_ADD : events == 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;

    assert(loop.running);
    if (events == p->armed)
        return OK;
    if (epoll_ctl(loop.epoll, op, p->raw, &ev) < 0 && events)
        return failed(ERR_IO, "cannot watch descriptor %d: %s", p->raw, strerror(errno));
    p->armed = events;
    return OK;
}

void poller_disarm(struct poller *p)
{
    if (loop.running && poller_arm(p, 0) != OK)
        return;
    for (int i = loop.next_event; i < loop.n_events; i++)
        if (loop.events[i].data.ptr == p)
            loop.events[i].data.ptr = NULL;
}

/* Until the next timer, or the next look at stacks that can be trimmed. */
static int wait_ms(void)
{
    uint64_t due = fibers_trim(), now = monotonic_us();
    uint64_t next = clock_is_fake() ? UINT64_MAX : timers_next();   /* only a fiber moves a clock that stands */

    if (fibers_any_ready())
        return 0;
    if (next < due / 1000)
        due = next * 1000;
    if (due == UINT64_MAX)
        return -1;
    if (due <= now)
        return 0;
    uint64_t ms = (due - now + 999) / 1000;     /* rounded up: waking early would spin */

    return ms < INT_MAX ? (int)ms : INT_MAX;
}

static void tell_events(void)
{
    for (loop.next_event = 0; loop.next_event < loop.n_events;) {
        struct epoll_event *ev = &loop.events[loop.next_event++];
        struct poller *p = ev->data.ptr;

        if (p)
            p->ready(p, ev->events);
    }
    loop.n_events = loop.next_event = 0;
}

static void run_uv(void)
{
    while (loop.uv_touched) {
        loop.uv_touched = false;
        uv_run(loop.uv, UV_RUN_NOWAIT);
    }
}

static void wait_for_events(void)
{
    run_uv();       /* it tells its epoll set of new watchers only while it runs */
    int n = epoll_wait(loop.epoll, loop.events, BATCH, wait_ms());

    loop.n_events = n > 0 ? n : 0;
    tell_events();
    run_uv();
    if (timers_next() <= clock_ms())
        timers_fire();
}

/* --- libuv --- */

static void on_uv(struct poller *p, uint32_t events)
{
    (void)p;
    (void)events;
    loop.uv_touched = true;
}

uv_loop_t *loop_uv(void)
{
    assert(loop.running);
    loop.uv_touched = true;
    return loop.uv;
}

/* --- posts --- */

void loop_post(void (*fn)(void *), void *arg)
{
    struct post *p = NEW(struct post);
    static const uint64_t one = 1;

    *p = (struct post){ .fn = fn, .arg = arg };
    pthread_mutex_lock(&posts.lock);
    if (posts.event < 0) {
        mem_freep(&p);
    } else {
        bool was_empty = posts.first == NULL;

        *posts.last = p;
        posts.last = &p->next;
        if (was_empty && write(posts.event, &one, sizeof one) < 0)
            mem_die("clawdbot: the loop cannot be woken\n");
    }
    pthread_mutex_unlock(&posts.lock);
}

static struct post *take_posts(void)
{
    uint64_t ignored;

    pthread_mutex_lock(&posts.lock);
    struct post *first = posts.first;

    posts.first = NULL;
    posts.last = &posts.first;
    if (first && read(posts.event, &ignored, sizeof ignored) < 0)
        mem_die("clawdbot: the loop's wake-up descriptor is broken\n");
    pthread_mutex_unlock(&posts.lock);
    return first;
}

static void on_post(struct poller *poller, uint32_t events)
{
    (void)poller;
    (void)events;
    for (struct post *p = take_posts(), *next; p; p = next) {
        next = p->next;
        p->fn(p->arg);
        mem_freep(&p);
    }
}

/* --- life --- */

static void must(bool good, const char *what)
{
    if (!good)
        mem_die(what);
}

static void watch(struct poller *p, int raw, void (*fn)(struct poller *, uint32_t))
{
    *p = (struct poller){ .raw = raw, .ready = fn };
    must(poller_arm(p, EPOLLIN) == OK, "clawdbot: the loop cannot watch its own descriptors\n");
}

static void start(const struct loop_options *o)
{
    char workers[16];

    assert(!loop.running);
    /* libuv reads it at the first piece of work, once for the life of the process. */
    snprintf(workers, sizeof workers, "%u", o && o->workers ? o->workers : DEFAULT_WORKERS);
    setenv("UV_THREADPOOL_SIZE", workers, 1);
    signal(SIGPIPE, SIG_IGN);
    fibers_start(o && o->slice_warn_ms ? o->slice_warn_ms : DEFAULT_SLICE_MS);
    loop.running = true;
    loop.abandoned = false;
    loop.epoll = epoll_create1(EPOLL_CLOEXEC);
    loop.uv = NEW(uv_loop_t);
    must(loop.epoll >= 0 && uv_loop_init(loop.uv) == 0, "clawdbot: no event loop to be had\n");
    posts.event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    posts.last = &posts.first;
    must(posts.event >= 0, "clawdbot: no eventfd to be had\n");
    watch(&loop.uv_poller, uv_backend_fd(loop.uv), on_uv);
    watch(&loop.post_poller, posts.event, on_post);
    crash_watch();
}

static void close_posts(void)
{
    while (posts.first)
        on_post(NULL, 0);
    pthread_mutex_lock(&posts.lock);
    close(posts.event);
    posts.event = -1;
    pthread_mutex_unlock(&posts.lock);
}

static void stop(void)
{
    crash_unwatch();
    close_posts();
    if (!loop.abandoned) {
        signals_stop();
        processes_stop();
        uv_run(loop.uv, UV_RUN_DEFAULT);
        int busy = uv_loop_close(loop.uv);

        assert(busy == 0);
        mem_freep(&loop.uv);
    }
    timers_drop();
    fibers_drop();
    close(loop.epoll);
    loop.epoll = -1;
    loop.running = false;
}

enum err loop_run(const struct loop_options *o, enum err (*fn)(void *), void *arg)
{
    start(o);
    struct fiber *first = fiber_spawn("main", fn, arg);

    while (fibers_alive()) {
        fibers_run_ready();
        if (fibers_alive())
            wait_for_events();
    }
    enum err e = ERR_BUG;

    if (!loop.abandoned) {
        e = fiber_inherit(first->result, fiber_failed_text(first), OK);
        fiber_reap(first);
    }
    stop();
    return e;
}

void loop_abandon(void)
{
    struct fiber *f = fiber_self();

    assert(f);
    loop.abandoned = true;
    fibers_drop();
    for (;;)
        context_suspend(f->context);
}
