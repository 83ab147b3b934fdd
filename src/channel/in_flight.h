// SPDX-License-Identifier: Apache-2.0
/* in_flight.h: which sends had begun when the process was killed.
 *
 * A row is 'sending' from its claim to its outcome; only from the moment its request goes out may its platform have
 * it.  That moment is noted in a small mapped file: a kill leaves it in the page cache, and a power cut, after which the
 * file may say anything, is told by the machine's boot id.  So a row that was claimed and not begun is sent, and only
 * what really was on its way is 'unknown'. */
#pragma once
#include "base/str.h"

/* Takes over what the former process left under this name.  ERR_IO: it cannot be kept; then nothing is known. */
enum err in_flight_open(const char *path) MUST_USE;
/* What the former process left has been acted upon, durably: forget it.  Until then another kill loses nothing. */
void     in_flight_settled(void);
void     in_flight_close(void);             /* harmless when not open */
/* False: that row's request surely had not gone out when the former process ended. */
bool     in_flight_before(int64_t row);

void     in_flight_begin(int64_t row);      /* its request goes out now */
void     in_flight_end(int64_t row);        /* what became of it is stored */
