// SPDX-License-Identifier: Apache-2.0
/* English: durations, parts of the day, days. */
#include "nlu/number.h"
#include "nlu/when_internal.h"

enum { WEEKDAY_SUNDAY, WEEKDAY_MONDAY, WEEKDAY_FRIDAY = 5, WEEKDAY_SATURDAY, WEEKDAY_WEEKEND };

/* Durations. */

static const struct word units[] = {
    { "s", UNIT_SECOND }, { "sec", UNIT_SECOND }, { "secs", UNIT_SECOND }, { "second", UNIT_SECOND }, { "seconds", UNIT_SECOND },
    { "m", UNIT_MINUTE }, { "min", UNIT_MINUTE }, { "mins", UNIT_MINUTE }, { "minute", UNIT_MINUTE }, { "minutes", UNIT_MINUTE },
    { "minuts", UNIT_MINUTE }, { "mintues", UNIT_MINUTE }, { "minuets", UNIT_MINUTE }, { "h", UNIT_HOUR }, { "hr", UNIT_HOUR },
    { "hrs", UNIT_HOUR }, { "hour", UNIT_HOUR },
    { "hours", UNIT_HOUR },
    { "d", UNIT_DAY }, { "day", UNIT_DAY }, { "days", UNIT_DAY }, { "w", UNIT_WEEK }, { "wk", UNIT_WEEK }, { "wks", UNIT_WEEK },
    { "week", UNIT_WEEK }, { "weeks", UNIT_WEEK }, { "fortnight", UNIT_FORTNIGHT }, { "fortnights", UNIT_FORTNIGHT },
    { "month", UNIT_MONTH }, { "months", UNIT_MONTH }, { "mths", UNIT_MONTH }, { "yr", UNIT_YEAR }, { "yrs", UNIT_YEAR },
    { "year", UNIT_YEAR }, { "years", UNIT_YEAR },
};

/* One letter is a unit only right behind figures: 5m, but not "5 m", which are metres; nor "5mb". */
size_t read_en_unit(str s, size_t at, int *out)
{
    size_t end = SCAN_WORDS(s, at, units, out);

    return end == at + 1 && (at == 0 || !is_figure(s.p[at - 1])) ? 0 : end;
}

/* "an hour", "half an hour", "a quarter of an hour", "half a day" */
static size_t read_article_length(str s, size_t at, double *n, int *unit)
{
    static const struct { const char *text; double n; } heads[] = {
        { "half an ", 0.5 }, { "half a ", 0.5 }, { "a half ", 0.5 }, { "half ", 0.5 }, { "a quarter of an ", 0.25 },
        { "quarter of an ", 0.25 },
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
    size_t half = scan_word(s, end, " and a half");

    if (half && is_figure(s.p[at])) {
        *n += 0.5;
        end = half;
    }
    if (scan_char(s, end) == '-')
        end++;
    return read_en_unit(s, scan_space(s, end), unit);
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
        next = scan_gap(r->s, end);
        next = scan_skip(r->s, next, "and");
    }
    *out = l;
    return end;
}

/* Parts of the day. */

static const struct part parts[] = {
    { "early morning", 5, 8, 6, SHIFT_MORNING }, { "morning", 5, 12, 8, SHIFT_MORNING }, { "noon", 12, 12, 12, SHIFT_NOON },
    { "midday", 12, 12, 12, SHIFT_NOON }, { "lunchtime", 12, 14, 12, SHIFT_NOON }, { "lunch time", 12, 14, 12, SHIFT_NOON },
    { "afternoon", 12, 18, 15, SHIFT_AFTERNOON }, { "late afternoon", 15, 18, 16, SHIFT_AFTERNOON },
    { "early afternoon", 12, 15, 13, SHIFT_AFTERNOON }, { "evening", 17, 24, 19, SHIFT_EVENING }, { "night", 18, 30, 21, SHIFT_EVENING },
    { "late evening", 20, 24, 21, SHIFT_EVENING }, { "midnight", 24, 24, 24, SHIFT_NIGHT }, { "dawn", 5, 7, 6, SHIFT_MORNING },
    { "mornin", 5, 12, 8, SHIFT_MORNING },
    { "mornings", 5, 12, 8, SHIFT_MORNING }, { "afternoons", 12, 18, 15, SHIFT_AFTERNOON }, { "evenings", 17, 24, 19, SHIFT_EVENING },
    { "nights", 18, 30, 21, SHIFT_EVENING }, { "nightly", 18, 30, 21, SHIFT_EVENING },
};

const struct part *when_en_part(const char *text)
{
    for (size_t i = 0; i < N_ELEMENTS(parts); i++)
        if (str_eq(str_from(text), str_from(parts[i].text)))
            return &parts[i];
    return NULL;
}

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
    { "tuseday", 2 }, { "wensday", 3 }, { "thrusday", 4 }, { "firday", 5 }, { "saterday", 6 }, { "sunday", 0 }, { "sundays", 0 },
    { "sun", 0 }, { "monday", 1 }, { "mondays", 1 }, { "mon", 1 }, { "tuesday", 2 }, { "tuesdays", 2 },
    { "tues", 2 }, { "tue", 2 }, { "wednesday", 3 }, { "wednesdays", 3 }, { "wednsday", 3 }, { "weds", 3 }, { "wed", 3 },
    { "thursday", 4 },
    { "thursdays", 4 }, { "thurs", 4 }, { "thur", 4 }, { "thu", 4 }, { "friday", 5 }, { "fridays", 5 }, { "fri", 5 }, { "saturday", 6 },
    { "saturdays", 6 }, { "sat", 6 },
};

size_t read_en_weekday(str s, size_t at, int *out) { return SCAN_WORDS(s, at, weekdays, out); }

static const struct word months[] = {
    { "january", 1 }, { "jan", 1 }, { "february", 2 }, { "feb", 2 }, { "march", 3 }, { "mar", 3 }, { "april", 4 }, { "apr", 4 },
    { "may", 5 },
    { "june", 6 }, { "jun", 6 }, { "july", 7 }, { "jul", 7 }, { "august", 8 }, { "aug", 8 }, { "september", 9 }, { "sept", 9 },
    { "sep", 9 },
    { "october", 10 }, { "oct", 10 }, { "november", 11 }, { "nov", 11 }, { "december", 12 }, { "dec", 12 },
};

size_t read_en_month(str s, size_t at, int *out) { return SCAN_WORDS(s, at, months, out); }

static const struct word ordinals[] = {
    { "first", 1 }, { "second", 2 }, { "third", 3 }, { "fourth", 4 }, { "fifth", 5 }, { "sixth", 6 }, { "seventh", 7 }, { "eighth", 8 },
    { "ninth", 9 }, { "tenth", 10 }, { "eleventh", 11 }, { "twelfth", 12 }, { "thirteenth", 13 }, { "fourteenth", 14 },
    { "fifteenth", 15 },
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

    bool goes_on = (c == '.' || c == ',') && is_figure(scan_char(s, end + 1));

    return !end || *out == 0 || goes_on || c == ':' || is_letter(c) || is_figure(c) || c == '%' || c == '/' ? 0 : end;
}

size_t read_en_year(str s, size_t at, int *out)
{
    int year;
    size_t begin = scan_gap(s, at), end = read_figures(s, begin, 2199, 4, &year);

    if (end != begin + 4 || begin == at || year < 1900 || is_letter(scan_char(s, end)) || scan_char(s, end) == ':')
        return 0;
    *out = year;
    return end;
}

static size_t finish_date(const struct reading *r, size_t end, int month, int day, struct said *d)
{
    static const struct word years[] = { { " last year", -1 }, { " this year", 0 }, { " next year", 1 }, { " of last year", -1 },
                                         { " of this year", 0 }, { " of next year", 1 } };
    int year;
    size_t e = SCAN_WORDS(r->s, end, years, &year);

    if (e)
        year += r->civil.year;
    else
        e = read_en_year(r->s, end, &year);

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
        e = read_day_number(r->s, scan_skip(r->s, end, "the"), &day);
        return e ? finish_date(r, e, month, day, d) : 0;
    }
    if (!(end = read_day_number(r->s, scan_skip(r->s, at, "the"), &day)))
        return 0;
    end = scan_skip(r->s, scan_space(r->s, end), "of");
    end = SCAN_WORDS(r->s, end, months, &month);
    return end ? finish_date(r, end, month, day, d) : 0;
}

size_t read_en_holiday(const struct reading *r, size_t at, struct said *d)
{
    static const struct word days[] = {
        { "christmas", 1225 }, { "christmas day", 1225 }, { "xmas", 1225 }, { "christmas eve", 1224 }, { "boxing day", 1226 },
        { "new year's day", 101 }, { "new years day", 101 }, { "new year's eve", 1231 }, { "new years eve", 1231 }, { "halloween", 1031 },
        { "valentine's day", 214 }, { "valentines day", 214 }, { "labor day", 501 }, { "april fools' day", 401 },
        { "april fools day", 401 },
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
        { "please", 0 }, { "and", 0 }, { "i", 0 }, { "we", 0 }, { "remind", 0 }, { "noon", 0 }, { "by", 0 }, { "around", 0 },
        { "until", 0 },
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

static const struct word directions[] = {
    { "this", THIS }, { "the current", THIS }, { "current", THIS }, { "this coming", NEXT + 10 }, { "coming", NEXT + 10 },
    { "the coming", NEXT + 10 },
    { "next", NEXT }, { "the next", NEXT }, { "the following", NEXT }, { "following", NEXT }, { "last", LAST }, { "the last", LAST },
    { "past", LAST }, { "the past", LAST }, { "previous", LAST }, { "the previous", LAST },
};

size_t read_en_direction(str s, size_t at, int *out)
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
    size_t head = read_en_direction(r->s, at, &direction), begin = head ? head : at, end = read_en_weekday(r->s, begin, &weekday), e;

    if (!end) {
        if (!head || !(e = scan_word(r->s, head, "week")) || direction > LAST)
            return 0;
        begin = scan_skip(r->s, scan_space(r->s, e), "on");
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
        { "today", 0 }, { "todays", 0 }, { "tomorrow", 1 }, { "tommorow", 1 }, { "tommorrow", 1 }, { "tomorow", 1 }, { "tomorrw", 1 },
        { "tmr", 1 }, { "tmrw", 1 },
        { "tmw", 1 }, { "tmrow", 1 }, { "2moro", 1 }, { "2morrow", 1 }, { "yesterday", -1 }, { "yesturday", -1 },
        { "the day after tomorrow", 2 },
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
        { "start of ", 0 }, { "the start of ", 0 }, { "last day of ", 1 }, { "the last day of ", 1 }, { "first day of ", 0 },
        { "the first day of ", 0 } };
    static const struct word periods[] = { { "the month", 0 }, { "month", 0 }, { "this month", 0 }, { "next month", 1 },
        { "last month", -1 },
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
        d->day = period == 200 ? d->day + 7 : period == 100 ? when_month_day(r, 1, 1) : when_day_of_month(r, 1);
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
    end++;
    if (!(e = read_relative_day(r, end, &base)) && !(e = read_weekday_day(r, end, &base)) && !(e = read_en_month_date(r, end, &base))
        && !(e = read_en_holiday(r, end, &base)) && !(e = read_ordinal_day(r, end, &base)))
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

    if (!end || scan_gap(r->s, end) == end)
        return 0;
    end = scan_gap(r->s, end);
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

    return read_longest(r, at, readers, N_ELEMENTS(readers), d);
}
