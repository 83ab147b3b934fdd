// SPDX-License-Identifier: Apache-2.0
/* occurrence.h: of a timer that is due: which of its times that is, how many are passed over, and when it is due again. */
#pragma once
#include "base/zone.h"
#include "flow/timers.h"

struct occurrence {
    int64_t  due;               /* the latest that is not after now; no earlier than next_at */
    int64_t  next;              /* the first behind now; 0: there is none */
    unsigned missed;            /* times from next_at on that are before `due` */
};

/* Its zone; this machine's where there is none of that name. */
const struct zone *occurrence_zone(const struct flow_timer *);
/* A rule that cannot be read (another version wrote it) recurs no more. */
void occurrence_now(const struct flow_timer *, int64_t now, struct occurrence *out);
