// SPDX-License-Identifier: Apache-2.0
#include "store/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum err folders_make_for(const char *path)
{
    char folder[PATH_MAX];

    if (snprintf(folder, sizeof folder, "%s", path) >= (int)sizeof folder)
        return failed(ERR_INPUT, "a path of more than %d bytes", PATH_MAX);
    for (char *slash = strchr(folder + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        if (mkdir(folder, 0700) == 0)
            TRY(folder_sync_of(folder));
        else if (errno != EEXIST)
            return failed(ERR_IO, "cannot make the folder %s: %s", folder, strerror(errno));
        *slash = '/';
    }
    return OK;
}

enum err folder_sync_of(const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');

    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
    CLEANUP(raw_closep) int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0 || fsync(fd) < 0)
        return failed(ERR_IO, "cannot sync the folder %s: %s", folder, strerror(errno));
    return OK;
}

void raw_closep(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}
