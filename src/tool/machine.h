// SPDX-License-Identifier: Apache-2.0
/* machine.h: what the kernel tells about this machine in /proc (proc(5); Linux 5.0 and newer), read at one moment.  What is
 * a share or a rate needs two of them.  All of this blocks: call it in fiber_offload. */
#pragma once
#include "base/arena.h"

struct machine_cpu { uint64_t user, system, waiting, stolen, idle; };      /* ticks of all cores together */

struct machine_process {
    int64_t  pid, parent;
    uint64_t started;           /* ticks after the machine: with the pid it is this process and no other */
    str      name;              /* the program's, 15 bytes at most, repaired */
    uint64_t ticks;             /* user and system */
    uint64_t memory;            /* resident bytes */
    bool     ended;             /* a zombie: nothing but its exit status is left, which its parent has not asked for */
};

struct machine_interface { str name; uint64_t received, sent; };   /* bytes */

struct machine_disk {
    str      where, kind;       /* mount point, file system */
    uint64_t size, free;        /* bytes; free: for ordinary users; size 0: not asked, a server that is gone would hold us up */
};

struct machine {
    struct arena      *arena;
    str                host, kernel;
    uint64_t           uptime_s;
    double             load[3];
    unsigned           cores;
    struct machine_cpu cpu;
    uint64_t           memory, memory_available, swap, swap_free;      /* bytes */
    struct machine_process   *processes;    /* by pid */
    struct machine_interface *interfaces;   /* without the loopback */
    struct machine_disk      *disks;        /* file systems on devices or servers, each once */
    size_t             n_processes, n_interfaces, n_disks;
};

/* What costs more to read.  A process that is gone has no command. */
struct machine_process_more { unsigned uid; str user, command; };   /* command: "[name]" where it has no command line; repaired */

/* proc: "/proc", or a folder like it for tests.  ERR_IO: it cannot be read. */
enum err machine_read(struct arena *, const char *proc, struct machine *out) MUST_USE;
void     machine_read_more(struct arena *, const char *proc, const struct machine_process *, struct machine_process_more *out);
/* One process, as machine_read() has it; ERR_NOT_FOUND: there is none of that pid. */
enum err machine_read_process(struct arena *, const char *proc, int64_t pid, struct machine_process *out) MUST_USE;
const struct machine_process *machine_find_process(const struct machine *, int64_t pid);    /* NULL: there is none */
/* A file of /proc, which have no size; at most 1 MiB of it. */
enum err machine_read_file(struct arena *, const char *proc, const char *name, str *out) MUST_USE;
str      machine_word(str *rest);       /* the next word of a line; empty at the end */
/* The disks alone, which machine_read() leaves out: statvfs(3) of each. */
enum err machine_read_disks(struct arena *, const char *proc, struct machine *out) MUST_USE;
