// SPDX-License-Identifier: Apache-2.0
/* kept_fuzz.c: what people call a thing by, and a time that a model writes.  Line one is what is meant, the others are the things. */
#include <assert.h>

#include "gateway/kept.h"
#include "gateway/local_time.h"

enum { THINGS_MAX = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kept_thing things[THINGS_MAX];
    bool marks[THINGS_MAX];
    str rest = str_of(data, size), which = NO_STR, line;
    size_t n = 0, marked = 0;
    int64_t at;

    str_split(&rest, '\n', &which);
    while (n < THINGS_MAX && str_split(&rest, '\n', &line)) {
        things[n] = (struct kept_thing){ (int64_t)n + 1, line, which };
        n++;
    }
    size_t found = kept_match(things, n, which, marks);

    for (size_t i = 0; i < n; i++)
        marked += marks[i];
    assert(marked == found);
    if (local_time_read(zone_utc(), 0, which, &at) && which.len && which.len <= 5)
        assert(at > 0 && at <= 2 * 86400000);     /* a time of day is within a day */
    return 0;
}
