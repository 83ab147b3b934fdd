// SPDX-License-Identifier: Apache-2.0
/* token.h: a normalised text as the classifier sees it: words, each with the numbers of what it looks like.
 *
 * A Han character is a token, a run of other letters and figures is one, and so is a name that the entities found whole (a path, an
 * address, a service).  Marks that end or divide sentences and pictures are none.  What a token is said to be (part of a time, of a
 * quotation) stands beside its letters, not in their place: texts and times overlap in what people write.  Pure; time is bounded by
 * TOKENS_MAX. */
#pragma once
#include "nlu/entity.h"

enum {
    TOKENS_MAX = 64,            /* what is beyond is not looked at */
    TOKEN_FEATURES_MAX = 40,    /* of one token */
    TOKEN_FEATURES = 65536,     /* a feature's number is below this */
    TOKEN_MARKS = 64,           /* features below this are marks: kinds of entity, words, first and last; the others are hashed letters */
    TOKEN_MARK_WORD = 48,       /* a known Chinese word (lexicon.h) of two, three, more characters begins here; goes on; ends here */
    TOKEN_MARK_CUT = TOKEN_MARK_WORD + 9,   /* the longest that are known, one behind the other: one begins here */
    TOKEN_LAYOUT = 5,           /* goes up with any change of what a feature's number means: weights of another layout are refused */
};

struct token {
    uint32_t start, end;        /* bytes of the normalised text */
    uint16_t first;             /* its features: tokens.features[first ...] */
    uint8_t  n_whole;           /* those that count by themselves: marks, the word, its stem, it with a neighbour */
    uint8_t  n_parts;           /* behind those: its pieces of letters, whose mean counts */
    bool     is_han;
};

struct tokens {
    struct token p[TOKENS_MAX];
    size_t       n;
    bool         too_long;      /* there were more */
    uint16_t     features[TOKENS_MAX * TOKEN_FEATURES_MAX];
};

void tokens_make(const struct normal *, const struct entities *, struct tokens *out);
