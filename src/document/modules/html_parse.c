// SPDX-License-Identifier: Apache-2.0
#include "document/modules/html_parse.h"

#include <limits.h>
#include <stdlib.h>
#include <time.h>

#include "base/mem.h"

enum { MEMORY_MAX = 192 << 20, TIME_MAX_MS = 5000, LOOK_EVERY = 256 };

/* Of this thread alone: a busy machine is not the page's fault. */
static uint64_t used_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* gumbo checks no result, so that there is no way to say no but to leave. */
static void *allocate(void *arg, size_t size)
{
    struct html_tree *t = arg;

    t->held += size + sizeof(struct html_block);
    if (t->held > MEMORY_MAX || (++t->n_calls % LOOK_EVERY == 0 && used_ms() - t->started > TIME_MAX_MS))
        longjmp(t->give_up, 1);
    struct html_block *b = mem_resize(NULL, sizeof *b + size);

    *b = (struct html_block){ .after = t->blocks, .size = size };
    if (t->blocks)
        t->blocks->before = b;
    t->blocks = b;
    return b->bytes;
}

static void release(void *arg, void *p)
{
    struct html_tree *t = arg;

    if (p == NULL)
        return;
    struct html_block *b = (struct html_block *)((char *)p - offsetof(struct html_block, bytes));

    if (b->after)
        b->after->before = b->before;
    if (b->before)
        b->before->after = b->after;
    else
        t->blocks = b->after;
    t->held -= b->size + sizeof *b;
    free(b);
}

enum err html_parse(struct html_tree *t, str html)
{
    GumboOptions options = kGumboDefaultOptions;

    options.allocator = allocate;
    options.deallocator = release;
    options.userdata = t;
    options.max_errors = 0;
    t->started = used_ms();
    if (setjmp(t->give_up))
        return failed(ERR_LIMIT, "the page is too tangled to be read as HTML");
    t->document = gumbo_parse_with_options(&options, html.p, html.len)->document;
    return OK;
}

void html_tree_done(struct html_tree *t)
{
    while (t->blocks) {
        struct html_block *b = t->blocks;

        t->blocks = b->after;
        free(b);
    }
}

static const GumboVector *children_of(const GumboNode *n)
{
    if (n->type == GUMBO_NODE_DOCUMENT)
        return &n->v.document.children;
    return n->type == GUMBO_NODE_ELEMENT ? &n->v.element.children : &kGumboEmptyVector;
}

void html_walk_start(struct html_walk *w, const GumboNode *root)
{
    w->n = 0;
    w->pending = root;
}

static const GumboNode *next_child(struct html_walk *w)
{
    struct html_place *top = &w->stack[w->n - 1];
    const GumboVector *children = children_of(top->node);

    return top->next < children->length ? children->data[top->next++] : NULL;
}

enum html_step html_walk_next(struct html_walk *w, const GumboNode **ret_node)
{
    const GumboNode *child = w->pending;

    w->pending = NULL;
    if (child == NULL && w->n == 0)
        return HTML_END;
    if (child == NULL)
        child = next_child(w);
    if (child == NULL) {
        *ret_node = w->stack[--w->n].node;
        return HTML_LEAVE;
    }
    if (w->n == w->cap) {
        w->cap = w->cap ? 2 * w->cap : 64;
        w->stack = mem_resize(w->stack, w->cap * sizeof *w->stack);
    }
    w->stack[w->n++] = (struct html_place){ .node = child };
    *ret_node = child;
    return HTML_ENTER;
}

void html_walk_skip(struct html_walk *w)
{
    w->stack[w->n - 1].next = UINT_MAX;
}

void html_walk_done(struct html_walk *w)
{
    free(w->stack);
}
