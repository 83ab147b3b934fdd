// SPDX-License-Identifier: Apache-2.0
/* backend.h: the slot for what sets a job apart.  A backend says what to start; sandbox_command.c starts it, feeds it, keeps
 * its output, watches the time and ends it.  Whatever the backend, clawdbot-inside is the first program inside. */
#pragma once
#include "tool/sandbox.h"

/* Numbers of the descriptors that the started program inherits. */
enum { BACKEND_FD_SECCOMP = 3, BACKEND_FD_STATUS = 4, BACKEND_FD_JOIN = 5 };

struct sandbox_plan {
    const struct sandbox_job *job;  /* its workspace is NULL for a report */
    const char *cwd;            /* absolute */
    int         n_joins;        /* cgroup.procs descriptors from BACKEND_FD_JOIN on */
    int         egress_fd;      /* the descriptor for clawdbot-inside's --egress, behind those; -1: no network */
    bool        limit_memory;   /* of each process, by RLIMIT_DATA and RLIMIT_AS: no cgroup does it */
    bool        report;         /* run no command, tell what holds */
};

struct sandbox_backend {
    const char *name;
    const char *how_to_get;     /* what to do when its program is not there */
    /* ERR_IO when a part of it is not installed. */
    enum err  (*argv)(struct arena *, const struct sandbox_plan *, const char *const **ret_argv);
    /* From the process that is started down to the one whose process group is the job's: signals but SIGKILL go there. */
    unsigned    generations;
    /* Why it does not work here, as far as the machine's settings tell; NULL: they tell nothing. */
    const char *(*obstacle)(void);
};
extern const struct sandbox_backend sandbox_bubblewrap;

/* clawdbot-inside lies beside the program, in its build tree, or in libexec. */
enum err inside_path(const char **ret_path) MUST_USE;

/* sandbox_command.c, for sandbox.c: starts what the plan says, in the plan's words and limits; plan and job are copied. */
struct sandbox_command;
enum err sandbox_start_plan(const struct sandbox_plan *, struct sandbox_command **out) MUST_USE;

/* sandbox.c, for sandbox_probe.c: runs a plan's report; fails as sandbox_run() does. */
enum err sandbox_run_report(struct arena *, str *ret_text) AWAITS MUST_USE;
