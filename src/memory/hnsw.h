// SPDX-License-Identifier: Apache-2.0
/* hnsw.h: a graph over the rows of one partition, in which a search goes from neighbour to nearer neighbour (Malkov and Yashunin
 * 2016, arXiv 1603.09320: algorithms 1, 2, 4 and 5).  Nearness is that of the int8 rows.
 *
 * One thread changes it; many search meanwhile, each between taking and leaving the index's lock for readers.  Links are changed one
 * by one under a search's eyes: it may miss a row that is just being linked, and meets no row whose bytes are gone, since what was
 * removed is zeroed only after all who search have left. */
#pragma once
#include "memory/near.h"
#include "memory/vectors_internal.h"

enum {
    HNSW_LINKS = 16,            /* M: links of a node on the upper levels; twice as many on the lowest */
    HNSW_LINKS_LOWEST = 32,
    HNSW_LEVELS = 16,
    HNSW_BUILD_WIDTH = 120,     /* efConstruction */
    HNSW_SEARCH_WIDTH = 256,    /* ef, at least */
};

struct hnsw;

/* NULL: addresses cannot be had for its tables (ulimit -v, vm.overcommit_memory 2). */
struct hnsw *hnsw_new(const struct vector_files *, const struct kernel *, uint32_t partition);
void         hnsw_free(struct hnsw *);
size_t       hnsw_size(const struct hnsw *);            /* nodes */
bool         hnsw_has(const struct hnsw *, uint32_t row);

/* The row is in use and not in the graph. */
void         hnsw_insert(struct hnsw *, uint32_t row);
/* Takes rows out, and links those who had a link to one of them with what that one led to.  Goes through all nodes, which are in these
 * blocks. Rows that are not in the graph are passed over. */
void         hnsw_remove(struct hnsw *, const uint32_t *rows, size_t n, const struct block_list *);
/* Memory that a search may still look at: call it when none of then is under way. */
void         hnsw_free_garbage(struct hnsw *);

/* The `width` nearest that `accept` takes, in no order; out has room for them.  False: given up; so few are accepted that a
 * look at all rows is quicker, or the way led into a corner of the graph. */
struct hnsw_query {
    const struct vector_code *code;
    size_t width;
    bool (*accept)(void *arg, uint32_t row);
    void  *arg;
};
bool hnsw_search(const struct hnsw *, const struct hnsw_query *, struct near *out, size_t *ret_n) MUST_USE;

/* The file is written beside and renamed.  It says of each node which item it was made for; where that is not in its row any more, the
 * node is removed as it is loaded.  ERR_INPUT: damaged, or of other vectors; ERR_NOT_FOUND. */
enum err hnsw_save(const struct hnsw *, const char *path, const struct block_list *) MUST_USE;
enum err hnsw_load(struct hnsw *, const char *path, const struct block_list *) MUST_USE;
