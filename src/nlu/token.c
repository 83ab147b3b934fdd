// SPDX-License-Identifier: Apache-2.0
/* token.c: words and what they look like.  Typing errors and words run together keep most of their pieces of three to five letters,
 * figures are
 * all the same figure, and the numbers of features are hashes with a fixed start: the weights were trained on them. */
#include "nlu/token.h"

#include <assert.h>
#include <string.h>

#include "base/stem.h"
#include "base/utf8.h"
#include "nlu/lexicon.h"

enum {
    MARK_FIRST = 1, MARK_LAST, MARK_AFTER_STOP, MARK_ENTITY,        /* two for each kind of entity, its first token and those behind */
};
enum { KIND_WORD = 1, KIND_STEM, KIND_PAIR, KIND_PART, KIND_LETTERS, KIND_BONES, KIND_SHAPE };
enum { WORD_LETTERS_MAX = 24, PART_MIN = 3, PART_MAX = 5 };

static uint16_t feature(unsigned kind, str s)
{
    uint32_t h = 2166136261u ^ (kind * 0x9e3779b1u);

    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.p[i];

        h = (h ^ (c >= '0' && c <= '9' ? '0' : c)) * 16777619u;
    }
    h = (h ^ (h >> 15)) * 0x85ebca6bu;
    h ^= h >> 13;
    return (uint16_t)(TOKEN_MARKS + h % (TOKEN_FEATURES - TOKEN_MARKS));
}

/* Kinds of characters. */

enum letter { SKIPPED, STOP, SYMBOL, LETTER, FIGURE, ALONE };

static enum letter ascii_letter(uint32_t c)
{
    if (c >= '0' && c <= '9')
        return FIGURE;
    if ((c >= 'a' && c <= 'z') || c == '_')
        return LETTER;
    return c <= ' ' || c == 0x7f ? SKIPPED : strchr(",.!?;~", (int)c) ? STOP : SYMBOL;
}

static enum letter letter_of(uint32_t c)
{
    if (c < 0x80)
        return ascii_letter(c);
    if (c < 0x2000)
        return c < 0xc0 ? SKIPPED : LETTER;
    if (c >= 0x3000 && c < 0x3040)
        return STOP;
    return (c >= 0x2e80 && c < 0xe000) || (c >= 0xf900 && c < 0xfb00) || (c >= 0x20000 && c < 0x40000) ? ALONE : SKIPPED;
}

static bool is_han(uint32_t c)
{
    return (c >= 0x3400 && c < 0xa000) || (c >= 0xf900 && c < 0xfb00) || (c >= 0x20000 && c < 0x40000);
}

/* One walk over the text. */
struct walk {
    str text;
    const struct entities *entities;
    size_t next;                /* the first entity that begins at or behind the place */
    struct tokens *out;
    bool after_stop;
    uint16_t before;            /* what the word before is known by; 0: there is none */
    uint16_t words[LEXICON_LETTERS_MAX];    /* of the Han characters to come: bits of TOKEN_MARK_WORD */
    size_t longest_end;         /* of the word in hand */
};

static bool is_name(enum entity_type t)
{
    return t == ENTITY_CODE || t == ENTITY_URL || t == ENTITY_EMAIL || t == ENTITY_MENTION || t == ENTITY_PATH || t == ENTITY_GLOB ||
        t == ENTITY_HOST || t == ENTITY_SERVICE;
}

/* The end of the longest name that begins here, or 0. */
static size_t name_end(const struct walk *w, size_t at)
{
    size_t end = 0;

    for (size_t i = w->next; i < w->entities->n && w->entities->p[i].start <= at; i++)
        if (w->entities->p[i].start == at && is_name(w->entities->p[i].type) && w->entities->p[i].end > end)
            end = w->entities->p[i].end;
    return end <= w->text.len ? end : w->text.len;
}

static bool name_begins(const struct walk *w, size_t at)
{
    for (size_t i = w->next; i < w->entities->n && w->entities->p[i].start <= at; i++)
        if (w->entities->p[i].start == at && is_name(w->entities->p[i].type))
            return true;
    return false;
}

/* The first part makes room: their order means nothing. */
static void add_whole(struct tokens *t, struct token *k, uint16_t f)
{
    uint16_t *at = &t->features[k->first + k->n_whole];

    if (k->n_whole + k->n_parts == TOKEN_FEATURES_MAX)
        return;
    at[k->n_parts] = at[0];
    at[0] = f;
    k->n_whole++;
}

static void add_part(struct tokens *t, struct token *k, uint16_t f)
{
    if (k->n_whole + k->n_parts < TOKEN_FEATURES_MAX)
        t->features[k->first + k->n_whole + k->n_parts++] = f;
}

/* Marks: what the entities say of this place. */
static void add_marks(struct walk *w, struct token *k)
{
    uint64_t seen = 0;

    if (w->after_stop)
        add_whole(w->out, k, MARK_AFTER_STOP);
    for (size_t i = 0; i < w->entities->n && w->entities->p[i].start <= k->start; i++) {
        const struct entity *e = &w->entities->p[i];
        unsigned kind = e->type == ENTITY_WHEN ? ENTITY_TYPES + (unsigned)e->when.kind : (unsigned)e->type;
        unsigned mark = MARK_ENTITY + 2 * kind + (e->start < k->start);

        if (e->end >= k->end && mark < TOKEN_MARKS && !(seen >> mark & 1)) {
            add_whole(w->out, k, (uint16_t)mark);
            seen |= UINT64_C(1) << mark;
        }
    }
}

/* Pieces of three to five bytes of the word between marks of its ends. */
static void add_parts(struct tokens *t, struct token *k, str word)
{
    char ends[WORD_LETTERS_MAX + 2];
    size_t n = word.len < WORD_LETTERS_MAX ? word.len : WORD_LETTERS_MAX;

    if (n < 2)
        return;
    ends[0] = '<';
    memcpy(ends + 1, word.p, n);
    ends[n + 1] = '>';
    for (size_t len = PART_MIN; len <= PART_MAX; len++)
        for (size_t i = 0; i + len <= n + 2; i++)
            add_part(t, k, feature(KIND_PART, str_of(ends + i, len)));
}

/* What slips of the fingers leave as it was: which letters there are ("udpates", "diference"), and the consonants in their order
 * ("thnks"). */
static void add_outline(struct tokens *t, struct token *k, str word)
{
    char letters[26], bones[WORD_LETTERS_MAX];
    size_t n = 0, n_bones = 0;
    uint32_t seen = 0;

    for (size_t i = 0; i < word.len; i++) {
        char c = word.p[i];

        if (c < 'a' || c > 'z')
            return;
        seen |= 1u << (c - 'a');
        if (!strchr("aeiou", c) && !(n_bones && bones[n_bones - 1] == c))
            bones[n_bones++] = c;
    }
    for (char c = 'a'; c <= 'z'; c++)
        if (seen >> (c - 'a') & 1)
            letters[n++] = c;
    if (n >= 3)
        add_whole(t, k, feature(KIND_LETTERS, str_of(letters, n)));
    if (n_bones >= 2)
        add_whole(t, k, feature(KIND_BONES, str_of(bones, n_bones)));
}

/* What a name looks like that is no plain word: mon-1 is a-0, checkout-api is a-a, mysql_0501 is a_0. */
static void add_shape(struct tokens *t, struct token *k, str word)
{
    char shape[WORD_LETTERS_MAX];
    size_t n = 0;

    for (size_t i = 0; i < word.len && n < sizeof(shape); i++) {
        char c = word.p[i], s = c >= '0' && c <= '9' ? '0' : c == '-' || c == '_' || c == '.' ? c : 'a';

        if (!n || s != shape[n - 1])
            shape[n++] = s;
    }
    if (n > 1)
        add_whole(t, k, feature(KIND_SHAPE, str_of(shape, n)));
}

/* "whats" is "what's", "yesss" is "yess". */
static void add_word(struct tokens *t, struct token *k, str word)
{
    char plain[WORD_LETTERS_MAX];
    size_t n = 0;

    for (size_t i = 0; i < word.len && n < sizeof(plain); i++)
        if (word.p[i] != '\'' && !(i >= 2 && word.p[i] == word.p[i - 1] && word.p[i] == word.p[i - 2]))
            plain[n++] = word.p[i];
    add_whole(t, k, feature(KIND_WORD, str_of(plain, n)));
    add_parts(t, k, str_of(plain, n));
    add_outline(t, k, str_of(plain, n));
    add_shape(t, k, str_of(plain, n));
    add_whole(t, k, feature(KIND_STEM, str_of(plain, stem_english(plain, n))));
}

static size_t word_end(const struct walk *w, size_t at);

/* The words of a name are its parts; one that is a single word is that, too. */
static void add_name(struct walk *w, struct token *k)
{
    if (word_end(w, k->start) >= k->end && k->end - k->start <= WORD_LETTERS_MAX) {
        add_word(w->out, k, str_cut(w->text, k->start, k->end));
        return;
    }
    for (size_t at = k->start; at < k->end;) {
        size_t end = word_end(w, at);
        uint32_t c;

        utf8_next(str_skip(w->text, at), &c);
        if (letter_of(c) >= LETTER)
            add_part(w->out, k, feature(KIND_WORD, str_cut(w->text, at, end < k->end ? end : k->end)));
        at = end;
    }
}

/* A letter or figure that goes on a word; what joins two (web-1, node.js, what's) does when both are there. */
static size_t word_step(const struct walk *w, size_t at, enum letter before)
{
    uint32_t c, d;
    size_t n = utf8_next(str_skip(w->text, at), &c), m;
    enum letter l = n ? letter_of(c) : SKIPPED;

    if (l == LETTER || l == FIGURE)
        return before == FIGURE && l == LETTER && c != '_' ? 0 : n;
    if (!n || !strchr("-.'", (int)(c < 0x80 ? c : ' ')))
        return 0;
    m = utf8_next(str_skip(w->text, at + n), &d);
    l = m ? letter_of(d) : SKIPPED;
    return l == LETTER || l == FIGURE ? n : 0;
}

/* "20min" are two words, as "20 min" are; "web1" is one, "port8080" is two. */
static bool figures_begin(const struct walk *w, size_t at)
{
    size_t n = 0;

    while (at + n < w->text.len && w->text.p[at + n] >= '0' && w->text.p[at + n] <= '9')
        n++;
    return n >= 3 && at && w->text.p[at - 1] >= 'a' && w->text.p[at - 1] <= 'z';
}

/* Where the word that begins here ends: at least one character behind. */
static size_t word_end(const struct walk *w, size_t at)
{
    uint32_t c = 0;
    size_t n = utf8_next(str_skip(w->text, at), &c);
    enum letter l = n ? letter_of(c) : SKIPPED;

    at += n ? n : 1;
    if (l != LETTER && l != FIGURE)
        return at;
    while ((n = word_step(w, at, l)) && !name_begins(w, at) && !figures_begin(w, at)) {
        utf8_next(str_skip(w->text, at), &c);
        l = letter_of(c) == FIGURE ? FIGURE : LETTER;
        at += n;
    }
    return at;
}

/* Chinese words, which nothing divides: what is known of those that begin at or before this character. */

static size_t han_at(const struct walk *w, size_t at)
{
    uint32_t c;
    size_t n = utf8_next(str_skip(w->text, at), &c);

    return n && is_han(c) ? n : 0;
}

/* Bits for a word of that many characters from here on. */
static void note_word(struct walk *w, size_t letters)
{
    unsigned kind = letters < 4 ? (unsigned)letters - 2 : 2;

    w->words[0] |= (uint16_t)(1u << kind);
    for (size_t i = 1; i + 1 < letters; i++)
        w->words[i] |= (uint16_t)(1u << (3 + kind));
    w->words[letters - 1] |= (uint16_t)(1u << (6 + kind));
}

static void add_words(struct walk *w, struct token *k)
{
    size_t end = k->end, longest = k->end, n;

    for (size_t letters = 2; letters <= LEXICON_LETTERS_MAX && (n = han_at(w, end)); letters++) {
        end += n;
        if (lexicon_knows(str_cut(w->text, k->start, end))) {
            note_word(w, letters);
            longest = end;
        }
    }
    for (unsigned i = 0; i < 9; i++)
        if (w->words[0] >> i & 1)
            add_whole(w->out, k, (uint16_t)(TOKEN_MARK_WORD + i));
    memmove(w->words, w->words + 1, sizeof(w->words) - sizeof(w->words[0]));
    w->words[LEXICON_LETTERS_MAX - 1] = 0;
    if (k->start >= w->longest_end) {
        add_whole(w->out, k, TOKEN_MARK_CUT);
        w->longest_end = longest;
    }
}

/* A word with the one before it; Han characters have their pairs already. */
static void add_pair(struct walk *w, struct token *k)
{
    uint16_t pair[2] = { w->before, k->n_whole ? w->out->features[k->first + k->n_whole - 1] : 0 };

    if (pair[0] && pair[1] >= TOKEN_MARKS && !k->is_han)
        add_whole(w->out, k, feature(KIND_PAIR, str_of(pair, sizeof(pair))));
    w->before = pair[1];
}

static void add_token(struct walk *w, size_t start, size_t end, bool name, uint32_t c)
{
    struct tokens *t = w->out;
    struct token *k = &t->p[t->n++];
    size_t pair = utf8_next(str_skip(w->text, end), &(uint32_t){ 0 });

    *k = (struct token){ .start = (uint32_t)start, .end = (uint32_t)end, .first = (uint16_t)((t->n - 1) * TOKEN_FEATURES_MAX),
        .is_han = !name && is_han(c) };
    add_marks(w, k);
    if (k->is_han)
        add_words(w, k);
    else
        memset(w->words, 0, sizeof(w->words));
    if (t->n == 1)
        add_whole(t, k, MARK_FIRST);
    if (name) {
        add_name(w, k);
    } else if (letter_of(c) == LETTER || letter_of(c) == FIGURE) {
        add_word(t, k, str_cut(w->text, start, end));
    } else {
        add_whole(t, k, feature(KIND_WORD, str_cut(w->text, start, end)));
        if (k->is_han && pair)
            add_whole(t, k, feature(KIND_PAIR, str_cut(w->text, start, end + pair)));
    }
    w->after_stop = false;
    add_pair(w, k);
}

static_assert(MARK_ENTITY + 2 * (ENTITY_TYPES + (int)WHEN_REPEATS + 1) <= (int)TOKEN_MARK_WORD, "marks overlap");
static_assert((int)TOKEN_MARK_CUT < (int)TOKEN_MARKS, "marks are few");

void tokens_make(const struct normal *normal, const struct entities *entities, struct tokens *out)
{
    struct walk w = { .text = normal->text, .entities = entities, .out = out };
    uint32_t c;

    out->n = 0;
    out->too_long = false;
    for (size_t at = 0, end; at < w.text.len; at = end) {
        size_t n = utf8_next(str_skip(w.text, at), &c), name;

        while (w.next < entities->n && entities->p[w.next].start < at)
            w.next++;
        name = n ? name_end(&w, at) : 0;
        end = name > at ? name : word_end(&w, at);
        if (!n || (name <= at && letter_of(c) <= STOP)) {
            w.after_stop |= n && letter_of(c) == STOP;
            continue;
        }
        if (out->n == TOKENS_MAX) {
            out->too_long = true;
            break;
        }
        add_token(&w, at, end, name > at, c);
    }
    if (out->n)
        add_whole(out, &out->p[out->n - 1], MARK_LAST);
}
