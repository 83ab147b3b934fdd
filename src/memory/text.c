// SPDX-License-Identifier: Apache-2.0
#include "memory/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "memory/id.h"
#include "memory/text_internal.h"
#include "runtime/fiber.h"
#include "runtime/offload.h"

enum { CANDIDATES_MIN = 64, SIDE_BY_SIDE_FROM = 2000, LANES = 2 };

struct asked {
    struct text             *text;
    struct arena            *arena;
    const struct text_query *query;
    struct text_words        words;
    struct text_search           *searches;
    size_t                   n;
    int64_t                  items;                 /* of all partitions */
};

static const char *ids_json(struct arena *a, const uint32_t *ids, size_t n)
{
    struct buf b = { 0 };

    buf_add_char(&b, '[');
    for (size_t i = 0; i < n; i++)
        buf_addf(&b, "%s%u", i ? "," : "", ids[i]);
    buf_add_char(&b, ']');
    const char *json = arena_c(a, buf_str(&b));

    buf_done(&b);
    return json;
}

static enum err find_partitions(struct asked *r) AWAITS
{
    struct rows rows;

    TRY(store_read(r->text->store, r->arena, &rows, "text.partitions", "c",
                   ids_json(r->arena, r->query->partitions, r->query->n_partitions)));
    r->searches = arena_alloc(r->arena, (rows.n + 1) * sizeof *r->searches);
    r->n = rows.n;
    for (size_t i = 0; i < rows.n; i++) {
        r->searches[i].part = (struct text_partition){ (uint32_t)row_int(&rows, i, 0), row_int(&rows, i, 1), row_int(&rows, i, 2) };
        r->items += r->searches[i].part.items;
    }
    return OK;
}

static size_t candidates(const struct asked *r)
{
    size_t n = 2 * r->query->k;

    return n < CANDIDATES_MIN ? CANDIDATES_MIN : n;
}

/* A range of the ids of a search's partition.  The store has two readers. */
struct piece { const struct text_search *search; int64_t from, to; };

struct lane {
    struct asked *asked;
    struct batch  *batch;
    struct piece  *pieces;
    size_t         n;
    double         expected;
};

static void add_piece(struct lane *l, const struct text_search *s, int64_t from, int64_t to)
{
    const struct asked *r = l->asked;
    double share = (double)(to - from + 1) / (double)s->part.next;

    l->pieces[l->n++] = (struct piece){ s, from, to };
    l->expected += s->expected * share;
    batch_add(l->batch, "text.find", "ciiiii", s->expression, item_id(s->part.id, from), item_id(s->part.id, to),
              (int64_t)((double)s->most * share) + 1, (int64_t)candidates(r), s->part.items);
}

/* What is much goes in halves to both readers, the rest whole to the one that has less. */
static void share_out(struct asked *r, struct lane *lanes)
{
    for (size_t i = 0; i < LANES; i++)
        lanes[i] = (struct lane){ r, batch_new(r->arena), arena_alloc(r->arena, (r->n + 1) * sizeof(struct piece)), 0, 0 };
    for (size_t i = 0; i < r->n; i++) {
        const struct text_search *s = &r->searches[i];

        if (s->expected >= SIDE_BY_SIDE_FROM) {
            add_piece(&lanes[0], s, s->part.next / 2, s->part.next);
            add_piece(&lanes[1], s, 0, s->part.next / 2 - 1);
        } else {
            add_piece(&lanes[lanes[1].expected < lanes[0].expected - SIDE_BY_SIDE_FROM], s, 0, s->part.next);
        }
    }
}

static enum err search_lane(void *lane) AWAITS
{
    struct lane *l = lane;

    return l->n ? store_query(l->asked->text->store, l->batch) : OK;
}

static enum err search_side_by_side(struct lane *lanes) AWAITS
{
    CLEANUP(fibers_done) struct fibers g = { 0 };

    if (lanes[1].n)
        fibers_spawn(&g, "text search", search_lane, &lanes[1]);
    TRY(search_lane(&lanes[0]));
    return fibers_wait(&g);
}

/* What was found has the words in the order of the expression; here they get the numbers of the question's. */
static uint64_t words_of(const struct text_search *s, uint64_t found)
{
    uint64_t words = 0;

    for (; found; found &= found - 1)
        words |= UINT64_C(1) << s->words[__builtin_ctzll(found)];
    return words;
}

static const struct found *found_in(const struct lane *l, size_t piece)
{
    const struct rows *rows = batch_rows(l->batch, piece);

    return rows->n ? found_of(row_str(rows, 0, 0)) : NULL;
}

/* What was searched is known, of the rest there is the estimate. */
static void count_words(struct asked *r, const struct lane *l)
{
    for (size_t i = 0; i < l->n; i++) {
        const struct text_search *s = l->pieces[i].search;
        const struct found *f = found_in(l, i);
        bool searched[TEXT_WORDS_MAX] = { false };
        double share = (double)(l->pieces[i].to - l->pieces[i].from + 1) / (double)s->part.next;

        for (size_t w = 0; f && !s->all_common && w < s->n_words; w++) {
            searched[s->words[w]] = true;
            r->words.list[s->words[w]].with += f->with[w];
        }
        for (size_t w = 0; w < r->words.n; w++)
            if (!searched[w])
                r->words.list[w].with += s->shares[w] * share * (double)s->part.items;
    }
}

static void set_weights(struct asked *r, const struct lane *lanes)
{
    for (size_t i = 0; i < LANES; i++)
        count_words(r, &lanes[i]);
    for (size_t i = 0; i < r->words.n; i++) {
        struct text_word *w = &r->words.list[i];

        w->weight = w->factor * log(1 + ((double)r->items - fmin(w->with, (double)r->items) + 0.5) / (w->with + 0.5));
    }
}

struct candidate { int64_t id; double score; };

static int by_score(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;

    return x->score != y->score ? (x->score < y->score) - (x->score > y->score) : (x->id < y->id) - (x->id > y->id);
}

static void add_candidates(const struct asked *r, const struct lane *l, struct candidate *out, size_t *n)
{
    for (size_t i = 0; i < l->n; i++) {
        const struct found *f = found_in(l, i);

        for (size_t row = 0; f && row < f->n; row++) {
            struct candidate c = { f->rows[row].id, 0 };

            for (uint64_t words = words_of(l->pieces[i].search, f->rows[row].words); words; words &= words - 1)
                c.score += r->words.list[__builtin_ctzll(words)].weight;
            out[(*n)++] = c;
        }
    }
}

static size_t best_candidates(const struct asked *r, const struct lane *lanes, struct candidate **out)
{
    size_t n = 0;

    *out = arena_alloc(r->arena, ((lanes[0].n + lanes[1].n) * candidates(r) + 1) * sizeof **out);
    for (size_t i = 0; i < LANES; i++)
        add_candidates(r, &lanes[i], *out, &n);
    qsort(*out, n, sizeof **out, by_score);
    return n < candidates(r) ? n : candidates(r);
}

static int by_hit(const void *a, const void *b)
{
    const struct text_hit *x = a, *y = b;

    if (x->exact != y->exact)
        return y->exact - x->exact;
    return x->score != y->score ? (x->score < y->score) - (x->score > y->score) : (x->id < y->id) - (x->id > y->id);
}

static const char *candidates_json(struct arena *a, const struct candidate *c, size_t n)
{
    struct buf b = { 0 };

    for (size_t i = 0; i < n; i++)
        buf_addf(&b, "%c%lld", i ? ',' : '[', (long long)c[i].id);
    buf_add(&b, n ? S("]") : S("[]"));
    const char *json = arena_c(a, buf_str(&b));

    buf_done(&b);
    return json;
}

/* The best by what was looked for, now by all words of the question and by their texts. */
static enum err weigh(struct asked *r, const struct candidate *best, size_t n, struct text_hit *out, size_t *ret_n) AWAITS
{
    struct text_hit *hits = arena_alloc(r->arena, (n + 1) * sizeof *hits);
    struct rows texts;

    TRY(store_read(r->text->store, r->arena, &texts, "text.words", "c", candidates_json(r->arena, best, n)));
    TRY(fiber_offload(text_weigh, &(struct text_weighing){ &r->words, &texts, hits }));
    qsort(hits, texts.n, sizeof *hits, by_hit);
    *ret_n = texts.n < r->query->k ? texts.n : r->query->k;
    memcpy(out, hits, *ret_n * sizeof *out);
    return OK;
}

static enum err plan(struct asked *r) AWAITS
{
    for (size_t i = 0; i < r->n; i++) {
        TRY(text_shares(r->text, &r->searches[i].part, &r->words, r->searches[i].shares));
        text_plan(r->arena, &r->words, &r->searches[i]);
    }
    return OK;
}

static enum err ask(struct asked *r, struct text_hit *out, size_t *ret_n) AWAITS
{
    struct candidate *best;
    struct lane lanes[LANES];

    TRY(find_partitions(r));
    TRY(plan(r));
    share_out(r, lanes);
    TRY(search_side_by_side(lanes));
    set_weights(r, lanes);
    size_t n = best_candidates(r, lanes, &best);

    return weigh(r, best, n, out, ret_n);
}

enum err text_search(struct text *t, struct arena *a, const struct text_query *q, struct text_hit *out, size_t *ret_n) AWAITS
{
    struct asked r = { .text = t, .arena = a, .query = q };

    if (q->k > TEXT_HITS_MAX || q->n_partitions > TEXT_PARTITIONS_MAX)
        return failed(ERR_INPUT, "text search: %zu hits of %zu partitions are too many", q->k, q->n_partitions);
    text_words_of(a, q->text, &r.words);
    if (r.words.n == 0 || q->n_partitions == 0 || q->k == 0) {
        *ret_n = 0;
        return OK;
    }
    return ask(&r, out, ret_n);
}
