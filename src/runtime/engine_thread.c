// SPDX-License-Identifier: Apache-2.0
/* engine_thread.c: a thread a fiber, and a baton: of the loop and all contexts exactly one runs.  Slow, but gdb,
 * core files, Valgrind and ThreadSanitizer see every stack. */
#include "runtime/engine.h"

#include <pthread.h>
#include <signal.h>

#include "base/err.h"
#include "base/mem.h"

enum { THREAD_STACK = 1 << 20 };    /* wider than a fiber's: the tools that want this engine need room of their own */

struct context {
    pthread_t      thread;
    pthread_cond_t resumed;
    bool           runs;            /* this one has the baton, not the loop */
    void         (*entry)(void *);
    void          *arg;
};

static pthread_mutex_t baton = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t  loop_resumed = PTHREAD_COND_INITIALIZER;

static void wait_for_baton(struct context *c)
{
    while (!c->runs)
        pthread_cond_wait(&c->resumed, &baton);
}

static void *run_context(void *arg)
{
    struct context *c = arg;

    pthread_mutex_lock(&baton);
    wait_for_baton(c);
    pthread_mutex_unlock(&baton);
    c->entry(c->arg);
    pthread_mutex_lock(&baton);
    c->runs = false;
    pthread_cond_signal(&loop_resumed);
    pthread_mutex_unlock(&baton);
    return NULL;
}

/* Signals are the loop's.  A fiber's thread may end at any moment, and ThreadSanitizer, which puts a signal off until the
 * thread that got it next waits, would lose it then: a lost SIGCHLD is a process that never ends.  What a thread does to
 * itself it still gets. */
static void block_signals(sigset_t *ret_before)
{
    static const int own[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGSYS, SIGABRT, SIGTRAP };
    sigset_t set;

    sigfillset(&set);
    for (size_t i = 0; i < N_ELEMENTS(own); i++)
        sigdelset(&set, own[i]);
    pthread_sigmask(SIG_BLOCK, &set, ret_before);
}

struct context *context_new(void (*entry)(void *), void *arg)
{
    struct context *c = NEW(struct context);
    pthread_attr_t attr;
    sigset_t before;

    c->entry = entry;
    c->arg = arg;
    pthread_cond_init(&c->resumed, NULL);
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, THREAD_STACK);
    block_signals(&before);
    if (pthread_create(&c->thread, &attr, run_context, c) != 0)
        mem_die("clawdbot: no thread for another fiber\n");
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
    return c;
}

void context_resume(struct context *c)
{
    pthread_mutex_lock(&baton);
    c->runs = true;
    pthread_cond_signal(&c->resumed);
    while (c->runs)
        pthread_cond_wait(&loop_resumed, &baton);
    pthread_mutex_unlock(&baton);
}

void context_suspend(struct context *c)
{
    pthread_mutex_lock(&baton);
    c->runs = false;
    pthread_cond_signal(&loop_resumed);
    wait_for_baton(c);
    pthread_mutex_unlock(&baton);
}

void context_free(struct context *c)
{
    pthread_join(c->thread, NULL);
    pthread_cond_destroy(&c->resumed);
    mem_freep(&c);
}

size_t context_stack_used(const struct context *c)
{
    (void)c;
    return 0;
}

void context_trim(struct context *c)
{
    (void)c;
}

bool context_overflowed(const struct context *c, const void *fault_address)
{
    (void)c;
    (void)fault_address;
    return false;
}
