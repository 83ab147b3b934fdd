// SPDX-License-Identifier: Apache-2.0
#include "plain.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

void plain_die(const char *what)
{
    perror(what);
    exit(1);
}

double plain_now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

double plain_cpu_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static struct sockaddr_in loopback(unsigned port)
{
    return (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

int plain_try_dial(unsigned port)
{
    struct sockaddr_in a = loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;

    CHECKED(fd >= 0);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (connect(fd, (struct sockaddr *)&a, sizeof a) == 0)
        return fd;
    close(fd);
    return -1;
}

int plain_dial(unsigned port)
{
    int fd = plain_try_dial(port);

    CHECKED(fd >= 0);
    return fd;
}

int plain_listen(unsigned port, unsigned *ret_port)
{
    struct sockaddr_in a = loopback(port);
    socklen_t len = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), yes = 1;

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);     /* accepted sockets inherit it */
    CHECKED(bind(fd, (struct sockaddr *)&a, sizeof a) == 0 && listen(fd, 1024) == 0);
    CHECKED(getsockname(fd, (struct sockaddr *)&a, &len) == 0);
    *ret_port = ntohs(a.sin_port);
    return fd;
}

void plain_watch(int epoll, int fd, uint32_t events, void *arg)
{
    struct epoll_event ev = { .events = events, .data.ptr = arg };

    CHECKED(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &ev) == 0);
}

void plain_all_files(void)
{
    struct rlimit files = { 0, 0 };

    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
}

void sample_add(struct sample *s, double us)
{
    if (s->n == s->cap) {
        s->cap = s->cap ? s->cap * 2 : 4096;
        CHECKED((s->us = realloc(s->us, s->cap * sizeof *s->us)));
    }
    s->us[s->n++] = us;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

double sample_quantile(struct sample *s, double q)
{
    if (s->n == 0)
        return 0;
    qsort(s->us, s->n, sizeof *s->us, by_size);
    return s->us[(size_t)(q * (double)(s->n - 1))];
}

static void make_room(struct bytes *b, size_t n)
{
    if (b->len + n + 1 <= b->cap)
        return;
    b->cap = (b->len + n + 1) * 2;
    CHECKED((b->p = realloc(b->p, b->cap)));
}

void bytes_add(struct bytes *b, const void *p, size_t n)
{
    make_room(b, n);
    memcpy(b->p + b->len, p, n);
    b->len += n;
    b->p[b->len] = '\0';
}

void bytes_addf(struct bytes *b, const char *fmt, ...)
{
    va_list ap;

    make_room(b, 1024);
    va_start(ap, fmt);
    int n = vsnprintf(b->p + b->len, 1024, fmt, ap);

    va_end(ap);
    CHECKED(n >= 0 && n < 1024);
    b->len += (size_t)n;
}

void bytes_drop(struct bytes *b, size_t n)
{
    memmove(b->p, b->p + n, b->len - n + 1);
    b->len -= n;
}
