// SPDX-License-Identifier: Apache-2.0
/* memory_recall: how long recall takes, words and meaning together, beside what anybody would write first: all words of the question as an
 * OR, ranked by FTS5's bm25(), and a look at every vector.  `bench/run BUILD recall` runs it.
 *
 *   memory_recall fill FOLDER ITEMS    makes the memory of so many notes (bench/memory_corpus.h), with vectors of the built-in embedding
 *   memory_recall ask FOLDER ITEMS     opens it and asks
 *
 * Each prints one line of JSON. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/words.h"
#include "bench/memory_corpus.h"
#include "memory/builtin_embedding.h"
#include "memory/id.h"
#include "memory/kernel.h"
#include "memory/recall.h"
#include "memory/text.h"
#include "memory/vectors.h"
#include "runtime/loop.h"
#include "runtime/offload.h"
#include "store/sqlite_db.h"

enum { DIMENSION = 768, BATCH = 1000, QUESTIONS = 200, ROUNDS = 5, PLAIN_QUESTIONS = 20, K = 10, STAGE_K = 64 };

struct samples { size_t n; double ms[QUESTIONS * ROUNDS]; };

struct bench {
    const char     *folder;
    int64_t         items;
    bool            fills;
    struct corpus  *corpus;
    struct store   *store;
    struct memory  *memory;
    struct samples  recall, best, words, meaning, embedding, plain_words, plain_meaning, plain;
    double          saving, start_ms, first_ms, resident_mb, floats_mb;
    double          cpu_ms;             /* of all threads, a recall */
    size_t          asked, found, words_found, meaning_found;
};

static const struct scope scope = { SCOPE_USER, S("alice") };

static double now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double cpu_ms(void)
{
    return (double)clock() * 1e3 / CLOCKS_PER_SEC;
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

static enum err embed(void *arg, struct arena *a, const str *texts, size_t n, const float **out)
{
    float *v = arena_alloc(a, n * DIMENSION * sizeof *v);

    (void)arg;
    for (size_t i = 0; i < n; i++)
        builtin_embed(texts[i], DIMENSION, v + i * DIMENSION);
    *out = v;
    return OK;
}

static enum err open_memory(struct bench *b) AWAITS
{
    char path[4096], vectors[4096];
    struct embedder e = { BUILTIN_EMBEDDING, DIMENSION, BATCH, embed, NULL };

    snprintf(path, sizeof path, "%s/memory.db", b->folder);
    snprintf(vectors, sizeof vectors, "%s/vectors", b->folder);
    TRY(store_open(&(struct store_options){ .url = path, .schema = STORE_MEMORY }, &b->store));
    return memory_open(&(struct memory_options){ .store = b->store, .folder = vectors, .embedder = e, .index_type = "auto" }, &b->memory);
}

/* ---- filling ---- */

struct batch_of_notes {
    struct bench       *bench;
    int64_t             from;
    size_t              n;
    struct memory_item *items;
    str                *texts;
    const float        *vectors;
    struct arena       *arena;
};

static enum err make_notes(void *arg)
{
    struct batch_of_notes *x = arg;

    x->items = arena_alloc(x->arena, x->n * sizeof *x->items);
    x->texts = arena_alloc(x->arena, x->n * sizeof *x->texts);
    for (size_t i = 0; i < x->n; i++) {
        CLEANUP(buf_done) struct buf note = { 0 };

        corpus_note(x->bench->corpus, (uint64_t)x->from + i, &note);
        x->texts[i] = arena_str(x->arena, buf_str(&note));
        x->items[i] = (struct memory_item){ .scope = scope, .kind = ITEM_NOTE, .text = x->texts[i], .confidence = 1, .importance = 0.5,
                                            .created_at = 1700000000000 + x->from + (int64_t)i };
    }
    return embed(NULL, x->arena, x->texts, x->n, &x->vectors);
}

static enum err fill(struct bench *b) AWAITS
{
    int64_t ids[BATCH];

    for (int64_t from = 0; from < b->items; from += BATCH) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        struct batch_of_notes x = { b, from, (size_t)(b->items - from < BATCH ? b->items - from : BATCH), .arena = a };

        TRY(fiber_offload(make_notes, &x));
        double start = now_ms();

        TRY(memory_save(b->memory, x.items, x.n, x.vectors, ids));
        b->saving += now_ms() - start;
    }
    return OK;
}

/* ---- asking ---- */

static str question(const struct bench *b, struct arena *a, size_t i, uint64_t *ret_about)
{
    CLEANUP(buf_done) struct buf text = { 0 };

    *ret_about = corpus_question(b->corpus, i, (uint64_t)b->items, &text);
    return arena_str(a, buf_str(&text));
}

static void took(struct samples *s, double start)
{
    s->ms[s->n++] = now_ms() - start;
}

static enum err ask_recall(struct bench *b, size_t i, struct samples *s) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    uint64_t about;
    struct recall_query q = { .text = question(b, a, i, &about), .scopes = &scope, .n_scopes = 1, .k = K };
    struct recall_result r;
    double start = now_ms();

    TRY(recall(b->memory, a, &q, &r));
    took(s, start);
    if (r.note.len)
        return failed(ERR_BUG, "%.*s", STR(r.note));
    b->asked++;
    for (size_t k = 0; k < r.n; k++)
        b->found += r.items[k].item.created_at == 1700000000000 + (int64_t)about;
    return OK;
}

struct search { struct bench *bench; struct vector_query query; struct vector_hit hits[STAGE_K]; size_t n; };

static enum err search(void *arg)
{
    struct search *s = arg;

    return vectors_search(memory_vectors(s->bench->memory), &s->query, s->hits, &s->n);
}

static enum err ask_stages(struct bench *b, size_t i, uint32_t partition) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    uint64_t about;
    str text = question(b, a, i, &about);
    struct text_hit hits[STAGE_K];
    const float *v;
    size_t n;
    double start = now_ms();

    TRY(text_search(memory_text(b->memory), a, &(struct text_query){ text, &partition, 1, STAGE_K }, hits, &n));
    took(&b->words, start);
    for (size_t k = 0; k < n && k < K; k++)
        b->words_found += item_sequence(hits[k].id) == (int64_t)about + 1;
    start = now_ms();
    TRY(embed(NULL, a, &text, 1, &v));
    took(&b->embedding, start);
    struct search s = { b, { .values = v, .n_values = DIMENSION, .partitions = &partition, .n_partitions = 1, .k = STAGE_K }, .n = 0 };

    start = now_ms();
    TRY(fiber_offload(search, &s));
    took(&b->meaning, start);
    for (size_t k = 0; k < s.n && k < K; k++)
        b->meaning_found += item_sequence(s.hits[k].id) == (int64_t)about + 1;
    return OK;
}

/* ---- what anybody would write first ---- */

struct plain { struct bench *bench; struct sqlite_db db; float *vectors; size_t n; };

static enum err read_vectors(struct plain *p, uint32_t partition)
{
    int64_t *ids;

    p->n = vectors_ids(memory_vectors(p->bench->memory), partition, &ids);
    p->vectors = aligned_alloc(64, (p->n + 1) * DIMENSION * sizeof(float));
    for (size_t i = 0; i < p->n; i++)
        TRY(vectors_get(memory_vectors(p->bench->memory), ids[i], p->vectors + i * DIMENSION));
    free(ids);
    return OK;
}

static enum err plain_words(struct plain *p, str text)
{
    CLEANUP(buf_done) struct buf expression = { 0 };
    struct words words = { .text = text };
    sqlite3_stmt *stmt;
    struct word word;

    while (words_next(&words, &word))
        buf_addf(&expression, "%s\"%.*s\"", expression.len ? " OR " : "", STR(word.folded));
    if (sqlite3_prepare_v2(p->db.handle, "SELECT rowid FROM items_text WHERE items_text MATCH ?1 ORDER BY bm25(items_text) LIMIT 64", -1,
                           &stmt, NULL) != SQLITE_OK)
        return sqlite_db_failed(&p->db, "plain");
    sqlite3_bind_text(stmt, 1, buf_c(&expression), -1, SQLITE_STATIC);
    while (sqlite3_step(stmt) == SQLITE_ROW)
        ;
    return sqlite3_finalize(stmt) == SQLITE_OK ? OK : sqlite_db_failed(&p->db, "plain");
}

static void plain_meaning(const struct plain *p, const float *v)
{
    struct vector_hit best[STAGE_K] = { 0 };

    for (size_t i = 0; i < p->n; i++) {
        float score = kernel_best()->dot_float(v, p->vectors + i * DIMENSION, DIMENSION);
        size_t at = STAGE_K;

        for (; at > 0 && best[at - 1].score < score; at--)
            if (at < STAGE_K)
                best[at] = best[at - 1];
        if (at < STAGE_K)
            best[at] = (struct vector_hit){ (int64_t)i, score };
    }
}

static enum err ask_plain(void *arg)
{
    struct plain *p = arg;
    struct bench *b = p->bench;
    _Alignas(64) float v[DIMENSION];

    for (size_t i = 0; i < PLAIN_QUESTIONS; i++) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        uint64_t about;
        str text = question(b, a, i, &about);
        double start = now_ms();

        TRY(plain_words(p, text));
        took(&b->plain_words, start);
        double half = now_ms();

        builtin_embed(text, DIMENSION, v);
        plain_meaning(p, v);
        took(&b->plain_meaning, half);
        took(&b->plain, start);
    }
    return OK;
}

static enum err ask_plainly(struct bench *b, uint32_t partition) AWAITS
{
    struct plain p = { .bench = b };
    struct sqlite_place place;
    char path[4096];

    snprintf(path, sizeof path, "%s/memory.db", b->folder);
    TRY(sqlite_place_parse(path, &place));
    place.schema = STORE_MEMORY;
    TRY(sqlite_db_open(&p.db, &place, SQLITE_READER));
    TRY(read_vectors(&p, partition));
    enum err e = fiber_offload_long(ask_plain, NULL, &p);

    sqlite_db_close(&p.db);
    free(p.vectors);
    return e;
}

/* ---- memory ---- */

/* Of all mappings: resident, and what of it is the file of float32 rows. */
static void measure(struct bench *b)
{
    FILE *f = fopen("/proc/self/smaps", "r");
    bool is_floats = false;
    char line[8192];
    double kb;

    while (f && fgets(line, sizeof line, f)) {
        if (strstr(line, " kB") == NULL)
            is_floats = strstr(line, ".f32") != NULL;
        else if (sscanf(line, "Rss: %lf kB", &kb) == 1)
            *(is_floats ? &b->floats_mb : &b->resident_mb) += kb * 1024 / 1e6;
    }
    if (f)
        fclose(f);
}

/* Of each question the least of the rounds: a neighbour's work only adds. */
static void take_best(struct bench *b)
{
    for (size_t i = 0; i < b->recall.n; i++) {
        double *best = &b->best.ms[i % QUESTIONS];

        *best = i < QUESTIONS || b->recall.ms[i] < *best ? b->recall.ms[i] : *best;
    }
    b->best.n = QUESTIONS;
}

static enum err ask_all(struct bench *b, double started) AWAITS
{
    struct samples warming = { 0 };
    uint32_t partition;

    b->start_ms = now_ms() - started;
    TRY(ask_recall(b, 0, &warming));
    b->first_ms = now_ms() - started;
    warming.n = 0;
    for (size_t i = 0; i < QUESTIONS; i++)
        TRY(ask_recall(b, i, &warming));
    b->asked = b->found = 0;
    double cpu = cpu_ms();

    for (size_t round = 0; round < ROUNDS; round++)
        for (size_t i = 0; i < QUESTIONS; i++)
            TRY(ask_recall(b, i, &b->recall));
    b->cpu_ms = (cpu_ms() - cpu) / (double)b->asked;
    take_best(b);
    measure(b);
    TRY(memory_partition_find(b->memory, scope, S(""), &partition));
    for (size_t i = 0; i < QUESTIONS; i++)
        TRY(ask_stages(b, i, partition));
    return ask_plainly(b, partition);
}

static enum err run(void *arg) AWAITS
{
    struct bench *b = arg;
    double started = now_ms();

    TRY(open_memory(b));
    enum err e = b->fills ? fill(b) : ask_all(b, started);
    char why[ERR_TEXT_MAX];

    snprintf(why, sizeof why, "%s", failed_text());
    memory_close(b->memory);
    store_close(b->store);
    return e ? failed(e, "%s", why) : OK;
}

static void print(struct bench *b)
{
    if (b->fills) {
        printf("{\"saved_per_second\": %.0f}\n", (double)b->items / (b->saving / 1000));
        return;
    }
    printf("{\"items\": %" PRId64 ", \"p50_ms\": %.3f, \"p99_ms\": %.3f, \"best_p50_ms\": %.3f, \"best_p99_ms\": %.3f, "
           "\"cpu_ms\": %.3f, \"found\": %.3f, \"words_found\": %.3f, \"meaning_found\": %.3f, \"start_ms\": %.1f, \"first_ms\": %.1f, "
           "\"resident_mb\": %.1f, \"floats_mb\": %.1f, ", b->items, quantile(&b->recall, 0.5), quantile(&b->recall, 0.99),
           quantile(&b->best, 0.5), quantile(&b->best, 0.99), b->cpu_ms, (double)b->found / (double)b->asked,
           (double)b->words_found / QUESTIONS, (double)b->meaning_found / QUESTIONS, b->start_ms, b->first_ms, b->resident_mb, b->floats_mb);
    printf("\"words_p50_ms\": %.3f, \"words_p99_ms\": %.3f, \"meaning_p50_ms\": %.3f, \"meaning_p99_ms\": %.3f, \"embedding_p50_ms\": %.3f, "
           "\"plain_p50_ms\": %.3f, \"plain_p99_ms\": %.3f, \"plain_words_p50_ms\": %.3f, \"plain_meaning_p50_ms\": %.3f}\n",
           quantile(&b->words, 0.5), quantile(&b->words, 0.99), quantile(&b->meaning, 0.5), quantile(&b->meaning, 0.99),
           quantile(&b->embedding, 0.5), quantile(&b->plain, 0.5), quantile(&b->plain, 0.99), quantile(&b->plain_words, 0.5),
           quantile(&b->plain_meaning, 0.5));
}

int main(int argc, char **argv)
{
    struct bench *b = NEW(struct bench);

    if (argc != 4 || (b->items = atoll(argv[3])) <= 0 || (strcmp(argv[1], "fill") && strcmp(argv[1], "ask"))) {
        fprintf(stderr, "usage: memory_recall fill|ask FOLDER ITEMS\n");
        return 2;
    }
    b->fills = strcmp(argv[1], "fill") == 0;
    b->folder = argv[2];
    b->corpus = corpus_new(1);
    enum err e = loop_run(NULL, run, b);

    if (e)
        fprintf(stderr, "memory_recall: %s\n", failed_text());
    else
        print(b);
    corpus_free(b->corpus);
    free(b);
    return e ? 1 : 0;
}
