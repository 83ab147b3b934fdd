// SPDX-License-Identifier: Apache-2.0
/* kernel.h: the inner loops of the vector index, one set for each kind of processor, chosen when the program runs.
 *
 * A stored row is unsigned: each of its values has 128 added, so that the instructions which multiply unsigned by signed bytes
 * (vpdpbusd) fit without a change of the row; whoever calls takes 128 times the sum of the query off again.  Sums are modulo
 * 2^32, which is exact for what an int32 can hold after that: up to 130,000 dimensions.  All sets give the same integers. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { KERNEL_ALIGN = 64 };     /* rows and queries begin at, and have a length that is, a multiple of so many bytes */

struct kernel {
    const char *name;
    bool      (*usable)(void);      /* by this processor */
    /* out[i] = the sum of rows[i * length + j] * query[j] over j < length, for n rows that follow each other. */
    void      (*dots)(const int8_t *query, const uint8_t *rows, size_t length, size_t n, int32_t *out);
    /* The same for rows anywhere: row at[i] begins at rows + at[i] * length. */
    void      (*dots_at)(const int8_t *query, const uint8_t *rows, size_t length, const uint32_t *at, size_t n, int32_t *out);
    float     (*dot_float)(const float *, const float *, size_t n);     /* n is a multiple of 16 */
};

/* The best first; ends with the scalar one, then NULL.  All are built for this kind of machine, not all are usable. */
extern const struct kernel *const kernels[];
const struct kernel *kernel_best(void);
