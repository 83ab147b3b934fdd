// SPDX-License-Identifier: Apache-2.0
#include "channel/rate.h"

enum { MINUTE_US = 60 * 1000 * 1000 };

uint64_t rate_wait_us(const struct rate *r, uint64_t now_us, unsigned per_minute, unsigned burst)
{
    uint64_t each = per_minute ? MINUTE_US / per_minute : 0;
    uint64_t allowed = r->full_at_us + each;        /* full again after one more */
    uint64_t reach = now_us + each * (burst ? burst : 1);

    return per_minute && allowed > reach && r->full_at_us > now_us ? allowed - reach : 0;
}

void rate_take(struct rate *r, uint64_t now_us, unsigned per_minute)
{
    if (per_minute == 0)
        return;
    r->full_at_us = (r->full_at_us > now_us ? r->full_at_us : now_us) + MINUTE_US / per_minute;
}

void rate_give_back(struct rate *r, unsigned per_minute)
{
    uint64_t each = per_minute ? MINUTE_US / per_minute : 0;

    r->full_at_us -= r->full_at_us > each ? each : r->full_at_us;
}
