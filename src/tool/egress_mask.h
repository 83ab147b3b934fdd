// SPDX-License-Identifier: Apache-2.0
/* egress_mask.h: hides a secret in a stream of bytes, each of its bytes by a '*', so that lengths that were announced stay
 * true: as it is, in hexadecimal, percent-encoded, and within base64 at any place.  Pure; however the stream is cut, what comes
 * out is the same.  Bytes are held back only while they may be the beginning of it. */
#pragma once
#include "base/buf.h"

enum { EGRESS_MASK_MIN = 6, EGRESS_MASK_FORMS = 16 };   /* shorter values would be found everywhere: they are not hidden */

struct egress_mask {
    str        forms[EGRESS_MASK_FORMS];    /* longest first */
    size_t     n;
    bool       begins[256];                 /* some form begins with this byte */
    struct buf memory, held;                /* private: what the forms point into; what may be a beginning */
};

void egress_mask_init(struct egress_mask *, str secret);
void egress_mask_feed(struct egress_mask *, str bytes, struct buf *out);
void egress_mask_end(struct egress_mask *, struct buf *out);    /* what was held back was none */
void egress_mask_done(struct egress_mask *);                    /* wipes; {0} is fine, and hides nothing */
