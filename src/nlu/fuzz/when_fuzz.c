// SPDX-License-Identifier: Apache-2.0
/* Whatever the text: what is read lies inside of it, ends behind its beginning, and is what its kind says. */
#include <assert.h>
#include <string.h>

#include "domain/recurrence.h"
#include "nlu/number.h"
#include "nlu/unit.h"
#include "nlu/when.h"

enum { TEXT_MAX = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check_when(const struct when *w, int64_t now)
{
    struct recurrence r;
    int64_t next;

    switch (w->kind) {
    case WHEN_LENGTH:
        assert(w->length >= 0 && w->at == 0);
        break;
    case WHEN_POINT:
        assert(w->until == w->at && w->typical == w->at && w->earlier <= w->at);
        break;
    case WHEN_DAY: case WHEN_PERIOD:
        assert(w->at < w->until && w->earlier <= w->at);
        break;
    case WHEN_REPEATS:
        assert(w->at > now && strlen(w->rule) < WHEN_RULE_SIZE);
        assert(recurrence_parse(str_from(w->rule), &r) == OK);
        assert(recurrence_next(&r, zone_utc(), w->at, now, &next) && next == w->at);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    str s = str_of(data, n < TEXT_MAX ? n : TEXT_MAX);
    int64_t now = INT64_C(1795226400000) + (int64_t)(n % 50) * 7777777000;

    for (size_t at = 0; at < s.len; at++) {
        struct when w = { 0 };
        double number;
        size_t end = 0, len = 0;

        if (when_read(s, at, now, zone_utc(), &w, &end)) {
            assert(end > at && end <= s.len);
            check_when(&w, now);
        }
        if (number_read(s, at, &number, &end))
            assert(end > at && end <= s.len && number == number);
        if (unit_read(str_skip(s, at), &len))
            assert(len > 0 && at + len <= s.len);
    }
    return 0;
}
