// SPDX-License-Identifier: Apache-2.0
/* normal.h: a text as the engine compares it, and the way back to what was written.
 *
 * Full width becomes half width, traditional characters simplified (one by one), letters lower case; Chinese punctuation becomes
 * its ASCII twin where there is one, 。 with a space behind it, so that no name seems to go on; spaces of any kind and width become one
 * space, and none at the ends; what does not show (variation selectors, joiners, BOM, directional marks, control characters) and bad UTF-8
 * are dropped.  Nothing else changes: 日, é and emoji stay.  Pure; any bytes may come in; what is normalised stays as it is. */
#pragma once
#include "base/arena.h"

enum { NORMAL_MAX = 64 << 20 };     /* bytes of a text that are looked at */

struct normal {
    str original;
    str text;                   /* normalised; NUL-terminated, may hold no other NUL */
    const uint32_t *origin;     /* of each byte of `text`: where in `original` the character that it came from begins; and of the end */
};

/* All of it in the arena but `original`. */
void normal_make(struct arena *, str original, struct normal *out);
/* What was written where `text` has bytes start to end; without spaces at its ends. */
str  normal_original(const struct normal *, size_t start, size_t end);
/* The same as it is to be used: of `original` the letter case and the characters, but half width, and without what does not show. */
str  normal_written(struct arena *, const struct normal *, size_t start, size_t end);
