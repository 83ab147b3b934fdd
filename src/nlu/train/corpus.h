// SPDX-License-Identifier: Apache-2.0
/* corpus.h: what the classifier is trained on: the intents with their slots, and every template, of data/intents. */
#pragma once
#include "nlu/train/template.h"

enum language { EN, ZH, LANGUAGES };
enum { CORPUS_INTENTS_MAX = 160, CORPUS_SLOTS_MAX = 64, CORPUS_INTENT_SLOTS_MAX = 8, CORPUS_FILES_MAX = 200,
    CORPUS_NAMES_MAX = 1000, CORPUS_POOL_MAX = 20000 };

struct corpus_intent {
    str    name;                        /* the last one is "none" */
    struct { str type; size_t slot; } slots[CORPUS_INTENT_SLOTS_MAX];
    size_t n_slots;
    uint64_t slot_bits;
    struct templates said[LANGUAGES];   /* what is trained on */
    struct templates plain[LANGUAGES];  /* of that, what is asked most, in the fewest words */
    struct templates kept[LANGUAGES];   /* what is kept back, to measure and to calibrate by */
};

/* Single words and characters of all templates and fillers. */
struct words_pool { str p[CORPUS_POOL_MAX]; size_t n; };

struct named_templates { str name; struct templates list; };

struct corpus {
    struct corpus_intent intents[CORPUS_INTENTS_MAX];
    size_t n_intents;
    str    slots[CORPUS_SLOTS_MAX];
    size_t n_slots;
    struct { struct named_templates p[CORPUS_NAMES_MAX]; size_t n; } fillers[LANGUAGES], words[LANGUAGES], polite[LANGUAGES];
    struct words_pool pool[LANGUAGES];
    unsigned char digest[32];           /* SHA-256 of all files, in the order of their names */
    size_t n_templates;
};

/* One template in `keep_back` is kept back whole (0: none).  Says what is wrong with a file on standard error and goes on without that
 * line. */
enum err corpus_load(struct arena *, const char *folder, unsigned keep_back, struct corpus **out) MUST_USE;
size_t corpus_intent_index(const struct corpus *, str name);        /* n_intents: unknown */
size_t corpus_slot_index(const struct corpus *, str name);          /* n_slots: unknown */
const struct templates *corpus_words(const struct corpus *, enum language, str name);
const struct templates *corpus_filler(const struct corpus *, enum language, str name);
const struct templates *corpus_polite(const struct corpus *, enum language, str place);
enum err corpus_read(struct arena *, const char *path, str *out) MUST_USE;      /* a whole file */
