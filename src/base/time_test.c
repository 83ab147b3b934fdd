// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include "base/time.h"

TEST(a_point_in_time_is_read_whatever_its_offset)
{
    static const struct { const char *in, *want; } cases[] = {
        { "1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z" },
        { "2026-11-21T08:35:53.120Z", "2026-11-21T08:35:53.120Z" },
        { "2026-11-21T08:35:53.12+01:00", "2026-11-21T07:35:53.120Z" },
        { "2026-11-21t08:35:53.9999999z", "2026-11-21T08:35:53.999Z" },
        { "2026-11-21 00:30:00-05:30", "2026-11-21T06:00:00.000Z" },
        { "1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z" },
        { "2024-02-29T12:00:00Z", "2024-02-29T12:00:00.000Z" },
        { "2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000Z" },
        { "0000-01-01T00:00:00Z", "0000-01-01T00:00:00.000Z" },
        { "9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z" },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        char text[TIME_TEXT_SIZE];
        int64_t ms;

        CHECK_OK(time_parse(str_from(cases[i].in), &ms));
        CHECK_STR(str_from(time_text(text, ms)), cases[i].want);
    }
}

TEST(what_is_no_time_is_refused)
{
    static const char *const cases[] = {
        "", "2026", "2026-11-21", "2026-11-21T08:35:53", "2026-11-21T08:35Z", "2026-11-21T08:35:53.Z", "2026-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-01-00T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z",
        "2026-01-01T00:00:61Z", "2026-01-01T00:00:99Z", "2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00+01",
        "2026-01-01T00:00:00+0100", "2026-01-01T00:00:00Zx", " 2026-01-01T00:00:00Z", "+026-01-01T00:00:00Z",
        "0000-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01",
    };
    int64_t ms = 42;

    for (size_t i = 0; i < N_ELEMENTS(cases); i++)
        CHECK_ERR(time_parse(str_from(cases[i]), &ms), ERR_INPUT);
    CHECK_ERR(time_parse(S("2026\0" "01-01T00:00:00Z"), &ms), ERR_INPUT);
    CHECK_INT(ms, 42);
}

TEST(any_number_of_milliseconds_can_be_written)
{
    char text[TIME_TEXT_SIZE];

    CHECK_STR(str_from(time_text(text, -1)), "1969-12-31T23:59:59.999Z");
    CHECK_STR(str_from(time_text(text, INT64_MAX)), "292278994-08-17T07:12:55.807Z");
    CHECK_STR(str_from(time_text(text, INT64_MIN)), "-292275055-05-16T16:47:04.192Z");
}

TEST(durations_are_read_and_written)
{
    static const struct { const char *in; uint64_t ms; const char *out; } cases[] = {
        { "0", 0, "0s" },           { "90", 90000, "1m30s" },        { "90s", 90000, "1m30s" },
        { "500ms", 500, "500ms" },  { "1h30m", 5400000, "1h30m" },   { "2d", 172800000, "2d" },
        { "1w", 604800000, "7d" },  { "1m1ms", 60001, "1m1ms" },
        { "18446744073709551615ms", UINT64_MAX, "213503982334d14h25m51s615ms" },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        char text[TIME_TEXT_SIZE];
        uint64_t ms;

        CHECK_OK(duration_parse(str_from(cases[i].in), &ms));
        CHECK(ms == cases[i].ms);
        CHECK_STR(str_from(duration_text(text, ms)), cases[i].out);
    }
}

TEST(what_is_no_duration_is_refused)
{
    static const char *const cases[] = {
        "", "s", "-1s", "+1s", "1.5h", "1 h", "1h 30m", "1h30", "1y", "1S", "10m ", "1hh", "18446744073709551616ms",
        "18446744073709551615s", "18446744073709551615ms1ms", "30500568905w",
    };
    uint64_t ms = 42;

    for (size_t i = 0; i < N_ELEMENTS(cases); i++)
        CHECK_ERR(duration_parse(str_from(cases[i]), &ms), ERR_INPUT);
    CHECK_INT(ms, 42);
}

TEST(a_point_in_time_may_be_given_as_an_age)
{
    int64_t ms = 42;

    CHECK_OK(time_or_age_parse(S("2d"), 1767312000000, &ms));
    CHECK_INT(ms, 1767312000000 - 172800000);
    CHECK_OK(time_or_age_parse(S("2026-01-02T00:00:00Z"), 0, &ms));
    CHECK_INT(ms, 1767312000000);
    CHECK_ERR(time_or_age_parse(S("soon"), 0, &ms), ERR_INPUT);
    CHECK_STR(str_from(failed_text()), "\"soon\" is neither a time such as 2026-01-31T12:00:00Z nor an age such as 2d or 3h30m");
}
