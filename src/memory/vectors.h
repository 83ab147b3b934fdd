// SPDX-License-Identifier: Apache-2.0
/* vectors.h: the vectors of items of memory, and which are nearest to a given one.  It knows ids and their partitions
 * (memory/id.h), no texts and no users.
 *
 * Vectors are brought to length 1 when they are put; a score is the cosine, -1 to 1.  They lie in files of a folder, which are
 * mapped: int8 rows that every search reads, float32 rows that rank the best of those exactly (README.md).
 *
 * Threads: everything here blocks; call it in a pool thread.  vectors_search(), _get(), _ids() and _stats() may be called by many
 * threads at once, beside a writer too.  The functions above the line "writers" count as writers: the caller lets one at a time run.
 *
 * What is put or removed survives the end of the program at once, and a power cut after vectors_sync().  A put whose sync did not
 * come may be lost or half there after a crash: put it again.  A search beside the put of an id that is there already may miss it.
 *
 * Errors: ERR_INPUT: a bad vector, dimension or id; or, from vectors_open(), files that are damaged.  ERR_CONFLICT: files of
 * another dimension or of a newer program.  ERR_IO: the disk. After the first two from vectors_open() call vectors_delete(),
 * open anew, and embed again. */
#pragma once
#include "base/buf.h"
#include "memory/id.h"

struct vectors;

enum { VECTORS_DIMENSION_MAX = 100000, VECTORS_K_MAX = 10000 };

/* How a partition is searched: FLAT looks at all rows, AUTO follows a graph (hnsw.h) from `graph_from` items on, HNSW from 4096 on:
 * below that a look at all rows is quicker, and exact. */
enum vectors_kind { VECTORS_AUTO, VECTORS_FLAT, VECTORS_HNSW };

struct vectors_options {
    uint32_t    dimension;      /* 1 to VECTORS_DIMENSION_MAX */
    uint32_t    generation;     /* a part of the files' names: those of the next embedding model grow beside these */
    enum vectors_kind kind;
    size_t      graph_from;     /* for AUTO; 0: 1,000,000 */
    const char *kernel;         /* for tests: the name of one in kernel.h; NULL: the best that runs here */
};

/* Makes the folder and the files where there are none. */
enum err vectors_open(const char *folder, const struct vectors_options *, struct vectors **out) MUST_USE;
void     vectors_close(struct vectors *);       /* what was put is on disk then; what was removed is zeroed by the next sync only */
/* Removes the files of a generation, which must not be open.  OK when there are none. */
enum err vectors_delete(const char *folder, uint32_t generation) MUST_USE;

/* --- writers --- */

/* `n` values, which must be as many as the dimension, finite, and not all 0.  Takes the place of what the id had. */
enum err vectors_put(struct vectors *, int64_t id, const float *values, size_t n) MUST_USE;
/* From now on it is not found; after vectors_sync() its bytes are zero in the files.  False: there was none. */
bool     vectors_remove(struct vectors *, int64_t id);
void     vectors_drop_partition(struct vectors *, uint32_t partition);      /* the same for all of one */
/* To disk.  Waits for the searches under way when something was removed. */
enum err vectors_sync(struct vectors *) MUST_USE;
/* Upkeep: builds and stores graphs where they are wanted; after a crash looks once through free rows for bytes of a vector.  At
 * most `steps` of about half a millisecond each; the load or the store of a graph counts as one, and takes up to a second.  Call it
 * again while *ret_more.  Until a graph is there all rows are looked at; what is not in it yet is looked at beside it. */
enum err vectors_maintain(struct vectors *, size_t steps, bool *ret_more) MUST_USE;
/* For `memory doctor`: headers, ids in their partition and there once, counts, both copies of each vector in agreement, and that
 * where no item is all bytes are zero.  Reads everything.  One line of `out` for each problem; returns how many. */
size_t   vectors_check(struct vectors *, struct buf *out);

/* --- readers --- */

struct vector_query {
    const float    *values;         /* as vectors_put() wants them */
    size_t          n_values;
    const uint32_t *partitions;     /* the only ones looked at; one without items is no error */
    size_t          n_partitions;
    size_t          k;              /* 1 to VECTORS_K_MAX */
    /* When not NULL: an item is passed over where it says false.  Called in the thread of the search for the few rows that could
     * be among the best; quick, safe beside others, and it calls nothing of this index, whose lock is held. */
    bool          (*keep)(void *arg, int64_t id);
    void           *keep_arg;
    bool            exact;          /* look at all rows, though there is a graph */
};

struct vector_hit { int64_t id; float score; };

/* The k best, best first, into out[k]; fewer when there are fewer.  The int8 rows choose 4k of them, the float32 rows rank those. */
enum err vectors_search(struct vectors *, const struct vector_query *, struct vector_hit *out, size_t *ret_n) MUST_USE;
/* The vector of an item, of length 1, as many values as the dimension; ERR_NOT_FOUND. */
enum err vectors_get(struct vectors *, int64_t id, float *out) MUST_USE;
/* The ids of a partition, ascending; *ret_ids is freed with free(). */
size_t   vectors_ids(struct vectors *, uint32_t partition, int64_t **ret_ids);

struct vectors_stats {
    size_t      items;
    size_t      partitions;         /* with items */
    size_t      removed;            /* items whose bytes the next vectors_sync() makes zero */
    size_t      graphs, in_graphs;  /* partitions that have one, and items that are in one */
    uint64_t    bytes;              /* of the files, graphs apart */
    uint32_t    dimension;
    const char *kernel;
};

void vectors_stats(struct vectors *, struct vectors_stats *out);
