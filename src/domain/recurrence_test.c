// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"
#include "base/time.h"
#include "domain/recurrence.h"
#include "runtime/zones.h"

static int64_t local_moment(const struct zone *z, const char *text)
{
    char full[TIME_TEXT_SIZE];
    struct civil c;
    int64_t ms = 0;

    snprintf(full, sizeof full, "%sT%s:00Z", strndupa(text, 10), text + 11);
    CHECK_OK(time_parse(str_from(full), &ms));
    zone_civil(zone_utc(), ms, &c);
    return zone_moment(z, &c);
}

/* The first times of a rule, as "MM-DD HH:MM", separated by commas; a year change writes the year. */
static str times_of(struct arena *a, const char *zone, const char *rule, const char *start, int n)
{
    struct buf *b = ARENA_NEW(a, struct buf);
    const struct zone *z = zones_find(str_from(zone));
    struct recurrence r;
    int64_t first = local_moment(z, start), t = first - 1;
    int year = 0;

    arena_on_free(a, (void (*)(void *))buf_done, b);
    CHECK_OK(recurrence_parse(str_from(rule), &r));
    for (int i = 0; i < n && recurrence_next(&r, z, first, t, &t); i++) {
        struct civil c;

        zone_civil(z, t, &c);
        buf_add(b, i ? S(", ") : S(""));
        if (c.year != year)
            buf_addf(b, "%d: ", year = c.year);
        buf_addf(b, "%02d-%02d %02d:%02d", c.month, c.day, c.hour, c.minute);
    }
    return buf_str(b);
}

/* From 3.8.5.3, whose examples all begin on Tuesday, 2 September 1997, at 9:00 in New York. */
TEST(the_examples_of_rfc_5545_come_at_their_times)
{
    static const struct { const char *rule, *start; int n; const char *want; } cases[] = {
        { "FREQ=DAILY;COUNT=10", "1997-09-02 09:00", 20, "1997: 09-02 09:00, 09-03 09:00, 09-04 09:00, 09-05 09:00, 09-06 09:00, 09-07 09:00, "
            "09-08 09:00, 09-09 09:00, 09-10 09:00, 09-11 09:00" },
        { "FREQ=DAILY;INTERVAL=2", "1997-10-24 09:00", 4, "1997: 10-24 09:00, 10-26 09:00, 10-28 09:00, 10-30 09:00" },
        { "FREQ=DAILY;INTERVAL=10;COUNT=5", "1997-09-02 09:00", 9, "1997: 09-02 09:00, 09-12 09:00, 09-22 09:00, 10-02 09:00, 10-12 09:00" },
        { "FREQ=DAILY;UNTIL=20000131T140000Z;BYMONTH=1", "1998-01-30 09:00", 3, "1998: 01-30 09:00, 01-31 09:00, 1999: 01-01 09:00" },
        { "FREQ=WEEKLY;COUNT=10", "1997-09-02 09:00", 20, "1997: 09-02 09:00, 09-09 09:00, 09-16 09:00, 09-23 09:00, 09-30 09:00, 10-07 09:00, "
            "10-14 09:00, 10-21 09:00, 10-28 09:00, 11-04 09:00" },
        { "FREQ=WEEKLY;UNTIL=19971224T000000Z", "1997-12-09 09:00", 9, "1997: 12-09 09:00, 12-16 09:00, 12-23 09:00" },
        { "FREQ=WEEKLY;COUNT=10;WKST=MO;BYDAY=TU,TH", "1997-09-02 09:00", 20, "1997: 09-02 09:00, 09-04 09:00, 09-09 09:00, 09-11 09:00, "
            "09-16 09:00, 09-18 09:00, 09-23 09:00, 09-25 09:00, 09-30 09:00, 10-02 09:00" },
        { "FREQ=WEEKLY;INTERVAL=2;UNTIL=19971224T000000Z;BYDAY=MO,WE,FR", "1997-09-01 09:00", 7, "1997: 09-01 09:00, 09-03 09:00, "
            "09-05 09:00, 09-15 09:00, 09-17 09:00, 09-19 09:00, 09-29 09:00" },
        { "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO", "1997-08-05 09:00", 9, "1997: 08-05 09:00, 08-10 09:00, 08-19 09:00, 08-24 09:00" },
        { "FREQ=MONTHLY;COUNT=10;BYDAY=1FR", "1997-09-05 09:00", 5, "1997: 09-05 09:00, 10-03 09:00, 11-07 09:00, 12-05 09:00, "
            "1998: 01-02 09:00" },
        { "FREQ=MONTHLY;COUNT=6;BYDAY=-2MO", "1997-09-22 09:00", 9, "1997: 09-22 09:00, 10-20 09:00, 11-17 09:00, 12-22 09:00, "
            "1998: 01-19 09:00, 02-16 09:00" },
        { "FREQ=MONTHLY;BYMONTHDAY=-3", "1997-09-28 09:00", 6, "1997: 09-28 09:00, 10-29 09:00, 11-28 09:00, 12-29 09:00, 1998: 01-29 09:00, "
            "02-26 09:00" },
        { "FREQ=MONTHLY;COUNT=10;BYMONTHDAY=2,15", "1997-09-02 09:00", 4, "1997: 09-02 09:00, 09-15 09:00, 10-02 09:00, 10-15 09:00" },
        { "FREQ=MONTHLY;COUNT=10;BYMONTHDAY=1,-1", "1997-09-30 09:00", 6, "1997: 09-30 09:00, 10-01 09:00, 10-31 09:00, 11-01 09:00, "
            "11-30 09:00, 12-01 09:00" },
        { "FREQ=MONTHLY;INTERVAL=18;COUNT=10;BYMONTHDAY=10,11,12,13,14,15", "1997-09-10 09:00", 8, "1997: 09-10 09:00, 09-11 09:00, "
            "09-12 09:00, 09-13 09:00, 09-14 09:00, 09-15 09:00, 1999: 03-10 09:00, 03-11 09:00" },
        { "FREQ=MONTHLY;INTERVAL=2;BYDAY=TU", "1997-09-02 09:00", 6, "1997: 09-02 09:00, 09-09 09:00, 09-16 09:00, 09-23 09:00, "
            "09-30 09:00, 11-04 09:00" },
        { "FREQ=YEARLY;COUNT=10;BYMONTH=6,7", "1997-06-10 09:00", 4, "1997: 06-10 09:00, 07-10 09:00, 1998: 06-10 09:00, 07-10 09:00" },
        { "FREQ=YEARLY;INTERVAL=2;COUNT=10;BYMONTH=1,2,3", "1997-03-10 09:00", 4, "1997: 03-10 09:00, 1999: 01-10 09:00, 02-10 09:00, "
            "03-10 09:00" },
        { "FREQ=YEARLY;BYMONTH=3;BYDAY=TH", "1997-03-13 09:00", 4, "1997: 03-13 09:00, 03-20 09:00, 03-27 09:00, 1998: 03-05 09:00" },
        { "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", "1998-02-13 09:00", 5, "1998: 02-13 09:00, 03-13 09:00, 11-13 09:00, 1999: 08-13 09:00, "
            "2000: 10-13 09:00" },
        { "FREQ=MONTHLY;BYDAY=SA;BYMONTHDAY=7,8,9,10,11,12,13", "1997-09-13 09:00", 3, "1997: 09-13 09:00, 10-11 09:00, 11-08 09:00" },
        { "FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8", "1996-11-05 09:00", 3, "1996: 11-05 09:00, "
            "2000: 11-07 09:00, 2004: 11-02 09:00" },
        { "FREQ=HOURLY;INTERVAL=3;UNTIL=19970902T210000Z", "1997-09-02 09:00", 9, "1997: 09-02 09:00, 09-02 12:00, 09-02 15:00" },
        { "FREQ=MINUTELY;INTERVAL=15;COUNT=6", "1997-09-02 09:00", 9, "1997: 09-02 09:00, 09-02 09:15, 09-02 09:30, 09-02 09:45, "
            "09-02 10:00, 09-02 10:15" },
        { "FREQ=MINUTELY;INTERVAL=90;COUNT=4", "1997-09-02 09:00", 9, "1997: 09-02 09:00, 09-02 10:30, 09-02 12:00, 09-02 13:30" },
        { "FREQ=DAILY;BYHOUR=9,10;BYMINUTE=0,20,40", "1997-09-02 09:00", 7, "1997: 09-02 09:00, 09-02 09:20, 09-02 09:40, 09-02 10:00, "
            "09-02 10:20, 09-02 10:40, 09-03 09:00" },
        { "FREQ=MINUTELY;INTERVAL=20;BYHOUR=9,10,11,12,13,14,15,16", "1997-09-02 16:20", 4, "1997: 09-02 16:20, 09-02 16:40, 09-03 09:00, "
            "09-03 09:20" },
        { "FREQ=MONTHLY;BYMONTHDAY=15,30;COUNT=5", "2007-01-15 09:00", 9, "2007: 01-15 09:00, 01-30 09:00, 02-15 09:00, 03-15 09:00, "
            "03-30 09:00" },
        { "FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10", "1997-10-26 09:00", 3, "1997: 10-26 09:00, 1998: 10-25 09:00, 1999: 10-31 09:00" },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(arena_freep) struct arena *a = arena_new();

        CHECK_STR(times_of(a, "America/New_York", cases[i].rule, cases[i].start, cases[i].n), cases[i].want);
    }
}

TEST(clocks_months_and_years_of_every_length_are_met)
{
    static const struct { const char *zone, *rule, *start; int n; const char *want; } cases[] = {
        { "Europe/Berlin", "FREQ=DAILY", "2026-03-28 09:00", 3, "2026: 03-28 09:00, 03-29 09:00, 03-30 09:00" },
        { "Europe/Berlin", "FREQ=DAILY", "2026-03-28 02:30", 3, "2026: 03-28 02:30, 03-29 03:30, 03-30 02:30" },
        { "Europe/Berlin", "FREQ=DAILY", "2026-10-24 02:30", 3, "2026: 10-24 02:30, 10-25 02:30, 10-26 02:30" },
        { "Europe/Berlin", "FREQ=HOURLY;INTERVAL=2", "2026-03-29 00:00", 3, "2026: 03-29 00:00, 03-29 03:00, 03-29 05:00" },
        { "Europe/Berlin", "FREQ=HOURLY", "2026-10-25 01:30", 4, "2026: 10-25 01:30, 10-25 02:30, 10-25 02:30, 10-25 03:30" },
        { "Asia/Shanghai", "FREQ=MONTHLY", "2026-01-31 08:00", 4, "2026: 01-31 08:00, 03-31 08:00, 05-31 08:00, 07-31 08:00" },
        { "Asia/Shanghai", "FREQ=MONTHLY;BYMONTHDAY=-1", "2027-12-31 08:00", 3, "2027: 12-31 08:00, 2028: 01-31 08:00, 02-29 08:00" },
        { "Asia/Shanghai", "FREQ=YEARLY", "2028-02-29 08:00", 3, "2028: 02-29 08:00, 2032: 02-29 08:00, 2036: 02-29 08:00" },
        { "Asia/Shanghai", "FREQ=YEARLY", "2096-02-29 08:00", 2, "2096: 02-29 08:00, 2104: 02-29 08:00" },
        { "Asia/Shanghai", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "2026-11-20 09:00", 3, "2026: 11-20 09:00, 11-23 09:00, 11-24 09:00" },
        { "Asia/Shanghai", "FREQ=WEEKLY;INTERVAL=2;BYDAY=FR", "2026-11-27 09:00", 3, "2026: 11-27 09:00, 12-11 09:00, 12-25 09:00" },
        { "Asia/Shanghai", "FREQ=HOURLY;BYMINUTE=15,45", "2026-11-21 09:15", 3, "2026: 11-21 09:15, 11-21 09:45, 11-21 10:15" },
        { "Asia/Shanghai", "FREQ=HOURLY;BYDAY=MO", "2026-11-23 23:00", 3, "2026: 11-23 23:00, 11-30 00:00, 11-30 01:00" },
        { "Asia/Shanghai", "FREQ=WEEKLY;BYDAY=MO", "2026-11-21 09:00", 2, "2026: 11-21 09:00, 11-23 09:00" },   /* the first is one of them */
        { "Asia/Shanghai", "FREQ=MONTHLY;BYDAY=5FR", "2026-10-30 09:00", 2, "2026: 10-30 09:00, 2027: 01-29 09:00" },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(arena_freep) struct arena *a = arena_new();

        CHECK_STR(times_of(a, cases[i].zone, cases[i].rule, cases[i].start, cases[i].n), cases[i].want);
    }
}

TEST(a_rule_that_never_comes_ends)
{
    static const char *const rules[] = { "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=MONTHLY;BYMONTH=4;BYMONTHDAY=31",
        "FREQ=YEARLY;INTERVAL=4;BYMONTH=2;BYMONTHDAY=29", "FREQ=MINUTELY;BYMONTH=2;BYMONTHDAY=31", "FREQ=DAILY;INTERVAL=7;BYDAY=SU",
        "FREQ=HOURLY;INTERVAL=24;BYHOUR=3", "FREQ=MONTHLY;INTERVAL=12;BYMONTH=1", "FREQ=MINUTELY;INTERVAL=60;BYMINUTE=7" };
    int64_t start = 1795000000000, t;      /* Wednesday, 18 November 2026 */

    for (size_t i = 0; i < N_ELEMENTS(rules); i++) {
        struct recurrence r;

        CHECK_OK(recurrence_parse(str_from(rules[i]), &r));
        CHECK(recurrence_next(&r, zone_utc(), start, 0, &t) && t == start);
        CHECK(!recurrence_next(&r, zone_utc(), start, start, &t));
    }
}

TEST(the_next_time_is_found_from_anywhere)
{
    struct recurrence r;
    int64_t start = 1795000000000, t;

    CHECK_OK(recurrence_parse(S("FREQ=MINUTELY;INTERVAL=5"), &r));
    CHECK(recurrence_next(&r, zone_utc(), start, start + 86400000LL * 36500, &t));
    CHECK_INT(t, start + 86400000LL * 36500 + 300000);
    CHECK_OK(recurrence_parse(S("FREQ=DAILY;COUNT=3"), &r));
    CHECK(!recurrence_next(&r, zone_utc(), start, start + 2 * 86400000, &t));
    CHECK(recurrence_next(&r, zone_utc(), start, start + 2 * 86400000 - 1, &t) && t == start + 2 * 86400000);
}

TEST(what_is_no_rule_is_refused_by_its_part)
{
    static const struct { const char *rule, *word; } cases[] = {
        { "", "FREQ" }, { "DAILY", "form" }, { "INTERVAL=2;FREQ=DAILY", "begin" }, { "FREQ=SECONDLY", "FREQ" }, { "FREQ=DAILY;", "form" },
        { "FREQ=DAILY;INTERVAL=0", "INTERVAL" }, { "FREQ=DAILY;INTERVAL=-1", "INTERVAL" }, { "FREQ=DAILY;INTERVAL=100001", "INTERVAL" },
        { "FREQ=DAILY;COUNT=0", "COUNT" }, { "FREQ=DAILY;COUNT=3;UNTIL=20270101", "both" }, { "FREQ=DAILY;UNTIL=20270230", "UNTIL" },
        { "FREQ=DAILY;UNTIL=20270101T000000", "UNTIL" }, { "FREQ=MONTHLY;BYMONTHDAY=0", "BYMONTHDAY" }, { "FREQ=MONTHLY;BYMONTHDAY=32", "BYMONTHDAY" },
        { "FREQ=WEEKLY;BYDAY=1MO", "BYDAY" }, { "FREQ=WEEKLY;BYDAY=XX", "BYDAY" }, { "FREQ=MONTHLY;BYDAY=1MO,2TU", "BYDAY" },
        { "FREQ=MONTHLY;BYDAY=6MO", "BYDAY" }, { "FREQ=WEEKLY;BYDAY=", "BYDAY" }, { "FREQ=YEARLY;BYWEEKNO=20", "BYWEEKNO" },
        { "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=1", "BYSETPOS" }, { "FREQ=DAILY;BYHOUR=24", "BYHOUR" }, { "FREQ=DAILY;BYMINUTE=60", "BYMINUTE" },
        { "FREQ=DAILY;FREQ=DAILY", "twice" }, { "FREQ=WEEKLY;WKST=SU", "WKST" }, { "FREQ=WEEKLY;BYMONTHDAY=1", "BYMONTHDAY" },
        { "FREQ=DAILY;BYHOUR=", "BYHOUR" }, { "FREQ=DAILY;BYHOUR=1,,2", "BYHOUR" }, { "freq=daily", "freq" }, { "FREQ=WEEKLY;BYDAY=-MO", "BYDAY" },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        struct recurrence r;

        CHECK_ERR(recurrence_parse(str_from(cases[i].rule), &r), ERR_INPUT);
        if (!strstr(failed_text(), cases[i].word))
            test_failed(__FILE__, __LINE__, "'%s': %s", cases[i].rule, failed_text());
    }
}

TEST(a_rule_is_written_as_it_was_read)
{
    static const char *const rules[] = { "FREQ=DAILY", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE,SU", "FREQ=MONTHLY;COUNT=3;BYDAY=-1FR;BYHOUR=9;BYMINUTE=0,30",
        "FREQ=YEARLY;UNTIL=20271224T120000Z;BYMONTH=1,12;BYMONTHDAY=1,31,-2,-1" };

    for (size_t i = 0; i < N_ELEMENTS(rules); i++) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        struct recurrence r;

        CHECK_OK(recurrence_parse(str_from(rules[i]), &r));
        CHECK_STR(recurrence_text(a, &r), rules[i]);
    }
}

/* From Friday, 15 January 2027, 9:00. */
TEST(a_rule_is_said_in_both_languages)
{
    static const struct { const char *rule, *en, *zh; } cases[] = {
        { "FREQ=DAILY", "every day at 9:00", "每天 9:00" },
        { "FREQ=DAILY;INTERVAL=3;BYHOUR=7;BYMINUTE=30", "every 3 days at 7:30", "每 3 天 7:30" },
        { "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "every weekday at 9:00", "每个工作日 9:00" },
        { "FREQ=WEEKLY;BYDAY=SA,SU", "every Saturday and Sunday at 9:00", "每个周末 9:00" },
        { "FREQ=WEEKLY", "every Friday at 9:00", "每周五 9:00" },
        { "FREQ=WEEKLY;BYDAY=MO,WE;BYHOUR=9", "every Monday and Wednesday at 9:00", "每周一、三 9:00" },
        { "FREQ=WEEKLY;INTERVAL=2;BYDAY=FR", "every 2 weeks on Friday at 9:00", "每 2 周的周五 9:00" },
        { "FREQ=MONTHLY;BYMONTHDAY=15", "every month on the 15th at 9:00", "每月 15 日 9:00" },
        { "FREQ=MONTHLY", "every month on the 15th at 9:00", "每月 15 日 9:00" },
        { "FREQ=MONTHLY;BYMONTHDAY=1,2,23", "every month on the 1st, the 2nd and the 23rd at 9:00", "每月 1 日、2 日、23 日 9:00" },
        { "FREQ=MONTHLY;BYMONTHDAY=-1", "every month on the last day at 9:00", "每月最后一天 9:00" },
        { "FREQ=MONTHLY;BYDAY=-1FR", "every month on the last Friday at 9:00", "每月最后一个周五 9:00" },
        { "FREQ=MONTHLY;INTERVAL=3;BYDAY=2MO", "every 3 months on the second Monday at 9:00", "每 3 个月的第 2 个周一 9:00" },
        { "FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=8", "every year on the 8th of March at 9:00", "每年 3 月 8 日 9:00" },
        { "FREQ=YEARLY", "every year on the 15th of January at 9:00", "每年 1 月 15 日 9:00" },
        { "FREQ=HOURLY;INTERVAL=2", "every 2 hours", "每 2 小时" },
        { "FREQ=MINUTELY;INTERVAL=30", "every 30 minutes", "每 30 分钟" },
        { "FREQ=HOURLY", "every hour", "每小时" },
        { "FREQ=DAILY;COUNT=5;BYHOUR=9,18", "every day at 9:00 and 18:00, 5 times", "每天 9:00、18:00，共 5 次" },
        { "FREQ=DAILY;UNTIL=20270201", "every day at 9:00, until 2027-02-01", "每天 9:00，到 2027-02-01 为止" },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        struct recurrence r;
        int64_t start = 1800003600000;

        CHECK_OK(recurrence_parse(str_from(cases[i].rule), &r));
        CHECK_STR(recurrence_say(a, &r, zone_utc(), start, false), cases[i].en);
        CHECK_STR(recurrence_say(a, &r, zone_utc(), start, true), cases[i].zh);
    }
}
