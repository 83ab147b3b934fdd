// SPDX-License-Identifier: Apache-2.0
/* A rule that is read can be written and read again; its times go forward, and there is an end to looking for them. */
#include <assert.h>
#include <string.h>

#include "domain/recurrence.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct recurrence r, again;
    int64_t start = 1795000000000, t = start - 1, next;

    memset(&r, 0, sizeof r);
    memset(&again, 0, sizeof again);
    if (recurrence_parse(str_of(data, n), &r))
        return 0;
    str text = recurrence_text(a, &r);

    assert(recurrence_parse(text, &again) == OK);
    assert(str_eq(recurrence_text(a, &again), text));
    assert(recurrence_say(a, &r, zone_utc(), start, n & 1).len > 0);
    for (int i = 0; i < 3 && recurrence_next(&r, zone_utc(), start, t, &next); i++) {
        assert(next > t && next >= start);
        t = next;
    }
    return 0;
}
