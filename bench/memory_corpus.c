// SPDX-License-Identifier: Apache-2.0
#include "bench/memory_corpus.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/utf8.h"

enum { ENGLISH = 40000, CHINESE = 30000, NOTE_MAX = 40 };

enum tongue { TONGUE_ENGLISH, TONGUE_CHINESE };

struct tongue_words {
    size_t  n, common;          /* the first are what holds sentences together */
    char  (*words)[16];
    double *up_to;              /* how often one of the words up to this one */
};

struct corpus { uint64_t seed; struct tongue_words tongues[2]; };

struct dice { uint64_t state; };

/* SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t roll(struct dice *d)
{
    uint64_t z = d->state += 0x9e3779b97f4a7c15;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

static size_t below(struct dice *d, size_t n)
{
    return (size_t)(roll(d) % n);
}

static const char *const english_common[] = {
    "the", "of", "and", "to", "in", "a", "is", "that", "for", "it", "was", "on", "with", "as", "be", "at", "by", "we", "this", "are", "from",
    "or", "have", "an", "they", "which", "one", "you", "were", "all", "her", "she", "there", "would", "their", "been", "has", "when", "who",
    "will", "more", "no", "if", "out", "so", "said", "what", "up", "its", "about", "into", "than", "them", "can", "only", "other", "new",
    "some", "time", "could", "these", "two", "may", "then", "do", "first", "any", "my", "now", "such", "like", "our", "over",
};
static const char *const chinese_common[] = {
    "的", "了", "是", "在", "我", "有", "和", "不", "这", "就", "也", "他", "都", "我们", "到", "说", "要", "会", "一个", "没有", "那", "你", "用",
    "但", "可以", "他们", "对", "很", "从", "上", "下", "被", "把", "让", "给", "自己", "时候", "因为", "所以", "如果", "已经", "还", "个", "与",
};

static void invent_english(struct dice *d, char out[16])
{
    static const char *const begin[] = { "b", "c", "d", "f", "g", "h", "l", "m", "n", "p", "r", "s", "t", "v",
                                         "st", "tr", "pl", "br", "ch", "sh" };
    static const char *const middle[] = { "a", "e", "i", "o", "u", "ea", "ou", "ai" };
    static const char *const end[] = { "", "", "n", "r", "l", "t", "s", "m", "nd", "ck", "st" };
    size_t syllables = 2 + below(d, 2), at = 0;

    for (size_t i = 0; i < syllables; i++)
        at += (size_t)snprintf(out + at, 16 - at, "%s%s%s", begin[below(d, N_ELEMENTS(begin))], middle[below(d, N_ELEMENTS(middle))],
                               i + 1 == syllables ? end[below(d, N_ELEMENTS(end))] : "");
}

/* Some characters are in very many words. */
static void invent_chinese(struct dice *d, char out[16])
{
    CLEANUP(buf_done) struct buf b = { 0 };

    for (size_t i = 0; i < 2; i++) {
        size_t range = below(d, 3) == 0 ? 200 : 3000;

        utf8_add(&b, 0x4E00 + (uint32_t)(below(d, range) * 6));
    }
    snprintf(out, 16, "%s", buf_c(&b));
}

static void make_tongue(struct tongue_words *t, struct dice *d, size_t n, const char *const *common, size_t n_common,
                        void (*invent)(struct dice *, char[16]))
{
    double sum = 0;

    *t = (struct tongue_words){ n, n_common, mem_alloc(n * sizeof *t->words), mem_alloc(n * sizeof *t->up_to) };
    for (size_t i = 0; i < n; i++) {
        if (i < n_common)
            snprintf(t->words[i], sizeof t->words[i], "%s", common[i]);
        else
            invent(d, t->words[i]);
        sum += 1 / (double)(i + 1);
        t->up_to[i] = sum;
    }
    for (size_t i = 0; i < n; i++)
        t->up_to[i] /= sum;
}

struct corpus *corpus_new(uint64_t seed)
{
    struct corpus *c = NEW(struct corpus);
    struct dice d = { seed };

    c->seed = seed;
    make_tongue(&c->tongues[TONGUE_ENGLISH], &d, ENGLISH, english_common, N_ELEMENTS(english_common), invent_english);
    make_tongue(&c->tongues[TONGUE_CHINESE], &d, CHINESE, chinese_common, N_ELEMENTS(chinese_common), invent_chinese);
    return c;
}

void corpus_free(struct corpus *c)
{
    for (size_t i = 0; i < N_ELEMENTS(c->tongues); i++) {
        free(c->tongues[i].words);
        free(c->tongues[i].up_to);
    }
    free(c);
}

static size_t draw(const struct tongue_words *t, struct dice *d)
{
    double x = (double)(roll(d) >> 11) * 0x1p-53;
    size_t low = 0, high = t->n - 1;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (t->up_to[middle] < x)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct note { size_t n; struct { enum tongue tongue; size_t word; } words[NOTE_MAX]; };

static enum tongue tongue_of(struct dice *d, size_t kind, size_t at, size_t n)
{
    (void)d;
    return kind < 5 ? TONGUE_ENGLISH : kind < 9 ? TONGUE_CHINESE : at < n / 2 ? TONGUE_ENGLISH : TONGUE_CHINESE;
}

static struct note make_note(const struct corpus *c, struct dice *d)
{
    struct note note = { .n = 20 + below(d, NOTE_MAX - 19) };
    size_t kind = below(d, 10);

    for (size_t i = 0; i < note.n; i++) {
        note.words[i].tongue = tongue_of(d, kind, i, note.n);
        note.words[i].word = draw(&c->tongues[note.words[i].tongue], d);
    }
    return note;
}

static struct dice dice_for(const struct corpus *c, uint64_t what, uint64_t i)
{
    struct dice d = { c->seed ^ what << 56 ^ i * 0xd1342543de82ef95 };

    roll(&d);
    return d;
}

static void add_word(const struct corpus *c, struct buf *out, enum tongue tongue, size_t word)
{
    if (tongue == TONGUE_ENGLISH && out->len && (unsigned char)out->p[out->len - 1] < 0x80)
        buf_add_char(out, ' ');
    buf_add(out, str_from(c->tongues[tongue].words[word]));
}

void corpus_note(const struct corpus *c, uint64_t i, struct buf *out)
{
    struct dice d = dice_for(c, 1, i);
    struct note note = make_note(c, &d);

    for (size_t at = 0; at < note.n; at++) {
        add_word(c, out, note.words[at].tongue, note.words[at].word);
        if (below(&d, 9) == 0)
            buf_add(out, note.words[at].tongue == TONGUE_ENGLISH ? S(",") : S("，"));
        if (below(&d, 60) == 0)
            buf_addf(out, " %zu", below(&d, 100000));
    }
    buf_add(out, S("."));
}

/* A few pieces of the note, in its order, with such words between them as anybody says. */
uint64_t corpus_question(const struct corpus *c, uint64_t i, uint64_t notes, struct buf *out)
{
    static const char *const begin[][4] = { { "what is", "when did", "which", "how does" }, { "请问", "什么是", "为什么", "谁知道" } };
    struct dice d = dice_for(c, 2, i), note_dice;
    uint64_t about = roll(&d) % notes;
    size_t n = 5 + below(&d, 11), at;

    note_dice = dice_for(c, 1, about);
    struct note note = make_note(c, &note_dice);
    enum tongue tongue = note.words[0].tongue;

    buf_add(out, str_from(begin[tongue][below(&d, 4)]));
    at = below(&d, note.n / 2);
    for (size_t said = 2; said < n; said++)
        if (below(&d, 5) < 2 && at < note.n) {
            add_word(c, out, note.words[at].tongue, note.words[at].word);
            at += 1 + below(&d, 3);
        } else {
            add_word(c, out, tongue, draw(&c->tongues[tongue], &d));
        }
    buf_add(out, tongue == TONGUE_ENGLISH ? S("?") : S("？"));
    return about;
}
