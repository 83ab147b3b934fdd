// SPDX-License-Identifier: Apache-2.0
#include "tool/machine_look.h"

#include <unistd.h>

#include "runtime/clock.h"
#include "runtime/offload.h"

const char *machine_proc = "/proc";
const char *machine_root = "";
uint64_t machine_sample_ms = 500;

static enum err read_before(void *arg)
{
    struct machine_look *l = arg;

    return machine_read(l->arena, machine_proc, &l->before);
}

static enum err read_now(void *arg)
{
    struct machine_look *l = arg;

    return machine_read(l->arena, machine_proc, &l->now);
}

static enum err read_disks(void *arg)
{
    struct machine_look *l = arg;

    return machine_read_disks(l->arena, machine_proc, &l->now);
}

/* A process of a known number that began at another time is another one. */
static void leave_what_was_used_before(struct machine_look *l)
{
    for (size_t i = 0; i < l->now.n_processes; i++) {
        struct machine_process *p = &l->now.processes[i];
        const struct machine_process *b = machine_find_process(&l->before, p->pid);

        if (b && b->started == p->started && b->ticks <= p->ticks)
            p->ticks -= b->ticks;
    }
}

enum err machine_look(struct machine_look *l, unsigned how)
{
    if (how & LOOK_TWICE)
        TRY(fiber_offload(read_before, l));
    uint64_t began = clock_us();

    if (how & LOOK_TWICE)
        TRY(fiber_sleep(machine_sample_ms));
    TRY(fiber_offload(read_now, l));
    l->seconds = (double)(clock_us() - began) / 1e6;
    if (how & LOOK_TWICE)
        leave_what_was_used_before(l);
    return how & LOOK_DISKS ? fiber_offload(read_disks, l) : OK;
}

int machine_by_ticks(const void *a, const void *b)
{
    const struct machine_process *x = a, *y = b;

    return x->ticks > y->ticks ? -1 : x->ticks < y->ticks;
}

int machine_by_memory(const void *a, const void *b)
{
    const struct machine_process *x = a, *y = b;

    return x->memory > y->memory ? -1 : x->memory < y->memory;
}

double machine_cpu_percent(const struct machine_look *l, const struct machine_process *p)
{
    return 100.0 * (double)p->ticks / (l->seconds * (double)sysconf(_SC_CLK_TCK));
}

const char *machine_size_text(struct arena *a, double bytes)
{
    static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB" };
    size_t u = 0;

    while (bytes >= 1024 && u + 1 < N_ELEMENTS(units)) {
        bytes /= 1024;
        u++;
    }
    return arena_printf(a, u == 0 || bytes >= 100 ? "%.0f %s" : "%.1f %s", bytes, units[u]);
}
