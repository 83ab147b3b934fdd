// SPDX-License-Identifier: Apache-2.0
/* text.h: the text stage of recall: which items have the words of a question, by BM25 (Robertson and Zaragoza, "The Probabilistic
 * Relevance Framework: BM25 and Beyond", 2009), in the partitions given and no others.
 *
 * What it costs is bounded, however common the words: those that most items have are not looked for, only weighed in what the rarer
 * ones found, and of what is looked for at most a share of the items, the newest, is read.  How common a word is is known from a
 * sample of each large partition, kept here as hashes; README.md, "Text".  Of the loop thread; several searches may run at a time. */
#pragma once
#include "base/arena.h"
#include "base/str.h"
#include "store/store.h"

struct text_sample;

struct text {
    struct store       *store;          /* of STORE_MEMORY; the rest is {0} */
    struct text_sample *samples;        /* private: newest first */
    size_t              n_samples;      /* private */
};
void text_done(struct text *);

enum { TEXT_HITS_MAX = 1000, TEXT_QUESTION_MAX = 4000, TEXT_PARTITIONS_MAX = 1000 };

struct text_query {
    str             text;               /* any language, TEXT_QUESTION_MAX bytes of it; "quoted words" are to follow each other: what
                                         * has them so comes first */
    const uint32_t *partitions;
    size_t          n_partitions;
    size_t          k;                  /* at most TEXT_HITS_MAX */
};

struct text_hit {
    int64_t id;
    float   score;                      /* the higher, the better; comparable within one answer */
    uint8_t matched;                    /* different words of the question that it has */
    bool    exact;                      /* everything quoted is in it, word after word */
};

/* `out` has room for k.  Best first, the newer among equals.  No words in the question, no partitions: no hits. */
enum err text_search(struct text *, struct arena *, const struct text_query *, struct text_hit *out, size_t *ret_n) AWAITS MUST_USE;

/* ---- care ---- */

/* ERR_CONFLICT: items and index differ, or the index is damaged: text_rebuild() mends both.  Commits wait meanwhile. */
enum err text_check(struct text *) AWAITS MUST_USE;
enum err text_rebuild(struct text *) AWAITS MUST_USE;
/* What was deleted leaves the index, which is then one piece and fast; store_shrink() takes it from the files. */
enum err text_optimize(struct text *) AWAITS MUST_USE;
/* Is any of the words of `text` in the index still?  The first that is, or "". */
enum err text_has_word(struct text *, struct arena *, str text, str *ret_word) AWAITS MUST_USE;
