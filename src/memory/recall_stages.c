// SPDX-License-Identifier: Apache-2.0
#include <math.h>
#include <stdio.h>

#include "base/fault.h"
#include "base/utf8.h"
#include "memory/recall_internal.h"
#include "runtime/offload.h"

/* Keeps the failure for the note; an interruption is the recall's own. */
static enum err end_stage(struct recall_stage *s, enum err e)
{
    s->err = e;
    if (e)
        snprintf(s->why, sizeof s->why, "%s", failed_text());
    return e == ERR_CANCELLED ? e : OK;
}

static enum err search_words(struct recall_run *r) AWAITS
{
    struct text_query q = { .text = r->query->text, .partitions = r->partitions, .n_partitions = r->n_partitions, .k = r->fetch };
    CLEANUP(arena_freep) struct arena *a = arena_new();

    if (FAULT(recall_words))
        return failed(ERR_IO, "the index of words cannot be read");
    r->text.hits = arena_alloc(r->arena, r->fetch * sizeof *r->text.hits);
    return text_search(memory_text(r->memory), a, &q, r->text.hits, &r->text.n);
}

static enum err by_words(void *arg) AWAITS
{
    struct recall_run *r = arg;

    return end_stage(&r->text.stage, search_words(r));
}

/* Once a recall, however often is searched. */
static enum err embed_question(struct recall_run *r) AWAITS
{
    CLEANUP(deadline_clear) struct deadline d;
    str text = utf8_take(r->query->text, TEXT_QUESTION_MAX);
    enum err e;

    if (r->vectors.question)
        return OK;
    deadline_set(&d, RECALL_EMBED_MS);
    e = FAULT(recall_meaning) ? failed(ERR_NET, "no vector was made of the question")
                              : r->embedder.embed(r->embedder.arg, r->arena, &text, 1, &r->vectors.question);
    return e == ERR_TIMEOUT ? failed(e, "the question had no vector within %d s", RECALL_EMBED_MS / 1000) : e;
}

static enum err in_pool(void *arg)
{
    struct recall_run *r = arg;
    struct vector_query q = { .values = r->vectors.question, .n_values = r->embedder.dimension, .partitions = r->partitions,
                              .n_partitions = r->n_partitions, .k = r->fetch };

    return vectors_search(r->vectors.index, &q, r->vectors.hits, &r->vectors.n);
}

static enum err search_vectors(struct recall_run *r) AWAITS
{
    TRY(embed_question(r));
    r->vectors.hits = arena_alloc(r->arena, r->fetch * sizeof *r->vectors.hits);
    return fiber_offload(in_pool, r);
}

static enum err by_meaning(void *arg) AWAITS
{
    struct recall_run *r = arg;

    return end_stage(&r->vectors.stage, search_vectors(r));
}

enum err recall_search(struct recall_run *r)
{
    CLEANUP(fibers_done) struct fibers both = { 0 };

    fibers_spawn(&both, "recall by words", by_words, r);
    if (r->vectors.index)
        fibers_spawn(&both, "recall by meaning", by_meaning, r);
    TRY(fibers_wait(&both));
    if (r->text.stage.err && (r->vectors.stage.err || r->vectors.index == NULL))
        return failed(r->text.stage.err, "the memory cannot be searched: %s", r->text.stage.why);
    return OK;
}

static double dot(const float *a, const float *b, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += (double)(a[i] * b[i]);
    return sum;
}

/* What only the words found has a likeness to the question too. */
static void complete(struct fuse_candidate *c, const float *question, double length, const float *vector, size_t n)
{
    c->vector = vector;
    if (isnan(c->similarity) && question && length > 0)
        c->similarity = (float)(dot(question, vector, n) / length);
}

size_t recall_vectors_of(struct recall_run *r)
{
    size_t n = r->embedder.dimension;
    const float *question = r->vectors.stage.err ? NULL : r->vectors.question;
    double length = question ? sqrt(dot(question, question, n)) : 0;

    for (size_t i = 0; i < r->n && r->vectors.index; i++) {
        float *v = arena_alloc(r->arena, n * sizeof *v);

        if (vectors_get(r->vectors.index, r->candidates[i].id, v) == OK)
            complete(&r->candidates[i], question, length, v, n);
    }
    return n;
}

str recall_note(const struct recall_run *r)
{
    if (r->text.stage.err)
        return str_from(arena_printf(r->arena, "words were not searched: %s", r->text.stage.why));
    if (r->vectors.stage.err)
        return str_from(arena_printf(r->arena, "meaning was not searched: %s", r->vectors.stage.why));
    return S("");
}
