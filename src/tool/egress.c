// SPDX-License-Identifier: Apache-2.0
#include "tool/egress.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tool/egress_link.h"

/* So many at a time: the others wait in the kernel's queue, and then before it, in the command. */
enum { AT_ONCE = 32, ACCEPT_PAUSE_MS = 200 };

static struct egress_services services;

void egress_use(const struct egress_services *s)
{
    services = *s;
    egress_dial_forget();
}

const struct egress_services *egress_services(void)
{
    return &services;
}

/* --- telling --- */

static void remember(struct egress *e, str host)
{
    str known = buf_str(&e->reached), one;

    while (str_split(&known, ',', &one))
        if (str_eq(str_trim(one), host))
            return;
    buf_addf(&e->reached, "%s%.*s", e->reached.len ? ", " : "", STR(host));
}

void egress_tell(struct egress *e, const struct egress_link *l, enum egress_event event, str decision)
{
    const struct egress_options *o = e->options;
    struct egress_note note = {
        .person = o->person, .platform = o->platform, .session_id = o->session_id, .call_id = o->call_id,
        .event = event, .host = S(""), .address = S(""), .decision = decision,
    };

    if (l) {
        note.host = l->ask.host.p ? l->ask.host : S("");
        note.port = l->ask.port;
        note.address = str_from(l->address);
        note.sent = l->sent;
        note.received = l->received;
    }
    if (event == EGRESS_OPENED)
        remember(e, note.host);
    if (services.on_connection)
        services.on_connection(services.arg, &note);
}

/* --- accepting --- */

/* One listening socket, or nothing: who sends is clawdbot-inside, before it becomes the command. */
static int take_listener(int from)
{
    union { struct cmsghdr head; char room[CMSG_SPACE(sizeof(int))]; } control = { 0 };
    char byte;
    struct iovec iov = { &byte, 1 };
    struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
    struct cmsghdr *c;
    int fd = -1, listens = 0;
    socklen_t size = sizeof listens;

    if (recvmsg(from, &m, MSG_CMSG_CLOEXEC | MSG_DONTWAIT) <= 0)
        return -1;
    c = CMSG_FIRSTHDR(&m);
    if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof fd))
        memcpy(&fd, CMSG_DATA(c), sizeof fd);
    if (fd >= 0 && (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0 || !listens)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static void admit(struct egress *e, int raw)
{
    struct arena *a = arena_new();
    struct egress_link *l = ARENA_NEW(a, struct egress_link);

    *l = (struct egress_link){ .egress = e, .arena = a, .client.fd = fd_open(raw),
                               .parser = { .arena = a, .max_body = e->options->policy.bytes, .proxy = true } };
    e->open++;
    fibers_spawn(&e->group, "egress", egress_link_run, l);
}

static void turn_away(struct egress *e, int raw)
{
    close(raw);
    if (!e->told_full)
        egress_tell(e, NULL, EGRESS_REFUSED, S("more than sandbox.network.connections"));
    e->told_full = true;
}

static enum err accept_one(struct egress *e) AWAITS
{
    int ignored, raw;

    while (e->open >= AT_ONCE)
        TRY(wait_on(&e->room, "room for a connection"));
    TRY(fd_wait(e->listener, FD_READ, &ignored));
    raw = accept4(fd_raw(e->listener), NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (raw < 0)
        return errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM ? fiber_sleep(ACCEPT_PAUSE_MS) : OK;
    if (e->accepted >= e->options->policy.connections) {
        turn_away(e, raw);
        return OK;
    }
    e->accepted++;
    admit(e, raw);
    return OK;
}

/* The first who calls is clawdbot-inside, before the command begins. */
static enum err take_call(struct egress *e) AWAITS
{
    int ignored, raw;

    TRY(fd_wait(e->handover, FD_READ, &ignored));
    raw = accept4(fd_raw(e->handover), NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (raw < 0)
        return failed(ERR_IO, "accept: %s", strerror(errno));
    fd_close(e->handover);
    e->handover = fd_open(raw);
    return OK;
}

static enum err accept_all(void *arg) AWAITS
{
    struct egress *e = arg;
    int ignored, raw;

    if (e->is_called)
        TRY(take_call(e));
    TRY(fd_wait(e->handover, FD_READ, &ignored));
    raw = take_listener(fd_raw(e->handover));
    if (raw < 0)
        return OK;      /* the job did not come so far, and says so itself */
    e->listener = fd_open(raw);
    for (;;)
        TRY(accept_one(e));
}

/* --- life --- */

static struct egress *begin(struct arena *a, const struct egress_options *options, int handover, bool is_called)
{
    struct egress *e = ARENA_NEW(a, struct egress);

    *e = (struct egress){ .arena = a, .options = options, .handover = fd_open(handover), .is_called = is_called,
                          .group = { .independent = true } };
    fibers_spawn(&e->group, "egress.accept", accept_all, e);
    return e;
}

enum err egress_open_at(struct arena *a, const struct egress_options *options, const char *path, struct egress **out)
{
    struct sockaddr_un here = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (strlen(path) >= sizeof here.sun_path)
        errno = ENAMETOOLONG;
    else
        memcpy(here.sun_path, path, strlen(path));
    /* Who is in the container may have another number; what the folder lies in is open to us alone. */
    if (fd >= 0 && here.sun_path[0] && bind(fd, (struct sockaddr *)&here, sizeof here) == 0 && chmod(path, 0666) == 0
        && listen(fd, 1) == 0) {
        *out = begin(a, options, fd, true);
        return OK;
    }
    int saved = errno;

    if (fd >= 0)
        close(fd);
    return failed(ERR_IO, "sandbox: %s: %s", path, strerror(saved));
}

enum err egress_open(struct arena *a, const struct egress_options *options, struct egress **out, int *ret_child)
{
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return failed(ERR_IO, "sandbox: socketpair: %s", strerror(errno));
    *out = begin(a, options, ends[0], false);
    *ret_child = ends[1];
    return OK;
}

str egress_reached(const struct egress *e)
{
    return buf_str(&e->reached);
}

void egress_close(struct egress *e)
{
    if (e == NULL)
        return;
    fibers_done(&e->group);
    fd_close(e->listener);
    fd_close(e->handover);
    buf_done(&e->reached);
    e->listener = e->handover = NULL;
}
