// SPDX-License-Identifier: Apache-2.0
#include "nlu/train/chain.h"

#include <math.h>

#include "base/test.h"

enum { TOKENS = 4, TAGS = 5 };      /* two slots */

static bool is_row(const size_t *row)
{
    for (size_t t = 0; t < TOKENS; t++)
        if (row[t] && row[t] % 2 == 0 && (t == 0 || (row[t - 1] != row[t] && row[t - 1] != row[t] - 1)))
            return false;
    return true;
}

/* Each row of tags by itself: the sum of all, and of those with `tag` at `at`. */
static void add_rows(const struct chain *c, size_t at, size_t tag, double *ret_all, double *ret_these)
{
    size_t row[TOKENS];

    *ret_all = *ret_these = 0;
    for (size_t i = 0; i < TAGS * TAGS * TAGS * TAGS; i++) {
        double score = 0;

        for (size_t t = 0, rest = i; t < TOKENS; t++, rest /= TAGS) {
            row[t] = rest % TAGS;
            score += (double)c->score[t][row[t]];
        }
        if (!is_row(row))
            continue;
        *ret_all += exp(score);
        *ret_these += row[at] == tag ? exp(score) : 0;
    }
}

TEST(a_chains_sums_are_those_of_all_its_rows)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct chain *c = ARENA_NEW(a, struct chain);
    double all, these;

    c->n = TOKENS;
    c->tags = TAGS;
    for (size_t t = 0; t < TOKENS; t++)
        for (size_t k = 0; k < TAGS; k++)
            c->score[t][k] = (float)((t * 7 + k * 13) % 11) / 4 - 1;
    c->score[2][0] = CHAIN_IMPOSSIBLE;          /* what is known excludes */
    float sum = chain_sum(c);

    for (size_t t = 0; t < TOKENS; t++)
        for (size_t k = 0; k < TAGS; k++) {
            add_rows(c, t, k, &all, &these);
            CHECK(fabs(log(all) - (double)sum) < 1e-4);
            CHECK(fabs(these / all - (double)chain_likelihood(c, t, k, sum)) < 1e-4);
        }
}

TEST(where_no_row_is_left_the_sum_says_so)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct chain *c = ARENA_NEW(a, struct chain);

    c->n = 1;
    c->tags = 3;
    c->score[0][0] = c->score[0][1] = CHAIN_IMPOSSIBLE;     /* a word behind, with nothing before it */
    CHECK(chain_sum(c) <= CHAIN_IMPOSSIBLE / 2);
}
