// SPDX-License-Identifier: Apache-2.0
/* A summary is UTF-8, within its limits, and made of the text's own sentences. */
#include <assert.h>

#include "agent/extract.h"
#include "base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(buf_done) struct buf text = { 0 };
    struct sentences s;
    size_t before = 0;

    utf8_add_repaired(&text, str_of(data, size));
    extract_sentences(a, buf_str(&text), &s);
    for (size_t i = 0; i < s.n; i++) {
        size_t at = (size_t)(s.text[i].p - buf_c(&text));

        assert(at >= before && at + s.text[i].len <= text.len && s.text[i].len > 0);
        before = at + s.text[i].len;
    }
    str summary = extract_summary(a, buf_str(&text), 3, 500);

    assert(summary.len <= 500 && utf8_valid(summary));
    return 0;
}
