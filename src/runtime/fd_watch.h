// SPDX-License-Identifier: Apache-2.0
/* fd_watch.h: a callback when somebody else's descriptor is ready.  For libraries that are driven by callbacks and
 * own their sockets (libcurl's multi interface); fibers use fd.h.  The watch never closes the descriptor, and must
 * be freed or set to 0 before the library closes it.  One watch a descriptor. */
#pragma once
#include "runtime/fd.h"

struct fd_watch;

/* fn runs on the loop thread, on no fiber's stack, as long as an event of the set ones holds (level-triggered).
 * It may wake fibers, set and free this and other watches; it may not await. */
struct fd_watch *fd_watch_new(int raw, void (*fn)(void *arg, int events), void *arg);
enum err fd_watch_set(struct fd_watch *, int events) MUST_USE;     /* FD_READ | FD_WRITE; 0: none */
void     fd_watch_free(struct fd_watch *);                         /* accepts NULL */
