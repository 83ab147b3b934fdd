// SPDX-License-Identifier: Apache-2.0
/* rate.h: a rate with a burst, as the time at which a bucket would be full again.  {0} is a full bucket. */
#pragma once
#include <stdint.h>

struct rate { uint64_t full_at_us; };

/* How long until one more is allowed: `per_minute` over time, `burst` at once.  0: now.  per_minute 0: no limit. */
uint64_t rate_wait_us(const struct rate *, uint64_t now_us, unsigned per_minute, unsigned burst);
void     rate_take(struct rate *, uint64_t now_us, unsigned per_minute);
void     rate_give_back(struct rate *, unsigned per_minute);
