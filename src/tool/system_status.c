// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>
#include <string.h>

#include "base/time.h"
#include "base/time.h"
#include "runtime/clock.h"
#include "runtime/offload.h"
#include "tool/file_job.h"
#include "tool/logins.h"
#include "tool/machine_look.h"
#include "tool/services.h"
#include "tool/updates.h"

enum { TOP = 5, FAILED_TOLD = 50, UPDATES_TOLD = 30 };

struct look {
    struct arena  *arena;
    const json_t  *arguments;
    struct machine_look at;
    struct logins  logins;
    struct buf     text;
};

static bool wants(const struct look *l, const char *section)
{
    const json_t *list = json_at(l->arguments, "sections"), *one;
    size_t i;

    json_array_foreach(list, i, one)
        if (str_eq(json_strval(one), str_from(section)))
            return true;
    return json_array_size(list) == 0 && strcmp(section, "updates") != 0;    /* which take a second */
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
                 machine_size_text(l->arena, (double)(n->received - b->received) / l->at.seconds),
                 machine_size_text(l->arena, (double)n->sent),
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

/* ---- since when, who, and what could be updated ---- */

static void add_uptime(struct look *l)
{
    char since[TIME_TEXT_SIZE], up[TIME_TEXT_SIZE];
    uint64_t s = l->at.now.uptime_s;

    buf_addf(&l->text, "\nUp for %s, since %.16sZ\n", duration_text(up, s / 60 * 60000),
             time_text(since, clock_wall_ms() - (int64_t)s * 1000));
}

static enum err read_logins(void *arg)
{
    struct look *l = arg;

    return logins_read(l->arena, machine_root, machine_proc, &l->logins);
}

static enum err add_users(struct look *l) AWAITS
{
    char when[TIME_TEXT_SIZE];

    if (fiber_offload(read_logins, l)) {
        buf_addf(&l->text, "\nUsers: not known: %s\n", failed_text());
        return fiber_check();
    }
    buf_addf(&l->text, "\nUsers: %zu logged in\n", l->logins.n);
    for (size_t i = 0; i < l->logins.n; i++) {
        const struct login *u = &l->logins.items[i];

        buf_addf(&l->text, "%-16.*s %-10.*s since %.16sZ%s%.*s\n", STR(u->user), STR(u->where), time_text(when, u->since_ms),
                 u->from.len ? " from " : "", STR(u->from));
    }
    return OK;
}

static enum err add_updates(struct look *l) AWAITS
{
    struct updates u;
    char when[TIME_TEXT_SIZE];

    if (updates_read(l->arena, machine_root, &u)) {
        buf_addf(&l->text, "\nUpdates: not known: %s\n", failed_text());
        return fiber_check();
    }
    if (u.as_of_ms)
        buf_addf(&l->text, "\nUpdates: %zu packages, as of %.16sZ\n", u.n, time_text(when, u.as_of_ms));
    else
        buf_add(&l->text, S("\nUpdates: not known: the lists of packages were never fetched (apt update)\n"));
    for (size_t i = 0; i < u.n && i < UPDATES_TOLD; i++)
        buf_addf(&l->text, "%-30.*s %.*s -> %.*s\n", STR(u.items[i].name), STR(u.items[i].now), STR(u.items[i].version));
    if (u.n > UPDATES_TOLD)
        buf_addf(&l->text, "[and %zu more]\n", u.n - UPDATES_TOLD);
    if (u.restart_needed)
        buf_add(&l->text, S("This machine is to be restarted for what is installed already.\n"));
    return OK;
}

/* ---- the tool ---- */

static enum err describe(struct look *l) AWAITS
{
    static const struct { const char *name; void (*add)(struct look *); } sections[] = {
        { "cpu", add_cpu }, { "memory", add_memory }, { "disks", add_disks }, { "network", add_network }, { "processes", add_processes },
        { "uptime", add_uptime },
    };
    static const struct { const char *name; enum err (*add)(struct look *) AWAITS; } asked[] = {
        { "services", add_services }, { "users", add_users }, { "updates", add_updates },
    };

    bool twice = wants(l, "cpu") || wants(l, "network") || wants(l, "processes");

    TRY(machine_look(&l->at, (twice ? LOOK_TWICE : 0U) | (wants(l, "disks") ? LOOK_DISKS : 0U)));
    add_head(l);
    for (size_t i = 0; i < N_ELEMENTS(sections); i++)
        if (wants(l, sections[i].name))
            sections[i].add(l);
    for (size_t i = 0; i < N_ELEMENTS(asked); i++)
        if (wants(l, asked[i].name))
            TRY(asked[i].add(l));
    return OK;
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
                   "most, services, who is logged in, updates.",
    .schema = "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
              "\"sections\":{\"type\":\"array\",\"items\":{\"type\":\"string\",\"enum\":[\"cpu\",\"memory\",\"disks\",\"network\","
              "\"processes\",\"services\",\"uptime\",\"users\",\"updates\"]},\"description\":\"Only these; all but updates if absent\"},"
              "\"top\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":50,\"description\":\"How many processes, 5 if absent\"}}}",
    .risk = RISK_READ, .repeatable = true, .run = system_status_run,
};
