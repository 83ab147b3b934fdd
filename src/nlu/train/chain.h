// SPDX-License-Identifier: Apache-2.0
/* chain.h: a sentence's tags as a chain: every row of tags in which a word behind has its value's first word before it is possible, and
 * as likely as its scores' sum says: a conditional random field whose transitions are fixed (Lafferty, McCallum and Pereira, 2001). */
#pragma once
#include "nlu/token.h"

enum { CHAIN_TAGS_MAX = 160 };
#define CHAIN_IMPOSSIBLE (-1e30f)       /* a score */

struct chain {
    size_t n, tags;             /* tokens, at least one; possible tags: nothing, then of each slot its first word and those behind */
    float  score[TOKENS_MAX][CHAIN_TAGS_MAX];
    float  forward[TOKENS_MAX][CHAIN_TAGS_MAX], backward[TOKENS_MAX][CHAIN_TAGS_MAX];   /* filled in by chain_sum() */
};

/* The logarithm of the sum over all rows; CHAIN_IMPOSSIBLE or near it: there is none. */
float chain_sum(struct chain *);
/* Of token t's tag k, by that sum. */
float chain_likelihood(const struct chain *, size_t t, size_t k, float sum);
