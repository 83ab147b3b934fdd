// SPDX-License-Identifier: Apache-2.0
#include "nlu/classify.h"

#include <assert.h>
#include <pthread.h>

#include "base/embedded.h"
#include "nlu/network.h"
#include "nlu/tags.h"

extern const struct embedded_file nlu_weights[];

/* The weights that the program carries: read once, kept. */

static struct network built_in;
static struct arena *built_in_memory;
static pthread_once_t built_in_once = PTHREAD_ONCE_INIT;

static void load_built_in(void)
{
    built_in_memory = arena_new();
    enum err e = network_load(built_in_memory, embedded_named(nlu_weights, S("weights.bin")), &built_in);

    assert(!e && "data/nlu/weights.bin is not of this program: make weights");
}

static const struct network *network(void)
{
    pthread_once(&built_in_once, load_built_in);
    return &built_in;
}

/* Probabilities. */

/* exp(-x), x in NET_SCORE_ONE, the result in NET_SHARE_ONE: a power of two, whose fraction is the Taylor series of 2^-f in 1/2^26. */
static int32_t exp_minus(int64_t x)
{
    static const int64_t series[] = { 10337, -89480, 645462, -3724818, 16121328, -46516320, 67108864 };
    int64_t power = x * 94548 >> 12, whole = power >> 16, fraction = power & 0xffff, sum = 0;  /* 94548: log2(e) in 1/65536 */

    if (whole >= 20)
        return 0;
    for (size_t i = 0; i < N_ELEMENTS(series); i++)
        sum = (sum * fraction >> 16) + series[i];
    return (int32_t)(sum >> (10 + whole));
}

static int32_t greatest(const int32_t *scores, size_t n)
{
    int32_t max = scores[0];

    for (size_t i = 1; i < n; i++)
        max = scores[i] > max ? scores[i] : max;
    return max;
}

static void shares(const int32_t *scores, size_t n, int32_t temperature, int32_t *out)
{
    int64_t sum = 0, max = greatest(scores, n);

    for (size_t i = 0; i < n; i++)
        sum += out[i] = exp_minus((max - scores[i]) * temperature >> 16);
    for (size_t i = 0; i < n; i++)
        out[i] = (int32_t)(out[i] * (int64_t)NET_SHARE_ONE / sum);
}

static float as_float(int32_t share) { return (float)share / NET_SHARE_ONE; }

/* Tags. */

static void add_tags(const struct network *n, const struct tokens *t, const uint8_t *tags, struct classified *out)
{
    out->n_tags = 0;
    for (size_t i = 0; i < t->n; i++) {
        uint8_t tag = tags[i];
        struct tagged *last = out->n_tags ? &out->tags[out->n_tags - 1] : NULL;

        if (tag % 2 == 1 && out->n_tags < CLASSIFY_TAGS_MAX) {
            out->tags[out->n_tags++] = (struct tagged){ str_from(n->slots[(tag - 1) / 2]), t->p[i].start, t->p[i].end };
        } else if (tag && last && out->n_tags < CLASSIFY_TAGS_MAX) {
            last->end = t->p[i].end;
        }
    }
}

static void tag(struct arena *a, const struct network *n, const struct tokens *t, const struct network_run *r, size_t intent,
        struct classified *out)
{
    int32_t(*scores)[NET_TAGS_MAX] = arena_alloc(a, t->n * sizeof(*scores));
    uint8_t tags[TOKENS_MAX];

    network_tags(n, r, intent, scores);
    tags_choose(a, n, intent, scores, t->n, tags);
    add_tags(n, t, tags, out);
}

/* Intents. */

static void take_best(const struct network *n, const int32_t *share, struct classified *out, size_t *ret_best)
{
    bool taken[NET_INTENTS_MAX] = { false };

    for (size_t k = 0; k < CLASSIFY_BEST && k < n->n_intents; k++) {
        size_t best = n->n_intents;

        for (size_t i = 0; i < n->n_intents; i++)
            if (!taken[i] && (best == n->n_intents || share[i] > share[best]))
                best = i;
        taken[best] = true;
        out->best[k].intent = str_from(n->intents[best]);
        out->best[k].probability = as_float(share[best]);
        if (k == 0)
            *ret_best = best;
    }
}

static void none(struct classified *out, bool too_long)
{
    *out = (struct classified){ .too_long = too_long };
    for (size_t i = 0; i < CLASSIFY_BEST; i++)
        out->best[i].intent = S("");
    out->best[0].intent = S("none");
    out->best[0].probability = 1;
}

void classify_by(const struct network *n, struct arena *a, const struct normal *normal, const struct entities *entities, struct classified
        *out)
{
    struct tokens *t = ARENA_NEW(a, struct tokens);
    struct network_run *r = ARENA_NEW(a, struct network_run);
    int32_t share[NET_INTENTS_MAX];
    size_t best = 0;

    tokens_make(normal, entities, t);
    none(out, t->too_long);
    if (t->n == 0 || t->too_long)
        return;
    network_intents(a, n, t, r);
    shares(r->scores, n->n_intents, n->header->temperature, share);
    take_best(n, share, out, &best);
    out->sure = !str_eq(out->best[0].intent, S("none")) && share[best] >= n->sure_from[best];
    if (n->slots_of[best])
        tag(a, n, t, r, best, out);
}

void classify(struct arena *a, const struct normal *normal, const struct entities *entities, struct classified *out)
{
    classify_by(network(), a, normal, entities, out);
}
