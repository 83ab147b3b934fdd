// SPDX-License-Identifier: Apache-2.0
/* items.c: items come, are found by their ids, and change. */
#include <stdlib.h>
#include <string.h>

#include "base/metrics.h"
#include "memory/memory_internal.h"
#include "runtime/clock.h"

enum { SAVE_TRIES = 3 };

static int64_t created(const struct memory_item *m, int64_t now)
{
    return m->created_at ? m->created_at : now;
}

void memory_add(struct batch *b, uint32_t partition, const struct memory_item *m)
{
    char hash[ITEM_HASH_SIZE];

    item_hash(m, hash);
    batch_add(b, "item.add", "iccssssssiisddiiic", (int64_t)partition, item_kind_name(m->kind), item_origin_name(m->origin), m->title,
              m->text, m->place, m->fields, m->person, m->session_id, m->inbox_id, m->document, m->taint, m->confidence, m->importance,
              (int64_t)m->pinned, created(m, clock_wall_ms()), m->expires_at, hash);
    batch_expect(b, 1);
}

/* ---- saving ---- */

struct saved { uint32_t partition; bool was_there; int64_t id; char hash[ITEM_HASH_SIZE]; };

struct saving {
    struct memory            *memory;
    const struct memory_item *items;
    struct saved             *saved;        /* beside them; id 0: not yet */
    size_t                    n, left;
    int64_t                   now;
};

static enum err find_partitions(struct saving *s) AWAITS
{
    for (size_t i = 0; i < s->n; i++) {
        const struct memory_item *m = &s->items[i], *before = i ? m - 1 : NULL;

        if (before && scope_eq(m->scope, before->scope) && str_eq(m->collection, before->collection))
            s->saved[i].partition = s->saved[i - 1].partition;
        else
            TRY(memory_partition_make(s->memory, m->scope, m->collection, &s->saved[i].partition));
    }
    return OK;
}

static void add_if_new(struct batch *b, const struct memory_item *m, const struct saved *s, int64_t now)
{
    batch_add(b, "item.add_new", "iccssssssiisddiiici", (int64_t)s->partition, item_kind_name(m->kind), item_origin_name(m->origin),
              m->title, m->text, m->place, m->fields, m->person, m->session_id, m->inbox_id, m->document, m->taint, m->confidence,
              m->importance, (int64_t)m->pinned, created(m, now), m->expires_at, s->hash, now);
}

/* Each statement of the batch is about one that has no id yet. */
static void take_ids(struct saving *s, const struct batch *b, bool was_there)
{
    for (size_t i = 0, at = 0; i < s->n; i++) {
        if (s->saved[i].id)
            continue;
        const struct rows *r = batch_rows(b, at++);

        if (r->n == 0)
            continue;
        s->saved[i].id = row_int(r, 0, 0);
        s->saved[i].was_there = was_there;
        s->left--;
    }
}

static enum err add_new_ones(struct saving *s) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct batch *b = batch_new(a);

    for (size_t i = 0; i < s->n; i++)
        if (s->saved[i].id == 0)
            add_if_new(b, &s->items[i], &s->saved[i], s->now);
    TRY(store_commit(s->memory->store, b));
    take_ids(s, b, false);
    return OK;
}

/* What was not added is there already. */
static enum err find_doubles(struct saving *s) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct batch *b = batch_new(a);

    for (size_t i = 0; i < s->n; i++)
        if (s->saved[i].id == 0)
            batch_add(b, "item.same_words", "icci", (int64_t)s->saved[i].partition, s->saved[i].hash, item_kind_name(s->items[i].kind),
                      s->now);
    TRY(store_query(s->memory->store, b));
    take_ids(s, b, true);
    return OK;
}

static enum err say_again(struct saving *s) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct batch *b = batch_new(a);

    for (size_t i = 0; i < s->n; i++)
        if (s->saved[i].was_there)
            batch_add(b, "item.said_again", "iiddi", s->saved[i].id, (int64_t)s->items[i].pinned, s->items[i].importance,
                      s->items[i].confidence, s->items[i].expires_at);
    return batch_size(b) ? store_commit(s->memory->store, b) : OK;
}

/* Between the two looks the double may have gone, or the partition with its last item: then what is left begins again. */
static enum err save(struct saving *s) AWAITS
{
    for (unsigned i = 0; i < SAVE_TRIES && s->left; i++) {
        TRY(find_partitions(s));
        TRY(add_new_ones(s));
        if (s->left)
            TRY(find_doubles(s));
        if (s->left)
            partitions_forget(s->memory);
    }
    if (s->left)
        return failed(ERR_CONFLICT, "what was to be remembered is being forgotten at the same time: try again");
    return say_again(s);
}

static enum err check_all(struct saving *s, const float *vectors)
{
    size_t d = s->memory->embedder.dimension;

    if (vectors && memory_vectors(s->memory) == NULL)
        return failed(ERR_INPUT, "vectors are given, and the memory keeps none: semantic_search.enable is off");
    for (size_t i = 0; i < s->n; i++) {
        if (item_check(&s->items[i]) != OK)
            return s->n > 1 ? failed_in(ERR_INPUT, "number %zu: ", i + 1) : ERR_INPUT;
        if (vectors && !vector_is_usable(vectors + i * d, d))
            return failed(ERR_INPUT, "number %zu: its vector has something that is no number, or is all 0", i + 1);
        item_hash(&s->items[i], s->saved[i].hash);
    }
    return OK;
}

static enum err put_given(struct saving *s, struct arena *a, const float *vectors) AWAITS
{
    struct made_vector *made = arena_alloc(a, s->n * sizeof *made);
    size_t n = 0;

    for (size_t i = 0; i < s->n; i++)
        if (!s->saved[i].was_there)
            made[n++] = (struct made_vector){ s->saved[i].id, vectors + i * s->memory->embedder.dimension };
    enum err e = n ? vector_side_put(s->memory, made, n) : OK;

    return e ? failed_in(e, "it is remembered, but its vector is not stored yet: ") : OK;
}

/* Of a few somebody may ask at once: they do not wait behind a thousand documents. */
static void note_fresh(struct memory *m, const int64_t *ids, size_t n)
{
    for (size_t i = 0; i < n && n <= FRESH_MAX / 4 && m->n_fresh < FRESH_MAX; i++)
        m->fresh[m->n_fresh++] = ids[i];
}

enum err memory_save(struct memory *m, const struct memory_item *items, size_t n, const float *vectors, int64_t *ret_ids)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct saving s = { m, items, arena_alloc(a, n * sizeof(struct saved)), n, n, clock_wall_ms() };
    int64_t added = 0;

    TRY(check_all(&s, vectors));
    TRY(save(&s));
    for (size_t i = 0; i < n; i++) {
        ret_ids[i] = s.saved[i].id;
        added += !s.saved[i].was_there;
    }
    metric_add(METRIC_memory_saved, added);
    if (vectors)
        return put_given(&s, a, vectors);
    note_fresh(m, ret_ids, n);
    memory_changed(m);
    return OK;
}

/* ---- one by its id ---- */

static enum err no_such(int64_t id)
{
    return failed(ERR_NOT_FOUND, "there is no memory %lld here", (long long)id);
}

enum err memory_get(struct memory *m, struct arena *a, int64_t id, const struct scope *scopes, size_t n_scopes, struct memory_item *out)
{
    const struct memory_item *found;
    size_t n;

    TRY(memory_items(m, a, &id, 1, scopes, n_scopes, &found, &n));
    if (n == 0)
        return no_such(id);
    *out = found[0];
    return OK;
}

bool memory_row_of_id(const struct rows *r, int64_t id, size_t *ret_row)
{
    size_t from = 0, to = r->n;

    while (from < to) {
        size_t middle = from + (to - from) / 2;

        if (row_int(r, middle, 0) < id)
            from = middle + 1;
        else
            to = middle;
    }
    *ret_row = from;
    return from < r->n && row_int(r, from, 0) == id;
}

enum err memory_items(struct memory *m, struct arena *a, const int64_t *ids, size_t n, const struct scope *scopes, size_t n_scopes,
                      const struct memory_item **out, size_t *ret_n)
{
    struct memory_item *list = arena_alloc(a, n * sizeof *list);
    size_t row, found = 0;
    struct rows r;

    TRY(store_read(m->store, a, &r, "item.get_many", "s", ids_json(a, ids, n)));
    for (size_t i = 0; i < n; i++) {
        if (!memory_row_of_id(&r, ids[i], &row))
            continue;
        item_of_row(&r, row, &list[found]);
        found += scope_among(list[found].scope, scopes, n_scopes);
    }
    *out = list;
    *ret_n = found;
    return OK;
}

enum err memory_pin(struct memory *m, int64_t id, bool pinned)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct batch *b = batch_new(a);

    batch_add(b, "item.pin", "ii", id, (int64_t)pinned);
    TRY(store_commit(m->store, b));
    return batch_changed(b, 0) ? OK : no_such(id);
}

/* ---- replacing ---- */

/* Why the old one was not replaced. */
static enum err not_replaced(struct memory *m, int64_t old, struct scope scope) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct memory_item item;

    TRY(memory_get(m, a, old, &scope, 1, &item));
    if (item.replaced_by == 0)
        return failed(ERR_CONFLICT, "memory %lld changed at the same time: try again", (long long)old);
    return failed(ERR_CONFLICT, "memory %lld was replaced by %lld before", (long long)old, (long long)item.replaced_by);
}

enum err memory_replace(struct memory *m, int64_t old, const struct memory_item *item, int64_t *ret_id)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct batch *b = batch_new(a);
    uint32_t partition;

    TRY(item_check(item));
    TRY(memory_partition_make(m, item->scope, item->collection, &partition));
    memory_add(b, partition, item);
    batch_add(b, "item.replace", "ii", old, (int64_t)partition);
    batch_expect(b, 1);
    enum err e = store_commit(m->store, b);

    if (e == ERR_CONFLICT) {
        partitions_forget(m);
        return not_replaced(m, old, item->scope);
    }
    TRY(e);
    *ret_id = row_int(batch_rows(b, 0), 0, 0);
    metric_add(METRIC_memory_saved, 1);
    note_fresh(m, ret_id, 1);
    memory_changed(m);
    return OK;
}
