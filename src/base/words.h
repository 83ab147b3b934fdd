// SPDX-License-Identifier: Apache-2.0
/* words.h: a text as words: folded (case, width, diacritics; Unicode 15, UAX #15 NFKD) words of letters and digits; of Chinese, Japanese
 * and Korean, which put no space between words, every two characters that follow each other ("bigrams").  The last character of such a
 * run is a word by itself too, so that every occurrence of one character begins a word.
 *
 * As they are indexed, English endings are taken off too (base/stem.h), "'s" is passed over, and what is joined by . - _ @ : or by a
 * change of case (10.0.0.5, api-server, bob@example.com, getUserName) is a word as a whole, and then each of its parts is; the whole is
 * without - and _, so that api-server, api_server and ApiServer are the same.  No I/O, no allocation; bad UTF-8 separates words. */
#pragma once
#include "base/str.h"

enum { WORD_MAX = 64 };         /* bytes of a folded word; what is longer is cut, and no whole is */

struct words {
    str    text;                /* in */
    bool   indexed;             /* in: as they are indexed */
    size_t at;                  /* private from here */
    size_t parts_end;           /* up to here parts of a whole that was given */
    char   folded[WORD_MAX + 8];
};

struct word {
    str    folded;              /* lives until the next call */
    size_t start, end;          /* bytes of the text that it is made of */
    bool   is_han;
    bool   is_whole;            /* the words that follow, up to its end, are its parts */
};

/* struct words w = { .text = s, .indexed = true };  false: there are no more. */
bool words_next(struct words *, struct word *out);
