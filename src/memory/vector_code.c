// SPDX-License-Identifier: Apache-2.0
/* vector_code.c: a vector of length 1 as int8: each value is its share of the largest, in 127ths. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "memory/vectors_internal.h"

static void *aligned(size_t bytes)
{
    void *p = aligned_alloc(KERNEL_ALIGN, bytes);

    if (p == NULL)
        mem_die("out of memory");
    return memset(p, 0, bytes);
}

struct vector_code vector_code_new(const struct vector_files *f)
{
    return (struct vector_code){ .floats = aligned(f->width * sizeof(float)), .codes = aligned(f->length) };
}

void vector_code_done(struct vector_code *c)
{
    free(c->floats);
    free(c->codes);
}

/* In double: the square of a float does not overflow there, nor vanish. */
static enum err length_of(const float *values, size_t n, double *ret_length)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++) {
        if (!isfinite(values[i]))
            return failed(ERR_INPUT, "value %zu of a vector is no number (%s)", i, isnan(values[i]) ? "NaN" : "infinite");
        sum += (double)values[i] * (double)values[i];
    }
    if (sum == 0)
        return failed(ERR_INPUT, "a vector of nothing but zeros has no direction");
    *ret_length = sqrt(sum);
    return OK;
}

static void quantise(struct vector_code *c, size_t n)
{
    float most = 0;
    int32_t sum = 0;

    for (size_t i = 0; i < n; i++)
        most = fabsf(c->floats[i]) > most ? fabsf(c->floats[i]) : most;
    for (size_t i = 0; i < n; i++) {
        float x = c->floats[i] * (127 / most);

        c->codes[i] = (int8_t)(x + (x < 0 ? -0.5F : 0.5F));
        sum += c->codes[i];
    }
    c->scale = most / 127;
    c->offset = (int32_t)(128 * (uint32_t)sum);
}

enum err vector_code_make(const struct vector_files *f, const float *values, size_t n, struct vector_code *out)
{
    double length;

    if (n != f->dimension)
        return failed(ERR_INPUT, "a vector of %zu dimensions; this index has %zu", n, f->dimension);
    TRY(length_of(values, n, &length));
    for (size_t i = 0; i < n; i++)
        out->floats[i] = (float)((double)values[i] / length);
    quantise(out, n);
    return OK;
}

void vector_code_store(const struct vector_files *f, const struct vector_code *c, size_t row)
{
    uint8_t *codes = codes_at(f, row);

    for (size_t i = 0; i < f->length; i++)
        codes[i] = (uint8_t)(c->codes[i] + 128);
    memcpy(floats_at(f, row), c->floats, f->width * sizeof(float));
    block_at(f, row / BLOCK_ROWS)->scales[row % BLOCK_ROWS] = c->scale;
}
