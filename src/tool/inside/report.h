// SPDX-License-Identifier: Apache-2.0
/* report.h: what can be seen from inside of what a sandbox promises. */
#pragma once
#include <stdbool.h>

void report_print(int landlock);        /* lines "name=number" on stdout; the gateway judges them */
/* Did the kernel end something in our cgroup for want of memory?  Seen only where the group's own files are mounted. */
bool report_ran_out_of_memory(void);
