// SPDX-License-Identifier: Apache-2.0
/* kernel_neon.c: Advanced SIMD, which every aarch64 has.  It multiplies signed by signed: the 128 is taken off the row on the
 * way and given back as 128 times the sum of the query, so that the outcome is that of the others. */
#include "memory/kernel.h"

#if defined(__aarch64__)
#include <arm_neon.h>

enum { ROWS_AHEAD = 8 };

extern const struct kernel kernel_neon;

static bool always(void)
{
    return true;
}

static inline int32x4_t multiply(int32x4_t sum, const uint8_t *row, const int8_t *query)
{
    int8x16_t a = vreinterpretq_s8_u8(veorq_u8(vld1q_u8(row), vdupq_n_u8(0x80))), b = vld1q_s8(query);

    sum = vpadalq_s16(sum, vmull_s8(vget_low_s8(a), vget_low_s8(b)));
    return vpadalq_s16(sum, vmull_high_s8(a, b));
}

static uint32_t offset_of(const int8_t *query, size_t length)
{
    int32x4_t sum = vdupq_n_s32(0);

    for (size_t j = 0; j < length; j += 16)
        sum = vpadalq_s16(sum, vpaddlq_s8(vld1q_s8(query + j)));
    return 128 * (uint32_t)vaddvq_s32(sum);
}

static inline uint32_t dot(const int8_t *query, const uint8_t *row, const uint8_t *ahead, size_t length)
{
    int32x4_t even = vdupq_n_s32(0), odd = even;

    for (size_t j = 0; j < length; j += 64) {
        __builtin_prefetch(ahead + j);
        even = multiply(even, row + j, query + j);
        odd = multiply(odd, row + j + 16, query + j + 16);
        even = multiply(even, row + j + 32, query + j + 32);
        odd = multiply(odd, row + j + 48, query + j + 48);
    }
    return (uint32_t)vaddvq_s32(vaddq_s32(even, odd));
}

static void dots(const int8_t *query, const uint8_t *rows, size_t length, size_t n, int32_t *out)
{
    uint32_t offset = offset_of(query, length);

    for (size_t i = 0; i < n; i++, rows += length)
        out[i] = (int32_t)(dot(query, rows, rows + ROWS_AHEAD * length, length) + offset);
}

static void dots_at(const int8_t *query, const uint8_t *rows, size_t length, const uint32_t *at, size_t n, int32_t *out)
{
    uint32_t offset = offset_of(query, length);

    for (size_t i = 0; i < n; i++)
        out[i] = (int32_t)(dot(query, rows + at[i] * length, rows + at[i + 4 < n ? i + 4 : n - 1] * length, length) + offset);
}

static float dot_float(const float *a, const float *b, size_t n)
{
    float32x4_t even = vdupq_n_f32(0), odd = even;

    for (size_t j = 0; j < n; j += 16) {
        even = vfmaq_f32(even, vld1q_f32(a + j), vld1q_f32(b + j));
        odd = vfmaq_f32(odd, vld1q_f32(a + j + 4), vld1q_f32(b + j + 4));
        even = vfmaq_f32(even, vld1q_f32(a + j + 8), vld1q_f32(b + j + 8));
        odd = vfmaq_f32(odd, vld1q_f32(a + j + 12), vld1q_f32(b + j + 12));
    }
    return vaddvq_f32(vaddq_f32(even, odd));
}

const struct kernel kernel_neon = { "neon", always, dots, dots_at, dot_float };
#endif
