// SPDX-License-Identifier: Apache-2.0
/* text_internal.h: what the files of the text stage share: the words of a question, how common they are, and what each weighs. */
#pragma once
#include "memory/text.h"
#include "store/found.h"

enum {
    TEXT_WORDS_MAX = FOUND_WORDS_MAX,       /* different ones of a question */
    TEXT_QUOTES_MAX = 4,
    TEXT_SAMPLED_FROM = 3000,               /* items: a smaller partition is read whole if need be */
};

struct text_word {
    str    folded;
    float  factor;                          /* below 1: two characters across the border of two words, most likely */
    bool   is_prefix;                       /* one character: it begins the words that are looked for */
    double with;                            /* items that have it, of all partitions asked; estimated until they were searched */
    double weight;
};

struct text_quote { str *words; size_t n; };

struct text_words {
    struct text_word  list[TEXT_WORDS_MAX];
    size_t            n;
    struct text_quote quotes[TEXT_QUOTES_MAX];
    size_t            n_quotes;
};

/* Without the words that say nothing, unless there are no others. */
void text_words_of(struct arena *, str question, struct text_words *out);
bool text_is_stop_word(str folded);

struct text_partition { uint32_t id; int64_t items, next; };     /* next: number of the item that comes next */

/* Which share of the partition's items each word is in, 0 to 1.  What is rare or not known, as in a small partition, counts as
 * TEXT_SHARE_RARE. */
#define TEXT_SHARE_RARE 0.002f
enum err text_shares(struct text *, const struct text_partition *, const struct text_words *, float *ret_shares) AWAITS MUST_USE;

/* A partition that is searched with the words that pay there. */
struct text_search {
    struct text_partition part;
    float                 shares[TEXT_WORDS_MAX];
    uint8_t               words[TEXT_WORDS_MAX];    /* numbers of those that are looked for, rarest first; n_words of them */
    size_t                n_words;
    bool                  all_common;
    const char           *expression;               /* for FTS5: the i-th word of it is words[i] */
    double                expected;                 /* items that will be read */
    int64_t               most;                     /* items that may be read, the newest */
};
/* From part and shares. */
void text_plan(struct arena *, const struct text_words *, struct text_search *);

/* Scores texts by all words of the question.  Pure; for another thread. */
struct text_weighing {
    const struct text_words *words;
    const struct rows       *texts;         /* id, words */
    struct text_hit         *hits;          /* as many; in the order of rows */
};
enum err text_weigh(void *weighing);
