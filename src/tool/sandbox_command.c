// SPDX-License-Identifier: Apache-2.0
#include "tool/sandbox_command.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "runtime/clock.h"
#include "runtime/offload.h"
#include "runtime/process.h"
#include "tool/backend.h"
#include "tool/cgroup.h"
#include "tool/egress.h"
#include "tool/handover.h"
#include "tool/process_group.h"
#include "tool/seccomp_filter.h"

enum { PIECE = 16 << 10, KILL_GRACE_MS = 5000, ENV_MAX = 8, WORDS_MAX = 4096 };

struct sandbox_command {
    struct sandbox_job  job;
    struct sandbox_plan plan;
    struct cgroup       cgroup;
    struct process     *process;
    struct egress      *egress;         /* NULL: no network */
    const struct sandbox_backend *backend;
    struct handover     handover;
    struct fd          *output, *feed;  /* feed: our end of its standard input, or NULL */
    struct terminal_text text;
    struct capture      capture;
    struct waiters      news;
    uint64_t            began;
    int                 first, input, output_end, status_end, egress_end;   /* lent to the child; -1: none */
    int                 status;     /* what clawdbot-inside says */
    int                 words;      /* what a container's engine says for itself: a file in memory; -1: no engine */
    int                 lifeline;   /* held while the job may live; -1: it is none that is ended so */
    bool                timed_out, finished, ended;  /* finished: by itself, or by its time */
};

static void close_raw(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void close_lent(struct sandbox_command *c)
{
    close_raw(&c->first);
    close_raw(&c->input);
    close_raw(&c->output_end);
    close_raw(&c->status_end);
    close_raw(&c->egress_end);
}

/* Of a job that did not come to its end something may be left. */
static void discard(struct sandbox_command *c)
{
    if (c->plan.name && !c->finished && c->backend->discard)
        c->backend->discard(c->plan.name);
    c->plan.name = NULL;
    handover_close(&c->handover);
}

/* The process goes first: its group can be removed only when it is empty. */
static void release(struct sandbox_command *c)
{
    close_lent(c);
    close_raw(&c->status);
    close_raw(&c->words);
    close_raw(&c->lifeline);
    process_freep(&c->process);
    discard(c);
    egress_close(c->egress);
    c->egress = NULL;
    cgroup_close(&c->cgroup);
}

void sandbox_command_free(struct sandbox_command *c)
{
    if (c == NULL)
        return;
    release(c);
    if (c->feed != c->output)
        fd_close(c->feed);
    fd_close(c->output);
    capture_done(&c->capture);
    free(c);
}

void sandbox_command_freep(struct sandbox_command **c)
{
    sandbox_command_free(*c);
    *c = NULL;
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

static enum err prepare_input(struct sandbox_command *c)
{
    int feed;

    if (!c->job.input_later)
        return c->job.input.len ? memory_file("input", c->job.input, &c->input) : OK;
    TRY(make_pipe(&c->input, &feed));
    c->feed = fd_open(feed);
    return OK;
}

/* Ahead of whoever reads it.  What ends an input does so twice: the first ends a line that was begun. */
static enum err type_input(struct sandbox_command *c)
{
    CLEANUP(buf_done) struct buf text = { 0 };

    buf_add(&text, c->job.input);
    if (!c->job.input_later)
        buf_add(&text, text.len && text.p[text.len - 1] != '\n' ? S("\4\4") : S("\4"));
    if (text.len && write(fd_raw(c->feed), text.p, text.len) != (ssize_t)text.len)
        return failed(ERR_LIMIT, "more input than a terminal takes before anybody reads it");
    return OK;
}

static enum err prepare_streams(struct sandbox_command *c)
{
    int output;

    if (c->job.terminal.columns) {
        TRY(terminal_open(c->job.terminal, &output, &c->output_end));
        c->output = c->feed = fd_open(output);
        return type_input(c);
    }
    TRY(prepare_input(c));
    TRY(make_pipe(&output, &c->output_end));
    c->output = fd_open(output);
    return OK;
}

/* With the first descriptor the sandbox begins: the filter that bubblewrap loads, or the lifeline's end that is watched. */
static enum err prepare_descriptors(struct sandbox_command *c, str filter)
{
    if (c->backend->reach == REACH_LIFELINE)
        TRY(make_pipe(&c->first, &c->lifeline));
    else
        TRY(memory_file("filter", filter, &c->first));
    TRY(make_pipe(&c->status, &c->status_end));
    (void)fcntl(c->status, F_SETFL, O_NONBLOCK);    /* read once, after the end */
    if (c->job.network && c->backend->reach == REACH_DESCRIPTORS)
        TRY(egress_open(c->job.arena, c->job.network, &c->egress, &c->egress_end));
    cgroup_open(&c->cgroup, c->job.limits.memory, c->job.limits.processes, c->job.limits.cpu_share);
    c->plan.n_joins = c->cgroup.n_fds;
    c->plan.egress_fd = c->egress ? BACKEND_FD_JOIN + c->cgroup.n_fds : -1;
    c->plan.limit_memory = !c->cgroup.bounds_memory;
    c->plan.low_priority = c->job.limits.cpu_share && !c->cgroup.bounds_share;
    return OK;
}

static enum err prepare_folder(struct sandbox_command *c, str filter)
{
    static unsigned n;

    TRY(memory_file("words", NO_STR, &c->words));
    TRY(handover_open(&c->handover, filter, &c->status, &c->lifeline));
    c->plan.handover = c->handover.folder;
    c->plan.name = arena_printf(c->job.arena, BACKEND_JOB_NAME "%d-%u", (int)getpid(), ++n);
    c->plan.egress_fd = -1;
    if (c->job.network)
        return egress_open_at(c->job.arena, c->job.network, handover_path(c->job.arena, &c->handover, HANDOVER_EGRESS), &c->egress);
    return OK;
}

static enum err prepare(struct sandbox_command *c)
{
    str filter;

    TRY(seccomp_filter(&filter));
    TRY(prepare_streams(c));
    return c->backend->reach == REACH_FOLDER ? prepare_folder(c, filter) : prepare_descriptors(c, filter);
}

/* The whole environment of what starts the job: the gateway's own goes nowhere.  The job's additions are set inside:
 * bubblewrap starts outside, and a loader there would obey LD_PRELOAD. */
static const char *const *environment(const struct sandbox_job *job)
{
    const char **env = arena_alloc(job->arena, (ENV_MAX + 1) * sizeof(char *));
    size_t n = 0;

    env[n++] = BACKEND_PATH;
    env[n++] = "LANG=C.UTF-8";
    env[n++] = job->terminal.columns ? "TERM=xterm-256color" : "TERM=dumb";
    env[n++] = "TMPDIR=/tmp";
    env[n++] = arena_printf(job->arena, "HOME=%s", job->workspace ? job->workspace : "/");
    return env;
}

static void lend_descriptors(const struct sandbox_command *c, int *fds)
{
    size_t n = 0;

    if (c->backend->reach != REACH_FOLDER) {
        fds[n++] = c->first;
        fds[n++] = c->status_end;
        for (int i = 0; i < c->cgroup.n_fds; i++)
            fds[n++] = c->cgroup.fds[i];
        if (c->egress)
            fds[n++] = c->egress_end;
    }
    fds[n] = -1;
}

static enum err start(struct sandbox_command *c)
{
    const struct sandbox_backend *b = c->backend;
    int fds[4 + CGROUP_MAX_FDS];
    struct process_spec spec = { .cwd = "/", .extra_fds = fds };
    enum err e;

    TRY(prepare(c));
    TRY(b->argv(c->job.arena, &c->plan, &spec.argv));
    lend_descriptors(c, fds);
    spec.env = b->environment ? b->environment(c->job.arena) : environment(&c->job);
    spec.stdin_fd = c->job.terminal.columns ? c->output_end : c->input >= 0 ? c->input : PROCESS_NULL;
    spec.stdout_fd = c->output_end;
    spec.stderr_fd = c->words >= 0 ? c->words : c->output_end;
    e = process_start(&spec, &c->process);
    if (e == ERR_NOT_FOUND)
        return failed(ERR_IO, "%s", b->how_to_get);
    close_lent(c);
    return e;
}

enum err sandbox_start_plan(const struct sandbox_plan *plan, struct sandbox_command **out)
{
    CLEANUP(sandbox_command_freep) struct sandbox_command *c = NEW(struct sandbox_command);

    c->first = c->input = c->output_end = c->status_end = c->egress_end = c->status = c->words = c->lifeline = -1;
    c->backend = sandbox_backend();
    c->job = *plan->job;
    c->plan = *plan;
    c->plan.job = &c->job;
    c->capture.max = c->job.limits.output;
    c->began = clock_ms();
    TRY(start(c));
    *out = c;
    c = NULL;
    return OK;
}

/* ---- to its end ---- */

/* A terminal that nobody has open any more reads as an error. */
static enum err read_output(struct sandbox_command *c, char *piece, size_t *ret_n) AWAITS
{
    enum err e = fd_read(c->output, piece, PIECE, ret_n);

    if (e != ERR_IO || !c->job.terminal.columns)
        return e;
    *ret_n = 0;
    return OK;
}

static void keep(struct sandbox_command *c, str bytes)
{
    CLEANUP(buf_done) struct buf text = { 0 };

    if (c->job.terminal.columns) {
        terminal_text_add(&c->text, bytes, &text);
        bytes = buf_str(&text);
    }
    capture_add(&c->capture, bytes);
    wake_all(&c->news);
}

static enum err follow(struct sandbox_command *c, int *ret_status) AWAITS
{
    CLEANUP(mem_freep) char *piece = mem_alloc(PIECE);
    size_t n;

    do {
        TRY(read_output(c, piece, &n));
        keep(c, str_of(piece, n));
    } while (n);
    return process_wait(c->process, ret_status);
}

static enum err follow_for(struct sandbox_command *c, uint64_t ms, int *ret_status) AWAITS
{
    CLEANUP(deadline_clear) struct deadline d;

    deadline_set(&d, ms);
    return follow(c, ret_status);
}

/* Who has a lifeline ends the job by itself, and is asked first. */
static enum err kill_and_follow(struct sandbox_command *c, int *ret_status) AWAITS
{
    if (c->lifeline >= 0) {
        close_raw(&c->lifeline);
        enum err e = follow_for(c, KILL_GRACE_MS, ret_status);

        if (e != ERR_TIMEOUT)
            return e;
        TRY(fiber_check());
    }
    process_kill(c->process, SIGKILL);
    return follow_for(c, KILL_GRACE_MS, ret_status);
}

/* Our own time-out is an outcome; cancellation, and the deadline of whoever waits for us, are errors. */
static enum err follow_to_end(struct sandbox_command *c, int *ret_status) AWAITS
{
    enum err e = follow_for(c, c->job.limits.wall_ms, ret_status);

    if (e != ERR_TIMEOUT)
        return e;
    TRY(fiber_check());
    c->timed_out = true;
    return kill_and_follow(c, ret_status);
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

static enum err did_not_start(struct sandbox_command *c, str said)
{
    const char *obstacle = c->backend->obstacle ? c->backend->obstacle() : NULL;
    char text[WORDS_MAX];
    ssize_t n = c->words >= 0 ? pread(c->words, text, sizeof text, 0) : 0;
    str words = last_line(said.len ? said : n > 0 ? str_of(text, (size_t)n) : capture_text(&c->capture, c->job.arena));

    return failed(ERR_IO, "the sandbox does not start: %.*s%s%s", STR(words), obstacle ? "; " : "", obstacle ? obstacle : "");
}

/* Nothing on the status pipe: the backend gave up.  "failed" alone: clawdbot-inside did.  "ready" and then
 * "failed": there is no such command, which is the job's own affair. */
static enum err judge(struct sandbox_command *c, int status, struct sandbox_outcome *out)
{
    char text[600];
    ssize_t n = read(c->status, text, sizeof text);
    str said = str_of(text, n > 0 ? (size_t)n : 0), why = NO_STR;
    size_t end = str_find_char(said, '\n');

    if (!str_starts(said, S("ready ")) && !c->timed_out)
        return did_not_start(c, said);
    if (end != STR_NONE)
        why = str_skip(said, end + 1);
    if (str_eat(&why, S("failed ")))
        capture_add(&c->capture, why);
    *out = (struct sandbox_outcome){
        .exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status),
        .timed_out = c->timed_out,
        .out_of_memory = cgroup_ran_out_of_memory(&c->cgroup),
        .output = capture_text(&c->capture, c->job.arena),
        .reached = c->egress ? arena_str(c->job.arena, egress_reached(c->egress)) : S(""),
        .output_total = c->capture.total,
    };
    return OK;
}

static enum err hasten(void *arg) AWAITS
{
    return fiber_offload(cgroup_hasten, arg);
}

static enum err follow_and_judge(struct sandbox_command *c, struct sandbox_outcome *out) AWAITS
{
    CLEANUP(fibers_done) struct fibers aside = { .independent = true };
    int status = 0;

    if (c->cgroup.n_fds)
        fibers_spawn(&aside, "cgroup", hasten, &c->cgroup);
    TRY(follow_to_end(c, &status));
    TRY(judge(c, status, out));
    out->ms = clock_ms() - c->began;
    c->finished = true;
    return OK;
}

enum err sandbox_follow(struct sandbox_command *c, struct sandbox_outcome *out)
{
    enum err e = follow_and_judge(c, out);

    c->ended = true;
    release(c);
    wake_all(&c->news);
    return e;
}

/* ---- for others, meanwhile ---- */

const struct capture *sandbox_output(const struct sandbox_command *c)
{
    return &c->capture;
}

str sandbox_reached(const struct sandbox_command *c)
{
    return c->egress ? egress_reached(c->egress) : S("");
}

struct waiters *sandbox_news(struct sandbox_command *c)
{
    return &c->news;
}

enum err sandbox_write(struct sandbox_command *c, str *bytes)
{
    int ignored;

    while (bytes->len) {
        if (c->feed == NULL || c->ended)
            return failed(ERR_CONFLICT, "its standard input is closed");
        ssize_t n = write(fd_raw(c->feed), bytes->p, bytes->len);

        if (n >= 0)
            *bytes = str_skip(*bytes, (size_t)n);
        else if (errno == EPIPE)
            return failed(ERR_CONFLICT, "nobody reads its standard input any more");
        else if (errno != EAGAIN && errno != EINTR)
            return failed(ERR_IO, "its standard input: %s", strerror(errno));
        else
            TRY(fd_wait(c->feed, FD_WRITE, &ignored));
    }
    return OK;
}

void sandbox_close_input(struct sandbox_command *c)
{
    static const char end_of_transmission = 4;      /* what a terminal takes for the end of its input */

    if (!c->job.terminal.columns)
        fd_closep(&c->feed);
    else if (write(fd_raw(c->feed), &end_of_transmission, 1) < 0)
        return;     /* it has ended, or reads nothing of all that was written */
}

/* On a terminal it is for whoever has the foreground, as when a key sends it. */
static enum err find_group(struct sandbox_command *c, int *ret_group) AWAITS
{
    pid_t foreground = 0;

    if (!c->job.terminal.columns || ioctl(fd_raw(c->output), TIOCGPGRP, &foreground) != 0 || foreground <= 1)
        return process_group_below(process_pid(c->process), c->backend->generations, ret_group);
    *ret_group = foreground;
    return OK;
}

enum err sandbox_signal(struct sandbox_command *c, int signal_number)
{
    int group;

    if (c->ended)
        return failed(ERR_CONFLICT, "it has ended");
    if (signal_number == SIGKILL && c->lifeline >= 0) {
        close_raw(&c->lifeline);
        return OK;
    }
    if (signal_number == SIGKILL) {
        process_kill(c->process, SIGKILL);
        return OK;
    }
    TRY(find_group(c, &group));
    if (c->ended)
        return failed(ERR_CONFLICT, "it has ended");
    return kill(-group, signal_number) == 0 ? OK : failed(ERR_NOT_FOUND, "no signal reaches it: %s", strerror(errno));
}
