// SPDX-License-Identifier: Apache-2.0
/* mem.h: malloc that does not return NULL.  Out of memory aborts with a message; the journal makes that
 * safe.  What comes back is freed with free(). */
#pragma once
#include <stddef.h>

void *mem_alloc(size_t) __attribute__((malloc, returns_nonnull, alloc_size(1)));       /* zeroed */
void *mem_resize(void *, size_t) __attribute__((returns_nonnull, alloc_size(2)));      /* new bytes are not zeroed */
void  mem_freep(void *pointer_to_pointer);      /* CLEANUP(mem_freep) char *text = ...; */

/* Aborts with one line on stderr. */
_Noreturn void mem_die(const char *why);

#define NEW(type) ((type *)mem_alloc(sizeof(type)))
