// SPDX-License-Identifier: Apache-2.0
/* The first byte is the length of the secret, which follows; the rest is a stream.  However it is cut, the same comes out,
 * as long as it was, and the secret is not in it. */
#include <assert.h>

#include "tool/egress_mask.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void run(str secret, str in, size_t piece, struct buf *out)
{
    CLEANUP(egress_mask_done) struct egress_mask m;

    egress_mask_init(&m, secret);
    for (; in.len; in = str_skip(in, piece))
        egress_mask_feed(&m, str_take(in, piece), out);
    egress_mask_end(&m, out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    CLEANUP(buf_done) struct buf whole = { 0 }, bytes = { 0 }, pieces = { 0 };
    str in = str_of(data, n), secret = n ? str_take(str_skip(in, 1), data[0] % 40) : NO_STR;
    bool stars = str_find_char(secret, '*') != STR_NONE;    /* masking could make one of those */

    in = str_skip(in, 1 + secret.len);
    run(secret, in, SIZE_MAX, &whole);
    run(secret, in, 1, &bytes);
    run(secret, in, n ? 2 + data[n - 1] % 17 : 2, &pieces);
    assert(whole.len == in.len);
    assert(str_eq(buf_str(&whole), buf_str(&bytes)) && str_eq(buf_str(&whole), buf_str(&pieces)));
    assert(stars || secret.len < EGRESS_MASK_MIN || str_find(buf_str(&whole), secret) == STR_NONE);
    return 0;
}
