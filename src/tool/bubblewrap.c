// SPDX-License-Identifier: Apache-2.0
/* bubblewrap.c: the command line that makes bubblewrap start clawdbot-inside, and through it a job. */
#include "tool/backend.h"

#include <assert.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ARGV_MAX = 512, WORDS_MAX = 160, ENV_MAX = 64, NOBODY = 65534, SHM_MAX = 64 << 20, NOFILE_MAX = 4096 };
/* Without a cgroup, a process may reserve this many times the memory that it may fill: java, node and go do not start
 * when address space is as scarce as memory.  What RLIMIT_DATA does not count, shared memory, ends here. */
enum { ADDRESS_SPACE = 8 };
#define INSIDE "/run/clawdbot-inside"

/* What programs look up and everybody may read.  The rest of /etc is nobody's business in there. */
static const char *const etc[] = {
    "/etc/alternatives", "/etc/ld.so.cache", "/etc/passwd", "/etc/group", "/etc/nsswitch.conf", "/etc/hosts",
    "/etc/localtime", "/etc/ssl/certs", "/etc/ssl/openssl.cnf", "/etc/mime.types", "/etc/fonts",
    "/etc/java-17-openjdk",
};
/* Merged into /usr on Debian 12, folders of their own elsewhere. */
static const char *const top[] = { "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32" };

struct words { struct arena *arena; const char **items; size_t n; };

static void add(struct words *w, const char *word)
{
    assert(w->n + 1 < ARGV_MAX);
    w->items[w->n++] = word;
}

static void add_all(struct words *w, const char *const *words)
{
    for (; *words; words++)
        add(w, *words);
}

#define ADD(w, ...) add_all((w), (const char *const[]){ __VA_ARGS__, NULL })

static const char *number(struct words *w, uint64_t n)
{
    return arena_printf(w->arena, "%" PRIu64, n);
}

static void add_system(struct words *w)
{
    ADD(w, "--ro-bind", "/usr", "/usr");
    for (size_t i = 0; i < N_ELEMENTS(top); i++) {
        char target[PATH_MAX];
        ssize_t n = readlink(top[i], target, sizeof target);

        if (n > 0 && (size_t)n < sizeof target)
            ADD(w, "--symlink", arena_c(w->arena, str_of(target, (size_t)n)), top[i]);
        else if (access(top[i], F_OK) == 0)
            ADD(w, "--ro-bind", top[i], top[i]);
    }
    for (size_t i = 0; i < N_ELEMENTS(etc); i++)
        if (access(etc[i], R_OK) == 0)
            ADD(w, "--ro-bind", etc[i], etc[i]);
}

/* "/" and /dev are memory of their own: left writable they would take as much of it as there is.  /proc is left
 * writable by bubblewrap, and the kernel lets whoever is root outside write in /proc/sys without any capability. */
static void add_file_system(struct words *w, const struct sandbox_plan *p, const char *inside)
{
    const struct sandbox_limits *l = &p->job->limits;
    uint64_t shm = l->tmp_size < SHM_MAX ? l->tmp_size : SHM_MAX;

    add_system(w);
    ADD(w, "--proc", "/proc", "--remount-ro", "/proc", "--dev", "/dev");
    ADD(w, "--perms", "1777", "--size", number(w, shm), "--tmpfs", "/dev/shm", "--remount-ro", "/dev");
    ADD(w, "--perms", "1777", "--size", number(w, l->tmp_size), "--tmpfs", "/tmp");
    ADD(w, "--ro-bind", inside, INSIDE);
    if (p->job->workspace)
        ADD(w, "--bind", p->job->workspace, p->job->workspace);
    ADD(w, "--chdir", p->cwd, "--remount-ro", "/");
}

static void add_limits(struct words *w, const struct sandbox_plan *p)
{
    const struct sandbox_limits *l = &p->job->limits;

    if (p->limit_memory)
        ADD(w, "--limit", arena_printf(w->arena, "data=%" PRIu64, l->memory),
            "--limit", arena_printf(w->arena, "as=%" PRIu64, ADDRESS_SPACE * l->memory));
    ADD(w, "--limit", arena_printf(w->arena, "nproc=%u", l->processes));
    ADD(w, "--limit", arena_printf(w->arena, "cpu=%" PRIu64, (l->cpu_ms + 999) / 1000));
    ADD(w, "--limit", arena_printf(w->arena, "fsize=%" PRIu64, l->file_size));
    ADD(w, "--limit", arena_printf(w->arena, "nofile=%d", NOFILE_MAX), "--limit", "core=0");
}

static void add_inside(struct words *w, const struct sandbox_plan *p)
{
    ADD(w, INSIDE, "--status", number(w, BACKEND_FD_STATUS));
    for (int i = 0; i < p->n_joins; i++)
        ADD(w, "--join", number(w, (uint64_t)(BACKEND_FD_JOIN + i)));
    if (p->egress_fd >= 0)
        ADD(w, "--egress", number(w, (uint64_t)p->egress_fd));
    add_limits(w, p);
    if (p->job->terminal.columns)
        add(w, "--terminal");
    ADD(w, "--write", "/tmp", "--write", "/dev");
    if (p->job->workspace)
        ADD(w, "--write", p->job->workspace);
    for (size_t i = 0; p->job->env && p->job->env[i]; i++)
        ADD(w, "--env", p->job->env[i]);
    if (p->report) {
        add(w, "--report");
        return;
    }
    add(w, "--");
    if (p->job->argv)
        add_all(w, p->job->argv);
    else
        ADD(w, "/bin/sh", "-c", p->job->command);
}

static size_t count(const char *const *words)
{
    size_t n = 0;

    while (words && words[n])
        n++;
    return n;
}

static enum err bwrap_argv(struct arena *a, const struct sandbox_plan *p, const char *const **ret_argv)
{
    struct words w = { .arena = a, .items = arena_alloc(a, ARGV_MAX * sizeof(char *)) };
    const char *inside;
    size_t n = count(p->job->argv), n_env = count(p->job->env);

    if (n > WORDS_MAX || n_env > ENV_MAX)
        return failed(ERR_LIMIT, "a command of more than %d words or %d variables", WORDS_MAX, ENV_MAX);
    TRY(inside_path(&inside));
    ADD(&w, "bwrap", "--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts",
        "--unshare-cgroup", "--hostname", "sandbox", "--die-with-parent", "--new-session", "--cap-drop", "ALL");
    if (geteuid() == 0)     /* without a name for root, nothing in there looks as if it had root's rights */
        ADD(&w, "--uid", number(&w, NOBODY), "--gid", number(&w, NOBODY));
    add_file_system(&w, p, inside);
    ADD(&w, "--seccomp", number(&w, BACKEND_FD_SECCOMP), "--");
    add_inside(&w, p);
    *ret_argv = w.items;
    return OK;
}

static long setting(const char *path)
{
    char text[32] = "";
    FILE *f = fopen(path, "re");
    long value = -1;

    if (!f)
        return -1;
    if (fgets(text, sizeof text, f))
        value = strtol(text, NULL, 10);     /* LINT: the kernel's */
    fclose(f);
    return value;
}

static const char *bwrap_obstacle(void)
{
    if (setting("/proc/sys/user/max_user_namespaces") == 0)
        return "user namespaces are switched off: sysctl user.max_user_namespaces=15000";
    if (geteuid() == 0)
        return NULL;
    if (setting("/proc/sys/kernel/unprivileged_userns_clone") == 0)
        return "user namespaces are for root only: sysctl kernel.unprivileged_userns_clone=1";
    if (setting("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == 1)
        return "AppArmor forbids user namespaces: sysctl kernel.apparmor_restrict_unprivileged_userns=0, "
               "or give bwrap a profile";
    return NULL;
}

const struct sandbox_backend sandbox_bubblewrap = {
    .name = "bubblewrap", .how_to_get = "bubblewrap is not installed: apt install bubblewrap",
    .argv = bwrap_argv, .generations = 1, .obstacle = bwrap_obstacle,
};
