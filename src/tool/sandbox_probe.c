// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "tool/backend.h"
#include "tool/cgroup.h"

static struct sandbox_report known;
static bool is_known;

/* The value of "name=value" among the lines that clawdbot-inside printed; -1 if it is not there. */
static int64_t fact(str text, str name)
{
    str line;
    int64_t value;

    while (str_split(&text, '\n', &line))
        if (str_eat(&line, name) && str_eat(&line, S("=")) && str_i64(line, &value) == OK)
            return value;
    return -1;
}

static void __attribute__((format(printf, 4, 5)))
state(struct sandbox_report *r, enum guarantee g, bool held, const char *fmt, ...)
{
    va_list ap;

    r->states[g].held = held;
    va_start(ap, fmt);
    vsnprintf(r->states[g].by, sizeof r->states[g].by, fmt, ap);
    va_end(ap);
}

static void judge_walls(struct sandbox_report *r, str seen)
{
    bool own_root = fact(seen, S("root_is_ours")) == 1 && fact(seen, S("usr_readonly")) == 1
                    && fact(seen, S("root_readonly")) == 1 && fact(seen, S("proc_readonly")) == 1;
    int64_t pid = fact(seen, S("pid")), landlock = fact(seen, S("landlock"));
    const char *name = sandbox_bubblewrap.name;

    state(r, GUARANTEE_FILESYSTEM, own_root, own_root ? "a mount namespace made by %s" : "%s left the system writable", name);
    if (fact(seen, S("network_devices")) == 0)
        state(r, GUARANTEE_NETWORK, true, "a network namespace made by %s", name);
    else
        state(r, GUARANTEE_NETWORK, false, "network devices are seen in the sandbox");
    if (pid > 0 && pid < 10)
        state(r, GUARANTEE_PROCESSES, true, "a process namespace made by %s; it ends with the job", name);
    else
        state(r, GUARANTEE_PROCESSES, false, "other processes are seen in the sandbox");
    if (fact(seen, S("no_new_privs")) == 1)
        state(r, GUARANTEE_NO_NEW_PRIVILEGES, true, "no_new_privs and no capabilities");
    else
        state(r, GUARANTEE_NO_NEW_PRIVILEGES, false, "no_new_privs is not set");
    state(r, GUARANTEE_WALL_TIME, true, "the gateway kills the job's process namespace");
    if (fact(seen, S("seccomp")) == 2)
        state(r, GUARANTEE_SECCOMP, true, "a system call filter");
    else
        state(r, GUARANTEE_SECCOMP, false, "the kernel took no system call filter");
    if (landlock > 0)
        state(r, GUARANTEE_LANDLOCK, true, "Landlock ABI %" PRId64, landlock);
    else
        state(r, GUARANTEE_LANDLOCK, false, "the kernel has no Landlock (boot with lsm=landlock,...)");
}

/* Since Linux 5.14 RLIMIT_NPROC counts the processes of one user namespace, which is one job; it never bound root. */
static bool nproc_counts_the_job(void)
{
    struct utsname u;
    int major = 0, minor = 0;

    return geteuid() != 0 && uname(&u) == 0 && sscanf(u.release, "%d.%d", &major, &minor) == 2 /* LINT: the kernel's */
           && (major > 5 || (major == 5 && minor >= 14));
}

static void judge_limits(struct sandbox_report *r)
{
    struct cgroup g;

    cgroup_open(&g, sandbox_limits_default.memory, sandbox_limits_default.processes);
    if (g.bounds_memory)
        state(r, GUARANTEE_MEMORY, true, "%s", cgroup_means());
    else
        state(r, GUARANTEE_MEMORY, false, "each process by RLIMIT_DATA, not all together: %s", cgroup_means());
    if (g.bounds_processes)
        state(r, GUARANTEE_PROCESS_COUNT, true, "%s", cgroup_means());
    else if (nproc_counts_the_job())
        state(r, GUARANTEE_PROCESS_COUNT, true, "RLIMIT_NPROC in a user namespace of its own");
    else
        state(r, GUARANTEE_PROCESS_COUNT, false, "RLIMIT_NPROC does not bind root: %s", cgroup_means());
    cgroup_close(&g);
    state(r, GUARANTEE_CPU_TIME, true, "RLIMIT_CPU, each process");
    state(r, GUARANTEE_FILE_SIZE, true, "RLIMIT_FSIZE, each file");
}

static void nothing_holds(struct sandbox_report *r, const char *why)
{
    snprintf(r->failure, sizeof r->failure, "%s", why);
    for (unsigned g = 0; g < N_GUARANTEES; g++)
        state(r, g, false, "no command can be run here");
}

/* A sandbox that does not start is a finding, not an error, and not for ever: we may have been out of descriptors, or
 * the program is installed meanwhile.  Being cancelled or late says nothing about it. */
enum err sandbox_probe(const struct sandbox_report **out)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct sandbox_report r = { 0 };
    str seen;

    if (!is_known) {
        enum err e = sandbox_run_report(a, &seen);

        if (e == ERR_CANCELLED || e == ERR_TIMEOUT)
            return e;
        if (e) {
            nothing_holds(&r, failed_text());
        } else {
            judge_walls(&r, seen);
            judge_limits(&r);
        }
        known = r;
        is_known = e == OK;
    }
    *out = &known;
    return OK;
}

void sandbox_forget(void)
{
    is_known = false;
    cgroup_forget();
}
