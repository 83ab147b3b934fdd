// SPDX-License-Identifier: Apache-2.0
/* zone.h: a time zone of the IANA database, as a TZif file has it (RFC 8536, version 1 to 4, footer included): what clocks show there
 * at a point in time, and back.  Pure: runtime/zones.h finds the files. */
#pragma once
#include "base/str.h"

struct zone;

/* What a clock and a calendar show.  Proleptic Gregorian; month 1 to 12, weekday 0 (Sunday) to 6. */
struct civil { int year, month, day, hour, minute, second, weekday; };

/* ERR_INPUT: not a TZif file, or one that counts leap seconds ("right/").  Heap. */
enum err zone_parse(str tzif, struct zone **out) MUST_USE;
void     zone_free(struct zone *);
const struct zone *zone_utc(void);              /* always there; not to be freed */

void     zone_civil(const struct zone *, int64_t ms, struct civil *out);
/* `weekday` is not looked at; fields out of range carry over (day 32, hour 25, month 13).  A time that clocks jump over is as much later as
 * they jump; of one that comes twice the first is meant. */
int64_t  zone_moment(const struct zone *, const struct civil *);
int      zone_offset(const struct zone *, int64_t ms);      /* seconds east of UTC */
int      civil_weekday(int year, int month, int day);
int      civil_month_days(int year, int month);
int64_t  civil_days(int year, int month, int day);          /* since 1970-01-01; month and day may be out of range */
void     civil_of_days(int64_t days, struct civil *out);    /* the date alone; the time is 0:00:00 */
