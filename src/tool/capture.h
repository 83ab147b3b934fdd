// SPDX-License-Identifier: Apache-2.0
/* capture.h: keeps the head and the tail of an output that may be endless, in memory of a fixed size. */
#pragma once
#include "base/arena.h"

struct capture {
    size_t   max;           /* bytes kept, half of them from the head; set it before use */
    uint64_t total;         /* bytes that came */
    char    *head, *tail;   /* private: the tail is a ring */
};

void     capture_add(struct capture *, str);
uint64_t capture_left_out(const struct capture *);
/* What was kept, as UTF-8, with a line "... N bytes left out ..." where something is missing. */
str      capture_text(const struct capture *, struct arena *);
/* A page of it: at most `max` bytes that were kept, from byte `from` on, as UTF-8.  *ret_next: where the next page begins;
 * *ret_missing: bytes before this page that were not kept.  A character that is not all there yet waits for the next page. */
str      capture_page(const struct capture *, struct arena *, uint64_t from, size_t max, uint64_t *ret_next, uint64_t *ret_missing);
void     capture_done(struct capture *);
