// SPDX-License-Identifier: Apache-2.0
#include <math.h>
#include <stdio.h>

#include "base/random.h"
#include "base/words.h"
#include "memory/recall.h"
#include "memory/recall_internal.h"
#include "runtime/clock.h"
#include "runtime/offload.h"

enum { SAMPLES = 8, SAMPLE_WORDS = 3, LEFT_MAX = 100 };

static const struct scope scope = { SCOPE_AGENT, S("(canary)") };     /* no agent has such a name */

static enum err not_found(const char *stage, int64_t id)
{
    return failed(ERR_IO, "the memory's index of %s is empty or broken: item %lld was not found in it; 'clawdbot memory doctor' says more",
                  stage, (long long)id);
}

/* ---- one that was put in just now ---- */

struct canary {
    struct memory  *memory;
    struct vectors *vectors;
    struct arena   *arena;
    const char     *text;
    float          *values;
    size_t          dimension;
    int64_t         id;
    uint32_t        partition;
};

/* No embedder is asked: whether one answers is another question. */
static void make(struct canary *c)
{
    uint64_t number;

    random_bytes(&number, sizeof number);
    c->text = arena_printf(c->arena, "canary %016llx", (unsigned long long)number);
    c->values = arena_alloc(c->arena, (c->dimension + 1) * sizeof *c->values);
    for (size_t i = 0; i < c->dimension; i++)
        c->values[i] = (number >> i % 61 & 1 ? 1.0F : -1.0F) * (float)(i % 7 + 1);
}

static enum err put(struct canary *c) AWAITS
{
    struct memory_item m = { .scope = scope, .kind = ITEM_NOTE, .origin = ORIGIN_ASSISTANT, .text = str_from(c->text), .confidence = 1,
                             .created_at = clock_wall_ms() };

    TRY(memory_save(c->memory, &m, 1, c->vectors ? c->values : NULL, &c->id));
    c->partition = item_partition(c->id);
    return OK;
}

static enum err ask_words(struct canary *c) AWAITS
{
    struct text_query q = { .text = str_from(c->text), .partitions = &c->partition, .n_partitions = 1, .k = 1 };
    struct text_hit hit;
    size_t n;

    TRY(text_search(memory_text(c->memory), c->arena, &q, &hit, &n));
    return n && hit.id == c->id ? OK : not_found("words", c->id);
}

static enum err ask_vectors(void *arg)
{
    struct canary *c = arg;
    struct vector_query q = { .values = c->values, .n_values = c->dimension, .partitions = &c->partition, .n_partitions = 1, .k = 1 };
    struct vector_hit hit;
    size_t n;

    TRY(vectors_search(c->vectors, &q, &hit, &n));
    return n && hit.id == c->id && fabsf(hit.score - 1) < 0.001F ? OK : not_found("vectors", c->id);
}

/* Those of canaries that a crash left, too. */
static enum err remove_all(struct canary *c) AWAITS
{
    struct memory_filter f = { .scopes = &scope, .n_scopes = 1, .with_replaced = true, .limit = LEFT_MAX };
    const struct memory_item *list;
    size_t n;

    TRY(memory_list(c->memory, c->arena, &f, &list, &n));
    int64_t *ids = arena_alloc(c->arena, (n + 1) * sizeof *ids);

    for (size_t i = 0; i < n; i++)
        ids[i] = list[i].id;
    return n ? memory_delete(c->memory, ids, n, &n) : OK;
}

static enum err ask(struct canary *c) AWAITS
{
    make(c);
    TRY(put(c));
    TRY(ask_words(c));
    return c->vectors ? fiber_offload(ask_vectors, c) : OK;
}

/* ---- some that are there ---- */

static enum err check_word(struct canary *c, int64_t id, str word) AWAITS
{
    struct rows r;

    TRY(store_read(memory_store(c->memory), c->arena, &r, "canary.has_word", "ci", arena_printf(c->arena, "\"%.*s\"", STR(word)), id));
    return r.n == 0 || row_int(&r, 0, 0) ? OK : not_found("words", id);
}

static enum err check_words(struct canary *c, int64_t id, str text) AWAITS
{
    struct words words = { .text = text, .indexed = true };
    struct word word;

    for (size_t i = 0; i < SAMPLE_WORDS && words_next(&words, &word); i++)
        TRY(check_word(c, id, word.folded));
    return OK;
}

struct sample { struct canary *canary; int64_t id; };

static enum err get_vector(void *arg)
{
    struct sample *s = arg;

    return vectors_get(s->canary->vectors, s->id, s->canary->values);
}

static enum err check_vector(struct canary *c, int64_t id, int64_t generation) AWAITS
{
    enum err e = fiber_offload(get_vector, &(struct sample){ c, id });
    struct rows r;

    if (e != ERR_NOT_FOUND)
        return e;
    TRY(store_read(memory_store(c->memory), c->arena, &r, "canary.embedded", "i", id));
    return r.n == 0 || row_int(&r, 0, 0) != generation ? OK : not_found("vectors", id);
}

/* A canary alone would not see that all else is gone. */
static enum err ask_for_some(struct canary *c) AWAITS
{
    int64_t generation = c->memory->generation;
    struct rows r;

    TRY(store_read(memory_store(c->memory), c->arena, &r, "canary.sample", "i", (int64_t)SAMPLES));
    for (size_t i = 0; i < r.n; i++) {
        TRY(check_words(c, row_int(&r, i, 0), row_str(&r, i, 2)));
        if (c->vectors && row_int(&r, i, 1) == generation)
            TRY(check_vector(c, row_int(&r, i, 0), generation));
    }
    return OK;
}

static void leave_vectors(struct canary *c)
{
    memory_vectors_done(c->memory, c->vectors);
}

/* Removed however it went; why it did not go well is what is told. */
static enum err ask_and_remove(struct canary *c) AWAITS
{
    char why[ERR_TEXT_MAX];
    enum err e = ask(c);

    snprintf(why, sizeof why, "%s", failed_text());
    enum err removed = remove_all(c);

    return e ? failed(e, "%s", why) : removed;
}

enum err recall_canary(struct memory *m)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(leave_vectors) struct canary c = { .memory = m, .vectors = memory_vectors_use(m), .arena = a,
                                               .dimension = memory_embedder(m)->dimension };

    TRY(ask_and_remove(&c));
    return ask_for_some(&c);
}
