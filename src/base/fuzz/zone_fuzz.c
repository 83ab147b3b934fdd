// SPDX-License-Identifier: Apache-2.0
/* A file that is accepted shows a real date at any time, and that date is found again within two days of it (a made-up zone may turn
 * its clocks as often as it likes). */
#include <assert.h>

#include "base/zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void there_and_back(const struct zone *z, int64_t ms)
{
    struct civil c;

    zone_civil(z, ms, &c);
    assert(c.month >= 1 && c.month <= 12 && c.day >= 1 && c.day <= civil_month_days(c.year, c.month));
    assert(c.hour >= 0 && c.hour < 24 && c.minute >= 0 && c.minute < 60 && c.second >= 0 && c.second < 60);
    assert(c.weekday == civil_weekday(c.year, c.month, c.day));
    int64_t off = zone_moment(z, &c) - ms;

    assert(off > -2 * 86400000LL && off < 2 * 86400000LL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct zone *z = NULL;

    if (zone_parse(str_of(data, n), &z))
        return 0;
    for (int year = -3; year < 12; year++)
        for (int step = 0; step < 30; step++)
            there_and_back(z, (year * 20 * 365 + step * 13) * 86400000LL + step * 2950000LL);
    zone_free(z);
    return 0;
}
