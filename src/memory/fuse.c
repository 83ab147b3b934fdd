// SPDX-License-Identifier: Apache-2.0
#include "memory/fuse.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/words.h"
#include "memory/match.h"
#include "memory/text_internal.h"

/* README.md, "Recall", has the reason of each. */
#define WORDS_WEIGHT      1.0
#define MEANING_WEIGHT    1.0
#define COVERAGE_WEIGHT   2.0
#define RECENCY_DAYS      60.0      /* after so many a memory is half as recent */
#define RECENCY_WEIGHT    0.10
#define IMPORTANCE_WEIGHT 0.15
#define CONFIDENCE_WEIGHT 0.40
#define PIN_BONUS         0.25
#define LEAST_SHARE       0.10      /* of the best one's score; what has less has nothing to do with the question */
#define LEAST_SIMILARITY  0.10      /* cosine; what is less alike, and has no word of the question, has nothing to do with it */
#define SAMENESS_WEIGHT   0.15      /* of what is like one chosen already */
#define MAY_BE_THE_SAME   0.80      /* cosine from which on their words are compared */
#define ONLY_A_BIT_LONGER 1.25

enum { LOOKED_AT = 64 };            /* the best of both stages, whose words are compared one by one */

enum { OVERLAP_BYTES = 4000, OVERLAP_WORDS_MAX = 1000 };

/* ---- how well each fits ---- */

/* What a score of a stage is measured by: 1 for its best, 0 for what anything has. */
struct scale { double words, least, best; };

static struct scale scale_of(const struct fuse_candidate *c, size_t n)
{
    struct scale s = { 0, INFINITY, -INFINITY };
    size_t found = 0;

    for (size_t i = 0; i < n; i++) {
        s.words = c[i].text_score > s.words ? c[i].text_score : s.words;
        if (c[i].vector_rank == 0)
            continue;
        found++;
        s.least = c[i].similarity < s.least ? c[i].similarity : s.least;
        s.best = c[i].similarity > s.best ? c[i].similarity : s.best;
    }
    if (found < LOOKED_AT / 2 && s.least > s.best / 2)      /* so few that the last one need not be bad */
        s.least = s.best / 2;
    return s;
}

static double of_stages(const struct fuse_candidate *c, const struct scale *s)
{
    double words = s->words > 0 ? c->text_score / s->words : 0, meaning = 0;

    if (!isnan(c->similarity) && s->best > s->least)
        meaning = (c->similarity - s->least) / (s->best - s->least);
    meaning = meaning < 0 ? 0 : meaning > 1 ? 1 : meaning;
    return WORDS_WEIGHT * words + MEANING_WEIGHT * meaning;
}

/* Sums of a term's weight over the terms that each text has; rare ones among the candidates weigh more (idf, of these few). */
static void cover(const struct match_question *q, struct fuse_candidate *c, size_t n, float shares[][MATCH_TERMS_MAX])
{
    double all = 0;

    for (size_t t = 0; t < q->n; t++) {
        double with = 0.5;

        for (size_t i = 0; i < n; i++)
            with += (double)shares[i][t];
        double weight = (double)q->terms[t].weight * log(1 + (double)n / with);

        all += weight;
        for (size_t i = 0; i < n; i++)
            c[i].coverage += weight * (double)shares[i][t];
    }
    for (size_t i = 0; i < n && all > 0; i++)
        c[i].coverage /= all;
}

static void look_closer(str question, struct fuse_candidate *c, size_t n)
{
    CLEANUP(mem_freep) float (*shares)[MATCH_TERMS_MAX] = mem_alloc((n + 1) * sizeof *shares);
    struct match_question q;

    match_prepare(question, &q);
    for (size_t i = 0; i < n; i++)
        match_text(&q, c[i].text, shares[i]);
    cover(&q, c, n, shares);
}

static double recency_of(int64_t created_at, int64_t now)
{
    double days = now > created_at ? (double)(now - created_at) / 86400000.0 : 0;

    return exp2(-days / RECENCY_DAYS);
}

/* What speaks for it besides the question: 1 for an item that is new, important, certain and pinned. */
static double weight_of(const struct fuse_candidate *c, int64_t now)
{
    double w = 1 - RECENCY_WEIGHT * (1 - recency_of(c->created_at, now)) - IMPORTANCE_WEIGHT * (1 - c->importance);

    return w * (1 - CONFIDENCE_WEIGHT * (1 - c->confidence)) * (c->pinned ? 1 : 1 / (1 + PIN_BONUS));
}

static int best_first(const void *x, const void *y)
{
    const struct fuse_candidate *a = x, *b = y;

    if (a->score != b->score)
        return a->score < b->score ? 1 : -1;
    return (a->id < b->id) - (a->id > b->id);
}

static void sort(struct fuse_candidate *c, size_t n)
{
    if (n > 1)
        qsort(c, n, sizeof *c, best_first);
}

void fuse_rank(str question, struct fuse_candidate *c, size_t n, int64_t now)
{
    struct scale s = scale_of(c, n);

    for (size_t i = 0; i < n; i++) {
        c[i].score = of_stages(&c[i], &s);
        c[i].coverage = 0;
    }
    sort(c, n);
    look_closer(question, c, n < LOOKED_AT ? n : LOOKED_AT);
    for (size_t i = 0; i < n; i++) {
        c[i].relevance = (c[i].score + COVERAGE_WEIGHT * c[i].coverage) / (WORDS_WEIGHT + MEANING_WEIGHT + COVERAGE_WEIGHT);
        c[i].score = c[i].relevance * weight_of(&c[i], now);
    }
    sort(c, n);
}

/* ---- how like two are ---- */

struct word_set { uint64_t *hashes; size_t n; };

static int by_value(const void *x, const void *y)
{
    const uint64_t *a = x, *b = y;

    return (*a > *b) - (*a < *b);
}

static struct word_set word_set_of(str text)
{
    struct words words = { .text = str_take(text, OVERLAP_BYTES), .indexed = true };
    struct word_set set = { mem_alloc(OVERLAP_WORDS_MAX * sizeof *set.hashes), 0 };
    struct word word;
    size_t n = 0;

    while (n < OVERLAP_WORDS_MAX && words_next(&words, &word))
        set.hashes[n++] = str_hash(word.folded);
    qsort(set.hashes, n, sizeof *set.hashes, by_value);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || set.hashes[i] != set.hashes[i - 1])
            set.hashes[set.n++] = set.hashes[i];
    return set;
}

static size_t common(const struct word_set *a, const struct word_set *b)
{
    size_t both = 0;

    for (size_t i = 0, k = 0; i < a->n && k < b->n; ) {
        both += a->hashes[i] == b->hashes[k];
        if (a->hashes[i] <= b->hashes[k])
            i++;
        else
            k++;
    }
    return both;
}

/* Jaccard's. */
static double overlap_of(const struct word_set *a, const struct word_set *b)
{
    size_t both = common(a, b), either = a->n + b->n - both;

    return either ? (double)both / (double)either : 0;
}

/* Eight sums side by side, so that the compiler may use wide registers. */
static double dot(const float *a, const float *b, size_t n)
{
    float sums[8] = { 0 };
    double sum = 0;
    size_t i = 0;

    for (; i + 8 <= n; i += 8)
        for (size_t k = 0; k < 8; k++)
            sums[k] += a[i + k] * b[i + k];
    for (; i < n; i++)
        sum += (double)a[i] * (double)b[i];
    for (size_t k = 0; k < 8; k++)
        sum += (double)sums[k];
    return sum;
}

/* ---- which to show ---- */

struct choice {
    const struct fuse_candidate *c;
    struct word_set             *words;     /* made when they are needed first */
    double                      *likeness;  /* with the most like of the chosen, 0 to 1 */
    bool                        *done;      /* chosen, or passed over */
    size_t                       n, dimension;
};

static struct choice choice_of(const struct fuse_candidate *c, size_t n, size_t dimension)
{
    return (struct choice){ c, mem_alloc((n + 1) * sizeof(struct word_set)), mem_alloc((n + 1) * sizeof(double)), mem_alloc(n + 1), n,
                            dimension };
}

static void choice_done(struct choice *x)
{
    for (size_t i = 0; i < x->n; i++)
        free(x->words[i].hashes);
    free(x->words);
    free(x->likeness);
    free(x->done);
}

static const struct word_set *words_of(struct choice *x, size_t i)
{
    if (x->words[i].hashes == NULL)
        x->words[i] = word_set_of(x->c[i].text);
    return &x->words[i];
}

/* Every word of the worse one stands in the better one, which has few others.  Vectors cannot tell: those of "port 5432" and "port
 * 5433" are as good as the same. */
static bool adds_nothing(const struct word_set *better, const struct word_set *worse)
{
    return common(better, worse) == worse->n && (double)better->n <= ONLY_A_BIT_LONGER * (double)worse->n;
}

static double likeness_of(struct choice *x, size_t chosen, size_t i, bool *ret_same)
{
    const float *a = x->c[chosen].vector, *b = x->c[i].vector;
    double like = a && b ? dot(a, b, x->dimension) : overlap_of(words_of(x, chosen), words_of(x, i));

    *ret_same = (like >= MAY_BE_THE_SAME || !a || !b) && adds_nothing(words_of(x, chosen), words_of(x, i));
    return like < 0 ? 0 : like;
}

static bool has_to_do_with_it(const struct fuse_candidate *c)
{
    return c->text_rank || (!isnan(c->similarity) && c->similarity >= LEAST_SIMILARITY);
}

/* What is the best now, given what was chosen; n: none is left. */
static size_t best_left(const struct choice *x)
{
    double best = -INFINITY;
    size_t found = x->n;

    for (size_t i = 0; i < x->n && x->c[i].score >= LEAST_SHARE * x->c[0].score; i++) {
        double value = x->c[i].score * (1 - SAMENESS_WEIGHT * x->likeness[i]);

        if (!x->done[i] && has_to_do_with_it(&x->c[i]) && value > best) {
            best = value;
            found = i;
        }
    }
    return found;
}

static void note_chosen(struct choice *x, size_t chosen)
{
    for (size_t i = 0; i < x->n; i++) {
        bool same;

        if (x->done[i])
            continue;
        double like = likeness_of(x, chosen, i, &same);

        x->done[i] = same;
        x->likeness[i] = like > x->likeness[i] ? like : x->likeness[i];
    }
}

size_t fuse_choose(const struct fuse_candidate *c, size_t n, const struct fuse_limits *limits, uint32_t *chosen, size_t *ret_left_out)
{
    CLEANUP(choice_done) struct choice x = choice_of(c, n, limits->dimension);
    size_t n_chosen = 0, left_out = 0, i;
    uint64_t tokens = 0;

    while (n_chosen + left_out < limits->k && (i = best_left(&x)) < n) {
        x.done[i] = true;
        if (limits->max_tokens && c[i].tokens > limits->max_tokens - tokens) {
            left_out++;
            continue;
        }
        tokens += c[i].tokens;
        chosen[n_chosen++] = (uint32_t)i;
        note_chosen(&x, i);
    }
    *ret_left_out = left_out;
    return n_chosen;
}

/* ---- why ---- */

static void add_place(struct buf *b, unsigned rank)
{
    const char *ends[] = { "th", "st", "nd", "rd" };

    buf_addf(b, " (%u%s)", rank, ends[rank % 10 < 4 && (rank % 100 < 11 || rank % 100 > 13) ? rank % 10 : 0]);
}

static bool is_in(const struct word_set *set, uint64_t hash)
{
    return bsearch(&hash, set->hashes, set->n, sizeof hash, by_value) != NULL;
}

/* Words of the question that the text has, as the question has them. */
static void add_words(struct buf *b, str question, str text)
{
    struct words words = { .text = question, .indexed = true };
    struct word_set set = word_set_of(text);
    uint64_t said[FUSE_WHY_WORDS];
    size_t n = 0, end = 0, i;
    struct word word;

    while (n < FUSE_WHY_WORDS && words_next(&words, &word)) {
        uint64_t hash = str_hash(word.folded);

        if (word.start < end || text_is_stop_word(word.folded) || !is_in(&set, hash))
            continue;
        for (i = 0; i < n && said[i] != hash; i++)
            ;
        if (i < n)
            continue;
        said[n++] = hash;
        buf_addf(b, "%s%.*s", n > 1 ? ", " : ": ", STR(str_cut(question, word.start, word.end)));
        end = word.end;
    }
    free(set.hashes);
}

str fuse_why(struct arena *a, str question, const struct fuse_candidate *c)
{
    CLEANUP(buf_done) struct buf b = { 0 };

    if (c->text_rank) {
        buf_add(&b, S("words"));
        add_words(&b, question, c->text);
        add_place(&b, c->text_rank);
    }
    if (c->vector_rank) {
        buf_addf(&b, "%smeaning %.2f", b.len ? "; " : "", (double)c->similarity);
        add_place(&b, c->vector_rank);
    }
    if (c->pinned)
        buf_addf(&b, "%spinned", b.len ? "; " : "");
    return arena_str(a, buf_str(&b));
}
