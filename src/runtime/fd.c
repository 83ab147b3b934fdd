// SPDX-License-Identifier: Apache-2.0
#include "runtime/fd.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "runtime/fd_watch.h"
#include "runtime/internal.h"

/* One fiber's wait, on its stack. */
struct wait {
    struct fiber *fiber;
    int           events, got;
};

struct fd {
    struct poller poller;
    struct wait  *reader, *writer;      /* the same one when a fiber waits for either */
    bool          pollable;             /* a regular file is not, and never blocks long */
    bool          drained;              /* the latest read took all there was: asking again is in vain */
};

static int from_epoll(uint32_t events)
{
    int got = 0;

    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        got |= FD_READ;
    if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR))
        got |= FD_WRITE;
    return got;
}

static uint32_t to_epoll(int events)
{
    return (events & FD_READ ? EPOLLIN : 0u) | (events & FD_WRITE ? EPOLLOUT : 0u);
}

static void tell(struct wait *w, int got)
{
    if (w && (w->events & got)) {
        w->got |= w->events & got;
        fiber_ready(w->fiber);
    }
}

static int wanted(const struct fd *fd)
{
    return (fd->reader ? FD_READ : 0) | (fd->writer ? FD_WRITE : 0);
}

static void on_ready(struct poller *p, uint32_t events)
{
    struct fd *fd = (struct fd *)p;
    int got = from_epoll(events), left = wanted(fd);

    tell(fd->reader, got);
    if (fd->writer != fd->reader)
        tell(fd->writer, got);
    /* Readiness nobody waits for would be told again and again. */
    if (got & ~left && poller_arm(p, to_epoll(left)) != OK)
        poller_disarm(p);
}

struct fd *fd_open(int raw)
{
    struct fd *fd = NEW(struct fd);
    struct stat st;
    int flags = fcntl(raw, F_GETFL);

    assert(flags >= 0);
    fcntl(raw, F_SETFL, flags | O_NONBLOCK);
    fcntl(raw, F_SETFD, FD_CLOEXEC);
    fd->poller = (struct poller){ .raw = raw, .ready = on_ready };
    fd->pollable = fstat(raw, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);
    return fd;
}

void fd_close(struct fd *fd)
{
    if (fd == NULL)
        return;
    assert(fd->reader == NULL && fd->writer == NULL);
    poller_disarm(&fd->poller);
    close(fd->poller.raw);
    mem_freep(&fd);
}

void fd_closep(struct fd **fd)
{
    fd_close(*fd);
    *fd = NULL;
}

int fd_raw(const struct fd *fd)
{
    return fd->poller.raw;
}

static const char *why(int events)
{
    return events == FD_READ ? "data from a descriptor" : events == FD_WRITE ? "room in a descriptor" : "a descriptor";
}

static enum err wait_or(struct fd *fd, int events, struct list *also, int *ret_events) AWAITS
{
    struct wait w = { .fiber = fiber_self(), .events = events };
    uint32_t keep = fd->poller.armed & EPOLLIN;     /* the next wait mostly wants it again */

    TRY(fiber_step());
    if (!fd->pollable) {
        *ret_events = events;
        return OK;
    }
    assert(!(events & FD_READ && fd->reader) && !(events & FD_WRITE && fd->writer));
    TRY(poller_arm(&fd->poller, keep | to_epoll(events | wanted(fd))));
    if (events & FD_READ)
        fd->reader = &w;
    if (events & FD_WRITE)
        fd->writer = &w;
    enum err e = also ? list_wait(also, why(events)) : fiber_park(why(events));

    if (fd->reader == &w)
        fd->reader = NULL;
    if (fd->writer == &w)
        fd->writer = NULL;
    if (e == OK)
        *ret_events = w.got;
    return e;
}

enum err fd_wait(struct fd *fd, int events, int *ret_events) AWAITS
{
    return wait_or(fd, events, NULL, ret_events);
}

enum err fd_wait_or(struct fd *fd, int events, struct waiters *also, int *ret_events) AWAITS
{
    return wait_or(fd, events, &also->list, ret_events);
}

static enum err broken(const char *doing)
{
    enum err e = errno == EPIPE || errno == ECONNRESET || errno == ETIMEDOUT || errno == EHOSTUNREACH ||
                 errno == ENETUNREACH || errno == ECONNREFUSED || errno == ENOTCONN ? ERR_NET : ERR_IO;

    return failed(e, "%s: %s", doing, strerror(errno));
}

static bool would_block(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK;
}

enum err fd_read(struct fd *fd, void *p, size_t size, size_t *ret_n) AWAITS
{
    int ignored;

    TRY(fiber_step());
    for (;;) {
        if (fd->drained)
            TRY(fd_wait(fd, FD_READ, &ignored));
        fd->drained = false;
        ssize_t n = read(fd->poller.raw, p, size);

        if (n >= 0) {
            fd->drained = n > 0 && (size_t)n < size && fd->pollable;
            *ret_n = (size_t)n;
            return OK;
        }
        fd->drained = would_block();
        if (!fd->drained && errno != EINTR)
            return broken("read");
    }
}

enum err fd_write(struct fd *fd, str s) AWAITS
{
    int ignored;

    TRY(fiber_step());
    while (s.len) {
        ssize_t n = write(fd->poller.raw, s.p, s.len);

        if (n >= 0)
            s = str_skip(s, (size_t)n);
        else if (would_block())
            TRY(fd_wait(fd, FD_WRITE, &ignored));
        else if (errno != EINTR)
            return broken("write");
    }
    return OK;
}

/* --- descriptors of others --- */

struct one_wait { struct poller poller; struct wait wait; };

static void on_one_ready(struct poller *p, uint32_t events)
{
    struct one_wait *o = (struct one_wait *)p;

    tell(&o->wait, from_epoll(events));
}

enum err fiber_wait_fd(int raw, int events, int *ret_events) AWAITS
{
    struct one_wait o = { .poller = { .raw = raw, .ready = on_one_ready }, .wait = { fiber_self(), events, 0 } };

    TRY(fiber_step());
    TRY(poller_arm(&o.poller, to_epoll(events)));
    enum err e = fiber_park(why(events));

    poller_disarm(&o.poller);
    if (e == OK)
        *ret_events = o.wait.got;
    return e;
}

struct fd_watch {
    struct poller poller;
    void        (*fn)(void *arg, int events);
    void         *arg;
};

static void on_watch_ready(struct poller *p, uint32_t events)
{
    struct fd_watch *w = (struct fd_watch *)p;

    w->fn(w->arg, from_epoll(events));
}

struct fd_watch *fd_watch_new(int raw, void (*fn)(void *arg, int events), void *arg)
{
    struct fd_watch *w = NEW(struct fd_watch);

    *w = (struct fd_watch){ .poller = { .raw = raw, .ready = on_watch_ready }, .fn = fn, .arg = arg };
    return w;
}

enum err fd_watch_set(struct fd_watch *w, int events)
{
    if (events)
        return poller_arm(&w->poller, to_epoll(events));
    poller_disarm(&w->poller);
    return OK;
}

void fd_watch_free(struct fd_watch *w)
{
    if (w == NULL)
        return;
    poller_disarm(&w->poller);
    mem_freep(&w);
}
