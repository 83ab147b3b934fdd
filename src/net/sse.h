// SPDX-License-Identifier: Apache-2.0
/* sse.h: Server-Sent Events as a push parser (WHATWG HTML, section 9.2).  No I/O: feed bytes, receive events.
 * However the bytes are cut, the events are the same.  An event's strings die when on_event returns. */
#pragma once
#include "base/buf.h"

enum { SSE_LINE_MAX = 4 << 20, SSE_DATA_MAX = 8 << 20 };    /* bytes; more is ERR_LIMIT */

/* name: "" stands for "message".  id: the last one the stream gave, also when this event had none. */
struct sse_event { str name, data, id; };

/* { .on_event = f, .arg = x } starts one. */
struct sse {
    enum err (*on_event)(void *arg, const struct sse_event *);  /* an error stops the feed */
    void      *arg;
    uint64_t   retry_ms;            /* the latest "retry:" of the stream; 0: none */
    struct buf line;                /* private from here: what came of a line not ended yet */
    struct buf name, data, id;      /* data: every line of the event with its LF behind it */
    bool       begun, after_cr;     /* a line was seen (no BOM any more); the last byte was a CR */
};

enum err sse_feed(struct sse *, str bytes) MUST_USE;    /* after an error the parser is good only for sse_done() */
void     sse_done(struct sse *);                        /* an event without its blank line is dropped, as the standard says */
