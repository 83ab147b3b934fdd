// SPDX-License-Identifier: Apache-2.0
/* landlock.h: forbids this process, for good, to change files anywhere but where it was told.  The kernel's own
 * numbers stand here because Debian's headers end at ABI 2; what a kernel does not know is left out. */
#pragma once
#include <stddef.h>

/* The kernel's Landlock version; 0: none, or switched off at boot. */
int landlock_abi(void);

/* Everything below "/" may be read and run, everything below `writable` also written.  A path that is not there is
 * passed over.  Returns the ABI in force, 0 if the kernel has none, -1 with errno if it refused. */
int landlock_confine(const char *const *writable, size_t n);
