// SPDX-License-Identifier: Apache-2.0
/* arena.h: memory of one activity (a turn, a request, a job), freed whole at its end.
 * The first parameter of whatever allocates.  Not thread-safe: one fiber's at a time. */
#pragma once
#include "base/str.h"

struct arena;

struct arena *arena_new(void);
void          arena_free(struct arena *);           /* runs the on_free callbacks, last registered first */
void          arena_freep(struct arena **);

void *arena_alloc(struct arena *, size_t) __attribute__((returns_nonnull, alloc_size(2)));  /* zeroed, 16-aligned */
str   arena_str(struct arena *, str);               /* a copy, NUL-terminated */
char *arena_c(struct arena *, str);                 /* the same as a C string */
char *arena_printf(struct arena *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void  arena_on_free(struct arena *, void (*fn)(void *), void *arg);
size_t arena_size(const struct arena *);            /* bytes held from malloc */

#define ARENA_NEW(a, type) ((type *)arena_alloc((a), sizeof(type)))
