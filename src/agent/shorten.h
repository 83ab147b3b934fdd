// SPDX-License-Identifier: Apache-2.0
/* shorten.h: what is long in a message cut to its head and its tail, with a line that says how much is missing.  The same
 * message gives the same bytes. */
#pragma once
#include "domain/prompt.h"

/* As it is where it is not longer than `max` bytes (and a line more). */
str  shorten_text(struct arena *, str, size_t max);
/* Results and the arguments of calls, each of its texts by itself; what anybody said stays. */
void shorten_message(struct arena *, struct chat_message *, size_t max);
