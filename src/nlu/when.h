// SPDX-License-Identifier: Apache-2.0
/* when.h: expressions of time in Chinese and English: durations, days, times, periods, recurrences.
 *
 * How what is not said is guessed:
 * - An hour of 1 to 12 without morning, pm or 下午: without a day, the next time the clock shows it between 7:00 and midnight ("at 8" at ten
 *   in the morning is 20:00, "at 3" is 15:00); 12 is noon, in the evening the coming midnight.  On a day that is said, and in what repeats:
 *   7 to 12 as they are, 1 to 6 in the afternoon.  "03:00" with its zero is three at night.
 * - A time of day without a day is the next one; a weekday is the next one, today's only with a time that is still to come; a date without
 *   its year, and a day without its month, are the next ones, today included.
 * - "next friday" is the one of the week after this, which begins on Monday (下周五); 这周五 is this week's, even if it is over.
 * - A month of a duration is 30 days, a year 365; "in a month" goes by the calendar. */
#pragma once
#include "base/zone.h"

enum when_kind {
    WHEN_LENGTH,        /* "20 minutes", 三个小时: `length` */
    WHEN_POINT,         /* "tomorrow at 3 pm", "in 20 minutes", 明天下午三点: `at` */
    WHEN_DAY,           /* "next Friday", 10月1日: the day from `at` to `until`; no time of day was said */
    WHEN_PERIOD,        /* "this week", "the last 2 hours", 今天上午: from `at` to `until` */
    WHEN_REPEATS,       /* "every weekday at 9", 每周一早上: `rule`, for the first time at `at` */
};

enum { WHEN_RULE_SIZE = 96 };

struct when {
    enum when_kind kind;
    int64_t at, until;          /* ms UTC; `until` is exclusive; of a point and of what repeats the same as `at` */
    int64_t earlier;            /* `at`, had the past been meant: "friday" as the last one; `at` itself where there is no choice */
    int64_t typical;            /* when to remind somebody who said a day or period: 9:00 of a day, 8:00 of a morning; else `at` */
    int64_t length;             /* ms */
    bool    has_time;           /* with WHEN_REPEATS: a time of day was said, or a part of the day; else it is 9:00 */
    char    rule[WHEN_RULE_SIZE];   /* domain/recurrence.h */
};

/* The expression that begins at `start` of a normalised text (normal.h), the longest; false: none does.  Relative ones are resolved
 * against `now` in `zone`; a time of day that is over today is tomorrow's, a weekday the next one. */
bool when_read(str normal, size_t start, int64_t now, const struct zone *, struct when *out, size_t *ret_end);
