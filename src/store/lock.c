// SPDX-License-Identifier: Apache-2.0
#include "store/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/mem.h"
#include "store/folder.h"

struct home_lock { int fd; };

static enum err lock_path(const char *home, char out[PATH_MAX])
{
    if (snprintf(out, PATH_MAX, "%s/run/gateway.lock", home) >= PATH_MAX)
        return failed(ERR_INPUT, "a path of more than %d bytes", PATH_MAX);
    return OK;
}

/* 0 when nothing sensible is written there yet. */
static int pid_in(int fd)
{
    char text[32] = "";
    uint64_t pid;
    ssize_t n = pread(fd, text, sizeof text - 1, 0);

    return n > 0 && str_u64(str_trim(str_from(text)), &pid) == OK ? (int)pid : 0;
}

enum err home_lock_take(const char *home, struct home_lock **out)
{
    char path[PATH_MAX], text[32];

    TRY(lock_path(home, path));
    TRY(folders_make_for(path));
    CLEANUP(raw_closep) int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (fd < 0)
        return failed(ERR_IO, "cannot open %s: %s", path, strerror(errno));
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        if (errno == EWOULDBLOCK)
            return failed(ERR_CONFLICT, "another gateway (pid %d) already uses %s", pid_in(fd), home);
        return failed(ERR_IO, "cannot lock %s: %s", path, strerror(errno));
    }
    int len = snprintf(text, sizeof text, "%d\n", (int)getpid());

    if (ftruncate(fd, 0) < 0 || pwrite(fd, text, (size_t)len, 0) != len)
        return failed(ERR_IO, "cannot write %s: %s", path, strerror(errno));
    *out = NEW(struct home_lock);
    (*out)->fd = fd;
    fd = -1;
    return OK;
}

enum err home_lock_holder(const char *home, int *ret_pid)
{
    char path[PATH_MAX];

    TRY(lock_path(home, path));
    CLEANUP(raw_closep) int fd = open(path, O_RDWR | O_CLOEXEC);

    if (fd < 0 && errno != ENOENT)
        return failed(ERR_IO, "cannot open %s: %s", path, strerror(errno));
    *ret_pid = fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 ? pid_in(fd) : 0;
    return OK;
}

void home_lock_free(struct home_lock *l)
{
    if (l == NULL)
        return;
    close(l->fd);
    free(l);
}
