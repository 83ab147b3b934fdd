// SPDX-License-Identifier: Apache-2.0
/* A calculation ends, has a finite result, and what is shown of it can be worked out again. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "nlu/arithmetic.h"
#include "nlu/normal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct arithmetic r, again;
    struct normal n;

    normal_make(a, str_of(data, size), &n);
    if (arithmetic_evaluate(n.text, ARITHMETIC_ENGLISH, &r))
        return 0;
    assert(isfinite(r.value) && r.text[0] && strlen(r.text) < sizeof r.text);
    assert(r.expression.p >= n.text.p && r.expression.p + r.expression.len <= n.text.p + n.text.len);
    assert(arithmetic_evaluate(str_from(r.text), ARITHMETIC_ENGLISH, &again) == OK);
    assert(fabsl(again.value - r.value) <= 1e-12L * fabsl(r.value) + 1e-30L);
    return 0;
}
