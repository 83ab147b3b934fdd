// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite_found.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/found.h"
#include "store/sqlite_words.h"

enum { TOP_MAX = 10000 };

/* Of the words of one aggregate; {0} is where SQLite begins. */
struct gathered {
    struct found_row *rows;
    size_t            n, cap, top;
    double            of;
};

struct scored { double score; size_t at; };

static void words_found(const Fts5ExtensionApi *api, Fts5Context *fts, sqlite3_context *cx, int n, sqlite3_value **v)
{
    int phrases = api->xPhraseCount(fts), forms = n > 0 ? sqlite3_value_int(v[0]) : 1;
    uint64_t found = 0;

    for (int i = 0; i < phrases && i / forms < FOUND_WORDS_MAX; i++) {
        Fts5PhraseIter at;
        int column = -1, rc = api->xPhraseFirstColumn(fts, i, &at, &column);

        if (rc != SQLITE_OK) {
            sqlite3_result_error_code(cx, rc);
            return;
        }
        found |= (uint64_t)(column >= 0) << i / forms;
    }
    sqlite3_result_int64(cx, (sqlite3_int64)found);
}

static void top_step(sqlite3_context *cx, int n, sqlite3_value **v)
{
    struct gathered *g = sqlite3_aggregate_context(cx, sizeof *g);

    (void)n;
    if (g == NULL) {
        sqlite3_result_error_nomem(cx);
        return;
    }
    if (g->n == g->cap) {
        g->cap = g->cap ? g->cap * 2 : 256;
        g->rows = mem_resize(g->rows, g->cap * sizeof *g->rows);
    }
    if (g->n == 0) {
        g->top = (size_t)sqlite3_value_int64(v[2]);
        g->of = sqlite3_value_double(v[3]);
    }
    g->rows[g->n++] = (struct found_row){ sqlite3_value_int64(v[0]), (uint64_t)sqlite3_value_int64(v[1]) };
}

static void count(struct found *f, const struct gathered *g)
{
    f->scanned = (uint32_t)g->n;
    for (size_t i = 0; i < g->n; i++)
        for (uint64_t left = g->rows[i].words; left; left &= left - 1)
            f->with[__builtin_ctzll(left)]++;
}

static double score_of(uint64_t words, const double *weights)
{
    double score = 0;

    for (; words; words &= words - 1)
        score += weights[__builtin_ctzll(words)];
    return score;
}

static bool is_worse(struct scored a, struct scored b)
{
    return a.score < b.score || (a.score == b.score && a.at > b.at);
}

/* heap: the worst is at the root. */
static void sink(struct scored *heap, size_t n, size_t at)
{
    for (size_t child; (child = 2 * at + 1) < n; at = child) {
        child += child + 1 < n && is_worse(heap[child + 1], heap[child]);
        if (!is_worse(heap[child], heap[at]))
            return;
        struct scored swapped = heap[at];

        heap[at] = heap[child];
        heap[child] = swapped;
    }
}

static size_t choose(struct scored *heap, size_t top, const struct gathered *g, const double *weights)
{
    size_t n = 0;

    for (size_t i = 0; i < g->n; i++) {
        struct scored s = { score_of(g->rows[i].words, weights), i };

        if (n < top) {
            heap[n++] = s;
            if (n == top)
                for (size_t at = top / 2; at-- > 0; )
                    sink(heap, n, at);
        } else if (is_worse(heap[0], s)) {
            heap[0] = s;
            sink(heap, n, 0);
        }
    }
    return n;
}

static int best_first(const void *a, const void *b)
{
    return is_worse(*(const struct scored *)a, *(const struct scored *)b) ? 1 : -1;
}

static struct found *found_best(const struct gathered *g, size_t *ret_size)
{
    size_t top = g->top < TOP_MAX ? g->top : TOP_MAX;
    CLEANUP(mem_freep) struct scored *heap = mem_alloc((top + 1) * sizeof *heap);
    double weights[64] = { 0 };
    struct found *f = mem_alloc(sizeof *f + top * sizeof f->rows[0]);

    count(f, g);
    for (size_t i = 0; i < FOUND_WORDS_MAX; i++)
        weights[i] = f->with[i] ? log(1 + g->of / f->with[i]) : 0;
    f->n = (uint32_t)choose(heap, top, g, weights);
    qsort(heap, f->n, sizeof *heap, best_first);
    for (size_t i = 0; i < f->n; i++)
        f->rows[i] = g->rows[heap[i].at];
    *ret_size = sizeof *f + f->n * sizeof f->rows[0];
    return f;
}

static void top_final(sqlite3_context *cx)
{
    struct gathered *g = sqlite3_aggregate_context(cx, 0), none = { 0 };
    size_t size;
    struct found *f = found_best(g ? g : &none, &size);

    sqlite3_result_blob(cx, f, (int)size, free);
    if (g)
        free(g->rows);
}

const struct found *found_of(str blob)
{
    const struct found *f = (const void *)blob.p;

    return blob.len >= sizeof *f && blob.len == sizeof *f + f->n * sizeof f->rows[0] ? f : NULL;
}

enum err sqlite_found_register(struct sqlite_db *db)
{
    fts5_api *api = NULL;

    TRY(sqlite_fts5_api(db, &api));
    if (api->xCreateFunction(api, "words_found", NULL, words_found, NULL) != SQLITE_OK
        || sqlite3_create_function(db->handle, "words_top", 4, SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY, NULL, NULL, top_step,
                                   top_final) != SQLITE_OK)
        return sqlite_db_failed(db, "fts5");
    return OK;
}
