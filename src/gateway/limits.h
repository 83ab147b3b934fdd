// SPDX-License-Identifier: Apache-2.0
/* limits.h: how many requests a minute somebody may make: a token bucket a key.  Bounded: of many thousand keys the
 * longest unused are forgotten, which is to their favour. */
#pragma once
#include "base/str.h"

struct limits;

struct limits *limits_new(void);
void           limits_free(struct limits *);
/* True: go on.  False: too many; try again after *ret_wait_ms.  per_minute 0: no limit. */
bool           limits_take(struct limits *, str key, uint64_t per_minute, uint64_t burst, uint64_t *ret_wait_ms);
