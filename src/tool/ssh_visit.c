// SPDX-License-Identifier: Apache-2.0
#include "tool/ssh_visit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/utf8.h"
#include "config/config.h"
#include "runtime/clock.h"
#include "runtime/offload.h"

enum { GRACE_MS = 5000 };

/* --- the thread --- */

static enum err in_thread(void *arg)
{
    struct ssh_visit *v = arg;

    v->errand->module->call(&v->call);
    return OK;
}

static void interrupt(void *arg)
{
    struct ssh_visit *v = arg;
    const uint64_t one = 1;

    atomic_store(&v->call.interrupted, true);
    if (atomic_load(&v->call.running) && write(v->call.wake_fd, &one, sizeof one) == sizeof one)
        return;
    shutdown(v->fd, SHUT_RDWR);
    if (v->agent_fd >= 0)
        shutdown(v->agent_fd, SHUT_RDWR);
}

static void take_output(void *arg, str bytes)
{
    struct ssh_visit *v = arg;

    capture_add(&v->output, bytes);
}

static void take_content(void *arg, str bytes)
{
    struct ssh_visit *v = arg;

    buf_add(&v->content, bytes);
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static int agent_connect(const char *path)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0 || strlen(path) >= sizeof to.sun_path)
        return fd;
    memcpy(to.sun_path, path, strlen(path) + 1);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static enum err converse(struct ssh_visit *v) AWAITS
{
    const struct ssh_errand *e = v->errand;
    CLEANUP(close_fd) int wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), fd = -1, agent_fd = -1;
    uint64_t connect_ms = config_now()->ssh_connect_timeout;
    struct ssh_call *c = &v->call;

    *c = (struct ssh_call){
        .target = &v->target, .action = e->action, .fd = -1, .agent_fd = -1, .wake_fd = wake, .command = e->command,
        .remote_path = e->remote_path, .content = e->content, .mode = e->mode, .timeout_ms = e->timeout_ms,
        .connect_seconds = (unsigned)((connect_ms + 999) / 1000), .max = config_now()->ssh_max_file,
        .output = e->action == SSH_GET ? take_content : take_output, .arg = v,
    };
    if (e->path)
        c->name = strrchr(e->path, '/') ? strrchr(e->path, '/') + 1 : e->path;
    if (wake < 0)
        return failed(ERR_LIMIT, "%s", strerror(errno));
    TRY(remote_dial(v->target.host, v->target.port, SOCK_STREAM, connect_ms, &c->fd));
    v->began_ms = clock_ms();
    v->fd = fd = fcntl(c->fd, F_DUPFD_CLOEXEC, 0);
    if (*v->target.agent)
        c->agent_fd = agent_connect(v->target.agent);
    v->agent_fd = agent_fd = c->agent_fd < 0 ? -1 : fcntl(c->agent_fd, F_DUPFD_CLOEXEC, 0);
    return fiber_offload_long(in_thread, interrupt, v);
}

/* The last bound, should the other side drip its bytes: the call has bounds of its own for every step. */
static enum err converse_in_time(struct ssh_visit *v) AWAITS
{
    CLEANUP(deadline_clear) struct deadline d;

    deadline_set(&d, config_now()->ssh_connect_timeout + v->errand->timeout_ms + GRACE_MS);
    return converse(v);
}

/* --- what is told --- */

void ssh_visit_say(struct ssh_visit *v, bool is_error, const char *fmt, ...)
{
    str before = v->report->text;
    CLEANUP(buf_done) struct buf text = { .max = before.len + 4096 };
    char line[2048];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    buf_add(&text, before);
    if (before.len && before.p[before.len - 1] != '\n')
        buf_add_char(&text, '\n');
    utf8_add_repaired(&text, str_from(line));
    v->report->text = arena_str(v->errand->cx->arena, buf_str(&text));
    v->report->is_error = is_error;
}

static void tell(struct ssh_visit *v)
{
    const struct ssh_call *c = &v->call;
    double seconds = (double)(clock_ms() - v->began_ms) / 1000;

    v->report->text = capture_text(&v->output, v->errand->cx->arena);
    switch (c->end) {
    case SSH_FAILED:
        ssh_visit_say(v, true, "%s: %s", v->target.name, c->error);
        break;
    case SSH_EXITED:
        ssh_visit_say(v, false, "[exit status %d after %.1f s]", c->exit_status, seconds);
        break;
    case SSH_SIGNALLED:
        ssh_visit_say(v, false, "[ended by signal %s after %.1f s]", c->signal, seconds);
        break;
    case SSH_TIMED_OUT:
        ssh_visit_say(v, true, "[timed out after %.1f s %s]", (double)c->timeout_ms / 1000,
                      c->killed ? "and was killed" : "and was sent KILL; whether it still runs there is not known");
        break;
    case SSH_LOST:
        ssh_visit_say(v, true, "[the connection broke after %.1f s; whether the command goes on there is not known]", seconds);
        break;
    case SSH_DONE:
        if (c->action == SSH_PUT)
            ssh_visit_say(v, false, "%s: %s written, %zu bytes", v->target.name, c->where, c->content.len);
        break;
    }
}

enum err ssh_visit(void *arg)
{
    struct ssh_visit *v = arg;
    enum err e = converse_in_time(v);

    if (e)
        TRY(fiber_check());         /* the turn itself is to end */
    if (e == OK)
        tell(v);
    else if (e == ERR_TIMEOUT)
        ssh_visit_say(v, true, "%s: no end after %.0f s: given up", v->target.name, (double)(clock_ms() - v->began_ms) / 1000);
    else
        ssh_visit_say(v, true, "%s: %s", v->target.name, failed_text());
    return OK;
}

void ssh_visit_done(struct ssh_visit *v)
{
    capture_done(&v->output);
    buf_done(&v->content);
}
