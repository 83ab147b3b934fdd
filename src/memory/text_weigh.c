// SPDX-License-Identifier: Apache-2.0
#include "base/mem.h"
#include "base/words.h"
#include "memory/text_internal.h"

/* BM25's: how soon more of the same word says nothing new, and how much a long text counts less.  Less than the usual 0.75: notes of
 * ten words stand beside passages of two hundred, and a passage is no worse for it. */
#define K1 1.2
#define B  0.4

enum { PLACES = 256 };

struct tally {
    uint32_t words;
    uint16_t times[TEXT_WORDS_MAX];
    uint8_t  at[TEXT_QUOTES_MAX];       /* words of the quote that the latest words of the text were */
    bool     quoted[TEXT_QUOTES_MAX];
};

struct weigher {
    const struct text_words *words;
    uint8_t                  places[PLACES];    /* by hash: number of a word + 1 */
    bool                     has_prefix;
};

static size_t place_of(str folded)
{
    uint32_t h = 2166136261u;

    for (size_t i = 0; i < folded.len; i++)
        h = (h ^ (uint8_t)folded.p[i]) * 16777619u;
    return (h ^ h >> 15) % PLACES;
}

static struct weigher weigher_of(const struct text_words *words)
{
    struct weigher w = { .words = words };

    for (size_t i = 0; i < words->n; i++) {
        size_t at = place_of(words->list[i].folded);

        while (w.places[at])
            at = (at + 1) % PLACES;
        w.places[at] = (uint8_t)(i + 1);
        w.has_prefix |= words->list[i].is_prefix;
    }
    return w;
}

static void tally_word(const struct weigher *w, struct tally *t, str folded)
{
    for (size_t at = place_of(folded), i; (i = w->places[at]) != 0; at = (at + 1) % PLACES)
        if (str_eq(w->words->list[i - 1].folded, folded)) {
            t->times[i - 1] += t->times[i - 1] < UINT16_MAX;
            return;
        }
}

/* A question of one character is asked of what begins with it; there is little else in it. */
static void tally_prefix(const struct weigher *w, struct tally *t, str folded)
{
    for (size_t i = 0; i < w->words->n; i++)
        t->times[i] += str_starts(folded, w->words->list[i].folded) && t->times[i] < UINT16_MAX;
}

static void follow_quotes(const struct weigher *w, struct tally *t, str folded)
{
    for (size_t i = 0; i < w->words->n_quotes; i++) {
        const struct text_quote *q = &w->words->quotes[i];

        if (t->quoted[i])
            continue;
        if (!str_eq(q->words[t->at[i]], folded))
            t->at[i] = 0;
        t->at[i] += str_eq(q->words[t->at[i]], folded);
        t->quoted[i] = t->at[i] == q->n;
    }
}

static struct tally tally_text(const struct weigher *w, str text)
{
    struct words words = { .text = text, .indexed = true };
    struct tally t = { 0 };
    struct word word;

    while (words_next(&words, &word)) {
        t.words++;
        (w->has_prefix ? tally_prefix : tally_word)(w, &t, word.folded);
        if (!word.is_whole)
            follow_quotes(w, &t, word.folded);
    }
    return t;
}

static struct text_hit hit_of(const struct weigher *w, const struct tally *t, double usual_length, int64_t id)
{
    double damping = K1 * (1 - B + B * t->words / usual_length), score = 0;
    struct text_hit h = { .id = id, .exact = w->words->n_quotes > 0 };

    for (size_t i = 0; i < w->words->n; i++) {
        score += w->words->list[i].weight * t->times[i] * (K1 + 1) / (t->times[i] + damping);
        h.matched += t->times[i] > 0;
    }
    for (size_t i = 0; i < w->words->n_quotes; i++)
        h.exact &= t->quoted[i];
    h.score = (float)score;
    return h;
}

enum err text_weigh(void *arg)
{
    struct text_weighing *g = arg;
    struct weigher w = weigher_of(g->words);
    CLEANUP(mem_freep) struct tally *tallies = mem_alloc((g->texts->n + 1) * sizeof *tallies);
    double length = 1;

    for (size_t i = 0; i < g->texts->n; i++) {
        tallies[i] = tally_text(&w, row_str(g->texts, i, 1));
        length += (double)tallies[i].words / (double)g->texts->n;
    }
    for (size_t i = 0; i < g->texts->n; i++)
        g->hits[i] = hit_of(&w, &tallies[i], length, row_int(g->texts, i, 0));
    return OK;
}
