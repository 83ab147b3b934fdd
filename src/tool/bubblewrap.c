// SPDX-License-Identifier: Apache-2.0
/* bubblewrap.c: the command line that makes bubblewrap start clawdbot-inside, and through it a job. */
#include "tool/backend_words.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NOBODY = 65534, SHM_MAX = 64 << 20 };
#define INSIDE "/run/clawdbot-inside"

/* What programs look up and everybody may read.  The rest of /etc is nobody's business in there. */
static const char *const etc[] = {
    "/etc/alternatives", "/etc/ld.so.cache", "/etc/passwd", "/etc/group", "/etc/nsswitch.conf", "/etc/hosts",
    "/etc/localtime", "/etc/ssl/certs", "/etc/ssl/openssl.cnf", "/etc/mime.types", "/etc/fonts",
    "/etc/java-17-openjdk",
};
/* Merged into /usr on Debian 12, folders of their own elsewhere. */
static const char *const top[] = { "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32" };

static void add_system(struct words *w)
{
    WORDS(w, "--ro-bind", "/usr", "/usr");
    for (size_t i = 0; i < N_ELEMENTS(top); i++) {
        char target[PATH_MAX];
        ssize_t n = readlink(top[i], target, sizeof target);

        if (n > 0 && (size_t)n < sizeof target)
            WORDS(w, "--symlink", arena_c(w->arena, str_of(target, (size_t)n)), top[i]);
        else if (access(top[i], F_OK) == 0)
            WORDS(w, "--ro-bind", top[i], top[i]);
    }
    for (size_t i = 0; i < N_ELEMENTS(etc); i++)
        if (access(etc[i], R_OK) == 0)
            WORDS(w, "--ro-bind", etc[i], etc[i]);
}

/* "/" and /dev are memory of their own: left writable they would take as much of it as there is.  /proc is left
 * writable by bubblewrap, and the kernel lets whoever is root outside write in /proc/sys without any capability. */
static void add_file_system(struct words *w, const struct sandbox_plan *p, const char *inside)
{
    const struct sandbox_limits *l = &p->job->limits;
    uint64_t shm = l->tmp_size < SHM_MAX ? l->tmp_size : SHM_MAX;

    add_system(w);
    WORDS(w, "--proc", "/proc", "--remount-ro", "/proc", "--dev", "/dev");
    WORDS(w, "--perms", "1777", "--size", words_number(w, shm), "--tmpfs", "/dev/shm", "--remount-ro", "/dev");
    WORDS(w, "--perms", "1777", "--size", words_number(w, l->tmp_size), "--tmpfs", "/tmp");
    WORDS(w, "--ro-bind", inside, INSIDE);
    if (p->job->workspace)
        WORDS(w, "--bind", p->job->workspace, p->job->workspace);
    WORDS(w, "--chdir", p->cwd, "--remount-ro", "/");
}

static void add_inside(struct words *w, const struct sandbox_plan *p)
{
    WORDS(w, INSIDE, "--status", words_number(w, BACKEND_FD_STATUS));
    for (int i = 0; i < p->n_joins; i++)
        WORDS(w, "--join", words_number(w, (uint64_t)(BACKEND_FD_JOIN + i)));
    if (p->egress_fd >= 0)
        WORDS(w, "--egress", words_number(w, (uint64_t)p->egress_fd));
    WORDS(w, "--confine", "--write", "/tmp", "--write", "/dev");
    if (p->job->workspace)
        WORDS(w, "--write", p->job->workspace);
    words_add_job(w, p, true);
}

static enum err bwrap_argv(struct arena *a, const struct sandbox_plan *p, const char *const **ret_argv)
{
    const char *inside;
    struct words w;

    TRY(words_open(&w, a, p));
    TRY(inside_path(&inside));
    WORDS(&w, "bwrap", "--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts",
        "--unshare-cgroup", "--hostname", "sandbox", "--die-with-parent", "--new-session", "--cap-drop", "ALL");
    if (geteuid() == 0)     /* without a name for root, nothing in there looks as if it had root's rights */
        WORDS(&w, "--uid", words_number(&w, NOBODY), "--gid", words_number(&w, NOBODY));
    add_file_system(&w, p, inside);
    WORDS(&w, "--seccomp", words_number(&w, BACKEND_FD_FILTER), "--");
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

static void judge_bwrap(struct sandbox_report *r, str seen)
{
    bool own_root = backend_fact(seen, S("root_is_memory")) == 1 && backend_fact(seen, S("usr_readonly")) == 1
                    && backend_fact(seen, S("root_readonly")) == 1 && backend_fact(seen, S("proc_readonly")) == 1;
    int64_t pid = backend_fact(seen, S("pid"));

    backend_state(r, GUARANTEE_FILESYSTEM, own_root, own_root ? "a mount namespace made by bubblewrap"
                                                              : "bubblewrap left the system writable");
    if (backend_fact(seen, S("network_devices")) == 0)
        backend_state(r, GUARANTEE_NETWORK, true, "a network namespace made by bubblewrap");
    else
        backend_state(r, GUARANTEE_NETWORK, false, "network devices are seen in the sandbox");
    if (pid > 0 && pid < 10)
        backend_state(r, GUARANTEE_PROCESSES, true, "a process namespace made by bubblewrap; it ends with the job");
    else
        backend_state(r, GUARANTEE_PROCESSES, false, "other processes are seen in the sandbox");
    backend_state(r, GUARANTEE_WALL_TIME, true, "the gateway kills the job's process namespace");
    backend_judge_kernel(r, seen);
    backend_judge_cgroup(r);
}

const struct sandbox_backend sandbox_bubblewrap = {
    .name = "bubblewrap", .how_to_get = "bubblewrap is not installed: apt install bubblewrap",
    .reach = REACH_DESCRIPTORS, .generations = 1, .argv = bwrap_argv, .obstacle = bwrap_obstacle, .judge = judge_bwrap,
};
