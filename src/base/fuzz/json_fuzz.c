// SPDX-License-Identifier: Apache-2.0
/* What json_parse() accepts, it prints and reads back as the same value. */
#include <assert.h>

#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    CLEANUP(json_decrefp) json_t *j = NULL;
    CLEANUP(json_decrefp) json_t *again = NULL;
    CLEANUP(arena_freep) struct arena *a = arena_new();

    if (json_parse(str_of(data, n), &j))
        return 0;
    str text = json_print(a, j);

    assert(json_parse(text, &again) == OK);
    assert(json_equal(j, again));
    json_at(j, "a.0.b");
    return 0;
}
