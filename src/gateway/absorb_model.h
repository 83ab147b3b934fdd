// SPDX-License-Identifier: Apache-2.0
/* absorb_model.h: what a model finds worth remembering in a part of a conversation.  The conversation is material: what it asks the model
 * to do is not done, and what comes out is checked (kinds, sizes, ids that were shown) before anybody believes it. */
#pragma once
#include "agent/ask.h"
#include "memory/item.h"

struct finding { struct memory_item item; int64_t replaces; };     /* replaces 0: nothing */

/* text: the conversation; known: what is remembered already, with ids.  Times count from now (ms).  The findings have kind, text,
 * importance, confidence and expires_at; in the arena.  ERR_REMOTE: it answered something else. */
enum err absorb_by_model(struct arena *, const struct asker *, str text, const struct memory_item *known, size_t n_known, int64_t now,
                         struct finding **out, size_t *ret_n) AWAITS MUST_USE;
/* The answer alone, read; for tests and the fuzz target. */
enum err absorb_read_findings(struct arena *, str answer, const struct memory_item *known, size_t n_known, int64_t now,
                              struct finding **out, size_t *ret_n) MUST_USE;
