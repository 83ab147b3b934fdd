// SPDX-License-Identifier: Apache-2.0
#include "tool/system_status.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/time.h"
#include "runtime/clock.h"
#include "runtime/offload.h"
#include "tool/file_job.h"
#include "tool/machine.h"
#include "tool/services.h"

enum { TOP = 5 };

const char *system_status_proc = "/proc";
uint64_t system_status_sample_ms = 500;

struct look {
    struct arena  *arena;       /* of the look alone: threads use it */
    const json_t  *arguments;
    struct machine before, now;
    double         seconds;     /* between them */
    struct buf     text;
};

static bool wants(const struct look *l, const char *section)
{
    const json_t *list = json_at(l->arguments, "sections"), *one;
    size_t i;

    json_array_foreach(list, i, one)
        if (str_eq(json_strval(one), str_from(section)))
            return true;
    return json_array_size(list) == 0;
}

static enum err read_before(void *arg)
{
    struct look *l = arg;

    return machine_read(l->arena, system_status_proc, &l->before);
}

static enum err read_now(void *arg)
{
    struct look *l = arg;

    TRY(machine_read(l->arena, system_status_proc, &l->now));
    return wants(l, "disks") ? machine_read_disks(l->arena, system_status_proc, &l->now) : OK;
}

/* "512 B", "1.5 GiB" */
static const char *size_text(struct arena *a, double bytes)
{
    static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB" };
    size_t u = 0;

    while (bytes >= 1024 && u + 1 < N_ELEMENTS(units)) {
        bytes /= 1024;
        u++;
    }
    return arena_printf(a, u == 0 || bytes >= 100 ? "%.0f %s" : "%.1f %s", bytes, units[u]);
}

/* ---- the sections ---- */

static void add_head(struct look *l)
{
    const struct machine *m = &l->now;
    char up[TIME_TEXT_SIZE];

    duration_text(up, m->uptime_s / 60 * 60000);
    buf_addf(&l->text, "%.*s, Linux %.*s, up %s\n", STR(m->host), STR(m->kernel), up);
}

static double share(uint64_t now, uint64_t before, uint64_t all)
{
    return all && now > before ? 100.0 * (double)(now - before) / (double)all : 0;
}

static uint64_t ticks(const struct machine_cpu *c)
{
    return c->user + c->system + c->waiting + c->stolen + c->idle;
}

static void add_cpu(struct look *l)
{
    const struct machine_cpu *n = &l->now.cpu, *b = &l->before.cpu;
    uint64_t all = ticks(n) > ticks(b) ? ticks(n) - ticks(b) : 0;
    double user = share(n->user, b->user, all), system = share(n->system, b->system, all);
    double stolen = share(n->stolen, b->stolen, all);

    buf_addf(&l->text, "CPU: %.0f%% busy of %u cores (programs %.0f, kernel %.0f, other guests %.0f), waiting for disks %.0f%%; "
                       "load %.2f %.2f %.2f\n", user + system + stolen, l->now.cores, user, system, stolen,
             share(n->waiting, b->waiting, all), l->now.load[0], l->now.load[1], l->now.load[2]);
}

static void add_memory(struct look *l)
{
    const struct machine *m = &l->now;

    buf_addf(&l->text, "Memory: %s of %s available", size_text(l->arena, (double)m->memory_available),
             size_text(l->arena, (double)m->memory));
    if (m->swap)
        buf_addf(&l->text, "; swap: %s of %s used\n", size_text(l->arena, (double)(m->swap - m->swap_free)),
                 size_text(l->arena, (double)m->swap));
    else
        buf_add(&l->text, S("; no swap\n"));
}

static void add_disks(struct look *l)
{
    buf_add(&l->text, S("\nDisk                        size       free   used\n"));
    for (size_t i = 0; i < l->now.n_disks; i++) {
        const struct machine_disk *d = &l->now.disks[i];

        if (d->size)
            buf_addf(&l->text, "%-22.*s %9s  %9s  %4.0f%%  (%.*s)\n", STR(d->where), size_text(l->arena, (double)d->size),
                     size_text(l->arena, (double)d->free), 100.0 * (double)(d->size - d->free) / (double)d->size, STR(d->kind));
        else
            buf_addf(&l->text, "%-22.*s  (%.*s: not asked)\n", STR(d->where), STR(d->kind));
    }
    if (l->now.n_disks == 0)
        buf_add(&l->text, S("[none is to be seen]\n"));
}

static void add_network(struct look *l)
{
    for (size_t i = 0; i < l->now.n_interfaces; i++) {
        const struct machine_interface *n = &l->now.interfaces[i], *b = NULL;

        for (size_t k = 0; k < l->before.n_interfaces && b == NULL; k++)
            if (str_eq(l->before.interfaces[k].name, n->name))
                b = &l->before.interfaces[k];
        if (b == NULL)
            b = n;
        if (i == 0)
            buf_add(&l->text, S("\nNetwork      received         now       sent         now\n"));
        buf_addf(&l->text, "%-10.*s %10s %9s/s %10s %9s/s\n", STR(n->name), size_text(l->arena, (double)n->received),
                 size_text(l->arena, (double)(n->received - b->received) / l->seconds), size_text(l->arena, (double)n->sent),
                 size_text(l->arena, (double)(n->sent - b->sent) / l->seconds));
    }
}

/* ---- processes ---- */

static int by_ticks(const void *a, const void *b)
{
    const struct machine_process *x = a, *y = b;

    return x->ticks > y->ticks ? -1 : x->ticks < y->ticks;
}

static int by_memory(const void *a, const void *b)
{
    const struct machine_process *x = a, *y = b;

    return x->memory > y->memory ? -1 : x->memory < y->memory;
}

static int by_pid(const void *key, const void *item)
{
    const struct machine_process *x = key, *y = item;

    return x->pid < y->pid ? -1 : x->pid > y->pid;
}

/* A process of a known number that has used less than before is another one. */
static void leave_what_was_used_before(struct look *l)
{
    const struct machine *m = &l->before;

    for (size_t i = 0; i < l->now.n_processes; i++) {
        struct machine_process *p = &l->now.processes[i];
        const struct machine_process *b = m->n_processes ? bsearch(p, m->processes, m->n_processes, sizeof *p, by_pid) : NULL;

        if (b && b->ticks <= p->ticks)
            p->ticks -= b->ticks;
    }
}

static void add_top(struct look *l, const char *title, int (*order)(const void *, const void *), size_t n)
{
    struct machine *m = &l->now;
    double per_tick = 100.0 / (l->seconds * (double)sysconf(_SC_CLK_TCK));

    if (m->n_processes)
        qsort(m->processes, m->n_processes, sizeof *m->processes, order);
    buf_addf(&l->text, "\n%s\n    pid   CPU     memory  program\n", title);
    for (size_t i = 0; i < n && i < m->n_processes; i++)
        buf_addf(&l->text, "%7" PRId64 " %4.0f%% %10s  %.*s\n", m->processes[i].pid, (double)m->processes[i].ticks * per_tick,
                 size_text(l->arena, (double)m->processes[i].memory), STR(m->processes[i].name));
}

static void add_processes(struct look *l)
{
    size_t n = (size_t)json_int(l->arguments, "top", TOP);

    leave_what_was_used_before(l);
    add_top(l, arena_printf(l->arena, "Most CPU of %zu processes", l->now.n_processes), by_ticks, n);
    add_top(l, "Most memory", by_memory, n);
}

static enum err add_services(struct look *l) AWAITS
{
    struct services s;
    enum err e = services_read(l->arena, &s);

    if (e == ERR_CANCELLED)
        return e;
    if (e) {
        buf_addf(&l->text, "\nServices: not known: %s\n", failed_text());
        return fiber_check();
    }
    buf_addf(&l->text, "\nServices: %zu running, %zu failed%s", s.n_running, s.n_failed, s.n_failed ? ": " : "\n");
    for (size_t i = 0; i < s.n_failed; i++)
        buf_addf(&l->text, "%.*s%s", STR(s.failed[i]), i + 1 < s.n_failed ? ", " : "\n");
    return OK;
}

/* ---- the tool ---- */

static enum err take_samples(struct look *l) AWAITS
{
    bool two = wants(l, "cpu") || wants(l, "network") || wants(l, "processes");

    if (two)
        TRY(fiber_offload(read_before, l));
    uint64_t began = clock_us();

    if (two)
        TRY(fiber_sleep(system_status_sample_ms));
    TRY(fiber_offload(read_now, l));
    l->seconds = (double)(clock_us() - began) / 1e6;
    return OK;
}

static enum err describe(struct look *l) AWAITS
{
    static const struct { const char *name; void (*add)(struct look *); } sections[] = {
        { "cpu", add_cpu }, { "memory", add_memory }, { "disks", add_disks }, { "network", add_network }, { "processes", add_processes },
    };

    TRY(take_samples(l));
    add_head(l);
    for (size_t i = 0; i < N_ELEMENTS(sections); i++)
        if (wants(l, sections[i].name))
            sections[i].add(l);
    return wants(l, "services") ? add_services(l) : OK;
}

static enum err system_status_run(const struct tool_context *cx, const json_t *arguments, struct tool_result *out) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct look l = { .arena = a, .arguments = arguments };
    enum err e = describe(&l);

    if (e == OK)
        *out = (struct tool_result){ .text = arena_str(cx->arena, buf_str(&l.text)) };
    buf_done(&l.text);
    if (e == ERR_IO) {
        *out = tool_refusal(cx, "the state of this machine cannot be read: %s", failed_text());
        return OK;
    }
    return e;
}

const struct tool tool_system_status = {
    .name = "system_status",
    .description = "Tells how the machine that you run on is doing: CPU, load, memory, disks, network, the processes that use "
                   "most, services.",
    .schema = "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
              "\"sections\":{\"type\":\"array\",\"items\":{\"type\":\"string\",\"enum\":[\"cpu\",\"memory\",\"disks\",\"network\","
              "\"processes\",\"services\"]},\"description\":\"Only these; all if absent\"},"
              "\"top\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":50,\"description\":\"How many processes, 5 if absent\"}}}",
    .risk = RISK_READ, .repeatable = true, .run = system_status_run,
};
