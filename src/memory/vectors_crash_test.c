// SPDX-License-Identifier: Apache-2.0
/* vectors_crash_test.c: files that are damaged, writers that are killed, searches beside both. */
#include "base/test.h"

#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "memory/test_vectors.h"

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

    index_put_many(&x, 1, 1, 100);
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
        CHECK_INT(index_count(&x, 1), 0);
        index_put_many(&x, 1, 1, 100);
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

        index_put_many(&x, 1, 1, 100);
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
        CHECK_INT(index_count(&x, 1), i == 5 ? 98 : 99);
    }
}

TEST(files_of_two_sets_are_not_taken_for_one)
{
    CLEANUP(index_done) struct index x = index_new(16);
    char *kept = home_path(&x.home, "kept"), *floats = home_path(&x.home, "vectors/vectors-3.f32");

    index_put_many(&x, 1, 1, 100);
    vectors_close(x.v);
    x.v = NULL;
    CHECK(rename(floats, kept) == 0);
    CHECK_OK(vectors_delete(home_path(&x.home, "vectors"), 3));
    index_open(&x);
    index_put_many(&x, 1, 1, 100);
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

    index_put_many(&x, 1, 1, 50);
    for (size_t i = 0; i < 2; i++)
        CHECK(pthread_create(&threads[i], NULL, search_on, &r) == 0);
    for (int64_t i = 50; i < 3000 || r.searches < 50; i++) {
        index_put(&x, 1, i);
        index_put(&x, 2, i);
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
    index_check(&x);
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
        index_put(x, 1, i);
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
    enum { KILLS = 8 };
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
        index_check(&x);
        for (int64_t k = 1; k <= p->put; k++)
            if (k <= p->removed || k > p->removed + 16)     /* those between may have been removed since */
                CHECK_INT(index_finds(&x, item_id(1, k)), k > p->removed);
        munmap(p, sizeof *p);
    }
}

/* A power cut may keep the page of a row and lose that of its id. */
TEST(bytes_without_a_name_are_found_after_a_crash)
{
    static const uint8_t yes = 1;
    CLEANUP(index_done) struct index x = index_new(16);
    CLEANUP(buf_done) struct buf problems = { 0 };
    bool more;

    index_put_many(&x, 1, 1, 100);
    CHECK_OK(vectors_sync(x.v));
    for (int crashed = 0; crashed < 2; crashed++) {
        vectors_close(x.v);
        x.v = NULL;
        overwrite(&x, "vectors/vectors-3.f32", 4096 + 200 * 64, "left over", 9);
        if (crashed)
            overwrite(&x, "vectors/vectors-3.rows", 512, &yes, 1);
        index_open(&x);
        CHECK_OK(vectors_maintain(x.v, 1000, &more));
        CHECK_INT(vectors_check(x.v, &problems), crashed ? 0 : 1);
    }
    CHECK_INT(index_count(&x, 1), 99);
}
