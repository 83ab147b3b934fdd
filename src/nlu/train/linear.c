// SPDX-License-Identifier: Apache-2.0
#include "nlu/train/linear.h"

#include <string.h>

#include "nlu/train/matrix.h"

enum { BUCKETS = 1 << 16, FEATURES_MAX = TOKENS_MAX * (TOKEN_FEATURES_MAX + 2) };

struct linear { const struct corpus *corpus; size_t n; float *w, *squares; };       /* Adagrad: of each weight the sum of its squared
        gradients */

static uint32_t mixed(uint32_t a, uint32_t b, uint32_t c)
{
    uint32_t h = a * 0x9e3779b1u ^ b * 0x85ebca6bu ^ c * 0xc2b2ae35u;

    h = (h ^ (h >> 15)) * 0x2c1b3c6du;
    return (h ^ (h >> 13)) % BUCKETS;
}

static size_t features(const struct tokens *t, uint32_t *out)
{
    size_t n = 0;

    for (size_t i = 0; i < t->n; i++) {
        const struct token *k = &t->p[i], *next = i + 1 < t->n ? k + 1 : NULL, *third = i + 2 < t->n ? k + 2 : NULL;
        uint16_t word = t->features[k->first + k->n_whole - 1];

        for (size_t f = 0; f < (size_t)k->n_whole + k->n_parts; f++)
            out[n++] = mixed(1, t->features[k->first + f], 0);
        out[n++] = mixed(2, word, next ? t->features[next->first + next->n_whole - 1] : 0);
        if (next && third)
            out[n++] = mixed(word, t->features[next->first + next->n_whole - 1], t->features[third->first + third->n_whole - 1]);
    }
    return n;
}

static void scores(const struct linear *l, const uint32_t *f, size_t n, float *out)
{
    memset(out, 0, l->n * sizeof(*out));
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < l->n; k++)
            out[k] += l->w[f[i] * l->n + k];
}

static void learn(struct linear *l, const struct sample *s)
{
    uint32_t f[FEATURES_MAX];
    float p[CORPUS_INTENTS_MAX], sum = 0, max = -1e30f;
    size_t n = features(&s->tokens, f);

    scores(l, f, n, p);
    for (size_t k = 0; k < l->n; k++)
        max = p[k] > max ? p[k] : max;
    for (size_t k = 0; k < l->n; k++)
        sum += p[k] = math_exp(p[k] - max);
    for (size_t k = 0; k < l->n; k++)
        p[k] = p[k] / sum - (k == s->intent);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < l->n; k++) {
            l->squares[f[i] * l->n + k] += p[k] * p[k];
            l->w[f[i] * l->n + k] -= 0.05f * p[k] / (__builtin_sqrtf(l->squares[f[i] * l->n + k]) + 1e-3f);
        }
}

struct linear *linear_train(struct arena *a, const struct corpus *c, unsigned seed, size_t sentences)
{
    struct linear *l = ARENA_NEW(a, struct linear);
    struct dice d = { seed };
    struct sentence *scratch = ARENA_NEW(a, struct sentence);
    struct sample *s = ARENA_NEW(a, struct sample);

    l->corpus = c;
    l->n = c->n_intents;
    l->w = arena_alloc(a, BUCKETS * l->n * sizeof(float));
    l->squares = arena_alloc(a, BUCKETS * l->n * sizeof(float));
    for (size_t i = 0; i < sentences; i++) {
        struct arena *once = arena_new();

        sentence_draw(once, c, &d, scratch, s);
        learn(l, s);
        arena_free(once);
    }
    return l;
}

size_t linear_intent(const struct linear *l, const struct tokens *t)
{
    uint32_t f[FEATURES_MAX];
    float p[CORPUS_INTENTS_MAX];
    size_t best = 0;

    scores(l, f, features(t, f), p);
    for (size_t k = 1; k < l->n; k++)
        best = p[k] > p[best] ? k : best;
    return best;
}

str linear_name(const struct linear *l, size_t intent) { return l->corpus->intents[intent].name; }
