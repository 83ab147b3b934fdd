// SPDX-License-Identifier: Apache-2.0
/* found.h: what a statement of the memory's full text answers in place of rows, which would be a hundred thousand: the best of them,
 * and how many have each word asked for.  A blob in the byte order of the machine; it never leaves the process. */
#pragma once
#include <stdint.h>

#include "base/str.h"

enum { FOUND_WORDS_MAX = 62 };

struct found_row { int64_t id; uint64_t words; };       /* bit i: it has the i-th word of the query */
struct found {
    uint32_t         scanned;                           /* rows that have any */
    uint32_t         with[FOUND_WORDS_MAX];             /* how many of them have the word */
    uint32_t         n;
    struct found_row rows[];                            /* best first */
};

/* NULL unless it is one. */
const struct found *found_of(str blob);
