// SPDX-License-Identifier: Apache-2.0
/* Whatever the source, splitting ends, and every piece fits. The first byte chooses limit and markup. */
#include <assert.h>

#include "base/utf8.h"
#include "channel/split.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    enum markup markup = size && data[0] & 1 ? MARKUP_MARKDOWN : MARKUP_TELEGRAM_HTML;
    size_t limit = SPLIT_LIMIT_MIN + (size ? data[0] >> 1 : 0);
    struct pieces p;

    split_markdown(a, str_skip(str_of(data, size), 1), markup, limit, &p);
    for (size_t i = 0; i < p.n; i++) {
        assert(split_units(p.text[i], markup) <= limit);
        assert(utf8_valid(p.text[i]));
    }
    return 0;
}
