// SPDX-License-Identifier: Apache-2.0
/* hnsw.c: the graph and the search in it. */
#include "memory/hnsw.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/mem.h"
#include "memory/hnsw_internal.h"

enum { VISITED_FIRST = 4096, GIVE_UP_LEAST = 20000 };

_Static_assert(sizeof(struct hnsw_links) == 4, "the links of all levels look alike");

static void *table(size_t bytes)
{
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    return p == MAP_FAILED ? NULL : p;
}

struct hnsw *hnsw_new(const struct vector_files *f, const struct kernel *kernel, uint32_t partition)
{
    struct hnsw *h = NEW(struct hnsw);

    h->files = f;
    h->kernel = kernel;
    h->partition = partition;
    h->rows_max = f->blocks_max * BLOCK_ROWS;
    h->nodes = table(h->rows_max * sizeof *h->nodes);
    h->uppers = table(h->rows_max * sizeof *h->uppers);
    h->entry = NO_NODE;
    scratch_init(&h->scratch, f);
    scratch_init(&h->other, f);
    if (h->nodes && h->uppers)
        return h;
    hnsw_free(h);
    return NULL;
}

void hnsw_free(struct hnsw *h)
{
    if (h == NULL)
        return;
    for (size_t row = 0; h->nodes && h->uppers && row < h->files->blocks * BLOCK_ROWS; row++)
        if (node_levels(h, (uint32_t)row) > 1)
            free(h->uppers[row]);
    hnsw_free_garbage(h);
    scratch_done(&h->scratch);
    scratch_done(&h->other);
    if (h->nodes)
        munmap(h->nodes, h->rows_max * sizeof *h->nodes);
    if (h->uppers)
        munmap((void *)h->uppers, h->rows_max * sizeof *h->uppers);
    free(h);
}

void hnsw_free_garbage(struct hnsw *h)
{
    for (size_t i = 0; i < h->n_garbage; i++)
        free(h->garbage[i]);
    free(h->garbage);
    h->garbage = NULL;
    h->n_garbage = 0;
}

size_t hnsw_size(const struct hnsw *h)
{
    return atomic_load(&h->n);
}

bool hnsw_has(const struct hnsw *h, uint32_t row)
{
    return node_levels(h, row) > 0;
}

/* --- memory of a search --- */

void scratch_init(struct hnsw_scratch *s, const struct vector_files *f)
{
    *s = (struct hnsw_scratch){ .code = vector_code_new(f) };
}

void scratch_done(struct hnsw_scratch *s)
{
    vector_code_done(&s->code);
    free(s->candidates);
    free(s->found);
    free(s->visited.places);
}

void visited_clear(struct visited *v)
{
    if (v->cap == 0) {
        v->cap = VISITED_FIRST;
        v->places = mem_alloc(v->cap * sizeof *v->places);
    }
    memset(v->places, 0xff, v->cap * sizeof *v->places);
    v->n = 0;
}

static void visited_grow(struct visited *v)
{
    struct visited more = { mem_alloc(v->cap * 2 * sizeof *v->places), 0, v->cap * 2 };

    visited_clear(&more);
    for (size_t i = 0; i < v->cap; i++)
        if (v->places[i] != NO_ROW)
            visited_add(&more, v->places[i]);
    free(v->places);
    *v = more;
}

bool visited_add(struct visited *v, uint32_t row)
{
    size_t i = (row * 2654435769U >> 7) & (v->cap - 1);

    while (v->places[i] != NO_ROW) {
        if (v->places[i] == row)
            return false;
        i = (i + 1) & (v->cap - 1);
    }
    v->places[i] = row;
    if (++v->n * 2 > v->cap)
        visited_grow(v);
    return true;
}

static void add_candidate(struct hnsw_scratch *s, struct near x)
{
    if (s->n_candidates == s->candidates_cap) {
        s->candidates_cap = s->candidates_cap ? s->candidates_cap * 2 : 1024;
        s->candidates = mem_resize(s->candidates, s->candidates_cap * sizeof *s->candidates);
    }
    near_push(s->candidates, &s->n_candidates, (struct near){ -x.score, x.row });
}

/* --- nearness --- */

int near_by_score(const void *a, const void *b)
{
    const struct near *x = a, *y = b;

    if (x->score != y->score)
        return x->score < y->score ? 1 : -1;
    return (x->row > y->row) - (x->row < y->row);
}

void hnsw_scores(const struct hnsw *h, const struct vector_code *code, const uint32_t *rows, size_t n, float *out)
{
    int32_t dots[HNSW_LINKS_LOWEST * 2];

    for (size_t i = 0; i < n; i++)
        __builtin_prefetch(&block_at(h->files, rows[i] / BLOCK_ROWS)->scales[rows[i] % BLOCK_ROWS]);
    h->kernel->dots_at(code->codes, codes_at(h->files, 0), h->files->length, rows, n, dots);
    for (size_t i = 0; i < n; i++)
        out[i] = (float)(int32_t)((uint32_t)dots[i] - (uint32_t)code->offset) * code->scale *
                 block_at(h->files, rows[i] / BLOCK_ROWS)->scales[rows[i] % BLOCK_ROWS];
}

void hnsw_row_code(const struct hnsw *h, uint32_t row, struct vector_code *out)
{
    const uint8_t *codes = codes_at(h->files, row);

    for (size_t i = 0; i < h->files->length; i += 8) {      /* adding 128 and taking it off is turning the highest bit */
        uint64_t eight;

        memcpy(&eight, codes + i, 8);
        eight ^= UINT64_C(0x8080808080808080);
        memcpy(out->codes + i, &eight, 8);
    }
    out->scale = block_at(h->files, row / BLOCK_ROWS)->scales[row % BLOCK_ROWS];
    out->offset = (int32_t)(128 * (uint32_t)h->nodes[row].sum);
}

/* --- searching --- */

static struct near nearest_link(const struct hnsw *h, const struct vector_code *code, int level, struct near from)
{
    uint32_t links[HNSW_LINKS_LOWEST] = { 0 };
    float scores[HNSW_LINKS_LOWEST];
    size_t n = links_read(h, from.row, level, links);

    hnsw_scores(h, code, links, n, scores);
    for (size_t i = 0; i < n; i++)
        if (scores[i] > from.score)
            from = (struct near){ scores[i], links[i] };
    return from;
}

bool hnsw_descend(const struct hnsw *h, const struct vector_code *code, int level, struct near *ret_from)
{
    uint64_t entry = atomic_load_explicit(&h->entry, memory_order_acquire);

    if (entry == NO_NODE)
        return false;
    struct near at = { .row = (uint32_t)entry };

    hnsw_scores(h, code, &at.row, 1, &at.score);
    for (int l = (int)(entry >> 32); l > level; l--)
        for (struct near next; (next = nearest_link(h, code, l, at)).row != at.row;)
            at = next;
    *ret_from = at;
    return true;
}

static void walk_found(const struct hnsw_walk *w, struct hnsw_scratch *s, struct near x)
{
    const struct hnsw_query *q = w->query;

    if (s->n_found == q->width && x.score <= s->found[0].score)
        return;
    add_candidate(s, x);
    if (q->accept == NULL || q->accept(q->arg, x.row))
        near_keep(s->found, &s->n_found, q->width, x);
}

static void walk_on(const struct hnsw *h, const struct hnsw_walk *w, uint32_t row, struct hnsw_scratch *s)
{
    uint32_t links[HNSW_LINKS_LOWEST];
    float scores[HNSW_LINKS_LOWEST];
    size_t all = links_read(h, row, w->level, links), n = 0;

    for (size_t i = 0; i < all; i++)
        if (visited_add(&s->visited, links[i]))
            links[n++] = links[i];
    hnsw_scores(h, w->query->code, links, n, scores);
    for (size_t i = 0; i < n; i++)
        walk_found(w, s, (struct near){ scores[i], links[i] });
}

bool hnsw_walk(const struct hnsw *h, const struct hnsw_walk *w, struct near from, struct hnsw_scratch *s)
{
    if (s->found_cap < w->query->width) {
        s->found_cap = w->query->width;
        s->found = mem_resize(s->found, s->found_cap * sizeof *s->found);
    }
    s->n_found = s->n_candidates = 0;
    visited_clear(&s->visited);
    visited_add(&s->visited, from.row);
    walk_found(w, s, from);
    while (s->n_candidates) {
        struct near next = near_pop(s->candidates, &s->n_candidates);

        if (s->n_found == w->query->width && -next.score < s->found[0].score)
            return true;
        if (s->visited.n > w->most)
            return false;
        walk_on(h, w, next.row, s);
    }
    return true;
}

bool hnsw_search(const struct hnsw *h, const struct hnsw_query *q, struct near *out, size_t *ret_n)
{
    CLEANUP(scratch_done) struct hnsw_scratch s = { 0 };
    size_t size = hnsw_size(h), tenth = size / 10;
    struct hnsw_walk w = { q, 0, tenth > GIVE_UP_LEAST ? tenth : GIVE_UP_LEAST };
    struct near from;

    *ret_n = 0;
    if (!hnsw_descend(h, q->code, 0, &from))
        return true;
    if (!hnsw_walk(h, &w, from, &s) || s.visited.n < (q->width < size ? q->width : size))
        return false;
    memcpy(out, s.found, s.n_found * sizeof *out);
    *ret_n = s.n_found;
    return true;
}
