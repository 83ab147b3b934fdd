// SPDX-License-Identifier: Apache-2.0
/* local_time.h: a point in time as a program writes it for a clock somewhere. */
#pragma once
#include "base/zone.h"

/* RFC 3339; "2026-11-22T09:00" on clocks of the zone, also with a space and with seconds; "2026-11-22" at nine; "09:00", the next time that
 * clocks show it.  False: none of these. */
bool local_time_read(const struct zone *, int64_t now, str text, int64_t *out);
