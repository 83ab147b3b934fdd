// SPDX-License-Identifier: Apache-2.0
/* guarantee.h: what a sandbox can promise.  Which promises hold on this machine is measured, never assumed. */
#pragma once
#include "base/str.h"

enum guarantee {
    GUARANTEE_FILESYSTEM,           /* sees the system read-only, the workspace, a private /tmp, and nothing else */
    GUARANTEE_NETWORK,              /* no network but its own loopback */
    GUARANTEE_PROCESSES,            /* sees no process but its own, and all of them die with the job */
    GUARANTEE_NO_NEW_PRIVILEGES,    /* set-user-id programs give nothing */
    GUARANTEE_WALL_TIME,            /* killed when its time is over */
    GUARANTEE_SECCOMP,              /* system calls that a command never needs are refused */
    GUARANTEE_LANDLOCK,             /* a second wall behind the file system's */
    GUARANTEE_MEMORY,               /* of the job's whole tree */
    GUARANTEE_PROCESS_COUNT,        /* of the job's whole tree */
    GUARANTEE_CPU_TIME,             /* of each process */
    GUARANTEE_FILE_SIZE,            /* of each file */
    N_GUARANTEES
};

const char *guarantee_name(enum guarantee);     /* as sandbox.require names it: "no_new_privileges" */
/* A set of them from names; ERR_INPUT for a name that is none. */
enum err    guarantees_parse(const char *const *names, size_t n, unsigned *ret_set) MUST_USE;

#define GUARANTEE_BIT(g) (1u << (g))
/* What is demanded when nobody says otherwise. */
#define GUARANTEES_DEFAULT \
    (GUARANTEE_BIT(GUARANTEE_FILESYSTEM) | GUARANTEE_BIT(GUARANTEE_NETWORK) | GUARANTEE_BIT(GUARANTEE_PROCESSES) \
     | GUARANTEE_BIT(GUARANTEE_NO_NEW_PRIVILEGES) | GUARANTEE_BIT(GUARANTEE_WALL_TIME))
