// SPDX-License-Identifier: Apache-2.0
/* scan.h: looking at a normalised text at a place.  All of it may be asked beyond the text's end. */
#pragma once
#include "base/str.h"

struct word { const char *text; int value; };

static inline char scan_char(str s, size_t at) { return at < s.len ? s.p[at] : '\0'; }
static inline bool is_figure(char c) { return c >= '0' && c <= '9'; }
static inline bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/* Where `text` ends, that begins at `at`; 0: it does not stand there.  scan_word(): also not, if it is the beginning of a longer word of
 * Latin letters. */
static inline size_t scan_text(str s, size_t at, const char *text)
{
    while (at < s.len && *text && s.p[at] == *text) {
        at++;
        text++;
    }
    return *text ? 0 : at;
}

static inline size_t scan_word(str s, size_t at, const char *word)
{
    size_t end = scan_text(s, at, word);

    return end && is_letter(s.p[end - 1]) && is_letter(scan_char(s, end)) ? 0 : end;
}

/* The longest of a table; its value. */
size_t scan_words(str s, size_t at, const struct word *, size_t n, int *ret_value);
#define SCAN_WORDS(s, at, table, ret_value) scan_words(s, at, table, N_ELEMENTS(table), ret_value)
static inline size_t scan_space(str s, size_t at) { return scan_char(s, at) == ' ' ? at + 1 : at; }
/* A comma and a space, each if it is there; scan_skip(): the word, and a space. */
static inline size_t scan_gap(str s, size_t at) { return scan_space(s, scan_char(s, at) == ',' ? at + 1 : at); }
size_t scan_skip(str s, size_t at, const char *word);
/* False inside of a word or number. */
bool   scan_begins(str s, size_t at);
