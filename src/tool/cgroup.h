// SPDX-License-Identifier: Apache-2.0
/* cgroup.h: a group of processes whose memory and number are bounded together, where the machine lets us make one:
 * version 2 when our own cgroup is delegated to us, version 1 when its memory and pids folders are writable. */
#pragma once
#include "base/str.h"

enum { CGROUP_MAX_FDS = 2 };

struct cgroup {
    int    n_fds, fds[CGROUP_MAX_FDS];      /* cgroup.procs files, to be joined from inside by writing "0" */
    bool   bounds_memory, bounds_processes;
    char   dirs[CGROUP_MAX_FDS][256];       /* private */
    int    n_dirs;                          /* private */
};

/* Where the machine allows none, nothing is bounded and n_fds is 0. */
void     cgroup_open(struct cgroup *, uint64_t memory, unsigned processes);
bool     cgroup_ran_out_of_memory(const struct cgroup *);
/* Removed now, or, while its last processes are dying, at the next opening. */
void     cgroup_close(struct cgroup *);
/* One sentence for doctor: what bounds, or why nothing does. */
const char *cgroup_means(void);
void     cgroup_forget(void);               /* look again; also removes what a killed gateway left behind */
