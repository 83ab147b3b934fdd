// SPDX-License-Identifier: Apache-2.0
#include "gateway/local_time.h"

#include "base/time.h"

enum { MORNING = 9 };

static bool eat_number(str *text, size_t digits, int *out)
{
    uint64_t n;
    size_t have = 0;

    while (have < text->len && have < digits && text->p[have] >= '0' && text->p[have] <= '9')
        have++;
    if (have == 0 || str_u64(str_take(*text, have), &n))
        return false;
    *text = str_skip(*text, have);
    *out = (int)n;
    return true;
}

static bool eat_day(str *text, struct civil *out)
{
    return eat_number(text, 4, &out->year) && str_eat(text, S("-")) && eat_number(text, 2, &out->month) && str_eat(text, S("-"))
        && eat_number(text, 2, &out->day) && out->year >= 1970 && out->month >= 1 && out->month <= 12 && out->day >= 1
        && out->day <= civil_month_days(out->year, out->month);
}

static bool eat_clock(str *text, struct civil *out)
{
    out->second = 0;
    if (!eat_number(text, 2, &out->hour) || !str_eat(text, S(":")) || !eat_number(text, 2, &out->minute))
        return false;
    if (str_eat(text, S(":")) && !eat_number(text, 2, &out->second))
        return false;
    return out->hour <= 24 && out->minute < 60 && out->second < 60;
}

static bool read_clock(const struct zone *z, int64_t now, str text, int64_t *out)
{
    struct civil at;

    zone_civil(z, now, &at);
    if (!eat_clock(&text, &at) || text.len)
        return false;
    if (zone_moment(z, &at) <= now)
        at.day++;
    *out = zone_moment(z, &at);
    return true;
}

static bool read_day(const struct zone *z, str text, int64_t *out)
{
    struct civil at = { .hour = MORNING };

    if (!eat_day(&text, &at))
        return false;
    if (text.len && !((str_eat(&text, S("T")) || str_eat(&text, S(" "))) && eat_clock(&text, &at)))
        return false;
    *out = zone_moment(z, &at);
    return text.len == 0;
}

bool local_time_read(const struct zone *z, int64_t now, str text, int64_t *out)
{
    return time_parse(text, out) == OK || read_clock(z, now, text, out) || read_day(z, text, out);
}
