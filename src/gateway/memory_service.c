// SPDX-License-Identifier: Apache-2.0
#include "gateway/memory_service.h"

#include <stdio.h>

#include "memory/memory.h"

static enum err cannot_open(enum err e, const char *path)
{
    char why[ERR_TEXT_MAX];

    snprintf(why, sizeof why, "%s", failed_text());
    if (e == ERR_CONFLICT)
        return failed(e, "the assistant's memory cannot be opened: %s; run that clawdbot, or move %s away to begin with an empty "
                         "memory", why, path);
    return failed(e, "the assistant's memory cannot be opened: %s; put a sound copy of %s in its place, or move it away to begin with an "
                     "empty memory", why, path);
}

enum err memory_service_open(struct gateway *g)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    const char *path = arena_printf(a, "%s/memory.db", g->home);
    enum err e = store_open(&(struct store_options){ .url = path, .schema = STORE_MEMORY }, &g->memory_store);

    if (e)
        return e != ERR_CANCELLED && e != ERR_TIMEOUT ? cannot_open(e, path) : e;
    struct memory_options o = { .store = g->memory_store, .folder = arena_printf(a, "%s/memory", g->home), .index_type = "auto" };

    return memory_open(&o, &g->memory);
}

void memory_service_close(struct gateway *g)
{
    memory_close(g->memory);
    g->memory = NULL;
    store_close(g->memory_store);
    g->memory_store = NULL;
}
