// SPDX-License-Identifier: Apache-2.0
/* A normalised text is valid UTF-8 without NUL, leads back to what was written, and stays as it is when it is normalised again. */
#include <assert.h>
#include <string.h>

#include "base/utf8.h"
#include "nlu/normal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_origin(const struct normal *n)
{
    assert(n->origin[n->text.len] <= n->original.len);
    for (size_t i = 0; i < n->text.len; i++)
        assert(n->origin[i] <= n->origin[i + 1] && n->origin[i] <= n->original.len);
}

/* What lies behind any part of it is a part of the original, and normalised is no more than that part. */
static void check_parts(struct arena *a, const struct normal *n)
{
    for (size_t i = 0; i < n->text.len; i += 7)
        for (size_t k = i; k <= n->text.len && k < i + 40; k += 3) {
            str written = normal_original(n, i, k);

            assert(written.p >= n->original.p && written.p + written.len <= n->original.p + n->original.len);
            assert(utf8_valid(normal_written(a, n, i, k)));
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new();
    struct normal once, twice;

    normal_make(a, str_of(data, size), &once);
    assert(utf8_valid(once.text) && once.text.p[once.text.len] == 0 && strlen(once.text.p) == once.text.len);
    check_origin(&once);
    normal_make(a, once.text, &twice);
    assert(str_eq(once.text, twice.text));
    if (size < 2000)
        check_parts(a, &once);
    arena_free(a);
    return 0;
}
