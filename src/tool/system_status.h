// SPDX-License-Identifier: Apache-2.0
/* system_status.h: for tests: where the tool looks, and how long. */
#pragma once
#include <stdint.h>

extern const char *system_status_proc;          /* "/proc" */
extern uint64_t    system_status_sample_ms;     /* 500 */
