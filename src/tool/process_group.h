// SPDX-License-Identifier: Apache-2.0
/* process_group.h: the process group of a command that something else started for us, so that it can be sent a signal. */
#pragma once
#include "base/err.h"

/* The group of `pid`'s child, or of that one's child, and so on.  ERR_NOT_FOUND: it has none (yet, or any more). */
enum err process_group_below(int pid, unsigned generations, int *ret_group) AWAITS MUST_USE;
