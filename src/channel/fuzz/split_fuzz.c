// SPDX-License-Identifier: Apache-2.0
/* Whatever the source, splitting ends, and every piece fits. The first two bytes choose markup, unit and limit. */
#include <assert.h>

#include "base/utf8.h"
#include "channel/split.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    enum markup markup = size ? data[0] % (MARKUP_IRC + 1) : MARKUP_PLAIN;
    enum text_unit unit = size ? data[0] / (MARKUP_IRC + 1) % 3 : UNIT_UTF16;
    size_t limit = SPLIT_LIMIT_MIN + (size > 1 ? data[1] >> 1 : 0);
    struct pieces p;

    split_markdown(a, str_skip(str_of(data, size), 2), markup, unit, limit, &p);
    for (size_t i = 0; i < p.n; i++) {
        assert(split_units(p.text[i], markup, unit) <= limit);
        assert(utf8_valid(p.text[i]));
    }
    return 0;
}
