// SPDX-License-Identifier: Apache-2.0
#include "memory/merge.h"

#include <string.h>

#include "base/map.h"
#include "base/utf8.h"
#include "base/words.h"
#include "memory/memory_internal.h"
#include "runtime/offload.h"

enum { PAGE = 200, NEIGHBOURS = 8 };

static const float near_enough = 0.95f;
/* Of all their words: beside vectors that are near, and without. */
static const double share_beside_vectors = 0.7, share_alone = 0.95;

/* ---- words ---- */

/* Where one says it and the other does not they say opposite things, however near their vectors are. */
static bool denies(str word)
{
    static const char *const denials[] = {
        "not", "no", "never", "none", "without", "cannot", "t", "don", "doesn", "didn", "isn", "aren", "wasn", "won", "can", "stop",
        "stopped", "nicht", "kein", "ni", "ne", "pas",
    };

    for (size_t i = 0; i < N_ELEMENTS(denials); i++)
        if (str_eq(word, str_from(denials[i])))
            return true;
    return str_find(word, S("不")) != STR_NONE || str_find(word, S("没")) != STR_NONE || str_find(word, S("別")) != STR_NONE
        || str_find(word, S("别")) != STR_NONE || str_find(word, S("未")) != STR_NONE || str_find(word, S("无")) != STR_NONE;
}

static bool has_digit(str word)
{
    for (size_t i = 0; i < word.len; i++)
        if (word.p[i] >= '0' && word.p[i] <= '9')
            return true;
    return false;
}

static void read_words(struct map *m, str text)
{
    struct words w = { .text = text, .indexed = true };
    struct word word;

    while (words_next(&w, &word))
        map_put(m, word.folded, m);
}

static size_t count_shared(const struct map *a, const struct map *b, bool *ret_differ)
{
    const struct map_entry *e;
    size_t n = 0;

    for (size_t i = 0; map_next(a, &i, &e); )
        if (map_get(b, e->key))
            n++;
        else if (denies(e->key) || has_digit(e->key))
            *ret_differ = true;
    return n;
}

bool memory_same_sense(str a, str b, double share)
{
    CLEANUP(map_done) struct map x = { 0 }, y = { 0 };
    bool differ = false;

    read_words(&x, a);
    read_words(&y, b);
    size_t shared = count_shared(&x, &y, &differ);

    (void)count_shared(&y, &x, &differ);
    return !differ && shared > 0 && (double)shared >= share * (double)(x.n + y.n - shared);
}

/* ---- pairs ---- */

struct look {
    struct vectors   *vectors;      /* NULL: by words alone */
    int64_t           id;
    uint32_t          partition;
    size_t            dimension, n;
    float            *values;
    struct vector_hit hits[NEIGHBOURS];
};

static enum err find_near(void *arg)
{
    struct look *l = arg;
    struct vector_query q = { .values = l->values, .n_values = l->dimension, .partitions = &l->partition, .n_partitions = 1,
                              .k = NEIGHBOURS };

    if (vectors_get(l->vectors, l->id, l->values) != OK)
        return OK;
    return vectors_search(l->vectors, &q, l->hits, &l->n);
}

static enum err find_words(struct memory *m, struct arena *a, str text, struct look *l) AWAITS
{
    struct text_query q = { .text = utf8_take(text, TEXT_QUESTION_MAX), .partitions = &l->partition, .n_partitions = 1, .k = NEIGHBOURS };
    struct text_hit hits[NEIGHBOURS];

    TRY(text_search(&m->text, a, &q, hits, &l->n));
    for (size_t i = 0; i < l->n; i++)
        l->hits[i] = (struct vector_hit){ hits[i].id, 1 };
    return OK;
}

static enum err look_around(struct memory *m, struct arena *a, const struct memory_item *item, struct look *l) AWAITS
{
    *l = (struct look){ .id = item->id, .partition = item_partition(item->id), .dimension = m->embedder.dimension };
    l->vectors = memory_vectors_use(m);
    if (l->vectors == NULL)
        return find_words(m, a, item->text, l);
    l->values = arena_alloc(a, l->dimension * sizeof *l->values);
    enum err e = fiber_offload(find_near, l);

    memory_vectors_done(m, l->vectors);
    return e;
}

static bool stays(const struct memory_item *a, const struct memory_item *b)
{
    if (a->pinned != b->pinned)
        return a->pinned;
    return a->confidence != b->confidence ? a->confidence > b->confidence : a->id > b->id;
}

static bool is_twin(const struct memory_item *a, const struct memory_item *b, double share)
{
    return a->id != b->id && a->kind == b->kind && b->replaced_by == 0 && memory_same_sense(a->text, b->text, share)
        && (a->expires_at != 0) == (b->expires_at != 0);
}

static enum err replace(struct memory *m, struct arena *a, const struct memory_item *gone, const struct memory_item *by,
                        bool *ret_done) AWAITS
{
    struct batch *b = batch_new(a);

    batch_add(b, "merge.replace", "ii", gone->id, by->id);
    batch_add(b, "item.said_again", "iiddi", by->id, (int64_t)gone->pinned, gone->importance, gone->confidence, by->expires_at);
    TRY(store_commit(m->store, b));
    *ret_done = batch_changed(b, 0) == 1;
    return OK;
}

/* True: this one is the lesser of a pair. */
static enum err merge_one(struct memory *m, const struct memory_item *item, enum memory_run_kind how, bool *ret_merged) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    const struct memory_item *others;
    int64_t ids[NEIGHBOURS];
    struct look l;
    size_t n = 0;

    *ret_merged = false;
    TRY(look_around(m, a, item, &l));
    for (size_t i = 0; i < l.n; i++)
        if (l.hits[i].score >= near_enough && l.hits[i].id != item->id)
            ids[n++] = l.hits[i].id;
    if (n == 0)
        return OK;
    TRY(memory_items(m, a, ids, n, &item->scope, 1, &others, &n));
    for (size_t i = 0; i < n && !*ret_merged; i++) {
        if (!is_twin(item, &others[i], l.vectors ? share_beside_vectors : share_alone) || stays(item, &others[i]))
            continue;
        *ret_merged = true;
        if (how == MEMORY_DO)
            TRY(replace(m, a, item, &others[i], ret_merged));
    }
    return OK;
}

static enum err merge_page(struct memory *m, const struct memory_partition *p, int64_t *before, enum memory_run_kind how, size_t *n) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct memory_filter f = { .scopes = &p->scope, .n_scopes = 1, .before = *before, .limit = PAGE,
                               .kinds = (1u << ITEM_EXCHANGE) - 1 };
    const struct memory_item *items;
    size_t n_items;

    TRY(memory_list(m, a, &f, &items, &n_items));
    *before = n_items == PAGE ? items[n_items - 1].id : 0;
    for (size_t i = 0; i < n_items; i++) {
        bool merged;

        TRY(merge_one(m, &items[i], how, &merged));
        *n += merged;
    }
    return OK;
}

enum err memory_merge(struct memory *m, enum memory_run_kind how, size_t *ret_n)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    const struct memory_partition *p;
    size_t n;

    *ret_n = 0;
    TRY(memory_partitions(m, a, NULL, 0, &p, &n));
    for (size_t i = 0; i < n; i++) {
        int64_t before = 0;

        if (p[i].collection.len == 0 && p[i].items > 1)
            do
                TRY(merge_page(m, &p[i], &before, how, ret_n));
            while (before);
    }
    return OK;
}
