// SPDX-License-Identifier: Apache-2.0
#include "tool/inside/egress.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 128 };

int egress_call(const char *path)
{
    struct sockaddr_un there = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (strlen(path) >= sizeof there.sun_path)
        return -1;
    strcpy(there.sun_path, path);   /* LINT: it fits */
    return fd >= 0 && connect(fd, (struct sockaddr *)&there, sizeof there) == 0 ? fd : -1;
}

static int listen_here(void)
{
    struct sockaddr_in here = { .sin_family = AF_INET, .sin_port = htons(INSIDE_EGRESS_PORT) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || (bind(fd, (struct sockaddr *)&here, sizeof here) == 0 && listen(fd, BACKLOG) == 0))
        return fd;
    int saved = errno;

    close(fd);
    errno = saved;
    return -1;
}

static bool send_over(int to, int fd)
{
    union { struct cmsghdr head; char room[CMSG_SPACE(sizeof(int))]; } control = { 0 };
    char byte = 0;
    struct iovec iov = { &byte, 1 };
    struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);

    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(c), &fd, sizeof fd);
    return sendmsg(to, &m, MSG_NOSIGNAL) == 1;
}

void egress_environment(void)
{
    static const char *const names[] = { "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy" };
    char url[40];

    snprintf(url, sizeof url, "http://127.0.0.1:%d", INSIDE_EGRESS_PORT);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        setenv(names[i], url, 0);
    setenv("NO_PROXY", "localhost,127.0.0.1,::1", 0);
    setenv("no_proxy", "localhost,127.0.0.1,::1", 0);
}

bool egress_hand_over(int to)
{
    int fd = listen_here();
    bool good = fd >= 0 && send_over(to, fd);
    int saved = errno;

    if (fd >= 0)
        close(fd);
    close(to);
    errno = saved;
    return good;
}
