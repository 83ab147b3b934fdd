// SPDX-License-Identifier: Apache-2.0
/* vectors_internal.h: what the files of the vector index share: its rows, and whose they are.
 *
 * A row is free (id 0), read (its bit in `used`), or retired: not read any more, its bytes still there and its id too, so that
 * a crash leaves known whose bytes they are.  vectors_sync() makes free rows of retired ones.
 *
 * Who reads holds `readers` for reading and never waits for a writer's put: a row is written whole before its bit is set, and a
 * row whose bit was cleared is written to only after every reader of then has left. */
#pragma once
#include "memory/kernel.h"
#include "memory/vector_map.h"
#include "memory/vectors.h"

struct block_list {                     /* grows by being replaced; readers use the one they found */
    _Atomic size_t n;
    size_t         cap;
    uint32_t       at[];
};

/* Rows that are not in their partition's graph yet: from `head` to `n`.  Grows as block_list does. */
struct fresh_list {
    _Atomic size_t head, n;
    size_t         cap;
    uint32_t       at[];
};

struct row_list { uint32_t *p; size_t n, cap; };

struct hnsw;

struct vector_partition {
    uint32_t                     number;
    _Atomic(struct block_list *) blocks;
    struct row_list              open;  /* blocks that may have a free row; the last one is filled first */
    _Atomic size_t               items;
    uint64_t                     released_in;   /* the latest pass of partitions_release() over it */
    _Atomic(struct hnsw *)       graph;         /* NULL: searches look at all rows */
    _Atomic(struct fresh_list *) fresh;
    struct row_list              leaving;       /* within vectors_sync() */
    size_t                       unsaved;       /* changes of the graph since its file */
};

enum { PARTITION_LEAF = 1024, PARTITION_LEAVES = (ITEM_PARTITION_MAX + 1) / PARTITION_LEAF };
struct partition_leaf { _Atomic(struct vector_partition *) at[PARTITION_LEAF]; };

struct vector_code { float *floats; int8_t *codes; float scale; int32_t offset; };

struct vectors {
    struct vector_files  files;
    const struct kernel *kernel;
    struct vector_map    map;
    pthread_rwlock_t     readers;
    _Atomic(struct partition_leaf *) leaves[PARTITION_LEAVES];
    struct vector_code   code;          /* of the put under way */
    struct row_list      retired;       /* rows */
    struct row_list      released;      /* blocks that left their partition and are not nobody's yet */
    struct row_list      nobodys;       /* blocks */
    void               **garbage;       /* lists that a reader may still hold */
    size_t               n_garbage;
    struct hnsw        **old_graphs;    /* the same */
    size_t               n_old_graphs;
    size_t               graph_from;    /* items of a partition; SIZE_MAX: never */
    size_t               maintain_at;   /* the partition whose turn it is */
    size_t               scrub_at;      /* the next block of vectors_scrub() */
    uint64_t             releases;      /* passes of partitions_release() */
    _Atomic size_t       items, n_retired;
};

void row_list_add(struct row_list *, uint32_t);
void row_list_done(struct row_list *);

/* vector_partitions.c */
struct vector_partition *partition_find(const struct vectors *, uint32_t number);   /* NULL */
/* A row that is free until its id is set. */
enum err partition_take_row(struct vectors *, uint32_t number, uint32_t *ret_row) MUST_USE;
enum err partitions_load(struct vectors *) MUST_USE;        /* from the file; ERR_INPUT: it is damaged */
void     partitions_release(struct vectors *);              /* blocks without a row in use leave their partition */
void     partitions_free(struct vectors *);
/* for (i = 0; (p = partition_next(v, &i)); ) */
struct vector_partition *partition_next(const struct vectors *, size_t *at);

void     partition_keep_garbage(struct vectors *, void *);     /* freed when no reader can hold it; NULL is passed over */

/* vectors_check.c */
/* After a crash: bytes that a power cut left in free rows, whose id it lost.  Returns the steps that are left; looks only once. */
size_t vectors_scrub(struct vectors *, size_t steps);

/* vectors_graph.c */
void graph_added(struct vectors *, struct vector_partition *, uint32_t row);
void graph_take_out(struct vectors *);      /* what is retired; before those rows' blocks are released */
void graph_after_readers(struct vectors *);
void graph_close(struct vectors *);
void graph_stats(struct vectors *, struct vectors_stats *);     /* adds to it */
enum err graph_delete(const char *folder, uint32_t generation) MUST_USE;    /* the files of all graphs */

/* vector_code.c */
/* Length 1, and its int8 form: floats[width], codes[length], both aligned, padded with 0.  offset: 128 times the codes' sum. */
enum err vector_code_make(const struct vector_files *, const float *values, size_t n, struct vector_code *out) MUST_USE;
struct vector_code vector_code_new(const struct vector_files *);
void vector_code_done(struct vector_code *);
void vector_code_store(const struct vector_files *, const struct vector_code *, size_t row);

static inline uint32_t block_used(const struct vectors *v, size_t block)
{
    return atomic_load_explicit(&block_at(&v->files, block)->used, memory_order_acquire);
}

static inline int64_t row_id(const struct vectors *v, uint32_t row)
{
    return block_at(&v->files, row / BLOCK_ROWS)->ids[row % BLOCK_ROWS];
}

/* What a reader goes through: for (i < list_length(l)) l->at[i]. */
static inline const struct block_list *partition_blocks(const struct vector_partition *p)
{
    return atomic_load_explicit(&p->blocks, memory_order_acquire);
}

static inline size_t list_length(const struct block_list *l)
{
    return l ? atomic_load_explicit(&l->n, memory_order_acquire) : 0;
}
