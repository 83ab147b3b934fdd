// SPDX-License-Identifier: Apache-2.0
#include "base/zone.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { DAY = 86400, OFFSET_MIN = -89999, OFFSET_MAX = 93599, YEAR_FAR = 200000000 };

/* When a rule's half of the year begins: Jn, n or Mm.w.d of POSIX, and the seconds from that day's midnight. */
struct turn {
    enum { TURN_JULIAN, TURN_DAY, TURN_WEEKDAY } kind;
    int a, week, weekday;       /* day, or month */
    int seconds;
};

/* The footer: what holds behind the last transition. */
struct rule {
    bool is_set, has_summer;
    int  standard, summer;      /* seconds east of UTC */
    struct turn starts, ends;
};

struct zone {
    size_t   n;
    int64_t *times;             /* seconds; ascending */
    int32_t *offsets;           /* from that time on */
    int32_t  first;             /* before all of them */
    struct rule rule;
};

/* The calendar.  Years begin in March here, so that the leap day is the last of one. */

int64_t civil_days(int year, int month, int day)
{
    int64_t m = (int64_t)month - 1, y = year + m / 12;

    m %= 12;
    if (m < 0) {
        m += 12;
        y--;
    }
    y -= m < 2;
    int64_t era = (y >= 0 ? y : y - 399) / 400, year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (m + (m > 1 ? -2 : 10)) + 2) / 5;

    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468 + day - 1;
}

void civil_of_days(int64_t days, struct civil *out)
{
    int64_t z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097, doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    int month = (int)(mp < 10 ? mp + 3 : mp - 9);
    int64_t weekday = (days % 7 + 7 + 4) % 7;       /* 1970 began on a Thursday */

    *out = (struct civil){ (int)(yoe + era * 400 + (month <= 2)), month, (int)(doy - (153 * mp + 2) / 5 + 1), .weekday = (int)weekday };
}

int civil_weekday(int year, int month, int day)
{
    struct civil c;

    civil_of_days(civil_days(year, month, day), &c);
    return c.weekday;
}

static bool is_leap(int year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

int civil_month_days(int year, int month)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

    return month < 1 || month > 12 ? 0 : days[month - 1] + (month == 2 && is_leap(year));
}

/* The footer (RFC 8536 3.3, POSIX.1 8.3): EST5EDT,M3.2.0,M11.1.0 */

static bool rule_number(str *s, int max, int *out)
{
    int n = 0;
    size_t digits = 0;

    for (; digits < s->len && s->p[digits] >= '0' && s->p[digits] <= '9' && n <= max; digits++)
        n = n * 10 + s->p[digits] - '0';
    *s = str_skip(*s, digits);
    *out = n;
    return digits > 0 && n <= max;
}

static bool rule_name(str *s)
{
    size_t n = 0;

    if (str_eat(s, S("<"))) {
        n = str_find_char(*s, '>');
        if (n == STR_NONE)
            return false;
        *s = str_skip(*s, n + 1);
        return n >= 3;
    }
    while (n < s->len && ((s->p[n] | 32) >= 'a' && (s->p[n] | 32) <= 'z'))
        n++;
    *s = str_skip(*s, n);
    return n >= 3;
}

/* [+-]hh[:mm[:ss]] */
static bool rule_time(str *s, int max_hours, int *ret_seconds)
{
    int sign = str_eat(s, S("-")) ? -1 : 1, h, m = 0, sec = 0;

    if (sign > 0)
        str_eat(s, S("+"));
    if (!rule_number(s, max_hours, &h) || (str_eat(s, S(":")) && !rule_number(s, 59, &m))
        || (str_eat(s, S(":")) && !rule_number(s, 59, &sec)))
        return false;
    *ret_seconds = sign * (h * 3600 + m * 60 + sec);
    return true;
}

static bool rule_turn(str *s, struct turn *t)
{
    bool ok;

    if (!str_eat(s, S(",")))
        return false;
    if (str_eat(s, S("M"))) {
        t->kind = TURN_WEEKDAY;
        ok = rule_number(s, 12, &t->a) && t->a && str_eat(s, S(".")) && rule_number(s, 5, &t->week) && t->week && str_eat(s, S("."))
            && rule_number(s, 6, &t->weekday);
    } else if (str_eat(s, S("J"))) {
        t->kind = TURN_JULIAN;
        ok = rule_number(s, 365, &t->a) && t->a;
    } else {
        t->kind = TURN_DAY;
        ok = rule_number(s, 365, &t->a);
    }
    t->seconds = 2 * 3600;
    return ok && (!str_eat(s, S("/")) || rule_time(s, 167, &t->seconds));
}

/* POSIX counts west of Greenwich; we count east. */
static bool rule_read(str s, struct rule *r)
{
    if (!rule_name(&s) || !rule_time(&s, 24, &r->standard))
        return false;
    r->standard = -r->standard;
    r->is_set = true;
    if (s.len == 0)
        return true;
    r->has_summer = true;
    r->summer = r->standard + 3600;
    if (!rule_name(&s))
        return false;
    if (s.len && s.p[0] != ',') {
        if (!rule_time(&s, 24, &r->summer))
            return false;
        r->summer = -r->summer;
    }
    return rule_turn(&s, &r->starts) && rule_turn(&s, &r->ends) && s.len == 0;
}

/* Seconds since 1970, by a clock that shows `offset`, when it turns in a year. */
static int64_t turn_moment(const struct turn *t, int year, int offset)
{
    int64_t days;

    if (t->kind == TURN_DAY)
        days = civil_days(year, 1, 1) + t->a;
    else if (t->kind == TURN_JULIAN)
        days = civil_days(year, 1, 1) + t->a - 1 + (is_leap(year) && t->a >= 60);
    else {
        int first = civil_weekday(year, t->a, 1), day = 1 + (t->weekday - first + 7) % 7 + (t->week - 1) * 7;

        days = civil_days(year, t->a, day > civil_month_days(year, t->a) ? day - 7 : day);
    }
    return days * DAY + t->seconds - offset;
}

/* The latest turn before `at` decides; turns lie up to a week beside their day, so the neighbouring years' are looked at too.  Where
 * summer ends in the second in which it begins (a whole year of it), it begins. */
static int rule_offset(const struct rule *r, int64_t at)
{
    struct civil c;
    int64_t best = INT64_MIN;
    int offset = r->standard;

    if (!r->has_summer)
        return r->standard;
    civil_of_days((at + r->standard) / DAY, &c);
    for (int year = c.year - 1; year <= c.year + 1; year++) {
        int64_t ends = turn_moment(&r->ends, year, r->summer), starts = turn_moment(&r->starts, year, r->standard);

        if (ends <= at && ends > best) {
            best = ends;
            offset = r->standard;
        }
        if (starts <= at && starts >= best) {
            best = starts;
            offset = r->summer;
        }
    }
    return offset;
}

/* The file. */

struct counts { uint64_t utc, standard, leap, times, types, chars; };

static uint64_t big_endian(const char *p, size_t n)
{
    uint64_t v = 0;

    for (size_t i = 0; i < n; i++)
        v = v << 8 | (uint8_t)p[i];
    return v;
}

static enum err read_header(str *s, int *ret_version, struct counts *c)
{
    if (s->len < 44 || !str_starts(*s, S("TZif")))
        return failed(ERR_INPUT, "not a time zone file");
    *ret_version = (uint8_t)s->p[4];
    const char *p = s->p + 20;

    *c = (struct counts){ big_endian(p, 4), big_endian(p + 4, 4), big_endian(p + 8, 4), big_endian(p + 12, 4), big_endian(p + 16, 4),
                          big_endian(p + 20, 4) };
    *s = str_skip(*s, 44);
    return OK;
}

static uint64_t block_size(const struct counts *c, unsigned width)
{
    return c->times * (width + 1) + c->types * 6 + c->chars + c->leap * (width + 4) + c->standard + c->utc;
}

static enum err read_type(const char *types, size_t n_types, size_t i, int32_t *out)
{
    if (i >= n_types)
        return failed(ERR_INPUT, "a time zone file names a type that it has not");
    int32_t offset = (int32_t)(uint32_t)big_endian(types + i * 6, 4);

    if (offset < OFFSET_MIN || offset > OFFSET_MAX)
        return failed(ERR_INPUT, "a time zone file is off by more than a day");
    *out = offset;
    return OK;
}

static enum err read_block(str block, const struct counts *c, unsigned width, struct zone *z)
{
    const char *indices = block.p + c->times * width, *types = indices + c->times;

    z->times = mem_alloc((c->times + 1) * sizeof *z->times);
    z->offsets = mem_alloc((c->times + 1) * sizeof *z->offsets);
    z->n = c->times;
    TRY(read_type(types, c->types, 0, &z->first));
    for (size_t i = 0; i < z->n; i++) {
        uint64_t v = big_endian(block.p + i * width, width);

        z->times[i] = width == 4 ? (int32_t)(uint32_t)v : (int64_t)v;
        if (i && z->times[i] <= z->times[i - 1])
            return failed(ERR_INPUT, "a time zone file's times are not in order");
        TRY(read_type(types, c->types, (uint8_t)indices[i], &z->offsets[i]));
    }
    return OK;
}

static enum err read_footer(str s, struct rule *out)
{
    size_t end;

    if (!str_eat(&s, S("\n")) || (end = str_find_char(s, '\n')) == STR_NONE)
        return failed(ERR_INPUT, "a time zone file's footer is cut off");
    if (end && !rule_read(str_take(s, end), out))
        return failed(ERR_INPUT, "a time zone file's rule is not understood: '%.*s'", STR(str_take(s, end < 60 ? end : 60)));
    return OK;
}

static void zone_freep(struct zone **z) { zone_free(*z); }

enum err zone_parse(str s, struct zone **out)
{
    CLEANUP(zone_freep) struct zone *z = NEW(struct zone);
    struct counts c;
    int version, again;
    unsigned width = 4;

    TRY(read_header(&s, &version, &c));
    if (version) {              /* the block of 32-bit times is for those who know no other */
        if (block_size(&c, 4) > s.len)
            return failed(ERR_INPUT, "a time zone file is cut off");
        s = str_skip(s, block_size(&c, 4));
        TRY(read_header(&s, &again, &c));
        width = 8;
    }
    if (block_size(&c, width) > s.len)
        return failed(ERR_INPUT, "a time zone file is cut off");
    if (c.leap)
        return failed(ERR_INPUT, "a time zone file counts leap seconds, which our clock does not");
    TRY(read_block(s, &c, width, z));
    if (version)
        TRY(read_footer(str_skip(s, block_size(&c, width)), &z->rule));
    *out = z;
    z = NULL;
    return OK;
}

void zone_free(struct zone *z)
{
    if (z == NULL)
        return;
    free(z->times);
    free(z->offsets);
    free(z);
}

const struct zone *zone_utc(void)
{
    static const struct zone utc;

    return &utc;
}

/* What clocks show, and back. */

static int64_t floor_seconds(int64_t ms) { return ms / 1000 - (ms % 1000 < 0); }

static int offset_at(const struct zone *z, int64_t at)
{
    size_t low = 0, high = z->n;        /* times[low - 1] <= at < times[high] */

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (z->times[middle] <= at)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == z->n && z->rule.is_set)
        return rule_offset(&z->rule, at);
    return low ? z->offsets[low - 1] : z->first;
}

int zone_offset(const struct zone *z, int64_t ms) { return offset_at(z, floor_seconds(ms)); }

void zone_civil(const struct zone *z, int64_t ms, struct civil *out)
{
    int64_t at = floor_seconds(ms), local = at + offset_at(z, at), days = local / DAY - (local % DAY < 0);
    int rest = (int)(local - days * DAY);

    civil_of_days(days, out);
    out->hour = rest / 3600;
    out->minute = rest / 60 % 60;
    out->second = rest % 60;
}

/* The offsets of the day before and the day after are the two that may hold, as no zone changes twice in two days. */
int64_t zone_moment(const struct zone *z, const struct civil *c)
{
    int year = c->year > YEAR_FAR ? YEAR_FAR : c->year < -YEAR_FAR ? -YEAR_FAR : c->year;
    int64_t local = (civil_days(year, c->month, 1) + c->day - 1) * DAY + c->hour * INT64_C(3600) + c->minute * INT64_C(60) + c->second;
    int before = offset_at(z, local - DAY), after = offset_at(z, local + DAY);

    if (offset_at(z, local - before) != before && offset_at(z, local - after) == after)
        return (local - after) * 1000;
    return (local - before) * 1000;
}
