// SPDX-License-Identifier: Apache-2.0
#include "memory/harvest.h"

#include <ctype.h>
#include <string.h>

#include "base/utf8.h"

enum where { AT_START, ANYWHERE, ASKED };

struct rule { const char *words; enum where where; enum item_kind kind; unsigned percent; };

static const struct rule rules[] = {
#define HARVEST(words, where, kind, percent) { words, where, ITEM_##kind, percent },
#include "memory/harvest.def"
#undef HARVEST
};

struct folded { char text[HARVEST_SENTENCE_MAX]; size_t from[HARVEST_SENTENCE_MAX + 1], len; };

/* Lower case, one space for many, ' for its curly sisters; and where in the sentence each byte comes from. */
static void fold(str s, struct folded *f)
{
    f->len = 0;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.p[i];
        size_t here = i;

        if (str_starts(str_skip(s, i), S("\u2019"))) {
            c = '\'';
            i += 2;
        } else if (isspace((unsigned char)c)) {
            c = ' ';
            while (i + 1 < s.len && isspace((unsigned char)s.p[i + 1]))
                i++;
        }
        f->from[f->len] = here;
        f->text[f->len++] = (char)tolower((unsigned char)c);
    }
    f->from[f->len] = s.len;
}

static bool is_word_byte(char c)
{
    return isalnum((unsigned char)c) || c == '\'' || c == '_';
}

/* English words have to be whole; Chinese has none that could be cut. */
static bool whole_words(const struct folded *f, size_t at, size_t len)
{
    bool starts = at == 0 || !is_word_byte(f->text[at]) || !is_word_byte(f->text[at - 1]);
    bool ends = at + len == f->len || !is_word_byte(f->text[at + len - 1]) || !is_word_byte(f->text[at + len]);

    return starts && ends;
}

/* Bytes behind the words; 0: they are not in it. */
static size_t after_words(const struct rule *r, const struct folded *f)
{
    size_t len = strlen(r->words);

    for (size_t at = 0; at + len <= f->len && (at == 0 || r->where == ANYWHERE); at++)
        if (memcmp(f->text + at, r->words, len) == 0 && whole_words(f, at, len))
            return at + len;
    return 0;
}

static bool starts_with_any(const struct folded *f, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (after_words(&(struct rule){ words[i], AT_START, ITEM_FACT, 0 }, f))
            return true;
    return false;
}

/* Nothing is said in it: it asks, supposes, or is somebody else's words. */
static bool says_nothing(str s, const struct folded *f)
{
    static const char *const openings[] = {
        "if ", "suppose", "imagine", "what if", "do you", "did you", "can you remember", "do i", "did i", "remember when", "remember how",
        "remember me", "> ", "\"", "如果", "假如", "假设", "要是", "你记得", "记得吗", "“", "「",
    };
    static const char *const endings[] = { "?", "？", "吗", "呢", "吗。", "呢。", "么" };

    for (size_t i = 0; i < N_ELEMENTS(endings); i++)
        if (str_ends(s, str_from(endings[i])))
            return true;
    return starts_with_any(f, openings, N_ELEMENTS(openings));
}

/* Between the request and what it is about stand a colon, a comma, "that". */
static str what_is_asked(str s)
{
    static const char *const between[] = { ":", "：", ",", "，", " ", "that ", "一下", "-" };
    bool more = true;

    while (more) {
        more = false;
        for (size_t i = 0; i < N_ELEMENTS(between); i++)
            more |= str_eat(&s, str_from(between[i]));
    }
    return s;
}

bool harvest_sentence(str sentence, struct harvest *out)
{
    str s = str_trim(sentence);
    struct folded f;

    if (s.len < HARVEST_SENTENCE_MIN || s.len > HARVEST_SENTENCE_MAX)
        return false;
    fold(s, &f);
    if (says_nothing(s, &f))
        return false;
    for (size_t i = 0; i < N_ELEMENTS(rules); i++) {
        size_t end = after_words(&rules[i], &f);
        str text = end && rules[i].where == ASKED ? what_is_asked(str_skip(s, f.from[end])) : s;

        if (end == 0)
            continue;
        *out = (struct harvest){ rules[i].kind, rules[i].percent / 100.0, text };
        return utf8_length(text) >= 2;
    }
    return false;
}
