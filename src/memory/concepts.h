// SPDX-License-Identifier: Apache-2.0
/* concepts.h: what everyday words mean: the words of English and Chinese that mean one thing are one concept (concepts.txt), so that a
 * question in one language finds a note in the other.  Chinese is matched by the longest word at a place (forward maximum matching), in
 * simplified characters; common traditional ones are taken as theirs.
 * The table is made at the first call of any thread, lives as long as the process and is never written again. */
#pragma once
#include "base/str.h"

enum { CONCEPTS_OF_WORD_MAX = 3, CONCEPT_WIDER_MAX = 3, CONCEPT_HAN_MAX = 6 };

/* How much a word says: nothing ("the", 的), little ("like", 喜欢), something; or nobody knows: a name, most often. */
enum concept_class { CONCEPT_UNKNOWN, CONCEPT_FUNCTION, CONCEPT_COMMON, CONCEPT_PLAIN };

struct concept {
    uint64_t           key;                             /* by its first word: the same as long as that stays */
    uint64_t           wider[CONCEPT_WIDER_MAX];        /* keys of what it is a kind of; 0: none */
    enum concept_class class;
};

struct meaning {
    uint8_t  class;                                     /* enum concept_class */
    uint8_t  n;                                         /* more than one: the word is ambiguous */
    uint16_t concepts[CONCEPTS_OF_WORD_MAX];
};

struct concepts_stats { size_t concepts, terms, bytes; };

uint64_t concept_word_key(str stem);                    /* of a folded English stem, or a number */
uint64_t concept_han_key(uint64_t so_far, uint32_t ch); /* from FEATURE_HASH_START on, a character after another */
uint64_t concept_pair_key(uint64_t first, uint64_t second);

const struct meaning *concepts_of(uint64_t key);        /* NULL: unknown */
/* The longest known word that the characters begin with; NULL: none. */
const struct meaning *concepts_of_han(str text, size_t *ret_len);
const struct concept *concept_at(uint16_t);
uint32_t              concept_han_simplified(uint32_t ch);
struct concepts_stats concepts_stats(void);
