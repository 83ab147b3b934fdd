// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/words.h"
#include "memory/id.h"
#include "memory/text_internal.h"
#include "runtime/offload.h"

/* 2048 items, four by four: a word of one item in 250 is in eight of them, one time in ten in fewer than five. */
enum { GROUPS = 512, GROUP = 4, SAMPLES_MAX = 64, SEEN_AT_LEAST = 5, DIFFERENT_MAX = 1 << 17 };

struct share { uint64_t hash; float share; };

struct text_sample {
    struct text_sample *next;
    uint32_t            partition;
    int64_t             items;              /* when it was taken */
    size_t              n;
    struct share        shares[];           /* by hash; of words that are common */
};

struct seen { uint64_t hash; uint32_t items, last; };       /* last: the item it was seen in, from 1 */

struct counting {
    const struct batch *texts;
    struct seen        *seen;               /* DIFFERENT_MAX places */
    size_t              n_seen;
    uint32_t            items;
    struct text_sample *sample;             /* out */
};

static struct text_sample **find(struct text *t, uint32_t partition)
{
    struct text_sample **at = &t->samples;

    while (*at && (*at)->partition != partition)
        at = &(*at)->next;
    return at;
}

static void drop(struct text *t, struct text_sample **at)
{
    struct text_sample *s = *at;

    if (s == NULL)
        return;
    *at = s->next;
    free(s);
    t->n_samples--;
}

void text_done(struct text *t)
{
    while (t->samples)
        drop(t, &t->samples);
}

static void keep(struct text *t, struct text_sample *s)
{
    struct text_sample **last = &t->samples;

    drop(t, find(t, s->partition));
    s->next = t->samples;
    t->samples = s;
    if (++t->n_samples <= SAMPLES_MAX)
        return;
    while ((*last)->next)
        last = &(*last)->next;
    drop(t, last);
}

/* A word that finds no place any more is rare: the common ones come first. */
static void see(struct counting *c, uint64_t hash)
{
    size_t at = hash % DIFFERENT_MAX;

    while (c->seen[at].hash && c->seen[at].hash != hash)
        at = (at + 1) % DIFFERENT_MAX;
    if (c->seen[at].hash == 0) {
        if (c->n_seen == DIFFERENT_MAX / 2)
            return;
        c->n_seen++;
        c->seen[at].hash = hash;
    }
    if (c->seen[at].last == c->items)
        return;
    c->seen[at].last = c->items;
    c->seen[at].items++;
}

static uint64_t hash_of(str folded)
{
    uint64_t h = str_hash(folded);

    return h ? h : 1;
}

static int by_hash(const void *a, const void *b)
{
    uint64_t x = ((const struct share *)a)->hash, y = ((const struct share *)b)->hash;

    return (x > y) - (x < y);
}

static struct text_sample *common_words(const struct counting *c)
{
    size_t n = 0;

    for (size_t i = 0; i < DIFFERENT_MAX; i++)
        n += c->seen[i].items >= SEEN_AT_LEAST;
    struct text_sample *s = mem_alloc(sizeof *s + n * sizeof s->shares[0]);

    for (size_t i = 0; i < DIFFERENT_MAX; i++)
        if (c->seen[i].items >= SEEN_AT_LEAST)
            s->shares[s->n++] = (struct share){ c->seen[i].hash, (float)c->seen[i].items / (float)c->items };
    qsort(s->shares, s->n, sizeof s->shares[0], by_hash);
    return s;
}

static enum err count_words(void *arg)
{
    struct counting *c = arg;
    struct word word;

    c->seen = mem_alloc(DIFFERENT_MAX * sizeof *c->seen);
    for (size_t i = 0; i < batch_size(c->texts); i++)
        for (size_t row = 0; row < batch_rows(c->texts, i)->n; row++) {
            struct words words = { .text = row_str(batch_rows(c->texts, i), row, 0), .indexed = true };

            c->items++;
            while (words_next(&words, &word))
                see(c, hash_of(word.folded));
        }
    c->sample = common_words(c);
    free(c->seen);
    return OK;
}

static enum err take(struct text *t, uint32_t partition, int64_t next, struct text_sample **out) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct batch *b = batch_new(a);
    struct counting c = { .texts = b };

    for (int64_t i = 0; i < GROUPS; i++) {
        int64_t from = 1 + (next - 1) * i / GROUPS, to = 1 + (next - 1) * (i + 1) / GROUPS - 1;

        batch_add(b, "text.sample", "iii", item_id(partition, from), item_id(partition, to), (int64_t)GROUP);
    }
    TRY(store_query(t->store, b));
    enum err e = fiber_offload(count_words, &c);

    if (e) {
        free(c.sample);
        return e;
    }
    *out = c.sample;
    return OK;
}

/* Until a quarter more or less is in it. */
static bool is_fresh(const struct text_sample *s, int64_t items)
{
    return s && items <= s->items + s->items / 4 && items >= s->items - s->items / 4;
}

static float share_of(const struct text_sample *s, str folded)
{
    struct share key = { hash_of(folded), 0 };
    const struct share *found = bsearch(&key, s->shares, s->n, sizeof *s->shares, by_hash);

    return found ? found->share : TEXT_SHARE_RARE;
}

enum err text_shares(struct text *t, const struct text_partition *p, const struct text_words *w, float *ret_shares) AWAITS
{
    struct text_sample *s = *find(t, p->id);

    if (p->items >= TEXT_SAMPLED_FROM && !is_fresh(s, p->items)) {
        TRY(take(t, p->id, p->next, &s));
        s->partition = p->id;
        s->items = p->items;
        keep(t, s);
    }
    for (size_t i = 0; i < w->n; i++)
        ret_shares[i] = p->items >= TEXT_SAMPLED_FROM ? share_of(s, w->list[i].folded) : TEXT_SHARE_RARE;
    return OK;
}
