// SPDX-License-Identifier: Apache-2.0
/* fuse.h: what two stages of search found becomes one list: how well each fits, what else speaks for it, and which of them differ enough
 * to be shown together.  Pure: no store, no clock, no vectors but those it is given.  README.md, "Recall", says why each number is what
 * it is. */
#pragma once
#include "base/arena.h"

enum { FUSE_WHY_WORDS = 4 };

struct memory_item;

struct fuse_candidate {
    int64_t      id;
    const struct memory_item *item;         /* not looked at: for who asks */
    unsigned     text_rank, vector_rank;    /* 1: the first of that stage; 0: not found by it */
    float        text_score;                /* of the text stage; 0: not found by it */
    float        similarity;                /* cosine with the question; NAN: it has no vector */
    const float *vector;                    /* of length 1; NULL: its words stand for it */
    str          text;                      /* title and text */
    double       confidence, importance;    /* 0 to 1 */
    bool         pinned;
    int64_t      created_at;                /* ms */
    uint64_t     tokens;                    /* what it takes of the budget */
    double       coverage;                  /* out, as all below, 0 to 1: how much of the question its words have */
    double       relevance, score;          /* how well it fits; and with all that speaks for it */
};

/* Sets what is out, and puts the best first; among equals the greater id. */
void fuse_rank(str question, struct fuse_candidate *, size_t n, int64_t now);

struct fuse_limits {
    size_t   k;                 /* at most so many */
    uint64_t max_tokens;        /* 0: no limit */
    size_t   dimension;         /* of the vectors */
};

/* Of what fuse_rank() made, those to show, in the order to show them in: chosen[] has room for k.  What adds no word to a better one is
 * passed over, and what has next to nothing to do with the question; what does not fit the tokens is, too, and counted. */
size_t fuse_choose(const struct fuse_candidate *, size_t n, const struct fuse_limits *, uint32_t *chosen, size_t *ret_left_out);

/* "words: staging, port (1st); meaning 0.71 (3rd); pinned".  `question`: where the words come from. */
str    fuse_why(struct arena *, str question, const struct fuse_candidate *);
