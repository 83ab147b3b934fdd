// SPDX-License-Identifier: Apache-2.0
/* kernel_scalar.c: plain C, for any processor; what the others are compared with. */
#include "memory/kernel.h"

extern const struct kernel kernel_scalar;

static bool always(void)
{
    return true;
}

static int32_t dot(const int8_t *query, const uint8_t *row, size_t length)
{
    uint32_t sum = 0;

    for (size_t j = 0; j < length; j++)
        sum += (uint32_t)(row[j] * query[j]);
    return (int32_t)sum;
}

static void dots(const int8_t *query, const uint8_t *rows, size_t length, size_t n, int32_t *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = dot(query, rows + i * length, length);
}

static void dots_at(const int8_t *query, const uint8_t *rows, size_t length, const uint32_t *at, size_t n, int32_t *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = dot(query, rows + at[i] * length, length);
}

static float dot_float(const float *a, const float *b, size_t n)
{
    float sum = 0;

    for (size_t j = 0; j < n; j++)
        sum += a[j] * b[j];
    return sum;
}

const struct kernel kernel_scalar = { "scalar", always, dots, dots_at, dot_float };
