// SPDX-License-Identifier: Apache-2.0
/* fold.h: the bytes of a model's answer, folded into a reply.  No I/O.  However the bytes are cut, the reply is the
 * same.  The first byte decides what they are: an event stream, one JSON document (a server that does not stream, or
 * an error sent with status 200), or a page of HTML (then something else answered).  Of a provider that streams lines, whatever
 * begins like JSON is lines. */
#pragma once
#include "domain/provider.h"
#include "net/sse.h"

enum { FOLD_WHOLE_MAX = 16 << 20, FOLD_LINE_MAX = 8 << 20 };     /* bytes of an answer in one piece, of a line */

struct fold {
    const struct provider *provider;
    struct completion     *completion;
    enum { FOLD_UNKNOWN, FOLD_EVENTS, FOLD_LINES, FOLD_WHOLE } kind;    /* private from here */
    struct sse             sse;
    struct buf             whole;       /* or the line that has not ended */
};

enum err fold_feed(struct fold *, str bytes) MUST_USE;
/* No more bytes will come.  ERR_NET: the provider did not say that this was all. */
enum err fold_end(struct fold *, struct reply *out) MUST_USE;
void     fold_done(struct fold *);      /* not the completion */
