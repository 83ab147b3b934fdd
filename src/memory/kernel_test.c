// SPDX-License-Identifier: Apache-2.0
#include "memory/kernel.h"

#include "base/test.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"

enum { ROWS = 11 };

struct data { int8_t *query; uint8_t *rows; float *a, *b; };

static void data_done(struct data *d)
{
    free(d->query);
    free(d->rows);
    free(d->a);
    free(d->b);
}

static uint32_t next(uint32_t *seed)
{
    return *seed = *seed * 1664525 + 1013904223;
}

/* extreme: all at the ends of what they can be, where sums overflow first. */
static struct data data_new(size_t length, bool extreme)
{
    struct data d = { aligned_alloc(64, length), aligned_alloc(64, ROWS * length), mem_alloc(length * 4), mem_alloc(length * 4) };
    uint32_t seed = (uint32_t)length;

    for (size_t i = 0; i < length; i++) {
        d.query[i] = extreme ? (i % 3 ? 127 : -127) : (int8_t)(next(&seed) >> 24);
        d.a[i] = (float)(next(&seed) >> 8) / (1 << 24) - 0.5F;
        d.b[i] = (float)(next(&seed) >> 8) / (1 << 24) - 0.5F;
    }
    for (size_t i = 0; i < ROWS * length; i++)
        d.rows[i] = extreme ? (i / length % 2 ? 255 : 1) : (uint8_t)(next(&seed) >> 24);
    return d;
}

static void check_kernel(const struct kernel *k, const struct kernel *plain, size_t length, bool extreme)
{
    static const uint32_t at[ROWS] = { 3, 0, 10, 10, 7, 1, 2, 9, 4, 5, 6 };
    CLEANUP(data_done) struct data d = data_new(length, extreme);
    int32_t want[ROWS], got[ROWS];

    plain->dots(d.query, d.rows, length, ROWS, want);
    for (size_t n = 0; n <= ROWS; n++) {
        memset(got, 0x55, sizeof got);
        k->dots(d.query, d.rows, length, n, got);
        CHECK(memcmp(got, want, n * sizeof *got) == 0);
        CHECK(n == ROWS || got[n] == 0x55555555);
    }
    k->dots_at(d.query, d.rows, length, at, ROWS, got);
    for (size_t i = 0; i < ROWS; i++)
        CHECK_INT(got[i], want[at[i]]);
    float sum = k->dot_float(d.a, d.b, length), plain_sum = plain->dot_float(d.a, d.b, length);

    CHECK(fabsf(sum - plain_sum) <= 1e-5F * (float)length);
}

TEST(all_kernels_that_run_here_agree_with_plain_c)
{
    static const size_t lengths[] = { 64, 128, 192, 256, 320, 384, 512, 768, 832, 1024, 1536, 3072, 4096, 100032 };
    size_t n = 0;

    while (kernels[n + 1])
        n++;
    for (size_t k = 0; k < n; k++)
        for (size_t i = 0; kernels[k]->usable() && i < N_ELEMENTS(lengths); i++) {
            check_kernel(kernels[k], kernels[n], lengths[i], false);
            check_kernel(kernels[k], kernels[n], lengths[i], true);
        }
    CHECK(kernel_best()->usable());
}

TEST(plain_c_gives_the_sum_of_the_products)
{
    static _Alignas(64) const int8_t query[64] = { 1, -2, 127, -127 };
    static _Alignas(64) const uint8_t rows[128] = { [0] = 5, 6, 255, 255, [64] = 1, 0, 0, 2 };
    size_t n = 0;
    int32_t got[2];

    while (kernels[n + 1])
        n++;
    kernels[n]->dots(query, rows, 64, 2, got);
    CHECK_INT(got[0], 5 - 12);
    CHECK_INT(got[1], 1 - 254);
}
