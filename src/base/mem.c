// SPDX-License-Identifier: Apache-2.0
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

_Noreturn void mem_die(const char *why)
{
    /* No stdio: it may want memory itself. */
    ssize_t ignored = write(STDERR_FILENO, why, strlen(why));

    (void)ignored;
    abort();
}

void *mem_alloc(size_t n)
{
    void *p = calloc(1, n ? n : 1);

    if (p == NULL)
        mem_die("clawdbot: out of memory\n");
    return p;
}

void *mem_resize(void *old, size_t n)
{
    void *p = realloc(old, n ? n : 1);

    if (p == NULL)
        mem_die("clawdbot: out of memory\n");
    return p;
}

void mem_freep(void *pointer_to_pointer)
{
    void **p = pointer_to_pointer;

    free(*p);
    *p = NULL;
}
