// SPDX-License-Identifier: Apache-2.0
/* vector_partitions.c: which blocks are whose.  The truth is in the file of rows; this is what searches and puts need of it. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "memory/vectors_internal.h"

enum { LIST_FIRST = 4, RUN_MOST = 16 };

void row_list_add(struct row_list *l, uint32_t x)
{
    if (l->n == l->cap) {
        l->cap = l->cap ? l->cap * 2 : 16;
        l->p = mem_resize(l->p, l->cap * sizeof *l->p);
    }
    l->p[l->n++] = x;
}

void row_list_done(struct row_list *l)
{
    free(l->p);
}

static void row_list_reverse(struct row_list *l)
{
    for (size_t i = 0, j = l->n; i + 1 < j; i++) {
        uint32_t x = l->p[i];

        l->p[i] = l->p[--j];
        l->p[j] = x;
    }
}

static uint32_t free_rows(const struct vectors *v, uint32_t block)
{
    const struct vector_block *b = block_at(&v->files, block);
    uint32_t rows = 0;

    for (int r = 0; r < BLOCK_ROWS; r++)
        rows |= (uint32_t)(b->ids[r] == 0) << r;
    return rows;
}

/* --- finding one --- */

struct vector_partition *partition_find(const struct vectors *v, uint32_t number)
{
    if (number > ITEM_PARTITION_MAX)
        return NULL;
    const struct partition_leaf *leaf = atomic_load_explicit(&v->leaves[number / PARTITION_LEAF], memory_order_acquire);

    return leaf ? atomic_load_explicit(&leaf->at[number % PARTITION_LEAF], memory_order_acquire) : NULL;
}

static struct vector_partition *partition_make(struct vectors *v, uint32_t number)
{
    struct vector_partition *p = partition_find(v, number);

    if (p)
        return p;
    struct partition_leaf *leaf = atomic_load_explicit(&v->leaves[number / PARTITION_LEAF], memory_order_relaxed);

    if (leaf == NULL) {
        leaf = NEW(struct partition_leaf);
        atomic_store_explicit(&v->leaves[number / PARTITION_LEAF], leaf, memory_order_release);
    }
    p = NEW(struct vector_partition);
    p->number = number;
    atomic_store_explicit(&leaf->at[number % PARTITION_LEAF], p, memory_order_release);
    return p;
}

struct vector_partition *partition_next(const struct vectors *v, size_t *at)
{
    while (*at <= ITEM_PARTITION_MAX) {
        if (atomic_load_explicit(&v->leaves[*at / PARTITION_LEAF], memory_order_acquire) == NULL) {
            *at = (*at / PARTITION_LEAF + 1) * PARTITION_LEAF;
            continue;
        }
        struct vector_partition *p = partition_find(v, (uint32_t)(*at)++);

        if (p)
            return p;
    }
    return NULL;
}

/* --- its blocks --- */

static struct block_list *list_new(size_t cap)
{
    struct block_list *l = mem_alloc(sizeof *l + cap * sizeof l->at[0]);

    l->cap = cap;
    return l;
}

static void list_replace(struct vectors *v, struct vector_partition *p, struct block_list *new)
{
    struct block_list *old = atomic_load_explicit(&p->blocks, memory_order_relaxed);

    atomic_store_explicit(&p->blocks, new, memory_order_release);
    partition_keep_garbage(v, old);
}

void partition_keep_garbage(struct vectors *v, void *old)
{
    if (old == NULL)
        return;
    v->garbage = mem_resize(v->garbage, (v->n_garbage + 1) * sizeof *v->garbage);
    v->garbage[v->n_garbage++] = old;
}

static void list_add(struct vectors *v, struct vector_partition *p, uint32_t block)
{
    struct block_list *l = atomic_load_explicit(&p->blocks, memory_order_relaxed);
    size_t n = list_length(l);

    if (l == NULL || n == l->cap) {
        struct block_list *more = list_new(l ? l->cap * 2 : LIST_FIRST);

        if (l)
            memcpy(more->at, l->at, n * sizeof l->at[0]);
        atomic_store_explicit(&more->n, n, memory_order_relaxed);
        list_replace(v, p, more);
        l = more;
    }
    l->at[n] = block;
    atomic_store_explicit(&l->n, n + 1, memory_order_release);
}

static enum err grow(struct vectors *v)
{
    size_t from = v->files.blocks;

    TRY(vector_files_grow(&v->files));
    for (size_t b = v->files.blocks; b-- > from;)
        row_list_add(&v->nobodys, (uint32_t)b);
    return OK;
}

/* Half as many as it has, so that small ones stay small and the rows of large ones lie together. */
static enum err take_blocks(struct vectors *v, struct vector_partition *p)
{
    size_t want = list_length(atomic_load_explicit(&p->blocks, memory_order_relaxed)) / 2;

    want = want < 1 ? 1 : want > RUN_MOST ? RUN_MOST : want;
    if (v->nobodys.n == 0)
        TRY(grow(v));
    for (; want && v->nobodys.n; want--) {
        uint32_t block = v->nobodys.p[--v->nobodys.n];

        block_at(&v->files, block)->partition = p->number;
        list_add(v, p, block);
        row_list_add(&p->open, block);
    }
    row_list_reverse(&p->open);         /* the last one is filled first: let that be the first in the file */
    return OK;
}

enum err partition_take_row(struct vectors *v, uint32_t number, uint32_t *ret_row)
{
    struct vector_partition *p = partition_make(v, number);

    for (;;) {
        if (p->open.n == 0)
            TRY(take_blocks(v, p));
        uint32_t block = p->open.p[p->open.n - 1], rows = free_rows(v, block);

        if (rows) {
            *ret_row = block * BLOCK_ROWS + (uint32_t)__builtin_ctz(rows);
            return OK;
        }
        p->open.n--;
    }
}

/* --- giving blocks back --- */

static void release_from(struct vectors *v, struct vector_partition *p)
{
    const struct block_list *old = partition_blocks(p);
    struct block_list *kept = list_new(list_length(old) + 1);
    size_t n = 0;

    p->open.n = 0;
    for (size_t i = 0; i < list_length(old); i++)
        if (block_used(v, old->at[i]) == 0) {
            row_list_add(&v->released, old->at[i]);
        } else {
            kept->at[n++] = old->at[i];
            if (free_rows(v, old->at[i]))
                row_list_add(&p->open, old->at[i]);
        }
    atomic_store_explicit(&kept->n, n, memory_order_relaxed);
    list_replace(v, p, kept);
}

static int by_value(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

/* Of the partitions that have retired rows; sorts those. */
void partitions_release(struct vectors *v)
{
    v->releases++;
    qsort(v->retired.p, v->retired.n, sizeof v->retired.p[0], by_value);
    for (size_t i = 0; i < v->retired.n; i++) {
        uint32_t block = v->retired.p[i] / BLOCK_ROWS;
        struct vector_partition *p = partition_find(v, block_at(&v->files, block)->partition);

        if (p->released_in == v->releases || block_used(v, block))
            continue;
        p->released_in = v->releases;
        release_from(v, p);
    }
}

/* --- at the start --- */

/* A 127th of the largest value of a vector of length 1. */
static bool scale_valid(float scale)
{
    return scale > 0 && scale < 0.01F;
}

/* Where both a row and another say that they have the item, the sync after the second put did not come: that put comes again. */
static enum err load_row(struct vectors *v, struct vector_partition *p, uint32_t row, bool used)
{
    struct vector_block *b = block_at(&v->files, row / BLOCK_ROWS);
    int64_t id = b->ids[row % BLOCK_ROWS];

    if (id == 0 && !used)
        return OK;
    if (!item_id_valid(id) || item_partition(id) != p->number || (used && !scale_valid(b->scales[row % BLOCK_ROWS])))
        return failed(ERR_INPUT, "%s is damaged: row %u has what no row can have", v->files.paths[VECTOR_ROWS], row);
    if (used && vector_map_get(&v->map, id) == NO_ROW) {
        vector_map_put(&v->map, id, row);
        atomic_fetch_add(&p->items, 1);
        atomic_fetch_add(&v->items, 1);
        return OK;
    }
    atomic_fetch_and(&b->used, ~(1U << row % BLOCK_ROWS));
    row_list_add(&v->retired, row);
    atomic_fetch_add(&v->n_retired, 1);
    return OK;
}

static enum err load_block(struct vectors *v, uint32_t block)
{
    const struct vector_block *b = block_at(&v->files, block);
    uint32_t used = block_used(v, block);

    if (b->partition == 0 && used == 0 && free_rows(v, block) == BLOCK_FULL) {
        row_list_add(&v->nobodys, block);
        return OK;
    }
    if (b->partition == 0 || b->partition > ITEM_PARTITION_MAX || used > BLOCK_FULL)
        return failed(ERR_INPUT, "%s is damaged: block %u has what no block can have", v->files.paths[VECTOR_ROWS], block);
    struct vector_partition *p = partition_make(v, b->partition);

    list_add(v, p, block);
    for (uint32_t r = 0; r < BLOCK_ROWS; r++)
        TRY(load_row(v, p, block * BLOCK_ROWS + r, used >> r & 1));
    if (free_rows(v, block))
        row_list_add(&p->open, block);
    return OK;
}

enum err partitions_load(struct vectors *v)
{
    for (size_t b = 0; b < v->files.blocks; b++)
        TRY(load_block(v, (uint32_t)b));
    row_list_reverse(&v->nobodys);      /* the last one is taken first */
    return OK;
}

void partitions_free(struct vectors *v)
{
    struct vector_partition *p;

    for (size_t i = 0; (p = partition_next(v, &i));) {
        free(p->blocks);
        free(p->fresh);
        free(p->leaving.p);
        free(p->open.p);
        free(p);
    }
    for (size_t i = 0; i < PARTITION_LEAVES; i++)
        free(v->leaves[i]);
}
