// SPDX-License-Identifier: Apache-2.0
#include "tool/handover.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PREFIX "clawdbot-handover-"
static const char *const parts[] = { HANDOVER_FILTER, HANDOVER_STATUS, HANDOVER_LIFELINE, HANDOVER_EGRESS };

static const char *temporary(void)
{
    const char *dir = getenv("TMPDIR");

    return dir && dir[0] == '/' && strlen(dir) < HANDOVER_PATH / 2 ? dir : "/tmp";
}

static void path_of(const struct handover *h, const char *name, char out[2 * HANDOVER_PATH])
{
    snprintf(out, 2 * HANDOVER_PATH, "%s/%s", h->folder, name);
}

static enum err trouble(const struct handover *h, const char *what)
{
    return failed(ERR_IO, "sandbox: %s/%s: %s", h->folder, what, strerror(errno));
}

static enum err put_filter(const struct handover *h, str filter)
{
    char path[2 * HANDOVER_PATH];
    ssize_t n;
    int fd;

    path_of(h, HANDOVER_FILTER, path);
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
    n = fd < 0 ? -1 : write(fd, filter.p, filter.len);
    if (fd >= 0 && close(fd) != 0)
        n = -1;
    return n == (ssize_t)filter.len && chmod(path, 0444) == 0 ? OK : trouble(h, HANDOVER_FILTER);
}

/* Opened for both directions, a fifo waits for nobody. */
static enum err make_fifo(const struct handover *h, const char *name, mode_t mode, int *ret_fd)
{
    char path[2 * HANDOVER_PATH];
    int fd = -1;

    path_of(h, name, path);
    if (mkfifo(path, 0600) == 0)
        fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return trouble(h, name);
    if (chmod(path, mode) != 0) {
        close(fd);
        return trouble(h, name);
    }
    *ret_fd = fd;
    return OK;
}

static enum err fill(struct handover *h, str filter, int *ret_status, int *ret_lifeline)
{
    int status;
    enum err e;

    TRY(put_filter(h, filter));
    TRY(make_fifo(h, HANDOVER_STATUS, 0222, &status));
    e = make_fifo(h, HANDOVER_LIFELINE, 0444, ret_lifeline);
    if (e)
        close(status);
    else
        *ret_status = status;
    return e;
}

enum err handover_open(struct handover *h, str filter, int *ret_status, int *ret_lifeline)
{
    enum err e;

    *h = (struct handover){ 0 };
    snprintf(h->root, sizeof h->root, "%s/" PREFIX "%d-XXXXXX", temporary(), (int)getpid());
    if (mkdtemp(h->root) == NULL) {
        h->root[0] = '\0';
        return failed(ERR_IO, "sandbox: a folder in %s: %s", temporary(), strerror(errno));
    }
    snprintf(h->folder, sizeof h->folder, "%s/job", h->root);
    if (mkdir(h->folder, 0755) != 0 || chmod(h->folder, 0755) != 0)
        e = trouble(h, "");
    else
        e = fill(h, filter, ret_status, ret_lifeline);
    if (e)
        handover_close(h);
    return e;
}

const char *handover_path(struct arena *a, const struct handover *h, const char *name)
{
    return arena_printf(a, "%s/%s", h->folder, name);
}

void handover_close(struct handover *h)
{
    char path[2 * HANDOVER_PATH];

    for (size_t i = 0; h->root[0] && i < N_ELEMENTS(parts); i++) {
        path_of(h, parts[i], path);
        unlink(path);
    }
    if (h->root[0]) {
        rmdir(h->folder);
        rmdir(h->root);
    }
    *h = (struct handover){ 0 };
}

void handover_sweep(void)
{
    DIR *d = opendir(temporary());

    for (struct dirent *e; d && (e = readdir(d)) != NULL; ) {
        struct handover h;
        long pid;

        if (strncmp(e->d_name, PREFIX, strlen(PREFIX)) != 0
            || (size_t)snprintf(h.root, sizeof h.root, "%s/%s", temporary(), e->d_name) >= sizeof h.root)
            continue;
        pid = strtol(e->d_name + strlen(PREFIX), NULL, 10);     /* LINT: our own name, and checked by kill() */
        snprintf(h.folder, sizeof h.folder, "%s/job", h.root);
        if (pid > 0 && kill((pid_t)pid, 0) != 0 && errno == ESRCH)
            handover_close(&h);
    }
    if (d)
        closedir(d);
}
