// SPDX-License-Identifier: Apache-2.0
/* inflate.h: one long zlib stream (RFC 1950), decompressed as its pieces come.  No I/O.  However the bytes are cut, what comes out
 * is the same.  {0} starts a stream. */
#pragma once
#include "base/buf.h"

struct inflate { struct z_stream_s *z; };       /* private */

/* What the piece brings is added to `out`.  ERR_LIMIT: more than fits there; ERR_INPUT: that is no such stream.  Either ends it. */
enum err inflate_feed(struct inflate *, str piece, struct buf *out) MUST_USE;
void     inflate_done(struct inflate *);
