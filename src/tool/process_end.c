// SPDX-License-Identifier: Apache-2.0
#include "tool/process_end.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/fd.h"

enum { GENERATIONS_MAX = 1000 };

/* Is `pid` of those that led to `p`?  The table may have changed while it was read, so the way is not gone for ever. */
static bool is_below(const struct machine *m, const struct machine_process *p, int64_t pid)
{
    for (int i = 0; p && i < GENERATIONS_MAX; i++) {
        if (p->pid == pid)
            return true;
        p = machine_find_process(m, p->parent);
    }
    return false;
}

enum err process_end_check(const struct machine *m, const struct machine_process *p)
{
    int64_t own = getpid();
    const struct machine_process *self = machine_find_process(m, own);

    if (p->pid == 1)
        return failed(ERR_INPUT, "process 1 is what keeps this machine up");
    if (p->pid == own)
        return failed(ERR_INPUT, "process %" PRId64 " is the assistant itself; `clawdbot stop` ends it", own);
    if (is_below(m, p, own))
        return failed(ERR_INPUT, "process %" PRId64 " was started by the assistant; the tool process ends what exec left running", p->pid);
    if (self && is_below(m, self, p->pid))
        return failed(ERR_INPUT, "process %" PRId64 " is what the assistant was started by", p->pid);
    return OK;
}

/* A pid is taken again some day: the descriptor stands for the process, and the start tells whether it is the one that was meant. */
static enum err open_process(const char *proc, const struct machine_process *p, int *out)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct machine_process now;
    int fd = (int)syscall(SYS_pidfd_open, (pid_t)p->pid, 0);

    if (fd < 0)
        return errno == ESRCH ? failed(ERR_NOT_FOUND, "process %" PRId64 " is gone", p->pid)
                              : failed(ERR_IO, "process %" PRId64 ": %s", p->pid, strerror(errno));
    if (machine_read_process(a, proc, p->pid, &now) || now.started != p->started) {
        close(fd);
        return failed(ERR_NOT_FOUND, "process %" PRId64 " is gone", p->pid);
    }
    *out = fd;
    return OK;
}

static enum err wait_for_end(struct fd *process, uint64_t ms) AWAITS
{
    CLEANUP(deadline_clear) struct deadline d;
    int events;

    deadline_set(&d, ms);
    return fd_wait(process, FD_READ, &events);
}

enum err process_end(const char *proc, const struct machine_process *p, int signal, uint64_t wait_ms, enum process_ended *out)
{
    int raw;

    TRY(open_process(proc, p, &raw));
    CLEANUP(fd_closep) struct fd *process = fd_open(raw);

    if (syscall(SYS_pidfd_send_signal, raw, signal, NULL, 0) != 0) {
        if (errno == ESRCH)
            return failed(ERR_NOT_FOUND, "process %" PRId64 " is gone", p->pid);
        return failed(errno == EPERM ? ERR_AUTH : ERR_IO, "process %" PRId64 " (%.*s): %s", p->pid, STR(p->name), strerror(errno));
    }
    enum err e = wait_for_end(process, wait_ms);

    TRY(fiber_check());
    if (e && e != ERR_TIMEOUT)
        return e;
    *out = e ? PROCESS_GOES_ON : PROCESS_ENDED;
    return OK;
}
