// SPDX-License-Identifier: Apache-2.0
#include "tool/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "runtime/clock.h"
#include "runtime/offload.h"
#include "runtime/process.h"
#include "tool/backend.h"
#include "tool/capture.h"
#include "tool/cgroup.h"
#include "tool/seccomp_filter.h"
#include "tool/workspace.h"

enum { PIECE = 16 << 10, KILL_GRACE_MS = 5000, ENV_MAX = 8, REPORT_MS = 10000 };

const struct sandbox_limits sandbox_limits_default = {
    .memory = 512 << 20, .tmp_size = 64 << 20, .file_size = 256 << 20, .output = 64 << 10,
    .cpu_ms = 60000, .wall_ms = 60000, .processes = 64,
};

/* One job under way. */
struct run {
    const struct sandbox_job *job;
    struct sandbox_plan plan;
    struct cgroup       cgroup;
    struct process     *process;
    struct fd          *output;
    struct capture      capture;
    int                 filter, input, output_end, status_end;  /* lent to the child; -1: none */
    int                 status;     /* what clawdbot-inside says */
    bool                timed_out;
};

static void close_raw(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void close_lent(struct run *r)
{
    close_raw(&r->filter);
    close_raw(&r->input);
    close_raw(&r->output_end);
    close_raw(&r->status_end);
}

/* The process goes first: its group can be removed only when it is empty. */
static void run_done(struct run *r)
{
    close_lent(r);
    close_raw(&r->status);
    process_free(r->process);
    fd_close(r->output);
    cgroup_close(&r->cgroup);
    capture_done(&r->capture);
}

static enum err memory_file(const char *name, str bytes, int *ret_fd)
{
    int fd = memfd_create(name, MFD_CLOEXEC);

    if (fd < 0 || pwrite(fd, bytes.p, bytes.len, 0) != (ssize_t)bytes.len) {
        close_raw(&fd);
        return failed(ERR_IO, "sandbox: %s: %s", name, strerror(errno));
    }
    *ret_fd = fd;
    return OK;
}

static enum err make_pipe(int *ret_read, int *ret_write)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) != 0)
        return failed(ERR_IO, "sandbox: pipe: %s", strerror(errno));
    *ret_read = ends[0];
    *ret_write = ends[1];
    return OK;
}

static enum err prepare(struct run *r)
{
    int output;
    str program;

    TRY(seccomp_filter(&program));
    TRY(memory_file("filter", program, &r->filter));
    if (r->job->input.len)
        TRY(memory_file("input", r->job->input, &r->input));
    TRY(make_pipe(&r->status, &r->status_end));
    (void)fcntl(r->status, F_SETFL, O_NONBLOCK);    /* read once, after the end */
    TRY(make_pipe(&output, &r->output_end));
    r->output = fd_open(output);
    cgroup_open(&r->cgroup, r->job->limits.memory, r->job->limits.processes);
    r->plan.n_joins = r->cgroup.n_fds;
    r->plan.limit_memory = !r->cgroup.bounds_memory;
    return OK;
}

/* The whole environment of what starts the job: the gateway's own goes nowhere.  The job's additions are set inside:
 * bubblewrap starts outside, and a loader there would obey LD_PRELOAD. */
static const char *const *environment(const struct sandbox_job *job)
{
    const char **env = arena_alloc(job->arena, (ENV_MAX + 1) * sizeof(char *));
    size_t n = 0;

    env[n++] = "PATH=/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin";
    env[n++] = "LANG=C.UTF-8";
    env[n++] = "TERM=dumb";
    env[n++] = "TMPDIR=/tmp";
    env[n++] = arena_printf(job->arena, "HOME=%s", job->workspace ? job->workspace : "/");
    return env;
}

static enum err start(struct run *r)
{
    const struct sandbox_backend *b = &sandbox_bubblewrap;
    int fds[3 + CGROUP_MAX_FDS];
    struct process_spec spec = { .env = environment(r->job), .cwd = "/", .extra_fds = fds };
    size_t n = 0;
    enum err e;

    TRY(prepare(r));
    TRY(b->argv(r->job->arena, &r->plan, &spec.argv));
    fds[n++] = r->filter;
    fds[n++] = r->status_end;
    for (int i = 0; i < r->cgroup.n_fds; i++)
        fds[n++] = r->cgroup.fds[i];
    fds[n] = -1;
    spec.stdin_fd = r->input >= 0 ? r->input : PROCESS_NULL;
    spec.stdout_fd = spec.stderr_fd = r->output_end;
    e = process_start(&spec, &r->process);
    if (e == ERR_NOT_FOUND)
        return failed(ERR_IO, "%s", b->how_to_get);
    close_lent(r);
    return e;
}

static enum err follow(struct run *r, int *ret_status) AWAITS
{
    CLEANUP(mem_freep) char *piece = mem_alloc(PIECE);
    size_t n;

    do {
        TRY(fd_read(r->output, piece, PIECE, &n));
        capture_add(&r->capture, str_of(piece, n));
    } while (n);
    return process_wait(r->process, ret_status);
}

static enum err follow_for(struct run *r, uint64_t ms, int *ret_status) AWAITS
{
    CLEANUP(deadline_clear) struct deadline d;

    deadline_set(&d, ms);
    return follow(r, ret_status);
}

/* Our own time-out is an outcome; cancellation, and the deadline of whoever waits for us, are errors. */
static enum err follow_to_end(struct run *r, int *ret_status) AWAITS
{
    enum err e = follow_for(r, r->job->limits.wall_ms, ret_status);

    if (e != ERR_TIMEOUT)
        return e;
    TRY(fiber_check());
    r->timed_out = true;
    process_kill(r->process, SIGKILL);
    return follow_for(r, KILL_GRACE_MS, ret_status);
}

/* The last line that a program wrote before it gave up. */
static str last_line(str text)
{
    str line = NO_STR;

    text = str_trim(text);
    while (str_split(&text, '\n', &line))
        continue;
    return line;
}

static enum err did_not_start(struct run *r, str said)
{
    const char *obstacle = sandbox_bubblewrap.obstacle();
    str words = last_line(said.len ? said : capture_text(&r->capture, r->job->arena));

    return failed(ERR_IO, "the sandbox does not start: %.*s%s%s", STR(words), obstacle ? "; " : "", obstacle ? obstacle : "");
}

/* Nothing on the status pipe: the backend gave up.  "failed" alone: clawdbot-inside did.  "ready" and then
 * "failed": there is no such command, which is the job's own affair. */
static enum err judge(struct run *r, int status, struct sandbox_outcome *out)
{
    char text[600];
    ssize_t n = read(r->status, text, sizeof text);
    str said = str_of(text, n > 0 ? (size_t)n : 0), why = NO_STR;
    size_t end = str_find_char(said, '\n');

    if (!str_starts(said, S("ready ")) && !r->timed_out)
        return did_not_start(r, said);
    if (end != STR_NONE)
        why = str_skip(said, end + 1);
    if (str_eat(&why, S("failed ")))
        capture_add(&r->capture, why);
    *out = (struct sandbox_outcome){
        .exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status),
        .timed_out = r->timed_out,
        .out_of_memory = cgroup_ran_out_of_memory(&r->cgroup),
        .output = capture_text(&r->capture, r->job->arena),
        .output_total = r->capture.total,
    };
    return OK;
}

static enum err hasten(void *arg) AWAITS
{
    return fiber_offload(cgroup_hasten, arg);
}

static enum err run_plan(const struct sandbox_job *job, struct sandbox_plan plan, struct sandbox_outcome *out) AWAITS
{
    CLEANUP(run_done) struct run r = {
        .job = job, .plan = plan, .capture = { .max = job->limits.output },
        .filter = -1, .input = -1, .output_end = -1, .status_end = -1, .status = -1,
    };
    CLEANUP(fibers_done) struct fibers aside = { .independent = true };
    uint64_t began = clock_ms();
    int status = 0;

    TRY(start(&r));
    if (r.cgroup.n_fds)
        fibers_spawn(&aside, "cgroup", hasten, &r.cgroup);
    TRY(follow_to_end(&r, &status));
    TRY(judge(&r, status, out));
    out->ms = clock_ms() - began;
    return OK;
}

/* Every guarantee that is demanded, or nothing runs. */
static enum err demand(unsigned required) AWAITS
{
    const struct sandbox_report *report;

    TRY(sandbox_probe(&report));
    if (report->failure[0])
        return failed(ERR_AUTH, "no command can be run here: %s", report->failure);
    for (unsigned g = 0; g < N_GUARANTEES; g++)
        if ((required & GUARANTEE_BIT(g)) && !report->states[g].held)
            return failed(ERR_AUTH, "no command is run: sandbox.require demands \"%s\", and here %s",
                          guarantee_name(g), report->states[g].by);
    return OK;
}

static enum err check_cwd(const char *cwd)
{
    str rest = str_from(cwd), part;

    if (cwd[0] == '/')
        return failed(ERR_INPUT, "%s: not relative to the workspace", cwd);
    while (str_split(&rest, '/', &part))
        if (str_eq(part, S("..")))
            return failed(ERR_INPUT, "%s: leads out of the workspace", cwd);
    return OK;
}

enum err sandbox_run(const struct sandbox_job *asked, struct sandbox_outcome *out)
{
    struct sandbox_job job = *asked;
    struct sandbox_plan plan = { .job = &job, .cwd = job.workspace };

    TRY(workspace_check(job.workspace));
    if (job.limits.wall_ms == 0 || job.limits.wall_ms > SANDBOX_WALL_MAX_MS)
        job.limits.wall_ms = SANDBOX_WALL_MAX_MS;
    if (job.cwd && job.cwd[0] && strcmp(job.cwd, ".")) {
        TRY(check_cwd(job.cwd));
        plan.cwd = arena_printf(job.arena, "%s/%s", job.workspace, job.cwd);
    }
    TRY(demand(job.require));
    return run_plan(&job, plan, out);
}

enum err sandbox_run_report(struct arena *a, str *ret_text)
{
    struct sandbox_job job = { .arena = a, .limits = sandbox_limits_default };
    struct sandbox_plan plan = { .job = &job, .cwd = "/", .report = true };
    struct sandbox_outcome outcome;

    job.limits.wall_ms = REPORT_MS;
    TRY(run_plan(&job, plan, &outcome));
    if (outcome.timed_out || outcome.exit_code != 0)
        return failed(ERR_IO, "the sandbox's report ended with %d: %.*s", outcome.exit_code, STR(outcome.output));
    *ret_text = outcome.output;
    return OK;
}
