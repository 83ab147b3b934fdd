// SPDX-License-Identifier: Apache-2.0
/* process.h: child processes.  Each is the leader of its own session and process group, inherits no descriptor
 * but those named, and is reaped always. */
#pragma once
#include <limits.h>

#include "runtime/fd.h"

struct process;

struct process_spec {
    const char *const *argv;        /* NULL-terminated; argv[0] is looked up in our PATH unless it has a slash */
    const char *const *env;         /* "NAME=value", NULL-terminated; NULL: empty environment */
    const char        *cwd;         /* NULL: ours */
    int  stdin_fd, stdout_fd, stderr_fd;    /* PROCESS_PIPE, PROCESS_NULL, or a descriptor to lend */
    const int         *extra_fds;   /* descriptors the child keeps, as number 3, 4, ...; -1-terminated; NULL: none */
};
enum { PROCESS_NULL = -1, PROCESS_PIPE = -2 };

/* Where a program is in our PATH; a name with a slash stays as it is.  ERR_NOT_FOUND: nowhere. */
enum err   process_find(const char *name, char out[PATH_MAX]) MUST_USE;
/* ERR_NOT_FOUND: no such program. */
enum err   process_start(const struct process_spec *, struct process **out) MUST_USE;
struct fd *process_stdin(struct process *);         /* our end of a pipe, or NULL; the process owns it */
struct fd *process_stdout(struct process *);
struct fd *process_stderr(struct process *);
void       process_close_stdin(struct process *);
int        process_pid(const struct process *);
/* status as wait(2) gives it */
enum err   process_wait(struct process *, int *ret_status) AWAITS MUST_USE;
void       process_kill(struct process *, int signal);      /* its whole process group */
void       process_free(struct process *);                  /* kills with SIGKILL if it still runs; reaped later */
void       process_let_go(struct process *);                /* it may end by itself, if it does before the loop stops */
void       process_freep(struct process **);
