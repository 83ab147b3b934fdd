// SPDX-License-Identifier: Apache-2.0
/* ssh.h: what the module "ssh" (libssh) does for the tool of that name: one call on one host, from the greeting to
 * the good-bye.  It blocks, so it runs in a thread of its own, and it is interrupted by the descriptors it is given.
 * https://api.libssh.org/stable/ */
#pragma once
#include <stdatomic.h>

#include "base/str.h"

/* How a host is reached.  Texts are never NULL: "" when not set. */
struct ssh_target {
    const char *name;           /* as the configuration calls it */
    const char *host, *user;
    unsigned    port;
    const char *key, *passphrase, *password;    /* a file; of that file; of the user */
    const char *agent;          /* path of the agent's socket */
    const char *known_hosts;    /* a file */
};

enum ssh_action { SSH_RUN, SSH_PUT, SSH_GET };
enum ssh_end {
    SSH_FAILED,         /* it did not come to it: `error` says why */
    SSH_EXITED,         /* with exit_status */
    SSH_SIGNALLED,      /* the remote end says by which: `signal` */
    SSH_TIMED_OUT,      /* and was sent KILL: see `killed` */
    SSH_LOST,           /* the connection broke while it ran */
    SSH_DONE,           /* put, get: the whole file */
};

struct ssh_call {
    const struct ssh_target *target;
    enum ssh_action action;
    int             fd, agent_fd;       /* connected, or -1; the call takes them over */
    int             wake_fd;            /* an eventfd: readable when the command is to be given up */
    atomic_bool     interrupted;        /* set before wake_fd is written, or fd shut down */
    atomic_bool     running;            /* the command has begun: wake_fd is looked at, so that it can be killed there */
    unsigned        connect_seconds;    /* for each step until somebody is let in */
    uint64_t        timeout_ms;         /* of the command */
    const char     *command;
    const char     *remote_path;
    const char     *name;               /* put: of the file where remote_path is a folder */
    str             content;            /* put */
    unsigned        mode;               /* put: permissions of a file that is not there yet */
    size_t          max;                /* get: bytes */
    /* Output of the command, both streams as they come; the content of a file; on the call's thread. */
    void          (*output)(void *arg, str bytes);
    void           *arg;

    enum ssh_end    end;
    int             exit_status;
    bool            killed;             /* timed out, and the host says that it has ended */
    char            signal[24];         /* "TERM" */
    char            where[512];         /* put: the path that was written */
    char            error[1400];        /* what happened, and what to do */
};

struct ssh_module {
    void (*call)(struct ssh_call *);
    /* Can its key be read, and is the host known?  Only `target` counts, nobody is asked; false: `error` says what is missing. */
    bool (*check)(struct ssh_call *);
};
extern const struct ssh_module clawdbot_module_ssh;
