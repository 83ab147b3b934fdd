// SPDX-License-Identifier: Apache-2.0
/* vector_side.c: the files of vectors beside the database.  The database says which items have one: it says so after the files were
 * synced, and says that an item is gone before its vector goes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/metrics.h"
#include "memory/memory_internal.h"
#include "runtime/offload.h"

enum { OLD_GENERATIONS = 8 };       /* of which files might be left by a crash */

/* ---- one writer, and those who search ---- */

enum err vector_side_enter(struct memory *m, struct memory **inside)
{
    while (m->writing)
        TRY(wait_on(&m->writers, "the vectors to be written"));
    m->writing = true;
    *inside = m;
    return OK;
}

void vector_side_leave(struct memory **inside)
{
    if (*inside == NULL)
        return;
    (*inside)->writing = false;
    wake_all(&(*inside)->writers);
    *inside = NULL;
}

struct vectors *memory_vectors(struct memory *m)
{
    return m->embedder.embed && !m->switching ? m->vectors : NULL;
}

struct vectors *memory_vectors_use(struct memory *m)
{
    struct vectors *v = memory_vectors(m);

    m->users += v != NULL;
    return v;
}

void memory_vectors_done(struct memory *m, struct vectors *v)
{
    if (v && --m->users == 0)
        wake_all(&m->writers);
}

/* ---- which generation it is ---- */

struct vector_meta { str label; int64_t dimension, generation, current; };

static enum err read_meta(struct memory *m, struct arena *a, struct vector_meta *out) AWAITS
{
    struct { const char *key; int64_t *number; } const numbers[] = {
        { "vectors.dimension", &out->dimension }, { "vectors.generation", &out->generation }, { "vectors.current", &out->current },
    };
    struct rows r;

    TRY(store_read(m->store, a, &r, "memory_meta.all", ""));
    for (size_t i = 0; i < r.n; i++) {
        str key = row_str(&r, i, 0), value = row_str(&r, i, 1);

        if (str_eq(key, S("vectors.embedder")))
            out->label = value;
        for (size_t k = 0; k < N_ELEMENTS(numbers); k++)
            if (str_eq(key, str_from(numbers[k].key)))
                TRY(str_i64(value, numbers[k].number));
    }
    return OK;
}

static void add_number(struct batch *b, struct arena *a, const char *key, int64_t n)
{
    batch_add(b, "memory_meta.set", "cc", key, arena_printf(a, "%lld", (long long)n));
}

static enum err begin_generation(struct memory *m, struct arena *a, struct vector_meta *meta) AWAITS
{
    struct batch *b = batch_new(a);

    meta->generation++;
    meta->label = str_from(m->label);
    meta->dimension = (int64_t)m->embedder.dimension;
    batch_add(b, "memory_meta.set", "cs", "vectors.embedder", meta->label);
    add_number(b, a, "vectors.dimension", meta->dimension);
    add_number(b, a, "vectors.generation", meta->generation);
    return store_commit(m->store, b);
}

enum err vector_side_all_current(struct memory *m)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct batch *b = batch_new(a);

    add_number(b, a, "vectors.current", m->generation);
    TRY(store_commit(m->store, b));
    m->stale = false;
    return OK;
}

/* ---- opening ---- */

struct opening { const char *folder; struct vectors_options options; struct vectors *out; };

static enum err open_files(void *arg)
{
    struct opening *o = arg;

    for (uint32_t i = 1; i <= OLD_GENERATIONS && i < o->options.generation; i++)
        TRY(vectors_delete(o->folder, o->options.generation - i));
    return vectors_open(o->folder, &o->options, &o->out);
}

static enum err open_generation(struct memory *m, const struct vector_meta *meta) AWAITS
{
    struct opening o = { .folder = m->folder, .options = { .dimension = (uint32_t)meta->dimension, .generation = (uint32_t)meta->generation,
                                                            .kind = m->kind } };
    enum err e = fiber_offload(open_files, &o);

    if (e) {
        vectors_close(o.out);
        return e;
    }
    m->vectors = o.out;
    m->generation = meta->generation;
    return OK;
}

static bool is_of(const struct vector_meta *meta, const struct memory *m)
{
    return str_eq(meta->label, str_from(m->label)) && meta->dimension == (int64_t)m->embedder.dimension;
}

/* Fewer vectors than the items say there are: files were lost, or put back from an older copy. */
static enum err find_loss(struct memory *m, struct arena *a) AWAITS
{
    struct vectors_stats s;
    struct rows r;

    TRY(store_read(m->store, a, &r, "vectors.count", ""));
    vectors_stats(m->vectors, &s);
    int64_t missing = row_int(&r, 0, 0) - row_int(&r, 0, 1) - row_int(&r, 0, 2) - (int64_t)s.items;

    if (missing <= 0)
        return OK;
    log_event(LOG_WARN, "memory.vectors_missing", F("missing", missing), F("what", "they are made anew in the background"));
    m->lost = true;
    return OK;
}

/* Without an embedder the files are open all the same: what is forgotten must leave them. */
enum err vector_side_open(struct memory *m)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct vector_meta meta = { 0 };

    TRY(read_meta(m, a, &meta));
    if (m->embedder.embed == NULL && meta.generation == 0)
        return OK;
    if (m->embedder.embed && (meta.generation == 0 || !is_of(&meta, m))) {
        if (meta.generation)
            log_event(LOG_INFO, "memory.vectors_anew", F("embedder", m->label), F("before", meta.label));
        TRY(begin_generation(m, a, &meta));
    }
    enum err e = open_generation(m, &meta);

    if (m->embedder.embed && (e == ERR_INPUT || e == ERR_CONFLICT)) {
        log_event(LOG_WARN, "memory.vectors_anew", F("embedder", m->label), F("error", failed_text()));
        TRY(begin_generation(m, a, &meta));
        e = open_generation(m, &meta);
    }
    TRY(e);
    m->stale = meta.current != meta.generation;
    return m->stale || m->embedder.embed == NULL ? OK : find_loss(m, a);
}

static enum err close_files(void *arg)
{
    vectors_close(arg);
    return OK;
}

/* When what runs has ended, and whoever searches has left. */
void vector_side_close(struct memory *m)
{
    struct vectors *v = m->vectors;

    while (m->users || m->writing)
        wait_out(&m->writers, "searches in the vectors to end");
    m->vectors = NULL;
    m->generation = 0;
    m->lost = m->stale = false;
    if (v)
        (void)!fiber_offload(close_files, v);   /* it cannot fail; a cancellation that came meanwhile shows at the next await */
}

/* ---- putting ---- */

struct putting {
    struct vectors           *vectors;
    const struct made_vector *list;
    size_t                    n, dimension;
    const struct rows        *wanted;       /* ids, ascending */
    int64_t                  *fit, *unfit;
    size_t                    n_fit, n_unfit;
};

static enum err put_files(void *arg)
{
    struct putting *p = arg;

    for (size_t i = 0; i < p->n; i++) {
        const struct made_vector *v = &p->list[i];
        size_t row;

        if (!memory_row_of_id(p->wanted, v->id, &row))
            continue;
        if (v->values == NULL || !vector_is_usable(v->values, p->dimension)) {
            p->unfit[p->n_unfit++] = v->id;
            continue;
        }
        TRY(vectors_put(p->vectors, v->id, v->values, p->dimension));
        p->fit[p->n_fit++] = v->id;
    }
    return p->n_fit ? vectors_sync(p->vectors) : OK;
}

static enum err mark(struct memory *m, struct arena *a, const struct putting *p) AWAITS
{
    struct batch *b = batch_new(a);

    if (p->n_fit)
        batch_add(b, "vectors.mark", "is", m->generation, ids_json(a, p->fit, p->n_fit));
    if (p->n_unfit)
        batch_add(b, "vectors.mark", "is", INT64_C(-1), ids_json(a, p->unfit, p->n_unfit));
    if (batch_size(b))
        TRY(store_commit(m->store, b));
    m->puts++;
    wake_all(&m->changed);
    metric_add(METRIC_memory_embedded, (int64_t)p->n_fit);
    metric_add(METRIC_memory_unfit, (int64_t)p->n_unfit);
    return OK;
}

/* Whether an item is there is asked while nobody purges: had it gone before, its vector would stay for ever.  If it goes from now on, it is
 * in the list of what to purge. */
enum err vector_side_put(struct memory *m, const struct made_vector *list, size_t n)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(vector_side_leave) struct memory *inside = NULL;
    int64_t *ids = arena_alloc(a, n * sizeof *ids);
    struct rows wanted;

    for (size_t i = 0; i < n; i++)
        ids[i] = list[i].id;
    TRY(vector_side_enter(m, &inside));
    if (m->vectors == NULL)
        return failed(ERR_CONFLICT, "the memory has no vectors");
    TRY(store_read(m->store, a, &wanted, "vectors.wanted", "is", m->generation, ids_json(a, ids, n)));
    struct putting p = { m->vectors, list, n, m->embedder.dimension, &wanted, arena_alloc(a, n * sizeof *ids),
                         arena_alloc(a, n * sizeof *ids), 0, 0 };

    TRY(fiber_offload(put_files, &p));
    return mark(m, a, &p);
}

/* ---- upkeep ---- */

enum { UPKEEP_STEPS = 20 };         /* some 10 ms: so long others wait who have something to put */

struct upkeep { struct vectors *vectors; bool more; };

static enum err maintain(void *arg)
{
    struct upkeep *u = arg;

    return vectors_maintain(u->vectors, UPKEEP_STEPS, &u->more);
}

static enum err keep_up(struct memory *m, bool *ret_more) AWAITS
{
    CLEANUP(vector_side_leave) struct memory *inside = NULL;
    struct upkeep u = { 0 };

    TRY(vector_side_enter(m, &inside));
    u.vectors = m->vectors;
    TRY(fiber_offload(maintain, &u));
    *ret_more = u.more;
    return OK;
}

static enum err keep_up_fully(struct memory *m) AWAITS
{
    bool more;

    do {
        TRY(keep_up(m, &more));
        TRY(fiber_yield());
    } while (more);
    return OK;
}

enum err vector_side_run(void *memory)
{
    struct memory *m = memory;
    uint64_t failures = 0;

    while (m->vectors) {
        uint64_t seen = m->puts;
        enum err e = keep_up_fully(m);

        TRY(fiber_check());
        if (e && failures++ == 0)
            log_event(LOG_WARN, "memory.upkeep_failed", F("error", failed_text()), F("what", "searches look at all vectors"));
        if (e) {
            TRY(fiber_sleep(failure_pause(&memory_patience, failures, FAILURE_NOT_ASKED)));
            continue;
        }
        failures = 0;
        while (m->puts == seen)
            TRY(wait_on(&m->changed, "vectors to be put"));
    }
    return OK;
}
