// SPDX-License-Identifier: Apache-2.0
/* offload.h: a blocking call in a pool thread, awaited.  fn must not touch fibers or anything the loop thread
 * changes.  It is not interrupted: a cancelled caller gets its ERR_CANCELLED only after fn has returned, so what
 * fn uses may live on the caller's stack. */
#pragma once
#include "runtime/fiber.h"

/* Returns fn's own result and error text; ERR_CANCELLED or ERR_TIMEOUT if that came meanwhile. */
enum err fiber_offload(enum err (*fn)(void *), void *arg) AWAITS MUST_USE;
