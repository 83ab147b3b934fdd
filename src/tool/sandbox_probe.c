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

int64_t backend_fact(str text, str name)
{
    str line;
    int64_t value;

    while (str_split(&text, '\n', &line))
        if (str_eat(&line, name) && str_eat(&line, S("=")) && str_i64(line, &value) == OK)
            return value;
    return -1;
}

void backend_state(struct sandbox_report *r, enum guarantee g, bool held, const char *fmt, ...)
{
    va_list ap;

    r->states[g].held = held;
    va_start(ap, fmt);
    vsnprintf(r->states[g].by, sizeof r->states[g].by, fmt, ap);
    va_end(ap);
}

void backend_judge_kernel(struct sandbox_report *r, str seen)
{
    int64_t landlock = backend_fact(seen, S("landlock"));

    if (backend_fact(seen, S("no_new_privs")) == 1)
        backend_state(r, GUARANTEE_NO_NEW_PRIVILEGES, true, "no_new_privs and no capabilities");
    else
        backend_state(r, GUARANTEE_NO_NEW_PRIVILEGES, false, "no_new_privs is not set");
    if (backend_fact(seen, S("seccomp")) == 2)
        backend_state(r, GUARANTEE_SECCOMP, true, "a system call filter");
    else
        backend_state(r, GUARANTEE_SECCOMP, false, "the kernel took no system call filter");
    if (landlock > 0)
        backend_state(r, GUARANTEE_LANDLOCK, true, "Landlock ABI %" PRId64, landlock);
    else
        backend_state(r, GUARANTEE_LANDLOCK, false, "the kernel has no Landlock (boot with lsm=landlock,...)");
    backend_state(r, GUARANTEE_CPU_TIME, true, "RLIMIT_CPU, each process");
    backend_state(r, GUARANTEE_FILE_SIZE, true, "RLIMIT_FSIZE, each file");
}

/* Since Linux 5.14 RLIMIT_NPROC counts the processes of one user namespace, which is one job; it never bound root. */
static bool nproc_counts_the_job(void)
{
    struct utsname u;
    int major = 0, minor = 0;

    return geteuid() != 0 && uname(&u) == 0 && sscanf(u.release, "%d.%d", &major, &minor) == 2 /* LINT: the kernel's */
           && (major > 5 || (major == 5 && minor >= 14));
}

void backend_judge_cgroup(struct sandbox_report *r)
{
    struct cgroup g;

    cgroup_open(&g, sandbox_limits_default.memory, sandbox_limits_default.processes, 0);
    if (g.bounds_memory)
        backend_state(r, GUARANTEE_MEMORY, true, "%s", cgroup_means());
    else
        backend_state(r, GUARANTEE_MEMORY, false, "each process by RLIMIT_DATA, not all together: %s", cgroup_means());
    if (g.bounds_processes)
        backend_state(r, GUARANTEE_PROCESS_COUNT, true, "%s", cgroup_means());
    else if (nproc_counts_the_job())
        backend_state(r, GUARANTEE_PROCESS_COUNT, true, "RLIMIT_NPROC in a user namespace of its own");
    else
        backend_state(r, GUARANTEE_PROCESS_COUNT, false, "RLIMIT_NPROC does not bind root: %s", cgroup_means());
    cgroup_close(&g);
}

const char *sandbox_cpu_share_means(void)
{
    struct cgroup g = { 0 };
    bool held = known.states[GUARANTEE_MEMORY].held;

    if (sandbox_backend()->reach == REACH_FOLDER)
        return held ? "the container's cgroup" : "only a lower priority: the container has no cgroup";
    cgroup_open(&g, sandbox_limits_default.memory, sandbox_limits_default.processes, 100);
    held = g.bounds_share;
    cgroup_close(&g);
    return held ? "a cgroup with the cpu controller" : "only a lower priority: no cgroup with the cpu controller is ours to divide";
}

static void nothing_holds(struct sandbox_report *r, const char *why)
{
    snprintf(r->failure, sizeof r->failure, "%s", why);
    for (unsigned g = 0; g < N_GUARANTEES; g++)
        backend_state(r, g, false, "no command can be run here");
}

/* Once for each backend: what a killed gateway left stays till then. */
static enum err sweep(void) AWAITS
{
    static const struct sandbox_backend *swept;

    if (swept == sandbox_backend() || !sandbox_backend()->sweep)
        return OK;
    enum err e = sandbox_backend()->sweep();

    if (e == ERR_NOT_FOUND)
        return failed(ERR_IO, "%s", sandbox_backend()->how_to_get);
    if (e == OK)
        swept = sandbox_backend();
    return e;
}

/* A sandbox that does not start is a finding, not an error, and not for ever: we may have been out of descriptors, or
 * the program is installed meanwhile.  Being cancelled or late says nothing about it. */
enum err sandbox_probe(const struct sandbox_report **out)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct sandbox_report r = { 0 };
    str seen;

    if (!is_known) {
        enum err e = sweep();

        if (e == OK)
            e = sandbox_run_report(a, &seen);

        if (e == ERR_CANCELLED || e == ERR_TIMEOUT)
            return e;
        if (e) {
            nothing_holds(&r, failed_text());
        } else {
            sandbox_backend()->judge(&r, seen);
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
