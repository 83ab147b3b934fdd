// SPDX-License-Identifier: Apache-2.0
/* Whatever bytes come as a frame: what was read can be written and is the same when it is read again. */
#include <assert.h>

#include "channel/feishu_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_same(const struct feishu_frame *f, const struct feishu_frame *g)
{
    assert(f->seq_id == g->seq_id && f->log_id == g->log_id && f->service == g->service && f->method == g->method);
    assert(f->n_headers == g->n_headers);
    for (size_t i = 0; i < f->n_headers; i++)
        assert(str_eq(f->headers[i].key, g->headers[i].key) && str_eq(f->headers[i].value, g->headers[i].value));
    assert(str_eq(f->payload, g->payload) && str_eq(f->payload_type, g->payload_type));
    assert(str_eq(f->payload_encoding, g->payload_encoding) && str_eq(f->log_id_new, g->log_id_new));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(buf_done) struct buf b = {0};
    static struct feishu_frame f, g;

    if (feishu_frame_read(str_of(data, size), &f))
        return 0;
    feishu_frame_write(&b, &f);
    assert(feishu_frame_read(buf_str(&b), &g) == OK);
    check_same(&f, &g);
    return 0;
}
