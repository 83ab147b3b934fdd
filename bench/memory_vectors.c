// SPDX-License-Identifier: Apache-2.0
/* memory_vectors: how fast and how right the vector index is, and sqlite-vec on the same vectors.  `bench/run BUILD vectors` runs it.
 *
 *   memory_vectors data FOLDER N DIMENSION clustered|gaussian    writes base.f32, queries.f32, truth.i32 (the 10 best, exactly)
 *   memory_vectors ours FOLDER flat|hnsw DIMENSION [REMOVED]     REMOVED: so many of a hundred are removed again, the truth with them
 *   memory_vectors sqlite-vec FOLDER VEC0.SO DIMENSION
 *
 * Each prints one line of JSON.  Clustered: 1000 centres with noise around them, as texts have topics; gaussian: no structure at
 * all, the hardest for an index that follows neighbours. */
#include <fcntl.h>
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "memory/kernel.h"
#include "memory/vectors.h"

enum { CENTRES = 1000, QUERIES = 1000, TRUTHS = 200, K = 10, ROUNDS_OF_ROWS = 64 };

struct set { const float *base, *queries; const int32_t *truth; size_t n, dimension; };
struct result { double ms[QUERIES], cpu_ms[QUERIES]; size_t n, right, of; double load_s, build_s, remove_s, first_s; };

static double now_by(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double now(void)
{
    return now_by(CLOCK_MONOTONIC);
}

static _Noreturn void give_up(const char *what)
{
    fprintf(stderr, "memory_vectors: %s\n", what);
    exit(1);
}

static void must(enum err e)
{
    if (e)
        give_up(failed_text());
}

static const void *map_file(const char *folder, const char *name, size_t *ret_bytes)
{
    char path[4096];
    struct stat st;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    int fd = open(path, O_RDONLY);

    if (fd < 0 || fstat(fd, &st) < 0)
        give_up(path);
    void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);

    close(fd);
    *ret_bytes = (size_t)st.st_size;
    return p == MAP_FAILED ? give_up(path), NULL : p;
}

static struct set open_set(const char *folder, size_t dimension)
{
    struct set s = { .dimension = dimension };
    size_t bytes, other;

    s.base = map_file(folder, "base.f32", &bytes);
    s.queries = map_file(folder, "queries.f32", &other);
    s.truth = map_file(folder, "truth.i32", &other);
    s.n = bytes / sizeof(float) / dimension;
    return s;
}

/* --- the data --- */

static uint64_t state = 88172645463325252U;

/* xorshift64* (Vigna 2016) */
static uint64_t next(void)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * UINT64_C(2685821657736338717);
}

/* The sum of four uniform numbers: near enough to a normal one. */
static float normal(void)
{
    uint64_t x = next();

    return (float)((int32_t)(x & 0xffff) + (int32_t)(x >> 16 & 0xffff) + (int32_t)(x >> 32 & 0xffff) + (int32_t)(x >> 48) - 131070) / 37837.0F;
}

static void make_vector(const float *centres, size_t dimension, float *out)
{
    const float *centre = centres ? centres + next() % CENTRES * dimension : NULL;
    double sum = 0;

    for (size_t i = 0; i < dimension; i++) {
        out[i] = centre ? centre[i] + 0.6F * normal() : normal();
        sum += (double)out[i] * (double)out[i];
    }
    for (size_t i = 0; i < dimension; i++)
        out[i] /= (float)sqrt(sum);
}

static FILE *create(const char *folder, const char *name)
{
    char path[4096];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "w");

    return f ? f : (give_up(path), NULL);
}

static void write_vectors(const char *folder, const char *name, const float *centres, size_t n, size_t dimension)
{
    CLEANUP(mem_freep) float *row = mem_alloc(dimension * sizeof *row);
    FILE *f = create(folder, name);

    for (size_t i = 0; i < n; i++) {
        make_vector(centres, dimension, row);
        if (fwrite(row, sizeof *row, dimension, f) != dimension)
            give_up("no room for the data");
    }
    if (fclose(f))
        give_up("no room for the data");
}

struct near { float score; int32_t row; };

static void keep(struct near best[K], float score, int32_t row)
{
    size_t i = K - 1;

    if (score <= best[i].score)
        return;
    for (; i > 0 && best[i - 1].score < score; i--)
        best[i] = best[i - 1];
    best[i] = (struct near){ score, row };
}

/* Rows that are in the cache meet every query before the next come. */
static void find_truth(const struct set *s, struct near best[TRUTHS][K])
{
    const struct kernel *k = kernel_best();

    for (size_t from = 0; from < s->n; from += ROUNDS_OF_ROWS)
        for (size_t q = 0; q < TRUTHS; q++)
            for (size_t i = from; i < from + ROUNDS_OF_ROWS && i < s->n; i++)
                keep(best[q], k->dot_float(s->queries + q * s->dimension, s->base + i * s->dimension, s->dimension), (int32_t)i);
}

static void write_truth(const char *folder, const struct set *s)
{
    static struct near best[TRUTHS][K];
    FILE *f = create(folder, "truth.i32");

    for (size_t q = 0; q < TRUTHS; q++)
        for (size_t k = 0; k < K; k++)
            best[q][k] = (struct near){ -2, -1 };
    find_truth(s, best);
    for (size_t q = 0; q < TRUTHS; q++)
        for (size_t k = 0; k < K; k++)
            fwrite(&best[q][k].row, sizeof best[q][k].row, 1, f);
    fclose(f);
}

static void make_data(const char *folder, size_t n, size_t dimension, bool clustered)
{
    CLEANUP(mem_freep) float *centres = mem_alloc(CENTRES * dimension * sizeof *centres);
    struct set s = { .n = n, .dimension = dimension };
    size_t bytes;

    for (size_t i = 0; i < CENTRES * dimension; i++)
        centres[i] = normal();
    write_vectors(folder, "base.f32", clustered ? centres : NULL, n, dimension);
    write_vectors(folder, "queries.f32", clustered ? centres : NULL, QUERIES, dimension);
    s.base = map_file(folder, "base.f32", &bytes);
    s.queries = map_file(folder, "queries.f32", &bytes);
    write_truth(folder, &s);
    printf("{\"n\": %zu}\n", n);
}

/* --- what is measured --- */

static int by_size(const void *a, const void *b)
{
    const double *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static double quantile(double *ms, size_t n, double q)
{
    qsort(ms, n, sizeof *ms, by_size);
    return ms[(size_t)(q * (double)(n - 1))];
}

/* KiB of the process, and of that what is no page of the float32 file. */
static double resident_mb(bool without_floats)
{
    FILE *f = fopen("/proc/self/smaps", "r");
    char line[4096];
    bool floats = false;
    double sum = 0;
    long kb;

    while (f && fgets(line, sizeof line, f)) {
        if (strchr(line, '-') && strchr(line, ' ') && line[0] != 'R' && strspn(line, "0123456789abcdef") > 4)
            floats = strstr(line, ".f32") != NULL;
        if (sscanf(line, "Rss: %ld kB", &kb) == 1 && !(floats && without_floats))    /* LINT: a number from the kernel */
            sum += (double)kb;
    }
    if (f)
        fclose(f);
    return sum * 1024 / 1e6;
}

static void print_result(struct result *r, const char *name)
{
    printf("{\"name\": \"%s\", \"p50_ms\": %.4f, \"p99_ms\": %.4f, \"cpu_p99_ms\": %.4f, \"recall\": %.4f, \"load_s\": %.3f, "
           "\"build_s\": %.3f, \"remove_s\": %.3f, \"first_s\": %.4f, \"resident_mb\": %.1f, \"all_mb\": %.1f}\n", name,
           quantile(r->ms, r->n, 0.5), quantile(r->ms, r->n, 0.99), quantile(r->cpu_ms, r->n, 0.99),
           r->of ? (double)r->right / (double)r->of : 1, r->load_s, r->build_s, r->remove_s, r->first_s, resident_mb(true), resident_mb(false));
}

static bool is_removed(size_t row, size_t removed)
{
    return (row * 2654435761U >> 7) % 100 < removed;
}

static void load(struct vectors *v, const struct set *s)
{
    for (size_t i = 0; i < s->n; i++)
        must(vectors_put(v, item_id(1, (int64_t)i + 1), s->base + i * s->dimension, s->dimension));
    must(vectors_sync(v));
}

/* Those of the ten that are still there must be the first ones. */
static void judge(struct result *r, const struct set *s, size_t query, const struct vector_hit *hits, size_t n, size_t removed)
{
    size_t left = 0;

    if (query >= TRUTHS)
        return;
    for (size_t t = 0; t < K; t++)
        left += !is_removed((size_t)s->truth[query * K + t], removed);
    r->of += left;
    for (size_t t = 0; t < K; t++)
        for (size_t i = 0; i < n && i < left; i++)
            r->right += item_sequence(hits[i].id) == s->truth[query * K + t] + 1;
}

static void ask_all(struct vectors *v, const struct set *s, size_t removed, struct result *r)
{
    struct vector_hit hits[K];
    uint32_t partition = 1;
    size_t n;

    for (size_t i = 0; i < QUERIES + 20; i++) {     /* the first ones warm up */
        size_t query = i % QUERIES;
        struct vector_query q = { .values = s->queries + query * s->dimension, .n_values = s->dimension,
                                  .partitions = &partition, .n_partitions = 1, .k = K };
        double start = now(), cpu = now_by(CLOCK_THREAD_CPUTIME_ID);

        must(vectors_search(v, &q, hits, &n));
        if (i < 20)
            continue;
        r->cpu_ms[r->n] = (now_by(CLOCK_THREAD_CPUTIME_ID) - cpu) * 1e3;
        r->ms[r->n++] = (now() - start) * 1e3;
        judge(r, s, query, hits, n, removed);
    }
}

static void maintain(struct vectors *v)
{
    for (bool more = true; more;)
        must(vectors_maintain(v, 1000, &more));
}

static void remove_some(struct vectors *v, const struct set *s, size_t removed)
{
    for (size_t i = 0; removed && i < s->n; i++)
        if (is_removed(i, removed))
            vectors_remove(v, item_id(1, (int64_t)i + 1));
    must(vectors_sync(v));
}

static void ask_first(struct vectors *v, const struct set *s)
{
    uint32_t partition = 1;
    struct vector_hit hit;
    size_t n;

    must(vectors_search(v, &(struct vector_query){ .values = s->queries, .n_values = s->dimension, .partitions = &partition,
                                                   .n_partitions = 1, .k = 1 }, &hit, &n));
}

static void ours(const char *folder, enum vectors_kind kind, size_t dimension, size_t removed)
{
    struct set s = open_set(folder, dimension);
    struct vectors_options o = { .dimension = (uint32_t)dimension, .kind = kind };
    static struct result r;
    struct vectors_stats stats;
    struct vectors *v;
    char path[4096];

    snprintf(path, sizeof path, "%s/ours", folder);
    double start = now();

    must(vectors_open(path, &o, &v));
    vectors_stats(v, &stats);
    if (stats.items == 0)
        load(v, &s);
    r.load_s = now() - start;
    ask_first(v, &s);
    r.first_s = now() - start;
    start = now();
    maintain(v);
    r.build_s = now() - start;
    start = now();
    remove_some(v, &s, removed);
    r.remove_s = now() - start;
    ask_all(v, &s, removed, &r);
    munmap((void *)s.base, s.n * dimension * sizeof(float));
    print_result(&r, stats.kernel);
    vectors_close(v);
}

/* --- sqlite-vec --- */

static void sql(sqlite3 *db, const char *text)
{
    if (sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK)
        give_up(sqlite3_errmsg(db));
}

static void sqlite_load(sqlite3 *db, const struct set *s)
{
    sqlite3_stmt *insert;

    sql(db, "BEGIN");
    if (sqlite3_prepare_v2(db, "INSERT INTO items (rowid, v) VALUES (?1, ?2)", -1, &insert, NULL) != SQLITE_OK)
        give_up(sqlite3_errmsg(db));
    for (size_t i = 0; i < s->n; i++) {
        sqlite3_bind_int64(insert, 1, (sqlite3_int64)i + 1);
        sqlite3_bind_blob(insert, 2, s->base + i * s->dimension, (int)(s->dimension * sizeof(float)), SQLITE_STATIC);
        if (sqlite3_step(insert) != SQLITE_DONE)
            give_up(sqlite3_errmsg(db));
        sqlite3_reset(insert);
    }
    sqlite3_finalize(insert);
    sql(db, "COMMIT");
}

static void sqlite_ask(sqlite3 *db, const struct set *s, size_t queries, struct result *r)
{
    sqlite3_stmt *find;

    if (sqlite3_prepare_v2(db, "SELECT rowid, distance FROM items WHERE v MATCH ?1 AND k = 10 ORDER BY distance", -1, &find, NULL) != SQLITE_OK)
        give_up(sqlite3_errmsg(db));
    for (size_t query = 0; query < queries; query++) {
        struct vector_hit hits[K];
        size_t n = 0;
        double start = now();

        sqlite3_bind_blob(find, 1, s->queries + query * s->dimension, (int)(s->dimension * sizeof(float)), SQLITE_STATIC);
        while (sqlite3_step(find) == SQLITE_ROW && n < K)
            hits[n++] = (struct vector_hit){ item_id(1, sqlite3_column_int64(find, 0)), 0 };
        sqlite3_reset(find);
        r->ms[r->n++] = (now() - start) * 1e3;
        judge(r, s, query, hits, n, 0);
    }
    sqlite3_finalize(find);
}

static void sqlite_vec(const char *folder, const char *library, size_t dimension)
{
    struct set s = open_set(folder, dimension);
    static struct result r;
    char path[4096], table[200];
    sqlite3 *db;

    snprintf(path, sizeof path, "%s/sqlite-vec.db", folder);
    if (sqlite3_open(path, &db) != SQLITE_OK)
        give_up(path);
    sqlite3_enable_load_extension(db, 1);
    if (sqlite3_load_extension(db, library, "sqlite3_vec_init", NULL) != SQLITE_OK)
        give_up(sqlite3_errmsg(db));
    snprintf(table, sizeof table, "CREATE VIRTUAL TABLE items USING vec0(v float[%zu] distance_metric=cosine)", dimension);
    sql(db, "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-4000000");
    sql(db, table);
    double start = now();

    sqlite_load(db, &s);
    r.load_s = now() - start;
    sqlite_ask(db, &s, s.n > 200000 ? 20 : 100, &r);
    munmap((void *)s.base, s.n * dimension * sizeof(float));
    print_result(&r, "sqlite-vec");
    sqlite3_close(db);
    unlink(path);
}

int main(int argc, char **argv)
{
    uint64_t n = 0, dimension = 0, removed = 0;

    if (argc == 6 && strcmp(argv[1], "data") == 0 && str_u64(str_from(argv[3]), &n) == OK && str_u64(str_from(argv[4]), &dimension) == OK)
        make_data(argv[2], n, dimension, strcmp(argv[5], "clustered") == 0);
    else if (argc >= 5 && strcmp(argv[1], "ours") == 0 && str_u64(str_from(argv[4]), &dimension) == OK &&
             (argc == 5 || str_u64(str_from(argv[5]), &removed) == OK))
        ours(argv[2], strcmp(argv[3], "hnsw") == 0 ? VECTORS_HNSW : VECTORS_FLAT, dimension, removed);
    else if (argc == 5 && strcmp(argv[1], "sqlite-vec") == 0 && str_u64(str_from(argv[4]), &dimension) == OK)
        sqlite_vec(argv[2], argv[3], dimension);
    else
        give_up("see the top of bench/memory_vectors.c");
    return 0;
}
