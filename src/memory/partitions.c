// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "memory/memory_internal.h"
#include "runtime/clock.h"

enum { KNOWN_MAX = 4096 };

/* Of what the map holds only the number matters, and a pointer can hold that: one more, so that what is known not to be there is no
 * NULL. */
static void *known(uint32_t id)
{
    return (void *)((uintptr_t)id + 1);
}

static bool is_known(const struct memory *m, str key, uint32_t *out)
{
    uintptr_t found = (uintptr_t)map_get(&m->partitions, key);

    if (found)
        *out = (uint32_t)(found - 1);
    return found;
}

static void add_key(struct buf *b, struct scope s, str collection)
{
    buf_addf(b, "%d %zu ", (int)s.kind, s.key.len);
    buf_add(b, s.key);
    buf_add(b, collection);
}

static uint32_t know(struct memory *m, str key, uint32_t id)
{
    if (m->partitions.n >= KNOWN_MAX)
        partitions_forget(m);
    map_put(&m->partitions, key, known(id));
    return id;
}

static void forget_without(struct memory *m)
{
    map_done(&m->without);
    m->without = (struct map){ 0 };
}

void partitions_forget(struct memory *m)
{
    map_done(&m->partitions);
    m->partitions = (struct map){ 0 };
    forget_without(m);
}

bool scope_among(struct scope s, const struct scope *scopes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (scope_eq(s, scopes[i]))
            return true;
    return false;
}

enum err memory_partition_find(struct memory *m, struct scope s, str collection, uint32_t *out)
{
    CLEANUP(arena_freep) struct arena *a = NULL;
    CLEANUP(buf_done) struct buf key = { 0 };
    struct rows r;

    add_key(&key, s, collection);
    if (is_known(m, buf_str(&key), out))
        return OK;
    a = arena_new();
    TRY(store_read(m->store, a, &r, "partition.find", "css", scope_kind_name(s.kind), s.key, collection));
    if (!is_known(m, buf_str(&key), out))       /* it may have been made meanwhile */
        *out = know(m, buf_str(&key), r.n ? (uint32_t)row_int(&r, 0, 0) : 0);
    return OK;
}

enum err memory_partition_make(struct memory *m, struct scope s, str collection, uint32_t *out)
{
    CLEANUP(arena_freep) struct arena *a = NULL;
    CLEANUP(buf_done) struct buf key = { 0 };
    struct batch *b;
    int64_t id;

    TRY(memory_partition_find(m, s, collection, out));
    if (*out)
        return OK;
    a = arena_new();
    b = batch_new(a);
    batch_add(b, "partition.make", "cssi", scope_kind_name(s.kind), s.key, collection, clock_wall_ms());
    batch_add(b, "partition.find", "css", scope_kind_name(s.kind), s.key, collection);
    batch_expect(b, 1);
    TRY(store_commit(m->store, b));
    m->made++;
    forget_without(m);
    id = row_int(batch_rows(b, 1), 0, 0);
    if (id > ITEM_PARTITION_MAX)
        return failed(ERR_LIMIT, "the memory has had %d scopes and collections, and can have no more", ITEM_PARTITION_MAX);
    add_key(&key, s, collection);
    *out = know(m, buf_str(&key), (uint32_t)id);
    return OK;
}

static void partition_of_row(const struct rows *r, size_t i, struct memory_partition *out)
{
    *out = (struct memory_partition){ .id = (uint32_t)row_int(r, i, 0), .scope.key = row_str(r, i, 2), .collection = row_str(r, i, 3),
                                      .items = row_int(r, i, 4) };
    (void)scope_kind_parse(row_str(r, i, 1), &out->scope.kind);     /* the table's CHECK allows no other */
}

static struct batch *partitions_query(struct arena *a, const struct scope *scopes, size_t n)
{
    struct batch *b = batch_new(a);

    if (n == 0)
        batch_add(b, "partition.all", "");
    for (size_t i = 0; i < n; i++)
        if (!scope_among(scopes[i], scopes, i))
            batch_add(b, "partition.of_scope", "cs", scope_kind_name(scopes[i].kind), scopes[i].key);
    return b;
}

/* A conversation asks before each turn, and mostly of scopes that have nothing. */
static bool have_nothing(const struct memory *m, const struct scope *scopes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        CLEANUP(buf_done) struct buf key = { 0 };

        add_key(&key, scopes[i], S(""));
        if (map_get(&m->without, buf_str(&key)) == NULL)
            return false;
    }
    return n > 0;
}

static void know_without(struct memory *m, const struct scope *scopes, size_t n, const struct memory_partition *list, size_t n_list)
{
    if (m->without.n + n > KNOWN_MAX)
        forget_without(m);
    for (size_t i = 0; i < n; i++) {
        CLEANUP(buf_done) struct buf key = { 0 };
        size_t at = 0;

        while (at < n_list && !scope_eq(list[at].scope, scopes[i]))
            at++;
        if (at < n_list)
            continue;
        add_key(&key, scopes[i], S(""));
        map_put(&m->without, buf_str(&key), m);
    }
}

enum err memory_partitions(struct memory *m, struct arena *a, const struct scope *scopes, size_t n_scopes,
                           const struct memory_partition **out, size_t *ret_n)
{
    struct memory_partition *list;
    uint64_t made = m->made;
    size_t n = 0;

    *out = NULL;
    *ret_n = 0;
    if (have_nothing(m, scopes, n_scopes))
        return OK;
    struct batch *b = partitions_query(a, scopes, n_scopes);

    TRY(store_query(m->store, b));
    for (size_t i = 0; i < batch_size(b); i++)
        n += batch_rows(b, i)->n;
    list = arena_alloc(a, n * sizeof *list);
    n = 0;
    for (size_t i = 0; i < batch_size(b); i++)
        for (size_t row = 0; row < batch_rows(b, i)->n; row++)
            partition_of_row(batch_rows(b, i), row, &list[n++]);
    if (made == m->made)        /* else one may have come meanwhile */
        know_without(m, scopes, n_scopes, list, n);
    *out = list;
    *ret_n = n;
    return OK;
}
