// SPDX-License-Identifier: Apache-2.0
/* process_end.h: ends a process of this machine that is not ours. */
#pragma once
#include "tool/machine.h"

/* May it be ended by us?  ERR_INPUT: it is the first process, ourselves, what started us, or of what we started: that is what sandboxes are
 * made of, and the tool that started it ends it. */
enum err process_end_check(const struct machine *, const struct machine_process *) MUST_USE;

enum process_ended { PROCESS_ENDED, PROCESS_GOES_ON };
/* Sends the signal to exactly this process, and waits for its end.  ERR_NOT_FOUND: it is gone, whoever has its pid by now.  ERR_AUTH: it is
 * another user's. */
enum err process_end(const char *proc, const struct machine_process *, int signal, uint64_t wait_ms,
                     enum process_ended *out) AWAITS MUST_USE;
