// SPDX-License-Identifier: Apache-2.0
/* matrix.h: the arithmetic of training.  Each sum is taken in one fixed order, nothing is contracted, and exp and log are our own: the
 * same bits on
 * every machine and by every compiler that keeps IEEE 754. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* A matrix that may be looked at transposed: element (i, k) is p[i * row + k * step]. */
struct view { const float *p; size_t row, step; };

/* c (m x n) = or += a (m x k) b (k x n).  n is a multiple of 16; rows of b and c are contiguous. */
void matrix_multiply(size_t m, size_t n, size_t k, struct view a, const float *b, size_t b_row, float *c, size_t c_row, bool add);
void matrix_transpose(size_t rows, size_t columns, const float *a, float *out);
float math_exp(float);
float math_log(float);          /* of a positive normal number */

/* Adam (Kingma and Ba 2015) with decoupled decay; `rate` holds the correction of its bias. */
struct adam { float rate, decay, epsilon; };
void adam_step(const struct adam *, size_t n, float *w, float *g, float *m, float *v);      /* g is zero afterwards */
