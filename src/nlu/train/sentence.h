// SPDX-License-Identifier: Apache-2.0
/* sentence.h: a sentence made from a template: its text with each byte's slot, spoiled as people spoil it, and what becomes of it as
 * tokens. */
#pragma once
#include "nlu/token.h"
#include "nlu/train/corpus.h"
#include "nlu/train/dice.h"

enum { SENTENCE_BYTES_MAX = 600, SENTENCE_VALUES_MAX = 40 };

struct sentence {
    char    text[SENTENCE_BYTES_MAX + 1];
    uint8_t value[SENTENCE_BYTES_MAX + 1];      /* of each byte: 0, or which value it belongs to, from 1 */
    size_t  len;
    uint8_t slot[SENTENCE_VALUES_MAX + 1];      /* of each value: the slot's number */
    size_t  n_values;
    enum language language;
    size_t  intent;
};

enum { TAG_UNKNOWN = 255 };     /* a token half in a value: nothing is learned from it */

/* What is learned from. */
struct sample { struct tokens tokens; uint8_t tags[TOKENS_MAX]; size_t intent; };

/* The plain words of the template. */
void sentence_make(const struct corpus *, struct dice *, enum language, size_t intent, const struct template *, struct sentence *out);
void sentence_vary(const struct corpus *, struct dice *, struct sentence *); /* vary.c */
void sentence_spoil(const struct corpus *, struct dice *, struct sentence *);                     /* noise.c */
/* By the same code that reads what people write. */
void sentence_read(struct arena *, const struct corpus *, const struct sentence *, bool knows_hosts, struct sample *out);
/* A sentence of some intent in some language, made, spoiled and read. */
void sentence_draw(struct arena *, const struct corpus *, struct dice *, struct sentence *scratch, struct sample *out);
