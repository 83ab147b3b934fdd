// SPDX-License-Identifier: Apache-2.0
/* memory_recaller.h: who recalls for the turns of a conversation (agent/recalled.h). */
#pragma once
#include "agent/recalled.h"
#include "domain/person.h"
#include "gateway/gateway.h"

/* In the arena.  NULL: nothing is shown there unasked. */
enum err memory_recaller_of(struct gateway *, struct arena *, str session_id, const struct person *, const struct recaller **out) AWAITS
    MUST_USE;
