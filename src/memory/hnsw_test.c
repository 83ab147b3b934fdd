// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "memory/test_vectors.h"

enum { FROM = 500, N = 1700, K = 10, QUERIES = 40 };

static struct index graph_new(uint32_t dimension)
{
    struct index x = { .home = home_folder(), .dimension = dimension, .graph_from = FROM };

    index_open(&x);
    return x;
}

static void maintain(struct index *x)
{
    for (bool more = true; more;)
        CHECK_OK(vectors_maintain(x->v, 100, &more));
}

static struct vectors_stats stats(struct index *x)
{
    struct vectors_stats s;

    vectors_stats(x->v, &s);
    return s;
}

/* Of the K that a look at all rows finds, how many of a thousand the graph finds too. */
static size_t recall(struct index *x, uint32_t partition)
{
    struct vector_hit want[K], got[K];
    size_t right = 0, of = 0, n;

    for (uint64_t i = 0; i < QUERIES; i++) {
        struct vector_query q = { .values = vector_of(x, UINT64_MAX / 3 - i * 7919), .n_values = x->dimension, .partitions = &partition,
                                  .n_partitions = 1, .k = K, .exact = true };

        CHECK_OK(vectors_search(x->v, &q, want, &n));
        of += n;
        CHECK_INT(index_search(x, q.values, partition, K, got), n);
        for (size_t a = 0; a < n; a++)
            for (size_t b = 0; b < n; b++)
                right += got[a].id == want[b].id;
    }
    return of ? right * 1000 / of : 1000;
}

static char *graph_file(struct index *x)
{
    return home_path(&x->home, "vectors/vectors-3.1.hnsw");
}

TEST(a_graph_finds_what_a_look_at_all_rows_finds)
{
    CLEANUP(index_done) struct index x = graph_new(32);

    index_put_many(&x, 1, 1, N + 1);
    index_put_many(&x, 2, 1, FROM);
    CHECK_INT(stats(&x).graphs, 0);
    maintain(&x);
    CHECK_INT(stats(&x).graphs, 1);
    CHECK_INT(stats(&x).in_graphs, N);
    CHECK(recall(&x, 1) >= 950);
    CHECK_INT(recall(&x, 2), 1000);
    index_check(&x);
}

TEST(what_is_not_in_the_graph_yet_is_found_all_the_same)
{
    CLEANUP(index_done) struct index x = graph_new(16);
    bool more;

    index_put_many(&x, 1, 1, FROM + 200);
    CHECK_OK(vectors_maintain(x.v, 400, &more));
    CHECK(more);
    CHECK_INT(stats(&x).in_graphs, 399);
    for (int64_t i = 1; i < FROM + 200; i += 9)
        CHECK(index_finds(&x, item_id(1, i)));
    maintain(&x);
    index_put_many(&x, 1, FROM + 200, FROM + 300);
    CHECK_INT(stats(&x).in_graphs, FROM + 199);
    for (int64_t i = 1; i < FROM + 300; i += 9)
        CHECK(index_finds(&x, item_id(1, i)));
    maintain(&x);
    CHECK_INT(stats(&x).in_graphs, FROM + 299);
}

TEST(removals_leave_a_graph_that_still_leads_everywhere)
{
    CLEANUP(index_done) struct index x = graph_new(32);
    struct vector_hit hits[K];

    index_put_many(&x, 1, 1, N + 1);
    maintain(&x);
    for (int round = 0; round < 4; round++) {
        for (int64_t i = 1; i <= N; i++)
            if (i % 11 == round || (round == 2 && i < 200))
                vectors_remove(x.v, item_id(1, i));
        CHECK(recall(&x, 1) >= 950);        /* not zeroed yet, and not found any more */
        CHECK_OK(vectors_sync(x.v));
        CHECK_INT(stats(&x).in_graphs, stats(&x).items);
        CHECK(recall(&x, 1) >= 950);
        CHECK_INT(index_search(&x, vector_of(&x, (uint64_t)item_id(1, 11 + round)), 1, K, hits), K);
        for (size_t i = 0; i < K; i++)
            CHECK(item_sequence(hits[i].id) % 11 > round || item_sequence(hits[i].id) % 11 == 0 || item_sequence(hits[i].id) % 11 > 3);
    }
    index_put_many(&x, 1, N + 1, N + 500);
    maintain(&x);
    CHECK_INT(stats(&x).in_graphs, stats(&x).items);
    CHECK(recall(&x, 1) >= 950);
    index_check(&x);
}

TEST(a_partition_that_becomes_small_is_searched_without_a_graph)
{
    CLEANUP(index_done) struct index x = graph_new(16);

    index_put_many(&x, 1, 1, 2000);
    maintain(&x);
    CHECK(access(graph_file(&x), F_OK) == 0);
    for (int64_t i = 1; i < 1850; i++)
        CHECK(vectors_remove(x.v, item_id(1, i)));
    CHECK_OK(vectors_sync(x.v));
    maintain(&x);
    CHECK_INT(stats(&x).graphs, 0);
    CHECK(access(graph_file(&x), F_OK) < 0);
    CHECK(index_finds(&x, item_id(1, 1900)));
    vectors_drop_partition(x.v, 1);
    CHECK_OK(vectors_sync(x.v));
    maintain(&x);
    CHECK_INT(index_count(&x, 1), 0);
    index_check(&x);
}

static bool is_seventh(void *arg, int64_t id)
{
    (void)arg;
    return id % 7 == 0;
}

static bool is_one(void *arg, int64_t id)
{
    const int64_t *one = arg;

    return id == *one;
}

TEST(a_filter_is_kept_to_however_few_it_lets_through)
{
    CLEANUP(index_done) struct index x = graph_new(16);
    uint32_t partition = 1;
    int64_t one = item_id(1, 1234);
    struct vector_hit hits[K];
    size_t n;

    index_put_many(&x, 1, 1, N + 1);
    maintain(&x);
    struct vector_query q = { .values = vector_of(&x, 5), .n_values = 16, .partitions = &partition, .n_partitions = 1, .k = K, .keep = is_seventh };

    CHECK_OK(vectors_search(x.v, &q, hits, &n));
    CHECK_INT(n, K);
    for (size_t i = 0; i < n; i++)
        CHECK_INT(hits[i].id % 7, 0);
    q.keep = is_one;
    q.keep_arg = &one;
    CHECK_OK(vectors_search(x.v, &q, hits, &n));
    CHECK(n == 1 && hits[0].id == one);
}

/* --- its file --- */

TEST(a_stored_graph_is_taken_up_again_and_catches_up)
{
    CLEANUP(index_done) struct index x = graph_new(32);
    bool more;

    index_put_many(&x, 1, 1, N + 1);
    maintain(&x);
    for (int64_t i = 1; i <= N; i += 20)
        vectors_remove(x.v, item_id(1, i));
    CHECK_OK(vectors_sync(x.v));
    index_put_many(&x, 1, N + 1, N + 51);       /* some of them in the places of the removed ones */
    index_reopen(&x);
    CHECK_OK(vectors_maintain(x.v, 1, &more));
    CHECK_INT(stats(&x).in_graphs, N - N / 20);
    CHECK(recall(&x, 1) >= 950);
    maintain(&x);
    CHECK_INT(stats(&x).in_graphs, N - N / 20 + 50);
    CHECK(recall(&x, 1) >= 950);
    for (int64_t i = N + 1; i < N + 51; i++)
        CHECK(index_finds(&x, item_id(1, i)));
}

TEST(a_graph_file_that_is_damaged_or_of_others_is_not_used)
{
    CLEANUP(index_done) struct index x = graph_new(16);
    struct stat st;
    bool more;

    index_put_many(&x, 1, 1, 1200);
    maintain(&x);
    CHECK(stat(graph_file(&x), &st) == 0 && (st.st_mode & 0777) == 0600);
    for (off_t at = 0; at < st.st_size; at += at < 40 ? 4 : st.st_size / 17) {
        int fd = open(graph_file(&x), O_RDWR);
        char byte;

        CHECK(pread(fd, &byte, 1, at) == 1);
        byte ^= 0x11;
        CHECK(pwrite(fd, &byte, 1, at) == 1);
        close(fd);
        index_reopen(&x);
        CHECK_OK(vectors_maintain(x.v, 1, &more));
        CHECK_INT(stats(&x).in_graphs, 0);
        fd = open(graph_file(&x), O_RDWR);
        byte ^= 0x11;
        CHECK(pwrite(fd, &byte, 1, at) == 1);
        close(fd);
    }
    index_reopen(&x);
    CHECK_OK(vectors_maintain(x.v, 1, &more));
    CHECK_INT(stats(&x).in_graphs, 1199);
    CHECK(truncate(graph_file(&x), st.st_size / 8 * 4) == 0);
    index_reopen(&x);
    maintain(&x);
    CHECK_INT(stats(&x).in_graphs, 1199);
    CHECK(recall(&x, 1) >= 950);
    vectors_close(x.v);
    x.v = NULL;
    CHECK_OK(vectors_delete(home_path(&x.home, "vectors"), 3));
    CHECK(access(graph_file(&x), F_OK) < 0);
}

/* --- beside each other --- */

struct reader { struct index *x; _Atomic bool stop; _Atomic size_t searches, wrong; };

static void *search_on(void *arg)
{
    struct reader *r = arg;
    uint32_t partition = 1;
    struct vector_hit hits[K];

    for (size_t i = 0; !r->stop; i++) {
        float like[16] = { 0.1F };
        size_t n;

        like[i % 16] = 1;
        struct vector_query q = { .values = like, .n_values = 16, .partitions = &partition, .n_partitions = 1, .k = K };

        if (vectors_search(r->x->v, &q, hits, &n) != OK || n != K)
            r->wrong++;
        for (size_t k = 0; k < n; k++)
            r->wrong += item_partition(hits[k].id) != 1 || (k && hits[k].id == hits[k - 1].id);
        r->searches++;
    }
    return NULL;
}

TEST(searches_go_on_while_the_graph_changes)
{
    CLEANUP(index_done) struct index x = graph_new(16);
    struct reader r = { .x = &x };
    pthread_t threads[2];
    bool more;

    index_put_many(&x, 1, 1, 700);
    for (size_t i = 0; i < 2; i++)
        CHECK(pthread_create(&threads[i], NULL, search_on, &r) == 0);
    for (int64_t i = 700; i < 1300 || r.searches < 50; i++) {
        index_put(&x, 1, i);
        index_put(&x, 2, i);
        vectors_remove(x.v, item_id(1, i - 650));
        CHECK_OK(vectors_maintain(x.v, i == 700 ? 701 : 3, &more));
        if (i % 50 == 0)
            vectors_drop_partition(x.v, 2);
        if (i % 20 == 0)
            CHECK_OK(vectors_sync(x.v));
    }
    r.stop = true;
    for (size_t i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    CHECK_INT(r.wrong, 0);
    CHECK(stats(&x).graphs >= 1);
    index_check(&x);
}

/* --- killed --- */

static void write_until_killed(struct index *x, _Atomic int64_t *rounds)
{
    bool more;

    for (int64_t i = 1;; i++) {
        for (int64_t k = 0; k < 60; k++)
            index_put(x, 1, 640 + i * 60 + k);
        for (int64_t k = 0; k < 40; k++)
            vectors_remove(x->v, item_id(1, i * 40 + k));
        CHECK_OK(vectors_sync(x->v));
        do
            CHECK_OK(vectors_maintain(x->v, 30, &more));
        while (more);
        atomic_fetch_add(rounds, 1);
    }
}

TEST(a_kill_at_any_moment_leaves_an_index_that_is_right)
{
    enum { KILLS = 4 };
    _Atomic int64_t *rounds = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    CHECK(rounds != MAP_FAILED);
    for (int i = 0; i < KILLS; i++) {
        CLEANUP(index_done) struct index x = graph_new(16);

        index_put_many(&x, 1, 1, 700);
        CHECK_OK(vectors_sync(x.v));
        maintain(&x);
        *rounds = 0;
        pid_t child = fork();

        if (child == 0)
            write_until_killed(&x, rounds);
        while (*rounds < i * 4)
            sched_yield();
        kill(child, SIGKILL);
        CHECK(waitpid(child, NULL, 0) == child);
        index_reopen(&x);
        CHECK_OK(vectors_sync(x.v));
        index_check(&x);
        maintain(&x);
        CHECK_INT(stats(&x).in_graphs, stats(&x).items);
        CHECK(recall(&x, 1) >= 950);
        size_t least = 699 + 20 * (size_t)*rounds;      /* of the next round any part may have been done */

        CHECK(index_count(&x, 1) >= least && index_count(&x, 1) <= least + 60);
    }
    munmap((void *)rounds, 4096);
}
