// SPDX-License-Identifier: Apache-2.0
#include "flow/occurrence.h"

#include "base/test.h"
#include "base/time.h"

static int64_t at(const char *text)
{
    int64_t ms;

    CHECK_OK(time_parse(str_from(text), &ms));
    return ms;
}

static const char *or_never(char out[TIME_TEXT_SIZE], int64_t ms)
{
    return ms ? time_text(out, ms) : "never";
}

TEST(of_what_is_due_the_latest_time_counts_and_the_others_are_missed)
{
    static const struct { const char *rule, *first, *next, *now, *due, *again; unsigned missed; } cases[] = {
        { "", "2026-11-21T08:00:00Z", "2026-11-21T08:00:00Z", "2026-11-21T08:00:00Z", "2026-11-21T08:00:00.000Z", "never", 0 },
        { "", "2026-11-21T08:00:00Z", "2026-11-21T08:00:00Z", "2027-11-21T08:00:00Z", "2026-11-21T08:00:00.000Z", "never", 0 },
        { "FREQ=DAILY", "2026-11-21T08:00:00Z", "2026-11-22T08:00:00Z", "2026-11-22T08:00:01Z", "2026-11-22T08:00:00.000Z",
          "2026-11-23T08:00:00.000Z", 0 },
        { "FREQ=DAILY", "2026-11-21T08:00:00Z", "2026-11-22T08:00:00Z", "2026-11-25T07:59:59Z", "2026-11-24T08:00:00.000Z",
          "2026-11-25T08:00:00.000Z", 2 },
        { "FREQ=DAILY;COUNT=3", "2026-11-21T08:00:00Z", "2026-11-22T08:00:00Z", "2027-01-01T00:00:00Z", "2026-11-23T08:00:00.000Z", "never", 1 },
        { "FREQ=MINUTELY", "2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z", "2027-01-01T00:00:30Z", "2027-01-01T00:00:00.000Z",
          "2027-01-01T00:01:00.000Z", TIMERS_MISSED_MAX },
        { "of another version", "2026-11-21T08:00:00Z", "2026-11-21T08:00:00Z", "2026-11-29T08:00:00Z", "2026-11-21T08:00:00.000Z", "never", 0 },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        struct flow_timer t = { .rule = str_from(cases[i].rule), .zone = S("UTC"), .first_at = at(cases[i].first), .next_at = at(cases[i].next) };
        struct occurrence o;
        char text[TIME_TEXT_SIZE];

        occurrence_now(&t, at(cases[i].now), &o);
        CHECK_STR(str_from(or_never(text, o.due)), cases[i].due);
        CHECK_STR(str_from(or_never(text, o.next)), cases[i].again);
        CHECK_INT(o.missed, cases[i].missed);
    }
}

TEST(nine_o_clock_stays_nine_o_clock_when_clocks_change)
{
    struct flow_timer t = { .rule = S("FREQ=DAILY"), .zone = S("Europe/Berlin"), .first_at = at("2026-10-24T07:00:00Z"),
                            .next_at = at("2026-10-24T07:00:00Z") };
    struct occurrence o;
    char text[TIME_TEXT_SIZE];

    occurrence_now(&t, at("2026-10-24T07:00:00Z"), &o);
    CHECK_STR(str_from(or_never(text, o.next)), "2026-10-25T08:00:00.000Z");
}
