// SPDX-License-Identifier: Apache-2.0
/* sandbox.h: runs a command apart from the machine: it sees the system read-only, one workspace to write in, a /tmp
 * of its own, no network (but for a proxy to what the owner opened, egress.h), no process but its own.  When it ends, is
 * cancelled, or runs out of time, everything it started dies with it; so it does when the gateway is killed.
 *
 * A guarantee that is demanded and that the machine cannot give is an error.  Nothing ever runs unsandboxed, unless the owner
 * chose the backend "none" and demands nothing that it does not hold. */
#pragma once
#include "base/arena.h"
#include "tool/guarantee.h"
#include "tool/terminal.h"

/* Of a command that is waited for, and of one that lives on (sandbox_command.h). */
enum { SANDBOX_WALL_MAX_MS = 300000, SANDBOX_BACKGROUND_MAX_MS = 86400000 };

struct sandbox_limits {
    uint64_t memory;            /* bytes, of the whole tree where cgroups allow it, of each process otherwise */
    uint64_t tmp_size;          /* bytes in /tmp */
    uint64_t file_size;         /* bytes in one file */
    uint64_t output;            /* bytes kept, head and tail */
    uint64_t cpu_ms;            /* of each process */
    uint64_t cpu_share;         /* percent of one processor, of the whole tree; a lower priority where no cgroup allows it; 0: no limit */
    uint64_t wall_ms;
    unsigned processes;
};
extern const struct sandbox_limits sandbox_limits_default;

/* What runs commands from now on: "bubblewrap" (so it is without this call), "docker" or "podman" in containers of `image`, "none".
 * ERR_INPUT: there is no such backend.  Nothing may be running. */
enum err    sandbox_choose(const char *backend, const char *image) MUST_USE;
/* NULL, or what everybody who looks at the state of the gateway is to be told: that there is no sandbox. */
const char *sandbox_warning(void);

struct egress_options;

struct sandbox_job {
    struct arena      *arena;
    const char        *workspace;   /* absolute, exists; bound read-write at its own path */
    const char        *cwd;         /* inside the workspace, relative to it; NULL: the workspace itself */
    const char *const *argv;        /* NULL-terminated; or NULL, and then: */
    const char        *command;     /* a line for /bin/sh */
    const char *const *env;         /* "NAME=value", set over PATH, HOME, LANG, TMPDIR, TERM for the command; NULL: nothing */
    str                input;       /* its standard input */
    bool               input_later; /* no: sandbox_write() gives it, until sandbox_close_input() */
    const struct egress_options *network;   /* what it may reach, and for whom (egress.h); NULL: nothing */
    struct terminal_size terminal;  /* what its standard input, output and error are; the input is typed */
    struct sandbox_limits limits;
    unsigned           require;     /* set of GUARANTEE_BIT */
};

struct sandbox_outcome {
    int      exit_code;         /* 128 + n when signal n ended it; 126, 127 when it could not be run */
    bool     timed_out;
    bool     out_of_memory;     /* the cgroup says so; without one it shows only as a failure of the command */
    str      output;            /* stdout and stderr in the order written; UTF-8; in the job's arena */
    str      reached;           /* the hosts it was connected to: "a, b"; in the job's arena */
    uint64_t output_total;      /* bytes that came */
    uint64_t ms;
};

/* An error means that the command did not run (or was cancelled): a missing guarantee is ERR_AUTH, a sandbox that
 * does not start ERR_IO.  Whatever the command itself did is an outcome. */
enum err sandbox_run(const struct sandbox_job *, struct sandbox_outcome *out) AWAITS MUST_USE;

/* What the machine gives.  Measured in a sandbox until one starts, then kept; sandbox_forget() measures again. */
struct sandbox_report {
    struct guarantee_state { bool held; char by[160]; } states[N_GUARANTEES];  /* by: what gives it, or why it is missing */
    char failure[400];          /* why nothing can be run at all; "" when something can */
};
enum err sandbox_probe(const struct sandbox_report **out) AWAITS MUST_USE;
void     sandbox_forget(void);
/* For doctor: what holds a command to limits.cpu_share.  After a probe. */
const char *sandbox_cpu_share_means(void);
