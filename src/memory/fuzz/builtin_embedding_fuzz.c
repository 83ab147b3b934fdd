// SPDX-License-Identifier: Apache-2.0
/* Any bytes, any dimension (the first two bytes): a vector of finite numbers and of length 1, the same the second time. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "memory/builtin_embedding.h"

enum { MOST = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static float first[MOST], second[MOST];
    double sum = 0;

    if (n < 2)
        return 0;
    size_t dimension = 1 + ((size_t)p[0] << 8 | p[1]) % MOST;
    str text = str_of(p + 2, n - 2);

    builtin_embed(text, dimension, first);
    builtin_embed(text, dimension, second);
    for (size_t i = 0; i < dimension; i++) {
        assert(isfinite(first[i]));
        sum += (double)first[i] * (double)first[i];
    }
    assert(fabs(sum - 1) < 1e-4);
    assert(memcmp(first, second, dimension * sizeof *first) == 0);
    return 0;
}
