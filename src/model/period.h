// SPDX-License-Identifier: Apache-2.0
/* period.h: days and months as the clocks on the wall of this machine's time zone have them. */
#pragma once
#include <stdint.h>

enum period_kind { PERIOD_DAY, PERIOD_MONTH, N_PERIODS };

struct period { int64_t from, until; };     /* ms since 1970 UTC; until is no part of it */

struct period period_at(enum period_kind, int64_t wall_ms);
const char   *period_name(enum period_kind);        /* "day", "month" */
enum { PERIOD_TEXT_SIZE = 32 };
char         *period_text(char out[PERIOD_TEXT_SIZE], int64_t wall_ms);     /* local: "2026-11-22 00:00" */
