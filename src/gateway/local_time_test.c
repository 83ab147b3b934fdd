// SPDX-License-Identifier: Apache-2.0
#include "gateway/local_time.h"

#include "base/test.h"
#include "base/time.h"
#include "runtime/zones.h"

TEST(a_local_time_is_read_as_a_clock_there_shows_it)
{
    static const struct { const char *text, *want; } cases[] = {
        { "2026-11-22T09:00",          "2026-11-22T01:00:00.000Z" },
        { "2026-11-22 09:00:30",       "2026-11-22T01:00:30.000Z" },
        { "2026-11-22",                "2026-11-22T01:00:00.000Z" },
        { "2026-11-22T09:00:00Z",      "2026-11-22T09:00:00.000Z" },
        { "2026-11-22T09:00:00+01:00", "2026-11-22T08:00:00.000Z" },
        { "16:01",                     "2026-11-21T08:01:00.000Z" },
        { "16:00",                     "2026-11-22T08:00:00.000Z" },
        { "9:30",                      "2026-11-22T01:30:00.000Z" },
        { "24:00",                     "2026-11-21T16:00:00.000Z" },
        { "2028-02-29",                "2028-02-29T01:00:00.000Z" },
        { "2027-02-29",                "" },
        { "26-11-22",                  "" },
        { "2026-13-01",                "" },
        { "2026-11-22T",               "" },
        { "2026-11-22T09",             "" },
        { "2026-11-22T25:00",          "" },
        { "2026-11-22T09:60",          "" },
        { "2026-11-22T09:00 Uhr",      "" },
        { "tomorrow",                  "" },
        { "",                          "" },
    };
    const struct zone *shanghai = zones_find(S("Asia/Shanghai"));
    int64_t now, at;

    CHECK_OK(time_parse(S("2026-11-21T08:00:00Z"), &now));
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        char text[TIME_TEXT_SIZE] = "";

        if (local_time_read(shanghai, now, str_from(cases[i].text), &at))
            time_text(text, at);
        CHECK_STR(str_from(text), cases[i].want);
    }
}
