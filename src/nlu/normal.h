// SPDX-License-Identifier: Apache-2.0
/* normal.h: a text as the engine compares it, and the way back to what was written.
 *
 * Full width becomes half width, traditional characters simplified (one by one), letters lower case; Chinese punctuation becomes
 * its ASCII twin where there is one; spaces of any kind and width become one space; what does not show (variation selectors, joiners, BOM,
 * directional marks) and bad UTF-8 are dropped.  Nothing else changes: 日, é and emoji stay.  Pure; any bytes may come in. */
#pragma once
#include "base/arena.h"

struct normal {
    str original;
    str text;                   /* normalised; NUL-terminated, may hold no other NUL */
    const uint32_t *origin;     /* of each byte of `text`: the offset in `original` of the character that it came from; one more at the end */
};

/* All of it in the arena but `original`. */
void normal_make(struct arena *, str original, struct normal *out);
/* What was written where `text` has bytes start to end; without spaces at its ends. */
str  normal_original(const struct normal *, size_t start, size_t end);
