// SPDX-License-Identifier: Apache-2.0
#include "memory/test_vectors.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/test.h"

enum { CLUSTERS = 50 };

void index_open(struct index *x)
{
    struct vectors_options o = { .dimension = x->dimension, .generation = 3, .graph_from = x->graph_from };

    CHECK_OK(vectors_open(home_path(&x->home, "vectors"), &o, &x->v));
}

struct index index_new(uint32_t dimension)
{
    struct index x = { .home = home_folder(), .dimension = dimension };

    index_open(&x);
    return x;
}

void index_reopen(struct index *x)
{
    vectors_close(x->v);
    x->v = NULL;
    index_open(x);
}

void index_done(struct index *x)
{
    vectors_close(x->v);
    home_done(&x->home);
}

void index_check(struct index *x)
{
    CLEANUP(buf_done) struct buf problems = { 0 };
    size_t n = vectors_check(x->v, &problems);

    CHECK_STR(buf_str(&problems), "");
    CHECK_INT(n, 0);
}

static float next(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407U;
    return (float)(int32_t)(*seed >> 32) / 2147483648.0F;
}

const float *vector_of(struct index *x, uint64_t seed)
{
    float *f = arena_alloc(x->home.arena, x->dimension * sizeof *f);
    uint64_t centre = seed % CLUSTERS + 1;

    seed = (seed + 1) * UINT64_C(0x9e3779b97f4a7c15);
    for (uint32_t i = 0; i < x->dimension; i++)
        f[i] = next(&centre) + 0.7F * next(&seed);
    return f;
}

void index_put(struct index *x, uint32_t partition, int64_t sequence)
{
    int64_t id = item_id(partition, sequence);

    CHECK_OK(vectors_put(x->v, id, vector_of(x, (uint64_t)id), x->dimension));
}

void index_put_many(struct index *x, uint32_t partition, int64_t from, int64_t to)
{
    for (int64_t i = from; i < to; i++)
        index_put(x, partition, i);
}

size_t index_search(struct index *x, const float *like, uint32_t partition, size_t k, struct vector_hit *out)
{
    struct vector_query q = { .values = like, .n_values = x->dimension, .partitions = &partition, .n_partitions = 1, .k = k };
    size_t n;

    CHECK_OK(vectors_search(x->v, &q, out, &n));
    return n;
}

bool index_finds(struct index *x, int64_t id)
{
    struct vector_hit hit;
    size_t n = index_search(x, vector_of(x, (uint64_t)id), item_partition(id), 1, &hit);

    return n == 1 && hit.id == id && hit.score > 0.999F;
}

size_t index_count(struct index *x, uint32_t partition)
{
    CLEANUP(mem_freep) int64_t *ids = NULL;

    return vectors_ids(x->v, partition, &ids);
}
