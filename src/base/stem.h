// SPDX-License-Identifier: Apache-2.0
/* stem.h: English words without their endings of number and time, so that "servers" is found by "server" and "caching" by "cache".
 * Lighter than Porter's ("An algorithm for suffix stripping", 1980, steps 1 and 5a, and no other): what is left may be no word, but is the
 * same one for all forms.  In place; pure. */
#pragma once
#include <stddef.h>

/* word: n letters, folded (base/words.h).  Returns how many are left; letters may change ("queries": "query").  What is not all a to z, or
 * shorter than four, stays as it is. */
size_t stem(char *word, size_t n);
