// SPDX-License-Identifier: Apache-2.0
/* embedding.c: texts into vectors, whatever the embedder thinks of them.  A batch that is answered badly is asked again in halves, down
 * to the one text that the embedder does not take; and before that one is given up the embedder has to show that it takes another. */
#include <math.h>

#include "base/utf8.h"
#include "memory/memory_internal.h"

enum { SHORTEST = 500 };        /* bytes: what does not fit even so is refused for another reason */

struct asking {
    const struct embedder *embedder;
    struct arena          *arena;
    bool                   works;       /* it has embedded something just now */
};

bool vector_is_usable(const float *v, size_t n)
{
    bool zero = true;

    for (size_t i = 0; i < n; i++) {
        if (!isfinite(v[i]))
            return false;
        zero = zero && v[i] == 0;
    }
    return !zero;
}

static bool is_about_the_text(enum err e)
{
    return e == ERR_INPUT || e == ERR_TOO_LONG || e == ERR_REMOTE;
}

static enum err ask(struct asking *q, const str *texts, size_t n, const float **out) AWAITS
{
    const float *vectors;

    TRY(q->embedder->embed(q->embedder->arg, q->arena, texts, n, &vectors));
    for (size_t i = 0; i < n; i++)
        q->works = q->works || vector_is_usable(vectors + i * q->embedder->dimension, q->embedder->dimension);
    *out = vectors;
    return OK;
}

/* Nobody's fault but the text's: if the embedder takes any other. */
static enum err give_up(struct asking *q, struct embedding *x, enum err why) AWAITS
{
    static const str other[] = { S("A word about the weather: it rains.") };
    const float *vector;

    if (!q->works) {
        char text[ERR_TEXT_MAX];

        snprintf(text, sizeof text, "%s", failed_text());
        TRY(ask(q, other, 1, &vector));
        if (!q->works)
            return why ? failed(why, "%s", text) : failed(ERR_REMOTE, "embeddings are not numbers, or all 0");
    }
    x->unfit = true;
    return OK;
}

static enum err embed_one(struct asking *q, struct embedding *x) AWAITS
{
    str words = x->words;
    const float *vector = NULL;
    enum err e;

    while ((e = ask(q, &words, 1, &vector)) == ERR_TOO_LONG && words.len > SHORTEST)
        words = utf8_take(words, words.len / 2);
    if (e && !is_about_the_text(e))
        return e;
    if (e || !vector_is_usable(vector, q->embedder->dimension))
        return give_up(q, x, e);
    x->values = vector;
    return OK;
}

static enum err take(struct asking *q, struct embedding *const *list, size_t n, const float *vectors) AWAITS
{
    size_t d = q->embedder->dimension;

    for (size_t i = 0; i < n; i++)
        if (vector_is_usable(vectors + i * d, d))
            list[i]->values = vectors + i * d;
    for (size_t i = 0; i < n; i++)
        if (list[i]->values == NULL)
            TRY(embed_one(q, list[i]));
    return OK;
}

static enum err embed_batch(struct asking *q, struct embedding *const *list, size_t n) AWAITS
{
    str *texts = arena_alloc(q->arena, n * sizeof *texts);
    const float *vectors;

    if (n == 1)
        return embed_one(q, list[0]);
    for (size_t i = 0; i < n; i++)
        texts[i] = list[i]->words;
    enum err e = ask(q, texts, n, &vectors);

    if (e == OK)
        return take(q, list, n, vectors);
    if (!is_about_the_text(e))
        return e;
    TRY(embed_batch(q, list, n / 2));
    return embed_batch(q, list + n / 2, n - n / 2);
}

enum err embed_all(const struct embedder *e, struct arena *a, struct embedding *all, size_t n)
{
    struct asking q = { .embedder = e, .arena = a };
    struct embedding **list = arena_alloc(a, n * sizeof(struct embedding *));
    size_t batch = e->batch ? e->batch : 1, left = 0;

    for (size_t i = 0; i < n; i++)
        if (all[i].values == NULL && !all[i].unfit)
            list[left++] = &all[i];
    for (size_t done = 0; done < left; done += batch)
        TRY(embed_batch(&q, list + done, left - done < batch ? left - done : batch));
    return OK;
}
