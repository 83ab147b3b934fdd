// SPDX-License-Identifier: Apache-2.0
/* English: times of the day, and points in time: a day and a time in any order. */
#include "nlu/number.h"
#include "nlu/unit.h"
#include "nlu/when_internal.h"

enum half { HALF_NONE, HALF_AM, HALF_PM };

static size_t read_half(str s, size_t at, int *out)
{
    static const struct word halves[] = { { "am", HALF_AM }, { "a.m.", HALF_AM }, { "a.m", HALF_AM }, { "a m", HALF_AM },
        { "pm", HALF_PM },
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
    static const struct word minutes[] = { { "half", 30 }, { "a quarter", 15 }, { "quarter", 15 }, { "five", 5 }, { "ten", 10 },
        { "twenty", 20 },
        { "twenty five", 25 }, { "twenty-five", 25 }, { "5", 5 }, { "10", 10 }, { "15", 15 }, { "20", 20 }, { "25", 25 } };
    static const struct word sides[] = { { "past", 1 }, { "after", 1 }, { "to", -1 }, { "til", -1 }, { "till", -1 }, { "before", -1 },
        { "of", -1 } };
    int m, side, hour;
    size_t end = SCAN_WORDS(r->s, at, minutes, &m);

    if (!end || is_figure(scan_char(r->s, end)))
        return 0;
    end = scan_space(r->s, end);
    end = scan_skip(r->s, scan_skip(r->s, end, "minutes"), "mins");
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
    static const struct word parts_behind[] = { { " in the morning", 0 }, { " in the afternoon", 0 }, { " in the evening", 0 },
        { " tonight", 0 },
                                                { " at night", 0 }, { " this morning", 0 }, { " this afternoon", 0 },
                                                { " this evening", 0 } };
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
    static const struct word words[] = { { "percent", 0 }, { "times", 0 }, { "files", 0 }, { "people", 0 }, { "servers", 0 },
        { "million", 0 },
        { "thousand", 0 }, { "hundred", 0 }, { "items", 0 }, { "things", 0 }, { "dollars", 0 }, { "euros", 0 }, { "hosts", 0 },
        { "rows", 0 } };
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
size_t en_hour_clock(const struct reading *r, size_t at, bool said_at, struct said *d)
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
    static const struct word heads[] = { { "at around", 0 }, { "at about", 0 }, { "at", 0 }, { "around", 0 }, { "@", 0 },
        { "at exactly", 0 } };
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
    if ((end = en_hour_clock(r, begin, head != 0, d)))
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
        { "tonight", 0, 0 }, { "tonite", 0, 0 }, { "this ", 0, 1 }, { "last ", -1, 1 }, { "in the ", 9, 1 }, { "during the ", 9, 1 },
        { "at ", 9, 1 },
    };

    for (size_t i = 0; i < N_ELEMENTS(heads); i++) {
        size_t end = heads[i].with_part ? scan_text(r->s, at, heads[i].text) : scan_word(r->s, at, heads[i].text);
        const struct part *p = when_en_part("night");

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
    size_t begin = scan_gap(r->s, at), on = scan_skip(r->s, begin, "on"), end = d->has_day ? 0 : read_en_day(r, on, d), e;
    const struct part *p;

    if (!end)
        return d->part ? 0 : read_day_part(r, begin, d);
    e = scan_gap(r->s, end);
    if (!d->part && (read_en_part(r, e, &p)) && p->from != p->to) {
        d->part = p;
        return read_en_part(r, e, &p);
    }
    e = d->part ? 0 : read_day_part(r, e, d);
    return e ? e : end;
}

/* The time behind a day: "tomorrow at 3", "friday morning at 9", "monday 9am in the morning" */
size_t en_time_behind(const struct reading *r, size_t at, struct said *d)
{
    size_t begin = scan_gap(r->s, at), end = at, e;
    const struct part *p;

    if (begin == at && !is_figure(scan_char(r->s, at)))
        return at;
    if (!d->part && ((e = read_en_part(r, begin, &p)) || ((e = read_day_part(r, begin, d)) && (p = d->part)))) {
        if (p->shift != SHIFT_NOON || d->part != p || p->from == p->to) {
            d->part = p;
            end = e;
            begin = scan_gap(r->s, end);
        }
    }
    struct said with = *d;

    if (!(e = read_en_clock(r, begin, &with)))
        return end;
    *d = with;
    end = e;
    if (!d->part && (e = read_day_part(r, scan_gap(r->s, end), &with)) && (!with.has_day || with.day == d->day)) {
        d->part = with.part;
        end = e;
    }
    return end;
}

/* "he sat", "the sun": words too; they need something beside them that makes them days. */
static bool is_word_too(str s, size_t at, size_t end)
{
    str word = str_cut(s, at, end);

    return str_eq(word, S("sat")) || str_eq(word, S("sun")) || str_eq(word, S("wed"));
}

size_t read_en_moment(const struct reading *r, size_t at, struct said *d)
{
    size_t begin = scan_skip(r->s, at, "on"), end, e;

    end = read_en_day(r, begin, d);
    if (end && begin == at && is_word_too(r->s, begin, end) && en_time_behind(r, end, &(struct said){ 0 }) == end)
        end = 0;
    if (end)
        return en_time_behind(r, end, d);
    *d = (struct said){ 0 };
    if ((end = read_day_part(r, at, d)) && !(d->part->from == d->part->to && !d->has_day))
        return en_time_behind(r, end, d);
    *d = (struct said){ 0 };
    if (!(end = read_en_clock(r, at, d)))
        return 0;
    e = read_day_behind(r, end, d);
    return e ? e : end;
}
