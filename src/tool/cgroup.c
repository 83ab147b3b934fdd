// SPDX-License-Identifier: Apache-2.0
#include "tool/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_SIZE = 192, PENDING_MAX = 64 };
enum { SHARE_PERIOD_US = 100000 };              /* a share is kept over each period of this length; the kernel's own default */
#define JOB_PREFIX "clawdbot-job-"

/* Where jobs' groups may be made: one folder of version 2, or one a controller of version 1; "" where none is. */
static struct {
    bool known;
    char v2[PATH_SIZE], v1_memory[PATH_SIZE], v1_pids[PATH_SIZE], v1_cpu[PATH_SIZE];
    char self[2 * PATH_SIZE];               /* the group that we are in, in one of these hierarchies */
    char means[200];
    char pending[PENDING_MAX][256];         /* could not be removed yet */
    unsigned n_pending, n_made;
} state;

static bool put(const char *dir, const char *file, const char *value)
{
    char path[512];
    ssize_t n;
    int fd;

    snprintf(path, sizeof path, "%s/%s", dir, file);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    n = write(fd, value, strlen(value));
    close(fd);
    return n >= 0;
}

static bool put_number(const char *dir, const char *file, uint64_t value)
{
    char text[24];

    snprintf(text, sizeof text, "%" PRIu64, value);
    return put(dir, file, text);
}

static bool get(const char *dir, const char *file, char *out, size_t size)
{
    char path[512];
    ssize_t n;
    int fd;

    snprintf(path, sizeof path, "%s/%s", dir, file);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    n = read(fd, out, size - 1);
    close(fd);
    out[n > 0 ? n : 0] = '\0';
    return n > 0;
}

static bool has_word(const char *list, const char *word, const char *separators)
{
    size_t len = strlen(word);

    for (const char *at = list; (at = strstr(at, word)) != NULL; at += len)
        if ((at == list || strchr(separators, at[-1])) && (!at[len] || strchr(separators, at[len])))
            return true;
    return false;
}

/* Our own place in the hierarchy that has `controller` ("" is version 2): a line "4:memory:/path". */
static bool own_path(const char *controller, char *out, size_t size)
{
    char line[512];
    bool found = false;
    FILE *f = fopen("/proc/self/cgroup", "re");

    while (f && !found && fgets(line, sizeof line, f)) {
        char *names = strchr(line, ':'), *path = names ? strchr(names + 1, ':') : NULL;

        if (!path)
            continue;
        *path++ = '\0';
        path[strcspn(path, "\n")] = '\0';
        found = *controller ? has_word(names + 1, controller, ",") : names[1] == '\0';
        if (found)
            snprintf(out, size, "%s", strcmp(path, "/") == 0 ? "" : path);
    }
    if (f)
        fclose(f);
    return found;
}

static bool mount_point(const char *controller, char *out, size_t size)
{
    char line[1024];
    bool found = false;
    FILE *f = fopen("/proc/self/mounts", "re");

    while (f && !found && fgets(line, sizeof line, f)) {
        char *rest = line, *where, *type, *options;

        strsep(&rest, " ");
        where = strsep(&rest, " ");
        type = strsep(&rest, " ");
        options = strsep(&rest, " ");
        if (!options)
            continue;
        found = *controller ? strcmp(type, "cgroup") == 0 && has_word(options, controller, ",")
                            : strcmp(type, "cgroup2") == 0;
        if (found)
            snprintf(out, size, "%s", where);
    }
    if (f)
        fclose(f);
    return found;
}

/* In a container the path of /proc/self/cgroup may lie above what is mounted: then the mount is our place. */
static bool place(const char *controller, char *out)
{
    char mount[PATH_SIZE], path[PATH_SIZE], both[2 * PATH_SIZE];
    struct stat st;

    if (!mount_point(controller, mount, sizeof mount) || !own_path(controller, path, sizeof path))
        return false;
    snprintf(both, sizeof both, "%s%s", mount, path);
    if (stat(both, &st) != 0)
        snprintf(both, sizeof both, "%s", mount);
    if (strlen(both) >= PATH_SIZE || access(both, W_OK) != 0)
        return false;
    memcpy(out, both, strlen(both) + 1);
    return true;
}

/* The group that we are in; "" where its path is not what is mounted here. */
static void find_self(const char *controller)
{
    char mount[PATH_SIZE], path[PATH_SIZE];
    struct stat st;

    *state.self = '\0';
    if (!mount_point(controller, mount, sizeof mount) || !own_path(controller, path, sizeof path))
        return;
    snprintf(state.self, sizeof state.self, "%s%s", mount, path);
    if (stat(state.self, &st) != 0)
        *state.self = '\0';
}

static bool has_controllers(const char *dir, const char *file)
{
    char text[256];

    return get(dir, file, text, sizeof text) && has_word(text, "memory", " \n") && has_word(text, "pids", " \n");
}

static bool we_are_alone(const char *dir)
{
    char text[64];
    int64_t pid;

    return get(dir, "cgroup.procs", text, sizeof text) && str_i64(str_trim(str_from(text)), &pid) == OK && pid == getpid();
}

/* A group with processes of its own cannot hand controllers down, so we step aside into a child first. */
static bool hand_down(const char *dir)
{
    char child[PATH_SIZE + 32];

    if (!has_controllers(dir, "cgroup.controllers"))
        return false;
    if (has_controllers(dir, "cgroup.subtree_control") || put(dir, "cgroup.subtree_control", "+memory +pids"))
        return true;
    snprintf(child, sizeof child, "%s/clawdbot-gateway", dir);
    if (!we_are_alone(dir) || (mkdir(child, 0755) != 0 && errno != EEXIST)
        || !put_number(child, "cgroup.procs", (uint64_t)getpid()))
        return false;
    return put(dir, "cgroup.subtree_control", "+memory +pids");
}

/* Root, started from a shell, shares its group with that shell; but it may make one of its own at the top. */
static bool place_at_top(char *out)
{
    char mount[PATH_SIZE];

    if (geteuid() != 0 || !mount_point("", mount, sizeof mount) || !has_controllers(mount, "cgroup.subtree_control"))
        return false;
    if ((size_t)snprintf(out, PATH_SIZE, "%s/clawdbot", mount) >= PATH_SIZE || (mkdir(out, 0755) != 0 && errno != EEXIST))
        return false;
    return hand_down(out);
}

static void sweep(const char *dir)
{
    DIR *d = *dir ? opendir(dir) : NULL;
    struct dirent *e;

    while (d && (e = readdir(d)) != NULL) {
        char path[PATH_SIZE + sizeof e->d_name];
        long pid;

        if (strncmp(e->d_name, JOB_PREFIX, strlen(JOB_PREFIX)) != 0)
            continue;
        pid = strtol(e->d_name + strlen(JOB_PREFIX), NULL, 10);     /* LINT: our own name, and checked by kill() */
        snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
        if (pid > 0 && kill((pid_t)pid, 0) != 0 && errno == ESRCH)
            rmdir(path);
    }
    if (d)
        closedir(d);
}

static void describe(void)
{
    const char *text;

    if (*state.v2)
        text = "cgroup version 2";
    else if (*state.v1_memory && *state.v1_pids)
        text = "cgroup version 1";
    else
        text = "our cgroup is not ours to divide (under systemd: Delegate=yes in the unit)";
    snprintf(state.means, sizeof state.means, "%s", text);
}

static void look(void)
{
    if (state.known)
        return;
    state.known = true;
    if ((!place("", state.v2) || !hand_down(state.v2)) && !place_at_top(state.v2))
        *state.v2 = '\0';
    if (!*state.v2) {
        if (!place("memory", state.v1_memory))
            *state.v1_memory = '\0';
        if (!place("pids", state.v1_pids))
            *state.v1_pids = '\0';
        if (!place("cpu", state.v1_cpu))
            *state.v1_cpu = '\0';
    }
    describe();
    find_self(*state.v2 ? "" : *state.v1_memory ? "memory" : "pids");
    sweep(state.v2);
    sweep(state.v1_memory);
    sweep(state.v1_pids);
    sweep(state.v1_cpu);
}

static void remove_pending(void)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < state.n_pending; i++)
        if (rmdir(state.pending[i]) != 0 && errno == EBUSY)
            memmove(state.pending[kept++], state.pending[i], sizeof state.pending[i]);
    state.n_pending = kept;
}

/* Makes dir/clawdbot-job-PID-N and opens its cgroup.procs.  False: there is no such group now. */
static bool make(struct cgroup *g, const char *dir)
{
    char *path = g->dirs[g->n_dirs];
    char procs[300];
    int fd;

    if (!*dir)
        return false;
    snprintf(path, sizeof g->dirs[0], "%s/" JOB_PREFIX "%d-%u", dir, (int)getpid(), state.n_made);
    if (mkdir(path, 0755) != 0)
        return false;
    g->n_dirs++;
    snprintf(procs, sizeof procs, "%s/cgroup.procs", path);
    fd = open(procs, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    g->fds[g->n_fds++] = fd;
    return true;
}

static uint64_t quota_us(uint64_t share)
{
    return share * SHARE_PERIOD_US / 100;
}

/* The cpu controller is handed down only for whoever wants a share: it costs every switch between groups a little. */
static bool set_share_v2(const struct cgroup *g, uint64_t share)
{
    char text[48];

    snprintf(text, sizeof text, "%" PRIu64 " %d", quota_us(share), SHARE_PERIOD_US);
    (void)put(state.v2, "cgroup.subtree_control", "+cpu");      /* it may not be ours: then there is no cpu.max */
    return put(g->dirs[0], "cpu.max", text);
}

static void open_v2(struct cgroup *g, uint64_t memory, unsigned processes, uint64_t share)
{
    if (!make(g, state.v2))
        return;
    g->bounds_memory = put_number(g->dirs[0], "memory.max", memory);
    g->bounds_processes = put_number(g->dirs[0], "pids.max", processes);
    (void)put(g->dirs[0], "memory.swap.max", "0");      /* absent without swap accounting */
    (void)put(g->dirs[0], "memory.oom.group", "1");
    g->bounds_share = share && set_share_v2(g, share);
}

static bool set_share_v1(const char *dir, uint64_t share)
{
    return put_number(dir, "cpu.cfs_period_us", SHARE_PERIOD_US) && put_number(dir, "cpu.cfs_quota_us", quota_us(share));
}

static void open_v1(struct cgroup *g, uint64_t memory, unsigned processes, uint64_t share)
{
    if (make(g, state.v1_memory)) {
        const char *dir = g->dirs[g->n_dirs - 1];

        g->bounds_memory = put_number(dir, "memory.limit_in_bytes", memory);
        (void)put_number(dir, "memory.memsw.limit_in_bytes", memory);   /* absent without swap accounting */
    }
    if (make(g, state.v1_pids))
        g->bounds_processes = put_number(g->dirs[g->n_dirs - 1], "pids.max", processes);
    if (share && make(g, state.v1_cpu))
        g->bounds_share = set_share_v1(g->dirs[g->n_dirs - 1], share);
}

void cgroup_open(struct cgroup *g, uint64_t memory, unsigned processes, uint64_t share)
{
    *g = (struct cgroup){ 0 };
    look();
    remove_pending();
    state.n_made++;
    if (*state.v2)
        open_v2(g, memory, processes, share);
    else
        open_v1(g, memory, processes, share);
    if (g->n_fds)
        snprintf(g->self, sizeof g->self, "%s", state.self);
}

enum err cgroup_hasten(void *arg)
{
    const struct cgroup *g = arg;

    if (*g->self)
        (void)put(g->self, "cgroup.procs", "0");
    return OK;
}

bool cgroup_ran_out_of_memory(const struct cgroup *g)
{
    for (int i = 0; i < g->n_dirs; i++) {
        char text[512];
        const char *at = NULL;

        if (get(g->dirs[i], "memory.events", text, sizeof text) || get(g->dirs[i], "memory.oom_control", text, sizeof text))
            at = strstr(text, "oom_kill ");
        if (at && strtoul(at + strlen("oom_kill "), NULL, 10) > 0)  /* LINT: the kernel's */
            return true;
    }
    return false;
}

void cgroup_close(struct cgroup *g)
{
    for (int i = 0; i < g->n_fds; i++)
        close(g->fds[i]);
    for (int i = 0; i < g->n_dirs; i++)
        if (rmdir(g->dirs[i]) != 0 && errno == EBUSY && state.n_pending < PENDING_MAX)
            memcpy(state.pending[state.n_pending++], g->dirs[i], sizeof g->dirs[i]);
    *g = (struct cgroup){ 0 };
}

const char *cgroup_means(void)
{
    look();
    return state.means;
}

void cgroup_forget(void)
{
    remove_pending();
    state.known = false;
    *state.v2 = *state.v1_memory = *state.v1_pids = *state.v1_cpu = '\0';
}
