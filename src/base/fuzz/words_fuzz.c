// SPDX-License-Identifier: Apache-2.0
/* Words come in order and from inside the text, are valid UTF-8, and are the same where the text ends with a blank and goes on. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "base/words.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_word(const struct word *w, size_t len, size_t *start)
{
    assert(w->start >= *start && w->start < w->end && w->end <= len);
    assert(w->folded.len > 0 && w->folded.len <= WORD_MAX && utf8_valid(w->folded));
    *start = w->start;
}

/* The text twice, with a blank between: twice the same words. */
static void check_twice(str text, bool indexed)
{
    char *both = malloc(2 * text.len + 1);

    memcpy(both, text.p, text.len);
    both[text.len] = ' ';
    memcpy(both + text.len + 1, text.p, text.len);
    struct words once = { .text = text, .indexed = indexed }, twice = { .text = str_of(both, 2 * text.len + 1), .indexed = indexed };
    struct word a, b;

    for (int i = 0; i < 2; i++) {
        once.at = once.parts_end = 0;
        while (words_next(&once, &a)) {
            assert(words_next(&twice, &b));
            assert(str_eq(a.folded, b.folded) && a.is_han == b.is_han && a.is_whole == b.is_whole);
        }
    }
    assert(!words_next(&twice, &b));
    free(both);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (int indexed = 0; indexed < 2; indexed++) {
        struct words w = { .text = str_of(data, size), .indexed = indexed };
        struct word word;
        size_t start = 0;

        while (words_next(&w, &word))
            check_word(&word, size, &start);
        check_twice(str_of(data, size), indexed);
    }
    return 0;
}
