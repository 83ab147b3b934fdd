// SPDX-License-Identifier: Apache-2.0
/* A time that is read can be written and read again; so can a duration. */
#include <assert.h>

#include "base/time.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    str s = str_of(data, n);
    char text[TIME_TEXT_SIZE];
    int64_t t, t_again;
    uint64_t d, d_again;

    if (time_parse(s, &t) == OK) {
        time_text(text, t);
        assert(time_parse(str_from(text), &t_again) == OK && t_again == t);
    }
    if (duration_parse(s, &d) == OK) {
        duration_text(text, d);
        assert(duration_parse(str_from(text), &d_again) == OK && d_again == d);
    }
    return 0;
}
