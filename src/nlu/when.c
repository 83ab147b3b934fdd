// SPDX-License-Identifier: Apache-2.0
#include "nlu/when.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nlu/when_internal.h"

enum { DAY_MINUTES = 1440, AWAKE_FROM = 7, AWAKE_UNTIL = 24, WORK_BEGINS = 9 * 60, HOUR_MS = 3600000 };
#define DAY_MS INT64_C(86400000)

/* Days. */

int64_t when_moment(const struct reading *r, int64_t day, int minutes)
{
    struct civil c;

    civil_of_days(day, &c);
    c.minute = minutes;
    return zone_moment(r->zone, &c);
}

int64_t when_week(const struct reading *r, int weeks) { return r->today - (r->civil.weekday + 6) % 7 + weeks * 7; }

int64_t when_weekday(const struct reading *r, int weekday) { return r->today + (weekday - r->civil.weekday + 7) % 7; }

int64_t when_month_day(const struct reading *r, int month, int day)
{
    for (int year = r->civil.year; year < r->civil.year + 9; year++)
        if (day >= 1 && day <= civil_month_days(year, month) && civil_days(year, month, day) >= r->today)
            return civil_days(year, month, day);
    return -1;
}

int64_t when_day_of_month(const struct reading *r, int day)
{
    struct civil c;

    for (int month = r->civil.month; day >= 1 && day <= 31 && month < r->civil.month + 3; month++) {
        civil_of_days(civil_days(r->civil.year, month, 1), &c);
        if (day <= civil_month_days(c.year, c.month) && civil_days(c.year, c.month, day) >= r->today)
            return civil_days(c.year, c.month, day);
    }
    return -1;
}

/* The same day a week, month or year on (1) or before (-1); of the 31st the next month that has one. */
static int64_t again_day(int64_t day, enum again again, int sign)
{
    struct civil c, moved;

    if (again == AGAIN_NEVER || again == AGAIN_WEEK)
        return again ? day + 7 * sign : day;
    civil_of_days(day, &c);
    for (int n = 1; n <= 8; n++) {
        int months = (again == AGAIN_YEAR ? 12 : 1) * n * sign;

        civil_of_days(civil_days(c.year, c.month + months, 1), &moved);
        if (c.day <= civil_month_days(moved.year, moved.month))
            return civil_days(moved.year, moved.month, c.day);
    }
    return day;
}

/* Durations. */

bool when_add_length(struct length *l, double n, int unit)
{
    static const struct { int months, days; int64_t ms; } units[] = {
        [UNIT_SECOND] = { 0, 0, 1000 }, [UNIT_MINUTE] = { 0, 0, 60000 }, [UNIT_QUARTER] = { 0, 0, 900000 }, [UNIT_HOUR] = { 0, 0, HOUR_MS },
        [UNIT_DAY] = { 0, 1, DAY_MS }, [UNIT_WEEK] = { 0, 7, 7 * DAY_MS }, [UNIT_FORTNIGHT] = { 0, 14, 14 * DAY_MS },
        [UNIT_MONTH] = { 1, 0, 30 * DAY_MS }, [UNIT_SEASON] = { 3, 0, 90 * DAY_MS }, [UNIT_YEAR] = { 12, 0, 365 * DAY_MS },
    };
    double months = n * units[unit].months, days = n * units[unit].days, ms = n * (double)units[unit].ms;

    if (!(ms >= 0 && ms <= 1e3 * 365 * (double)DAY_MS))
        return false;
    if (months > 0 && months == floor(months))
        l->months += (int64_t)months;
    else if (days > 0 && days == floor(days))
        l->days += (int64_t)days;
    else
        l->ms += llround(ms);
    return true;
}

int64_t when_length_ms(const struct length *l) { return (l->months / 12 * 365 + l->months % 12 * 30 + l->days) * DAY_MS + l->ms; }

int64_t when_shift(const struct reading *r, int64_t from, const struct length *l, int sign)
{
    struct civil c, month;

    zone_civil(r->zone, from, &c);
    if (l->months || l->days) {
        civil_of_days(civil_days(c.year, c.month + sign * (int)l->months, 1), &month);
        int last = civil_month_days(month.year, month.month), day = l->months && c.day > last ? last : c.day;
        struct civil moved = { month.year, month.month, day + sign * (int)l->days, c.hour, c.minute, c.second };

        from = zone_moment(r->zone, &moved);
    }
    return from + sign * l->ms;
}

size_t read_length(const struct reading *r, size_t at, struct length *out)
{
    struct length zh = { 0 };
    size_t en_end = read_en_length(r, at, out), zh_end = read_zh_length(r, at, &zh);

    if (zh_end > en_end)
        *out = zh;
    return zh_end > en_end ? zh_end : en_end;
}

/* Results. */

void when_point(int64_t at, struct when *out) { *out = (struct when){ WHEN_POINT, at, at, at, at }; }

void when_span(int64_t from, int64_t until, struct when *out) { *out = (struct when){ WHEN_PERIOD, from, until, from, from }; }

/* Nine in the morning; where it is over, in an hour; where no hour is left, the beginning. */
static int64_t work_begins(const struct reading *r, int64_t from, int64_t until)
{
    int64_t nine = from + WORK_BEGINS * INT64_C(60000);

    if (nine > r->now || until <= r->now)
        return nine;
    return r->now + HOUR_MS < until ? r->now + HOUR_MS : r->now;
}

void when_period(const struct reading *r, int64_t from_day, int64_t until_day, struct when *out)
{
    when_span(when_moment(r, from_day, 0), when_moment(r, until_day, 0), out);
    out->typical = work_begins(r, out->at, out->until);
}

void when_day(const struct reading *r, int64_t day, enum again again, struct when *out)
{
    when_period(r, day, day + 1, out);
    out->kind = WHEN_DAY;
    if (day >= r->today && again)
        out->earlier = when_moment(r, again_day(day, again, -1), 0);
    out->typical = day == r->today ? out->typical : when_moment(r, day, WORK_BEGINS);
}

/* Times of the day. */

static int hour_in_part(enum clock_shift shift, int h)
{
    switch (shift) {
    case SHIFT_MORNING: return h == 12 ? 0 : h;
    case SHIFT_NOON: return h < 9 ? h + 12 : h;
    case SHIFT_AFTERNOON: return h < 12 ? h + 12 : h;
    case SHIFT_EVENING: return h == 12 || h == 0 ? 24 : h < 4 ? h + 24 : h + 12;
    case SHIFT_NIGHT: return h == 12 || h == 0 ? 24 : h < 7 ? h : h + 12;
    }
    return h;
}

int when_hour(struct said *d)
{
    if (d->part && (d->twelve || (d->hour == 0 && d->part->shift >= SHIFT_EVENING)))
        return hour_in_part(d->part->shift, d->hour);
    return d->twelve && d->hour < AWAKE_FROM ? d->hour + 12 : d->hour;
}

static int64_t at_hour(const struct reading *r, const struct said *d, int64_t day, int hour)
{
    return when_moment(r, day, hour * 60 + d->minute) + d->second * INT64_C(1000);
}

/* An hour of 1 to 12 when somebody is awake, the first after now from `day` on, `days` of them; INT64_MIN: none. */
static int64_t awake_hour(const struct reading *r, const struct said *d, int64_t day, int days)
{
    for (int half = 0; half < 2 * days; half++) {
        int hour = d->hour % 12 + half % 2 * 12;
        bool awake = (hour >= AWAKE_FROM && hour < AWAKE_UNTIL) || (hour == 0 && r->civil.hour >= 18);
        int64_t t = at_hour(r, d, day + half / 2, hour);

        if (awake && t > r->now)
            return t;
    }
    return INT64_MIN;
}

static void settle_clock(const struct reading *r, struct said *d, struct when *out)
{
    int hour = when_hour(d);
    int64_t t = INT64_MIN;

    if (d->twelve && !d->part && (!d->has_day || (d->day == r->today && !d->again)))
        t = awake_hour(r, d, r->today, d->has_day ? 1 : 3);
    for (int64_t day = r->today - 1; !d->has_day && t <= r->now; day++)
        t = at_hour(r, d, day, hour);
    if (t == INT64_MIN)
        t = at_hour(r, d, d->day, hour);
    if (d->has_day && t <= r->now && d->day == r->today && d->part && d->part->shift == SHIFT_NIGHT && hour < 7)
        t = at_hour(r, d, d->day + 1, hour);
    if (d->again && t <= r->now && d->has_day)
        t = at_hour(r, d, again_day(d->day, d->again, 1), hour);
    when_point(t, out);
    if (d->twelve && !d->part && d->has_day && d->day == r->today && !d->again && at_hour(r, d, d->day, d->hour) <= r->now)
        out->earlier = at_hour(r, d, d->day, d->hour);
    if (t > r->now && (!d->has_day || d->again)) {
        struct civil c;

        zone_civil(r->zone, t, &c);
        int64_t day = civil_days(c.year, c.month, c.day);

        out->earlier = at_hour(r, d, d->has_day ? again_day(day, d->again, -1) : day - 1, c.hour);
    }
}

static void settle_part(const struct reading *r, const struct said *d, struct when *out)
{
    const struct part *p = d->part;
    int64_t day = d->has_day ? d->day : r->today;

    if (d->has_day && d->again && when_moment(r, day, p->to * 60) <= r->now)
        day = again_day(day, d->again, 1);
    if (!d->has_day && when_moment(r, day, p->typical * 60) <= r->now)
        day++;
    when_span(when_moment(r, day, p->from * 60), when_moment(r, day, p->to * 60), out);
    out->typical = when_moment(r, day, p->typical * 60);
    if (out->typical <= r->now && out->until > r->now)
        out->typical = r->now + (out->until - r->now) / 2;
    if (p->from == p->to)
        when_point(out->at, out);
    if (!d->has_day && out->at > r->now)
        out->earlier = when_moment(r, day - 1, p->from * 60);
    else if (d->again && day >= r->today)
        out->earlier = when_moment(r, again_day(day, d->again, -1), p->from * 60);
}

void when_settle(const struct reading *r, struct said *d, struct when *out)
{
    if (d->has_clock)
        settle_clock(r, d, out);
    else if (d->part)
        settle_part(r, d, out);
    else
        when_day(r, d->again == AGAIN_WEEK && d->day == r->today ? d->day + 7 : d->day, d->again, out);
}

/* Of "from 2 pm to 4": the second is on the first's day, in the same half of it, and behind it. */
void when_inherit(const struct reading *r, const struct said *first, const struct when *from, struct said *second)
{
    struct civil c;

    if (second->has_day || !second->has_clock)
        return;
    zone_civil(r->zone, from->at, &c);
    second->has_day = true;
    second->day = civil_days(c.year, c.month, c.day);
    if (second->part || !second->twelve)
        return;
    if (first->part && first->part->shift >= SHIFT_AFTERNOON)
        second->part = first->part;
    else if (second->hour < 12 && when_moment(r, second->day, second->hour * 60 + second->minute) <= from->at)
        second->hour += 12;
    second->twelve = second->part != NULL;
}

/* What repeats. */

static bool write_rule(const struct recurrence *rule, struct when *out)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    str text = recurrence_text(a, rule);

    if (text.len >= sizeof out->rule)
        return false;
    memcpy(out->rule, text.p, text.len + 1);
    return true;
}

static int64_t first_time(const struct reading *r, const struct recurrence *rule, int minutes)
{
    struct recurrence each = *rule;
    int64_t t = 0;

    if (rule->frequency < REPEATS_DAILY && rule->minutes == 0)
        return r->now + rule->interval * (rule->frequency == REPEATS_HOURLY ? INT64_C(3600000) : INT64_C(60000));
    each.interval = 1;
    return recurrence_next(&each, r->zone, when_moment(r, r->today - 2, minutes), r->now, &t) ? t : INT64_MIN;
}

bool when_repeat(const struct reading *r, const struct recurrence *rule, struct said *time, struct when *out)
{
    int minutes = WORK_BEGINS;
    bool has_time = time->has_clock || time->part;

    *out = (struct when){ WHEN_REPEATS, .has_time = has_time };
    if (has_time && rule->frequency < REPEATS_DAILY)
        return false;
    if (time->has_clock)
        minutes = when_hour(time) % 24 * 60 + time->minute;
    else if (time->part)
        minutes = time->part->typical % 24 * 60;
    out->at = out->until = out->earlier = out->typical = first_time(r, rule, minutes);
    return out->at != INT64_MIN && rule->interval <= RECURRENCE_INTERVAL_MAX && write_rule(rule, out);
}

/* Figures. */

size_t read_figures(str s, size_t at, int max, size_t max_digits, int *out)
{
    size_t n = 0;
    int v = 0;

    for (; n <= max_digits && is_figure(scan_char(s, at + n)); n++)
        v = v * 10 + s.p[at + n] - '0';
    if (n == 0 || n > max_digits || v > max)
        return 0;
    *out = v;
    return at + n;
}

size_t read_colon_clock(const struct reading *r, size_t at, struct said *d)
{
    int h, m, sec = 0;
    size_t colon = read_figures(r->s, at, 24, 2, &h), end, e;

    if (!colon || scan_char(r->s, colon) != ':' || !(end = read_figures(r->s, colon + 1, 59, 2, &m)) || end != colon + 3)
        return 0;
    if (scan_char(r->s, end) == ':') {
        if (!(e = read_figures(r->s, end + 1, 59, 2, &sec)) || e != end + 3)
            return 0;
        end = e;
    }
    if (scan_char(r->s, end) == ':' || (h == 24 && m + sec > 0))
        return 0;
    d->has_clock = true;
    d->twelve = h >= 1 && h <= 12 && r->s.p[at] != '0';
    d->hour = h;
    d->minute = m;
    d->second = sec;
    return end;
}

static size_t read_year_first(const struct reading *r, size_t at, struct said *d)
{
    int year, month, day;
    size_t end = read_figures(r->s, at, 9999, 4, &year);
    char sep = scan_char(r->s, end);

    if (end != at + 4 || year < 1000 || (sep != '-' && sep != '/' && sep != '.'))
        return 0;
    end = read_figures(r->s, end + 1, 12, 2, &month);
    if (!end || scan_char(r->s, end) != sep || !(end = read_figures(r->s, end + 1, 31, 2, &day)))
        return 0;
    if (day < 1 || day > civil_month_days(year, month))
        return 0;
    d->day = civil_days(year, month, day);
    return end;
}

/* "1/2" is a half unless something says that it is a date. */
static bool is_surely_date(str s, size_t at, int a, int b)
{
    static const char *const before[] = { "on ", "by ", "since ", "until ", "before ", "after ", "from ",
                                         "在", "于", "从", "到", "自" };

    for (size_t i = 0; i < N_ELEMENTS(before); i++)
        if (strlen(before[i]) <= at && str_ends(str_take(s, at), str_from(before[i])))
            return true;
    return a > 12 || b > 12;
}

/* 12/25, 25/12, 12/25/2026, 25.12.2026: the month first, where it can be one and there are slashes. */
static size_t read_year_last(const struct reading *r, size_t at, struct said *d)
{
    int a, b, year = 0;
    size_t end = read_figures(r->s, at, 31, 2, &a), e;
    char sep = scan_char(r->s, end);

    if (!end || (sep != '/' && sep != '.') || !(end = read_figures(r->s, end + 1, 31, 2, &b)))
        return 0;
    bool day_first = sep == '.' || a > 12;
    int month = day_first ? b : a, day = day_first ? a : b;

    if (scan_char(r->s, end) == sep && (e = read_figures(r->s, end + 1, 9999, 4, &year))) {
        if (e - end != 5 && (e - end != 3 || sep == '.'))
            return 0;
        if (year < 100)
            year += 2000;
        end = e;
        d->day = day >= 1 && day <= civil_month_days(year, month) ? civil_days(year, month, day) : -1;
    } else {
        if (sep == '.' || !is_surely_date(r->s, at, a, b))
            return 0;
        d->day = when_month_day(r, month, day);
        d->again = AGAIN_YEAR;
    }
    return d->day == -1 ? 0 : end;
}

size_t read_figure_date(const struct reading *r, size_t at, struct said *d)
{
    size_t end = is_figure(scan_char(r->s, at)) ? read_year_first(r, at, d) : 0;

    if (!end && is_figure(scan_char(r->s, at)))
        end = read_year_last(r, at, d);
    char c = scan_char(r->s, end);

    if (!end || is_figure(c) || ((c == '/' || c == '-' || c == '.') && is_figure(scan_char(r->s, end + 1))))
        return 0;
    if (c == 't' && is_figure(scan_char(r->s, end + 1)))        /* 2026-12-25T09:00 */
        end++;
    d->has_day = true;
    return end;
}

/* The way in.  It is asked for every place of a text, so that most places must be told at once: an expression begins with one of these. */

static const char *const first_words[] = {
    "a", "after", "an", "annually", "apr", "april", "around", "at", "aug", "august", "before", "beginning", "between", "boxing",
    "business", "by", "christmas", "coming", "couple", "current", "daily", "day", "dec", "december", "during", "each", "eight",
    "eighteen", "eighteenth", "eighth", "eighty", "eleven", "eleventh", "end", "every", "feb", "february", "fifteen", "fifteenth",
    "fifth", "fifty", "firday", "first", "five", "following", "fortnightly", "forty", "four", "fourteen", "fourteenth", "fourth",
    "fourty", "fri", "friday", "fridays", "from", "half", "halloween", "hourly", "in", "jan", "january", "jul", "july", "jun",
    "june", "last", "mar", "march", "may", "midday", "midnight", "mon", "monday", "mondays", "monthly", "new", "next", "nightly",
    "nine", "nineteen", "nineteenth", "ninety", "ninth", "noon", "nov", "november", "oct", "october", "on", "once", "one",
    "overmorrow", "past", "previous", "quarter", "quarterly", "sat", "saterday", "saturday", "saturdays", "second", "sep", "sept",
    "september", "seven", "seventeen", "seventeenth", "seventh", "seventy", "since", "six", "sixteen", "sixteenth", "sixth",
    "sixty", "start", "sun", "sunday", "sundays", "ten", "tenth", "the", "third", "thirteen", "thirteenth", "thirtieth", "thirty",
    "this", "three", "thrusday", "thu", "thur", "thurs", "thursday", "thursdays", "tmr", "tmrow", "tmrw", "tmw", "today",
    "todays", "tommorow", "tommorrow", "tomorow", "tomorrow", "tomorrw", "tonight", "tonite", "tue", "tues", "tuesday",
    "tuesdays", "tuseday", "twelfth", "twelve", "twentieth", "twenty", "two", "valentine", "valentines", "wed", "wednesday",
    "wednesdays", "wednsday", "weds", "week", "weekday", "weekdays", "weekend", "weekends", "weekly", "wensday", "work",
    "workday", "workdays", "working", "xmas", "yearly", "yesterday", "yesturday", "zero",
};

static const char first_characters[] =       /* sorted, three bytes each */
    "〇一七万三上下两中之九二五今从仨俩傍儿元八六再凌刚前劳十千午半去双后周四国圣在夜大天妇工"
    "差平年幺建当往情愚打接教日早明星昨晌晚晨最月未本来植次正每深清百礼等自过近这逢隔零青黄黎";

static int compare_word(const void *key, const void *entry)
{
    const str *word = key;
    const char *const *text = entry;

    return str_cmp(*word, str_from(*text));
}

static int compare_character(const void *key, const void *entry) { return memcmp(key, entry, 3); }

static bool may_begin(str s, size_t at)
{
    str word = str_of(s.p + at, 0);
    char c = s.p[at];

    if (is_figure(c) || c == '@')
        return true;
    if (c < 0)
        return s.len - at >= 3 && bsearch(s.p + at, first_characters, sizeof first_characters / 3, 3, compare_character);
    while (word.len < 12 && is_letter(scan_char(s, at + word.len)))
        word.len++;
    return word.len && bsearch(&word, first_words, N_ELEMENTS(first_words), sizeof first_words[0], compare_word);
}

/* daily_backup, weekly-report, daily.sh, friday13th: a part of a name. */
static bool is_in_name(str s, size_t start, size_t end)
{
    char before = start ? s.p[start - 1] : ' ', two_before = start > 1 ? s.p[start - 2] : ' ', last = s.p[end - 1];
    char c = scan_char(s, end), next = scan_char(s, end + 1);

    if ((before == '-' || before == '.' || before == '/') && (is_letter(two_before) || is_figure(two_before)))
        return true;
    if (c == '_' || ((c == '-' || c == '.' || c == '/') && is_letter(next)))
        return true;
    return (is_letter(last) && is_figure(c)) || (is_figure(last) && is_letter(c));
}

bool when_read(str s, size_t at, int64_t now, const struct zone *zone, struct when *out, size_t *ret_end)
{
    struct reading r = { .s = s, .now = now, .zone = zone };
    struct when zh = { 0 }, en = { 0 };

    if (at >= s.len || !may_begin(s, at) || !scan_begins(s, at))
        return false;
    zone_civil(zone, now, &r.civil);
    r.today = civil_days(r.civil.year, r.civil.month, r.civil.day);
    size_t zh_end = read_zh_when(&r, at, &zh), en_end = read_en_when(&r, at, &en);

    if (!zh_end && !en_end)
        return false;
    size_t end = zh_end >= en_end ? zh_end : en_end;

    if (is_in_name(s, at, end))
        return false;
    *out = zh_end >= en_end ? zh : en;
    *ret_end = end;
    return true;
}

size_t when_relative(const struct reading *r, size_t end, const struct length *l, int sign,
                     size_t (*time_behind)(const struct reading *, size_t, struct said *), struct when *out)
{
    int64_t t = when_shift(r, r->now, l, sign);
    struct said d = { .has_day = true };
    struct civil c;

    zone_civil(r->zone, t, &c);
    d.day = civil_days(c.year, c.month, c.day);
    size_t e = l->ms == 0 ? time_behind(r, end, &d) : end;

    if (e > end)
        when_settle(r, &d, out);
    else
        when_point(t, out);
    return e;
}

size_t read_longest(const struct reading *r, size_t at, size_t (*const *readers)(const struct reading *, size_t, struct said *), size_t n,
                    struct said *d)
{
    struct said one, best = { 0 };
    size_t best_end = 0;

    for (size_t i = 0; i < n; i++) {
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

bool when_set_date(int64_t day, struct recurrence *rule)
{
    struct civil c;

    civil_of_days(day, &c);
    rule->months = (uint16_t)(1 << c.month);
    rule->days = UINT32_C(1) << c.day;
    return day != -1;
}
