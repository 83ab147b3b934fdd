// SPDX-License-Identifier: Apache-2.0
/* memory_canary.h: asks the memory, at the start and every memory.canary, for what it must know (memory/recall.h, recall_canary()), and
 * tells the owner when it does not find it, and when it does again: once each. */
#pragma once
#include "gateway/gateway.h"

/* A fiber of gateway->services. */
enum err memory_canary_run(void *gateway) AWAITS MUST_USE;
