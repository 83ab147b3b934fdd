// SPDX-License-Identifier: Apache-2.0
/* offload.h: a blocking call in another thread, awaited.  fn must not touch fibers or anything the loop thread
 * changes.  A cancelled caller gets its ERR_CANCELLED only after fn has returned, so what fn uses may live on the
 * caller's stack. */
#pragma once
#include "runtime/fiber.h"

/* In a thread of the pool, which has few: for what ends by itself, and soon.  Returns fn's own result and error text;
 * ERR_CANCELLED or ERR_TIMEOUT if that came meanwhile. */
enum err fiber_offload(enum err (*fn)(void *), void *arg) AWAITS MUST_USE;

/* The same in a thread of its own, for what may take minutes: a library that only blocks.  When the caller is cancelled or
 * out of time, interrupt(arg) is called once, on the loop thread and while fn may still run; it makes fn return soon.
 * ERR_LIMIT: no thread can be had. */
enum err fiber_offload_long(enum err (*fn)(void *), void (*interrupt)(void *), void *arg) AWAITS MUST_USE;
