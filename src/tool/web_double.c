// SPDX-License-Identifier: Apache-2.0
#include "tool/web_double.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/test.h"
#include "net/client.h"

struct visit { struct web_double *web; struct fd *fd; };

static void visit_done(struct visit *v)
{
    fd_close(v->fd);
}

/* Head and body of one request into web->last. */
static enum err take_request(struct visit *v) AWAITS
{
    CLEANUP(buf_done) struct buf in = {0};
    size_t n, end, length = 0;
    char piece[4096];

    for (;;) {
        end = str_find(buf_str(&in), S("\r\n\r\n"));
        size_t at = str_find(buf_str(&in), S("Content-Length: "));

        if (end != STR_NONE && at < end)
            length = (size_t)strtoull(in.p + at + 16, NULL, 10);
        if (end != STR_NONE && in.len >= end + 4 + length)
            break;
        TRY(fd_read(v->fd, piece, sizeof piece, &n));
        if (n == 0)
            return failed(ERR_NET, "closed");
        buf_add(&in, str_of(piece, n));
    }
    buf_clear(&v->web->last);
    buf_add(&v->web->last, buf_str(&in));
    v->web->n_requests++;
    return OK;
}

static enum err visit(void *arg)
{
    struct visit *given = arg;
    CLEANUP(visit_done) struct visit v = *given;
    str line, method, target;

    free(given);
    TRY(take_request(&v));
    line = buf_str(&v.web->last);
    str_split(&line, ' ', &method);
    str_split(&line, ' ', &target);
    char *copy = str_dup_c(target);
    enum err e = v.web->answer(v.web, v.fd, str_from(copy));

    free(copy);
    return e;
}

static enum err accept_all(void *arg)
{
    struct web_double *web = arg;

    for (;;) {
        int events, raw;

        TRY(fd_wait(web->listener, FD_READ, &events));
        raw = accept4(fd_raw(web->listener), NULL, NULL, SOCK_CLOEXEC);
        if (raw < 0)
            continue;
        struct visit *v = NEW(struct visit);

        *v = (struct visit){ web, fd_open(raw) };
        web->n_connections++;
        fibers_spawn(&web->group, "visit", visit, v);
    }
}

void web_double_open(struct web_double *web)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int raw = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    socklen_t size = sizeof a;

    CHECK(raw >= 0 && bind(raw, (struct sockaddr *)&a, sizeof a) == 0 && listen(raw, 64) == 0);
    getsockname(raw, (struct sockaddr *)&a, &size);
    web->port = ntohs(a.sin_port);
    web->listener = fd_open(raw);
    web->group = (struct fibers){ .independent = true };
    fibers_spawn(&web->group, "web double", accept_all, web);
}

void web_double_done(struct web_double *web)
{
    fibers_done(&web->group);
    fd_close(web->listener);
    buf_done(&web->last);
    http_client_stop();
}

enum err web_double_send(struct fd *fd, const char *status_and_fields, str body) AWAITS
{
    CLEANUP(buf_done) struct buf all = {0};

    buf_addf(&all, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n", status_and_fields, body.len);
    buf_add(&all, body);
    return fd_write(fd, buf_str(&all));
}
