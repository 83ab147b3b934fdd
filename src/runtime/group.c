// SPDX-License-Identifier: Apache-2.0
#include <assert.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/str.h"
#include "runtime/internal.h"

static void start(struct fibers *g)
{
    if (g->initialised)
        return;
    list_init(&g->children);
    list_init(&g->waiting);
    g->initialised = true;
}

void fibers_spawn(struct fibers *g, const char *name, enum err (*fn)(void *), void *arg)
{
    start(g);
    struct fiber *f = fiber_spawn(name, fn, arg);

    f->group = g;
    list_push_back(&g->children, &f->sibling);
    g->n++;
    if (g->first && !g->independent)
        fiber_cancel(f);        /* its siblings are being cancelled */
}

void fibers_cancel(struct fibers *g)
{
    start(g);
    list_each(node, &g->children)
        fiber_cancel(list_entry(node, struct fiber, sibling));
}

void group_child_ended(struct fiber *f)
{
    struct fibers *g = f->group;

    list_remove(&f->sibling);
    g->n--;
    if (f->result && g->first == OK) {
        g->first = f->result;
        g->first_text = str_dup_c(str_from(fiber_failed_text(f)));
        if (!g->independent)
            fibers_cancel(g);
    }
    if (g->n == 0)
        list_wake_all(&g->waiting);
}

static void wait_deaf(struct fibers *g) AWAITS
{
    while (g->n) {
        list_push_back(&g->waiting, &fiber_self()->link);
        fiber_park_deaf("its children");
    }
}

static void forget_failure(struct fibers *g)
{
    g->first = OK;
    mem_freep(&g->first_text);
}

enum err fibers_wait(struct fibers *g) AWAITS
{
    enum err interrupt = OK;

    start(g);
    if (g->n)
        interrupt = list_wait(&g->waiting, "its children");
    if (interrupt)
        fibers_cancel(g);
    wait_deaf(g);
    enum err e = fiber_inherit(g->first, g->first_text ? g->first_text : "", interrupt);

    forget_failure(g);
    return e;
}

void fibers_done(struct fibers *g)
{
    start(g);
    fibers_cancel(g);
    wait_deaf(g);   /* NO_AWAIT: cleanup may join the children it has just cancelled */
    forget_failure(g);
}
