// SPDX-License-Identifier: Apache-2.0
/* time.h: writing and reading points in time and durations.  No clock: "now" is runtime/clock.h.
 * A point in time is milliseconds since 1970 UTC, an int64_t. */
#pragma once
#include "base/str.h"

enum { TIME_TEXT_SIZE = 32 };
char *time_text(char out[TIME_TEXT_SIZE], int64_t ms);      /* RFC 3339: 2026-11-21T08:35:53.120Z; returns out */
enum err time_parse(str text, int64_t *ret_ms) MUST_USE;    /* RFC 3339, any offset, years 0 to 9999 UTC */

/* "90", "90s", "1h30m", "500ms", "2d", "1w".  A number alone is seconds; behind a unit it needs its own. */
enum err duration_parse(str text, uint64_t *ret_ms) MUST_USE;
/* A point in time, or how long before `now_ms` it was ("2d"): ERR_INPUT, with both forms in its text. */
enum err time_or_age_parse(str text, int64_t now_ms, int64_t *ret_ms) MUST_USE;
char *duration_text(char out[TIME_TEXT_SIZE], uint64_t ms); /* the shortest of the same form: "1h30m" */
