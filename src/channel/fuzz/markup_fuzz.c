// SPDX-License-Identifier: Apache-2.0
/* Whatever the source, every writer ends, and the page holds no tag that markup_web.c does not write. */
#include <assert.h>

#include "base/utf8.h"
#include "channel/markup.h"
#include "channel/markup_marks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Well formed, and nobody is called. */
static void check_dialect(const struct md_node *doc, enum markup markup, bool valid)
{
    CLEANUP(buf_done) struct buf out = {0};
    const struct marks *marks = markup_marks(markup);

    markup_write(&out, doc, markup);
    assert(utf8_valid(buf_str(&out)) || !valid);
    for (size_t i = 0; i < out.len; i++)
        assert(!markup_is_mention(str_skip(buf_str(&out), i), marks));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(buf_done) struct buf telegram = {0}, plain = {0}, web = {0};
    const struct md_node *doc = markup_parse(a, str_of(data, size));

    for (unsigned m = 0; m <= MARKUP_IRC; m++)
        check_dialect(doc, m, utf8_valid(str_of(data, size)));
    markup_to_telegram(&telegram, doc);
    markup_to_plain(&plain, doc);
    markup_to_web(&web, doc);
    assert(str_find(buf_str(&web), S("<script")) == STR_NONE);
    assert(str_find(buf_str(&web), S("href=\"javascript")) == STR_NONE);
    assert(markup_units(doc) <= 2 * size * 64 + 64);
    return 0;
}
