// SPDX-License-Identifier: Apache-2.0
#include "gateway/memory_service.h"

#include <stdio.h>
#include <string.h>

#include "config/config.h"
#include "gateway/memory_embedder.h"
#include "memory/memory.h"
#include "store/secrets.h"

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

/* Which embedder and which index it got: the configuration names what is wished. */
static void say(struct gateway *g) AWAITS
{
    struct memory_stats s;

    if (memory_stats(g->memory, &s) == OK)
        log_event(LOG_INFO, "memory.opened", F("items", s.items), F("waiting", s.pending), F("embedder", s.embedder), F("index", s.index),
                  F("dimension", memory_embedder(g->memory)->dimension));
}

enum err memory_service_open(struct gateway *g)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    const char *path = arena_printf(a, "%s/memory.db", g->home);
    struct data_keys *keys = secrets_data_keys(g->secrets);

    if (config_now()->memory_encrypt)
        TRY(secrets_encrypt_texts(g->secrets));
    enum err e = store_open(&(struct store_options){ .url = path, .schema = STORE_MEMORY, .keys = keys }, &g->memory_store);

    if (e)
        return e != ERR_CANCELLED && e != ERR_TIMEOUT ? cannot_open(e, path) : e;
    struct memory_options o = { .store = g->memory_store, .keys = keys, .folder = arena_printf(a, "%s/memory", g->home),
                                .index_type = config_now()->semantic_search_index_type };

    memory_embedder_now(g, &o.embedder);
    TRY(memory_open(&o, &g->memory));
    say(g);
    return OK;
}

void memory_service_start(struct gateway *g)
{
    fibers_spawn(&g->services, "memory", memory_run, g->memory);
}

void memory_service_reload(struct gateway *g)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    const char *before = arena_c(a, str_from(memory_embedder(g->memory)->label));
    size_t dimension = memory_embedder(g->memory)->dimension;
    struct embedder e;

    memory_embedder_now(g, &e);
    if (memory_use_embedder(g->memory, &e))
        log_event(LOG_ERROR, "memory.embedder_failed", F("embedder", e.label), F("error", failed_text()));
    else if (strcmp(before, e.label) != 0 || dimension != e.dimension)
        say(g);
}

void memory_service_close(struct gateway *g)
{
    memory_close(g->memory);
    g->memory = NULL;
    store_close(g->memory_store);
    g->memory_store = NULL;
}
