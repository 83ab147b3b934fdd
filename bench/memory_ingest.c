// SPDX-License-Identifier: Apache-2.0
/* memory_ingest: how fast items with given vectors are stored (memory_save(), a thousand at once, two at a time), how soon a memory of so
 * many answers its first question after a start, and beside it the same texts by plain SQLite with FTS5 in transactions of a thousand.
 * Usage: memory_ingest FOLDER ITEMS.  Prints one JSON object.  Making the texts and vectors is not counted. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/random.h"
#include "bench/memory_corpus.h"
#include "memory/memory.h"
#include "memory/text.h"
#include "memory/vectors.h"
#include "runtime/loop.h"
#include "runtime/offload.h"

enum { BATCH = 1000, DIMENSION = 768, SAVERS = 2, K = 100 };

struct bench {
    const char     *folder;
    int64_t         items, next;
    struct corpus  *corpus;
    float          *vectors;            /* of a batch; all batches have the same */
    struct memory  *memory;
    double          seconds, plain_seconds, start_seconds, close_seconds;
    double          cpu, plain_cpu;     /* seconds of all threads: what a busy machine does not change much */
    size_t          by_words, by_meaning;       /* what the first question found */
    struct memory_stats stats;
};

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double cpu(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double thread_cpu(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- ours ---- */

/* The bench brings its vectors. */
static enum err embed(void *arg, struct arena *a, const str *texts, size_t n, const float **out)
{
    (void)arg, (void)a, (void)texts, (void)n, (void)out;
    return failed(ERR_BUG, "nobody is to ask");
}

static enum err open_memory(struct bench *b, struct store **store) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct memory_options o = { .folder = arena_printf(a, "%s/vectors", b->folder), .index_type = "flat",
                                .embedder = { "bench", DIMENSION, BATCH, embed, NULL } };

    TRY(store_open(&(struct store_options){ .url = arena_printf(a, "%s/memory.db", b->folder), .schema = STORE_MEMORY }, store));
    o.store = *store;
    return memory_open(&o, &b->memory);
}

static void make_items(struct bench *b, struct arena *a, struct memory_item *items, int64_t from)
{
    for (int64_t i = 0; i < BATCH; i++) {
        CLEANUP(buf_done) struct buf note = { 0 };

        corpus_note(b->corpus, (uint64_t)(from + i), &note);
        items[i] = (struct memory_item){ .scope = { SCOPE_USER, S("bench") }, .kind = ITEM_NOTE, .text = arena_str(a, buf_str(&note)),
                                         .confidence = 1, .importance = 0.5 };
    }
}

/* Two at a time, so the time is the wall's less what texts took: as if they had come from somewhere else. */
static enum err save_batches(void *arg) AWAITS
{
    struct bench *b = arg;

    while (b->next < b->items) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        struct memory_item *items = arena_alloc(a, BATCH * sizeof *items);
        int64_t *ids = arena_alloc(a, BATCH * sizeof *ids), from = b->next;
        double begin = now(), begin_cpu = thread_cpu();

        b->next += BATCH;
        make_items(b, a, items, from);
        b->seconds -= now() - begin;
        b->cpu -= thread_cpu() - begin_cpu;
        TRY(memory_save(b->memory, items, BATCH, b->vectors, ids));
    }
    return OK;
}

static enum err ingest(struct bench *b) AWAITS
{
    CLEANUP(fibers_done) struct fibers g = { 0 };
    double begin = now(), begin_cpu = cpu();

    for (int i = 0; i < SAVERS; i++)
        fibers_spawn(&g, "saver", save_batches, b);
    TRY(fibers_wait(&g));
    b->seconds += now() - begin;
    b->cpu += cpu() - begin_cpu;
    return memory_stats(b->memory, &b->stats);
}

struct search { struct vectors *vectors; struct vector_query query; struct vector_hit hits[K]; size_t n; };

static enum err search_vectors(void *arg)
{
    struct search *s = arg;

    return vectors_search(s->vectors, &s->query, s->hits, &s->n);
}

static enum err ask_once(struct bench *b) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(buf_done) struct buf question = { 0 };
    struct text_hit *hits = arena_alloc(a, K * sizeof *hits);
    struct search *s = ARENA_NEW(a, struct search);
    uint32_t partition;

    corpus_question(b->corpus, 1, (uint64_t)b->items, &question);
    TRY(memory_partition_find(b->memory, (struct scope){ SCOPE_USER, S("bench") }, S(""), &partition));
    struct text_query q = { .text = buf_str(&question), .partitions = &partition, .n_partitions = 1, .k = K };

    *s = (struct search){ .vectors = memory_vectors_use(b->memory), .query = {
        .values = b->vectors, .n_values = DIMENSION, .partitions = &partition, .n_partitions = 1, .k = K } };
    enum err e = text_search(memory_text(b->memory), a, &q, hits, &b->by_words);

    e = e ? e : fiber_offload(search_vectors, s);
    memory_vectors_done(b->memory, s->vectors);
    b->by_meaning = s->n;
    return e;
}

static enum err run(void *arg) AWAITS
{
    struct bench *b = arg;
    struct store *store = NULL;
    double begin;

    TRY(open_memory(b, &store));
    TRY(ingest(b));
    begin = now();
    memory_close(b->memory);
    store_close(store);
    b->close_seconds = now() - begin;
    begin = now();
    TRY(open_memory(b, &store));
    TRY(ask_once(b));
    b->start_seconds = now() - begin;
    memory_close(b->memory);
    store_close(store);
    return OK;
}

/* ---- plain SQLite ---- */

static void must(int rc, sqlite3 *db)
{
    if (rc == SQLITE_OK || rc == SQLITE_DONE || rc == SQLITE_ROW)
        return;
    fprintf(stderr, "memory_ingest: %s\n", sqlite3_errmsg(db));
    exit(1);
}

static void insert_note(sqlite3_stmt *const both[2], int64_t id, str note, sqlite3 *db)
{
    for (int i = 0; i < 2; i++) {
        sqlite3_bind_int64(both[i], 1, id);
        sqlite3_bind_text(both[i], 2, note.p, (int)note.len, SQLITE_STATIC);
        must(sqlite3_step(both[i]), db);
        sqlite3_reset(both[i]);
    }
}

static void plain_batch(struct bench *b, sqlite3 *db, sqlite3_stmt *const both[2], int64_t from)
{
    struct buf notes[BATCH] = { 0 };
    double begin, begin_cpu;

    for (int64_t i = 0; i < BATCH; i++)
        corpus_note(b->corpus, (uint64_t)(from + i), &notes[i]);
    begin = now();
    begin_cpu = cpu();
    must(sqlite3_exec(db, "BEGIN", NULL, NULL, NULL), db);
    for (int64_t i = 0; i < BATCH; i++)
        insert_note(both, from + i + 1, buf_str(&notes[i]), db);
    must(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), db);
    b->plain_seconds += now() - begin;
    b->plain_cpu += cpu() - begin_cpu;
    for (int64_t i = 0; i < BATCH; i++)
        buf_done(&notes[i]);
}

/* No vectors, no other columns, no search for doubles; synced at each commit as ours. */
static void run_plain(struct bench *b)
{
    static const char schema[] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-1024;"
        "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL);"
        "CREATE VIRTUAL TABLE notes_text USING fts5 (text, content = 'notes', content_rowid = 'id', tokenize = 'unicode61')";
    char path[4096];
    sqlite3_stmt *both[2];
    sqlite3 *db;

    snprintf(path, sizeof path, "%s/plain.db", b->folder);
    must(sqlite3_open(path, &db), db);
    must(sqlite3_exec(db, schema, NULL, NULL, NULL), db);
    must(sqlite3_prepare_v2(db, "INSERT INTO notes (id, text) VALUES (?1, ?2)", -1, &both[0], NULL), db);
    must(sqlite3_prepare_v2(db, "INSERT INTO notes_text (rowid, text) VALUES (?1, ?2)", -1, &both[1], NULL), db);
    for (int64_t i = 0; i < b->items; i += BATCH)
        plain_batch(b, db, both, i);
    sqlite3_finalize(both[0]);
    sqlite3_finalize(both[1]);
    sqlite3_close(db);
}

int main(int argc, char **argv)
{
    struct bench b = { .folder = argc == 3 ? argv[1] : NULL, .items = argc == 3 ? atoll(argv[2]) / BATCH * BATCH : 0 };

    if (b.items <= 0) {
        fprintf(stderr, "usage: memory_ingest FOLDER ITEMS\n");
        return 2;
    }
    b.corpus = corpus_new(1);
    b.vectors = mem_alloc(sizeof(float) * BATCH * DIMENSION);
    for (size_t i = 0; i < (size_t)BATCH * DIMENSION; i++)
        b.vectors[i] = (float)random_below(2001) / 1000 - 1;
    if (loop_run(NULL, run, &b)) {
        fprintf(stderr, "memory_ingest: %s\n", failed_text());
        return 1;
    }
    run_plain(&b);
    printf("{\"items\": %lld, \"items_s\": %.0f, \"plain_s\": %.0f, \"cpu_us\": %.1f, \"plain_cpu_us\": %.1f, \"start_s\": %.3f, \"close_s\": %.2f, \"by_words\": %zu, "
           "\"by_meaning\": %zu, \"database_bytes\": %llu, \"vector_bytes\": %llu}\n", (long long)b.items, (double)b.items / b.seconds,
           (double)b.items / b.plain_seconds, b.cpu * 1e6 / (double)b.items, b.plain_cpu * 1e6 / (double)b.items,
           b.start_seconds, b.close_seconds, b.by_words, b.by_meaning,
           (unsigned long long)b.stats.database_bytes, (unsigned long long)b.stats.vector_bytes);
    free(b.vectors);
    corpus_free(b.corpus);
    return 0;
}
