// SPDX-License-Identifier: Apache-2.0
/* Two parsers get the same stream, one whole and one cut at a place the input chooses: their events must agree. */
#include <assert.h>

#include "net/sse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum err collect(void *arg, const struct sse_event *ev)
{
    buf_addf(arg, "%zu %zu %zu ", ev->name.len, ev->data.len, ev->id.len);
    buf_add(arg, ev->name);
    buf_add(arg, ev->data);
    buf_add(arg, ev->id);
    return OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    CLEANUP(buf_done) struct buf a = {0}, b = {0};
    CLEANUP(sse_done) struct sse whole = { .on_event = collect, .arg = &a };
    CLEANUP(sse_done) struct sse cut = { .on_event = collect, .arg = &b };
    str in = str_of(data + 1, size - 1);
    size_t at = in.len ? data[0] % in.len : 0;

    enum err e = sse_feed(&whole, in);
    enum err f = sse_feed(&cut, str_take(in, at));

    if (f == OK)
        f = sse_feed(&cut, str_skip(in, at));
    assert(e == f);
    assert(str_eq(buf_str(&a), buf_str(&b)));
    assert(whole.retry_ms == cut.retry_ms);
    return 0;
}
