// SPDX-License-Identifier: Apache-2.0
/* program_file.h: finds what is installed with the program: beside it or one folder up (a build folder), in
 * ../libexec/clawdbot (where `make install` puts it), or in /usr/libexec/clawdbot. */
#pragma once
#include <stddef.h>

#include "base/err.h"

/* The path in `out`; with `mode` as access(2) has it.  ERR_IO says that the program must be installed again. */
enum err program_file(const char *name, int mode, char *out, size_t size) MUST_USE;
