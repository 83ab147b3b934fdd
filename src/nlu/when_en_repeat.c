// SPDX-License-Identifier: Apache-2.0
/* English: what repeats: "every other friday at 8", "weekly on tuesday", "on the 15th of each month", "mondays and thursdays at 6pm". */
#include "nlu/number.h"
#include "nlu/when_internal.h"

enum { WORKDAYS = 0x3E, WEEKEND = 0x41, EVERY_MAX = 1000 };

/* Several weekdays: "monday, wednesday and friday", "monday to friday" */
static size_t read_weekday_list(str s, size_t at, uint8_t *out)
{
    static const struct word links[] = { { ", and ", 0 }, { " and ", 0 }, { ", ", 0 }, { " & ", 0 }, { ",", 0 }, { "/", 0 },
        { " or ", 0 }, { " ", 0 },
        { " to ", 1 }, { " through ", 1 }, { " thru ", 1 }, { "-", 1 }, { " - ", 1 }, { " until ", 1 }, { " till ", 1 } };
    int day, next, range;
    size_t end = read_en_weekday(s, at, &day), e, link;

    if (!end)
        return 0;
    *out = (uint8_t)(1 << day);
    for (int n = 0; n < 8 && (link = SCAN_WORDS(s, end, links, &range)); n++) {
        e = read_en_weekday(s, scan_skip(s, link, "on"), &next);
        if (!e)
            break;
        for (int d = day; range && d != next; d = (d + 1) % 7)
            *out |= (uint8_t)(1 << d);
        *out |= (uint8_t)(1 << next);
        day = next;
        end = e;
    }
    return end;
}

/* "workday", "weekend", "monday and friday" */
static size_t read_days(str s, size_t at, uint8_t *out)
{
    static const struct word kinds[] = {
        { "weekday", WORKDAYS }, { "weekdays", WORKDAYS }, { "workday", WORKDAYS }, { "workdays", WORKDAYS },
        { "business day", WORKDAYS },
        { "business days", WORKDAYS }, { "working day", WORKDAYS }, { "working days", WORKDAYS }, { "work day", WORKDAYS },
        { "week day", WORKDAYS }, { "weekend", WEEKEND }, { "weekends", WEEKEND },
    };
    int bits;
    size_t end = SCAN_WORDS(s, at, kinds, &bits);

    if (end) {
        *out = (uint8_t)bits;
        return end;
    }
    return read_weekday_list(s, at, out);
}

/* Behind "every 2 weeks", "weekly": "on tuesday" */
static size_t add_weekdays(const struct reading *r, size_t end, struct recurrence *rule)
{
    size_t begin = scan_skip(r->s, scan_gap(r->s, end), "on"), e = begin > end ? read_days(r->s, begin, &rule->weekdays) : 0;

    if (!e)
        rule->weekdays = (uint8_t)(1 << r->civil.weekday);
    return e ? e : end;
}

/* "first monday", "last friday", "last day", "15th" of a month */
static size_t read_month_place(const struct reading *r, size_t at, struct recurrence *rule)
{
    static const struct word nths[] = { { "first", 1 }, { "1st", 1 }, { "second", 2 }, { "2nd", 2 }, { "third", 3 }, { "3rd", 3 },
        { "fourth", 4 },
                                        { "4th", 4 }, { "last", -1 } };
    int nth, weekday, day;
    size_t begin = scan_skip(r->s, at, "the"), end = SCAN_WORDS(r->s, begin, nths, &nth), e;

    if (end && (e = read_en_weekday(r->s, scan_space(r->s, end), &weekday))) {
        rule->weekdays = (uint8_t)(1 << weekday);
        rule->weekday_nth = nth;
        return e;
    }
    if (end && nth == -1 && (e = scan_word(r->s, end, " day"))) {
        rule->last_days = 2;
        return e;
    }
    if (!(end = read_en_ordinal(r->s, begin, &day)))
        return 0;
    rule->days |= UINT32_C(1) << day;
    e = scan_skip(r->s, scan_gap(r->s, end), "and");
    if (e > end && (e = read_en_ordinal(r->s, scan_skip(r->s, e, "the"), &day))) {
        rule->days |= UINT32_C(1) << day;
        return e;
    }
    return end;
}

static size_t add_month_days(const struct reading *r, size_t end, struct recurrence *rule)
{
    size_t begin = scan_skip(r->s, scan_gap(r->s, end), "on"), e = begin > end ? read_month_place(r, begin, rule) : 0;

    if (!e && (e = scan_word(r->s, begin, "at the end")))
        rule->last_days = 2;
    if (!e)
        rule->days = UINT32_C(1) << r->civil.day;
    return e ? e : end;
}

static size_t add_date(const struct reading *r, size_t end, struct recurrence *rule)
{
    struct said d = { 0 };
    size_t begin = scan_skip(r->s, scan_gap(r->s, end), "on"), e = begin > end ? read_en_month_date(r, begin, &d) : 0;

    when_set_date(e ? d.day : r->today, rule);
    return e ? e : end;
}

/* What comes behind a frequency. */
static size_t add_details(const struct reading *r, size_t end, struct recurrence *rule)
{
    switch (rule->frequency) {
    case REPEATS_WEEKLY: return add_weekdays(r, end, rule);
    case REPEATS_MONTHLY: return add_month_days(r, end, rule);
    case REPEATS_YEARLY: return add_date(r, end, rule);
    default: return end;
    }
}

/* day, 2 weeks, half hour, other month */

static const struct word every_units[] = {
    { "minute", REPEATS_MINUTELY }, { "minutes", REPEATS_MINUTELY }, { "min", REPEATS_MINUTELY }, { "mins", REPEATS_MINUTELY },
    { "hour", REPEATS_HOURLY }, { "hours", REPEATS_HOURLY }, { "hr", REPEATS_HOURLY }, { "hrs", REPEATS_HOURLY },
    { "day", REPEATS_DAILY },
    { "days", REPEATS_DAILY }, { "week", REPEATS_WEEKLY }, { "weeks", REPEATS_WEEKLY }, { "month", REPEATS_MONTHLY },
    { "months", REPEATS_MONTHLY }, { "year", REPEATS_YEARLY }, { "years", REPEATS_YEARLY }, { "fortnight", 100 }, { "half hour", 101 },
    { "half an hour", 101 }, { "quarter hour", 102 }, { "quarter of an hour", 102 }, { "quarter", 103 }, { "h", REPEATS_HOURLY },
    { "m", REPEATS_MINUTELY }, { "d", REPEATS_DAILY }, { "hour and a half", 104 },
};

static bool set_unit(int unit, struct recurrence *rule)
{
    static const struct { int frequency; unsigned interval; } special[] = {
        { REPEATS_WEEKLY, 2 }, { REPEATS_MINUTELY, 30 }, { REPEATS_MINUTELY, 15 }, { REPEATS_MONTHLY, 3 }, { REPEATS_MINUTELY, 90 },
    };

    rule->frequency = unit < 100 ? (unsigned)unit : (unsigned)special[unit - 100].frequency;
    if (unit >= 100)
        rule->interval *= special[unit - 100].interval;
    return rule->interval <= EVERY_MAX;
}

/* "other", "second", "third", "2", "two" before what is counted */
static size_t read_interval(str s, size_t at, unsigned *out)
{
    static const struct word words[] = { { "other", 2 }, { "second", 2 }, { "2nd", 2 }, { "third", 3 }, { "3rd", 3 }, { "fourth", 4 },
        { "4th", 4 },
                                         { "single", 1 } };
    int n;
    double v;
    size_t end = SCAN_WORDS(s, at, words, &n);

    if (end) {
        *out = (unsigned)n;
        return scan_space(s, end);
    }
    if (!(number_read_figures(s, at, &v, &end) || number_read_words(s, at, &v, &end)) || v < 1 || v > EVERY_MAX || v != (double)(unsigned)v)
        return 0;
    *out = (unsigned)v;
    return scan_space(s, end);
}

static size_t read_every_unit(const struct reading *r, size_t at, struct recurrence *rule)
{
    int unit;
    size_t begin = read_interval(r->s, at, &rule->interval), end;

    if (!begin)
        begin = at;
    end = SCAN_WORDS(r->s, begin, every_units, &unit);
    if (end == begin + 1 && !is_figure(r->s.p[begin - 1]))
        end = 0;
    if (end)
        return set_unit(unit, rule) ? add_details(r, end, rule) : 0;
    rule->frequency = REPEATS_WEEKLY;       /* every other friday */
    return read_days(r->s, begin, &rule->weekdays);
}

/* "every morning"; "every 15th"; "every last friday of the month"; "every march 8th", "every christmas" */
static size_t read_every_other_thing(const struct reading *r, size_t at, struct recurrence *rule, struct said *d)
{
    static const struct word of[] = { { " of the month", 0 }, { " of every month", 0 }, { " of each month", 0 }, { " of a month", 0 } };
    int none;
    struct said date = { 0 };
    size_t end = read_en_part(r, at, &d->part), e;

    if (end) {
        rule->frequency = REPEATS_DAILY;
        return end;
    }
    if ((end = read_en_month_date(r, at, &date)) || (end = read_en_holiday(r, at, &date))) {
        rule->frequency = REPEATS_YEARLY;
        return when_set_date(date.day, rule) ? end : 0;
    }
    *rule = (struct recurrence){ .interval = 1, .frequency = REPEATS_MONTHLY };
    end = read_month_place(r, at, rule);
    e = end ? SCAN_WORDS(r->s, end, of, &none) : 0;
    return e || rule->weekday_nth || (end && is_figure(r->s.p[at])) ? (e ? e : end) : 0;
}

static size_t read_every(const struct reading *r, size_t at, struct recurrence *rule, struct said *d)
{
    static const struct word heads[] = { { "every", 0 }, { "each", 0 }, { "on every", 0 }, { "on each", 0 }, { "once every", 0 },
        { "once a", 1 },
                                         { "once an", 1 }, { "once per", 1 }, { "every single", 0 } };
    int none;
    struct recurrence other = *rule;
    struct said with = *d;
    size_t head = SCAN_WORDS(r->s, at, heads, &none), end, e;

    if (!head)
        return 0;
    head = scan_space(r->s, head);
    end = read_every_unit(r, head, rule);
    e = read_every_other_thing(r, head, &other, &with);
    if (e > end) {
        *rule = other;
        *d = with;
    }
    return e > end ? e : end;
}

/* daily, weekly on tuesday */
static size_t read_adverb(const struct reading *r, size_t at, struct recurrence *rule, struct said *d)
{
    static const struct word words[] = {
        { "hourly", REPEATS_HOURLY }, { "daily", REPEATS_DAILY }, { "weekly", REPEATS_WEEKLY }, { "monthly", REPEATS_MONTHLY },
        { "yearly", REPEATS_YEARLY }, { "annually", REPEATS_YEARLY }, { "fortnightly", 100 }, { "quarterly", 103 }, { "nightly", 200 },
        { "day by day", REPEATS_DAILY },
    };
    int unit;
    size_t end = SCAN_WORDS(r->s, at, words, &unit);

    if (!end)
        return 0;
    if (unit == 200) {
        rule->frequency = REPEATS_DAILY;
        return read_en_part(r, at, &d->part);
    }
    return set_unit(unit, rule) ? add_details(r, end, rule) : 0;
}

/* "on weekdays", "mondays and thursdays", "monday to friday"; one day in the singular is one day */
static size_t read_plural_days(const struct reading *r, size_t at, struct recurrence *rule)
{
    size_t begin = scan_skip(r->s, at, "on"), end;

    begin = scan_skip(r->s, begin, "the");
    rule->frequency = REPEATS_WEEKLY;
    if (!(end = read_days(r->s, begin, &rule->weekdays)))
        return 0;
    bool shortened = scan_text(r->s, end - 3, "ues") || scan_text(r->s, end - 4, "hurs") || scan_text(r->s, end - 3, "eds");
    bool plural = r->s.p[end - 1] == 's' && !shortened;

    return plural || rule->weekdays == WORKDAYS ? end : 0;
}

/* "the 15th of every month", "the last friday of each month" */
static size_t read_of_every_month(const struct reading *r, size_t at, struct recurrence *rule)
{
    static const struct word of[] = { { " of every month", 0 }, { " of each month", 0 }, { " every month", 0 }, { " each month", 0 },
                                      { " of every other month", 1 } };
    int other;
    size_t end = read_month_place(r, scan_skip(r->s, at, "on"), rule);

    rule->frequency = REPEATS_MONTHLY;
    if (!end || !(end = SCAN_WORDS(r->s, end, of, &other)))
        return 0;
    rule->interval = other ? 2 : 1;
    return end;
}

static size_t read_rule(const struct reading *r, size_t at, struct recurrence *rule, struct said *d)
{
    size_t end;

    *rule = (struct recurrence){ .interval = 1 };
    *d = (struct said){ 0 };
    if ((end = read_every(r, at, rule, d)) || (end = read_adverb(r, at, rule, d)))
        return end;
    *rule = (struct recurrence){ .interval = 1 };
    *d = (struct said){ 0 };
    if ((end = read_plural_days(r, at, rule)))
        return end;
    *rule = (struct recurrence){ .interval = 1 };
    return read_of_every_month(r, at, rule);
}

/* "at 9", "morning at 9", "at 9 and 18:00" */
static size_t add_time(const struct reading *r, size_t end, struct recurrence *rule, struct said *d)
{
    struct said with = *d, second;
    size_t begin = scan_gap(r->s, end), e;

    if (begin == end || rule->frequency < REPEATS_DAILY)
        return end;
    if (!d->part) {
        size_t in = scan_text(r->s, begin, "in the ");

        if ((e = read_en_part(r, in ? in : begin, &with.part))) {
            end = e;
            *d = with;
            begin = scan_gap(r->s, end);
        }
    }
    if (!(e = read_en_clock(r, begin, &with)))
        return end;
    *d = with;
    end = e;
    if ((e = scan_text(r->s, end, " in the ")) && !d->part && (e = read_en_part(r, e, &d->part)))
        end = e;
    second = (struct said){ .part = d->part };
    if (!d->has_clock || !(begin = scan_text(r->s, end, " and ")) || !(e = read_en_clock(r, begin, &second)) || !second.has_clock
        || second.minute != d->minute)
        return end;
    rule->hours = UINT32_C(1) << when_hour(d) % 24 | UINT32_C(1) << when_hour(&second) % 24;
    rule->minutes = UINT64_C(1) << d->minute;
    return e;
}

/* The time first: "at 9 every weekday", "6pm on mondays" */
static size_t read_time_first(const struct reading *r, size_t at, struct when *out)
{
    struct said d = { 0 }, with;
    struct recurrence rule;
    size_t end = read_en_clock(r, at, &d), e;

    if (!end || !(e = read_rule(r, scan_gap(r->s, end), &rule, &with)) || scan_gap(r->s, end) == end)
        return 0;
    if (with.part)
        d.part = with.part;
    return when_repeat(r, &rule, &d, out) ? e : 0;
}

size_t read_en_repeat(const struct reading *r, size_t at, struct when *out)
{
    struct recurrence rule;
    struct said d;
    size_t end = read_rule(r, at, &rule, &d);

    if (!end)
        return read_time_first(r, at, out);
    end = add_time(r, end, &rule, &d);
    return when_repeat(r, &rule, &d, out) ? end : 0;
}
