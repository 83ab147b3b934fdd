// SPDX-License-Identifier: Apache-2.0
/* zones.h: the time zones of this machine (/usr/share/zoneinfo, or $TZDIR), read when they are first asked for and kept. */
#pragma once
#include "base/zone.h"

/* "Asia/Shanghai", letter case as in the database.  NULL: there is none of that name. */
const struct zone *zones_find(str name);
/* The machine's own: $TZ, where /etc/localtime leads, or /etc/timezone; UTC where nothing says. */
const struct zone *zones_local(void);
const char        *zones_local_name(void);
