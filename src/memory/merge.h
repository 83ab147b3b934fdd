// SPDX-License-Identifier: Apache-2.0
/* merge.h: what was remembered twice in other words becomes one.  Of two memories of the same kind in one partition whose vectors are
 * nearly the same (cosine at least 0.95; without vectors: whose words are nearly the same), and which differ in no number and no denial,
 * the surer one stays, of equals the newer; the other is kept as replaced by it and not recalled any more. */
#pragma once
#include "memory/memory.h"

enum memory_run_kind { MEMORY_DO, MEMORY_TELL };       /* TELL: says what it would do */

enum err memory_merge(struct memory *, enum memory_run_kind, size_t *ret_n) AWAITS MUST_USE;
/* Do they say the same as far as words can tell: no number and no denial is in one alone, and so large a share of all words in both? */
bool     memory_same_sense(str a, str b, double share);
