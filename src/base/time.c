// SPDX-License-Identifier: Apache-2.0
#include "base/time.h"

#include <stdio.h>
#include <time.h>

static const int64_t YEAR_0 = -62167219200, YEAR_10000 = 253402300800;     /* their first seconds, UTC */

char *time_text(char out[TIME_TEXT_SIZE], int64_t ms)
{
    int64_t seconds = ms / 1000, rest = ms % 1000;
    struct tm tm;

    if (rest < 0) {
        rest += 1000;
        seconds--;
    }
    time_t t = (time_t)seconds;

    gmtime_r(&t, &tm);
    size_t n = (size_t)snprintf(out, TIME_TEXT_SIZE, "%04ld", tm.tm_year + 1900L);

    n += strftime(out + n, TIME_TEXT_SIZE - n, "-%m-%dT%H:%M:%S", &tm);
    snprintf(out + n, TIME_TEXT_SIZE - n, ".%03dZ", (int)rest);
    return out;
}

static enum err digits(str *s, size_t n, int *out)
{
    uint64_t v;

    if (s->len < n)
        return failed(ERR_INPUT, "the time ends early");
    TRY(str_u64(str_take(*s, n), &v));
    *s = str_skip(*s, n);
    *out = (int)v;
    return OK;
}

static enum err expect(str *s, const char *any_of)
{
    if (s->len == 0 || str_find_char(str_from(any_of), s->p[0]) == STR_NONE)
        return failed(ERR_INPUT, "expected one of '%s' in the time", any_of);
    *s = str_skip(*s, 1);
    return OK;
}

static enum err fraction(str *s, int64_t *ret_ms)
{
    int64_t ms = 0, unit = 100;

    *ret_ms = 0;
    if (!str_eat(s, S(".")))
        return OK;
    size_t n = 0;

    for (; n < s->len && s->p[n] >= '0' && s->p[n] <= '9'; n++, unit /= 10)
        ms += unit * (s->p[n] - '0');
    if (n == 0)
        return failed(ERR_INPUT, "no digits behind the seconds' point");
    *s = str_skip(*s, n);
    *ret_ms = ms;
    return OK;
}

static enum err offset(str *s, int64_t *ret_seconds)
{
    int hours, minutes;

    *ret_seconds = 0;
    if (str_eat(s, S("Z")) || str_eat(s, S("z")))
        return OK;
    int64_t sign = s->len && s->p[0] == '-' ? -1 : 1;

    TRY(expect(s, "+-"));
    TRY(digits(s, 2, &hours));
    TRY(expect(s, ":"));
    TRY(digits(s, 2, &minutes));
    if (hours > 23 || minutes > 59)
        return failed(ERR_INPUT, "no such offset from UTC");
    *ret_seconds = sign * (hours * 3600 + minutes * 60);
    return OK;
}

enum err time_parse(str s, int64_t *ret_ms)
{
    struct tm tm = { 0 };
    int64_t ms, off;

    TRY(digits(&s, 4, &tm.tm_year));
    TRY(expect(&s, "-"));
    TRY(digits(&s, 2, &tm.tm_mon));
    TRY(expect(&s, "-"));
    TRY(digits(&s, 2, &tm.tm_mday));
    TRY(expect(&s, "Tt "));
    TRY(digits(&s, 2, &tm.tm_hour));
    TRY(expect(&s, ":"));
    TRY(digits(&s, 2, &tm.tm_min));
    TRY(expect(&s, ":"));
    TRY(digits(&s, 2, &tm.tm_sec));
    TRY(fraction(&s, &ms));
    TRY(offset(&s, &off));
    bool leap_second = tm.tm_sec == 60;

    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    tm.tm_sec -= leap_second;       /* POSIX time has none: it is the second after */
    struct tm given = tm;
    time_t t = timegm(&tm);         /* normalises in place, which shows what does not exist */

    if (s.len || tm.tm_mon != given.tm_mon || tm.tm_mday != given.tm_mday || tm.tm_hour != given.tm_hour ||
        tm.tm_min != given.tm_min || tm.tm_sec != given.tm_sec)
        return failed(ERR_INPUT, "not a time like 2026-01-31T12:00:00Z");
    int64_t seconds = (int64_t)t - off + leap_second;

    if (seconds < YEAR_0 || seconds >= YEAR_10000)
        return failed(ERR_INPUT, "not in the years 0000 to 9999 UTC");
    *ret_ms = seconds * 1000 + ms;
    return OK;
}

static const struct unit { const char *name; uint64_t ms; } units[] = {
    { "w", 7 * 86400000u }, { "d", 86400000 }, { "h", 3600000 }, { "m", 60000 }, { "s", 1000 }, { "ms", 1 },
};

static const struct unit *unit_named(str name)
{
    for (size_t i = 0; i < N_ELEMENTS(units); i++)
        if (str_eq(name, str_from(units[i].name)))
            return &units[i];
    return NULL;
}

static size_t count_digits(str s)
{
    size_t n = 0;

    while (n < s.len && s.p[n] >= '0' && s.p[n] <= '9')
        n++;
    return n;
}

enum err duration_parse(str text, uint64_t *ret_ms)
{
    uint64_t total = 0, value;
    str s = text;

    do {
        size_t n = count_digits(s), letters = 0;

        if (n == 0)
            return failed(ERR_INPUT, "'%.*s' is not a duration like 30s, 10m or 1h30m", STR(str_take(text, 40)));
        TRY(str_u64(str_take(s, n), &value));
        s = str_skip(s, n);
        while (letters < s.len && (s.p[letters] < '0' || s.p[letters] > '9'))
            letters++;
        bool bare = n == text.len;
        const struct unit *u = unit_named(bare ? S("s") : str_take(s, letters));

        if (u == NULL)
            return failed(ERR_INPUT, "'%.*s' is no unit of time (ms, s, m, h, d, w)",
                          STR(str_take(s, letters < 40 ? letters : 40)));
        if (__builtin_mul_overflow(value, u->ms, &value) || __builtin_add_overflow(total, value, &total))
            return failed(ERR_INPUT, "'%.*s' is too long a time", STR(str_take(text, 40)));
        s = str_skip(s, letters);
    } while (s.len);
    *ret_ms = total;
    return OK;
}

char *duration_text(char out[TIME_TEXT_SIZE], uint64_t ms)
{
    size_t n = 0;

    snprintf(out, TIME_TEXT_SIZE, "0s");
    for (size_t i = 1; i < N_ELEMENTS(units); i++) {
        if (ms < units[i].ms)
            continue;
        n += (size_t)snprintf(out + n, TIME_TEXT_SIZE - n, "%llu%s", (unsigned long long)(ms / units[i].ms),
                              units[i].name);
        ms %= units[i].ms;
    }
    return out;
}

enum err time_or_age_parse(str text, int64_t now_ms, int64_t *ret_ms)
{
    uint64_t age;

    if (duration_parse(text, &age) == OK && age < INT64_MAX) {
        *ret_ms = now_ms - (int64_t)age;
        return OK;
    }
    if (time_parse(text, ret_ms) != OK)
        return failed(ERR_INPUT, "\"%.*s\" is neither a time such as 2026-01-31T12:00:00Z nor an age such as 2d or 3h30m",
                      STR(str_take(text, 40)));
    return OK;
}
