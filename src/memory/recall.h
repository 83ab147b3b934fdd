// SPDX-License-Identifier: Apache-2.0
/* recall.h: what of the memory has to do with a question.  Two stages side by side, by words (text.h: BM25) and by meaning (vectors.h),
 * joined by their scores (Bruch, Gai, Ingber 2023, "An Analysis of Fusion Functions for Hybrid Retrieval", who found that better than
 * joining by ranks; so did the test here, relevance_test.c) and by how much of the question stands in each text (match.h); weighed by
 * recency, importance and confidence, and made different from each other (maximal marginal relevance, Carbonell and Goldstein 1998), as
 * far as a budget of tokens goes.  Each comes with the reason why. */
#pragma once
#include "memory/memory.h"

struct recall_query {
    str      text;
    const struct scope *scopes;     /* what the asker may see; none: nothing is found */
    size_t   n_scopes;
    const str *collections;         /* knowledge to look in; "*": all there is in these scopes; none: memories only */
    size_t   n_collections;
    bool     knowledge_only;
    uint32_t kinds;                 /* 1 << ITEM_FACT | ...; 0: all */
    int64_t  since, until;          /* created_at, ms; 0: open */
    str      not_session;           /* exchanges of this conversation after not_after are left out: they are before the model anyway */
    int64_t  not_after;             /* inbox id */
    size_t   k;                     /* items at most */
    uint64_t max_tokens;            /* 0: no limit */
    uint64_t (*tokens)(str);        /* how tokens are counted; NULL: a quarter of the bytes */
    int64_t  now;                   /* ms; 0: clock_wall_ms() */
};

struct recalled {
    struct memory_item item;
    double   score;                 /* 0 to 1, comparable within one recall */
    unsigned text_rank, vector_rank;        /* 1: the first of that stage; 0: not found by it */
    float    similarity;            /* cosine */
    str      why;                   /* "words: staging, port (1st); meaning 0.71 (3rd); pinned" */
};

struct recall_result {
    const struct recalled *items;   /* best first */
    size_t   n;
    size_t   left_out;              /* found, and no room in the tokens */
    str      note;                  /* what was not right: "meaning was not searched: ..."; "" */
};

/* A stage that fails is said in the note, and the other's result is given; ERR only when both fail.  That items were used is noted without
 * waiting.  Blocking parts are offloaded. */
enum err recall(struct memory *, struct arena *, const struct recall_query *, struct recall_result *out) AWAITS MUST_USE;

/* Stores one item in a scope of its own, asks for it both ways, and removes it; and asks for a few that are there, chosen by chance: so an
 * index that is empty or broken is seen.  ERR_IO says which stage did not find what. */
enum err recall_canary(struct memory *) AWAITS MUST_USE;
