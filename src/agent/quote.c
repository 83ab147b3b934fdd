// SPDX-License-Identifier: Apache-2.0
#include "agent/quote.h"

void quote_add(struct buf *b, str text)
{
    CLEANUP(buf_done) struct buf all = { .max = SIZE_MAX / 2 };
    str line;

    buf_add(&all, text);
    for (size_t i = 0; i < all.len; i++)
        if (all.p[i] == '\r')
            all.p[i] = '\n';
    for (str rest = buf_str(&all); str_split(&rest, '\n', &line); )
        buf_addf(b, "> %.*s\n", STR(line));
}
