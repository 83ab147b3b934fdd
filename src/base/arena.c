// SPDX-License-Identifier: Apache-2.0
#include "base/arena.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { ALIGN = 16, FIRST_CHUNK = 1024, MAX_CHUNK = 64 << 10 };

struct chunk {
    struct chunk *next;
    size_t        size, used;
    _Alignas(ALIGN) char data[];
};

struct on_free {
    struct on_free *next;
    void          (*fn)(void *);
    void           *arg;
};

struct arena {
    struct chunk   *chunks;     /* newest first; only the newest is filled */
    struct on_free *callbacks;
    size_t          size;
};

struct arena *arena_new(void)
{
    return NEW(struct arena);
}

void arena_free(struct arena *a)
{
    if (a == NULL)
        return;
    for (struct on_free *f = a->callbacks; f; f = f->next)
        f->fn(f->arg);
    for (struct chunk *c = a->chunks, *next; c; c = next) {
        next = c->next;
        free(c);
    }
    free(a);
}

void arena_freep(struct arena **a)
{
    arena_free(*a);
    *a = NULL;
}

static struct chunk *add_chunk(struct arena *a, size_t need)
{
    size_t size = a->chunks ? a->chunks->size * 2 : FIRST_CHUNK;

    if (size > MAX_CHUNK)
        size = MAX_CHUNK;
    if (size < need)
        size = need;
    struct chunk *c = mem_alloc(sizeof *c + size);

    c->size = size;
    c->next = a->chunks;
    a->chunks = c;
    a->size += sizeof *c + size;
    return c;
}

void *arena_alloc(struct arena *a, size_t n)
{
    assert(n < SIZE_MAX / 2);
    n = (n + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    struct chunk *c = a->chunks;

    if (c == NULL || c->size - c->used < n)
        c = add_chunk(a, n);
    void *p = c->data + c->used;

    c->used += n;
    return p;
}

str arena_str(struct arena *a, str s)
{
    return str_of(arena_c(a, s), s.len);
}

char *arena_c(struct arena *a, str s)
{
    char *p = arena_alloc(a, s.len + 1);

    if (s.len)
        memcpy(p, s.p, s.len);
    return p;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
    va_list ap, again;

    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    assert(n >= 0);
    char *p = arena_alloc(a, (size_t)n + 1);

    vsnprintf(p, (size_t)n + 1, fmt, again);
    va_end(again);
    return p;
}

void arena_on_free(struct arena *a, void (*fn)(void *), void *arg)
{
    struct on_free *f = ARENA_NEW(a, struct on_free);

    *f = (struct on_free){ a->callbacks, fn, arg };
    a->callbacks = f;
}

size_t arena_size(const struct arena *a)
{
    return a->size;
}
