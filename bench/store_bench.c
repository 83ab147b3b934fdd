// SPDX-License-Identifier: Apache-2.0
/* store_bench: what one durable commit costs, beside a bare SQLite commit in the same folder and the same run, and
 * how many go through when many fibers commit at once.  Usage: store_bench [FOLDER] (default: the current one; a
 * folder in memory measures nothing). */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "runtime/fiber.h"
#include "runtime/loop.h"
#include "store/store.h"

enum { ROUNDS = 5, PER_ROUND = 400, FIBERS = 32, PER_FIBER = 4000 };

struct samples { size_t n; double us[ROUNDS * PER_ROUND]; };

struct bench {
    char           folder[4096];
    struct store  *store;
    sqlite3       *raw;
    sqlite3_stmt  *begin, *insert, *commit;
    struct samples of_raw, of_store, of_read;
    int            next_key;
    long           anonymous;           /* KiB before the first store was opened */
};

static double now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double quantile(struct samples *s, double q)
{
    qsort(s->us, s->n, sizeof *s->us, by_size);
    return s->us[(size_t)(q * (double)(s->n - 1))];
}

static void keep(struct samples *s, double start)
{
    s->us[s->n++] = now_us() - start;
}

static void must(int rc, const char *what)
{
    if (rc == SQLITE_OK || rc == SQLITE_DONE)
        return;
    fprintf(stderr, "%s: %s\n", what, sqlite3_errstr(rc));
    exit(1);
}

static void open_raw(struct bench *b)
{
    char path[5000];

    snprintf(path, sizeof path, "%s/raw.db", b->folder);
    must(sqlite3_open(path, &b->raw), path);
    must(sqlite3_exec(b->raw, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                              "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID", NULL, NULL, NULL), "schema");
    must(sqlite3_prepare_v2(b->raw, "BEGIN IMMEDIATE", -1, &b->begin, NULL), "prepare");
    must(sqlite3_prepare_v2(b->raw, "INSERT INTO meta (key, value) VALUES (?1, ?2)", -1, &b->insert, NULL), "prepare");
    must(sqlite3_prepare_v2(b->raw, "COMMIT", -1, &b->commit, NULL), "prepare");
}

static void close_raw(struct bench *b)
{
    sqlite3_finalize(b->begin);
    sqlite3_finalize(b->insert);
    sqlite3_finalize(b->commit);
    sqlite3_close(b->raw);
}

static void step(sqlite3_stmt *s)
{
    must(sqlite3_step(s), sqlite3_sql(s));
    sqlite3_reset(s);
}

static void raw_commit(struct bench *b)
{
    char key[32];
    double start = now_us();

    snprintf(key, sizeof key, "key %09d", b->next_key++);
    step(b->begin);
    sqlite3_bind_text(b->insert, 1, key, -1, SQLITE_STATIC);
    sqlite3_bind_text(b->insert, 2, "a value as long as a short message", -1, SQLITE_STATIC);
    step(b->insert);
    step(b->commit);
    keep(&b->of_raw, start);
}

static enum err commit_row(struct bench *b, const char *key) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct batch *batch = batch_new(a);

    batch_add(batch, "meta.add", "cc", key, "a value as long as a short message");
    return store_commit(b->store, batch);
}

static enum err store_one(struct bench *b) AWAITS
{
    char key[32];
    double start = now_us();

    snprintf(key, sizeof key, "key %09d", b->next_key++);
    TRY(commit_row(b, key));
    keep(&b->of_store, start);
    return OK;
}

static enum err read_one(struct bench *b) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    char key[32];
    double start = now_us();
    struct rows r;

    snprintf(key, sizeof key, "key %09d", b->next_key - 1);
    TRY(store_read(b->store, a, &r, "meta.get", "c", key));
    keep(&b->of_read, start);
    return r.n == 1 ? OK : failed(ERR_BUG, "%s was committed and is not there", key);
}

static enum err one_at_a_time(struct bench *b) AWAITS
{
    for (int round = 0; round < ROUNDS; round++) {      /* in turns, so that the disk's moods fall on both */
        for (int i = 0; i < PER_ROUND; i++)
            raw_commit(b);
        for (int i = 0; i < PER_ROUND; i++)
            TRY(store_one(b));
        for (int i = 0; i < PER_ROUND; i++)
            TRY(read_one(b));
    }
    double raw = quantile(&b->of_raw, 0.5), store = quantile(&b->of_store, 0.5);

    printf("one bare SQLite commit          p50 %7.1f us   p99 %7.1f us\n", raw, quantile(&b->of_raw, 0.99));
    printf("one store_commit                p50 %7.1f us   p99 %7.1f us   bound: bare p50 + 40 us; it is + %.1f us (%.2f times)  %s\n",
           store, quantile(&b->of_store, 0.99), store - raw, store / raw, store - raw <= 40 ? "ok" : "MISSED");
    printf("one store_read                  p50 %7.1f us   p99 %7.1f us\n", quantile(&b->of_read, 0.5), quantile(&b->of_read, 0.99));
    return OK;
}

/* Keys in the order of their coming, as the rows of an inbox have them. */
static enum err write_many(void *arg) AWAITS
{
    struct bench *b = arg;
    char key[32];

    for (int i = 0; i < PER_FIBER; i++) {
        snprintf(key, sizeof key, "key %09d", b->next_key++);
        TRY(commit_row(b, key));
    }
    return OK;
}

static enum err all_at_once(struct bench *b) AWAITS
{
    struct store_stats before, after;
    double start = now_us();

    store_stats(b->store, &before);
    {
        CLEANUP(fibers_done) struct fibers g = { 0 };

        for (int i = 0; i < FIBERS; i++)
            fibers_spawn(&g, "writer", write_many, b);
        TRY(fibers_wait(&g));
    }
    double seconds = (now_us() - start) / 1e6, rate = FIBERS * PER_FIBER / seconds;

    store_stats(b->store, &after);
    printf("%d fibers, one row a batch      %.0f batches/s in groups of %.1f   bound: 50000/s  %s\n", FIBERS, rate,
           (double)(after.batches - before.batches) / (double)(after.commits - before.commits), rate >= 50000 ? "ok" : "MISSED");
    return OK;
}

/* Private pages of this process, in KiB. */
static long anonymous_kib(void)
{
    FILE *f = fopen("/proc/self/smaps_rollup", "r");
    char line[256];
    long kib = 0;

    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "Anonymous: %ld kB", &kib) == 1)
            break;
    if (f)
        fclose(f);
    return kib;
}

static enum err open_existing(struct bench *b, const char *path) AWAITS
{
    struct samples *times = NEW(struct samples);

    for (int i = 0; i < 20; i++) {
        double start = now_us();

        TRY(store_open(&(struct store_options){ .url = path }, &b->store));
        keep(times, start);
        b->next_key = 1;
        if (i == 19)
            TRY(read_one(b));
        else
            store_close(b->store);
    }
    printf("store_open, existing database   p50 %7.1f us   p99 %7.1f us   open and once read: %ld KiB of anonymous memory\n",
           quantile(times, 0.5), quantile(times, 0.99), anonymous_kib() - b->anonymous);
    mem_freep(&times);
    store_close(b->store);
    return OK;
}

static enum err run(void *arg) AWAITS
{
    struct bench *b = arg;
    char path[5000];

    snprintf(path, sizeof path, "%s/store.db", b->folder);
    b->anonymous = anonymous_kib();
    TRY(store_open(&(struct store_options){ .url = path }, &b->store));
    TRY(commit_row(b, "key 000000000"));
    store_close(b->store);
    TRY(open_existing(b, path));
    open_raw(b);
    TRY(store_open(&(struct store_options){ .url = path }, &b->store));
    TRY(one_at_a_time(b));
    TRY(all_at_once(b));
    store_close(b->store);
    close_raw(b);
    return OK;
}

static void remove_files(const struct bench *b)
{
    static const char *const names[] = { "raw.db", "store.db" };
    static const char *const ends[] = { "", "-wal", "-shm" };
    char path[5000];

    for (size_t i = 0; i < N_ELEMENTS(names) * N_ELEMENTS(ends); i++) {
        snprintf(path, sizeof path, "%s/%s%s", b->folder, names[i / 3], ends[i % 3]);
        unlink(path);
    }
    rmdir(b->folder);
}

int main(int argc, char **argv)
{
    struct bench *b = NEW(struct bench);

    snprintf(b->folder, sizeof b->folder, "%s/store-bench-XXXXXX", argc > 1 ? argv[1] : ".");
    if (mkdtemp(b->folder) == NULL) {
        perror(b->folder);
        return 1;
    }
    enum err e = loop_run(NULL, run, b);

    if (e)
        fprintf(stderr, "store_bench: %s\n", failed_text());
    remove_files(b);
    free(b);
    return e != OK;
}
