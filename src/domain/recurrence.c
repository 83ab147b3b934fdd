// SPDX-License-Identifier: Apache-2.0
#include "domain/recurrence.h"

#include "base/buf.h"
#include "base/time.h"

static const char *const frequencies[] = { "MINUTELY", "HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY" };
static const char *const weekday_names[] = { "SU", "MO", "TU", "WE", "TH", "FR", "SA" };

static enum err bad(const char *part, str value)
{
    return failed(ERR_INPUT, "the rule's %s cannot be '%.*s'", part, STR(str_take(value, 40)));
}

static enum err read_number(const char *part, str value, unsigned min, unsigned max, unsigned *out)
{
    uint64_t v;

    if (str_u64(value, &v) || v < min || v > max)
        return bad(part, value);
    *out = (unsigned)v;
    return OK;
}

/* "1,3,-1": bits; those below zero into `ret_last`, where there is one. */
static enum err read_bits(const char *part, str value, unsigned min, unsigned max, uint64_t *ret_bits, uint32_t *ret_last)
{
    str rest = value, one;
    uint64_t bits = 0, last = 0;
    unsigned v = 0;

    if (value.len == 0)
        return bad(part, value);
    while (str_split(&rest, ',', &one)) {
        bool from_end = ret_last && str_eat(&one, S("-"));

        TRY(read_number(part, one, min, max, &v));
        *(from_end ? &last : &bits) |= UINT64_C(1) << v;
    }
    *ret_bits = bits;
    if (ret_last)
        *ret_last = (uint32_t)last;
    return OK;
}

static enum err read_weekday(str one, struct recurrence *r, int *ret_nth)
{
    unsigned nth = 0;
    int sign = str_eat(&one, S("-")) ? -1 : 1;

    if (sign > 0)
        str_eat(&one, S("+"));
    if (one.len < 2)
        return bad("BYDAY", one);
    if (one.len > 2)
        TRY(read_number("BYDAY", str_take(one, one.len - 2), 1, 5, &nth));
    else if (sign < 0)
        return bad("BYDAY", one);
    for (size_t i = 0; i < N_ELEMENTS(weekday_names); i++)
        if (str_ends(one, str_from(weekday_names[i]))) {
            r->weekdays |= (uint8_t)(1 << i);
            *ret_nth = sign * (int)nth;
            return OK;
        }
    return bad("BYDAY", one);
}

static enum err read_weekdays(str value, struct recurrence *r)
{
    str rest = value, one;
    int nth = 0;
    bool first = true;

    while (str_split(&rest, ',', &one)) {
        TRY(read_weekday(one, r, &nth));
        if (!first && nth != r->weekday_nth)
            return failed(ERR_INPUT, "the rule's BYDAY counts days in more than one way: '%.*s'", STR(str_take(value, 40)));
        r->weekday_nth = nth;
        first = false;
    }
    return r->weekdays ? OK : bad("BYDAY", value);
}

/* 20261224T000000Z, or a day: all of it, in UTC. */
static enum err read_until(str v, int64_t *ret_ms)
{
    char text[TIME_TEXT_SIZE] = "0000-00-00T23:59:59Z";
    static const struct { size_t from, to; } digits[] = { { 0, 0 }, { 1, 1 }, { 2, 2 }, { 3, 3 }, { 4, 5 }, { 5, 6 }, { 6, 8 }, { 7, 9 },
        { 9, 11 }, { 10, 12 }, { 11, 14 }, { 12, 15 }, { 13, 17 }, { 14, 18 } };

    if (v.len != 8 && !(v.len == 16 && v.p[8] == 'T' && v.p[15] == 'Z'))
        return bad("UNTIL", v);
    for (size_t i = 0; i < N_ELEMENTS(digits) && digits[i].from < v.len; i++)
        text[digits[i].to] = v.p[digits[i].from];
    if (time_parse(str_from(text), ret_ms) || *ret_ms == 0)
        return bad("UNTIL", v);
    return OK;
}

static enum err read_frequency(str value, struct recurrence *r)
{
    for (size_t i = 0; i < N_ELEMENTS(frequencies); i++)
        if (str_eq(value, str_from(frequencies[i]))) {
            r->frequency = i;
            return OK;
        }
    return bad("FREQ", value);
}

static enum err read_by(str name, str value, struct recurrence *r)
{
    uint64_t bits = 0;

    if (str_eq(name, S("BYDAY")))
        return read_weekdays(value, r);
    if (str_eq(name, S("BYMINUTE")))
        return read_bits("BYMINUTE", value, 0, 59, &r->minutes, NULL);
    if (str_eq(name, S("BYMONTH"))) {
        TRY(read_bits("BYMONTH", value, 1, 12, &bits, NULL));
        r->months = (uint16_t)bits;
    } else if (str_eq(name, S("BYMONTHDAY"))) {
        TRY(read_bits("BYMONTHDAY", value, 1, 31, &bits, &r->last_days));
        r->days = (uint32_t)bits;
    } else if (str_eq(name, S("BYHOUR"))) {
        TRY(read_bits("BYHOUR", value, 0, 23, &bits, NULL));
        r->hours = (uint32_t)bits;
    } else {
        return failed(ERR_INPUT, "the rule's part '%.*s' is not known", STR(str_take(name, 40)));
    }
    return OK;
}

static enum err read_part(str name, str value, struct recurrence *r)
{
    if (str_eq(name, S("FREQ")))
        return read_frequency(value, r);
    if (str_eq(name, S("INTERVAL")))
        return read_number("INTERVAL", value, 1, RECURRENCE_INTERVAL_MAX, &r->interval);
    if (str_eq(name, S("COUNT")))
        return read_number("COUNT", value, 1, RECURRENCE_COUNT_MAX, &r->count);
    if (str_eq(name, S("UNTIL")))
        return read_until(value, &r->until);
    if (str_eq(name, S("WKST")))
        return str_eq(value, S("MO")) ? OK : bad("WKST", value);
    return read_by(name, value, r);
}

static enum err check(const struct recurrence *r)
{
    if (r->count && r->until)
        return failed(ERR_INPUT, "a rule has COUNT or UNTIL, not both");
    if (r->weekday_nth && r->frequency != REPEATS_MONTHLY && !(r->frequency == REPEATS_YEARLY && r->months))
        return failed(ERR_INPUT, "a rule counts BYDAY only within months");
    if ((r->days || r->last_days) && r->frequency == REPEATS_WEEKLY)
        return failed(ERR_INPUT, "a weekly rule has no BYMONTHDAY");
    return OK;
}

enum err recurrence_parse(str rule, struct recurrence *out)
{
    struct recurrence r = { .interval = 1 };
    str rest = rule, part, seen[16];
    size_t n = 0;

    while (str_split(&rest, ';', &part)) {
        size_t eq = str_find_char(part, '=');

        if (eq == STR_NONE || n == N_ELEMENTS(seen))
            return failed(ERR_INPUT, "the rule '%.*s' is not of the form FREQ=DAILY;INTERVAL=2", STR(str_take(rule, 80)));
        seen[n] = str_take(part, eq);
        for (size_t i = 0; i < n; i++)
            if (str_eq(seen[i], seen[n]))
                return failed(ERR_INPUT, "the rule says %.*s twice", STR(str_take(seen[n], 40)));
        n++;
        TRY(read_part(str_take(part, eq), str_skip(part, eq + 1), &r));
    }
    if (n == 0 || !str_starts(rule, S("FREQ=")))
        return failed(ERR_INPUT, "the rule '%.*s' does not begin with FREQ=", STR(str_take(rule, 80)));
    TRY(check(&r));
    *out = r;
    return OK;
}

/* Writing. */

static void add_bits(struct buf *b, const char *name, uint64_t bits, uint32_t last)
{
    const char *before = name;

    for (unsigned i = 0; i < 64; i++)
        if (bits >> i & 1) {
            buf_addf(b, "%s%u", before, i);
            before = ",";
        }
    for (unsigned i = 31; i > 0; i--)
        if (last >> i & 1) {
            buf_addf(b, "%s-%u", before, i);
            before = ",";
        }
}

static void add_weekdays(struct buf *b, const struct recurrence *r)
{
    const char *before = ";BYDAY=";

    for (int i = 1; i <= 7; i++)
        if (r->weekdays >> i % 7 & 1) {
            buf_addf(b, "%s", before);
            if (r->weekday_nth)
                buf_addf(b, "%d", r->weekday_nth);
            buf_addf(b, "%s", weekday_names[i % 7]);
            before = ",";
        }
}

static void add_until(struct buf *b, int64_t until)
{
    char t[TIME_TEXT_SIZE];

    time_text(t, until);        /* 2026-12-24T00:00:00.000Z */
    buf_addf(b, ";UNTIL=%.4s%.2s%.2sT%.2s%.2s%.2sZ", t, t + 5, t + 8, t + 11, t + 14, t + 17);
}

str recurrence_text(struct arena *a, const struct recurrence *r)
{
    CLEANUP(buf_done) struct buf b = { 0 };

    buf_addf(&b, "FREQ=%s", frequencies[r->frequency]);
    if (r->interval > 1)
        buf_addf(&b, ";INTERVAL=%u", r->interval);
    if (r->count)
        buf_addf(&b, ";COUNT=%u", r->count);
    if (r->until)
        add_until(&b, r->until);
    add_bits(&b, ";BYMONTH=", r->months, 0);
    add_bits(&b, ";BYMONTHDAY=", r->days, r->last_days);
    add_weekdays(&b, r);
    add_bits(&b, ";BYHOUR=", r->hours, 0);
    add_bits(&b, ";BYMINUTE=", r->minutes, 0);
    return arena_str(a, buf_str(&b));
}
