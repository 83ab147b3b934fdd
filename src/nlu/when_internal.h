// SPDX-License-Identifier: Apache-2.0
/* when_internal.h: what the readers of expressions of time share.  A reader gets a place in the text and tells where what it read
 * ends; 0: it is not there. */
#pragma once
#include "domain/recurrence.h"
#include "nlu/scan.h"
#include "nlu/when.h"

struct reading {
    str s;
    int64_t now;
    const struct zone *zone;
    struct civil civil;         /* what the clock shows now */
    int64_t today;              /* civil_days() */
};

/* A day that was said by its weekday, or without its year, comes again. */
enum again { AGAIN_NEVER, AGAIN_WEEK, AGAIN_MONTH, AGAIN_YEAR };

/* How a clock of twelve hours is read in a part of the day. */
enum clock_shift { SHIFT_MORNING, SHIFT_NOON, SHIFT_AFTERNOON, SHIFT_EVENING, SHIFT_NIGHT };

struct part { const char *text; int from, to, typical; enum clock_shift shift; };     /* hours; from == to: a point in time */

/* What was said of a point in time. */
struct said {
    bool has_day, has_clock;
    bool twelve;                /* the hour may be of the morning or of the afternoon */
    int64_t day;                /* civil_days() */
    enum again again;
    const struct part *part;
    int hour, minute, second;
};

struct length { int64_t months, days, ms; };

/* Resolving. */
int64_t when_moment(const struct reading *, int64_t day, int minutes);
int64_t when_shift(const struct reading *, int64_t from, const struct length *, int sign);
int64_t when_length_ms(const struct length *);
bool    when_add_length(struct length *, double n, int unit);       /* false: too long */
void    when_inherit(const struct reading *, const struct said *first, const struct when *from, struct said *second);
void    when_settle(const struct reading *, struct said *, struct when *out);
void    when_point(int64_t at, struct when *out);
void    when_day(const struct reading *, int64_t day, enum again, struct when *out);
void    when_period(const struct reading *, int64_t from_day, int64_t until_day, struct when *out);
void    when_span(int64_t from, int64_t until, struct when *out);
bool    when_repeat(const struct reading *, const struct recurrence *, struct said *time, struct when *out);
int     when_hour(struct said *);                                   /* of a day that is said */
int64_t when_month_day(const struct reading *, int month, int day); /* the next; -1: there is no such day */
int64_t when_day_of_month(const struct reading *, int day);
int64_t when_weekday(const struct reading *, int weekday);          /* today or the next */
int64_t when_week(const struct reading *, int weeks);               /* its Monday; 0: this week */

enum { UNIT_SECOND, UNIT_MINUTE, UNIT_QUARTER, UNIT_HOUR, UNIT_DAY, UNIT_WEEK, UNIT_FORTNIGHT, UNIT_MONTH, UNIT_SEASON, UNIT_YEAR };

/* A length from now, and the time of day that may stand behind days: "in 3 days at 9". */
size_t  when_relative(const struct reading *, size_t end, const struct length *, int sign,
                      size_t (*time_behind)(const struct reading *, size_t, struct said *), struct when *out);
bool    when_set_date(int64_t day, struct recurrence *);            /* each year on that day; false: it is -1 */

/* Readers for both languages. */
size_t read_longest(const struct reading *, size_t at, size_t (*const *readers)(const struct reading *, size_t, struct said *), size_t n,
                    struct said *);
size_t read_length(const struct reading *, size_t at, struct length *);
size_t read_figures(str s, size_t at, int max, size_t max_digits, int *out);
size_t read_colon_clock(const struct reading *, size_t at, struct said *);      /* 17:45, 17:45:30 */
size_t read_figure_date(const struct reading *, size_t at, struct said *);      /* 2026-12-25, 12/25 */
size_t read_en_length(const struct reading *, size_t at, struct length *);
size_t read_zh_length(const struct reading *, size_t at, struct length *);

size_t read_en_moment(const struct reading *, size_t at, struct said *);
size_t read_zh_moment(const struct reading *, size_t at, struct said *);
size_t read_en_day(const struct reading *, size_t at, struct said *);
size_t read_zh_day(const struct reading *, size_t at, struct said *);
size_t read_en_clock(const struct reading *, size_t at, struct said *);
size_t read_zh_clock(const struct reading *, size_t at, struct said *);
size_t read_en_part(const struct reading *, size_t at, const struct part **);
size_t read_zh_part(const struct reading *, size_t at, const struct part **);
const struct part *when_en_part(const char *text);
const struct part *when_zh_part(const char *text);
size_t read_zh_short_part(str s, size_t at, const struct part **);
size_t read_en_weekday(str s, size_t at, int *out);
size_t read_zh_weekday(str s, size_t at, int *out);
size_t read_en_month_date(const struct reading *, size_t at, struct said *);
size_t read_en_ordinal(str s, size_t at, int *out);
size_t read_zh_month_date(const struct reading *, size_t at, struct said *);
size_t read_zh_number(str s, size_t at, int max, int *out);
size_t read_en_holiday(const struct reading *, size_t at, struct said *);
size_t read_zh_holiday(const struct reading *, size_t at, struct said *);

enum direction { THIS, NEXT, LAST };

size_t read_en_direction(str s, size_t at, int *out);           /* "this ", "the next "; 10 more: coming */
size_t read_en_unit(str s, size_t at, int *out);
size_t read_en_month(str s, size_t at, int *out);
size_t read_en_year(str s, size_t at, int *out);                /* ", 2026" behind a date */
size_t en_hour_clock(const struct reading *, size_t at, bool said_at, struct said *);
size_t en_time_behind(const struct reading *, size_t at, struct said *);    /* a day; `at` where no time follows */
size_t read_zh_year(const struct reading *, size_t at, int *out);
size_t read_zh_month_head(str s, size_t at, int *out);          /* 下个月 */
size_t read_zh_week_head(str s, size_t at, int *out);           /* 下个 */
size_t zh_time_behind(const struct reading *, size_t at, struct said *);
size_t zh_gap(str s, size_t at);                                /* a comma, a space, 的 */
size_t zh_skip(str s, size_t at, const char *text);

/* All of an expression; the longest is taken. */
size_t read_en_when(const struct reading *, size_t at, struct when *);
size_t read_zh_when(const struct reading *, size_t at, struct when *);
size_t read_en_repeat(const struct reading *, size_t at, struct when *);
size_t read_zh_repeat(const struct reading *, size_t at, struct when *);
