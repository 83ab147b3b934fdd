// SPDX-License-Identifier: Apache-2.0
/* vectors_search.c: those who read: all int8 rows of the partitions that are asked for choose some, whose float32 rows rank them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "memory/hnsw.h"
#include "memory/vectors_internal.h"

enum { CANDIDATES_A_HIT = 4, CANDIDATES_LEAST = 40 };

struct search {
    struct vectors            *v;
    const struct vector_query *query;
    struct vector_code         code;
    struct near               *best;    /* a heap */
    size_t                     n, cap;
    float                      least;   /* what a row must have to come in */
};

static void stop_reading(pthread_rwlock_t **lock)
{
    pthread_rwlock_unlock(*lock);
}

static void search_done(struct search *s)
{
    vector_code_done(&s->code);
    free(s->best);
}

/* --- the best of the int8 rows --- */

static bool is_wanted(const struct search *s, uint32_t row)
{
    const struct vector_query *q = s->query;

    return q->keep == NULL || q->keep(q->keep_arg, row_id(s->v, row));
}

static void offer(struct search *s, float score, uint32_t row)
{
    if (!is_wanted(s, row))
        return;
    near_keep(s->best, &s->n, s->cap, (struct near){ score, row });
    if (s->n == s->cap)
        s->least = s->best[0].score;
}

/* n rows that follow each other, of one block. */
static void scan_rows(struct search *s, uint32_t row, uint32_t n)
{
    const struct vector_files *f = &s->v->files;
    const float *scales = block_at(f, row / BLOCK_ROWS)->scales + row % BLOCK_ROWS;
    int32_t dots[BLOCK_ROWS];

    s->v->kernel->dots(s->code.codes, codes_at(f, row), f->length, n, dots);
    for (uint32_t i = 0; i < n; i++) {
        float score = (float)(int32_t)((uint32_t)dots[i] - (uint32_t)s->code.offset) * scales[i] * s->code.scale;

        if (score > s->least)       /* seldom */
            offer(s, score, row + i);
    }
}

static void scan_block(struct search *s, uint32_t block)
{
    uint32_t used = block_used(s->v, block), row = block * BLOCK_ROWS;

    while (used) {
        uint32_t from = (uint32_t)__builtin_ctz(used), n = (uint32_t)__builtin_ctz(~(used >> from));

        scan_rows(s, row + from, n);
        used &= ~(((1U << n) - 1) << from);
    }
}

static void scan_all(struct search *s, const struct vector_partition *p)
{
    const struct block_list *l = partition_blocks(p);
    size_t n = list_length(l);

    for (size_t i = 0; i < n; i++) {
        if (i + 2 < n)
            __builtin_prefetch(block_at(&s->v->files, l->at[i + 2])->scales);
        scan_block(s, l->at[i]);
    }
}

/* --- those that the graph leads to --- */

static bool is_used(const struct search *s, uint32_t row)
{
    return block_used(s->v, row / BLOCK_ROWS) >> row % BLOCK_ROWS & 1;
}

static bool accept(void *arg, uint32_t row)
{
    struct search *s = arg;

    return is_used(s, row) && is_wanted(s, row);
}

/* Before the graph: what comes into the graph meanwhile is then found twice, and never not at all. */
static void scan_fresh(struct search *s, const struct fresh_list *l, size_t from, size_t n)
{
    for (size_t i = from; i < n; i++)
        if (is_used(s, l->at[i]))
            scan_rows(s, l->at[i], 1);
}

/* False: all rows are to be looked at. */
static bool scan_graph(struct search *s, const struct vector_partition *p)
{
    const struct hnsw *h = atomic_load_explicit(&p->graph, memory_order_acquire);
    const struct fresh_list *l = atomic_load_explicit(&p->fresh, memory_order_acquire);

    if (h == NULL || l == NULL || s->query->exact)
        return false;
    size_t from = atomic_load_explicit(&l->head, memory_order_acquire), n = atomic_load_explicit(&l->n, memory_order_acquire);

    if ((n - from) * 2 > atomic_load(&p->items))
        return false;
    struct hnsw_query q = { &s->code, s->cap > HNSW_SEARCH_WIDTH ? s->cap : HNSW_SEARCH_WIDTH, accept, s };
    CLEANUP(mem_freep) struct near *found = mem_alloc(q.width * sizeof *found);
    size_t n_found;

    scan_fresh(s, l, from, n);
    if (!hnsw_search(h, &q, found, &n_found))
        return false;
    for (size_t i = 0; i < n_found; i++)
        near_keep(s->best, &s->n, s->cap, found[i]);
    if (s->n == s->cap)
        s->least = s->best[0].score;
    return true;
}

static void scan_partition(struct search *s, uint32_t number)
{
    const struct vector_partition *p = partition_find(s->v, number);

    if (p && !scan_graph(s, p))
        scan_all(s, p);
}

static int by_number(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

/* One that is named twice is looked at once. */
static void scan_partitions(struct search *s)
{
    size_t n = s->query->n_partitions;
    CLEANUP(mem_freep) uint32_t *numbers = mem_alloc((n + 1) * sizeof *numbers);

    memcpy(numbers, s->query->partitions, n * sizeof *numbers);
    qsort(numbers, n, sizeof *numbers, by_number);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || numbers[i] != numbers[i - 1])
            scan_partition(s, numbers[i]);
}

/* --- the best of those, exactly --- */

static int by_score(const void *a, const void *b)
{
    const struct vector_hit *x = a, *y = b;

    if (x->score != y->score)
        return x->score < y->score ? 1 : -1;
    return (x->id > y->id) - (x->id < y->id);
}

static size_t rank(struct search *s, struct vector_hit *out)
{
    const struct vector_files *f = &s->v->files;
    CLEANUP(mem_freep) struct vector_hit *hits = mem_alloc((s->n + 1) * sizeof *hits);
    size_t n = 0;

    for (size_t i = 0; i < s->n; i++) {
        float score = s->v->kernel->dot_float(s->code.floats, floats_at(f, s->best[i].row), f->width);

        hits[i] = (struct vector_hit){ row_id(s->v, s->best[i].row), score > 1 ? 1 : score >= -1 ? score : -1 };    /* NaN: -1 */
    }
    qsort(hits, s->n, sizeof *hits, by_score);
    for (size_t i = 0; i < s->n && n < s->query->k; i++)
        if (i == 0 || hits[i].id != hits[i - 1].id)         /* found twice */
            out[n++] = hits[i];
    return n;
}

static enum err check_query(const struct vector_query *q)
{
    if (q->k < 1 || q->k > VECTORS_K_MAX)
        return failed(ERR_INPUT, "%zu nearest vectors are asked for; 1 to %d can be", q->k, VECTORS_K_MAX);
    return OK;
}

enum err vectors_search(struct vectors *v, const struct vector_query *q, struct vector_hit *out, size_t *ret_n)
{
    CLEANUP(search_done) struct search s = { .v = v, .query = q, .code = vector_code_new(&v->files), .least = -INFINITY };

    TRY(check_query(q));
    TRY(vector_code_make(&v->files, q->values, q->n_values, &s.code));
    s.cap = q->k * CANDIDATES_A_HIT < CANDIDATES_LEAST ? CANDIDATES_LEAST : q->k * CANDIDATES_A_HIT;
    s.best = mem_alloc(s.cap * sizeof *s.best);
    CLEANUP(stop_reading) pthread_rwlock_t *lock = &v->readers;

    pthread_rwlock_rdlock(lock);
    if (q->n_partitions)
        scan_partitions(&s);
    *ret_n = rank(&s, out);
    return OK;
}

/* --- single ones --- */

enum err vectors_get(struct vectors *v, int64_t id, float *out)
{
    CLEANUP(stop_reading) pthread_rwlock_t *lock = &v->readers;

    pthread_rwlock_rdlock(lock);
    uint32_t row = id ? vector_map_get(&v->map, id) : NO_ROW;

    if (row == NO_ROW || !(block_used(v, row / BLOCK_ROWS) >> row % BLOCK_ROWS & 1))
        return failed(ERR_NOT_FOUND, "item %lld has no vector", (long long)id);
    memcpy(out, floats_at(&v->files, row), v->files.dimension * sizeof *out);
    return OK;
}

static int by_id(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

size_t vectors_ids(struct vectors *v, uint32_t partition, int64_t **ret_ids)
{
    CLEANUP(stop_reading) pthread_rwlock_t *lock = &v->readers;

    pthread_rwlock_rdlock(lock);
    const struct vector_partition *p = partition_find(v, partition);
    const struct block_list *l = p ? partition_blocks(p) : NULL;
    size_t blocks = list_length(l), n = 0;
    int64_t *ids = mem_alloc((blocks * BLOCK_ROWS + 1) * sizeof *ids);

    for (size_t i = 0; i < blocks; i++)
        for (uint32_t used = block_used(v, l->at[i]); used; used &= used - 1)
            ids[n++] = row_id(v, l->at[i] * BLOCK_ROWS + (uint32_t)__builtin_ctz(used));
    qsort(ids, n, sizeof *ids, by_id);
    *ret_ids = ids;
    return n;
}
