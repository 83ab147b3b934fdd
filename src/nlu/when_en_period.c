// SPDX-License-Identifier: Apache-2.0
/* English: periods, what is relative to now, and all of an expression. */
#include "nlu/when_internal.h"

/* Periods. */

/* this week, next month, last year, the weekend */
static size_t read_named_period(const struct reading *r, size_t at, struct when *out)
{
    static const struct word names[] = { { "week", 0 }, { "month", 1 }, { "year", 2 }, { "weekend", 3 }, { "quarter", 4 },
        { "work week", 0 } };
    int direction, name, step;
    size_t end = read_en_direction(r->s, at, &direction);

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
    size_t head = read_en_direction(r->s, at, &direction), end = head ? read_en_length(r, head, &l) : 0, e;

    if (!head || direction == THIS)
        return 0;
    if (!end && (e = read_en_unit(r->s, head, &unit))) {
        bool past = scan_text(r->s, at, "the past") || scan_text(r->s, at, "past");
        bool sure = past || scan_text(r->s, at, "the ") || unit == UNIT_HOUR;

        if (unit == UNIT_SECOND || (!sure && unit <= UNIT_DAY) || (unit >= UNIT_WEEK && !past) || scan_word(r->s, e, " of"))
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

/* "may" and "march" are verbs, and what is short is no word without a day. */
static bool is_plain_month(size_t length, int month) { return length > 4 && month != 3 && month != 5; }

/* "in december", "next march", "december 2026", "january" */
static size_t read_month_period(const struct reading *r, size_t at, struct when *out)
{
    int direction = THIS, month, year = r->civil.year;
    size_t in = scan_text(r->s, at, "in "), head = in ? in : read_en_direction(r->s, at, &direction), begin = head ? head : at;
    size_t end = read_en_month(r->s, begin, &month), e;

    if (!end)
        return 0;
    bool plain = is_plain_month(end - begin, month) || (head && end - begin >= 3);

    if ((e = read_en_year(r->s, end, &year))) {
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

static size_t read_in(const struct reading *r, size_t at, struct when *out)
{
    static const struct word heads[] = { { "in", 0 }, { "after", 0 }, { "in about", 0 }, { "in another", 0 }, { "in exactly", 0 },
        { "in the next", 0 } };
    static const struct word tails[] = { { "' time", 0 }, { "'s time", 0 }, { " time", 0 }, { "s time", 0 }, { " from now", 0 },
        { " or so", 0 } };
    int none;
    struct length l;
    size_t end = SCAN_WORDS(r->s, at, heads, &none), e;

    if (!end || scan_text(r->s, at, "in the next") || !(end = read_length(r, scan_space(r->s, end), &l)))
        return 0;
    if ((e = SCAN_WORDS(r->s, end, tails, &none)))
        end = e;
    return when_relative(r, end, &l, 1, en_time_behind, out);
}

/* "20 minutes ago", "a week from now", "2 hours later" */
static size_t read_from_now(const struct reading *r, size_t at, struct when *out)
{
    static const struct word tails[] = { { "ago", -1 }, { "back", -1 }, { "before now", -1 }, { "earlier", -1 }, { "from now", 1 },
        { "later", 1 },
                                         { "hence", 1 }, { "from today", 1 }, { "from now on", 1 } };
    int sign;
    struct length l;
    size_t end = read_length(r, at, &l);

    if (!end || !(end = SCAN_WORDS(r->s, scan_space(r->s, end), tails, &sign)))
        return 0;
    return when_relative(r, end, &l, sign, en_time_behind, out);
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
    else if (!(end = read_month_period(r, head, &from)) && !(end = read_named_period(r, head, &from))
        && !(end = read_from_now(r, head, &from)))
        return 0;
    int64_t at_ms = from.at <= r->now ? from.at : from.earlier;

    if (at_ms > r->now)
        return 0;
    when_span(at_ms, r->now, out);
    return end;
}


/* "2 to 4pm": both of them in the afternoon */
static void borrow_afternoon(struct said *first, const struct said *second)
{
    bool open = first->has_clock && first->twelve && !first->part && first->hour < 8;

    if (open && second->has_clock && !second->twelve && first->hour + 12 < second->hour) {
        first->twelve = false;
        first->hour += 12;
    }
}

static size_t read_between(const struct reading *r, size_t at, struct when *out)
{
    static const struct word heads[] = { { "from", 1 }, { "between", 2 } };
    static const struct word links[] = { { "to", 1 }, { "until", 1 }, { "till", 1 }, { "til", 1 }, { "and", 2 }, { "-", 1 },
        { "through", 1 } };
    int kind = 0, link;
    struct said first = { 0 }, second = { 0 };
    struct when from, until;
    struct said day = { 0 };
    size_t day_end = read_en_day(r, at, &day), head = SCAN_WORDS(r->s, day_end ? scan_gap(r->s, day_end) : at, heads, &kind);
    size_t begin = head ? scan_space(r->s, head) : at, end, e;

    first = second = head && day_end ? day : first;
    if (!(end = head && day_end ? read_en_clock(r, begin, &first) : read_en_moment(r, begin, &first))
        && (!head || (end = en_hour_clock(r, begin, true, &first)) == 0))
        return 0;
    if (!end || !(e = SCAN_WORDS(r->s, scan_space(r->s, end), links, &link)) || (kind == 2) != (link == 2))
        return 0;
    e = scan_space(r->s, e);
    end = second.has_day ? read_en_clock(r, e, &second) : read_en_moment(r, e, &second);
    if (!end && !(end = en_hour_clock(r, e, true, &second)))
        return 0;
    second.has_day = second.has_day && !(head && day_end);
    borrow_afternoon(&first, &second);
    when_settle(r, &first, &from);
    when_inherit(r, &first, &from, &second);
    when_settle(r, &second, &until);
    if (until.until <= from.at)
        return 0;
    when_span(from.at, until.until, out);
    out->earlier = from.earlier;
    return end;
}

/* "by friday", "before 5pm": that time. */
static size_t read_moment_when(const struct reading *r, size_t at, struct when *out)
{
    struct said d = { 0 };
    size_t end = read_en_moment(r, scan_skip(r->s, scan_skip(r->s, at, "by"), "before"), &d);

    if (end)
        when_settle(r, &d, out);
    return end;
}

/* A length that says nothing alone: "twice a day" has none. */
static bool is_bare_article(str s, size_t at, size_t end)
{
    static const struct word bare[] = { { "a day", 0 }, { "a week", 0 }, { "a month", 0 }, { "a year", 0 } };
    int none;

    return SCAN_WORDS(s, at, bare, &none) == end;
}

/* "an hour before midnight", "10 minutes after 5pm" */
static size_t read_beside_moment(const struct reading *r, size_t at, struct when *out)
{
    static const struct word sides[] = { { " before ", -1 }, { " after ", 1 } };
    int sign;
    struct length l;
    struct said d = { 0 };
    size_t end = read_en_length(r, at, &l), begin = end ? SCAN_WORDS(r->s, end, sides, &sign) : 0;

    if (!begin || !(end = read_en_moment(r, begin, &d)))
        return 0;
    when_settle(r, &d, out);
    if (out->kind == WHEN_POINT)
        when_point(when_shift(r, out->at, &l, sign), out);
    return out->kind == WHEN_POINT ? end : 0;
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
        read_from_now, read_since, read_between, read_beside_moment,
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
