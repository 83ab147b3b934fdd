// SPDX-License-Identifier: Apache-2.0
/* Days are tried one after the other; months, weeks and years that the rule leaves out are jumped over, and there is a budget of tries, so
 * that a rule that never comes ends too. */
#include "domain/recurrence.h"

enum { DAY_MS = 86400000, HOUR_MS = 3600000, MINUTE_MS = 60000, TRIES = 200000 };

struct walk {
    struct recurrence rule;         /* with what the first time says filled in */
    const struct zone *zone;
    int64_t      start;
    struct civil first;             /* what the clock shows then */
    int64_t      first_day;
    int          tries;
};

static int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b < 0); }

static int64_t day_of(const struct zone *z, int64_t ms) { return floor_div(ms + zone_offset(z, ms) * INT64_C(1000), DAY_MS); }

/* "Monthly" alone is on the first time's day, "weekly" on its weekday, "yearly" on its date. */
static void fill_in(struct walk *w)
{
    struct recurrence *r = &w->rule;
    bool no_day = !r->days && !r->last_days && !r->weekdays;

    if (r->frequency == REPEATS_WEEKLY && !r->weekdays)
        r->weekdays = (uint8_t)(1 << w->first.weekday);
    if (r->frequency == REPEATS_YEARLY && no_day && !r->months)
        r->months = (uint16_t)(1 << w->first.month);
    if (r->frequency >= REPEATS_MONTHLY && no_day)
        r->days = UINT32_C(1) << w->first.day;
    if (!r->hours && r->frequency >= REPEATS_DAILY)
        r->hours = UINT32_C(1) << w->first.hour;
    if (!r->minutes && r->frequency >= REPEATS_HOURLY)
        r->minutes = UINT64_C(1) << w->first.minute;
}

static bool is_nth_weekday(const struct civil *c, int nth)
{
    int length = civil_month_days(c->year, c->month);

    return nth == 0 || (nth > 0 ? (c->day - 1) / 7 + 1 == nth : (length - c->day) / 7 + 1 == -nth);
}

static bool day_fits(const struct recurrence *r, const struct civil *c)
{
    int from_end = civil_month_days(c->year, c->month) - c->day + 1;

    if (r->months && !(r->months >> c->month & 1))
        return false;
    if ((r->days || r->last_days) && !(r->days >> c->day & 1) && !(r->last_days >> from_end & 1))
        return false;
    return !r->weekdays || ((r->weekdays >> c->weekday & 1) && is_nth_weekday(c, r->weekday_nth));
}

/* Weeks begin on Monday; day 4 of 1970 was one. */
static int64_t week_of(int64_t day) { return floor_div(day - 4, 7); }
static int64_t month_of(const struct civil *c) { return (int64_t)c->year * 12 + c->month - 1; }

/* The day itself when its day, week, month or year is one of every `interval`; else the first day of the next that is. */
static int64_t in_turn(const struct walk *w, int64_t day, const struct civil *c)
{
    int64_t n = w->rule.interval, passed;

    switch (w->rule.frequency) {
    case REPEATS_DAILY:
        passed = (day - w->first_day) % n;
        return passed ? day + n - passed : day;
    case REPEATS_WEEKLY:
        passed = (week_of(day) - week_of(w->first_day)) % n;
        return passed ? (week_of(day) + n - passed) * 7 + 4 : day;
    case REPEATS_MONTHLY:
        passed = (month_of(c) - month_of(&w->first)) % n;
        return passed ? civil_days(c->year, (int)(c->month + n - passed), 1) : day;
    case REPEATS_YEARLY:
        passed = (c->year - w->first.year) % n;
        return passed ? civil_days((int)(c->year + n - passed), 1, 1) : day;
    default:
        return day;
    }
}

/* The first day from `day` on that the rule has.  False: the budget is used up. */
static bool next_day(struct walk *w, int64_t day, int64_t *out)
{
    struct civil c;

    while (w->tries-- > 0) {
        civil_of_days(day, &c);
        int64_t turn = in_turn(w, day, &c);

        if (turn != day) {
            day = turn;
        } else if (w->rule.months && !(w->rule.months >> c.month & 1)) {
            day = civil_days(c.year, c.month + 1, 1);
        } else if (day_fits(&w->rule, &c)) {
            *out = day;
            return true;
        } else {
            day++;
        }
    }
    return false;
}

/* The earliest of a day's times that is after `after`.  All are looked at, as one that clocks jump over may come behind the next. */
static bool time_of_day(const struct walk *w, int64_t day, int64_t after, int64_t *out)
{
    struct civil c;
    int64_t best = INT64_MAX;

    civil_of_days(day, &c);
    c.second = w->first.second;
    for (c.hour = 0; c.hour < 24; c.hour++)
        for (c.minute = 0; w->rule.hours >> c.hour & 1 && c.minute < 60; c.minute++) {
            if (!(w->rule.minutes >> c.minute & 1))
                continue;
            int64_t t = zone_moment(w->zone, &c);

            if (t > after && t < best)
                best = t;
        }
    *out = best;
    return best != INT64_MAX;
}

static bool next_by_day(struct walk *w, int64_t after, int64_t *out)
{
    int64_t day = day_of(w->zone, after) - 1;

    if (day < w->first_day)
        day = w->first_day;
    while (next_day(w, day, &day)) {
        if (time_of_day(w, day, after, out))
            return true;
        day++;
    }
    return false;
}

/* Hours and minutes are counted as they pass: the step that begins at or before `t`. */
static int64_t step_at(const struct walk *w, int64_t base, int64_t length, int64_t t)
{
    return t <= base ? 0 : (t - base) / (length * w->rule.interval);
}

static bool hour_fits(const struct recurrence *r, const struct civil *c) { return !r->hours || (r->hours >> c->hour & 1); }

static bool time_in_hour(const struct walk *w, int64_t hour, int64_t after, int64_t *out)
{
    for (unsigned m = 0; m < 60; m++)
        if (w->rule.minutes >> m & 1 && hour + m * INT64_C(60000) > after) {
            *out = hour + m * INT64_C(60000);
            return true;
        }
    return false;
}

static bool time_in_step(const struct walk *w, int64_t at, const struct civil *c, int64_t after, int64_t *out)
{
    if (w->rule.frequency == REPEATS_HOURLY)
        return time_in_hour(w, at, after, out);
    *out = at;
    return at > after && (!w->rule.minutes || (w->rule.minutes >> c->minute & 1));
}

static bool next_by_step(struct walk *w, int64_t after, int64_t *out)
{
    bool hourly = w->rule.frequency == REPEATS_HOURLY;
    int64_t length = hourly ? HOUR_MS : MINUTE_MS, base = w->start - (hourly ? w->first.minute * MINUTE_MS : 0);
    int64_t step = step_at(w, base, length, after);
    struct civil c;

    while (w->tries-- > 0) {
        int64_t at = base + step * length * w->rule.interval;

        zone_civil(w->zone, at, &c);
        if (!day_fits(&w->rule, &c)) {
            struct civil midnight = { c.year, c.month, c.day + 1 };
            int64_t next = step_at(w, base, length, zone_moment(w->zone, &midnight) - 1);

            step = next > step ? next : step + 1;
        } else if (hour_fits(&w->rule, &c) && time_in_step(w, at, &c, after, out)) {
            return true;
        } else {
            step++;
        }
    }
    return false;
}

static bool next_after(struct walk *w, int64_t after, int64_t *out)
{
    if (after < w->start) {
        *out = w->start;
        return true;
    }
    return w->rule.frequency < REPEATS_DAILY ? next_by_step(w, after, out) : next_by_day(w, after, out);
}

bool recurrence_next(const struct recurrence *r, const struct zone *z, int64_t start, int64_t after, int64_t *out)
{
    struct walk w = { .rule = *r, .zone = z, .start = start, .first_day = day_of(z, start), .tries = TRIES };
    int64_t t = r->count ? start - 1 : after;

    zone_civil(z, start, &w.first);
    fill_in(&w);
    for (unsigned n = 0;; n++) {
        if ((r->count && n >= r->count) || !next_after(&w, t, &t) || (r->until && t > r->until))
            return false;
        if (t > after)
            break;
    }
    *out = t;
    return true;
}
