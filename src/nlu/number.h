// SPDX-License-Identifier: Apache-2.0
/* number.h: numbers in figures and words, Chinese and English: 1,024, 3.5, -2, 二十, 两千三百, 三万五, 1.5万, 半, twenty-one, a dozen, half. */
#pragma once
#include "base/str.h"

/* The number that begins at `start` of a normalised text, the longest; false: none does. */
bool number_read(str normal, size_t start, double *out, size_t *ret_end);
