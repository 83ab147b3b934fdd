// SPDX-License-Identifier: Apache-2.0
/* say_time.h: points in time and lengths as people say them to each other. */
#pragma once
#include "base/buf.h"
#include "base/zone.h"

/* "today at 15:00", "tomorrow (Sun 22 Nov) at 15:00", "Wed 3 Feb 2027 at 9:05"; 今天 15:00, 明天（11月22日，周日）15:00. */
void say_time(struct buf *, const struct zone *, int64_t at, int64_t now, bool chinese);
/* "10 minutes", "1 hour 30 minutes", 2 天 3 小时: the two largest units. */
void say_length(struct buf *, int64_t ms, bool chinese);
