// SPDX-License-Identifier: Apache-2.0
/* embedding_queue.c: items without a vector get one, oldest first, but before them those that were saved just now.  The queue is in the
 * database, so that a crash loses nothing of it. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/map.h"
#include "base/metrics.h"
#include "memory/memory_internal.h"
#include "runtime/clock.h"
#include "runtime/offload.h"

enum { STALE_PAGE = 1000, SHOW_MS = 10 * 1000 };

struct work {
    struct memory    *memory;
    struct arena     *arena;
    struct embedding *list;
    size_t            n, n_unfit;
    const struct rows *rows;            /* id, hash, title, text, twin */
};

/* ---- vectors there are already ---- */

static enum err copy_twins(void *arg)
{
    struct work *w = arg;
    size_t dimension = w->memory->embedder.dimension;

    for (size_t i = 0; i < w->n; i++) {
        int64_t twin = row_int(w->rows, i, 4);
        float *values;

        if (twin == 0)
            continue;
        values = arena_alloc(w->arena, dimension * sizeof *values);
        if (vectors_get(w->memory->vectors, twin, values) == OK)
            w->list[i].values = values;
    }
    return OK;
}

static bool has_twin(const struct work *w)
{
    for (size_t i = 0; i < w->n; i++)
        if (row_int(w->rows, i, 4))
            return true;
    return false;
}

/* ---- asking for the others ---- */

/* The first of each of the same words is asked for, the others take what it gets. */
static enum err embed_each_words_once(struct work *w) AWAITS
{
    struct embedding *asked = arena_alloc(w->arena, w->n * sizeof *asked);
    size_t *place = arena_alloc(w->arena, w->n * sizeof *place), n = 0;
    struct map seen = { 0 };

    for (size_t i = 0; i < w->n; i++) {
        str hash = row_str(w->rows, i, 1);
        struct embedding *first = map_get(&seen, hash);

        if (first == NULL) {
            first = &asked[n++];
            *first = w->list[i];
            map_put(&seen, hash, first);
        }
        place[i] = (size_t)(first - asked);
    }
    map_done(&seen);
    enum err e = embed_all(&w->memory->embedder, w->arena, asked, n);

    for (size_t i = 0; i < w->n; i++) {
        w->list[i].values = asked[place[i]].values;
        w->list[i].unfit = asked[place[i]].unfit;
    }
    return e;
}

static str words_of(struct arena *a, str title, str text)
{
    return title.len ? str_from(arena_printf(a, "%.*s\n%.*s", STR(title), STR(text))) : text;
}

static void take_rows(struct work *w, const struct rows *r)
{
    w->rows = r;
    w->n = r->n;
    w->list = arena_alloc(w->arena, r->n * sizeof *w->list);
    for (size_t i = 0; i < r->n; i++)
        w->list[i] = (struct embedding){ .id = row_int(r, i, 0), .words = words_of(w->arena, row_str(r, i, 2), row_str(r, i, 3)) };
}

static enum err keep(struct work *w) AWAITS
{
    struct made_vector *made = arena_alloc(w->arena, w->n * sizeof *made);
    int64_t unfit = 0;
    size_t n = 0;

    for (size_t i = 0; i < w->n; i++) {
        if (w->list[i].values || w->list[i].unfit)
            made[n++] = (struct made_vector){ w->list[i].id, w->list[i].values };
        if (w->list[i].unfit && w->n_unfit++ == 0)
            unfit = w->list[i].id;
    }
    if (w->n_unfit)
        log_event(LOG_WARN, "memory.unfit", F("items", w->n_unfit), F("first", unfit), F("embedder", w->memory->label),
                  F("what", "the embedder takes other texts and not these: they are found by their words only"));
    return n ? vector_side_put(w->memory, made, n) : OK;
}

/* What could be made before the embedder failed is kept. */
static enum err make_vectors(struct work *w) AWAITS
{
    char why[ERR_TEXT_MAX];

    if (has_twin(w))
        TRY(fiber_offload(copy_twins, w));
    enum err e = embed_each_words_once(w);

    snprintf(why, sizeof why, "%s", failed_text());
    if (e == ERR_CANCELLED)
        return e;
    TRY(keep(w));
    return e ? failed(e, "%s", why) : OK;
}

/* ---- which ---- */

static enum err next_rows(struct memory *m, struct arena *a, struct rows *out) AWAITS
{
    if (m->n_fresh) {
        str fresh = ids_json(a, m->fresh, m->n_fresh);

        m->n_fresh = 0;
        TRY(store_read(m->store, a, out, "vectors.pending_of", "is", m->generation, fresh));
        if (out->n)
            return OK;
    }
    return store_read(m->store, a, out, "vectors.pending", "ii", m->generation, (int64_t)(m->embedder.batch ? m->embedder.batch : 1));
}

static enum err make_some(struct memory *m, size_t *ret_n) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct work w = { .memory = m, .arena = a };
    struct rows rows;

    TRY(next_rows(m, a, &rows));
    *ret_n = rows.n;
    if (rows.n == 0)
        return OK;
    take_rows(&w, &rows);
    return make_vectors(&w);
}

/* ---- another generation ---- */

/* A page of items with a vector of before waits for a new one.  *after: the last of the page; unchanged when there are no more. */
static enum err begin_anew(struct memory *m, int64_t *after) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    int64_t ids[STALE_PAGE];
    struct batch *b;
    struct rows r;

    TRY(store_read(m->store, a, &r, "vectors.stale", "iii", *after, m->generation, (int64_t)STALE_PAGE));
    if (r.n == 0)
        return OK;
    for (size_t i = 0; i < r.n; i++)
        ids[i] = row_int(&r, i, 0);
    b = batch_new(a);
    batch_add(b, "vectors.mark", "is", INT64_C(0), ids_json(a, ids, r.n));
    TRY(store_commit(m->store, b));
    *after = ids[r.n - 1];
    return OK;
}

static enum err put_in_queue(struct memory *m) AWAITS
{
    struct vectors_difference d;

    for (int64_t after = 0, before = -1; m->stale && after != before;) {
        before = after;
        TRY(begin_anew(m, &after));
    }
    if (m->stale)
        TRY(vector_side_all_current(m));
    if (m->lost)
        TRY(vectors_compare(m, MEMORY_MEND, &d));
    m->lost = false;
    return OK;
}

/* ---- the queue ---- */

static enum err work_off(struct memory *m) AWAITS
{
    uint64_t shown = clock_ms();
    size_t n;

    TRY(put_in_queue(m));
    do {
        TRY(make_some(m, &n));
        if (n && clock_ms() - shown > SHOW_MS) {
            TRY(memory_show(m));
            shown = clock_ms();
        }
    } while (n);
    return memory_show(m);
}

static enum err wait_for_better_times(struct memory *m, uint64_t failures, enum err e) AWAITS
{
    if (failures == 1)
        log_event(LOG_WARN, "memory.embedding_failed", F("embedder", m->label), F("code", err_name(e)), F("error", failed_text()));
    metric_add(METRIC_memory_embedding_errors, 1);
    failure_tell("memory embeddings", failed_text());
    return fiber_sleep(failure_pause(&memory_patience, failures, FAILURE_NOT_ASKED));
}

enum err embedding_queue_run(void *memory)
{
    struct memory *m = memory;
    uint64_t failures = 0;

    while (m->vectors && m->embedder.embed) {
        uint64_t seen = m->changes;
        enum err e = work_off(m);

        TRY(fiber_check());
        if (e) {
            TRY(wait_for_better_times(m, ++failures, e));
            continue;
        }
        if (failures) {
            log_event(LOG_INFO, "memory.embedding_works", F("embedder", m->label));
            failure_over("memory embeddings");
        }
        failures = 0;
        TRY(memory_wait_for_change(m, seen));
    }
    return OK;
}
