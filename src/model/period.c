// SPDX-License-Identifier: Apache-2.0
#include "model/period.h"

#include <stdbool.h>
#include <time.h>

enum { HALF_HOUR = 1800, TRIES = 6 };

static bool is_before(const struct tm *a, const struct tm *b)
{
    return a->tm_year != b->tm_year ? a->tm_year < b->tm_year : a->tm_yday < b->tm_yday;
}

/* The first second of a day, whose number may be beyond its month's.  Where clocks are put forward at midnight there is no
 * 00:00, and mktime() may say 23:00 of the day before. */
static int64_t first_ms_of(int year, int month, int day)
{
    struct tm noon = { .tm_year = year, .tm_mon = month, .tm_mday = day, .tm_hour = 12, .tm_isdst = -1 }, got;

    mktime(&noon);
    struct tm midnight = { .tm_year = noon.tm_year, .tm_mon = noon.tm_mon, .tm_mday = noon.tm_mday, .tm_isdst = -1 };
    time_t t = mktime(&midnight);

    for (int i = 0; i < TRIES && localtime_r(&t, &got) && is_before(&got, &noon); i++)
        t += HALF_HOUR;
    return (int64_t)t * 1000;
}

static struct period period_of(enum period_kind kind, const struct tm *t)
{
    if (kind == PERIOD_MONTH)
        return (struct period){ first_ms_of(t->tm_year, t->tm_mon, 1), first_ms_of(t->tm_year, t->tm_mon + 1, 1) };
    return (struct period){ first_ms_of(t->tm_year, t->tm_mon, t->tm_mday), first_ms_of(t->tm_year, t->tm_mon, t->tm_mday + 1) };
}

struct period period_at(enum period_kind kind, int64_t wall_ms)
{
    time_t seconds = (time_t)(wall_ms / 1000);
    struct period p = { wall_ms, wall_ms };
    struct tm t;

    tzset();        /* localtime_r() need not */
    if (localtime_r(&seconds, &t))
        p = period_of(kind, &t);
    /* Whatever a time zone does, a moment is in its own period. */
    p.from = p.from < wall_ms ? p.from : wall_ms;
    p.until = p.until > wall_ms ? p.until : wall_ms + 1;
    return p;
}

const char *period_name(enum period_kind kind)
{
    return kind == PERIOD_DAY ? "day" : "month";
}

char *period_text(char out[PERIOD_TEXT_SIZE], int64_t wall_ms)
{
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm t;

    if (localtime_r(&seconds, &t) == NULL)
        t = (struct tm){ .tm_mday = 1 };
    strftime(out, PERIOD_TEXT_SIZE, "%Y-%m-%d %H:%M", &t);
    return out;
}
