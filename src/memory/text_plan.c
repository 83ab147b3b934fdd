// SPDX-License-Identifier: Apache-2.0
#include "base/buf.h"
#include "memory/text_internal.h"

/* Of a partition at most one item in READ_SHARE, of a small one as many as READ_ALWAYS, are read: what p99 is made of. */
enum { READ_SHARE = 16, READ_ALWAYS = 4000 };

static int64_t read_at_most(const struct text_search *s)
{
    int64_t share = s->part.items / READ_SHARE;

    return share > READ_ALWAYS ? share : READ_ALWAYS;
}

static void sort_by_share(struct text_search *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t at = i;

        for (; at > 0 && s->shares[s->words[at - 1]] > s->shares[i]; at--)
            s->words[at] = s->words[at - 1];
        s->words[at] = (uint8_t)i;
    }
}

/* The rarest, as long as what they are in may be read.  When even the rarest is in too much: it together with one of the next. */
static void choose_words(struct text_search *s, size_t n)
{
    double most = (double)s->most, items = (double)s->part.items;

    sort_by_share(s, n);
    s->all_common = s->shares[s->words[0]] * items > most && n > 1;
    for (s->n_words = 0; s->n_words < n; s->n_words++) {
        double more = s->shares[s->words[s->n_words]] * items;

        if (s->all_common ? s->n_words == 3 : s->n_words > 0 && s->expected + more > most)
            break;
        s->expected += more;
    }
    s->expected = s->expected < most ? s->expected : most;
}

static void add_phrase(struct buf *b, const struct text_word *w)
{
    buf_addf(b, "\"%.*s\"%s", STR(w->folded), w->is_prefix ? " *" : "");       /* a folded word has no quotes */
}

static const char *expression(struct arena *a, const struct text_words *words, const struct text_search *s)
{
    struct buf b = { 0 };

    for (size_t i = 0; i < s->n_words; i++) {
        buf_add(&b, str_from(i == 0 ? "" : s->all_common && i == 1 ? " AND (" : " OR "));
        add_phrase(&b, &words->list[s->words[i]]);
    }
    if (s->all_common)
        buf_add_char(&b, ')');
    const char *expr = arena_c(a, buf_str(&b));

    buf_done(&b);
    return expr;
}

void text_plan(struct arena *a, const struct text_words *words, struct text_search *s)
{
    s->most = read_at_most(s);
    choose_words(s, words->n);
    s->expression = expression(a, words, s);
}
