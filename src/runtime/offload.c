// SPDX-License-Identifier: Apache-2.0
#include "runtime/offload.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>

#include "runtime/internal.h"
#include "runtime/loop.h"

/* On the caller's stack: the caller does not leave before the other thread has let go of it. */
struct job {
    uv_work_t      work;        /* in the pool */
    pthread_t      thread;      /* or of its own */
    enum err     (*fn)(void *);
    void          *arg;
    struct fiber  *fiber;
    bool           done;
    enum err       result;
    char           text[ERR_TEXT_MAX];
};

static void work(struct job *j)
{
    j->result = j->fn(j->arg);
    if (j->result)
        snprintf(j->text, sizeof j->text, "%s", failed_text());
}

static void in_pool(uv_work_t *w)
{
    work(w->data);
}

static void on_done(uv_work_t *w, int status)
{
    struct job *j = w->data;

    (void)status;       /* UV_ECANCELED: the caller knows, it did that */
    j->done = true;
    fiber_ready(j->fiber);
}

static enum err result_of(const struct job *j, enum err interrupt)
{
    if (interrupt)
        return interrupt;
    return j->result ? failed(j->result, "%s", j->text) : OK;
}

enum err fiber_offload(enum err (*fn)(void *), void *arg) AWAITS
{
    struct job j = { .fn = fn, .arg = arg, .fiber = fiber_self(), .work.data = &j };

    TRY(fiber_check());
    uv_queue_work(loop_uv(), &j.work, in_pool, on_done);
    enum err interrupt = fiber_park("a pool thread");

    if (interrupt)
        uv_cancel((uv_req_t *)&j.work);     /* succeeds while no thread has taken it */
    while (!j.done)
        fiber_park_deaf("a pool thread");
    return result_of(&j, interrupt);
}

static void on_end(void *arg)
{
    struct job *j = arg;

    pthread_join(j->thread, NULL);      /* it has nothing left to do */
    j->done = true;
    fiber_ready(j->fiber);
}

static void *in_thread(void *arg)
{
    work(arg);
    loop_post(on_end, arg);
    return NULL;
}

static enum err start_thread(struct job *j)
{
    enum { STACK = 512 << 10 };
    pthread_attr_t attr;
    sigset_t all, before;

    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);        /* signals are the loop's */
    int e = pthread_create(&j->thread, &attr, in_thread, j);

    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
    return e ? failed(ERR_LIMIT, "no thread can be started: %s", strerror(e)) : OK;
}

enum err fiber_offload_long(enum err (*fn)(void *), void (*interrupt_it)(void *), void *arg) AWAITS
{
    struct job j = { .fn = fn, .arg = arg, .fiber = fiber_self() };

    TRY(fiber_check());
    TRY(start_thread(&j));
    enum err interrupt = fiber_park("a thread");

    if (interrupt)
        interrupt_it(arg);
    while (!j.done)
        fiber_park_deaf("a thread");
    return result_of(&j, interrupt);
}
