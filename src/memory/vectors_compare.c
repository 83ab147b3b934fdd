// SPDX-License-Identifier: Apache-2.0
/* vectors_compare.c: do the items that have a vector by the database have one in the files, and do the files have no others? */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "memory/memory_internal.h"
#include "runtime/offload.h"

enum { PAGE = 4096 };

/* The ids of both sides are ascending, and gone through together.  The files' take 8 bytes an item of one partition. */
struct compare {
    struct memory            *memory;
    struct vectors_difference found;
    enum memory_care          care;
    uint32_t                  partition;
    int64_t                  *ids;          /* with a vector; malloc'd */
    size_t                    n, at;
    int64_t                   missing[PAGE], extra[PAGE];
    size_t                    n_missing, n_extra;
};

static struct compare *compare_new(struct memory *m, enum memory_care care)
{
    struct compare *c = NEW(struct compare);

    c->memory = m;
    c->care = care;
    return c;
}

static void compare_freep(struct compare **c)
{
    free((*c)->ids);
    free(*c);
}

static enum err list_ids(void *arg)
{
    struct compare *c = arg;

    c->n = vectors_ids(c->memory->vectors, c->partition, &c->ids);
    return OK;
}

static enum err queue_missing(struct compare *c) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct batch *b = batch_new(a);

    c->found.missing += c->n_missing;
    if (c->n_missing && c->care == MEMORY_MEND) {
        batch_add(b, "vectors.mark", "is", INT64_C(0), ids_json(a, c->missing, c->n_missing));
        TRY(store_commit(c->memory->store, b));
    }
    c->n_missing = 0;
    return OK;
}

/* What was forgotten and is in the list of purges is no finding: it goes by itself. */
static enum err purge_extra(struct compare *c) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct batch *b = batch_new(a);
    struct rows r;

    if (c->n_extra == 0)
        return OK;
    str ids = ids_json(a, c->extra, c->n_extra);

    TRY(store_read(c->memory->store, a, &r, "purge.of", "s", ids));
    c->found.extra += c->n_extra - r.n;
    if (c->care == MEMORY_MEND) {
        batch_add(b, "purge.add", "s", ids);
        TRY(store_commit(c->memory->store, b));
    }
    c->n_extra = 0;
    return OK;
}

static enum err add_extra(struct compare *c, int64_t id) AWAITS
{
    c->extra[c->n_extra++] = id;
    return c->n_extra == PAGE ? purge_extra(c) : OK;
}

static enum err compare_row(struct compare *c, int64_t id, int64_t embedded) AWAITS
{
    while (c->at < c->n && c->ids[c->at] < id)
        TRY(add_extra(c, c->ids[c->at++]));
    bool has = c->at < c->n && c->ids[c->at] == id;

    c->at += has;
    c->found.items++;
    c->found.vectors += has;
    if (embedded == c->memory->generation && !has)
        c->missing[c->n_missing++] = id;
    return OK;
}

static enum err compare_page(struct compare *c, int64_t *after, size_t *ret_n) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct rows r;

    TRY(store_read(c->memory->store, a, &r, "vectors.of_partition", "iii", *after, item_id(c->partition, ITEM_SEQUENCE_MAX),
                   (int64_t)PAGE));
    for (size_t i = 0; i < r.n; i++)
        TRY(compare_row(c, row_int(&r, i, 0), row_int(&r, i, 1)));
    if (r.n)
        *after = row_int(&r, r.n - 1, 0);
    *ret_n = r.n;
    return queue_missing(c);
}

/* Nobody puts or purges meanwhile. */
static enum err compare_partition(struct compare *c, uint32_t partition) AWAITS
{
    CLEANUP(vector_side_leave) struct memory *inside = NULL;
    int64_t after = item_id(partition, 0);
    size_t n;

    TRY(vector_side_enter(c->memory, &inside));
    free(c->ids);
    c->ids = NULL;
    c->partition = partition;
    c->at = 0;
    TRY(fiber_offload(list_ids, c));
    do
        TRY(compare_page(c, &after, &n));
    while (n == PAGE);
    while (c->at < c->n)
        TRY(add_extra(c, c->ids[c->at++]));
    return purge_extra(c);
}

/* Partitions that are gone are gone through too: their numbers are known up to the last that was given. */
enum err vectors_compare(struct memory *m, enum memory_care care, struct vectors_difference *out)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(compare_freep) struct compare *c = compare_new(m, care);
    struct rows r;

    TRY(store_read(m->store, a, &r, "partition.last", ""));
    for (int64_t p = 1, last = row_int(&r, 0, 0); p <= last; p++)
        TRY(compare_partition(c, (uint32_t)p));
    if (care == MEMORY_MEND && (c->found.missing || c->found.extra))
        memory_changed(m);
    *out = c->found;
    return OK;
}
