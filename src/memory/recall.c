// SPDX-License-Identifier: Apache-2.0
#include "memory/recall.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "memory/fuse.h"
#include "memory/recall_internal.h"
#include "runtime/clock.h"
#include "runtime/offload.h"

/* A stage is asked for more than is wanted, as some will be replaced, expired, or like each other. */
enum { FETCH_A_HIT = 4, FETCH_LEAST = 64, FETCH_MORE = 8, FETCH_MOST = TEXT_HITS_MAX };

static void add_partition(struct recall_run *r, uint32_t id)
{
    if (id && r->n_partitions < TEXT_PARTITIONS_MAX)
        r->partitions[r->n_partitions++] = id;
}

static bool asks_for_all_knowledge(const struct recall_query *q)
{
    for (size_t i = 0; i < q->n_collections; i++)
        if (str_eq(q->collections[i], S("*")))
            return true;
    return false;
}

static enum err find_all(struct recall_run *r) AWAITS
{
    const struct memory_partition *list;
    size_t n;

    TRY(memory_partitions(r->memory, r->arena, r->query->scopes, r->query->n_scopes, &list, &n));
    for (size_t i = 0; i < n; i++)
        if (list[i].items && (list[i].collection.len || !r->query->knowledge_only))
            add_partition(r, list[i].id);
    return OK;
}

static enum err find_one(struct recall_run *r, struct scope s, str collection) AWAITS
{
    uint32_t id;

    TRY(memory_partition_find(r->memory, s, collection, &id));
    add_partition(r, id);
    return OK;
}

static enum err find_partitions(struct recall_run *r) AWAITS
{
    const struct recall_query *q = r->query;

    r->partitions = arena_alloc(r->arena, TEXT_PARTITIONS_MAX * sizeof *r->partitions);
    if (q->n_scopes == 0)
        return OK;
    if (asks_for_all_knowledge(q))
        return find_all(r);
    for (size_t i = 0; i < q->n_scopes; i++) {
        if (!q->knowledge_only)
            TRY(find_one(r, q->scopes[i], S("")));
        for (size_t k = 0; k < q->n_collections; k++)
            TRY(find_one(r, q->scopes[i], q->collections[k]));
    }
    return OK;
}

/* ---- what was found ---- */

static int by_id(const void *x, const void *y)
{
    const struct fuse_candidate *a = x, *b = y;

    return (a->id > b->id) - (a->id < b->id);
}

/* Both stages' hits as one list, each item once. */
static void join(struct recall_run *r)
{
    struct fuse_candidate *c = arena_alloc(r->arena, (r->text.n + r->vectors.n + 1) * sizeof *c);
    size_t n = 0, k = 0;

    for (size_t i = 0; i < r->text.n; i++)
        c[n++] = (struct fuse_candidate){ .id = r->text.hits[i].id, .text_rank = (unsigned)i + 1, .text_score = r->text.hits[i].score,
                                          .similarity = NAN };
    for (size_t i = 0; i < r->vectors.n; i++)
        c[n++] = (struct fuse_candidate){ .id = r->vectors.hits[i].id, .vector_rank = (unsigned)i + 1,
                                          .similarity = r->vectors.hits[i].score };
    qsort(c, n, sizeof *c, by_id);
    for (size_t i = 0; i < n; i++) {
        if (k == 0 || c[k - 1].id != c[i].id) {
            c[k++] = c[i];
            continue;
        }
        if (c[i].text_rank) {
            c[k - 1].text_rank = c[i].text_rank;
            c[k - 1].text_score = c[i].text_score;
        } else {
            c[k - 1].vector_rank = c[i].vector_rank;
            c[k - 1].similarity = c[i].similarity;
        }
    }
    r->candidates = c;
    r->n = k;
}

static bool is_before_the_model(const struct memory_item *m, const struct recall_query *q)
{
    return q->not_session.len && m->kind == ITEM_EXCHANGE && str_eq(m->session_id, q->not_session) && m->inbox_id > q->not_after;
}

static bool is_wanted(const struct memory_item *m, const struct recall_query *q, int64_t now)
{
    if (m->replaced_by || (m->expires_at && m->expires_at <= now && !m->pinned))
        return false;
    if (q->kinds && !(q->kinds >> m->kind & 1))
        return false;
    if (m->created_at < q->since || (q->until && m->created_at >= q->until))
        return false;
    return !is_before_the_model(m, q);
}

static uint64_t quarter_of_bytes(str text)
{
    return (text.len + 3) / 4;
}

static void describe(struct recall_run *r, struct fuse_candidate *c, const struct memory_item *m)
{
    uint64_t (*tokens)(str) = r->query->tokens ? r->query->tokens : quarter_of_bytes;

    c->text = m->title.len ? str_from(arena_printf(r->arena, "%.*s\n%.*s", STR(m->title), STR(m->text))) : m->text;
    c->tokens = r->query->max_tokens ? tokens(c->text) + tokens(m->place) : 0;
    c->confidence = m->confidence;
    c->importance = m->importance;
    c->pinned = m->pinned;
    c->created_at = m->created_at;
}

/* Leaves those that are there still and are asked for, with their items. */
static enum err fetch_items(struct recall_run *r) AWAITS
{
    int64_t *ids = arena_alloc(r->arena, (r->n + 1) * sizeof *ids);
    size_t n, kept = 0, at = 0;

    for (size_t i = 0; i < r->n; i++)
        ids[i] = r->candidates[i].id;
    TRY(memory_items(r->memory, r->arena, ids, r->n, r->query->scopes, r->query->n_scopes, &r->items, &n));
    for (size_t i = 0; i < n; i++) {
        while (at < r->n && r->candidates[at].id < r->items[i].id)
            at++;
        if (at == r->n || r->candidates[at].id != r->items[i].id || !is_wanted(&r->items[i], r->query, r->now))
            continue;
        r->candidates[kept] = r->candidates[at];
        describe(r, &r->candidates[kept], &r->items[i]);
        r->candidates[kept++].item = &r->items[i];
    }
    r->n = kept;
    return OK;
}

/* ---- the answer ---- */

/* In a pool thread, which has the run for itself meanwhile. */
static enum err rank_and_choose(void *arg)
{
    struct recall_run *r = arg;
    struct fuse_limits limits = { .k = r->query->k, .max_tokens = r->query->max_tokens };

    limits.dimension = recall_vectors_of(r);
    fuse_rank(r->query->text, r->candidates, r->n, r->now);
    r->chosen = arena_alloc(r->arena, (limits.k + 1) * sizeof *r->chosen);
    r->n_chosen = fuse_choose(r->candidates, r->n, &limits, r->chosen, &r->left_out);
    return OK;
}

static void answer(struct recall_run *r, struct recall_result *out)
{
    struct recalled *list = arena_alloc(r->arena, (r->n_chosen + 1) * sizeof *list);

    for (size_t i = 0; i < r->n_chosen; i++) {
        const struct fuse_candidate *c = &r->candidates[r->chosen[i]];

        list[i] = (struct recalled){ .item = *c->item, .score = c->score, .text_rank = c->text_rank, .vector_rank = c->vector_rank,
                                     .similarity = isnan(c->similarity) ? 0 : c->similarity,
                                     .why = fuse_why(r->arena, r->query->text, c) };
    }
    *out = (struct recall_result){ list, r->n_chosen, r->left_out, recall_note(r) };
}

static void note_use(struct recall_run *r)
{
    int64_t *ids = arena_alloc(r->arena, (r->n_chosen + 1) * sizeof *ids);
    struct batch *b = batch_new(r->arena);

    for (size_t i = 0; i < r->n_chosen; i++)
        ids[i] = r->candidates[r->chosen[i]].id;
    batch_add(b, "recall.used", "si", ids_json(r->arena, ids, r->n_chosen), r->now);
    if (r->n_chosen)
        store_commit_later(memory_store(r->memory), b);
}

static enum err search_and_fetch(struct recall_run *r, size_t fetch) AWAITS
{
    r->fetch = fetch;
    TRY(recall_search(r));
    join(r);
    return fetch_items(r);
}

static bool has_more(const struct recall_run *r)
{
    return r->fetch < FETCH_MOST && (r->text.n == r->fetch || r->vectors.n == r->fetch);
}

static void leave_vectors(struct recall_run *r)
{
    memory_vectors_done(r->memory, r->vectors.index);
}

/* Once more for many more where too few are left of what was found. */
static enum err find(struct recall_run *r) AWAITS
{
    size_t fetch = r->query->k * FETCH_A_HIT;

    fetch = fetch < FETCH_LEAST ? FETCH_LEAST : fetch > FETCH_MOST ? FETCH_MOST : fetch;
    TRY(search_and_fetch(r, fetch));
    if (r->n >= r->query->k || !has_more(r))
        return OK;
    return search_and_fetch(r, fetch * FETCH_MORE < FETCH_MOST ? fetch * FETCH_MORE : FETCH_MOST);
}

enum err recall(struct memory *m, struct arena *a, const struct recall_query *q, struct recall_result *out)
{
    CLEANUP(leave_vectors) struct recall_run r = { .memory = m, .arena = a, .query = q, .now = q->now ? q->now : clock_wall_ms(),
                                                   .vectors.index = memory_vectors_use(m), .embedder = *memory_embedder(m) };

    assert(q->k > 0);
    TRY(find_partitions(&r));
    if (r.n_partitions == 0) {
        *out = (struct recall_result){ 0 };
        return OK;
    }
    TRY(find(&r));
    TRY(fiber_offload(rank_and_choose, &r));
    answer(&r, out);
    note_use(&r);
    return OK;
}
