// SPDX-License-Identifier: Apache-2.0
/* lock.h: one gateway a home.  The lock is the kernel's (flock on HOME/run/gateway.lock), so it goes with the
 * process however that ends; the file stays and holds the pid. */
#pragma once
#include "base/str.h"

struct home_lock;

/* ERR_CONFLICT: "another gateway (pid 123) already uses HOME".  Makes HOME and HOME/run (0700). */
enum err home_lock_take(const char *home, struct home_lock **out) MUST_USE;
/* The pid of who holds it; 0 when nobody does. */
enum err home_lock_holder(const char *home, int *ret_pid) MUST_USE;
void     home_lock_free(struct home_lock *);
