// SPDX-License-Identifier: Apache-2.0
#include "nlu/train/matrix.h"

#include <stdint.h>
#include <string.h>

/* The same operations in wider registers where the machine has them: what each element goes through does not change. */
#if defined(__x86_64__) && !defined(__clang__)
#define WIDER __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define WIDER
#endif

enum { LANES = 16, ROWS = 4 };
typedef float lanes __attribute__((vector_size(LANES * sizeof(float)), aligned(4), may_alias));

WIDER static void multiply_rows(size_t m, size_t k, struct view a, const float *b, size_t b_row, float *c, size_t c_row, bool add)
{
    size_t i = 0;

    for (; i + ROWS <= m; i += ROWS) {
        lanes sum[ROWS] = { 0 };
        const float *x = a.p + i * a.row;

        for (size_t p = 0; p < k; p++) {
            lanes y = *(const lanes *)(b + p * b_row);

            for (size_t r = 0; r < ROWS; r++)
                sum[r] += x[r * a.row + p * a.step] * y;
        }
        for (size_t r = 0; r < ROWS; r++) {
            lanes *to = (lanes *)(c + (i + r) * c_row);

            if (add)
                sum[r] += *to;
            *to = sum[r];
        }
    }
    for (; i < m; i++) {
        lanes sum = { 0 }, *to = (lanes *)(c + i * c_row);

        for (size_t p = 0; p < k; p++)
            sum += a.p[i * a.row + p * a.step] * *(const lanes *)(b + p * b_row);
        if (add)
            sum += *to;
        *to = sum;
    }
}

void matrix_multiply(size_t m, size_t n, size_t k, struct view a, const float *b, size_t b_row, float *c, size_t c_row, bool add)
{
    for (size_t j = 0; j < n; j += LANES)
        multiply_rows(m, k, a, b + j, b_row, c + j, c_row, add);
}

void matrix_transpose(size_t rows, size_t columns, const float *a, float *out)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++)
            out[j * rows + i] = a[i * columns + j];
}

static float power_of_two(int n)
{
    uint32_t bits = (uint32_t)(n + 127) << 23;
    float f;

    memcpy(&f, &bits, sizeof(f));
    return f;
}

/* x = n log 2 + r, |r| <= log(2)/2; the Taylor series of exp(r). */
float math_exp(float x)
{
    float n, r, sum = 1.0f / 5040;
    int whole;

    if (x < -80)
        return 0;
    x = x > 80 ? 80 : x;
    n = x * 1.44269504f;
    whole = (int)(n < 0 ? n - 0.5f : n + 0.5f);
    r = x - (float)whole * 0.693359375f + (float)whole * 2.12194440e-4f;
    sum = sum * r + 1.0f / 720;
    sum = sum * r + 1.0f / 120;
    sum = sum * r + 1.0f / 24;
    sum = sum * r + 1.0f / 6;
    sum = sum * r + 0.5f;
    sum = sum * r + 1.0f;
    sum = sum * r + 1.0f;
    return sum * power_of_two(whole);
}

/* x = m 2^n, m in [0.7, 1.4]; log m = 2 atanh((m - 1) / (m + 1)). */
float math_log(float x)
{
    uint32_t bits;
    int n;
    float m, z, z2;

    memcpy(&bits, &x, sizeof(bits));
    n = (int)(bits >> 23) - 127;
    bits = (bits & 0x7fffff) | 0x3f800000;
    memcpy(&m, &bits, sizeof(m));
    if (m > 1.41421356f) {
        m *= 0.5f;
        n++;
    }
    z = (m - 1) / (m + 1);
    z2 = z * z;
    return 2 * z * (1 + z2 * (1.0f / 3 + z2 * (1.0f / 5 + z2 * (1.0f / 7 + z2 * (1.0f / 9))))) + (float)n * 0.693147181f;
}

WIDER void adam_step(const struct adam *a, size_t n, float *w, float *g, float *m, float *v)
{
    float rate = a->rate, keep = 1 - a->decay, epsilon = a->epsilon;

    for (size_t i = 0; i < n; i++) {
        m[i] = 0.9f * m[i] + 0.1f * g[i];
        v[i] = 0.999f * v[i] + 0.001f * g[i] * g[i];
        w[i] = w[i] * keep - rate * m[i] / (__builtin_sqrtf(v[i]) + epsilon);
        g[i] = 0;
    }
}
