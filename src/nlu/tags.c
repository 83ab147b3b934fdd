// SPDX-License-Identifier: Apache-2.0
/* tags.c: a state is the tag and which slots had their value.  Nothing and a beginning may follow any tag, so that for these the best
 * state of each set is enough: time is tokens times sets times tags. */
#include "nlu/tags.h"

#include <string.h>

enum { ONCE_MAX = 5, SETS = 1 << ONCE_MAX, TAGS = 1 + 2 * 8 };      /* slots beyond ONCE_MAX may begin again; beyond 8 are not looked at */

struct choosing {
    uint8_t slots[TAGS / 2], bit[TAGS / 2];             /* of the intent; 0: may begin again */
    size_t  n_slots, n_sets, n_tags;
    uint8_t (*from_set)[SETS][TAGS], (*from_tag)[SETS][TAGS];       /* of each token: the state before */
    int64_t sum[SETS][TAGS], next[SETS][TAGS];
};

static const int64_t never = INT64_MIN / 4;

static void slots_of(const struct network *n, size_t intent, struct choosing *c)
{
    size_t once = 0;

    for (size_t s = 0; s < n->n_slots && c->n_slots < N_ELEMENTS(c->slots); s++) {
        if (!(n->slots_of[intent] >> s & 1))
            continue;
        c->bit[c->n_slots] = n->header->in_pieces >> s & 1 || once == ONCE_MAX ? 0 : (uint8_t)(1u << once++);
        c->slots[c->n_slots++] = (uint8_t)s;
    }
    c->n_sets = (size_t)1 << once;
    c->n_tags = 1 + 2 * c->n_slots;
}

static uint8_t best_of(const int64_t *sum, size_t n)
{
    size_t best = 0;

    for (size_t i = 1; i < n; i++)
        best = sum[i] > sum[best] ? i : best;
    return (uint8_t)best;
}

static void reach(struct choosing *c, size_t at, size_t set, size_t tag, size_t from_set, size_t from_tag, int32_t score)
{
    c->next[set][tag] = c->sum[from_set][from_tag] + score;
    c->from_set[at][set][tag] = (uint8_t)from_set;
    c->from_tag[at][set][tag] = (uint8_t)from_tag;
}

static void go_on(struct choosing *c, size_t at, const int32_t *scores)
{
    uint8_t best[SETS];

    for (size_t set = 0; set < c->n_sets; set++)
        best[set] = best_of(c->sum[set], c->n_tags);
    for (size_t set = 0; set < c->n_sets; set++) {
        reach(c, at, set, 0, set, best[set], scores[0]);
        for (size_t s = 0; s < c->n_slots; s++) {
            size_t first = 1 + 2 * s, before = set & ~(size_t)c->bit[s];
            const int32_t *score = scores + 1 + 2 * c->slots[s];

            if (c->bit[s] && before == set)
                c->next[set][first] = never;
            else
                reach(c, at, set, first, before, best[before], score[0]);
            reach(c, at, set, first + 1, set, c->sum[set][first] > c->sum[set][first + 1] ? first : first + 1, score[1]);
        }
    }
    memcpy(c->sum, c->next, c->n_sets * sizeof(c->sum[0]));
}

void tags_choose(struct arena *a, const struct network *n, size_t intent, int32_t scores[][NET_TAGS_MAX], size_t n_tokens,
    uint8_t out[TOKENS_MAX])
{
    struct choosing *c = ARENA_NEW(a, struct choosing);
    size_t set = 0, tag;

    slots_of(n, intent, c);
    c->from_set = arena_alloc(a, n_tokens * sizeof(*c->from_set));
    c->from_tag = arena_alloc(a, n_tokens * sizeof(*c->from_tag));
    for (size_t i = 0; i < SETS; i++)
        for (size_t k = 0; k < TAGS; k++)
            c->sum[i][k] = i || k ? never : 0;
    for (size_t t = 0; t < n_tokens; t++)
        go_on(c, t, scores[t]);
    for (size_t i = 1; i < c->n_sets; i++)
        if (c->sum[i][best_of(c->sum[i], c->n_tags)] > c->sum[set][best_of(c->sum[set], c->n_tags)])
            set = i;
    tag = best_of(c->sum[set], c->n_tags);
    for (size_t t = n_tokens; t-- > 0;) {
        size_t before = c->from_set[t][set][tag];

        out[t] = tag ? (uint8_t)(2 * c->slots[(tag - 1) / 2] + 2 - tag % 2) : 0;
        tag = c->from_tag[t][set][tag];
        set = before;
    }
}
