// SPDX-License-Identifier: Apache-2.0
#include "nlu/train/chain.h"

#include "nlu/train/matrix.h"

static float log_sum(const float *x, size_t n)
{
    float max = CHAIN_IMPOSSIBLE, sum = 0;

    for (size_t i = 0; i < n; i++)
        max = x[i] > max ? x[i] : max;
    if (max <= CHAIN_IMPOSSIBLE / 2)
        return CHAIN_IMPOSSIBLE;
    for (size_t i = 0; i < n; i++)
        sum += math_exp(x[i] - max);
    return max + math_log(sum);
}

static bool is_behind(size_t tag) { return tag && tag % 2 == 0; }

static void fill_forward(struct chain *c)
{
    for (size_t k = 0; k < c->tags; k++)
        c->forward[0][k] = is_behind(k) ? CHAIN_IMPOSSIBLE : c->score[0][k];
    for (size_t t = 1; t < c->n; t++) {
        float all = log_sum(c->forward[t - 1], c->tags);

        for (size_t k = 0; k < c->tags; k++)
            c->forward[t][k] = c->score[t][k] + (is_behind(k) ? log_sum(&c->forward[t - 1][k - 1], 2) : all);
    }
}

/* Over what may follow any tag. */
static float sum_of_beginnings(const struct chain *c, size_t t)
{
    float next[CHAIN_TAGS_MAX];
    size_t n = 0;

    for (size_t k = 0; k < c->tags; k++)
        if (!is_behind(k))
            next[n++] = c->score[t][k] + c->backward[t][k];
    return log_sum(next, n);
}

static void fill_backward(struct chain *c)
{
    for (size_t k = 0; k < c->tags; k++)
        c->backward[c->n - 1][k] = 0;
    for (size_t t = c->n - 1; t-- > 0;) {
        float beginnings = sum_of_beginnings(c, t + 1);

        for (size_t k = 0; k < c->tags; k++) {
            size_t behind = k % 2 ? k + 1 : k;
            float both[2] = { beginnings, k ? c->score[t + 1][behind] + c->backward[t + 1][behind] : CHAIN_IMPOSSIBLE };

            c->backward[t][k] = log_sum(both, 2);
        }
    }
}

float chain_sum(struct chain *c)
{
    fill_forward(c);
    fill_backward(c);
    return log_sum(c->forward[c->n - 1], c->tags);
}

float chain_likelihood(const struct chain *c, size_t t, size_t k, float sum)
{
    return math_exp(c->forward[t][k] + c->backward[t][k] - sum);
}
