// SPDX-License-Identifier: Apache-2.0
/* keep_file.h: what others send is looked at before it is kept: its type (blobs.types), and by the virus scanner there is
 * (blobs.scan_command).  What the scanner cannot say is clean is not kept. */
#pragma once
#include "base/arena.h"
#include "store/blobs.h"

/* *ret_blob, in the arena, is its name.  ERR_LIMIT: too large; ERR_AUTH: refused, and why; ERR_IO: our disk. */
enum err keep_file(struct blobs *, struct arena *, str bytes, str name, str mime, str *ret_blob) AWAITS MUST_USE;
