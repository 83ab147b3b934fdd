// SPDX-License-Identifier: Apache-2.0
/* Whatever the source, every writer ends, and the page holds no tag that markup_web.c does not write. */
#include <assert.h>

#include "channel/markup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(buf_done) struct buf telegram = {0}, plain = {0}, web = {0};
    const struct md_node *doc = markup_parse(a, str_of(data, size));

    markup_to_telegram(&telegram, doc);
    markup_to_plain(&plain, doc);
    markup_to_web(&web, doc);
    assert(str_find(buf_str(&web), S("<script")) == STR_NONE);
    assert(str_find(buf_str(&web), S("href=\"javascript")) == STR_NONE);
    assert(markup_units(doc) <= 2 * size * 64 + 64);
    return 0;
}
