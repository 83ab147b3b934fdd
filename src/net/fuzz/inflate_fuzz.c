// SPDX-License-Identifier: Apache-2.0
/* What comes out of a compressed stream is the same whole and byte by byte, up to where it is refused, and never more than fits. */
#include <assert.h>

#include "net/inflate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST = 20000 };

static enum err run(str in, size_t piece, struct buf *out)
{
    CLEANUP(inflate_done) struct inflate z = {0};

    for (; in.len; in = str_skip(in, piece))
        TRY(inflate_feed(&z, str_take(in, piece), out));
    return OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(buf_done) struct buf whole = { .max = MOST }, bytes = { .max = MOST };
    str in = str_of(data, size);
    enum err all = run(in, SIZE_MAX, &whole), each = run(in, 1, &bytes);

    assert(whole.len <= MOST && bytes.len <= MOST);
    if (all == OK && each == OK)
        assert(str_eq(buf_str(&whole), buf_str(&bytes)));
    assert((all == OK) == (each == OK) || whole.len == MOST || bytes.len == MOST || all == ERR_INPUT || each == ERR_INPUT);
    return 0;
}
