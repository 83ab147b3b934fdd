// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>

#include "base/metrics.h"
#include "memory/memory_internal.h"

static void add_vectors(struct memory *m, bool unsettled, struct memory_stats *out)
{
    struct vectors_stats v;

    snprintf(m->index_text, sizeof m->index_text, "none");
    if (m->vectors == NULL)
        return;
    vectors_stats(m->vectors, &v);
    out->vectors = v.items;
    out->vector_bytes = v.bytes;
    snprintf(m->index_text, sizeof m->index_text, "%s, %s", v.graphs ? "flat and hnsw" : "flat", v.kernel);
    /* After a change of the embedder not all that lack a vector are in the queue yet. */
    int64_t lacking = out->items - out->failed - (int64_t)v.items;

    if (m->embedder.embed && unsettled && lacking > out->pending)
        out->pending = lacking;
}

enum err memory_stats(struct memory *m, struct memory_stats *out)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    bool unsettled = m->stale || m->lost;       /* as it is while the rows are read, not after */
    struct rows r;

    TRY(store_read(m->store, a, &r, "memory.stats", ""));
    *out = (struct memory_stats){
        .items = row_int(&r, 0, 0), .pending = row_int(&r, 0, 1), .failed = row_int(&r, 0, 2), .purges = row_int(&r, 0, 3),
        .documents = row_int(&r, 0, 4), .collections = row_int(&r, 0, 5), .database_bytes = (uint64_t)row_int(&r, 0, 6),
        .embedder = m->embedder.embed ? m->label : "none", .index = m->index_text,
        .texts = encryption_text(m, row_int(&r, 0, 0)),
    };
    add_vectors(m, unsettled, out);
    return OK;
}

static void show(enum metric metric, int64_t now, int64_t *shown)
{
    metric_add(metric, now - *shown);
    *shown = now;
}

enum err memory_show(struct memory *m)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct rows r;

    TRY(store_read(m->store, a, &r, "vectors.count", ""));
    show(METRIC_memory_items, row_int(&r, 0, 0), &m->shown_items);
    show(METRIC_memory_pending, m->embedder.embed ? row_int(&r, 0, 1) : 0, &m->shown_pending);
    return OK;
}
