// SPDX-License-Identifier: Apache-2.0
#include "runtime/process.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "base/mem.h"
#include "runtime/internal.h"

enum { MAX_EXTRA = 16, STDIO = 3 };

struct process {
    uv_process_t   uv;          /* freed only after libuv has let go of it */
    struct list    all;
    struct fd     *ours[STDIO];
    int            pid, status;
    bool           exited, freed;
    struct waiters waiters;
};

static struct list processes = LIST_INIT(processes);

static void on_closed(uv_handle_t *handle)
{
    struct process *p = handle->data;

    mem_freep(&p);
}

static void on_exit_status(uv_process_t *uv, int64_t status, int signal_number)
{
    struct process *p = uv->data;

    p->exited = true;
    p->status = (int)(status & 0xff) << 8 | signal_number;
    list_remove(&p->all);
    wake_all(&p->waiters);
    if (p->freed)
        uv_close((uv_handle_t *)uv, on_closed);
}

/* --- finding the program --- */

static bool is_program(const char *path)
{
    return access(path, X_OK) == 0;
}

/* In our own PATH: the child's environment is the caller's choice, not a place to look for programs. */
enum err process_find(const char *name, char out[PATH_MAX])
{
    str rest = str_from(getenv("PATH")), dir;

    if (strchr(name, '/')) {
        snprintf(out, PATH_MAX, "%s", name);
        return OK;      /* relative to the child's directory: exec will tell */
    }
    while (str_split(&rest, ':', &dir)) {
        int n = snprintf(out, PATH_MAX, "%.*s/%s", STR(dir), name);

        if (dir.len && n < PATH_MAX && is_program(out))
            return OK;
    }
    return failed(ERR_NOT_FOUND, "there is no program '%s' in PATH", name);
}

/* --- descriptors --- */

static void close_on_exec_slowly(void)
{
    DIR *d = opendir("/proc/self/fd");

    for (struct dirent *e; d && (e = readdir(d));)
        if (atoi(e->d_name) >= STDIO)                           /* LINT: the kernel's */
            fcntl(atoi(e->d_name), F_SETFD, FD_CLOEXEC);        /* LINT: the kernel's */
    if (d)
        closedir(d);
}

/* Whatever a library opened carelessly stays ours; libuv duplicates those the child is to have. */
static void close_all_on_exec(void)
{
    if (close_range(STDIO, ~0u, CLOSE_RANGE_CLOEXEC) < 0)
        close_on_exec_slowly();
}

static void close_pairs(int (*pairs)[STDIO][2])
{
    for (int i = 0; i < STDIO; i++)
        for (int side = 0; side < 2; side++)
            if ((*pairs)[i][side] >= 0)
                close((*pairs)[i][side]);
}

static void lend(uv_stdio_container_t *io, int fd)
{
    io->flags = fd < 0 ? UV_IGNORE : UV_INHERIT_FD;     /* libuv opens /dev/null for ignored standard ones */
    io->data.fd = fd;
}

/* pairs[i][0]: the child's end; pairs[i][1]: ours; -1: none */
static enum err set_up_stdio(const struct process_spec *spec, uv_stdio_container_t *io, int (*pairs)[STDIO][2])
{
    const int wanted[STDIO] = { spec->stdin_fd, spec->stdout_fd, spec->stderr_fd };

    for (int i = 0; i < STDIO; i++) {
        int ends[2];

        if (wanted[i] != PROCESS_PIPE) {
            lend(&io[i], wanted[i]);
            continue;
        }
        if (pipe2(ends, O_CLOEXEC) < 0)
            return failed(ERR_IO, "no pipe for a child process: %s", strerror(errno));
        (*pairs)[i][0] = ends[i == 0 ? 0 : 1];
        (*pairs)[i][1] = ends[i == 0 ? 1 : 0];
        lend(&io[i], (*pairs)[i][0]);
    }
    return OK;
}

static int set_up_extra(const struct process_spec *spec, uv_stdio_container_t *io)
{
    int n = STDIO;

    for (const int *fd = spec->extra_fds; fd && *fd >= 0; fd++) {
        assert(n < STDIO + MAX_EXTRA);
        lend(&io[n++], *fd);
    }
    return n;
}

/* --- start --- */

static enum err start(struct process *p, const struct process_spec *spec, const char *program,
                      uv_stdio_container_t *io, int n_io)
{
    static const char *const empty[] = { NULL };
    uv_process_options_t o = {
        .exit_cb = on_exit_status, .file = program, .args = (char **)spec->argv, .cwd = spec->cwd,
        .env = (char **)(spec->env ? spec->env : empty), .flags = UV_PROCESS_DETACHED, .stdio = io, .stdio_count = n_io,
    };

    close_all_on_exec();
    p->uv.data = p;
    int status = uv_spawn(loop_uv(), &p->uv, &o);

    if (status == 0)
        return OK;
    return failed(status == UV_ENOENT ? ERR_NOT_FOUND : ERR_IO, "cannot start %s%s%s: %s", program,
                  spec->cwd ? " in " : "", spec->cwd ? spec->cwd : "", uv_strerror(status));
}

enum err process_start(const struct process_spec *spec, struct process **out)
{
    CLEANUP(close_pairs) int pairs[STDIO][2] = { { -1, -1 }, { -1, -1 }, { -1, -1 } };
    uv_stdio_container_t io[STDIO + MAX_EXTRA];
    char program[PATH_MAX];

    TRY(process_find(spec->argv[0], program));
    TRY(set_up_stdio(spec, io, &pairs));
    int n_io = set_up_extra(spec, io);
    struct process *p = NEW(struct process);
    enum err e = start(p, spec, program, io, n_io);

    if (e) {
        uv_close((uv_handle_t *)&p->uv, on_closed);
        return e;
    }
    p->pid = p->uv.pid;
    list_push_back(&processes, &p->all);
    for (int i = 0; i < STDIO; i++)
        if (pairs[i][1] >= 0) {
            p->ours[i] = fd_open(pairs[i][1]);
            pairs[i][1] = -1;
        }
    *out = p;
    return OK;
}

struct fd *process_stdin(struct process *p)
{
    return p->ours[0];
}

struct fd *process_stdout(struct process *p)
{
    return p->ours[1];
}

struct fd *process_stderr(struct process *p)
{
    return p->ours[2];
}

void process_close_stdin(struct process *p)
{
    fd_closep(&p->ours[0]);
}

int process_pid(const struct process *p)
{
    return p->pid;
}

enum err process_wait(struct process *p, int *ret_status) AWAITS
{
    while (!p->exited)
        TRY(wait_on(&p->waiters, "a child process"));
    *ret_status = p->status;
    return OK;
}

void process_kill(struct process *p, int signal_number)
{
    kill(-p->pid, signal_number);
}

void process_free(struct process *p)
{
    if (p == NULL)
        return;
    if (!p->exited)
        process_kill(p, SIGKILL);
    process_let_go(p);
}

void process_let_go(struct process *p)
{
    for (int i = 0; i < STDIO; i++)
        fd_closep(&p->ours[i]);
    p->freed = true;
    loop_uv();
    if (p->exited)
        uv_close((uv_handle_t *)&p->uv, on_closed);
}

void process_freep(struct process **p)
{
    process_free(*p);
    *p = NULL;
}

void processes_stop(void)
{
    list_each(node, &processes)
        process_free(list_entry(node, struct process, all));
}
