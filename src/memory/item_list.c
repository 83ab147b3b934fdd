// SPDX-License-Identifier: Apache-2.0
/* item_list.c: pages of items, newest first. */
#include <stdlib.h>

#include "base/buf.h"
#include "memory/memory_internal.h"
#include "runtime/clock.h"

enum { LIST_MAX = 1000 };

str ids_json(struct arena *a, const int64_t *ids, size_t n)
{
    CLEANUP(buf_done) struct buf b = { .max = SIZE_MAX / 2 };

    for (size_t i = 0; i < n; i++)
        buf_addf(&b, "%c%lld", i ? ',' : '[', (long long)ids[i]);
    buf_add(&b, n ? S("]") : S("[]"));
    return arena_str(a, buf_str(&b));
}

/* '' for all: the statement does not look then. */
static str kinds_json(struct arena *a, uint32_t kinds)
{
    CLEANUP(buf_done) struct buf b = { 0 };

    if (kinds == 0)
        return S("");
    for (int i = 0; i < N_ITEM_KINDS; i++)
        if (kinds & 1u << i)
            buf_addf(&b, "%s\"%s\"", b.len ? "," : "[", item_kind_name((enum item_kind)i));
    buf_add(&b, b.len ? S("]") : S("[]"));
    return arena_str(a, buf_str(&b));
}

static bool is_asked(const struct memory_filter *f, const struct memory_partition *p)
{
    return p->items > 0 && (str_eq(f->collection, S("*")) || str_eq(f->collection, p->collection))
        && (f->before == 0 || item_id(p->id, 0) < f->before);
}

struct listing { struct memory_item *items; size_t n; };

static void add_rows(struct listing *l, const struct rows *r)
{
    for (size_t i = 0; i < r->n; i++)
        item_of_row(r, i, &l->items[l->n++]);
}

static enum err list_partition(struct memory *m, struct arena *a, const struct memory_filter *f, uint32_t partition,
                               struct listing *l) AWAITS
{
    int64_t low = item_id(partition, 0), high = item_id(partition, ITEM_SEQUENCE_MAX);
    int64_t below = f->before && f->before < high ? f->before : high, until = f->until ? f->until : INT64_MAX;
    int64_t now = f->with_replaced ? 0 : clock_wall_ms(), limit = (int64_t)(f->limit - l->n);
    str kinds = kinds_json(a, f->kinds);
    struct rows r;

    if (f->session_id.len)
        TRY(store_read(m->store, a, &r, "item.list_session", "iissiiiis", below, low, kinds, f->person, f->since, until, now, limit,
                       f->session_id));
    else
        TRY(store_read(m->store, a, &r, "item.list", "iissiiii", below, low, kinds, f->person, f->since, until, now, limit));
    add_rows(l, &r);
    return OK;
}

static int newer_first(const void *a, const void *b)
{
    const struct memory_partition *const *x = a, *const *y = b;

    return (*x)->id < (*y)->id ? 1 : -1;
}

static const struct memory_partition **newest_first(struct arena *a, const struct memory_partition *p, size_t n)
{
    const struct memory_partition **list = arena_alloc(a, n * sizeof *list);

    for (size_t i = 0; i < n; i++)
        list[i] = &p[i];
    qsort(list, n, sizeof *list, newer_first);
    return list;
}

enum err memory_list(struct memory *m, struct arena *a, const struct memory_filter *f, const struct memory_item **out, size_t *ret_n)
{
    const struct memory_partition *partitions = NULL, **newest;
    struct listing l = { 0 };
    size_t n = 0;

    if (f->limit == 0 || f->limit > LIST_MAX)
        return failed(ERR_INPUT, "a list of memories has 1 to %d of them, not %zu", LIST_MAX, f->limit);
    if (f->n_scopes)
        TRY(memory_partitions(m, a, f->scopes, f->n_scopes, &partitions, &n));
    l.items = arena_alloc(a, f->limit * sizeof *l.items);
    newest = newest_first(a, partitions, n);
    for (size_t i = 0; i < n && l.n < f->limit; i++)
        if (is_asked(f, newest[i]))
            TRY(list_partition(m, a, f, newest[i]->id, &l));
    *out = l.items;
    *ret_n = l.n;
    return OK;
}
