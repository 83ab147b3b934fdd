// SPDX-License-Identifier: Apache-2.0
/* cgroup.h: a group of processes whose memory, number and share of the processors are bounded together, where the machine
 * lets us make one: version 2 when our own cgroup is delegated to us, version 1 when its memory, pids and cpu folders are
 * writable. */
#pragma once
#include "base/str.h"

enum { CGROUP_MAX_FDS = 3 };

struct cgroup {
    int    n_fds, fds[CGROUP_MAX_FDS];      /* cgroup.procs files, to be joined from inside by writing "0" */
    bool   bounds_memory, bounds_processes, bounds_share;
    char   dirs[CGROUP_MAX_FDS][256];       /* private */
    int    n_dirs;                          /* private */
    char   self[384];                       /* private: the group that we are in; "" if that is not known */
};

/* Where the machine allows none, nothing is bounded and n_fds is 0.  `share`: percent of one processor that all of them
 * get together; 0: no bound, and no group is made for it. */
void     cgroup_open(struct cgroup *, uint64_t memory, unsigned processes, uint64_t share);
/* Joining a group waits for the kernel to agree with itself (an RCU grace period, around 10 ms), but one who joins
 * while another does waits less.  So this joins our own group, where we are already, while the sandbox is being made:
 * a blocking call, for a pool thread.  `arg` is the struct cgroup. */
enum err cgroup_hasten(void *arg) MUST_USE;
bool     cgroup_ran_out_of_memory(const struct cgroup *);
/* Removed now, or, while its last processes are dying, at the next opening. */
void     cgroup_close(struct cgroup *);
/* One sentence for doctor: what bounds, or why nothing does. */
const char *cgroup_means(void);
void     cgroup_forget(void);               /* look again; also removes what a killed gateway left behind */
