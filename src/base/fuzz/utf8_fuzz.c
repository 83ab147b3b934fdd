// SPDX-License-Identifier: Apache-2.0
/* The checker of whole strings, the checker of streams and the repairer agree about any bytes. */
#include <assert.h>

#include "base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static bool stream_valid(str s)
{
    struct utf8_stream u = { 0 };

    for (size_t i = 0; i < s.len; i++)
        if (!utf8_feed(&u, str_cut(s, i, i + 1)))
            return false;
    return utf8_feed_ended(&u);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    CLEANUP(buf_done) struct buf repaired = { .max = SIZE_MAX / 2 };
    str s = str_of(data, n);
    bool valid = utf8_valid(s);

    utf8_add_repaired(&repaired, s);
    assert(utf8_valid(buf_str(&repaired)));
    assert(str_eq(buf_str(&repaired), s) == valid);
    assert(stream_valid(s) == valid);
    assert(!(valid && utf8_cut_short(s)));
    assert(utf8_length(s) <= utf8_length_utf16(s) && utf8_length_utf16(s) <= n);
    for (size_t max = 0; max <= n && max < 16 && valid; max++)
        assert(utf8_valid(utf8_take(s, max)) && utf8_take(s, max).len + 3 >= max);
    return 0;
}
