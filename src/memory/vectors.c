// SPDX-License-Identifier: Apache-2.0
#include "memory/vectors.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "memory/vectors_internal.h"

enum { GRAPH_FROM = 1000000, GRAPH_FROM_ASKED = 4096 };

static size_t graph_from(const struct vectors_options *o)
{
    switch (o->kind) {
    case VECTORS_FLAT: return SIZE_MAX;
    case VECTORS_HNSW: return GRAPH_FROM_ASKED;
    case VECTORS_AUTO: break;
    }
    return o->graph_from ? o->graph_from : GRAPH_FROM;
}

static enum err choose_kernel(struct vectors *v, const char *name)
{
    v->kernel = kernel_best();
    for (size_t i = 0; name && kernels[i]; i++)
        if (strcmp(kernels[i]->name, name) == 0 && kernels[i]->usable()) {
            v->kernel = kernels[i];
            return OK;
        }
    return name ? failed(ERR_INPUT, "no kernel %s here", name) : OK;
}

/* A writer that waits goes first: else searches that overlap would keep it waiting for ever. */
static void init_lock(pthread_rwlock_t *lock)
{
    pthread_rwlockattr_t how;

    pthread_rwlockattr_init(&how);
    pthread_rwlockattr_setkind_np(&how, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(lock, &how);
    pthread_rwlockattr_destroy(&how);
}

enum err vectors_open(const char *folder, const struct vectors_options *o, struct vectors **out)
{
    if (o->dimension < 1 || o->dimension > VECTORS_DIMENSION_MAX)
        return failed(ERR_INPUT, "vectors of %u dimensions; 1 to %d can be kept", o->dimension, VECTORS_DIMENSION_MAX);
    struct vectors *v = NEW(struct vectors);

    enum err e = vector_files_open(&v->files, folder, o->dimension, o->generation);

    if (e) {
        free(v);
        return e;
    }
    init_lock(&v->readers);
    vector_map_init(&v->map, &v->files);
    v->code = vector_code_new(&v->files);
    v->graph_from = graph_from(o);
    e = choose_kernel(v, o->kernel);
    e = e ? e : partitions_load(v);
    if (e)
        vectors_close(v);
    else
        *out = v;
    return e;
}

static void free_garbage(struct vectors *v)
{
    graph_after_readers(v);
    for (size_t i = 0; i < v->n_garbage; i++)
        free(v->garbage[i]);
    free(v->garbage);
    v->garbage = NULL;
    v->n_garbage = 0;
}

void vectors_close(struct vectors *v)
{
    if (v == NULL)
        return;
    graph_close(v);
    free_garbage(v);
    partitions_free(v);
    free(v->retired.p);
    free(v->released.p);
    free(v->nobodys.p);
    vector_code_done(&v->code);
    vector_map_done(&v->map);
    pthread_rwlock_destroy(&v->readers);
    vector_files_close(&v->files);
    free(v);
}

enum err vectors_delete(const char *folder, uint32_t generation)
{
    TRY(graph_delete(folder, generation));
    return vector_files_delete(folder, generation);
}

/* --- changing rows --- */

static void publish(struct vectors *v, uint32_t row)
{
    struct vector_block *b = block_at(&v->files, row / BLOCK_ROWS);

    atomic_fetch_or_explicit(&b->used, 1U << row % BLOCK_ROWS, memory_order_release);
    atomic_fetch_add(&partition_find(v, b->partition)->items, 1);
    atomic_fetch_add(&v->items, 1);
}

static void retire(struct vectors *v, uint32_t row)
{
    struct vector_block *b = block_at(&v->files, row / BLOCK_ROWS);

    atomic_fetch_and_explicit(&b->used, ~(1U << row % BLOCK_ROWS), memory_order_release);
    row_list_add(&v->retired, row);
    atomic_fetch_sub(&partition_find(v, b->partition)->items, 1);
    atomic_fetch_sub(&v->items, 1);
    atomic_fetch_add(&v->n_retired, 1);
}

/* The id comes first: whatever of the row a crash leaves then has a name, and is zeroed at the next start. */
enum err vectors_put(struct vectors *v, int64_t id, const float *values, size_t n)
{
    uint32_t row;

    if (!item_id_valid(id))
        return failed(ERR_INPUT, "%lld is no item's id", (long long)id);
    TRY(vector_code_make(&v->files, values, n, &v->code));
    TRY(partition_take_row(v, item_partition(id), &row));
    block_at(&v->files, row / BLOCK_ROWS)->ids[row % BLOCK_ROWS] = id;
    vector_code_store(&v->files, &v->code, row);
    uint32_t former = vector_map_put(&v->map, id, row);

    if (former != NO_ROW)
        retire(v, former);
    publish(v, row);
    graph_added(v, partition_find(v, item_partition(id)), row);
    return OK;
}

bool vectors_remove(struct vectors *v, int64_t id)
{
    uint32_t row = id ? vector_map_remove(&v->map, id) : NO_ROW;

    if (row != NO_ROW)
        retire(v, row);
    return row != NO_ROW;
}

void vectors_drop_partition(struct vectors *v, uint32_t partition)
{
    const struct vector_partition *p = partition_find(v, partition);
    const struct block_list *l = p ? partition_blocks(p) : NULL;

    for (size_t i = 0; i < list_length(l); i++)
        for (uint32_t used = block_used(v, l->at[i]); used; used &= used - 1)
            vectors_remove(v, row_id(v, l->at[i] * BLOCK_ROWS + (uint32_t)__builtin_ctz(used)));
}

/* --- what was retired becomes free --- */

/* Whoever begins to read from now on finds neither retired rows nor the lists that were replaced. */
static void wait_for_readers(struct vectors *v)
{
    pthread_rwlock_wrlock(&v->readers);
    pthread_rwlock_unlock(&v->readers);
    free_garbage(v);
}

/* `retired` is sorted: neighbours are zeroed together. */
static void zero_retired(struct vectors *v)
{
    const struct row_list *l = &v->retired;

    for (size_t i = 0, n; i < l->n; i += n) {
        for (n = 1; i + n < l->n && l->p[i + n] == l->p[i] + n;)
            n++;
        vector_files_zero(&v->files, l->p[i], n);
    }
}

static void free_retired(struct vectors *v)
{
    for (size_t i = 0; i < v->retired.n; i++) {
        uint32_t block = v->retired.p[i] / BLOCK_ROWS, r = v->retired.p[i] % BLOCK_ROWS;
        struct vector_block *b = block_at(&v->files, block);

        b->ids[r] = 0;
        b->scales[r] = 0;
        if (block_used(v, block))
            row_list_add(&partition_find(v, b->partition)->open, block);
    }
    for (size_t i = 0; i < v->released.n; i++) {
        block_at(&v->files, v->released.p[i])->partition = 0;
        row_list_add(&v->nobodys, v->released.p[i]);
    }
    v->retired.n = v->released.n = 0;
    atomic_store(&v->n_retired, 0);
}

/* The bytes are zero on disk before their ids go: a crash between leaves an id whose row is zeroed once more.  When it fails,
 * all is still retired, and the next sync does it again. */
enum err vectors_sync(struct vectors *v)
{
    if (v->retired.n) {
        graph_take_out(v);
        partitions_release(v);
        wait_for_readers(v);
        zero_retired(v);
    }
    TRY(vector_files_sync(&v->files, VECTOR_CODES));
    TRY(vector_files_sync(&v->files, VECTOR_FLOATS));
    free_retired(v);
    return vector_files_sync(&v->files, VECTOR_ROWS);
}

/* --- asking --- */

void vectors_stats(struct vectors *v, struct vectors_stats *out)
{
    struct vector_partition *p;

    *out = (struct vectors_stats){ .items = atomic_load(&v->items), .removed = atomic_load(&v->n_retired),
                                   .bytes = vector_files_bytes(&v->files), .dimension = (uint32_t)v->files.dimension,
                                   .kernel = v->kernel->name };
    for (size_t i = 0; (p = partition_next(v, &i));)
        out->partitions += atomic_load(&p->items) > 0;
    graph_stats(v, out);
}
