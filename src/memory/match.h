// SPDX-License-Identifier: Apache-2.0
/* match.h: how much of what a question asks for stands in a text, word by word: as itself, in another form, misspelt by a letter, or as
 * another word of the same meaning (concepts.h), in English and Chinese.  It looks closer than an index can, at the few texts that were
 * found.  Pure; any thread. */
#pragma once
#include "base/str.h"

enum { MATCH_TERMS_MAX = 32, MATCH_TERM_SIZE = 40, MATCH_CONCEPTS_MAX = 4, MATCH_TEXT_MAX = 2000 };

struct match_term {
    uint64_t key;                       /* of its stem */
    uint16_t concepts[MATCH_CONCEPTS_MAX];
    uint8_t  n_concepts;
    uint8_t  len;
    bool     is_han, is_number;
    uint32_t letters;                   /* a bit for each of a to z that it has */
    float    weight;                    /* 0 to 1: how much it says, wherever it stands */
    char     text[MATCH_TERM_SIZE];     /* folded; Chinese as it stands in the question */
};

struct match_question { struct match_term terms[MATCH_TERMS_MAX]; size_t n; };

/* Without the words that say nothing, unless there are no others. */
void match_prepare(str question, struct match_question *out);
/* ret_shares[n]: how well the text has each term, 0 to 1.  Of a longer text the first MATCH_TEXT_MAX bytes are looked at. */
void match_text(const struct match_question *, str text, float *ret_shares);
