// SPDX-License-Identifier: Apache-2.0
#include "tool/inside/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <unistd.h>

int filter_load(const char *path)
{
    static struct sock_filter rules[BPF_MAXINSNS];
    struct sock_fprog program = { .filter = rules };
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n;

    if (fd < 0)
        return -1;
    n = read(fd, rules, sizeof rules);
    close(fd);
    if (n <= 0 || n % (ssize_t)sizeof rules[0] != 0) {
        errno = EINVAL;
        return -1;
    }
    program.len = (unsigned short)(n / (ssize_t)sizeof rules[0]);
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}
