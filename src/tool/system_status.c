// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>
#include <stdlib.h>

#include "base/time.h"
#include "runtime/fiber.h"
#include "tool/file_job.h"
#include "tool/machine_look.h"
#include "tool/services.h"

enum { TOP = 5, FAILED_TOLD = 50 };

struct look {
    struct arena  *arena;
    const json_t  *arguments;
    struct machine_look at;
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

/* ---- the sections ---- */

static void add_head(struct look *l)
{
    const struct machine *m = &l->at.now;
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
    const struct machine_cpu *n = &l->at.now.cpu, *b = &l->at.before.cpu;
    uint64_t all = ticks(n) > ticks(b) ? ticks(n) - ticks(b) : 0;
    double user = share(n->user, b->user, all), system = share(n->system, b->system, all);
    double stolen = share(n->stolen, b->stolen, all);

    buf_addf(&l->text, "CPU: %.0f%% busy of %u cores (programs %.0f, kernel %.0f, other guests %.0f), waiting for disks %.0f%%; "
                       "load %.2f %.2f %.2f\n", user + system + stolen, l->at.now.cores, user, system, stolen,
             share(n->waiting, b->waiting, all), l->at.now.load[0], l->at.now.load[1], l->at.now.load[2]);
}

static void add_memory(struct look *l)
{
    const struct machine *m = &l->at.now;

    buf_addf(&l->text, "Memory: %s of %s available", machine_size_text(l->arena, (double)m->memory_available),
             machine_size_text(l->arena, (double)m->memory));
    if (m->swap)
        buf_addf(&l->text, "; swap: %s of %s used\n", machine_size_text(l->arena, (double)(m->swap - m->swap_free)),
                 machine_size_text(l->arena, (double)m->swap));
    else
        buf_add(&l->text, S("; no swap\n"));
}

static void add_disks(struct look *l)
{
    buf_add(&l->text, S("\nDisk                        size       free   used\n"));
    for (size_t i = 0; i < l->at.now.n_disks; i++) {
        const struct machine_disk *d = &l->at.now.disks[i];

        if (d->size)
            buf_addf(&l->text, "%-22.*s %9s  %9s  %4.0f%%  (%.*s)\n", STR(d->where), machine_size_text(l->arena, (double)d->size),
                     machine_size_text(l->arena, (double)d->free), 100.0 * (double)(d->size - d->free) / (double)d->size, STR(d->kind));
        else
            buf_addf(&l->text, "%-22.*s  (%.*s: not asked)\n", STR(d->where), STR(d->kind));
    }
    if (l->at.now.n_disks == 0)
        buf_add(&l->text, S("[none is to be seen]\n"));
}

static void add_network(struct look *l)
{
    for (size_t i = 0; i < l->at.now.n_interfaces; i++) {
        const struct machine_interface *n = &l->at.now.interfaces[i], *b = NULL;

        for (size_t k = 0; k < l->at.before.n_interfaces && b == NULL; k++)
            if (str_eq(l->at.before.interfaces[k].name, n->name))
                b = &l->at.before.interfaces[k];
        if (b == NULL)
            b = n;
        if (i == 0)
            buf_add(&l->text, S("\nNetwork      received         now       sent         now\n"));
        buf_addf(&l->text, "%-10.*s %10s %9s/s %10s %9s/s\n", STR(n->name), machine_size_text(l->arena, (double)n->received),
                 machine_size_text(l->arena, (double)(n->received - b->received) / l->at.seconds), machine_size_text(l->arena, (double)n->sent),
                 machine_size_text(l->arena, (double)(n->sent - b->sent) / l->at.seconds));
    }
}

/* ---- processes ---- */

static void add_top(struct look *l, const char *title, int (*order)(const void *, const void *), size_t n)
{
    struct machine *m = &l->at.now;

    if (m->n_processes)
        qsort(m->processes, m->n_processes, sizeof *m->processes, order);
    buf_addf(&l->text, "\n%s\n    pid   CPU     memory  program\n", title);
    for (size_t i = 0; i < n && i < m->n_processes; i++)
        buf_addf(&l->text, "%7" PRId64 " %4.0f%% %10s  %.*s\n", m->processes[i].pid, machine_cpu_percent(&l->at, &m->processes[i]),
                 machine_size_text(l->arena, (double)m->processes[i].memory), STR(m->processes[i].name));
}

static void add_processes(struct look *l)
{
    size_t n = (size_t)json_int(l->arguments, "top", TOP);

    add_top(l, arena_printf(l->arena, "Most CPU of %zu processes", l->at.now.n_processes), machine_by_ticks, n);
    add_top(l, "Most memory", machine_by_memory, n);
}

static enum err add_services(struct look *l) AWAITS
{
    struct services s;
    size_t told = 0;
    enum err e = services_read(l->arena, &s);

    if (e == ERR_CANCELLED)
        return e;
    if (e) {
        buf_addf(&l->text, "\nServices: not known: %s\n", failed_text());
        return fiber_check();
    }
    buf_addf(&l->text, "\nServices: %zu running, %zu failed", s.n_running, s.n_failed);
    for (size_t i = 0; i < s.n && told < FAILED_TOLD; i++)
        if (service_has_failed(&s.units[i]))
            buf_addf(&l->text, "%s%.*s", told++ ? ", " : ": ", STR(s.units[i].name));
    buf_add_char(&l->text, '\n');
    return OK;
}

/* ---- the tool ---- */

static enum err describe(struct look *l) AWAITS
{
    static const struct { const char *name; void (*add)(struct look *); } sections[] = {
        { "cpu", add_cpu }, { "memory", add_memory }, { "disks", add_disks }, { "network", add_network }, { "processes", add_processes },
    };

    bool twice = wants(l, "cpu") || wants(l, "network") || wants(l, "processes");

    TRY(machine_look(&l->at, (twice ? LOOK_TWICE : 0U) | (wants(l, "disks") ? LOOK_DISKS : 0U)));
    add_head(l);
    for (size_t i = 0; i < N_ELEMENTS(sections); i++)
        if (wants(l, sections[i].name))
            sections[i].add(l);
    return wants(l, "services") ? add_services(l) : OK;
}

static enum err system_status_run(const struct tool_context *cx, const json_t *arguments, struct tool_result *out) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct look l = { .arena = a, .arguments = arguments, .at.arena = a };
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
