// SPDX-License-Identifier: Apache-2.0
#include "memory/match.h"

#include <string.h>

#include "base/utf8.h"
#include "base/words.h"
#include "memory/concepts.h"
#include "base/stem.h"
#include "memory/text_internal.h"

/* What a likeness is worth that is less than the same word (README.md, "Recall"). */
#define SAME_MEANING    0.8F
#define MISSPELT        0.7F
#define PART_OF         0.6F        /* "shop" and "bookshop", "encrypt" and "encryption" */
#define SOME_CHARACTERS 0.3F        /* of two Chinese ones */

#define COMMON_WEIGHT   0.4F        /* "like", 喜欢 */
#define BORDER_WEIGHT   0.4F        /* two Chinese characters that may be of two words */

enum { FUZZY_FROM = 4, BEGINNING = 5 };     /* letters */

/* ---- words ---- */

static void add_concepts(struct match_term *t, const struct meaning *m)
{
    for (size_t i = 0; m && i < m->n && t->n_concepts < MATCH_CONCEPTS_MAX; i++)
        t->concepts[t->n_concepts++] = m->concepts[i];
}

static uint32_t letters_of(str s)
{
    uint32_t letters = 0;

    for (size_t i = 0; i < s.len; i++)
        if (s.p[i] >= 'a' && s.p[i] <= 'z')
            letters |= 1U << (s.p[i] - 'a');
    return letters;
}

static bool is_number(str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
    return true;
}

/* "three" is 3. */
static str as_digits(str word)
{
    static const str names[] = { S("zero"), S("one"), S("two"), S("three"), S("four"), S("five"), S("six"), S("seven"), S("eight"),
                                 S("nine"), S("ten"), S("eleven"), S("twelve") };
    static const str digits[] = { S("0"), S("1"), S("2"), S("3"), S("4"), S("5"), S("6"), S("7"), S("8"), S("9"), S("10"), S("11"),
                                  S("12") };

    for (size_t i = 0; i < N_ELEMENTS(names); i++)
        if (str_eq(word, names[i]))
            return digits[i];
    return word;
}

static struct match_term term_of(str word, const struct meaning **ret_meaning, bool *ret_inflected)
{
    struct match_term t = { .weight = 1 };
    char room[WORD_MAX + 8];

    word = as_digits(word);
    memcpy(room, word.p, word.len);
    str stem = str_of(room, stem_english(room, word.len));
    t.key = concept_word_key(stem);
    *ret_meaning = concepts_of(t.key);
    *ret_inflected = stem.len != word.len;
    add_concepts(&t, *ret_meaning);
    t.len = (uint8_t)(word.len < MATCH_TERM_SIZE ? word.len : MATCH_TERM_SIZE);
    memcpy(t.text, word.p, t.len);
    t.letters = letters_of(str_of(t.text, t.len));
    t.is_number = is_number(word);
    return t;
}

static str text_of(const struct match_term *t)
{
    return str_of(t->text, t->len);
}

/* ---- the question ---- */

static void add_term(struct match_question *q, const struct match_term *t)
{
    for (size_t i = 0; i < q->n; i++)
        if (str_eq(text_of(&q->terms[i]), text_of(t)))
            return;
    if (q->n < MATCH_TERMS_MAX)
        q->terms[q->n++] = *t;
}

static void add_han(struct match_question *q, str text, const struct meaning *m, float weight)
{
    struct match_term t = { .is_han = true, .weight = weight, .len = (uint8_t)text.len };

    if (text.len > MATCH_TERM_SIZE)
        return;
    memcpy(t.text, text.p, text.len);
    add_concepts(&t, m);
    add_term(q, &t);
}

static enum concept_class class_of(const struct meaning *m)
{
    return m ? (enum concept_class)m->class : CONCEPT_UNKNOWN;
}

struct han_word { size_t end; enum concept_class class; };     /* the known one, or unknown character, that was looked at last */

/* The known word that begins here, if one does. */
static void begin_han_word(struct match_question *q, str text, size_t at, struct han_word *h)
{
    uint32_t ch;
    size_t len = utf8_next(str_skip(text, at), &ch);
    const struct meaning *m = concepts_of_han(str_skip(text, at), &len);

    *h = (struct han_word){ at + len, class_of(m) };
    if (m && h->class != CONCEPT_FUNCTION)
        add_han(q, str_take(str_skip(text, at), len), m, h->class == CONCEPT_COMMON ? COMMON_WEIGHT : 1);
}

/* Two characters that are not both of the known word. */
static void add_pair(struct match_question *q, str text, const struct word *pair, size_t second, const struct han_word *h)
{
    size_t len;
    enum concept_class next = class_of(concepts_of_han(str_skip(text, second), &len));

    if (h->class != CONCEPT_FUNCTION && next != CONCEPT_FUNCTION)
        add_han(q, str_cut(text, pair->start, pair->end), NULL,
                h->class == CONCEPT_UNKNOWN && next == CONCEPT_UNKNOWN ? 1 : BORDER_WEIGHT);
}

static void on_han(struct match_question *q, str text, const struct word *word, struct han_word *h)
{
    uint32_t ch;
    size_t second = word->start + utf8_next(str_skip(text, word->start), &ch);

    if (word->start >= h->end)
        begin_han_word(q, text, word->start, h);
    if (word->end > second && word->end > h->end)
        add_pair(q, text, word, second, h);
}

enum which { TELLING_WORDS, ALL_WORDS };

static void on_word(struct match_question *q, str folded, enum which which)
{
    const struct meaning *m;
    bool inflected;
    struct match_term t = term_of(folded, &m, &inflected);
    bool says_nothing = text_is_stop_word(folded) || (class_of(m) == CONCEPT_FUNCTION && !inflected);     /* "will", not "wills" */

    if (says_nothing && which == TELLING_WORDS)
        return;
    if (class_of(m) == CONCEPT_COMMON)
        t.weight = COMMON_WEIGHT;
    add_term(q, &t);
}

static void prepare(str question, enum which which, struct match_question *out)
{
    struct words words = { .text = question };
    struct han_word han = { 0 };
    struct word word;

    out->n = 0;
    while (words_next(&words, &word)) {
        if (word.is_han)
            on_han(out, question, &word, &han);
        else
            on_word(out, word.folded, which);
    }
}

void match_prepare(str question, struct match_question *out)
{
    question = utf8_take(question, MATCH_TEXT_MAX);
    prepare(question, TELLING_WORDS, out);
    if (out->n == 0)
        prepare(question, ALL_WORDS, out);
}

/* ---- the text ---- */

/* One letter more, less, or another; or two that follow each other swapped. */
static bool one_letter_apart(str a, str b)
{
    str shorter = a.len < b.len ? a : b, longer = a.len < b.len ? b : a;
    size_t before = 0, after = 0;

    while (before < shorter.len && a.p[before] == b.p[before])
        before++;
    while (after < shorter.len - before && a.p[a.len - 1 - after] == b.p[b.len - 1 - after])
        after++;
    if (longer.len != shorter.len)
        return longer.len == shorter.len + 1 && before + after == shorter.len;
    return before + after + 1 >= a.len
        || (before + after + 2 == a.len && a.p[before] == b.p[before + 1] && a.p[before + 1] == b.p[before]);
}

static bool begin_alike(str a, str b)
{
    size_t n = 0, longer = a.len > b.len ? a.len : b.len;

    while (n < a.len && n < b.len && a.p[n] == b.p[n])
        n++;
    return n >= BEGINNING && n * 3 >= longer * 2;
}

static float like_by_letters(const struct match_term *a, const struct match_term *b)
{
    str x = text_of(a), y = text_of(b);

    if (a->is_number || b->is_number || a->len < FUZZY_FROM || b->len < FUZZY_FROM)
        return 0;
    if (__builtin_popcount(a->letters ^ b->letters) <= 2 && one_letter_apart(x, y))
        return MISSPELT;
    return str_find(y, x) != STR_NONE || str_find(x, y) != STR_NONE || begin_alike(x, y) ? PART_OF : 0;
}

static bool share_a_concept(const struct match_term *a, const struct match_term *b)
{
    for (size_t i = 0; i < a->n_concepts; i++)
        for (size_t k = 0; k < b->n_concepts; k++)
            if (a->concepts[i] == b->concepts[k])
                return true;
    return false;
}

static float like(const struct match_term *asked, const struct match_term *t)
{
    if (!asked->is_han && !t->is_han && asked->key == t->key)
        return 1;
    if (share_a_concept(asked, t))
        return SAME_MEANING;
    return asked->is_han || t->is_han ? 0 : like_by_letters(asked, t);
}

/* Chinese as it stands there, or some of its characters. */
static float like_by_characters(const struct match_term *asked, str text)
{
    size_t all = 0, found = 0, len;
    str rest = text_of(asked);
    uint32_t ch;

    if (str_find(text, rest) != STR_NONE)
        return 1;
    for (; (len = utf8_next(rest, &ch)) > 0; rest = str_skip(rest, len)) {
        found += str_find(text, str_take(rest, len)) != STR_NONE;
        all++;
    }
    return all > 1 ? SOME_CHARACTERS * (float)found / (float)all : 0;
}

static void weigh(const struct match_question *q, const struct match_term *t, float *shares)
{
    for (size_t i = 0; i < q->n; i++)
        if (shares[i] < 1) {
            float share = like(&q->terms[i], t);

            shares[i] = share > shares[i] ? share : shares[i];
        }
}

void match_text(const struct match_question *q, str text, float *ret_shares)
{
    struct words words = { .text = text = utf8_take(text, MATCH_TEXT_MAX) };
    struct word word;
    size_t han_end = 0;

    for (size_t i = 0; i < q->n; i++)
        ret_shares[i] = q->terms[i].is_han ? like_by_characters(&q->terms[i], text) : 0;
    while (words_next(&words, &word)) {
        struct match_term t = { .is_han = true };
        const struct meaning *m;
        bool inflected;

        if (!word.is_han) {
            t = term_of(word.folded, &m, &inflected);
        } else if (word.start >= han_end) {
            size_t len = 1;

            m = concepts_of_han(str_skip(text, word.start), &len);
            han_end = word.start + len;
            add_concepts(&t, m);
        }
        if (!word.is_han || t.n_concepts)
            weigh(q, &t, ret_shares);
    }
}
