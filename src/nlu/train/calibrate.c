// SPDX-License-Identifier: Apache-2.0
#include "nlu/train/calibrate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nlu/train/matrix.h"

enum { SENTENCES = 12000, WRONG_OF_1000 = 4, NONE_OF_1000 = 12 };       /* of what is asked, and of what is none of it: sure all the same */

struct judged { int32_t scores[NET_INTENTS_MAX]; size_t intent, said; float probability; };

/* Of the templates that were kept back, as many sentences of each language. */
static bool draw_kept(struct arena *a, const struct corpus *c, struct dice *d, struct sentence *scratch, struct sample *out)
{
    enum language l = (enum language)dice_below(d, LANGUAGES);
    size_t none = c->n_intents - 1, i = dice_below(d, 6) ? dice_below(d, none) : none;
    const struct templates *kept = &c->intents[i].kept[l];

    if (!kept->n)
        return false;
    sentence_make(c, d, l, i, kept->p[dice_below(d, kept->n)], scratch);
    sentence_vary(c, d, scratch);
    sentence_spoil(c, d, scratch);
    sentence_read(a, c, scratch, dice_percent(d, 50), out);
    return out->tokens.n && !out->tokens.too_long;
}

static size_t judge(const struct network *n, const struct corpus *c, struct judged *out)
{
    struct dice d = { settings.seed + 1 };
    struct arena *a = arena_new();
    struct network_run *run = ARENA_NEW(a, struct network_run);
    struct sentence *scratch = ARENA_NEW(a, struct sentence);
    struct sample *s = ARENA_NEW(a, struct sample);
    size_t got = 0;

    for (size_t tries = 0; tries < 4 * SENTENCES && got < SENTENCES; tries++) {
        struct arena *once = arena_new();

        if (draw_kept(once, c, &d, scratch, s)) {
            network_intents(once, n, &s->tokens, run);
            memcpy(out[got].scores, run->scores, sizeof(run->scores));
            out[got++].intent = s->intent;
        }
        arena_free(once);
    }
    arena_free(a);
    return got;
}

/* The mean loss at this temperature; fills in what is said and how likely. */
static float loss_at(struct judged *j, size_t n, size_t n_intents, float temperature)
{
    float loss = 0;

    for (size_t i = 0; i < n; i++) {
        float sum = 0;
        size_t best = 0;

        for (size_t k = 1; k < n_intents; k++)
            best = j[i].scores[k] > j[i].scores[best] ? k : best;
        for (size_t k = 0; k < n_intents; k++)
            sum += math_exp((float)(j[i].scores[k] - j[i].scores[best]) / NET_SCORE_ONE * temperature);
        j[i].said = best;
        j[i].probability = 1 / sum;
        loss += math_log(sum) - (float)(j[i].scores[j[i].intent] - j[i].scores[best]) / NET_SCORE_ONE * temperature;
    }
    return n ? loss / (float)n : 0;
}

static float best_temperature(struct judged *j, size_t n, size_t n_intents)
{
    float best = 1, least = loss_at(j, n, n_intents, 1);

    for (float t = 0.3f; t < 3.0f; t += 0.05f) {
        float loss = loss_at(j, n, n_intents, t);

        if (loss < least) {
            least = loss;
            best = t;
        }
    }
    fprintf(stderr, "temperature %.2f: loss %.4f on what was kept back\n", (double)best, (double)loss_at(j, n, n_intents, best));
    return best;
}

static int by_probability(const void *a, const void *b)
{
    float x = ((const struct judged *)a)->probability, y = ((const struct judged *)b)->probability;

    return x > y ? -1 : x < y;
}

/* The lowest probability above which so few are wrong, both of what is asked and of what is none of it. */
static float sure_from(struct judged *j, size_t n, size_t none)
{
    size_t right = 0, wrong = 0, nones = 0, taken = 0;
    float from = 1;

    for (size_t i = 0; i < n; i++) {
        right += j[i].said == j[i].intent;
        nones += j[i].intent == none;
    }
    qsort(j, n, sizeof(*j), by_probability);
    for (size_t i = 0; i < n; i++) {
        if (j[i].said == none)
            continue;
        wrong += j[i].said != j[i].intent && j[i].intent != none;
        taken += j[i].intent == none;
        if (wrong * 1000 <= (n - nones) * WRONG_OF_1000 && taken * 1000 <= nones * NONE_OF_1000)
            from = j[i].probability;
    }
    fprintf(stderr, "kept back: %zu sentences, %.2f %% right; sure from %.3f\n", n, 100.0 * (double)right / (double)(n ? n : 1),
            (double)from);
    return from;
}

/* Times, and what has more than one value in one sentence of fifty. */
static uint64_t slots_in_pieces(const struct corpus *c)
{
    struct dice d = { settings.seed + 2 };
    struct sentence *s = &(struct sentence){ 0 };
    size_t seen[CORPUS_SLOTS_MAX] = { 0 }, twice[CORPUS_SLOTS_MAX] = { 0 };
    uint64_t bits = 0;

    for (size_t k = 0; k < SENTENCES; k++) {
        const struct corpus_intent *t = &c->intents[k % c->n_intents];
        const struct templates *said = &t->said[k / c->n_intents % LANGUAGES];
        size_t here[CORPUS_SLOTS_MAX] = { 0 };

        if (!said->n)
            continue;
        sentence_make(c, &d, EN, k % c->n_intents, said->p[dice_below(&d, said->n)], s);
        for (size_t i = 0; i < t->n_slots; i++)
            bits |= (uint64_t)str_eq(t->slots[i].type, S("time")) << t->slots[i].slot;
        for (size_t i = 1; i <= s->n_values; i++)
            here[s->slot[i]]++;
        for (size_t i = 0; i < c->n_slots; i++) {
            seen[i] += here[i] > 0;
            twice[i] += here[i] > 1;
        }
    }
    for (size_t i = 0; i < c->n_slots; i++)
        bits |= (uint64_t)(twice[i] * 50 > seen[i]) << i;
    return bits;
}

enum err calibrate(struct arena *a, struct net *const net[NET_MEMBERS], const struct corpus *c, const struct network_header *given, str
        *ret_file)
{
    struct network_header h = *given;
    struct network *n = ARENA_NEW(a, struct network);
    struct judged *j = arena_alloc(a, SENTENCES * sizeof(*j));
    int32_t from[NET_INTENTS_MAX] = { 0 };
    size_t got;
    float temperature, p;

    h.in_pieces = slots_in_pieces(c);
    TRY(network_load(a, net_quantise(a, net, c, &h, from), n));
    got = judge(n, c, j);
    temperature = best_temperature(j, got, c->n_intents);
    h.temperature = (int32_t)(temperature * NET_SHARE_ONE);
    p = sure_from(j, got, c->n_intents - 1);
    for (size_t i = 0; i < c->n_intents; i++)
        from[i] = (int32_t)(p * NET_SHARE_ONE);
    *ret_file = net_quantise(a, net, c, &h, from);
    return OK;
}
