// SPDX-License-Identifier: Apache-2.0
/* Weights are whole numbers, and whole numbers are summed: so the sums are exact, and neither the order that a compiler chooses nor a
 * fused multiply-add can make two machines' vectors differ. */
#include "memory/builtin_embedding.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/feature_hash.h"
#include "base/utf8.h"
#include "base/words.h"
#include "memory/concepts.h"
#include "base/stem.h"

enum {
    SEEN_SIZE = 512, SEEN_PROBES = 8,
    GRAM_MIN = 3, GRAM_MAX = 5,
    SPREAD = 4,             /* places that a heavy feature is spread over, so that one collision does not outweigh it */
};

/* What a feature is; features of two kinds never meet. */
enum kind { KIND_WORD = 1, KIND_GRAM, KIND_CONCEPT, KIND_IDENTIFIER, KIND_HAN, KIND_HAN_PAIR };

/* A word that nobody knows is most often a name, and says most.  What is known counts as its concept, and less as its letters. */
struct weights { int word, grams, concept, han, han_pair, han_word; };

static const struct weights weights[] = {
    [CONCEPT_UNKNOWN]  = { .word = 1000, .grams = 900, .concept = 0,    .han = 350, .han_pair = 700, .han_word = 350 },
    [CONCEPT_FUNCTION] = { .word = 60,   .grams = 0,   .concept = 0,    .han = 30,  .han_pair = 60,  .han_word = 60 },
    [CONCEPT_COMMON]   = { .word = 200,  .grams = 150, .concept = 350,  .han = 80,  .han_pair = 200, .han_word = 150 },
    [CONCEPT_PLAIN]    = { .word = 600,  .grams = 550, .concept = 1200, .han = 250, .han_pair = 600, .han_word = 500 },
};
enum { NUMBER_WEIGHT = 900, DIGIT_WEIGHT = 350, IDENTIFIER_WEIGHT = 1000 };
enum { MIXED_PAIR_PERCENT = 45, SKIPPED_PAIR_PERCENT = 60, WIDER_PERCENT = 65 };

struct seen { uint32_t key, times; };

/* A Chinese character and the word that it is in. */
struct han {
    uint64_t           at, end;         /* bytes; at == end: none */
    uint64_t           word;            /* where the word begins */
    uint32_t           ch;
    enum concept_class class;
};

struct embedding {
    float      *out;
    uint64_t    dimension;
    uint64_t    last_key;               /* of the last word, and where it ended */
    size_t      last_end;
    uint64_t    joined_key;             /* words joined by one sign: "db-prod-01" */
    unsigned    joined;
    struct han  before, previous;
    size_t      han_word, han_end;      /* the Chinese word that was matched last */
    enum concept_class han_class;
    struct seen seen[SEEN_SIZE];
};

/* How often the key was there before and now is.  A text of more different words than there is room for forgets some. */
static int times_seen(struct embedding *e, uint64_t key)
{
    uint32_t k = (uint32_t)(feature_hash_mix(key) >> 32) | 1;
    struct seen *s = NULL;

    for (size_t i = 0; i < SEEN_PROBES; i++) {
        s = &e->seen[(k / 2 + i) % SEEN_SIZE];
        if (s->key == k || s->key == 0)
            break;
    }
    if (s->key != k)
        *s = (struct seen){ .key = k };
    return (int)++s->times;
}

static void add_at(struct embedding *e, uint64_t h, int weight)
{
    e->out[(h >> 32) * e->dimension >> 32] += (float)(h & 1 ? weight : -weight);
}

static void add_light(struct embedding *e, enum kind kind, uint64_t key, int weight)
{
    add_at(e, feature_hash_mix(key ^ (uint64_t)kind << 56), weight);
}

static void add(struct embedding *e, enum kind kind, uint64_t key, int weight)
{
    uint64_t h = key ^ (uint64_t)kind << 56;

    for (size_t i = 0; i < SPREAD; i++, h += 0x9E3779B97F4A7C15u)
        add_at(e, feature_hash_mix(h), weight / 2);     /* SPREAD times the square of a half is one */
}

static int of_ambiguous(int weight, size_t n)
{
    return n == 1 ? weight : n == 2 ? weight * 7 / 10 : weight * 6 / 10;
}

/* The n-th time counts 1/n, so that the sum grows as the logarithm does. */
static void add_concept(struct embedding *e, uint64_t key, int weight)
{
    add(e, KIND_CONCEPT, key, weight / times_seen(e, key ^ (uint64_t)KIND_CONCEPT << 56));
}

static void add_meaning(struct embedding *e, const struct meaning *m)
{
    for (size_t i = 0; i < m->n; i++) {
        const struct concept *c = concept_at(m->concepts[i]);
        int weight = of_ambiguous(weights[c->class].concept, m->n);

        add_concept(e, c->key, weight);
        for (size_t k = 0; k < CONCEPT_WIDER_MAX && c->wider[k]; k++)
            add_concept(e, c->wider[k], weight * WIDER_PERCENT / 100);
    }
}

/* The word between two marks of its ends, in every piece of 3 to 5 characters; together they weigh what is given. */
static void add_grams(struct embedding *e, str word, int weight)
{
    unsigned char text[WORD_MAX + 2] = { '^' };
    uint8_t starts[WORD_MAX + 3];
    size_t n = 0, grams = 0;

    memcpy(text + 1, word.p, word.len);
    text[word.len + 1] = '$';
    for (size_t i = 0; i < word.len + 2; i++)
        if ((text[i] & 0xc0) != 0x80)
            starts[n++] = (uint8_t)i;
    starts[n] = (uint8_t)(word.len + 2);
    for (size_t len = GRAM_MIN; len <= GRAM_MAX && len <= n; len++)
        grams += n - len + 1;
    if (grams == 0)
        return;
    int each = (int)(weight / sqrt((double)grams));

    for (size_t i = 0; i + GRAM_MIN <= n; i++) {
        uint64_t key = FEATURE_HASH_START;

        for (size_t len = 1; len <= GRAM_MAX && i + len <= n; len++) {
            for (size_t at = starts[i + len - 1]; at < starts[i + len]; at++)
                key = feature_hash_on(key, text[at]);
            if (len >= GRAM_MIN)
                add_light(e, KIND_GRAM, key, each);
        }
    }
}

static bool is_number(str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
    return true;
}

/* "5th" is 5. */
static str without_ordinal(str s)
{
    str n = str_take(s, s.len - 2);

    if (s.len > 2 && is_number(n) && (str_ends(s, S("st")) || str_ends(s, S("nd")) || str_ends(s, S("rd")) || str_ends(s, S("th"))))
        return n;
    return s;
}

static bool joins(const struct embedding *e, str text, size_t start)
{
    return e->last_end && start == e->last_end + 1 && memchr("-_./:@+#", text.p[e->last_end], 8);
}

static void end_identifier(struct embedding *e)
{
    if (e->joined > 1)
        add(e, KIND_IDENTIFIER, e->joined_key, IDENTIFIER_WEIGHT / times_seen(e, e->joined_key));
    e->joined = 0;
}

/* What the word means together with the one before: "credit card", "U盘". */
static void add_phrase(struct embedding *e, uint64_t key)
{
    const struct meaning *m = concepts_of(concept_pair_key(e->last_key, key));

    if (m)
        add_meaning(e, m);
}

static void add_letters(struct embedding *e, str stem, uint64_t key, enum concept_class class)
{
    const struct weights *w = &weights[class];
    int times = times_seen(e, key);

    if (is_number(stem)) {
        add(e, KIND_WORD, key, (stem.len > 1 ? NUMBER_WEIGHT : DIGIT_WEIGHT) / times);
        return;
    }
    add(e, KIND_WORD, key, w->word / times);
    if (w->grams / times > 0)
        add_grams(e, stem, w->grams / times);
}

static void on_word(struct embedding *e, str text, const struct word *word)
{
    char room[WORD_MAX + 8];
    bool is_joined = joins(e, text, word->start);

    memcpy(room, word->folded.p, word->folded.len);
    str stem = without_ordinal(str_of(room, stem_english(room, word->folded.len)));
    uint64_t key = concept_word_key(stem);
    const struct meaning *m = concepts_of(key);

    if (!is_joined)
        end_identifier(e);
    e->joined_key = e->joined++ ? concept_pair_key(e->joined_key, key) : key;
    add_letters(e, stem, key, m ? m->class : CONCEPT_UNKNOWN);
    if (m)
        add_meaning(e, m);
    if (e->last_end && word->start - e->last_end <= 1)
        add_phrase(e, key);
    e->last_key = key;
    e->last_end = word->end;
}

static int pair_weight(const struct han *a, const struct han *b)
{
    int weight = weights[a->class].han_pair < weights[b->class].han_pair ? weights[a->class].han_pair : weights[b->class].han_pair;

    if (a->word == b->word || (a->class == CONCEPT_UNKNOWN && b->class == CONCEPT_UNKNOWN))
        return weight;
    return weight * MIXED_PAIR_PERCENT / 100;
}

static void add_pair(struct embedding *e, const struct han *a, const struct han *b, int percent)
{
    uint64_t key = concept_han_key(concept_han_key(FEATURE_HASH_START, a->ch), b->ch);

    add(e, KIND_HAN_PAIR, key, pair_weight(a, b) * percent / 100 / times_seen(e, key ^ (uint64_t)KIND_HAN_PAIR << 56));
}

/* A word begins here; its meaning is added once, with its first character. */
static void begin_han_word(struct embedding *e, str text, size_t at, size_t char_len, uint32_t ch)
{
    size_t len = char_len;
    const struct meaning *m = concepts_of_han(str_skip(text, at), &len);

    e->han_word = at;
    e->han_end = at + len;
    e->han_class = m ? m->class : CONCEPT_UNKNOWN;
    if (m)
        add_meaning(e, m);
    if (e->last_end && e->last_end == at)
        add_phrase(e, concept_han_key(FEATURE_HASH_START, ch));
}

/* The pair with the one before it; and over a word that says nothing, with the one before that: 吃了饭 is 吃饭. */
static void add_han(struct embedding *e, const struct han *now)
{
    uint64_t key = concept_han_key(FEATURE_HASH_START, now->ch);
    bool is_whole_word = e->han_end - e->han_word == now->end - now->at;
    int weight = is_whole_word ? weights[now->class].han_word : weights[now->class].han;

    add(e, KIND_HAN, key, weight / times_seen(e, key ^ (uint64_t)KIND_HAN << 56));
    if (e->previous.end == now->at && e->previous.end) {
        add_pair(e, &e->previous, now, 100);
        if (e->before.end && e->before.end == e->previous.at && e->previous.class == CONCEPT_FUNCTION)
            add_pair(e, &e->before, now, SKIPPED_PAIR_PERCENT);
    }
    e->before = e->previous;
    e->previous = *now;
}

static void on_han(struct embedding *e, str text, const struct word *word)
{
    uint32_t ch = 0;
    size_t len = utf8_next(str_skip(text, word->start), &ch);

    ch = concept_han_simplified(ch);
    if (word->start >= e->han_end)
        begin_han_word(e, text, word->start, len, ch);
    add_han(e, &(struct han){ .at = word->start, .end = word->start + len, .word = e->han_word, .ch = ch, .class = e->han_class });
    end_identifier(e);
    e->last_end = 0;
}

static void normalise(float *out, size_t dimension)
{
    double sum = 0;

    for (size_t i = 0; i < dimension; i++)
        sum += (double)out[i] * (double)out[i];
    if (sum == 0) {                     /* no words, or they undid each other */
        out[0] = 1;
        return;
    }
    double scale = 1 / sqrt(sum);

    for (size_t i = 0; i < dimension; i++)
        out[i] = (float)((double)out[i] * scale);
}

void builtin_embed(str text, size_t dimension, float *out)
{
    struct embedding e = { .out = out, .dimension = dimension };
    struct words words = { .text = str_take(text, BUILTIN_EMBEDDING_TEXT_MAX) };
    struct word word;

    assert(dimension > 0 && dimension <= 1 << 20);
    for (size_t i = 0; i < dimension; i++)
        out[i] = 0;
    while (words_next(&words, &word))
        if (word.is_han)
            on_han(&e, words.text, &word);
        else
            on_word(&e, words.text, &word);
    end_identifier(&e);
    normalise(out, dimension);
}
