// SPDX-License-Identifier: Apache-2.0
#include "gateway/v1_write.h"

void v1_answer_done(struct v1_answer *x)
{
    buf_done(&x->text);
    json_decref(x->items);
    x->items = NULL;
}

void v1_event(struct buf *b, const char *name, json_t *j)
{
    buf_addf(b, "event: %s\ndata: ", name);
    json_print_to(b, j);
    buf_add(b, S("\n\n"));
    json_decref(j);
}

str v1_kept_to(struct arena *a, str kept)
{
    CLEANUP(buf_done) struct buf b = { .max = SIZE_MAX / 2 };

    buf_add_base64(&b, kept);
    return arena_str(a, buf_str(&b));
}
