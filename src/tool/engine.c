// SPDX-License-Identifier: Apache-2.0
/* engine.c: the backends "docker" and "podman": one container a command, made from sandbox.image, gone with the command.  The
 * engine makes the namespaces and the cgroup; clawdbot-inside, bound into it, does there what it does everywhere. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/buf.h"
#include "runtime/fd.h"
#include "runtime/process.h"
#include "tool/backend_words.h"
#include "tool/handover.h"

/* The engine counts the guard, and threads of its own while it starts, as processes of the container. */
enum { PROCESSES_OF_ENGINE = 4, SHM_MAX = 64 << 20, NOFILE_MAX = 4096, NPROC_MAX = 4096, ASK_MS = 20000 };
#define INSIDE "/run/clawdbot-inside"
#define FOLDER "/run/clawdbot-job"
#define LABEL  "clawdbot.gateway"

/* Where the engine finds its settings, its daemon and its store. */
static const char *const lends[] = {
    "HOME", "TMPDIR", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "DBUS_SESSION_BUS_ADDRESS", "CONTAINER_HOST",
    "CONTAINERS_CONF", "CONTAINERS_STORAGE_CONF", "DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "DOCKER_CERT_PATH",
    "DOCKER_TLS_VERIFY",
};

/* Told by the probe: without it each process is bounded by itself. */
static bool bounds_memory = true;

static bool is_podman(void)
{
    return sandbox_backend() == &sandbox_podman;
}

/* "soft:hard", never above what we have ourselves: not every engine may raise it. */
static const char *limit_text(struct words *w, enum __rlimit_resource resource, uint64_t want)
{
    struct rlimit ours;

    if (getrlimit(resource, &ours) == 0 && ours.rlim_max != RLIM_INFINITY && want > ours.rlim_max)
        want = ours.rlim_max;
    return arena_printf(w->arena, "%" PRIu64 ":%" PRIu64, want, want);
}

/* docker refuses more processors than there are. */
static void add_share(struct words *w, uint64_t percent)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);

    if (percent && (processors < 1 || percent < (uint64_t)processors * 100))
        WORDS(w, "--cpus", arena_printf(w->arena, "%" PRIu64 ".%02" PRIu64, percent / 100, percent % 100));
}

static void add_limits(struct words *w, const struct sandbox_plan *p)
{
    const struct sandbox_limits *l = &p->job->limits;
    const char *memory = arena_printf(w->arena, "%" PRIu64 "b", l->memory);

    WORDS(w, "--memory", memory, "--memory-swap", memory, "--pids-limit", words_number(w, l->processes + PROCESSES_OF_ENGINE));
    add_share(w, l->cpu_share);
    WORDS(w, "--ulimit", arena_printf(w->arena, "nofile=%s", limit_text(w, RLIMIT_NOFILE, NOFILE_MAX)), "--ulimit", "core=0:0");
    if (is_podman())        /* it would raise this as far as it goes, and fail where it may not */
        WORDS(w, "--ulimit", arena_printf(w->arena, "nproc=%s", limit_text(w, RLIMIT_NPROC, NPROC_MAX)));
}

/* For podman of an ordinary user, root in there is that user outside; otherwise numbers inside and outside are the same. */
static const char *user(struct words *w)
{
    if (is_podman() && geteuid() != 0)
        return "0:0";
    return arena_printf(w->arena, "%u:%u", (unsigned)geteuid(), (unsigned)getegid());
}

static const char *volume(struct words *w, const char *from, const char *to, const char *mode)
{
    return arena_printf(w->arena, "%s:%s:%s", from, to, mode);
}

static void add_walls(struct words *w, const struct sandbox_plan *p, const char *inside)
{
    const struct sandbox_limits *l = &p->job->limits;
    uint64_t shm = l->tmp_size < SHM_MAX ? l->tmp_size : SHM_MAX;

    WORDS(w, "--network", "none", "--hostname", "sandbox", "--read-only", "--cap-drop", "ALL", "--security-opt",
          "no-new-privileges", "--user", user(w), "--workdir", "/");
    if (is_podman())
        WORDS(w, "--read-only-tmpfs=false", "--image-volume", "ignore");
    WORDS(w, "--tmpfs", arena_printf(w->arena, "/tmp:rw,nosuid,nodev,mode=1777,size=%" PRIu64, l->tmp_size),
          "--shm-size", arena_printf(w->arena, "%" PRIu64 "b", shm));
    WORDS(w, "-v", volume(w, inside, INSIDE, "ro"), "-v", volume(w, p->handover, FOLDER, "ro"));
    if (p->job->workspace)
        WORDS(w, "-v", volume(w, p->job->workspace, p->job->workspace, "rw"));
}

static void add_inside(struct words *w, const struct sandbox_plan *p)
{
    static const char *const writable[] = {
        "/tmp", "/dev/shm", "/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty", "/dev/pts",
    };

    WORDS(w, "--status", FOLDER "/" HANDOVER_STATUS, "--lifeline", FOLDER "/" HANDOVER_LIFELINE,
          "--filter", FOLDER "/" HANDOVER_FILTER, "--one-output", "--confine", "--chdir", p->cwd);
    for (size_t i = 0; i < N_ELEMENTS(writable); i++)
        WORDS(w, "--write", writable[i]);
    if (p->job->workspace)
        WORDS(w, "--write", p->job->workspace);
    if (p->job->network)
        WORDS(w, "--egress", FOLDER "/" HANDOVER_EGRESS);
    WORDS(w, "--env", "LANG=C.UTF-8", "--env", "TMPDIR=/tmp",
          "--env", p->job->terminal.columns ? "TERM=xterm-256color" : "TERM=dumb",
          "--env", arena_printf(w->arena, "HOME=%s", p->job->workspace ? p->job->workspace : "/"));
}

/* The engine splits a volume's words at colons. */
static enum err check_path(const char *path)
{
    if (path && strchr(path, ':'))
        return failed(ERR_INPUT, "%s: a path with a colon cannot be bound into a container", path);
    return OK;
}

static enum err engine_argv(struct arena *a, const struct sandbox_plan *p, const char *const **ret_argv)
{
    struct sandbox_plan plan = *p;
    const char *inside;
    struct words w;

    if (sandbox_image()[0] == '\0')
        return failed(ERR_IO, "sandbox.backend is %s, and sandbox.image names no image", sandbox_backend()->name);
    TRY(words_open(&w, a, p));
    TRY(inside_path(&inside));
    TRY(check_path(inside));
    TRY(check_path(p->job->workspace));
    plan.limit_memory = !bounds_memory;
    plan.low_priority = p->job->limits.cpu_share && !bounds_memory;    /* without a cgroup "--cpus" does nothing either */
    WORDS(&w, sandbox_backend()->name, "run", "--rm", "-i", "--pull", "never", "--log-driver", "none", "--name", p->name,
          "--label", arena_printf(a, LABEL "=%d", (int)getpid()), "--entrypoint", INSIDE);
    add_limits(&w, p);
    add_walls(&w, p, inside);
    if (p->job->terminal.columns)
        words_add(&w, "-t");
    words_add(&w, sandbox_image());
    add_inside(&w, p);
    words_add_job(&w, &plan, false);
    *ret_argv = w.items;
    return OK;
}

/* ---- what holds ---- */

/* A limit that the container's own cgroup shows; version 1 rounds it down to pages. */
static bool is_set(str facts, str name, uint64_t want)
{
    int64_t is = backend_fact(facts, name);

    return is > 0 && (uint64_t)is <= want;
}

static void judge_engine(struct sandbox_report *r, str seen)
{
    const char *name = sandbox_backend()->name;
    bool own_root = backend_fact(seen, S("root_readonly")) == 1 && backend_fact(seen, S("proc_sys_readonly")) == 1;
    int64_t pid = backend_fact(seen, S("pid"));

    backend_judge_kernel(r, seen);
    backend_state(r, GUARANTEE_FILESYSTEM, own_root, own_root ? "the image, read-only, in a container of %s"
                                                              : "%s left the system writable", name);
    if (backend_fact(seen, S("network_devices")) == 0)
        backend_state(r, GUARANTEE_NETWORK, true, "a container of %s without a network", name);
    else
        backend_state(r, GUARANTEE_NETWORK, false, "network devices are seen in the container");
    if (pid > 0 && pid < 10)
        backend_state(r, GUARANTEE_PROCESSES, true, "a container of %s; it ends with the job", name);
    else
        backend_state(r, GUARANTEE_PROCESSES, false, "other processes are seen in the container");
    backend_state(r, GUARANTEE_WALL_TIME, true, "the first process of the container ends it when the gateway lets go of it");
    bounds_memory = is_set(seen, S("memory_max"), sandbox_limits_default.memory);
    if (bounds_memory)
        backend_state(r, GUARANTEE_MEMORY, true, "the container's cgroup");
    else
        backend_state(r, GUARANTEE_MEMORY, false, "each process by RLIMIT_DATA, not all together: %s made no cgroup for it", name);
    if (is_set(seen, S("pids_max"), sandbox_limits_default.processes + PROCESSES_OF_ENGINE))
        backend_state(r, GUARANTEE_PROCESS_COUNT, true, "the container's cgroup");
    else
        backend_state(r, GUARANTEE_PROCESS_COUNT, false, "%s made no cgroup for it", name);
}

/* ---- traces ---- */

static const char *const *engine_environment(struct arena *a)
{
    const char **env = arena_alloc(a, (N_ELEMENTS(lends) + 2) * sizeof(char *));
    size_t n = 0;

    env[n++] = BACKEND_PATH;
    for (size_t i = 0; i < N_ELEMENTS(lends); i++)
        if (getenv(lends[i]))
            env[n++] = arena_printf(a, "%s=%s", lends[i], getenv(lends[i]));
    env[n] = NULL;
    return env;
}

static enum err engine_start(const char *const *argv, int stdout_fd, struct process **out)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct process_spec spec = {
        .argv = argv, .env = engine_environment(a), .cwd = "/", .stdin_fd = PROCESS_NULL, .stdout_fd = stdout_fd,
        .stderr_fd = PROCESS_NULL,
    };

    return process_start(&spec, out);
}

/* Whoever was ended while its container was being made leaves it behind, made and never started. */
static void engine_discard(const char *job_name)
{
    const char *const argv[] = { sandbox_backend()->name, "rm", "-f", job_name, NULL };
    struct process *p;

    if (engine_start(argv, PROCESS_NULL, &p) == OK)     /* otherwise the next gateway sweeps it up */
        process_let_go(p);
}

static enum err ask(const char *const *argv, struct buf *answer) AWAITS
{
    CLEANUP(process_freep) struct process *p = NULL;
    CLEANUP(deadline_clear) struct deadline d;
    char piece[1024];
    size_t n;
    int status;

    deadline_set(&d, ASK_MS);
    TRY(engine_start(argv, PROCESS_PIPE, &p));
    do {
        TRY(fd_read(process_stdout(p), piece, sizeof piece, &n));
        buf_add(answer, str_of(piece, n));
    } while (n);
    return process_wait(p, &status);
}

static bool is_left_behind(str name)
{
    int64_t pid;
    str digits;

    return str_eat(&name, S(BACKEND_JOB_NAME)) && str_split(&name, '-', &digits) && str_i64(digits, &pid) == OK && pid > 0
           && pid <= INT_MAX && kill((pid_t)pid, 0) != 0 && errno == ESRCH;
}

static enum err engine_sweep(void) AWAITS
{
    const char *const list[] = { sandbox_backend()->name, "ps", "-a", "--filter", "label=" LABEL, "--format", "{{.Names}}", NULL };
    CLEANUP(buf_done) struct buf names = { .max = 64 << 10 }, ignored = { .max = 64 << 10 };
    CLEANUP(arena_freep) struct arena *a = arena_new();
    str rest, name;

    handover_sweep();
    TRY(ask(list, &names));
    rest = buf_str(&names);
    while (str_split(&rest, '\n', &name)) {
        const char *const drop[] = { sandbox_backend()->name, "rm", "-f", arena_c(a, name), NULL };

        if (is_left_behind(name))
            TRY(ask(drop, &ignored));
    }
    return OK;
}

const struct sandbox_backend sandbox_docker = {
    .name = "docker", .how_to_get = "docker is not installed: apt install docker.io", .reach = REACH_FOLDER,
    .argv = engine_argv, .environment = engine_environment, .judge = judge_engine, .discard = engine_discard, .sweep = engine_sweep,
};

const struct sandbox_backend sandbox_podman = {
    .name = "podman", .how_to_get = "podman is not installed: apt install podman", .reach = REACH_FOLDER,
    .argv = engine_argv, .environment = engine_environment, .judge = judge_engine, .discard = engine_discard, .sweep = engine_sweep,
};
