// SPDX-License-Identifier: Apache-2.0
/* processes.c: what runs on this machine, who listens, and the end of a process. */
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "runtime/offload.h"
#include "tool/file_job.h"
#include "tool/machine_look.h"
#include "tool/process_end.h"
#include "tool/sockets.h"

enum { LISTED = 15, FOUND_MAX = 50, COMMAND_SHOWN = 120, END_WAIT_MS = 5000, RELOAD_WAIT_MS = 500 };

struct call {
    struct arena       *arena;      /* of the call: threads use it */
    const json_t       *arguments;
    struct machine_look look;
    struct buf          text;
};

/* ---- the table ---- */

static void add_head(struct call *c)
{
    buf_add(&c->text, S("    pid user          CPU     memory  command\n"));
}

static void add_process(struct call *c, const struct machine_process *p)
{
    struct machine_process_more more;

    machine_read_more(c->arena, machine_proc, p, &more);
    str command = utf8_take(more.command, COMMAND_SHOWN);

    buf_addf(&c->text, "%7" PRId64 " %-10.*s", p->pid, STR(more.user));
    if (c->look.seconds > 0)
        buf_addf(&c->text, " %5.1f%%", machine_cpu_percent(&c->look, p));
    else
        buf_add(&c->text, S("      -"));
    buf_addf(&c->text, " %10s  %.*s%s%s\n", machine_size_text(c->arena, (double)p->memory), STR(command),
             command.len < more.command.len ? "..." : "", p->ended ? " (has ended, not collected yet)" : "");
}

static enum err list(void *arg)
{
    struct call *c = arg;
    struct machine *m = &c->look.now;
    bool by_memory = str_eq(json_text_str(c->arguments, "by"), S("memory"));
    size_t n = (size_t)json_int(c->arguments, "number", LISTED);

    if (m->n_processes)
        qsort(m->processes, m->n_processes, sizeof *m->processes, by_memory ? machine_by_memory : machine_by_ticks);
    add_head(c);
    for (size_t i = 0; i < n && i < m->n_processes; i++)
        add_process(c, &m->processes[i]);
    if (m->n_processes > n)
        buf_addf(&c->text, "[the first %zu of %zu, by %s]\n", n, m->n_processes, by_memory ? "memory" : "CPU");
    return OK;
}

/* ---- by name ---- */

static bool has_text(str hay, str needle)
{
    for (size_t i = 0; i + needle.len <= hay.len; i++)
        if (str_eq_nocase(str_cut(hay, i, i + needle.len), needle))
            return true;
    return false;
}

static str base_of(str path)
{
    for (size_t i = path.len; i > 0; i--)
        if (path.p[i - 1] == '/')
            return str_skip(path, i);
    return path;
}

/* The name of the program, or of the script that an interpreter runs. */
static bool is_named(struct call *c, const struct machine_process *p, str name)
{
    struct machine_process_more more;

    if (p->ended || str_eq(p->name, name))
        return !p->ended;
    machine_read_more(c->arena, machine_proc, p, &more);
    str program = machine_word(&more.command), script = machine_word(&more.command);

    return str_eq(base_of(program), name) || str_eq(base_of(script), name);
}

static bool mentions(struct call *c, const struct machine_process *p, str name)
{
    struct machine_process_more more;

    if (has_text(p->name, name))
        return true;
    machine_read_more(c->arena, machine_proc, p, &more);
    return has_text(more.command, name);
}

static bool is_wanted(struct call *c, const struct machine_process *p, bool (*fits)(struct call *, const struct machine_process *, str))
{
    str name = json_text_str(c->arguments, "name");
    int64_t pid = json_int(c->arguments, "pid", 0);

    return (pid == 0 || p->pid == pid) && (name.len == 0 || fits(c, p, name));
}

/* Lists those that fit; how many there are. */
static size_t list_those(struct call *c, bool (*fits)(struct call *, const struct machine_process *, str),
                         const struct machine_process **ret_last)
{
    struct machine *m = &c->look.now;
    size_t n = 0;

    add_head(c);
    for (size_t i = 0; i < m->n_processes; i++) {
        if (!is_wanted(c, &m->processes[i], fits))
            continue;
        *ret_last = &m->processes[i];
        if (n++ < FOUND_MAX)
            add_process(c, &m->processes[i]);
    }
    if (n > FOUND_MAX)
        buf_addf(&c->text, "[the first %d of %zu]\n", FOUND_MAX, n);
    return n;
}

static enum err check_which(const struct call *c)
{
    if (json_text_str(c->arguments, "name").len == 0 && json_int(c->arguments, "pid", 0) == 0)
        return failed(ERR_INPUT, "give name or pid");
    return OK;
}

static enum err find(void *arg)
{
    struct call *c = arg;
    const struct machine_process *last;

    if (list_those(c, mentions, &last) == 0) {
        buf_clear(&c->text);
        buf_add(&c->text, S("[no such process]"));
    }
    return OK;
}

/* ---- ports ---- */

static void add_listener(struct call *c, const struct listener *l)
{
    struct machine_process p;

    buf_addf(&c->text, "%-5s %5u  %-24.*s ", l->protocol, l->port, STR(l->address));
    if (l->pid == 0 || machine_read_process(c->arena, machine_proc, l->pid, &p))
        buf_addf(&c->text, "[of user %u; the process is not to be seen]\n", l->uid);
    else
        buf_addf(&c->text, "%" PRId64 " %.*s\n", p.pid, STR(p.name));
}

static enum err ports(void *arg)
{
    struct call *c = arg;
    unsigned port = (unsigned)json_int(c->arguments, "port", 0);
    struct listeners all;
    size_t n = 0;

    TRY(listeners_read(c->arena, machine_proc, &all));
    buf_add(&c->text, S("proto  port  address                  process\n"));
    for (size_t i = 0; i < all.n; i++)
        if (port == 0 || all.items[i].port == port) {
            add_listener(c, &all.items[i]);
            n++;
        }
    if (n == 0) {
        buf_clear(&c->text);
        buf_add(&c->text, port ? str_from(arena_printf(c->arena, "Nothing listens on port %u.", port)) : S("Nothing listens."));
    }
    return OK;
}

/* ---- the end ---- */

struct choice { struct call *call; struct machine_process process; };

/* Exactly one, and one that may be ended. */
static enum err choose(void *arg)
{
    struct choice *x = arg;
    struct call *c = x->call;
    const struct machine_process *p = NULL;
    size_t n = list_those(c, is_named, &p);

    if (n == 0)
        return failed(ERR_NOT_FOUND, "no process has that name or pid; action find looks for parts of names");
    if (n > 1)
        return failed(ERR_INPUT, "%zu processes have that name: give the pid of one\n%s", n, buf_c(&c->text));
    x->process = *p;
    return process_end_check(&c->look.now, p);
}

static enum err kill_it(struct call *c) AWAITS
{
    static const struct { const char *name; int number; uint64_t wait_ms; } signals[] = {
        { "TERM", SIGTERM, END_WAIT_MS }, { "KILL", SIGKILL, END_WAIT_MS }, { "INT", SIGINT, END_WAIT_MS },
        { "HUP", SIGHUP, RELOAD_WAIT_MS },
    };
    struct choice x = { .call = c };
    str name = json_text_str(c->arguments, "signal");
    enum process_ended ended;
    size_t i = N_ELEMENTS(signals) - 1;

    while (i > 0 && !str_eq(name, str_from(signals[i].name)))
        i--;
    TRY(machine_look(&c->look, 0));
    c->look.seconds = 0;        /* CPU is not known from one look */
    TRY(fiber_offload(choose, &x));
    TRY(process_end(machine_proc, &x.process, signals[i].number, signals[i].wait_ms, &ended));
    buf_clear(&c->text);
    buf_addf(&c->text, "Process %" PRId64 " (%.*s) ", x.process.pid, STR(x.process.name));
    if (ended == PROCESS_ENDED)
        buf_add(&c->text, S("has ended."));
    else
        buf_addf(&c->text, "was sent %s and goes on; signal KILL ends it for certain.", signals[i].name);
    return OK;
}

/* ---- the tool ---- */

static enum err work(struct call *c) AWAITS
{
    const char *action = json_text(c->arguments, "action");

    if (strcmp(action, "ports") == 0)
        return fiber_offload(ports, c);
    if (strcmp(action, "find") == 0 || strcmp(action, "kill") == 0)
        TRY(check_which(c));
    if (strcmp(action, "kill") == 0)
        return kill_it(c);
    TRY(machine_look(&c->look, LOOK_TWICE));
    return fiber_offload(strcmp(action, "find") == 0 ? find : list, c);
}

static enum err processes_run(const struct tool_context *cx, const json_t *arguments, struct tool_result *out) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct call c = { .arena = a, .arguments = arguments, .look.arena = a };
    enum err e = work(&c);

    if (e == OK)
        *out = (struct tool_result){ .text = arena_str(cx->arena, buf_str(&c.text)) };
    else
        *out = tool_refusal(cx, "%s", failed_text());
    buf_done(&c.text);
    return e ? fiber_check() : OK;
}

const struct tool tool_processes = {
    .name = "processes",
    .description = "What runs on this machine outside of the sandbox: lists, finds and ends processes, tells who listens on ports.",
    .schema = "{\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"action\"],\"properties\":{"
              "\"action\":{\"type\":\"string\",\"enum\":[\"list\",\"find\",\"kill\",\"ports\"]},"
              "\"by\":{\"type\":\"string\",\"enum\":[\"cpu\",\"memory\"],\"description\":\"list: who uses most comes first\"},"
              "\"number\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":200,\"description\":\"list: how many, 15 if absent\"},"
              "\"name\":{\"type\":\"string\",\"description\":\"find: part of a name or command; kill: the name of one process\"},"
              "\"pid\":{\"type\":\"integer\",\"minimum\":1},"
              "\"port\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":65535,\"description\":\"ports: only this one\"},"
              "\"signal\":{\"type\":\"string\",\"enum\":[\"TERM\",\"KILL\",\"INT\",\"HUP\"],\"description\":\"TERM if absent\"}}}",
    .risk = RISK_OUTSIDE, .repeatable = false, .run = processes_run,
};
