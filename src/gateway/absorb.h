// SPDX-License-Identifier: Apache-2.0
/* absorb.h: conversations that have come to rest are taken into memory: each message with its answer, to be found by what was said,
 * and what is worth keeping of them: by the fast model, or by rules (memory/harvest.h) where there is none or it fails.
 *
 * How far a conversation has been taken in is stored in the transaction that stores the last of it, so that a crash repeats nothing;
 * what is worth keeping is saved before that, where the same words are not stored twice. */
#pragma once
#include "gateway/gateway.h"

/* Until it is cancelled: looks for what has rested for memory.absorb.after. */
enum err absorb_run(void *gateway) AWAITS MUST_USE;
/* One conversation, as far as it has ended, at once; *ret_n: messages. */
enum err absorb_session(struct gateway *, str session_id, size_t *ret_n) AWAITS MUST_USE;
