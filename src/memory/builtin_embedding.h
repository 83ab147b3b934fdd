// SPDX-License-Identifier: Apache-2.0
/* builtin_embedding.h: a vector for a text without any model: words, stems, pieces of words, Chinese characters in twos, and concepts
 * (concepts.h), hashed with signs into as many dimensions as are wanted (Weinberger et al. 2009, "Feature Hashing for Large Scale
 * Multitask Learning").  It knows related wording and the other language as far as its list of words goes; it does not understand.
 * The same text has the same vector, bit for bit, on every machine.  Any thread; allocates nothing once the list is read (first call). */
#pragma once
#include "base/str.h"

/* Stored beside its vectors.  Whatever changes them, a line of concepts.txt included, raises the number. */
#define BUILTIN_EMBEDDING "builtin-1"

enum { BUILTIN_EMBEDDING_TEXT_MAX = 1 << 20 };      /* of a longer text the rest is not looked at */

/* out: dimension (1 to 2^20) floats, of length 1.  A text without words is the first axis.  Bad UTF-8 separates words. */
void builtin_embed(str text, size_t dimension, float *out);
