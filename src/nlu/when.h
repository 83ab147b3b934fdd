// SPDX-License-Identifier: Apache-2.0
/* when.h: expressions of time in Chinese and English: durations, days, times, periods, recurrences. */
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
    int64_t at, until;          /* ms UTC; `until` is exclusive */
    int64_t length;             /* ms */
    bool    has_time;           /* with WHEN_REPEATS: a time of day was said */
    char    rule[WHEN_RULE_SIZE];   /* domain/recurrence.h */
};

/* The expression that begins at `start` of a normalised text (normal.h), the longest; false: none does.  Relative ones are resolved
 * against `now` in `zone`; a time of day that is over today is tomorrow's, a weekday the next one. */
bool when_read(str normal, size_t start, int64_t now, const struct zone *, struct when *out, size_t *ret_end);
