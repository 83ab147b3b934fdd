// SPDX-License-Identifier: Apache-2.0
/* recurrence.h: when something happens again: the part of RFC 5545's RRULE that people speak of (3.3.10).
 *
 * FREQ (MINUTELY to YEARLY), INTERVAL, COUNT, UNTIL, BYMONTH, BYMONTHDAY (also negative), BYDAY (also -1FR in MONTHLY, and in YEARLY with
 * BYMONTH), BYHOUR, BYMINUTE; weeks begin on Monday.  Counted from the first time, in a zone: 9 o'clock stays 9 o'clock when clocks change,
 * but "every 2 hours" are hours that pass.  A month without the day is passed over (the 31st).  Pure. */
#pragma once
#include "base/arena.h"
#include "base/zone.h"

enum { RECURRENCE_INTERVAL_MAX = 100000, RECURRENCE_COUNT_MAX = 1000 };

struct recurrence {
    enum { REPEATS_MINUTELY, REPEATS_HOURLY, REPEATS_DAILY, REPEATS_WEEKLY, REPEATS_MONTHLY, REPEATS_YEARLY } frequency;
    unsigned interval;                  /* at least 1 */
    unsigned count;                     /* 0: no limit */
    int64_t  until;                     /* ms; 0: no limit */
    uint16_t months;                    /* bit 1 to 12; 0: any */
    uint32_t days, last_days;           /* bit 1 to 31, from the month's beginning and from its end; 0: any */
    uint8_t  weekdays;                  /* bit 0 (Sunday) to 6; 0: any */
    int      weekday_nth;               /* 1 to 5, -1 to -5: of the month; 0: each */
    uint32_t hours;                     /* bit 0 to 23; 0: the first time's */
    uint64_t minutes;                   /* bit 0 to 59; 0: the first time's */
};

/* ERR_INPUT names the part that is wrong or not known. */
enum err recurrence_parse(str rule, struct recurrence *out) MUST_USE;
str      recurrence_text(struct arena *, const struct recurrence *);        /* what recurrence_parse() reads */
/* The first time after `after`; `start` is the first of all, and itself one of them.  False: there is none any more, or none within the
 * few hundred years that are looked at (the 30th of February). */
bool     recurrence_next(const struct recurrence *, const struct zone *, int64_t start, int64_t after, int64_t *out);
/* "every weekday at 9:00", 每周一、三 9:00. */
str      recurrence_say(struct arena *, const struct recurrence *, const struct zone *, int64_t start, bool chinese);
