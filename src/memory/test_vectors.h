// SPDX-License-Identifier: Apache-2.0
/* test_vectors.h: for tests: an index of vectors in a folder of its own, gone at the end of the scope. */
#pragma once
#include "memory/vectors.h"
#include "store/test_home.h"

struct index {
    struct test_home home;
    struct vectors  *v;
    uint32_t         dimension;
    size_t           graph_from;        /* 0: never a graph */
};

void         index_open(struct index *);
struct index index_new(uint32_t dimension);
void         index_reopen(struct index *);          /* as after a kill: nothing is synced */
void         index_done(struct index *);
void         index_check(struct index *);           /* vectors_check() has nothing to say */

/* The vector of an item, from one of 50 clusters: always the same for a seed. */
const float *vector_of(struct index *, uint64_t seed);
void         index_put(struct index *, uint32_t partition, int64_t sequence);
void         index_put_many(struct index *, uint32_t partition, int64_t from, int64_t to);     /* to: not included */
size_t       index_search(struct index *, const float *like, uint32_t partition, size_t k, struct vector_hit *out);
bool         index_finds(struct index *, int64_t id);
size_t       index_count(struct index *, uint32_t partition);
