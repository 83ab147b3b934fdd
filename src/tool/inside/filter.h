// SPDX-License-Identifier: Apache-2.0
/* filter.h: loads a system call filter, for good. */
#pragma once

/* From a file of struct sock_filter, as libseccomp exports it; no_new_privs is set already.  -1 with errno. */
int filter_load(const char *path);
