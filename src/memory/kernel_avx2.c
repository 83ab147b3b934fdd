// SPDX-License-Identifier: Apache-2.0
/* kernel_avx2.c: AVX2.  Its multiplication of unsigned by signed bytes saturates (255 * 127 * 2 is over 16 bits), so both are
 * widened to 16 bits first; memory is the bound all the same. */
#include "memory/kernel.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define AVX2 __attribute__((target("avx2,fma")))

enum { ROWS_AHEAD = 8 };

extern const struct kernel kernel_avx2;

static bool usable(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

AVX2 static inline __m256i multiply(__m256i sum, const uint8_t *row, const int8_t *query)
{
    __m256i a = _mm256_cvtepu8_epi16(_mm_load_si128((const __m128i *)row));
    __m256i b = _mm256_cvtepi8_epi16(_mm_load_si128((const __m128i *)query));

    return _mm256_add_epi32(sum, _mm256_madd_epi16(a, b));
}

AVX2 static inline int32_t add_up(__m256i v)
{
    __m128i sum = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));

    sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, _MM_SHUFFLE(1, 0, 3, 2)));
    sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, _MM_SHUFFLE(2, 3, 0, 1)));
    return _mm_cvtsi128_si32(sum);
}

AVX2 static inline int32_t dot(const int8_t *query, const uint8_t *row, const uint8_t *ahead, size_t length)
{
    __m256i even = _mm256_setzero_si256(), odd = even;

    for (size_t j = 0; j < length; j += 64) {
        _mm_prefetch((const char *)ahead + j, _MM_HINT_T0);
        even = multiply(even, row + j, query + j);
        odd = multiply(odd, row + j + 16, query + j + 16);
        even = multiply(even, row + j + 32, query + j + 32);
        odd = multiply(odd, row + j + 48, query + j + 48);
    }
    return add_up(_mm256_add_epi32(even, odd));
}

AVX2 static void dots(const int8_t *query, const uint8_t *rows, size_t length, size_t n, int32_t *out)
{
    for (size_t i = 0; i < n; i++, rows += length)
        out[i] = dot(query, rows, rows + ROWS_AHEAD * length, length);
}

AVX2 static void dots_at(const int8_t *query, const uint8_t *rows, size_t length, const uint32_t *at, size_t n, int32_t *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = dot(query, rows + at[i] * length, rows + at[i + 4 < n ? i + 4 : n - 1] * length, length);
}

AVX2 static float dot_float(const float *a, const float *b, size_t n)
{
    __m256 even = _mm256_setzero_ps(), odd = even;

    for (size_t j = 0; j < n; j += 16) {
        even = _mm256_fmadd_ps(_mm256_loadu_ps(a + j), _mm256_loadu_ps(b + j), even);
        odd = _mm256_fmadd_ps(_mm256_loadu_ps(a + j + 8), _mm256_loadu_ps(b + j + 8), odd);
    }
    even = _mm256_add_ps(even, odd);
    __m128 sum = _mm_add_ps(_mm256_castps256_ps128(even), _mm256_extractf128_ps(even, 1));

    sum = _mm_add_ps(sum, _mm_movehl_ps(sum, sum));
    return _mm_cvtss_f32(_mm_add_ss(sum, _mm_shuffle_ps(sum, sum, 1)));
}

const struct kernel kernel_avx2 = { "avx2", usable, dots, dots_at, dot_float };
#endif
