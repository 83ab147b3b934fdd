// SPDX-License-Identifier: Apache-2.0
/* fd.h: a non-blocking descriptor on the loop.  It stays armed between waits, so that a connection that reads,
 * answers and reads again makes no system call beyond those.  One fiber may wait to read and another to write. */
#pragma once
#include "runtime/fiber.h"

enum { FD_READ = 1, FD_WRITE = 2 };

struct fd;

struct fd *fd_open(int raw);            /* takes the descriptor; sets O_NONBLOCK and FD_CLOEXEC */
void       fd_close(struct fd *);       /* nobody may be waiting on it; accepts NULL */
void       fd_closep(struct fd **);
int        fd_raw(const struct fd *);

/* Waits until one of `events` is ready; says which.  Errors and hang-ups count as both. */
enum err fd_wait(struct fd *, int events, int *ret_events) AWAITS MUST_USE;
/* The same, or until somebody wakes `also`: then *ret_events is 0. */
enum err fd_wait_or(struct fd *, int events, struct waiters *also, int *ret_events) AWAITS MUST_USE;

enum err fd_read(struct fd *, void *, size_t, size_t *ret_n) AWAITS MUST_USE;  /* 0: the end */
enum err fd_write(struct fd *, str) AWAITS MUST_USE;                            /* all of it */

/* For a descriptor that a library owns (libpq): one wait, nothing kept, nothing closed.  A descriptor may be in one
 * place only: a struct fd, a watch (fd_watch.h), or one wait like this. */
enum err fiber_wait_fd(int raw, int events, int *ret_events) AWAITS MUST_USE;
