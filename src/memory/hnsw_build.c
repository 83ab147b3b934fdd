// SPDX-License-Identifier: Apache-2.0
/* hnsw_build.c: the one thread that changes the graph. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "memory/hnsw_internal.h"

enum { SELECT_AT_ONCE = 8 };

/* Each level has a sixteenth of the nodes of the one below.  The same item, the same level. */
static int level_of(int64_t id)
{
    uint64_t x = (uint64_t)id * UINT64_C(0x9e3779b97f4a7c15);
    int level = 0;

    x = (x ^ x >> 29) * UINT64_C(0xbf58476d1ce4e5b9);
    x ^= x >> 32;
    while (level < HNSW_LEVELS - 1 && (x >> (4 * level) & 15) == 0)
        level++;
    return level;
}

static int32_t sum_of(const struct hnsw *h, uint32_t row)
{
    const uint8_t *codes = codes_at(h->files, row);
    int32_t sum = 0;

    for (size_t i = 0; i < h->files->length; i++)
        sum += codes[i] - 128;
    return sum;
}

void hnsw_add_node(struct hnsw *h, uint32_t row, int levels)
{
    h->nodes[row].sum = sum_of(h, row);
    atomic_store_explicit(&h->nodes[row].n, 0, memory_order_release);
    if (levels > 1) {
        struct hnsw_upper *u = mem_alloc(sizeof *u + (size_t)(levels - 1) * sizeof u->level[0]);

        u->levels = levels - 1;
        atomic_store_explicit(&h->uppers[row], u, memory_order_release);
    }
    atomic_store_explicit(&h->nodes[row].levels, levels, memory_order_release);
    atomic_fetch_add(&h->n, 1);
}

void links_write(struct hnsw *h, uint32_t row, int level, const struct near *to, size_t n)
{
    struct hnsw_links *l = links_of(h, row, level);

    if (n < l->n)
        atomic_store_explicit(&l->n, (uint32_t)n, memory_order_release);
    for (size_t i = 0; i < n; i++)
        atomic_store_explicit(&l->at[i], to[i].row, memory_order_release);
    atomic_store_explicit(&l->n, (uint32_t)n, memory_order_release);
}

/* --- choosing links --- */

/* Nearer to one that was chosen than to whom the links are for: what leads to that one leads to it. */
static bool is_covered(struct hnsw *h, struct near x, const struct near *chosen, size_t n)
{
    uint32_t rows[SELECT_AT_ONCE];
    float scores[SELECT_AT_ONCE];

    hnsw_row_code(h, x.row, &h->other.code);
    for (size_t from = 0; from < n; from += SELECT_AT_ONCE) {
        size_t some = n - from < SELECT_AT_ONCE ? n - from : SELECT_AT_ONCE;

        for (size_t i = 0; i < some; i++)
            rows[i] = chosen[from + i].row;
        hnsw_scores(h, &h->other.code, rows, some, scores);
        for (size_t i = 0; i < some; i++)
            if (scores[i] > x.score)
                return true;
    }
    return false;
}

/* Algorithm 4: the nearest first, each only if it leads somewhere else than those before it.  Keeps the chosen in front. */
static size_t choose(struct hnsw *h, struct near *from, size_t n, size_t most)
{
    size_t chosen = 0;

    qsort(from, n, sizeof *from, near_by_score);
    for (size_t i = 0; i < n && chosen < most; i++)
        if (!is_covered(h, from[i], from, chosen))
            from[chosen++] = from[i];
    return chosen;
}

/* `row` becomes a link of `of`; when there is no room the best of all stay. */
static void add_link(struct hnsw *h, uint32_t of, int level, struct near to)
{
    struct hnsw_links *l = links_of(h, of, level);
    uint32_t links[HNSW_LINKS_LOWEST];
    float scores[HNSW_LINKS_LOWEST];
    struct near all[HNSW_LINKS_LOWEST + 1];
    size_t n = links_read(h, of, level, links);

    if (n < links_max(level)) {
        atomic_store_explicit(&l->at[n], to.row, memory_order_release);
        atomic_store_explicit(&l->n, (uint32_t)n + 1, memory_order_release);
        return;
    }
    hnsw_row_code(h, of, &h->other.code);
    hnsw_scores(h, &h->other.code, links, n, scores);
    for (size_t i = 0; i < n; i++)
        all[i] = (struct near){ scores[i], links[i] };
    all[n] = to;
    links_write(h, of, level, all, choose(h, all, n + 1, links_max(level)));
}

/* --- algorithm 1 --- */

static void link_level(struct hnsw *h, uint32_t row, int level, struct near *from)
{
    struct hnsw_scratch *s = &h->scratch;
    struct hnsw_query q = { .code = &s->code, .width = HNSW_BUILD_WIDTH };
    struct hnsw_walk w = { &q, level, SIZE_MAX };

    hnsw_walk(h, &w, *from, s);
    size_t n = choose(h, s->found, s->n_found, HNSW_LINKS);

    if (n)
        *from = s->found[0];
    links_write(h, row, level, s->found, n);
}

static void link_back(struct hnsw *h, uint32_t row, int level)
{
    uint32_t links[HNSW_LINKS_LOWEST] = { 0 };
    float scores[HNSW_LINKS_LOWEST];
    size_t n = links_read(h, row, level, links);

    hnsw_scores(h, &h->scratch.code, links, n, scores);
    for (size_t i = 0; i < n; i++)
        add_link(h, links[i], level, (struct near){ scores[i], row });
}

void hnsw_insert(struct hnsw *h, uint32_t row)
{
    int level = level_of(block_at(h->files, row / BLOCK_ROWS)->ids[row % BLOCK_ROWS]);
    uint64_t entry = atomic_load(&h->entry);
    int top = entry == NO_NODE ? -1 : (int)(entry >> 32);
    struct near from;

    hnsw_add_node(h, row, level + 1);
    hnsw_row_code(h, row, &h->scratch.code);
    if (hnsw_descend(h, &h->scratch.code, level, &from))
        for (int l = level < top ? level : top; l >= 0; l--)
            link_level(h, row, l, &from);
    for (int l = 0; l <= level; l++)        /* a search may come by from now on, and must find a way on from every level */
        link_back(h, row, l);
    if (level > top)
        atomic_store_explicit(&h->entry, (uint64_t)level << 32 | row, memory_order_release);
}

/* --- taking out --- */

/* What is to go is told by levels < 0; its links stay until all who had one to it are mended.  All links of the graph are asked, so
 * a few bits that stay in the cache answer for most: this one surely does not leave. */
struct leaving { uint64_t maybe[1024]; };

static uint64_t *bits_of(struct leaving *l, uint32_t row)
{
    return &l->maybe[row >> 6 & (N_ELEMENTS(l->maybe) - 1)];
}

static bool is_leaving(const struct hnsw *h, uint32_t row)
{
    return node_levels(h, row) < 0;
}

static bool has_leaving(const struct hnsw *h, struct leaving *l, const uint32_t *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((*bits_of(l, rows[i]) >> (rows[i] & 63) & 1) && is_leaving(h, rows[i]))
            return true;
    return false;
}

static size_t add_links_of(struct hnsw *h, uint32_t of, int level, uint32_t itself, uint32_t *out, size_t n)
{
    uint32_t links[HNSW_LINKS_LOWEST];
    size_t all = links_read(h, of, level, links);

    for (size_t i = 0; i < all; i++)
        if (links[i] != itself && node_levels(h, links[i]) > level && visited_add(&h->scratch.visited, links[i]))
            out[n++] = links[i];
    return n;
}

/* Its other links, and those of the ones that leave, are what it may choose from. */
static void mend(struct hnsw *h, struct leaving *l, uint32_t row, int level)
{
    uint32_t links[HNSW_LINKS_LOWEST], rows[HNSW_LINKS_LOWEST * (HNSW_LINKS_LOWEST + 1)];
    struct near near[N_ELEMENTS(rows)];
    float scores[HNSW_LINKS_LOWEST];
    size_t n_links = links_read(h, row, level, links), n = 0;

    if (!has_leaving(h, l, links, n_links))
        return;
    visited_clear(&h->scratch.visited);
    n = add_links_of(h, row, level, row, rows, n);
    for (size_t i = 0; i < n_links; i++)
        if (is_leaving(h, links[i]))
            n = add_links_of(h, links[i], level, row, rows, n);
    hnsw_row_code(h, row, &h->scratch.code);
    for (size_t from = 0; from < n; from += HNSW_LINKS_LOWEST) {
        size_t some = n - from < HNSW_LINKS_LOWEST ? n - from : HNSW_LINKS_LOWEST;

        hnsw_scores(h, &h->scratch.code, rows + from, some, scores);
        for (size_t i = 0; i < some; i++)
            near[from + i] = (struct near){ scores[i], rows[from + i] };
    }
    links_write(h, row, level, near, choose(h, near, n, links_max(level)));
}

static size_t mark_leaving(struct hnsw *h, struct leaving *l, const uint32_t *rows, size_t n)
{
    size_t leaving = 0;

    for (size_t i = 0; i < n; i++)
        if (node_levels(h, rows[i]) > 0) {
            atomic_store_explicit(&h->nodes[rows[i]].levels, -h->nodes[rows[i]].levels, memory_order_release);
            *bits_of(l, rows[i]) |= UINT64_C(1) << (rows[i] & 63);
            leaving++;
        }
    return leaving;
}

static void take_out(struct hnsw *h, uint32_t row)
{
    struct hnsw_upper *u = h->uppers[row];

    if (!is_leaving(h, row))
        return;
    atomic_store_explicit(&h->nodes[row].levels, 0, memory_order_release);
    atomic_fetch_sub(&h->n, 1);
    if (u == NULL)
        return;
    atomic_store_explicit(&h->uppers[row], NULL, memory_order_release);
    h->garbage = mem_resize(h->garbage, (h->n_garbage + 1) * sizeof *h->garbage);
    h->garbage[h->n_garbage++] = u;
}

/* Mends all who stay; where the search is to begin if its beginning leaves. */
static uint64_t mend_all(struct hnsw *h, struct leaving *leaving, const struct block_list *l)
{
    uint64_t highest = NO_NODE;
    int top = 0;

    for (size_t i = 0, n = list_length(l); i < n; i++)
        for (uint32_t row = l->at[i] * BLOCK_ROWS, end = row + BLOCK_ROWS; row < end; row++) {
            int levels = node_levels(h, row);

            for (int level = 0; level < levels; level++)
                mend(h, leaving, row, level);
            if (levels > top) {
                top = levels;
                highest = (uint64_t)(levels - 1) << 32 | row;
            }
        }
    return highest;
}

void hnsw_remove(struct hnsw *h, const uint32_t *rows, size_t n, const struct block_list *l)
{
    struct leaving leaving = { 0 };

    if (mark_leaving(h, &leaving, rows, n) == 0)
        return;
    uint64_t highest = mend_all(h, &leaving, l), entry = h->entry;

    if (entry != NO_NODE && is_leaving(h, (uint32_t)entry))
        atomic_store_explicit(&h->entry, highest, memory_order_release);
    for (size_t i = 0; i < n; i++)
        take_out(h, rows[i]);
}
