// SPDX-License-Identifier: Apache-2.0
#include "memory/vectors.h"

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
#include "store/test_home.h"

struct index {
    struct test_home home;
    struct vectors  *v;
    uint32_t         dimension;
};

static void index_open(struct index *x)
{
    struct vectors_options o = { .dimension = x->dimension, .generation = 3 };

    CHECK_OK(vectors_open(home_path(&x->home, "vectors"), &o, &x->v));
}

static struct index index_new(uint32_t dimension)
{
    struct index x = { .home = home_folder(), .dimension = dimension };

    index_open(&x);
    return x;
}

static void index_reopen(struct index *x)
{
    vectors_close(x->v);
    x->v = NULL;
    index_open(x);
}

static void index_done(struct index *x)
{
    vectors_close(x->v);
    home_done(&x->home);
}

static void check_sound(struct index *x)
{
    CLEANUP(buf_done) struct buf problems = { 0 };
    size_t n = vectors_check(x->v, &problems);

    CHECK_STR(buf_str(&problems), "");
    CHECK_INT(n, 0);
}

/* The vector of an item: always the same for a seed. */
static const float *vector_of(struct index *x, uint64_t seed)
{
    float *f = arena_alloc(x->home.arena, x->dimension * sizeof *f);

    seed = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    for (uint32_t i = 0; i < x->dimension; i++) {
        seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407U;
        f[i] = (float)(int32_t)(seed >> 32) / 2147483648.0F;
    }
    return f;
}

static void put(struct index *x, uint32_t partition, int64_t sequence)
{
    int64_t id = item_id(partition, sequence);

    CHECK_OK(vectors_put(x->v, id, vector_of(x, (uint64_t)id), x->dimension));
}

static void put_many(struct index *x, uint32_t partition, int64_t from, int64_t to)
{
    for (int64_t i = from; i < to; i++)
        put(x, partition, i);
}

static size_t search(struct index *x, const float *like, uint32_t partition, size_t k, struct vector_hit *out)
{
    struct vector_query q = { .values = like, .n_values = x->dimension, .partitions = &partition, .n_partitions = 1, .k = k };
    size_t n;

    CHECK_OK(vectors_search(x->v, &q, out, &n));
    return n;
}

static bool found(struct index *x, int64_t id)
{
    struct vector_hit hit;
    size_t n = search(x, vector_of(x, (uint64_t)id), item_partition(id), 1, &hit);

    return n == 1 && hit.id == id && hit.score > 0.999F;
}

static size_t count(struct index *x, uint32_t partition)
{
    CLEANUP(mem_freep) int64_t *ids = NULL;

    return vectors_ids(x->v, partition, &ids);
}

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

        put_many(&x, 1, 1, n + 1);
        for (int64_t k = 1; k <= n && dimensions[i] > 2; k++)
            CHECK(found(&x, item_id(1, k)));
        CHECK_INT(count(&x, 1), n);
        index_reopen(&x);
        CHECK_INT(count(&x, 1), n);
        CHECK(dimensions[i] < 3 || found(&x, item_id(1, n)));
        check_sound(&x);
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
    CHECK_INT(search(&x, (const float[]){ 1e-30F, 0, 0 }, 2, 10, hits), 4);
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
    CHECK_INT(count(&x, 1), 0);
    check_sound(&x);
}

TEST(the_largest_and_smallest_floats_are_vectors_too)
{
    CLEANUP(index_done) struct index x = index_new(2);
    struct vector_hit hits[3];

    CHECK_OK(vectors_put(x.v, item_id(1, 1), (const float[]){ 3e38F, 3e38F }, 2));
    CHECK_OK(vectors_put(x.v, item_id(1, 2), (const float[]){ 1e-45F, 0 }, 2));
    CHECK_INT(search(&x, (const float[]){ 1, 1 }, 1, 3, hits), 2);
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

    put_many(&x, 1, 1, N + 1);
    for (uint64_t i = 0; i < QUERIES; i++) {
        const float *like = vector_of(&x, 1000000007 * (i + 1));

        exact(&x, like, N, want);
        CHECK_INT(search(&x, like, 1, K, got), K);
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

    put_many(&x, 5, 1, 50);
    put_many(&x, 9, 1, 30);
    put_many(&x, ITEM_PARTITION_MAX, 1, 5);
    n = search(&x, vector_of(&x, 1), 5, 200, hits);
    CHECK_INT(n, 49);
    for (size_t i = 0; i < n; i++)
        CHECK_INT(item_partition(hits[i].id), 5);
    CHECK_INT(search(&x, vector_of(&x, 1), ITEM_PARTITION_MAX, 200, hits), 4);
    CHECK_INT(search(&x, vector_of(&x, 1), 6, 200, hits), 0);
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

    put_many(&x, 1, 1, 2001);
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

    put_many(&x, 1, 1, 20);
    for (int i = 0; i < 40; i++) {
        CHECK_OK(vectors_put(x.v, id, vector_of(&x, (uint64_t)i), 8));
        CHECK_INT(count(&x, 1), 19);
        if (i % 7 == 0)
            CHECK_OK(vectors_sync(x.v));
        if (i % 11 == 0)
            index_reopen(&x);
    }
    check_sound(&x);
    put(&x, 1, 1);
    CHECK(found(&x, id));
}

TEST(what_is_removed_is_not_found_and_its_place_is_taken_again)
{
    CLEANUP(index_done) struct index x = index_new(32);
    struct vectors_stats before, after;

    put_many(&x, 1, 1, 1001);
    CHECK_OK(vectors_sync(x.v));
    vectors_stats(x.v, &before);
    CHECK_INT(before.items, 1000);
    for (int round = 0; round < 5; round++) {
        for (int64_t i = 1; i <= 1000; i++)
            if ((i + round) % 3)
                CHECK(vectors_remove(x.v, item_id(1, i)));
        CHECK_INT(count(&x, 1), 1000 / 3 + (round % 3 == 2));
        CHECK(found(&x, item_id(1, 9 - round)));
        check_sound(&x);
        CHECK_OK(vectors_sync(x.v));
        check_sound(&x);
        put_many(&x, 1, 1, 1001);
        CHECK_OK(vectors_sync(x.v));
        CHECK_INT(count(&x, 1), 1000);
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

    put_many(&x, 1, 1, 1001);
    put_many(&x, 2, 1, 101);
    CHECK_OK(vectors_sync(x.v));
    vectors_stats(x.v, &before);
    vectors_drop_partition(x.v, 1);
    vectors_drop_partition(x.v, 77);
    CHECK_INT(count(&x, 1), 0);
    CHECK_OK(vectors_sync(x.v));
    put_many(&x, 3, 1, 1001);
    CHECK_INT(count(&x, 2), 100);
    CHECK_INT(count(&x, 3), 1000);
    vectors_stats(x.v, &after);
    CHECK_INT(after.bytes, before.bytes);
    CHECK_INT(after.partitions, 2);
    check_sound(&x);
    index_reopen(&x);
    CHECK_INT(count(&x, 1), 0);
    CHECK_INT(count(&x, 3), 1000);
    CHECK(found(&x, item_id(3, 1000)));
    check_sound(&x);
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

    put_many(&x, 4, 1, 41);
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
    check_sound(&x);
}

TEST(a_crash_before_the_sync_leaves_known_what_is_to_be_zeroed)
{
    CLEANUP(index_done) struct index x = index_new(64);
    struct vectors_stats s;

    put_many(&x, 4, 1, 41);
    CHECK(vectors_remove(x.v, item_id(4, 20)));
    CHECK(vectors_remove(x.v, item_id(4, 21)));
    index_reopen(&x);           /* as a kill would: nothing was synced */
    vectors_stats(x.v, &s);
    CHECK_INT(s.items, 38);
    CHECK_INT(s.removed, 2);
    CHECK(!vectors_remove(x.v, item_id(4, 20)));
    CHECK_OK(vectors_sync(x.v));
    check_sound(&x);
    index_reopen(&x);
    vectors_stats(x.v, &s);
    CHECK_INT(s.removed, 0);
}

TEST(many_small_partitions_cost_little)
{
    CLEANUP(index_done) struct index x = index_new(64);
    struct vectors_stats s;

    for (uint32_t p = 1; p <= 2000; p++)
        put_many(&x, p * 3000, 1, 3);
    vectors_stats(x.v, &s);
    CHECK_INT(s.partitions, 2000);
    CHECK(s.bytes < 2000 * 16 * (64 * 5 + 16) * 3 / 2);
    for (uint32_t p = 1; p <= 2000; p += 17)
        CHECK(found(&x, item_id(p * 3000, 2)));
    index_reopen(&x);
    CHECK_INT(count(&x, 3000), 2);
    check_sound(&x);
}

/* --- files that are not as they should be --- */

static enum err try_open(struct index *x, uint32_t dimension)
{
    struct vectors_options o = { .dimension = dimension, .generation = 3 };

    return vectors_open(home_path(&x->home, "vectors"), &o, &x->v);
}

TEST(another_dimension_and_a_cut_or_lost_file_are_said)
{
    static const char *const names[] = { "vectors/vectors-3.i8", "vectors/vectors-3.f32", "vectors/vectors-3.rows" };
    CLEANUP(index_done) struct index x = index_new(16);

    put_many(&x, 1, 1, 100);
    vectors_close(x.v);
    x.v = NULL;
    CHECK_ERR(try_open(&x, 17), ERR_CONFLICT);
    CHECK(strstr(failed_text(), "has vectors of 16 dimensions, not of 17"));
    CHECK_ERR(try_open(&x, 0), ERR_INPUT);
    CHECK_ERR(try_open(&x, VECTORS_DIMENSION_MAX + 1), ERR_INPUT);
    for (size_t i = 0; i < 2; i++) {
        CHECK(truncate(home_path(&x.home, names[i]), 5000) == 0);
        CHECK_ERR(try_open(&x, 16), ERR_INPUT);
        CHECK(strstr(failed_text(), "is damaged: it is cut short"));
        CHECK(unlink(home_path(&x.home, names[i])) == 0);
        CHECK_ERR(try_open(&x, 16), ERR_INPUT);
        CHECK_OK(vectors_delete(home_path(&x.home, "vectors"), 3));
        CHECK_OK(try_open(&x, 16));
        CHECK_INT(count(&x, 1), 0);
        put_many(&x, 1, 1, 100);
        vectors_close(x.v);
        x.v = NULL;
    }
    CHECK(truncate(home_path(&x.home, names[2]), 10) == 0);
    CHECK_ERR(try_open(&x, 16), ERR_INPUT);
}

static void overwrite(struct index *x, const char *name, off_t at, const void *bytes, size_t n)
{
    int fd = open(home_path(&x->home, name), O_WRONLY);

    CHECK(fd >= 0 && pwrite(fd, bytes, n, at) == (ssize_t)n);
    close(fd);
}

TEST(damage_in_the_rows_is_found_at_the_start_and_elsewhere_by_the_check)
{
    static const struct { const char *name; off_t at; uint8_t byte; bool opens; } cases[] = {
        { "rows", 9, 1, false },                            /* the header's version */
        { "rows", 4096 + 2, 0xff, false },                  /* a partition that cannot be */
        { "rows", 4096 + 7, 1, false },                     /* a row that cannot be in use */
        { "rows", 4096 + 64 + 6, 9, false },                /* an item of another partition */
        { "rows", 4096 + 64 + 128 + 3, 0xff, false },       /* a scale below 0 */
        { "rows", 4096 + 4, 0xfe, true },                   /* a row of an item that is not in use: as a crash leaves it */
        { "i8", 4096 + 30, 1, true }, { "f32", 4096 + 3, 0x40, true },
        { "f32", 4096 + 130 * 64 + 7, 1, true },            /* where there is no item */
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(index_done) struct index x = index_new(16);
        CLEANUP(buf_done) struct buf problems = { 0 };

        put_many(&x, 1, 1, 100);
        CHECK_OK(vectors_sync(x.v));
        vectors_close(x.v);
        x.v = NULL;
        overwrite(&x, arena_printf(x.home.arena, "vectors/vectors-3.%s", cases[i].name), cases[i].at, &cases[i].byte, 1);
        if (!cases[i].opens) {
            enum err e = try_open(&x, 16);

            CHECK(e == ERR_INPUT || e == ERR_CONFLICT);
            continue;
        }
        CHECK_OK(try_open(&x, 16));
        CHECK_INT(vectors_check(x.v, &problems), i == 5 ? 0 : 1);
        CHECK_INT(count(&x, 1), i == 5 ? 98 : 99);
    }
}

TEST(files_of_two_sets_are_not_taken_for_one)
{
    CLEANUP(index_done) struct index x = index_new(16);
    char *kept = home_path(&x.home, "kept"), *floats = home_path(&x.home, "vectors/vectors-3.f32");

    put_many(&x, 1, 1, 100);
    vectors_close(x.v);
    x.v = NULL;
    CHECK(rename(floats, kept) == 0);
    CHECK_OK(vectors_delete(home_path(&x.home, "vectors"), 3));
    index_open(&x);
    put_many(&x, 1, 1, 100);
    vectors_close(x.v);
    x.v = NULL;
    CHECK(rename(kept, floats) == 0);
    CHECK_ERR(try_open(&x, 16), ERR_INPUT);
    CHECK(strstr(failed_text(), "does not belong to"));
}

TEST(files_are_for_their_owner_alone)
{
    static const char *const names[] = { "vectors/vectors-3.i8", "vectors/vectors-3.f32", "vectors/vectors-3.rows" };
    CLEANUP(index_done) struct index x = index_new(16);
    struct stat st;

    for (size_t i = 0; i < N_ELEMENTS(names); i++)
        CHECK(stat(home_path(&x.home, names[i]), &st) == 0 && (st.st_mode & 0777) == 0600);
    CHECK(stat(home_path(&x.home, "vectors"), &st) == 0 && (st.st_mode & 0777) == 0700);
}

/* --- beside each other --- */

struct reader { struct index *x; _Atomic bool stop; _Atomic size_t searches, wrong; };

/* Every vector of partition 1 has a seed that is its id, so whatever is found can be told from a half-written one. */
static void *search_on(void *arg)
{
    struct reader *r = arg;
    uint32_t dimension = r->x->dimension, partition = 1;
    struct vector_hit hits[5];
    float got[64];

    for (size_t i = 0; !r->stop; i++) {
        float like[64] = { 0 };
        size_t n;

        like[i % dimension] = 1;
        struct vector_query q = { .values = like, .n_values = dimension, .partitions = &partition, .n_partitions = 1, .k = 5 };

        if (vectors_search(r->x->v, &q, hits, &n) != OK || n < 5)
            r->wrong++;
        for (size_t k = 0; k < n; k++) {
            if (item_partition(hits[k].id) != 1 || !isfinite(hits[k].score))
                r->wrong++;
            if (vectors_get(r->x->v, hits[k].id, got) == OK && fabsf(got[i % dimension] - hits[k].score) > 1e-4F)
                r->wrong++;
        }
        r->searches++;
    }
    return NULL;
}

TEST(searches_go_on_beside_puts_and_removals)
{
    CLEANUP(index_done) struct index x = index_new(64);
    struct reader r = { .x = &x };
    pthread_t threads[2];

    put_many(&x, 1, 1, 50);
    for (size_t i = 0; i < 2; i++)
        CHECK(pthread_create(&threads[i], NULL, search_on, &r) == 0);
    for (int64_t i = 50; i < 3000 || r.searches < 50; i++) {
        put(&x, 1, i);
        put(&x, 2, i);
        vectors_remove(x.v, item_id(1, i - 30));
        if (i % 100 == 0)
            vectors_drop_partition(x.v, 2);
        if (i % 40 == 0)
            CHECK_OK(vectors_sync(x.v));
    }
    r.stop = true;
    for (size_t i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    CHECK_INT(r.wrong, 0);
    check_sound(&x);
}

/* --- killed --- */

/* What the child says it has synced must be there, and nothing must be there that it had synced away. */
struct progress { _Atomic int64_t put, removed; };

static struct progress *shared_progress(void)
{
    struct progress *p = mmap(NULL, sizeof *p, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    CHECK(p != MAP_FAILED);
    return p;
}

static void write_until_killed(struct index *x, struct progress *p)
{
    for (int64_t i = 1;; i++) {
        put(x, 1, i);
        if (i % 3 == 0)
            vectors_remove(x->v, item_id(1, i / 3));
        if (i % 16)
            continue;
        CHECK_OK(vectors_sync(x->v));
        p->put = i;
        p->removed = i / 3;
    }
}

TEST(a_kill_at_any_moment_leaves_what_was_synced)
{
    enum { KILLS = 12 };
    CLEANUP(index_done) struct index x = index_new(24);
    int64_t goal = 0;

    for (int i = 0; i < KILLS; i++) {
        vectors_close(x.v);
        x.v = NULL;
        CHECK_OK(vectors_delete(home_path(&x.home, "vectors"), 3));
        index_open(&x);
        struct progress *p = shared_progress();
        pid_t child = fork();

        if (child == 0)
            write_until_killed(&x, p);
        goal = 16 * (1 + i * 5);
        while (p->put < goal)
            sched_yield();
        kill(child, SIGKILL);
        CHECK(waitpid(child, NULL, 0) == child);
        index_reopen(&x);
        CHECK_OK(vectors_sync(x.v));
        check_sound(&x);
        for (int64_t k = 1; k <= p->put; k++)
            if (k <= p->removed || k > p->removed + 16)     /* those between may have been removed since */
                CHECK_INT(found(&x, item_id(1, k)), k > p->removed);
        munmap(p, sizeof *p);
    }
}
