// SPDX-License-Identifier: Apache-2.0
/* unit.h: units of measure with their names in Chinese and English, and conversion between those of one kind.
 * The table is units.def. */
#pragma once
#include "base/str.h"

struct unit {
    const char *name;           /* "km" */
    const char *kind;           /* "length" */
    double      scale, offset;  /* the kind's base unit = value * scale + offset */
};

/* The unit whose name (km, kilometers, 公里, 华氏度, catty, 斤, ...) begins the normalised text, the longest; NULL: none.  Words end at word
 * ends. */
const struct unit *unit_read(str normal, size_t *ret_len);
const struct unit *unit_find(str name);         /* by `name` or any of its names, all of the text */
/* ERR_INPUT: they do not measure the same. */
enum err unit_convert(double value, const struct unit *from, const struct unit *to, double *out) MUST_USE;
