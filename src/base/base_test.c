// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include "base/json.h"
#include "base/map.h"
#include "base/time.h"
#include "base/log.h"
#include "base/utf8.h"
#include "base/random.h"

TEST(smoke)
{
    CLEANUP(json_decrefp) json_t *j = NULL;
    char t[TIME_TEXT_SIZE];
    int64_t ms;
    uint64_t d;
    CHECK_OK(json_parse(S("{\"a\":[{\"b\":\"x\"}]}"), &j));
    CHECK_STR(json_text_str(j, "a.0.b"), "x");
    CHECK_OK(time_parse(S("2026-11-21T08:35:53.12+01:00"), &ms));
    CHECK_STR(str_from(time_text(t, ms)), "2026-11-21T07:35:53.120Z");
    CHECK_OK(duration_parse(S("1h30m"), &d));
    CHECK_INT(d, 5400000);
    struct map m = {0};
    for (int i = 0; i < 1000; i++) { char k[16]; snprintf(k, 16, "%d", i); map_put(&m, str_from(k), &m); }
    for (int i = 0; i < 1000; i += 2) { char k[16]; snprintf(k, 16, "%d", i); CHECK(map_remove(&m, str_from(k)) == &m); }
    for (int i = 0; i < 1000; i++) { char k[16]; snprintf(k, 16, "%d", i); CHECK((map_get(&m, str_from(k)) != NULL) == (i % 2 == 1)); }
    map_done(&m);
    log_event(LOG_INFO, "x.y", F("n", 1), F("s", "a\"b"), F("bot_token", "abc"), F("t", true), F("f", 1.5));
    log_event(LOG_INFO, "x.z");
}
