// SPDX-License-Identifier: Apache-2.0
#include "base/mem.h"
#include "base/test.h"
#include "base/time.h"
#include "base/zone.h"

#include <stdlib.h>
#include <time.h>

static void close_zone(struct zone **z) { zone_free(*z); }
#define ZONE CLEANUP(close_zone) struct zone

static void read_file(const char *name, struct buf *out)
{
    char path[256], bytes[4096];
    size_t n;

    snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", name);
    FILE *f = fopen(path, "rb");

    CHECK(f != NULL);
    while ((n = fread(bytes, 1, sizeof bytes, f)) > 0)
        buf_add(out, str_of(bytes, n));
    fclose(f);
}

static struct zone *zone_named(const char *name)
{
    CLEANUP(buf_done) struct buf file = { 0 };
    struct zone *z = NULL;

    read_file(name, &file);
    CHECK_OK(zone_parse(buf_str(&file), &z));
    return z;
}

static int64_t moment(const char *text)
{
    int64_t ms = 0;

    CHECK_OK(time_parse(str_from(text), &ms));
    return ms;
}

static const char *civil_text(const struct civil *c)
{
    static char out[80];
    static const char days[] = "SunMonTueWedThuFriSat";

    snprintf(out, sizeof out, "%.3s %d-%02d-%02d %02d:%02d:%02d", days + c->weekday * 3, c->year, c->month, c->day, c->hour, c->minute, c->second);
    return out;
}

TEST(clocks_show_what_they_are_known_to_have_shown)
{
    static const struct { const char *zone, *utc, *local; } cases[] = {
        { "Asia/Shanghai", "2026-11-21T21:00:00Z", "Sun 2026-11-22 05:00:00" },
        { "Asia/Shanghai", "1990-07-01T00:00:00Z", "Sun 1990-07-01 09:00:00" },        /* summer time until 1991 */
        { "Asia/Shanghai", "1900-01-01T00:00:00Z", "Mon 1900-01-01 08:05:43" },        /* local mean time */
        { "Asia/Kolkata", "2026-01-01T00:00:00Z", "Thu 2026-01-01 05:30:00" },
        { "Asia/Kathmandu", "2026-01-01T00:00:00Z", "Thu 2026-01-01 05:45:00" },
        { "Europe/Berlin", "2026-03-29T00:59:59Z", "Sun 2026-03-29 01:59:59" },
        { "Europe/Berlin", "2026-03-29T01:00:00Z", "Sun 2026-03-29 03:00:00" },
        { "Europe/Berlin", "2026-10-25T00:59:59Z", "Sun 2026-10-25 02:59:59" },
        { "Europe/Berlin", "2026-10-25T01:00:00Z", "Sun 2026-10-25 02:00:00" },
        { "Europe/Berlin", "2999-07-01T00:00:00Z", "Mon 2999-07-01 02:00:00" },        /* by the footer's rule */
        { "Europe/Berlin", "2999-12-31T23:30:00Z", "Wed 3000-01-01 00:30:00" },
        { "America/New_York", "2100-03-14T07:00:00Z", "Sun 2100-03-14 03:00:00" },
        { "America/New_York", "2100-11-07T06:00:00Z", "Sun 2100-11-07 01:00:00" },
        { "Australia/Sydney", "2500-01-01T00:00:00Z", "Fri 2500-01-01 11:00:00" },     /* summer over the year's end */
        { "Europe/Dublin", "2500-01-01T00:00:00Z", "Fri 2500-01-01 00:00:00" },        /* "summer" is winter there */
        { "Pacific/Apia", "2011-12-30T09:59:59Z", "Thu 2011-12-29 23:59:59" },
        { "Pacific/Apia", "2011-12-30T10:00:00Z", "Sat 2011-12-31 00:00:00" },         /* a day was left out */
        { "UTC", "1969-12-31T23:59:59Z", "Wed 1969-12-31 23:59:59" },
        { "Asia/Jerusalem", "2400-03-24T00:00:00Z", "Fri 2400-03-24 03:00:00" },       /* M3.4.4/26: a Friday */
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        ZONE *z = zone_named(cases[i].zone);
        struct civil c;

        zone_civil(z, moment(cases[i].utc), &c);
        CHECK_STR(str_from(civil_text(&c)), cases[i].local);
    }
}

TEST(a_time_of_the_clock_is_found)
{
    static const struct { const char *zone; struct civil local; const char *utc; } cases[] = {
        { "Europe/Berlin", { 2026, 3, 29, 2, 30 }, "2026-03-29T01:30:00.000Z" },       /* jumped over: shown as 3:30 */
        { "Europe/Berlin", { 2026, 3, 29, 3, 0 }, "2026-03-29T01:00:00.000Z" },
        { "Europe/Berlin", { 2026, 3, 29, 1, 59, 59 }, "2026-03-29T00:59:59.000Z" },
        { "Europe/Berlin", { 2026, 10, 25, 2, 30 }, "2026-10-25T00:30:00.000Z" },      /* twice: the first */
        { "Europe/Berlin", { 2026, 10, 25, 3, 0 }, "2026-10-25T02:00:00.000Z" },
        { "America/New_York", { 2026, 3, 8, 2, 0 }, "2026-03-08T07:00:00.000Z" },
        { "America/New_York", { 2026, 11, 1, 1, 0 }, "2026-11-01T05:00:00.000Z" },
        { "America/New_York", { 2301, 11, 2, 1, 30 }, "2301-11-02T05:30:00.000Z" },    /* a Saturday; then by the rule */
        { "Pacific/Apia", { 2011, 12, 30, 12, 0 }, "2011-12-30T22:00:00.000Z" },       /* a day that never was */
        { "Australia/Lord_Howe", { 2026, 10, 4, 2, 15 }, "2026-10-03T15:45:00.000Z" }, /* half an hour */
        { "Asia/Shanghai", { 2026, 13, 32, 25, 61, 61 }, "2027-02-01T18:02:01.000Z" }, /* carried over */
        { "Asia/Shanghai", { 2026, 1, 0, -1, -1, 0 }, "2025-12-30T14:59:00.000Z" },
        { "UTC", { 2024, 2, 30 }, "2024-03-01T00:00:00.000Z" },
        { "UTC", { 2026, -11, 1 }, "2025-01-01T00:00:00.000Z" },
    };
    char text[TIME_TEXT_SIZE];

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        ZONE *z = zone_named(cases[i].zone);

        CHECK_STR(str_from(time_text(text, zone_moment(z, &cases[i].local))), cases[i].utc);
    }
}

/* Every 19 hours and a bit from 1890 to 2150, against the C library. */
static void check_with_libc(const char *name)
{
    ZONE *z = zone_named(name);
    struct civil c;

    setenv("TZ", name, 1);
    tzset();
    for (time_t t = -2524608000; t < 5680281600; t += 70001) {
        struct tm tm;

        localtime_r(&t, &tm);
        zone_civil(z, t * 1000, &c);
        if (tm.tm_gmtoff != zone_offset(z, t * 1000) || c.year != tm.tm_year + 1900 || c.month != tm.tm_mon + 1 || c.day != tm.tm_mday
            || c.hour != tm.tm_hour || c.minute != tm.tm_min || c.second != tm.tm_sec || c.weekday != tm.tm_wday)
            test_failed(__FILE__, __LINE__, "%s at %lld: %s, but the C library says otherwise", name, (long long)t, civil_text(&c));
        int64_t found = zone_moment(z, &c) / 1000;

        if (found != t && (found > t || t - found > 86400 || zone_offset(z, found * 1000) == tm.tm_gmtoff))
            test_failed(__FILE__, __LINE__, "%s at %lld: %s is found %lld s off", name, (long long)t, civil_text(&c), (long long)(found - t));
    }
}

TEST(the_c_library_agrees)
{
    static const char *const names[] = { "Asia/Shanghai", "America/New_York", "Europe/London", "Europe/Dublin", "Australia/Lord_Howe",
        "Pacific/Apia", "Africa/Casablanca", "America/Sao_Paulo", "Asia/Tehran", "America/Nuuk", "Antarctica/Troll", "Etc/GMT+12" };
    CLEANUP(mem_freep) char *zone = getenv("TZ") ? strdup(getenv("TZ")) : NULL;

    for (size_t i = 0; i < N_ELEMENTS(names); i++)
        check_with_libc(names[i]);
    if (zone)
        setenv("TZ", zone, 1);
    else
        unsetenv("TZ");
    tzset();
}

TEST(a_file_that_is_cut_or_bent_is_refused)
{
    CLEANUP(buf_done) struct buf file = { 0 };
    struct zone *z = NULL;

    read_file("Europe/Berlin", &file);
    for (size_t n = 0; n < file.len; n++)
        CHECK_ERR(zone_parse(str_take(buf_str(&file), n), &z), ERR_INPUT);
    file.p[0] = 'X';
    CHECK_ERR(zone_parse(buf_str(&file), &z), ERR_INPUT);
    CHECK_ERR(zone_parse(S("TZif2"), &z), ERR_INPUT);
    CHECK(z == NULL);
    zone_free(NULL);
}

TEST(utc_is_always_there)
{
    struct civil c;

    zone_civil(zone_utc(), 951782400000, &c);
    CHECK_STR(str_from(civil_text(&c)), "Tue 2000-02-29 00:00:00");
    CHECK_INT(zone_offset(zone_utc(), INT64_MAX), 0);
    zone_civil(zone_utc(), -1, &c);
    CHECK_STR(str_from(civil_text(&c)), "Wed 1969-12-31 23:59:59");
}

TEST(the_calendar_knows_leap_years)
{
    CHECK_INT(civil_month_days(2024, 2), 29);
    CHECK_INT(civil_month_days(2100, 2), 28);
    CHECK_INT(civil_month_days(2000, 2), 29);
    CHECK_INT(civil_month_days(2026, 13), 0);
    CHECK_INT(civil_weekday(2026, 11, 21), 6);
    CHECK_INT(civil_weekday(1, 1, 1), 1);
    for (int64_t day = -800000; day < 800000; day += 17) {
        struct civil c;

        civil_of_days(day, &c);
        CHECK_INT(civil_days(c.year, c.month, c.day), day);
    }
}
