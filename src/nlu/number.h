// SPDX-License-Identifier: Apache-2.0
/* number.h: numbers in figures and words, Chinese and English: 1,024, 3.5, -2, 二十, 两千三百, 三万五, 1.5万, 半, twenty-one, a dozen, half.
 *
 * Nothing in the middle of a word or number is one ("web1", 10.0.0.5), nor is what only looks so (一下, 十分). */
#pragma once
#include "base/str.h"

/* The number that begins at `start` of a normalised text, the longest; false: none does. */
bool number_read(str normal, size_t start, double *out, size_t *ret_end);

/* For readers of more (units, times), which look at what stands around it themselves. */

bool number_read_figures(str normal, size_t start, double *out, size_t *ret_end);   /* 1,024 or 3.5; no sign */
bool number_read_han(str normal, size_t start, double *out, size_t *ret_end);       /* 三百零五, 二〇二六, 两千三: whole, at most 10^16 */
bool number_read_words(str normal, size_t start, double *out, size_t *ret_end);     /* two hundred and five, half a dozen */
