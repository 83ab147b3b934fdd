// SPDX-License-Identifier: Apache-2.0
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/metrics.h"
#include "memory/memory_internal.h"

const struct failure_policy memory_patience = { .tries = UINT_MAX, .backoff_ms = 1000, .backoff_max_ms = 10 * 60 * 1000 };

static void set_embedder(struct memory *m, const struct embedder *e)
{
    char *label = str_dup_c(str_from(e->label ? e->label : ""));

    free(m->label);
    m->label = label;
    m->embedder = *e;
    m->embedder.label = m->label;
}

static enum err parse_index_type(const char *name, enum vectors_kind *out)
{
    static const struct { const char *name; enum vectors_kind type; } types[] = {
        { "auto", VECTORS_AUTO }, { "faiss", VECTORS_AUTO }, { "flat", VECTORS_FLAT }, { "hnsw", VECTORS_HNSW }, { "", VECTORS_AUTO },
    };

    for (size_t i = 0; i < N_ELEMENTS(types); i++)
        if (str_eq_nocase(str_from(name ? name : ""), str_from(types[i].name))) {
            *out = types[i].type;
            return OK;
        }
    return failed(ERR_INPUT, "semantic_search.index_type '%.40s': there are auto, FAISS (which gets auto), flat, hnsw", name);
}

enum err memory_open(const struct memory_options *o, struct memory **out)
{
    enum vectors_kind type;

    TRY(parse_index_type(o->index_type, &type));
    struct memory *m = NEW(struct memory);

    m->store = o->store;
    m->text.store = o->store;
    m->folder = str_dup_c(str_from(o->folder));
    m->kind = type;
    set_embedder(m, &o->embedder);
    enum err e = encryption_open(m, o->keys);

    if (e == OK)
        e = vector_side_open(m);
    if (e)
        memory_close(m);
    else
        *out = m;
    return e;
}

/* What runs uses all of it. */
static void stop_running(struct memory *m) AWAITS
{
    if (m->running)
        fibers_cancel(m->running);
    while (m->running)
        wait_out(&m->ended, "the memory's background work to end");
}

void memory_close(struct memory *m)
{
    if (m == NULL)
        return;
    m->closing = true;
    stop_running(m);
    vector_side_close(m);
    metric_add(METRIC_memory_items, -m->shown_items);
    metric_add(METRIC_memory_pending, -m->shown_pending);
    partitions_forget(m);
    text_done(&m->text);
    free(m->folder);
    free(m->label);
    free(m);
}

/* ---- the background ---- */

void memory_changed(struct memory *m)
{
    m->changes++;
    wake_all(&m->changed);
}

enum err memory_wait_for_change(struct memory *m, uint64_t since)
{
    while (m->changes == since)
        TRY(wait_on(&m->changed, "something to be remembered or forgotten"));
    return OK;
}

static enum err run_once(struct memory *m) AWAITS
{
    CLEANUP(fibers_done) struct fibers g = { 0 };

    fibers_spawn(&g, "memory.embeddings", embedding_queue_run, m);
    fibers_spawn(&g, "memory.purge", purge_run, m);
    fibers_spawn(&g, "memory.upkeep", vector_side_run, m);
    fibers_spawn(&g, "memory.encryption", encryption_run, m);
    m->running = &g;
    enum err e = fibers_wait(&g);

    m->running = NULL;
    wake_all(&m->ended);
    return e;
}

enum err memory_run(void *memory)
{
    struct memory *m = memory;

    for (;;) {
        enum err e = run_once(m);

        if (!m->switching || m->closing)
            return e;
        TRY(fiber_check());
        while (m->switching)
            TRY(wait_on(&m->ended, "another embedder"));
    }
}

static enum err switch_to(struct memory *m, const struct embedder *e) AWAITS
{
    stop_running(m);
    vector_side_close(m);
    set_embedder(m, e);
    return vector_side_open(m);
}

static enum err use_another(struct memory *m, const struct embedder *e) AWAITS
{
    m->switching = true;
    enum err result = switch_to(m, e);

    m->switching = false;
    wake_all(&m->ended);
    return result;
}

enum err memory_use_embedder(struct memory *m, const struct embedder *e)
{
    bool same = (e->embed == NULL) == (m->embedder.embed == NULL) && e->dimension == m->embedder.dimension
        && str_eq(str_from(e->label ? e->label : ""), str_from(m->label));

    while (m->switching)
        TRY(wait_on(&m->ended, "another embedder"));
    if (same) {     /* the label that there is may be in somebody's hands */
        m->embedder.embed = e->embed;
        m->embedder.arg = e->arg;
        m->embedder.batch = e->batch;
        return OK;
    }
    return use_another(m, e);
}

/* As if it had been another embedder's. */
enum err memory_renew_vectors(struct memory *m)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct batch *b = batch_new(a);
    const struct embedder same = m->embedder;
    char *label = arena_c(a, str_from(m->label));

    batch_add(b, "memory_meta.set", "cc", "vectors.embedder", "");
    TRY(store_commit(m->store, b));
    return use_another(m, &(struct embedder){ label, same.dimension, same.batch, same.embed, same.arg });
}

/* ---- what it is ---- */

struct store *memory_store(struct memory *m)
{
    return m->store;
}

struct text *memory_text(struct memory *m)
{
    return &m->text;
}

const struct embedder *memory_embedder(const struct memory *m)
{
    return &m->embedder;
}
