// SPDX-License-Identifier: Apache-2.0
/* machine_look.h: this machine twice, half a second apart, for what is a share or a rate; and how such things are written. */
#pragma once
#include "tool/machine.h"

struct machine_look {
    struct arena  *arena;       /* of the look alone: threads use it */
    struct machine before, now; /* `before` only with LOOK_TWICE; then ticks of processes in `now` are those between the two */
    double         seconds;     /* between them */
};

enum { LOOK_TWICE = 1, LOOK_DISKS = 2 };
/* ERR_IO: /proc cannot be read. */
enum err machine_look(struct machine_look *, unsigned how) AWAITS MUST_USE;

/* For qsort: who uses most comes first. */
int  machine_by_ticks(const void *, const void *);
int  machine_by_memory(const void *, const void *);
double machine_cpu_percent(const struct machine_look *, const struct machine_process *);   /* of one processor */
const char *machine_size_text(struct arena *, double bytes);    /* "512 B", "1.5 GiB" */

extern const char *machine_proc;        /* "/proc", but for tests */
extern const char *machine_root;        /* "", before /run and /var, but for tests */
extern uint64_t    machine_sample_ms;   /* 500, but for tests */
