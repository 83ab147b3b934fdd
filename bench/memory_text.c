// SPDX-License-Identifier: Apache-2.0
/* memory_text: how long the text stage of recall takes, beside the same questions as an OR of all their words on the same database.
 * Usage: memory_text FOLDER ITEMS [keep]; the database stays in FOLDER with `keep` and is used again.  Prints one JSON object. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/words.h"
#include "bench/memory_corpus.h"
#include "memory/id.h"
#include "memory/text.h"
#include "runtime/loop.h"
#include "store/found.h"
#include "store/sqlite_db.h"

/* What the store does at the end of each transaction: text.index, text.indexed. */
#define SETTLE "INSERT INTO items_text (rowid, words) SELECT id, words FROM items_indexed WHERE id IN (SELECT id FROM unindexed) " \
               "ORDER BY id;" \
               "DELETE FROM unindexed"

enum { QUESTIONS = 200, ROUNDS = 5, BATCH = 1000, K = 100 };

struct samples { size_t n; double ms[QUESTIONS * ROUNDS]; };

struct bench {
    char            path[4096];
    int64_t         items;
    struct corpus  *corpus;
    struct text     text;
    struct samples  first, ours, best, or_all;      /* best: of each question the least of the rounds: a neighbour's work only adds */
    double          seconds_to_write;
    size_t          found, asked, or_found;     /* found: questions whose note was among the hits */
};

static double now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double quantile(struct samples *s, double q)
{
    qsort(s->ms, s->n, sizeof *s->ms, by_size);
    return s->n ? s->ms[(size_t)(q * (double)(s->n - 1))] : 0;
}

static enum err write_batch(struct bench *b, struct sqlite_db *db, sqlite3_stmt *insert, int64_t from, int64_t to)
{
    CLEANUP(buf_done) struct buf note = { 0 };

    TRY(sqlite_db_step(db, TX_BEGIN));
    for (int64_t i = from; i < to; i++) {
        char hash[65];

        buf_clear(&note);
        corpus_note(b->corpus, (uint64_t)i, &note);
        snprintf(hash, sizeof hash, "%016llx%016llx%032d", (unsigned long long)i * 0x9e3779b97f4a7c15, (unsigned long long)i, 0);
        sqlite3_bind_int64(insert, 1, item_id(1, i + 1));
        sqlite3_bind_text(insert, 2, note.p, (int)note.len, SQLITE_STATIC);
        sqlite3_bind_text(insert, 3, hash, 64, SQLITE_STATIC);
        int rc = sqlite3_step(insert);

        sqlite3_reset(insert);
        if (rc != SQLITE_DONE)
            return sqlite_db_failed(db, "insert");
    }
    TRY(sqlite_db_exec(db, SETTLE));
    return sqlite_db_step(db, TX_COMMIT);
}

static enum err fill(struct bench *b, struct sqlite_db *db)
{
    sqlite3_stmt *insert;
    int64_t have = 0;

    TRY(sqlite_db_int(db, "SELECT items FROM partitions WHERE id = 1", &have));
    if (have == b->items)
        return OK;
    TRY(sqlite_db_exec(db, "INSERT INTO partitions (id, scope, scope_key, created_at) VALUES (1, 'user', 'u', 0)"));
    if (sqlite3_prepare_v2(db->handle, "INSERT INTO items (id, kind, text, origin, created_at, hash) VALUES (?1, 'note', ?2, 'person', 0, ?3)",
                           -1, &insert, NULL) != SQLITE_OK)
        return sqlite_db_failed(db, "insert");
    double start = now_ms();

    for (int64_t i = 0; i < b->items; i += BATCH)
        TRY(write_batch(b, db, insert, i, i + BATCH < b->items ? i + BATCH : b->items));
    b->seconds_to_write = (now_ms() - start) / 1000;
    sqlite3_finalize(insert);
    char *sql = sqlite3_mprintf("UPDATE partitions SET next = %lld WHERE id = 1", (long long)b->items + 1);
    enum err e = sqlite_db_exec(db, sql);

    sqlite3_free(sql);
    return e;
}

/* By a connection of its own: what is measured here is SQL and nothing else. */
static enum err write_all(struct bench *b)
{
    struct sqlite_place p;
    struct sqlite_db db;

    TRY(sqlite_place_parse(b->path, &p));
    p.schema = STORE_MEMORY;
    TRY(sqlite_db_open(&db, &p, SQLITE_WRITER));
    enum err e = fill(b, &db);

    sqlite_db_close(&db);
    return e;
}

static void question(const struct bench *b, size_t i, struct buf *out, int64_t *ret_id)
{
    buf_clear(out);
    *ret_id = item_id(1, (int64_t)corpus_question(b->corpus, i, (uint64_t)b->items, out) + 1);
}

static enum err ask(struct bench *b, size_t i, struct samples *s) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(buf_done) struct buf text = { 0 };
    struct text_hit hits[K];
    size_t n;
    int64_t about;

    question(b, i, &text, &about);
    double start = now_ms();

    TRY(text_search(&b->text, a, &(struct text_query){ buf_str(&text), (const uint32_t[]){ 1 }, 1, K }, hits, &n));
    s->ms[s->n++] = now_ms() - start;
    b->asked++;
    for (size_t h = 0; h < n; h++)
        b->found += hits[h].id == about;
    return OK;
}

/* The same statement, with nothing left out. */
static enum err ask_or(struct bench *b, size_t i) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(buf_done) struct buf text = { 0 }, expression = { 0 };
    struct words words = { .indexed = true };
    struct word word;
    struct rows rows;
    int64_t about;

    question(b, i, &text, &about);
    words.text = buf_str(&text);
    while (words_next(&words, &word))
        buf_addf(&expression, "%s\"%.*s\"", expression.len ? " OR " : "", STR(word.folded));
    double start = now_ms();

    TRY(store_read(b->text.store, a, &rows, "text.find", "ciiiii", buf_c(&expression), item_id(1, 1), item_id(1, b->items), INT64_MAX,
                   (int64_t)K, b->items));
    b->or_all.ms[b->or_all.n++] = now_ms() - start;
    const struct found *f = found_of(row_str(&rows, 0, 0));

    for (size_t h = 0; f && h < f->n; h++)
        b->or_found += f->rows[h].id == about;
    return OK;
}

static enum err ask_all(struct bench *b) AWAITS
{
    for (size_t i = 0; i < QUESTIONS; i++)
        TRY(ask(b, i, &b->first));
    for (size_t round = 0; round < ROUNDS; round++)
        for (size_t i = 0; i < QUESTIONS; i++)
            TRY(ask(b, i, &b->ours));
    for (size_t i = 0; i < b->ours.n; i++) {
        double *best = &b->best.ms[i % QUESTIONS];

        *best = i < QUESTIONS || b->ours.ms[i] < *best ? b->ours.ms[i] : *best;
    }
    b->best.n = QUESTIONS;
    for (size_t i = 0; i < QUESTIONS; i++)
        TRY(ask_or(b, i));
    return OK;
}

static enum err run(void *arg) AWAITS
{
    struct bench *b = arg;
    struct store_options o = { .url = b->path, .schema = STORE_MEMORY };

    TRY(store_open(&o, &b->text.store));        /* makes the tables */
    store_close(b->text.store);
    TRY(write_all(b));
    TRY(store_open(&o, &b->text.store));
    enum err e = ask_all(b);

    text_done(&b->text);
    store_close(b->text.store);
    return e;
}

static void print(struct bench *b)
{
    double first = b->first.ms[0], written = b->seconds_to_write > 0 ? (double)b->items / b->seconds_to_write : 0;

    printf("{\"items\": %lld, \"written_per_second\": %.0f, \"first_ms\": %.3f, \"cold_p99_ms\": %.3f, \"p50_ms\": %.3f, \"p99_ms\": %.3f, "
           "\"best_p50_ms\": %.3f, \"best_p99_ms\": %.3f, \"or_p50_ms\": %.3f, \"or_p99_ms\": %.3f, \"found\": %.3f, \"or_found\": %.3f}\n",
           (long long)b->items, written, first, quantile(&b->first, 0.99), quantile(&b->ours, 0.5), quantile(&b->ours, 0.99),
           quantile(&b->best, 0.5), quantile(&b->best, 0.99), quantile(&b->or_all, 0.5), quantile(&b->or_all, 0.99),
           (double)b->found / (double)b->asked, (double)b->or_found / QUESTIONS);
}

int main(int argc, char **argv)
{
    struct bench *b = NEW(struct bench);

    if (argc < 3 || (b->items = atoll(argv[2])) <= 0) {
        fprintf(stderr, "usage: memory_text FOLDER ITEMS [keep]\n");
        return 2;
    }
    snprintf(b->path, sizeof b->path, "%s/memory.db", argv[1]);
    b->corpus = corpus_new(1);
    enum err e = loop_run(NULL, run, b);

    if (e)
        fprintf(stderr, "memory_text: %s\n", failed_text());
    else
        print(b);
    if (argc < 4)
        unlink(b->path);
    corpus_free(b->corpus);
    free(b);
    return e != OK;
}
