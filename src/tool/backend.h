// SPDX-License-Identifier: Apache-2.0
/* backend.h: the slot for what sets a job apart.  A backend says what to start; sandbox_command.c starts it, feeds it, keeps
 * its output, watches the time and ends it.  Whatever the backend, clawdbot-inside is the first program inside: it sets
 * limits, applies Landlock, and says when the command begins.
 *
 * A job ends in one of two ways.  bubblewrap's processes die with bubblewrap, which dies with us.  Those of the others are
 * watched by clawdbot-inside, which ends them all as soon as nobody holds the other end of its lifeline, a pipe: so they
 * die when we let go of it, and also when we are killed. */
#pragma once
#include "tool/sandbox.h"

/* Numbers of the descriptors that the started program inherits; a container's engine hands none on (handover.h). */
enum { BACKEND_FD_FILTER = 3, BACKEND_FD_LIFELINE = 3, BACKEND_FD_STATUS = 4, BACKEND_FD_JOIN = 5 };

/* A container is called this, our process id, "-" and a number. */
#define BACKEND_JOB_NAME "clawdbot-job-"

#define BACKEND_PATH "PATH=/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"

struct sandbox_plan {
    const struct sandbox_job *job;  /* its workspace is NULL for a report */
    const char *cwd;            /* absolute */
    const char *handover;       /* the folder of a job in a container; NULL */
    const char *name;           /* and that container's */
    int         n_joins;        /* cgroup.procs descriptors from BACKEND_FD_JOIN on */
    int         egress_fd;      /* the descriptor for clawdbot-inside's --egress, behind those; -1: no network */
    bool        limit_memory;   /* of each process, by RLIMIT_DATA and RLIMIT_AS: no cgroup does it */
    bool        low_priority;   /* nothing else holds it to its share of the processors */
    bool        report;         /* run no command, tell what holds */
};

/* How clawdbot-inside is reached. */
enum backend_reach {
    REACH_DESCRIPTORS,          /* the filter, the status pipe and cgroups, as descriptors */
    REACH_LIFELINE,             /* the same, but a lifeline for the filter */
    REACH_FOLDER,               /* all of it in a folder that the container sees */
};

struct sandbox_backend {
    const char *name;
    const char *how_to_get;     /* what to do when its program is not there */
    enum backend_reach reach;
    /* From the process that is started down to the one whose process group is the job's: signals but SIGKILL go there. */
    unsigned    generations;
    /* Of its program, where that is not the job's own. */
    const char *const *(*environment)(struct arena *);
    /* ERR_IO when a part of it is not installed. */
    enum err  (*argv)(struct arena *, const struct sandbox_plan *, const char *const **ret_argv);
    /* Why it does not work here, as far as the machine's settings tell; NULL: they tell nothing.  May be NULL. */
    const char *(*obstacle)(void);
    /* What holds, from the facts that clawdbot-inside --report printed. */
    void      (*judge)(struct sandbox_report *, str facts);
    /* Starts, without waiting, what removes every trace of a job that was ended; NULL: there is none. */
    void      (*discard)(const char *job_name);
    /* Removes what a killed gateway left; NULL: nothing can be left. */
    enum err  (*sweep)(void) AWAITS;
};
extern const struct sandbox_backend sandbox_bubblewrap, sandbox_docker, sandbox_podman, sandbox_none;

/* What sandbox_choose() chose. */
const struct sandbox_backend *sandbox_backend(void);
const char                   *sandbox_image(void);

/* clawdbot-inside lies beside the program, in its build tree, or in libexec. */
enum err inside_path(const char **ret_path) MUST_USE;

/* sandbox_command.c, for sandbox.c: starts what the plan says, in the plan's words and limits; plan and job are copied. */
struct sandbox_command;
enum err sandbox_start_plan(const struct sandbox_plan *, struct sandbox_command **out) MUST_USE;

/* sandbox.c, for sandbox_probe.c: runs a plan's report; fails as sandbox_run() does. */
enum err sandbox_run_report(struct arena *, str *ret_text) AWAITS MUST_USE;

/* sandbox_probe.c, for the judges. */
int64_t backend_fact(str facts, str name);      /* the value of "name=value"; -1: it is not there */
void    backend_state(struct sandbox_report *, enum guarantee, bool held, const char *fmt, ...)
            __attribute__((format(printf, 4, 5)));
void    backend_judge_kernel(struct sandbox_report *, str facts);   /* no_new_privs, filter and Landlock, whatever the backend */
void    backend_judge_cgroup(struct sandbox_report *);  /* memory and processes, of jobs that join a group of ours */
