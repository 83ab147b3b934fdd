// SPDX-License-Identifier: Apache-2.0
#include "model/admission.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"

/* Exists as long as somebody stands in it. */
struct line {
    struct list node, waiting;      /* struct ticket */
    char       *session;
};

/* On the stack of who waits. */
struct ticket {
    struct list    node;
    struct line   *line;
    struct waiters called;
    bool           admitted;
};

void admission_init(struct admission *a, size_t places)
{
    assert(places);
    *a = (struct admission){ .places = places };
    list_init(&a->lines);
}

static struct line *line_of(struct admission *a, str session)
{
    list_each(node, &a->lines) {
        struct line *l = list_entry(node, struct line, node);

        if (str_eq(str_from(l->session), session))
            return l;
    }
    struct line *l = NEW(struct line);

    l->session = str_dup_c(session);
    list_init(&l->waiting);
    list_push_back(&a->lines, &l->node);
    return l;
}

static void step_out(struct admission *a, struct ticket *t)
{
    list_remove(&t->node);
    a->waiting--;
    if (!list_empty(&t->line->waiting))
        return;
    list_remove(&t->line->node);
    free(t->line->session);
    free(t->line);
}

/* The first of the line whose turn it is; then that line is the last. */
static void admit_next(struct admission *a)
{
    struct line *l = list_entry(a->lines.next, struct line, node);
    struct ticket *t = list_entry(l->waiting.next, struct ticket, node);

    list_remove(&l->node);
    list_push_back(&a->lines, &l->node);
    step_out(a, t);
    t->admitted = true;
    a->inside++;
    wake_all(&t->called);
}

enum err admission_enter(struct admission *a, str session)
{
    struct ticket t = { .line = NULL };

    TRY(fiber_check());
    if (a->inside < a->places) {        /* then nobody waits */
        a->inside++;
        return OK;
    }
    t.line = line_of(a, session);
    list_push_back(&t.line->waiting, &t.node);
    a->waiting++;
    while (!t.admitted) {
        enum err e = wait_on(&t.called, "a place at the local model");

        if (e && t.admitted)
            admission_leave(a);
        else if (e)
            step_out(a, &t);
        TRY(e);
    }
    return OK;
}

void admission_leave(struct admission *a)
{
    assert(a->inside);
    a->inside--;
    if (a->waiting)
        admit_next(a);
}
