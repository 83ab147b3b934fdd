// SPDX-License-Identifier: Apache-2.0
/* English: days, times of the day and durations, and what is said with them. */
#include <string.h>

#include "nlu/number.h"
#include "nlu/unit.h"
#include "nlu/when_internal.h"

enum { WEEKDAY_SUNDAY, WEEKDAY_MONDAY, WEEKDAY_FRIDAY = 5, WEEKDAY_SATURDAY, WEEKDAY_WEEKEND };

/* Spaces, and a comma, between the words. */
static size_t gap(str s, size_t at) { return scan_space(s, scan_char(s, at) == ',' ? at + 1 : at); }

/* `word` and the space behind it; `at` itself where it is not there. */
static size_t skip_word(str s, size_t at, const char *word)
{
    size_t end = scan_word(s, at, word);

    return end ? scan_space(s, end) : at;
}

/* Durations. */

static const struct word units[] = {
    { "s", UNIT_SECOND }, { "sec", UNIT_SECOND }, { "secs", UNIT_SECOND }, { "second", UNIT_SECOND }, { "seconds", UNIT_SECOND },
    { "m", UNIT_MINUTE }, { "min", UNIT_MINUTE }, { "mins", UNIT_MINUTE }, { "minute", UNIT_MINUTE }, { "minutes", UNIT_MINUTE },
    { "minuts", UNIT_MINUTE }, { "h", UNIT_HOUR }, { "hr", UNIT_HOUR }, { "hrs", UNIT_HOUR }, { "hour", UNIT_HOUR }, { "hours", UNIT_HOUR },
    { "d", UNIT_DAY }, { "day", UNIT_DAY }, { "days", UNIT_DAY }, { "w", UNIT_WEEK }, { "wk", UNIT_WEEK }, { "wks", UNIT_WEEK },
    { "week", UNIT_WEEK }, { "weeks", UNIT_WEEK }, { "fortnight", UNIT_FORTNIGHT }, { "fortnights", UNIT_FORTNIGHT },
    { "month", UNIT_MONTH }, { "months", UNIT_MONTH }, { "mths", UNIT_MONTH }, { "yr", UNIT_YEAR }, { "yrs", UNIT_YEAR },
    { "year", UNIT_YEAR }, { "years", UNIT_YEAR },
};

/* One letter is a unit only right behind figures: 5m, but not "5 m", which are metres; nor "5mb". */
static size_t read_unit(str s, size_t at, int *out)
{
    size_t end = SCAN_WORDS(s, at, units, out);

    return end == at + 1 && (at == 0 || !is_figure(s.p[at - 1])) ? 0 : end;
}

/* "an hour", "half an hour", "a quarter of an hour", "half a day" */
static size_t read_article_length(str s, size_t at, double *n, int *unit)
{
    static const struct { const char *text; double n; } heads[] = {
        { "half an ", 0.5 }, { "half a ", 0.5 }, { "a half ", 0.5 }, { "half ", 0.5 }, { "a quarter of an ", 0.25 }, { "quarter of an ", 0.25 },
        { "a quarter ", 0.25 }, { "quarter ", 0.25 }, { "three quarters of an ", 0.75 }, { "an ", 1 }, { "a ", 1 }, { "the ", 0 },
    };

    for (size_t i = 0; i < N_ELEMENTS(heads); i++) {
        size_t head = scan_text(s, at, heads[i].text), end = head ? SCAN_WORDS(s, head, units, unit) : 0;

        if (end > head + 1 && heads[i].n > 0 && !(heads[i].n == 1 && *unit == UNIT_SECOND)) {
            *n = heads[i].n;
            return end;
        }
    }
    return 0;
}

static size_t read_counted_length(str s, size_t at, double *n, int *unit)
{
    size_t end;

    if (!number_read_figures(s, at, n, &end) && !number_read_words(s, at, n, &end))
        return 0;
    if (scan_char(s, end) == '-')
        end++;
    return read_unit(s, scan_space(s, end), unit);
}

/* "... and a half" behind the unit */
static size_t add_half(str s, size_t at, int unit, struct length *l)
{
    size_t end = scan_word(s, at, " and a half"), quarter = scan_word(s, at, " and a quarter");

    if (end && when_add_length(l, 0.5, unit))
        return end;
    return quarter && when_add_length(l, 0.25, unit) ? quarter : at;
}

size_t read_en_length(const struct reading *r, size_t at, struct length *out)
{
    struct length l = { 0 };
    int last = UNIT_YEAR + 1, unit;
    size_t end = 0, next = at, e;
    double n;

    while ((e = read_article_length(r->s, next, &n, &unit)) || (e = read_counted_length(r->s, next, &n, &unit))) {
        if (unit >= last || !when_add_length(&l, n, unit))
            break;
        end = add_half(r->s, e, unit, &l);
        last = unit;
        next = gap(r->s, end);
        next = skip_word(r->s, next, "and");
    }
    *out = l;
    return end;
}

/* A length that says nothing alone: "twice a day" has none. */
static bool is_bare_article(str s, size_t at, size_t end)
{
    static const struct word bare[] = { { "a day", 0 }, { "a week", 0 }, { "a month", 0 }, { "a year", 0 } };
    int none;

    return SCAN_WORDS(s, at, bare, &none) == end;
}

/* Parts of the day. */

static const struct part parts[] = {
    { "early morning", 5, 8, 6, SHIFT_MORNING }, { "morning", 5, 12, 8, SHIFT_MORNING }, { "noon", 12, 12, 12, SHIFT_NOON },
    { "midday", 12, 12, 12, SHIFT_NOON }, { "lunchtime", 12, 14, 12, SHIFT_NOON }, { "lunch time", 12, 14, 12, SHIFT_NOON },
    { "afternoon", 12, 18, 15, SHIFT_AFTERNOON }, { "late afternoon", 15, 18, 16, SHIFT_AFTERNOON },
    { "early afternoon", 12, 15, 13, SHIFT_AFTERNOON }, { "evening", 17, 24, 19, SHIFT_EVENING }, { "night", 18, 30, 21, SHIFT_EVENING },
    { "late evening", 20, 24, 21, SHIFT_EVENING }, { "midnight", 24, 24, 24, SHIFT_NIGHT }, { "dawn", 5, 7, 6, SHIFT_MORNING },
    { "mornings", 5, 12, 8, SHIFT_MORNING }, { "afternoons", 12, 18, 15, SHIFT_AFTERNOON }, { "evenings", 17, 24, 19, SHIFT_EVENING },
    { "nights", 18, 30, 21, SHIFT_EVENING }, { "nightly", 18, 30, 21, SHIFT_EVENING },
};

size_t read_en_part(const struct reading *r, size_t at, const struct part **out)
{
    size_t best = 0;

    for (size_t i = 0; i < N_ELEMENTS(parts); i++) {
        size_t end = scan_word(r->s, at, parts[i].text);

        if (end > best) {
            best = end;
            *out = &parts[i];
        }
    }
    return best;
}

/* Days. */

static const struct word weekdays[] = {
    { "sunday", 0 }, { "sundays", 0 }, { "sun", 0 }, { "monday", 1 }, { "mondays", 1 }, { "mon", 1 }, { "tuesday", 2 }, { "tuesdays", 2 },
    { "tues", 2 }, { "tue", 2 }, { "wednesday", 3 }, { "wednesdays", 3 }, { "wednsday", 3 }, { "weds", 3 }, { "wed", 3 }, { "thursday", 4 },
    { "thursdays", 4 }, { "thurs", 4 }, { "thur", 4 }, { "thu", 4 }, { "friday", 5 }, { "fridays", 5 }, { "fri", 5 }, { "saturday", 6 },
    { "saturdays", 6 }, { "sat", 6 },
};

size_t read_en_weekday(str s, size_t at, int *out) { return SCAN_WORDS(s, at, weekdays, out); }

/* "he sat", "the sun": words too; they need something beside them that makes them days. */
static bool is_word_too(str s, size_t at, size_t end)
{
    str word = str_cut(s, at, end);

    return str_eq(word, S("sat")) || str_eq(word, S("sun")) || str_eq(word, S("wed"));
}

static const struct word months[] = {
    { "january", 1 }, { "jan", 1 }, { "february", 2 }, { "feb", 2 }, { "march", 3 }, { "mar", 3 }, { "april", 4 }, { "apr", 4 }, { "may", 5 },
    { "june", 6 }, { "jun", 6 }, { "july", 7 }, { "jul", 7 }, { "august", 8 }, { "aug", 8 }, { "september", 9 }, { "sept", 9 }, { "sep", 9 },
    { "october", 10 }, { "oct", 10 }, { "november", 11 }, { "nov", 11 }, { "december", 12 }, { "dec", 12 },
};

/* "may" and "march" are verbs, and what is short is no word without a day. */
static bool is_plain_month(size_t length, int month) { return length > 4 && month != 3 && month != 5; }

static const struct word ordinals[] = {
    { "first", 1 }, { "second", 2 }, { "third", 3 }, { "fourth", 4 }, { "fifth", 5 }, { "sixth", 6 }, { "seventh", 7 }, { "eighth", 8 },
    { "ninth", 9 }, { "tenth", 10 }, { "eleventh", 11 }, { "twelfth", 12 }, { "thirteenth", 13 }, { "fourteenth", 14 }, { "fifteenth", 15 },
    { "sixteenth", 16 }, { "seventeenth", 17 }, { "eighteenth", 18 }, { "nineteenth", 19 }, { "twentieth", 20 }, { "twenty-first", 21 },
    { "twenty first", 21 }, { "twenty-second", 22 }, { "twenty-third", 23 }, { "twenty-fourth", 24 }, { "twenty-fifth", 25 },
    { "twenty-sixth", 26 }, { "twenty-seventh", 27 }, { "twenty-eighth", 28 }, { "twenty-ninth", 29 }, { "thirtieth", 30 },
    { "thirty-first", 31 },
};

/* 3rd, third */
size_t read_en_ordinal(str s, size_t at, int *out)
{
    static const struct word endings[] = { { "st", 0 }, { "nd", 0 }, { "rd", 0 }, { "th", 0 } };
    int none;
    size_t end = read_figures(s, at, 31, 2, out);

    if (end && *out > 0 && SCAN_WORDS(s, end, endings, &none))
        return end + 2;
    return SCAN_WORDS(s, at, ordinals, out);
}

/* 3rd or 3, but not 3:00, 3pm or 3.5 */
static size_t read_day_number(str s, size_t at, int *out)
{
    size_t end = read_en_ordinal(s, at, out);

    if (end)
        return end;
    end = read_figures(s, at, 31, 2, out);
    char c = scan_char(s, end);

    if (!end || *out == 0 || c == ':' || is_letter(c) || is_figure(c) || c == '%' || c == '/' || ((c == '.' || c == ',') && is_figure(scan_char(s, end + 1))))
        return 0;
    return end;
}

static size_t read_year(str s, size_t at, int *out)
{
    int year;
    size_t begin = gap(s, at), end = read_figures(s, begin, 2199, 4, &year);

    if (end != begin + 4 || begin == at || year < 1900 || is_letter(scan_char(s, end)) || scan_char(s, end) == ':')
        return 0;
    *out = year;
    return end;
}

static size_t finish_date(const struct reading *r, size_t end, int month, int day, struct said *d)
{
    int year;
    size_t e = read_year(r->s, end, &year);

    if (e && day > civil_month_days(year, month))
        return 0;
    d->day = e ? civil_days(year, month, day) : when_month_day(r, month, day);
    d->again = e ? AGAIN_NEVER : AGAIN_YEAR;
    d->has_day = true;
    return d->day == -1 ? 0 : e ? e : end;
}

/* dec 24th, december the 24th 2026; 24 december, the 24th of december */
size_t read_en_month_date(const struct reading *r, size_t at, struct said *d)
{
    int month, day;
    size_t end = SCAN_WORDS(r->s, at, months, &month), e;

    if (end) {
        end = scan_space(r->s, scan_char(r->s, end) == '.' ? end + 1 : end);
        e = read_day_number(r->s, skip_word(r->s, end, "the"), &day);
        return e ? finish_date(r, e, month, day, d) : 0;
    }
    if (!(end = read_day_number(r->s, skip_word(r->s, at, "the"), &day)))
        return 0;
    end = skip_word(r->s, scan_space(r->s, end), "of");
    end = SCAN_WORDS(r->s, end, months, &month);
    return end ? finish_date(r, end, month, day, d) : 0;
}

size_t read_en_holiday(const struct reading *r, size_t at, struct said *d)
{
    static const struct word days[] = {
        { "christmas", 1225 }, { "christmas day", 1225 }, { "xmas", 1225 }, { "christmas eve", 1224 }, { "boxing day", 1226 },
        { "new year's day", 101 }, { "new years day", 101 }, { "new year's eve", 1231 }, { "new years eve", 1231 }, { "halloween", 1031 },
        { "valentine's day", 214 }, { "valentines day", 214 }, { "labor day", 501 }, { "april fools' day", 401 }, { "april fools day", 401 },
    };
    int date;
    size_t end = SCAN_WORDS(r->s, at, days, &date);

    if (!end || date == 501)            /* not the same day everywhere */
        return 0;
    d->day = when_month_day(r, date / 100, date % 100);
    d->again = AGAIN_YEAR;
    d->has_day = true;
    return end;
}

/* What may follow "the 3rd" where a day is meant, and not the third of something. */
static bool ends_a_day(str s, size_t at)
{
    static const struct word words[] = { { "at", 0 }, { "of", 0 }, { "in", 0 }, { "to", 0 }, { "for", 0 }, { "about", 0 }, { "that", 0 },
        { "please", 0 }, { "and", 0 }, { "i", 0 }, { "we", 0 }, { "remind", 0 }, { "noon", 0 }, { "by", 0 }, { "around", 0 }, { "until", 0 },
        { "till", 0 }, { "is", 0 }, { "was", 0 }, { "or", 0 }, { "from", 0 }, { "morning", 0 }, { "afternoon", 0 }, { "evening", 0 } };
    int none;

    at = scan_space(s, at);
    return !is_letter(scan_char(s, at)) || SCAN_WORDS(s, at, words, &none);
}

/* "the 3rd", "the 3rd of next month" */
static size_t read_ordinal_day(const struct reading *r, size_t at, struct said *d)
{
    static const struct word of[] = { { " of this month", 0 }, { " of the month", 2 }, { " of next month", 1 }, { " of last month", -1 },
                                      { " next month", 1 }, { " this month", 0 }, { " last month", -1 } };
    int day, offset;
    size_t begin = scan_word(r->s, at, "the"), end = begin ? read_en_ordinal(r->s, scan_space(r->s, begin), &day) : 0, e;

    if (!end)
        return 0;
    e = SCAN_WORDS(r->s, end, of, &offset);
    d->has_day = true;
    if (e && offset != 2) {
        struct civil c;

        civil_of_days(civil_days(r->civil.year, r->civil.month + offset, 1), &c);
        d->day = civil_days(c.year, c.month, day);
        return day <= civil_month_days(c.year, c.month) ? e : 0;
    }
    d->day = when_day_of_month(r, day);
    d->again = AGAIN_MONTH;
    return d->day == -1 || !(is_figure(r->s.p[scan_space(r->s, begin)]) || e) || !ends_a_day(r->s, e ? e : end) ? 0 : e ? e : end;
}

enum direction { THIS, NEXT, LAST };

static const struct word directions[] = {
    { "this", THIS }, { "the current", THIS }, { "current", THIS }, { "this coming", NEXT + 10 }, { "coming", NEXT + 10 }, { "the coming", NEXT + 10 },
    { "next", NEXT }, { "the next", NEXT }, { "the following", NEXT }, { "following", NEXT }, { "last", LAST }, { "the last", LAST },
    { "past", LAST }, { "the past", LAST }, { "previous", LAST }, { "the previous", LAST },
};

static size_t read_direction(str s, size_t at, int *out)
{
    size_t end = SCAN_WORDS(s, at, directions, out);

    return end && scan_char(s, end) == ' ' ? end + 1 : 0;
}

static int64_t weekday_in(const struct reading *r, int direction, int weekday)
{
    int64_t in_week = (weekday + 6) % 7;

    if (direction == NEXT)
        return when_week(r, 1) + in_week;
    if (direction == LAST)
        return when_weekday(r, weekday) - 7;
    int64_t day = when_weekday(r, weekday);

    return direction == NEXT + 10 && day == r->today ? day + 7 : day;
}

/* next friday; friday, friday next week; next week friday */
static size_t read_weekday_day(const struct reading *r, size_t at, struct said *d)
{
    static const struct word weeks[] = { { " next week", 1 }, { " this week", 0 }, { " last week", -1 }, { ", next week", 1 } };
    int weekday, direction = 0, week;
    size_t head = read_direction(r->s, at, &direction), begin = head ? head : at, end = read_en_weekday(r->s, begin, &weekday), e;

    if (!end) {
        if (!head || !(e = scan_word(r->s, head, "week")) || direction > LAST)
            return 0;
        begin = skip_word(r->s, scan_space(r->s, e), "on");
        if (!(end = read_en_weekday(r->s, begin, &weekday)))
            return 0;
        d->day = when_week(r, direction == NEXT ? 1 : direction == LAST ? -1 : 0) + (weekday + 6) % 7;
    } else if (head) {
        d->day = weekday_in(r, direction, weekday);
    } else if ((e = SCAN_WORDS(r->s, end, weeks, &week))) {
        d->day = when_week(r, week) + (weekday + 6) % 7;
        end = e;
    } else {
        d->day = when_weekday(r, weekday);
        d->again = AGAIN_WEEK;
    }
    d->has_day = true;
    return end;
}

static size_t read_relative_day(const struct reading *r, size_t at, struct said *d)
{
    static const struct word days[] = {
        { "today", 0 }, { "tomorrow", 1 }, { "tommorow", 1 }, { "tommorrow", 1 }, { "tomorow", 1 }, { "tomorrw", 1 }, { "tmr", 1 }, { "tmrw", 1 },
        { "tmw", 1 }, { "tmrow", 1 }, { "2moro", 1 }, { "2morrow", 1 }, { "yesterday", -1 }, { "yesturday", -1 }, { "the day after tomorrow", 2 },
        { "day after tomorrow", 2 }, { "the day before yesterday", -2 }, { "day before yesterday", -2 }, { "overmorrow", 2 },
    };
    int offset;
    size_t end = SCAN_WORDS(r->s, at, days, &offset);

    if (!end)
        return 0;
    d->has_day = true;
    d->day = r->today + offset;
    return end;
}

/* "the end of the month", "beginning of next year", "last day of the month" */
static size_t read_edge_day(const struct reading *r, size_t at, struct said *d)
{
    static const struct word edges[] = { { "end of ", 1 }, { "the end of ", 1 }, { "beginning of ", 0 }, { "the beginning of ", 0 },
        { "start of ", 0 }, { "the start of ", 0 }, { "last day of ", 1 }, { "the last day of ", 1 }, { "first day of ", 0 }, { "the first day of ", 0 } };
    static const struct word periods[] = { { "the month", 0 }, { "month", 0 }, { "this month", 0 }, { "next month", 1 }, { "last month", -1 },
        { "the year", 100 }, { "this year", 100 }, { "year", 100 }, { "next year", 101 }, { "last year", 99 }, { "the week", 200 },
        { "this week", 200 }, { "next week", 201 } };
    int is_end, period;
    size_t end = SCAN_WORDS(r->s, at, edges, &is_end);

    if (!end || !(end = SCAN_WORDS(r->s, end, periods, &period)))
        return 0;
    if (period >= 199)
        d->day = when_week(r, period - 200) + (is_end ? 4 : 0);
    else if (period >= 99)
        d->day = civil_days(r->civil.year + period - 100 + is_end, 1, 1) - is_end;
    else
        d->day = civil_days(r->civil.year, r->civil.month + period + is_end, 1) - is_end;
    if (!is_end && d->day < r->today && period % 100 == 0)
        d->day = period == 200 ? d->day + 7 : period == 100 ? civil_days(r->civil.year + 1, 1, 1) : civil_days(r->civil.year, r->civil.month + 1, 1);
    d->has_day = true;
    return end;
}

/* "a week from monday", "3 days before christmas", "two weeks after the 3rd" */
static size_t read_counted_day(const struct reading *r, size_t at, struct said *d)
{
    static const struct word links[] = { { "from", 1 }, { "after", 1 }, { "before", -1 }, { "from this", 1 }, { "on", 1 } };
    static const struct word now[] = { { "now", 0 }, { "today", 0 } };
    struct length l;
    struct said base = { 0 };
    int sign, none;
    size_t end = read_en_length(r, at, &l), e;

    if (!end || scan_char(r->s, end) != ' ' || l.ms || !(end = SCAN_WORDS(r->s, end + 1, links, &sign)) || scan_char(r->s, end) != ' ')
        return 0;
    if ((SCAN_WORDS(r->s, end + 1, now, &none)))
        return 0;
    if (!(e = read_relative_day(r, end + 1, &base)) && !(e = read_weekday_day(r, end + 1, &base)) && !(e = read_en_month_date(r, end + 1, &base))
        && !(e = read_en_holiday(r, end + 1, &base)) && !(e = read_ordinal_day(r, end + 1, &base)))
        return 0;
    struct civil c;

    civil_of_days(base.day, &c);
    d->day = civil_days(c.year, c.month + sign * (int)l.months, c.day) + sign * l.days;
    d->has_day = true;
    return e;
}

/* "friday, december 25", "monday the 23rd": the date says which */
static size_t read_weekday_and_date(const struct reading *r, size_t at, struct said *d)
{
    int none;
    size_t end = read_en_weekday(r->s, at, &none), e;

    if (!end || gap(r->s, end) == end)
        return 0;
    end = gap(r->s, end);
    if ((e = read_en_month_date(r, end, d)) || (e = read_figure_date(r, end, d)))
        return e;
    return read_ordinal_day(r, end, d);
}

size_t read_en_day(const struct reading *r, size_t at, struct said *d)
{
    static size_t (*const readers[])(const struct reading *, size_t, struct said *) = {
        read_relative_day, read_en_month_date, read_figure_date, read_en_holiday, read_weekday_day, read_ordinal_day, read_edge_day,
        read_counted_day, read_weekday_and_date,
    };
    struct said one, best = { 0 };
    size_t best_end = 0;

    for (size_t i = 0; i < N_ELEMENTS(readers); i++) {
        one = *d;
        size_t end = readers[i](r, at, &one);

        if (end > best_end) {
            best_end = end;
            best = one;
        }
    }
    if (best_end)
        *d = best;
    return best_end;
}

/* Times. */

enum half { HALF_NONE, HALF_AM, HALF_PM };

static size_t read_half(str s, size_t at, int *out)
{
    static const struct word halves[] = { { "am", HALF_AM }, { "a.m.", HALF_AM }, { "a.m", HALF_AM }, { "a m", HALF_AM }, { "pm", HALF_PM },
                                          { "p.m.", HALF_PM }, { "p.m", HALF_PM }, { "p m", HALF_PM } };

    return SCAN_WORDS(s, scan_space(s, at), halves, out);
}

static bool apply_half(struct said *d, int half)
{
    if (d->hour < 1 || d->hour > 12)
        return d->hour > 12 && half == HALF_PM;
    d->hour = d->hour % 12 + (half == HALF_PM ? 12 : 0);
    d->twelve = false;
    return true;
}

/* An hour in figures or words: twelve, 9 */
static size_t read_hour(str s, size_t at, int *out)
{
    double v;
    size_t end = read_figures(s, at, 24, 2, out);

    if (end)
        return end;
    if (!number_read_words(s, at, &v, &end) || v < 1 || v > 12 || v != (int)v)
        return 0;
    *out = (int)v;
    return end;
}

static void set_hour(struct said *d, int hour, int minute)
{
    d->has_clock = true;
    d->hour = hour;
    d->minute = minute;
    d->twelve = hour >= 1 && hour <= 12;
}

/* half past 8, quarter to nine, ten minutes past 5, 20 to 6 */
static size_t read_spoken_clock(const struct reading *r, size_t at, struct said *d)
{
    static const struct word minutes[] = { { "half", 30 }, { "a quarter", 15 }, { "quarter", 15 }, { "five", 5 }, { "ten", 10 }, { "twenty", 20 },
        { "twenty five", 25 }, { "twenty-five", 25 }, { "5", 5 }, { "10", 10 }, { "15", 15 }, { "20", 20 }, { "25", 25 } };
    static const struct word sides[] = { { "past", 1 }, { "after", 1 }, { "to", -1 }, { "til", -1 }, { "till", -1 }, { "before", -1 }, { "of", -1 } };
    int m, side, hour;
    size_t end = SCAN_WORDS(r->s, at, minutes, &m);

    if (!end || is_figure(scan_char(r->s, end)))
        return 0;
    end = scan_space(r->s, end);
    end = skip_word(r->s, skip_word(r->s, end, "minutes"), "mins");
    if (!(end = SCAN_WORDS(r->s, end, sides, &side)) || (m == 30 && side < 0) || !(end = read_hour(r->s, scan_space(r->s, end), &hour)))
        return 0;
    if (scan_char(r->s, end) == ':' || hour == 0)
        return 0;
    set_hour(d, side < 0 ? (hour == 1 ? 12 : hour - 1) : hour, side < 0 ? 60 - m : m);
    return end;
}

/* "8 in the evening", "9 tonight": the number is an hour. */
static bool says_part(str s, size_t at)
{
    static const struct word parts_behind[] = { { " in the morning", 0 }, { " in the afternoon", 0 }, { " in the evening", 0 }, { " tonight", 0 },
                                                { " at night", 0 }, { " this morning", 0 }, { " this afternoon", 0 }, { " this evening", 0 } };
    int none;

    return SCAN_WORDS(s, at, parts_behind, &none) != 0;
}

/* What comes behind "at 8" and makes it no time. */
static bool counts_something(str s, size_t at)
{
    size_t len;
    char c = scan_char(s, at);

    if (c == '%' || c == '/' || c == '-' || c == '_' || is_letter(c) || (c == '.' && is_figure(scan_char(s, at + 1))))
        return true;
    if (says_part(s, at))
        return false;
    if (unit_read(str_skip(s, scan_space(s, at)), &len))
        return true;
    static const struct word words[] = { { "percent", 0 }, { "times", 0 }, { "files", 0 }, { "people", 0 }, { "servers", 0 }, { "million", 0 },
        { "thousand", 0 }, { "hundred", 0 }, { "items", 0 }, { "things", 0 }, { "dollars", 0 }, { "euros", 0 }, { "hosts", 0 }, { "rows", 0 } };
    int none;

    return SCAN_WORDS(s, scan_space(s, at), words, &none) != 0;
}

/* 0930, 1530 */
static size_t read_four_figures(str s, size_t at, struct said *d)
{
    int v;
    size_t end = read_figures(s, at, 2359, 4, &v);

    if (end != at + 4 || v % 100 > 59 || counts_something(s, end))
        return 0;
    set_hour(d, v / 100, v % 100);
    d->twelve = false;
    return end;
}

static const struct word twenties[] = {
    { "fifteen", 15 }, { "twenty", 20 }, { "twenty-five", 25 }, { "twenty five", 25 }, { "thirty", 30 }, { "thirty-five", 35 },
    { "thirty five", 35 }, { "forty", 40 }, { "forty-five", 45 }, { "forty five", 45 }, { "fifty", 50 }, { "fifty-five", 55 },
    { "fifty five", 55 }, { "ten", 10 }, { "oh five", 5 },
};

/* 3pm, 3 o'clock, three thirty; "3" alone only where something says that it is a time. */
static size_t read_hour_clock(const struct reading *r, size_t at, bool said_at, struct said *d)
{
    static const struct word sharp[] = { { "o'clock", 0 }, { "oclock", 0 }, { "o clock", 0 }, { "o' clock", 0 }, { "o’clock", 0 } };
    int hour, minute, half;
    size_t end = read_hour(r->s, at, &hour), e;

    if (!end)
        return 0;
    set_hour(d, hour, 0);
    if (is_figure(r->s.p[at]) && (scan_char(r->s, end) == '.') && (e = read_figures(r->s, end + 1, 59, 2, &minute)) == end + 3
        && read_half(r->s, e, &half)) {
        d->minute = minute;
        end = e;
    }
    if ((e = read_half(r->s, end, &half)))
        return apply_half(d, half) ? e : 0;
    if ((e = SCAN_WORDS(r->s, scan_space(r->s, end), sharp, &half)))
        return e;
    if (!is_figure(r->s.p[at]) && (e = SCAN_WORDS(r->s, scan_space(r->s, end), twenties, &minute)) && e > end + 1) {
        d->minute = minute;
        size_t with_half = read_half(r->s, e, &half);

        return with_half && apply_half(d, half) ? with_half : said_at ? e : 0;
    }
    return (said_at && !counts_something(r->s, end)) || says_part(r->s, end) ? end : 0;
}

/* With "at", "around" or "@" before it, which is a part of it. */
size_t read_en_clock(const struct reading *r, size_t at, struct said *d)
{
    static const struct word heads[] = { { "at around", 0 }, { "at about", 0 }, { "at", 0 }, { "around", 0 }, { "@", 0 }, { "at exactly", 0 } };
    int none, half;
    size_t head = SCAN_WORDS(r->s, at, heads, &none), begin = head ? scan_space(r->s, head) : at, end;
    const struct part *p;

    if ((end = read_colon_clock(r, begin, d))) {
        size_t e = read_half(r->s, end, &half);

        return e && apply_half(d, half) ? e : is_letter(scan_char(r->s, end)) ? 0 : end;
    }
    if ((end = read_spoken_clock(r, begin, d))) {
        size_t e = read_half(r->s, end, &half);

        return e && apply_half(d, half) ? e : end;
    }
    if (head && (end = read_four_figures(r->s, begin, d)))
        return end;
    if ((end = read_hour_clock(r, begin, head != 0, d)))
        return end;
    *d = (struct said){ .has_day = d->has_day, .day = d->day, .again = d->again, .part = d->part };
    if ((end = read_en_part(r, begin, &p)) && p->from == p->to) {
        d->part = p;
        return end;
    }
    return 0;
}

/* tonight; this morning; last night; in the afternoon; at night */
static size_t read_day_part(const struct reading *r, size_t at, struct said *d)
{
    static const struct { const char *text; int day; int with_part; } heads[] = {
        { "tonight", 0, 0 }, { "tonite", 0, 0 }, { "this ", 0, 1 }, { "last ", -1, 1 }, { "in the ", 9, 1 }, { "during the ", 9, 1 }, { "at ", 9, 1 },
    };

    for (size_t i = 0; i < N_ELEMENTS(heads); i++) {
        size_t end = heads[i].with_part ? scan_text(r->s, at, heads[i].text) : scan_word(r->s, at, heads[i].text);
        const struct part *p = &parts[10];

        if (!end || (heads[i].with_part && !(end = read_en_part(r, end, &p))) || (heads[i].day == -1 && p->from < 17))
            continue;
        if (r->s.p[end - 1] == 's')
            continue;
        d->part = p;
        d->has_day = d->has_day || heads[i].day != 9;
        if (heads[i].day != 9)
            d->day = r->today + heads[i].day;
        return end;
    }
    return 0;
}

/* The day behind a time: "3pm tomorrow", "9 on friday", "8 in the evening" */
static size_t read_day_behind(const struct reading *r, size_t at, struct said *d)
{
    size_t begin = gap(r->s, at), on = skip_word(r->s, begin, "on"), end = d->has_day ? 0 : read_en_day(r, on, d), e;
    const struct part *p;

    if (!end)
        return d->part ? 0 : read_day_part(r, begin, d);
    e = gap(r->s, end);
    if (!d->part && (read_en_part(r, e, &p)) && p->from != p->to) {
        d->part = p;
        return read_en_part(r, e, &p);
    }
    e = d->part ? 0 : read_day_part(r, e, d);
    return e ? e : end;
}

/* The time behind a day: "tomorrow at 3", "friday morning at 9", "monday 9am in the morning" */
static size_t read_time_behind(const struct reading *r, size_t at, struct said *d)
{
    size_t begin = gap(r->s, at), end = at, e;
    const struct part *p;

    if (begin == at && !is_figure(scan_char(r->s, at)))
        return at;
    if (!d->part && ((e = read_en_part(r, begin, &p)) || ((e = read_day_part(r, begin, d)) && (p = d->part)))) {
        if (p->shift != SHIFT_NOON || d->part != p || p->from == p->to) {
            d->part = p;
            end = e;
            begin = gap(r->s, end);
        }
    }
    struct said with = *d;

    if (!(e = read_en_clock(r, begin, &with)))
        return end;
    *d = with;
    end = e;
    if (!d->part && (e = read_day_part(r, gap(r->s, end), &with)) && (!with.has_day || with.day == d->day)) {
        d->part = with.part;
        end = e;
    }
    return end;
}

size_t read_en_moment(const struct reading *r, size_t at, struct said *d)
{
    size_t begin = skip_word(r->s, at, "on"), end, e;

    if ((end = read_en_day(r, begin, d)) && !(is_word_too(r->s, begin, end) && begin == at && read_time_behind(r, end, &(struct said){ 0 }) == end))
        return read_time_behind(r, end, d);
    *d = (struct said){ 0 };
    if ((end = read_day_part(r, at, d)) && !(d->part->from == d->part->to && !d->has_day))
        return read_time_behind(r, end, d);
    *d = (struct said){ 0 };
    if (!(end = read_en_clock(r, at, d)))
        return 0;
    e = read_day_behind(r, end, d);
    return e ? e : end;
}

/* Periods. */

/* this week, next month, last year, the weekend */
static size_t read_named_period(const struct reading *r, size_t at, struct when *out)
{
    static const struct word names[] = { { "week", 0 }, { "month", 1 }, { "year", 2 }, { "weekend", 3 }, { "quarter", 4 }, { "work week", 0 } };
    int direction, name, step;
    size_t end = read_direction(r->s, at, &direction);

    if (scan_word(r->s, at, "past") || scan_word(r->s, at, "the past"))      /* seven days, not from Monday to Sunday */
        return 0;

    if (!end) {
        end = scan_text(r->s, at, "the ");
        direction = THIS;
        return end && (end = scan_word(r->s, end, "weekend")) ? (when_period(r, when_week(r, 0) + 5, when_week(r, 1), out), end) : 0;
    }
    if (!(end = SCAN_WORDS(r->s, end, names, &name)) || direction > LAST)
        return 0;
    step = direction == NEXT ? 1 : direction == LAST ? -1 : 0;
    int year = r->civil.year, month = r->civil.month, season = (month - 1) / 3 * 3 + 1 + 3 * step;

    switch (name) {
    case 0: when_period(r, when_week(r, step), when_week(r, step + 1), out); break;
    case 1: when_period(r, civil_days(year, month + step, 1), civil_days(year, month + step + 1, 1), out); break;
    case 2: when_period(r, civil_days(year + step, 1, 1), civil_days(year + step + 1, 1, 1), out); break;
    case 3: when_period(r, when_week(r, step) + 5, when_week(r, step + 1), out); break;
    default: when_period(r, civil_days(year, season, 1), civil_days(year, season + 3, 1), out);
    }
    return end;
}

/* the last 2 hours, past 24h, the next 3 days, the past week */
static size_t read_counted_period(const struct reading *r, size_t at, struct when *out)
{
    int direction, unit = UNIT_DAY;
    struct length l = { 0 };
    size_t head = read_direction(r->s, at, &direction), end = head ? read_en_length(r, head, &l) : 0, e;

    if (!head || direction == THIS)
        return 0;
    if (!end && (e = SCAN_WORDS(r->s, head, units, &unit)) > head + 1) {
        bool sure = scan_text(r->s, at, "the ") || scan_text(r->s, at, "past") || unit == UNIT_HOUR;

        if (unit == UNIT_SECOND || (!sure && unit <= UNIT_DAY) || (unit >= UNIT_WEEK && !scan_text(r->s, at, "the past") && !scan_text(r->s, at, "past"))
            || scan_word(r->s, e, " of"))
            return 0;
        when_add_length(&l, 1, unit);
        end = e;
    }
    if (!end)
        return 0;
    if (direction == LAST)
        when_span(when_shift(r, r->now, &l, -1), r->now, out);
    else
        when_span(r->now, when_shift(r, r->now, &l, 1), out);
    return end;
}

/* "in december", "next march", "december 2026", "january" */
static size_t read_month_period(const struct reading *r, size_t at, struct when *out)
{
    int direction = THIS, month, year = r->civil.year;
    size_t in = scan_text(r->s, at, "in "), head = in ? in : read_direction(r->s, at, &direction), begin = head ? head : at;
    size_t end = SCAN_WORDS(r->s, begin, months, &month), e;

    if (!end)
        return 0;
    bool plain = is_plain_month(end - begin, month) || (head && end - begin >= 3);

    if ((e = read_year(r->s, end, &year))) {
        end = e;
    } else if (!plain) {
        return 0;
    } else if (direction == LAST) {
        year -= month >= r->civil.month;
    } else {
        year += direction == NEXT ? month <= r->civil.month : month < r->civil.month;
    }
    if (!e && is_figure(scan_char(r->s, scan_space(r->s, end))))        /* february 30 */
        return 0;
    when_period(r, civil_days(year, month, 1), civil_days(year, month + 1, 1), out);
    if (!e && direction == THIS && out->at > r->now)
        out->earlier = when_moment(r, civil_days(year - 1, month, 1), 0);
    return end;
}

/* Relative points. */

/* "in 20 minutes", "in 3 days at 9", "after half an hour", "in 5 minutes' time" */
static size_t finish_relative(const struct reading *r, size_t end, const struct length *l, int sign, struct when *out)
{
    int64_t t = when_shift(r, r->now, l, sign);
    struct said d = { .has_day = true };
    struct civil c;

    zone_civil(r->zone, t, &c);
    d.day = civil_days(c.year, c.month, c.day);
    size_t e = l->ms == 0 ? read_time_behind(r, end, &d) : end;

    if (e > end)
        when_settle(r, &d, out);
    else
        when_point(t, out);
    return e;
}

static size_t read_in(const struct reading *r, size_t at, struct when *out)
{
    static const struct word heads[] = { { "in", 0 }, { "after", 0 }, { "in about", 0 }, { "in another", 0 }, { "in exactly", 0 }, { "in the next", 0 } };
    static const struct word tails[] = { { "' time", 0 }, { "'s time", 0 }, { " time", 0 }, { "s time", 0 }, { " from now", 0 }, { " or so", 0 } };
    int none;
    struct length l;
    size_t end = SCAN_WORDS(r->s, at, heads, &none), e;

    if (!end || scan_text(r->s, at, "in the next") || !(end = read_length(r, scan_space(r->s, end), &l)))
        return 0;
    if ((e = SCAN_WORDS(r->s, end, tails, &none)))
        end = e;
    return finish_relative(r, end, &l, 1, out);
}

/* "20 minutes ago", "a week from now", "2 hours later" */
static size_t read_from_now(const struct reading *r, size_t at, struct when *out)
{
    static const struct word tails[] = { { "ago", -1 }, { "back", -1 }, { "before now", -1 }, { "earlier", -1 }, { "from now", 1 }, { "later", 1 },
                                         { "hence", 1 }, { "from today", 1 }, { "from now on", 1 } };
    int sign;
    struct length l;
    size_t end = read_length(r, at, &l);

    if (!end || !(end = SCAN_WORDS(r->s, scan_space(r->s, end), tails, &sign)))
        return 0;
    return finish_relative(r, end, &l, sign, out);
}

/* "since monday", "from 9am to 5pm", "between 2 and 4pm" */

static size_t read_since(const struct reading *r, size_t at, struct when *out)
{
    struct said d = { 0 };
    struct when from;
    size_t head = scan_text(r->s, at, "since "), end;

    if (!head)
        return 0;
    if ((end = read_en_moment(r, head, &d)))
        when_settle(r, &d, &from);
    else if (!(end = read_month_period(r, head, &from)) && !(end = read_named_period(r, head, &from)) && !(end = read_from_now(r, head, &from)))
        return 0;
    int64_t at_ms = from.at <= r->now ? from.at : from.earlier;

    if (at_ms > r->now)
        return 0;
    when_span(at_ms, r->now, out);
    return end;
}

/* The second of two times is of the first's day and half of the day; it is after it. */
static void settle_second(const struct reading *r, const struct said *first, const struct when *from, struct said *second, struct when *until)
{
    struct civil c;

    if (!second->has_day && second->has_clock) {
        zone_civil(r->zone, from->at, &c);
        second->has_day = true;
        second->day = civil_days(c.year, c.month, c.day);
        if (second->twelve && !second->part && second->hour < 12 && when_moment(r, second->day, second->hour * 60 + second->minute) <= from->at)
            second->hour += 12;
        second->twelve = second->twelve && second->part;
        if (!second->part && first->part && second->hour < 12 && first->part->shift >= SHIFT_AFTERNOON)
            second->hour += 12;
    }
    when_settle(r, second, until);
}

static size_t read_between(const struct reading *r, size_t at, struct when *out)
{
    static const struct word heads[] = { { "from", 1 }, { "between", 2 } };
    static const struct word links[] = { { "to", 1 }, { "until", 1 }, { "till", 1 }, { "til", 1 }, { "and", 2 }, { "-", 1 }, { "through", 1 } };
    int kind = 0, link;
    struct said first = { 0 }, second = { 0 };
    struct when from, until;
    struct said day = { 0 };
    size_t day_end = read_en_day(r, at, &day), head = SCAN_WORDS(r->s, day_end ? gap(r->s, day_end) : at, heads, &kind);
    size_t begin = head ? scan_space(r->s, head) : at, end, e;

    first = second = head && day_end ? day : first;
    if (!(end = head && day_end ? read_en_clock(r, begin, &first) : read_en_moment(r, begin, &first))
        && (!head || (end = read_hour_clock(r, begin, true, &first)) == 0))
        return 0;
    if (!end || !(e = SCAN_WORDS(r->s, scan_space(r->s, end), links, &link)) || (kind == 2) != (link == 2))
        return 0;
    e = scan_space(r->s, e);
    if (!(end = second.has_day ? read_en_clock(r, e, &second) : read_en_moment(r, e, &second)) && !(end = read_hour_clock(r, e, true, &second)))
        return 0;
    second.has_day = second.has_day && !(head && day_end);
    if (first.has_clock && first.twelve && !first.part && second.has_clock && !second.twelve && second.hour > 12 && first.hour + 12 < second.hour
        && first.hour < 12 && first.hour < 8)
        first.twelve = false, first.hour += 12;
    when_settle(r, &first, &from);
    settle_second(r, &first, &from, &second, &until);
    if (until.until <= from.at)
        return 0;
    when_span(from.at, until.until, out);
    out->earlier = from.earlier;
    return end;
}

static size_t read_moment_when(const struct reading *r, size_t at, struct when *out)
{
    struct said d = { 0 };
    size_t end = read_en_moment(r, at, &d);

    if (end)
        when_settle(r, &d, out);
    return end;
}

static size_t read_length_when(const struct reading *r, size_t at, struct when *out)
{
    struct length l;
    size_t end = read_en_length(r, at, &l);

    if (!end || is_bare_article(r->s, at, end))
        return 0;
    *out = (struct when){ WHEN_LENGTH, .length = when_length_ms(&l) };
    return end;
}

size_t read_en_when(const struct reading *r, size_t at, struct when *out)
{
    static size_t (*const readers[])(const struct reading *, size_t, struct when *) = {
        read_en_repeat, read_length_when, read_moment_when, read_named_period, read_counted_period, read_month_period, read_in,
        read_from_now, read_since, read_between,
    };
    struct when one = { 0 };
    size_t best = 0;
    char c = scan_char(r->s, at);

    if (!is_letter(c) && !is_figure(c) && c != '@')
        return 0;
    for (size_t i = 0; i < N_ELEMENTS(readers); i++) {
        size_t end = readers[i](r, at, &one);

        if (end > best) {
            best = end;
            *out = one;
        }
    }
    return best;
}
