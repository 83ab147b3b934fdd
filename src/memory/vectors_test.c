// SPDX-License-Identifier: Apache-2.0
#include "memory/test_vectors.h"

#include "base/test.h"

#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"

TEST(an_id_tells_its_partition)
{
    CHECK_INT(item_id(ITEM_PARTITION_MAX, ITEM_SEQUENCE_MAX), INT64_MAX);
    CHECK_INT(item_partition(item_id(7, 9)), 7);
    CHECK_INT(item_sequence(item_id(7, 9)), 9);
    CHECK(item_id_valid(item_id(1, 1)));
    CHECK(!item_id_valid(0) && !item_id_valid(-1) && !item_id_valid(5) && !item_id_valid(item_id(3, 0)));
}

TEST(what_is_put_is_found_in_any_dimension)
{
    static const uint32_t dimensions[] = { 1, 2, 3, 15, 16, 17, 63, 64, 65, 384, 768, 1000, 100000 };

    for (size_t i = 0; i < N_ELEMENTS(dimensions); i++) {
        CLEANUP(index_done) struct index x = index_new(dimensions[i]);
        int64_t n = dimensions[i] > 10000 ? 3 : 40;

        index_put_many(&x, 1, 1, n + 1);
        for (int64_t k = 1; k <= n && dimensions[i] > 2; k++)
            CHECK(index_finds(&x, item_id(1, k)));
        CHECK_INT(index_count(&x, 1), n);
        index_reopen(&x);
        CHECK_INT(index_count(&x, 1), n);
        CHECK(dimensions[i] < 3 || index_finds(&x, item_id(1, n)));
        index_check(&x);
    }
}

TEST(scores_are_cosines_best_first)
{
    static const float rows[][3] = { { 1, 0, 0 }, { 0, 5, 0 }, { -2, 0, 0 }, { 3, 3, 0 } };
    static const struct { int64_t sequence; float score; } want[] = { { 1, 1 }, { 4, 0.70710678F }, { 2, 0 }, { 3, -1 } };
    CLEANUP(index_done) struct index x = index_new(3);
    struct vector_hit hits[10];
    float got[3];

    for (size_t i = 0; i < N_ELEMENTS(rows); i++)
        CHECK_OK(vectors_put(x.v, item_id(2, (int64_t)i + 1), rows[i], 3));
    CHECK_INT(index_search(&x, (const float[]){ 1e-30F, 0, 0 }, 2, 10, hits), 4);
    for (size_t i = 0; i < N_ELEMENTS(want); i++) {
        CHECK_INT(hits[i].id, item_id(2, want[i].sequence));
        CHECK(fabsf(hits[i].score - want[i].score) < 1e-6F);
    }
    CHECK_OK(vectors_get(x.v, item_id(2, 4), got));
    CHECK(fabsf(got[0] - 0.70710678F) < 1e-6F && fabsf(got[1] - 0.70710678F) < 1e-6F && got[2] == 0);
    CHECK_ERR(vectors_get(x.v, item_id(2, 5), got), ERR_NOT_FOUND);
}

TEST(what_is_no_vector_is_refused_with_the_reason)
{
    static const struct { float values[4]; size_t n; const char *says; } cases[] = {
        { { 1, NAN, 0, 0 }, 4, "value 1 of a vector is no number (NaN)" }, { { 1, 0, 0, INFINITY }, 4, "value 3 of a vector is no number (infinite)" },
        { { 0, -0.0F, 0, 0 }, 4, "a vector of nothing but zeros has no direction" }, { { 1 }, 3, "a vector of 3 dimensions; this index has 4" },
        { { 1 }, 0, "a vector of 0 dimensions; this index has 4" },
    };
    CLEANUP(index_done) struct index x = index_new(4);
    struct vector_hit hit;
    size_t n;

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        struct vector_query q = { .values = cases[i].values, .n_values = cases[i].n, .k = 1 };

        CHECK_ERR(vectors_put(x.v, item_id(1, 1), cases[i].values, cases[i].n), ERR_INPUT);
        CHECK_STR(str_from(failed_text()), cases[i].says);
        CHECK_ERR(vectors_search(x.v, &q, &hit, &n), ERR_INPUT);
    }
    CHECK_ERR(vectors_put(x.v, 0, cases[0].values, 4), ERR_INPUT);
    CHECK_ERR(vectors_put(x.v, -5, (const float[]){ 1, 1, 1, 1 }, 4), ERR_INPUT);
    CHECK_INT(index_count(&x, 1), 0);
    index_check(&x);
}

TEST(the_largest_and_smallest_floats_are_vectors_too)
{
    CLEANUP(index_done) struct index x = index_new(2);
    struct vector_hit hits[3];

    CHECK_OK(vectors_put(x.v, item_id(1, 1), (const float[]){ 3e38F, 3e38F }, 2));
    CHECK_OK(vectors_put(x.v, item_id(1, 2), (const float[]){ 1e-45F, 0 }, 2));
    CHECK_INT(index_search(&x, (const float[]){ 1, 1 }, 1, 3, hits), 2);
    CHECK(hits[0].id == item_id(1, 1) && fabsf(hits[0].score - 1) < 1e-6F);
    CHECK(hits[1].id == item_id(1, 2) && fabsf(hits[1].score - 0.70710678F) < 1e-6F);
}

static int descending(const void *a, const void *b)
{
    const struct vector_hit *p = a, *q = b;

    return p->score < q->score ? 1 : -1;
}

/* The exact answer, from the float32 vectors alone. */
static void exact(struct index *x, const float *like, size_t n, struct vector_hit *out)
{
    for (size_t i = 0; i < n; i++) {
        const float *row = vector_of(x, (uint64_t)item_id(1, (int64_t)i + 1));
        double dot = 0, a = 0, b = 0;

        for (uint32_t k = 0; k < x->dimension; k++) {
            dot += (double)row[k] * (double)like[k];
            a += (double)row[k] * (double)row[k];
            b += (double)like[k] * (double)like[k];
        }
        out[i] = (struct vector_hit){ item_id(1, (int64_t)i + 1), (float)(dot / sqrt(a * b)) };
    }
    qsort(out, n, sizeof *out, descending);
}

TEST(the_ten_best_are_those_of_exact_search)
{
    enum { N = 3000, QUERIES = 20, K = 10 };
    CLEANUP(index_done) struct index x = index_new(96);
    CLEANUP(mem_freep) struct vector_hit *want = mem_alloc(N * sizeof *want);
    struct vector_hit got[K];
    size_t right = 0;

    index_put_many(&x, 1, 1, N + 1);
    for (uint64_t i = 0; i < QUERIES; i++) {
        const float *like = vector_of(&x, 1000000007 * (i + 1));

        exact(&x, like, N, want);
        CHECK_INT(index_search(&x, like, 1, K, got), K);
        for (size_t k = 0; k < K; k++)
            for (size_t w = 0; w < K; w++)
                right += got[k].id == want[w].id;
    }
    CHECK(right >= QUERIES * K * 99 / 100);
}

TEST(only_the_partitions_that_are_named_are_looked_at)
{
    static const uint32_t both[] = { 5, 9, 5, 1234567 };
    CLEANUP(index_done) struct index x = index_new(8);
    struct vector_hit hits[200];
    size_t n;

    index_put_many(&x, 5, 1, 50);
    index_put_many(&x, 9, 1, 30);
    index_put_many(&x, ITEM_PARTITION_MAX, 1, 5);
    n = index_search(&x, vector_of(&x, 1), 5, 200, hits);
    CHECK_INT(n, 49);
    for (size_t i = 0; i < n; i++)
        CHECK_INT(item_partition(hits[i].id), 5);
    CHECK_INT(index_search(&x, vector_of(&x, 1), ITEM_PARTITION_MAX, 200, hits), 4);
    CHECK_INT(index_search(&x, vector_of(&x, 1), 6, 200, hits), 0);
    struct vector_query q = { .values = vector_of(&x, 1), .n_values = 8, .partitions = both, .n_partitions = 4, .k = 200 };

    CHECK_OK(vectors_search(x.v, &q, hits, &n));
    CHECK_INT(n, 49 + 29);
    q.n_partitions = 0;
    CHECK_OK(vectors_search(x.v, &q, hits, &n));
    CHECK_INT(n, 0);
    q.k = 0;
    CHECK_ERR(vectors_search(x.v, &q, hits, &n), ERR_INPUT);
    q.k = VECTORS_K_MAX + 1;
    CHECK_ERR(vectors_search(x.v, &q, hits, &n), ERR_INPUT);
}

static bool is_even(void *arg, int64_t id)
{
    size_t *asked = arg;

    ++*asked;
    return id % 2 == 0;
}

TEST(a_filter_passes_items_over_and_is_asked_about_few)
{
    CLEANUP(index_done) struct index x = index_new(16);
    struct vector_hit hits[10];
    uint32_t partition = 1;
    size_t n, asked = 0;

    index_put_many(&x, 1, 1, 2001);
    struct vector_query q = { .values = vector_of(&x, 77), .n_values = 16, .partitions = &partition, .n_partitions = 1, .k = 10,
                              .keep = is_even, .keep_arg = &asked };

    CHECK_OK(vectors_search(x.v, &q, hits, &n));
    CHECK_INT(n, 10);
    for (size_t i = 0; i < n; i++)
        CHECK_INT(hits[i].id % 2, 0);
    CHECK(asked < 1000);
}

TEST(a_put_that_is_repeated_takes_the_place_of_the_first)
{
    CLEANUP(index_done) struct index x = index_new(8);
    int64_t id = item_id(1, 1);

    index_put_many(&x, 1, 1, 20);
    for (int i = 0; i < 40; i++) {
        CHECK_OK(vectors_put(x.v, id, vector_of(&x, (uint64_t)i), 8));
        CHECK_INT(index_count(&x, 1), 19);
        if (i % 7 == 0)
            CHECK_OK(vectors_sync(x.v));
        if (i % 11 == 0)
            index_reopen(&x);
    }
    index_check(&x);
    index_put(&x, 1, 1);
    CHECK(index_finds(&x, id));
}

TEST(what_is_removed_is_not_found_and_its_place_is_taken_again)
{
    CLEANUP(index_done) struct index x = index_new(32);
    struct vectors_stats before, after;

    index_put_many(&x, 1, 1, 1001);
    CHECK_OK(vectors_sync(x.v));
    vectors_stats(x.v, &before);
    CHECK_INT(before.items, 1000);
    for (int round = 0; round < 5; round++) {
        for (int64_t i = 1; i <= 1000; i++)
            if ((i + round) % 3)
                CHECK(vectors_remove(x.v, item_id(1, i)));
        CHECK_INT(index_count(&x, 1), 1000 / 3 + (round % 3 == 2));
        CHECK(index_finds(&x, item_id(1, 9 - round)));
        index_check(&x);
        CHECK_OK(vectors_sync(x.v));
        index_check(&x);
        index_put_many(&x, 1, 1, 1001);
        CHECK_OK(vectors_sync(x.v));
        CHECK_INT(index_count(&x, 1), 1000);
    }
    vectors_stats(x.v, &after);
    CHECK(after.bytes <= before.bytes * 3 / 2);
    CHECK(!vectors_remove(x.v, item_id(1, 5000)));
    CHECK(!vectors_remove(x.v, 0));
}

TEST(blocks_of_a_dropped_partition_serve_another)
{
    CLEANUP(index_done) struct index x = index_new(32);
    struct vectors_stats before, after;

    index_put_many(&x, 1, 1, 1001);
    index_put_many(&x, 2, 1, 101);
    CHECK_OK(vectors_sync(x.v));
    vectors_stats(x.v, &before);
    vectors_drop_partition(x.v, 1);
    vectors_drop_partition(x.v, 77);
    CHECK_INT(index_count(&x, 1), 0);
    CHECK_OK(vectors_sync(x.v));
    index_put_many(&x, 3, 1, 1001);
    CHECK_INT(index_count(&x, 2), 100);
    CHECK_INT(index_count(&x, 3), 1000);
    vectors_stats(x.v, &after);
    CHECK_INT(after.bytes, before.bytes);
    CHECK_INT(after.partitions, 2);
    index_check(&x);
    index_reopen(&x);
    CHECK_INT(index_count(&x, 1), 0);
    CHECK_INT(index_count(&x, 3), 1000);
    CHECK(index_finds(&x, item_id(3, 1000)));
    index_check(&x);
}

static size_t times_in(const char *path, const void *bytes, size_t n)
{
    static char all[2 << 20];
    int fd = open(path, O_RDONLY);
    ssize_t size = read(fd, all, sizeof all);
    size_t times = 0;

    close(fd);
    CHECK(size > 0 && (size_t)size < sizeof all);
    for (char *at = all; (at = memmem(at, (size_t)(all + size - at), bytes, n)); at++)
        times++;
    return times;
}

TEST(removed_bytes_are_gone_from_both_files)
{
    static const char *const files[] = { "vectors/vectors-3.f32", "vectors/vectors-3.i8", "vectors/vectors-3.rows" };
    CLEANUP(index_done) struct index x = index_new(64);
    float kept[64];
    uint8_t codes[64];
    int64_t id = item_id(4, 20);

    index_put_many(&x, 4, 1, 41);
    CHECK_OK(vectors_get(x.v, id, kept));
    float most = 0;

    for (int i = 0; i < 64; i++)
        most = fabsf(kept[i]) > most ? fabsf(kept[i]) : most;
    for (int i = 0; i < 64; i++)
        codes[i] = (uint8_t)(128 + lrintf(kept[i] * (127 / most)));
    CHECK_INT(times_in(home_path(&x.home, files[0]), kept, sizeof kept), 1);
    CHECK_INT(times_in(home_path(&x.home, files[1]), codes, sizeof codes), 1);
    CHECK(times_in(home_path(&x.home, files[2]), &id, sizeof id) == 1);
    CHECK(vectors_remove(x.v, id));
    CHECK_OK(vectors_sync(x.v));
    CHECK_INT(times_in(home_path(&x.home, files[0]), kept, 8), 0);
    CHECK_INT(times_in(home_path(&x.home, files[1]), codes, 8), 0);
    CHECK(times_in(home_path(&x.home, files[2]), &id, sizeof id) == 0);
    index_check(&x);
}

TEST(a_crash_before_the_sync_leaves_known_what_is_to_be_zeroed)
{
    CLEANUP(index_done) struct index x = index_new(64);
    struct vectors_stats s;

    index_put_many(&x, 4, 1, 41);
    CHECK(vectors_remove(x.v, item_id(4, 20)));
    CHECK(vectors_remove(x.v, item_id(4, 21)));
    index_reopen(&x);           /* as a kill would: nothing was synced */
    vectors_stats(x.v, &s);
    CHECK_INT(s.items, 38);
    CHECK_INT(s.removed, 2);
    CHECK(!vectors_remove(x.v, item_id(4, 20)));
    CHECK_OK(vectors_sync(x.v));
    index_check(&x);
    index_reopen(&x);
    vectors_stats(x.v, &s);
    CHECK_INT(s.removed, 0);
}

TEST(many_small_partitions_cost_little)
{
    CLEANUP(index_done) struct index x = index_new(64);
    struct vectors_stats s;

    for (uint32_t p = 1; p <= 2000; p++)
        index_put_many(&x, p * 3000, 1, 3);
    vectors_stats(x.v, &s);
    CHECK_INT(s.partitions, 2000);
    CHECK(s.bytes < 2000 * 16 * (64 * 5 + 16) * 3 / 2);
    for (uint32_t p = 1; p <= 2000; p += 17)
        CHECK(index_finds(&x, item_id(p * 3000, 2)));
    index_reopen(&x);
    CHECK_INT(index_count(&x, 3000), 2);
    index_check(&x);
}
