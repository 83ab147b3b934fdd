// SPDX-License-Identifier: Apache-2.0
/* hnsw_internal.h: the graph itself.  A node is known by its row; tables are as long as rows can be many and cost memory only where
 * they are used. */
#pragma once
#include "memory/hnsw.h"

#define NO_NODE UINT64_MAX

struct hnsw_links { _Atomic uint32_t n; _Atomic uint32_t at[]; };

struct hnsw_node {                      /* the lowest level */
    _Atomic int32_t  levels;            /* 0: not in the graph */
    int32_t          sum;               /* of the int8 row */
    _Atomic uint32_t n;
    _Atomic uint32_t at[HNSW_LINKS_LOWEST];
};

struct hnsw_level { _Atomic uint32_t n; _Atomic uint32_t at[HNSW_LINKS]; };
struct hnsw_upper { int levels; struct hnsw_level level[]; };       /* the others, for one node of sixteen */

struct visited { uint32_t *places; size_t n, cap; };

/* What one search needs of memory. */
struct hnsw_scratch {
    struct near   *candidates, *found;  /* heaps: candidates by the negative score */
    size_t         n_candidates, n_found, candidates_cap, found_cap;
    struct visited visited;
    struct vector_code code;            /* of a row that others are compared with */
};

struct hnsw {
    const struct vector_files *files;
    const struct kernel *kernel;
    uint32_t             partition;
    size_t               rows_max;
    struct hnsw_node    *nodes;                 /* mapped, by row */
    _Atomic(struct hnsw_upper *) *uppers;       /* mapped, by row */
    _Atomic uint64_t     entry;                 /* level << 32 | row, or NO_NODE */
    _Atomic size_t       n;
    struct hnsw_scratch  scratch;               /* of the thread that changes it */
    struct hnsw_scratch  other;
    void               **garbage;
    size_t               n_garbage;
};

static inline int node_levels(const struct hnsw *h, uint32_t row)
{
    return row < h->rows_max ? atomic_load_explicit(&h->nodes[row].levels, memory_order_acquire) : 0;
}

/* NULL for a moment where a node is just being taken out. */
static inline struct hnsw_links *links_of(const struct hnsw *h, uint32_t row, int level)
{
    if (level == 0)
        return (struct hnsw_links *)(void *)&h->nodes[row].n;
    struct hnsw_upper *u = atomic_load_explicit(&h->uppers[row], memory_order_acquire);

    return u && level <= u->levels ? (struct hnsw_links *)(void *)&u->level[level - 1].n : NULL;
}

static inline size_t links_max(int level)
{
    return level ? HNSW_LINKS : HNSW_LINKS_LOWEST;
}

/* A copy, at most `links_max` long. */
static inline size_t links_read(const struct hnsw *h, uint32_t row, int level, uint32_t out[HNSW_LINKS_LOWEST])
{
    struct hnsw_links *l = links_of(h, row, level);
    size_t n = l ? atomic_load_explicit(&l->n, memory_order_acquire) : 0;

    for (size_t i = 0; i < n; i++)
        out[i] = atomic_load_explicit(&l->at[i], memory_order_acquire);
    return n;
}

void links_write(struct hnsw *, uint32_t row, int level, const struct near *, size_t n);
void hnsw_add_node(struct hnsw *, uint32_t row, int levels);    /* without links; levels >= 1 */

/* How near rows are to a code; at most HNSW_LINKS_LOWEST * 2 of them. */
void hnsw_scores(const struct hnsw *, const struct vector_code *, const uint32_t *rows, size_t n, float *out);
void hnsw_row_code(const struct hnsw *, uint32_t row, struct vector_code *out);

void scratch_init(struct hnsw_scratch *, const struct vector_files *);
void scratch_done(struct hnsw_scratch *);

bool visited_add(struct visited *, uint32_t row);       /* false: it was there */
void visited_clear(struct visited *);

/* Algorithm 2: from `from` to the nearest on this level, into scratch->found.  False: more than `most` nodes were looked at. */
struct hnsw_walk {
    const struct hnsw_query *query;
    int    level;
    size_t most;
};
bool hnsw_walk(const struct hnsw *, const struct hnsw_walk *, struct near from, struct hnsw_scratch *);
/* Down the upper levels to `level`, each time to the nearest.  False: the graph is empty. */
bool hnsw_descend(const struct hnsw *, const struct vector_code *, int level, struct near *ret_from);
