// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/load.h"

const char *const *env_or_ours(const char *const *env)
{
    return env ? env : (const char *const *)environ;
}

const char *env_get(const char *const *env, const char *name)
{
    size_t n = strlen(name);

    for (env = env_or_ours(env); *env; env++)
        if (strncmp(*env, name, n) == 0 && (*env)[n] == '=')
            return (*env)[n + 1] ? *env + n + 1 : NULL;
    return NULL;
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

enum err file_read(struct arena *a, const char *path, size_t max, str *out)
{
    CLEANUP(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    CLEANUP(buf_done) struct buf b = { .max = max + 1 };
    ssize_t n;

    if (fd < 0)
        return failed(errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "%s: %s", path, strerror(errno));
    do {
        size_t room;
        char *p = buf_room(&b, 64 << 10, &room);

        n = room ? read(fd, p, room) : 0;
        if (n < 0 && errno != EINTR)
            return failed(ERR_IO, "%s: %s", path, strerror(errno));
        if (n > 0)
            buf_grown(&b, (size_t)n);
    } while (n);
    if (b.len > max)
        return failed(ERR_LIMIT, "%s: larger than %zu bytes", path, max);
    *out = arena_str(a, buf_str(&b));
    return OK;
}

bool file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

bool file_same(const char *x, const char *y)
{
    struct stat a, b;

    return stat(x, &a) == 0 && stat(y, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

const char *path_folder(struct arena *a, const char *path)
{
    const char *slash = strrchr(path, '/');

    if (slash == NULL)
        return ".";
    return slash == path ? "/" : arena_c(a, str_of(path, (size_t)(slash - path)));
}

static const char *user_home(const char *const *env)
{
    const char *home = env_get(env, "HOME");

    if (home == NULL) {
        const struct passwd *pw = getpwuid(getuid());

        home = pw ? pw->pw_dir : "/";
    }
    return home;
}

static const char *absolute(struct arena *a, const char *path)
{
    char cwd[PATH_MAX];

    if (path[0] == '/' || getcwd(cwd, sizeof cwd) == NULL)
        return path;
    while (path[0] == '.' && path[1] == '/')
        path += 2;
    return strcmp(path, ".") == 0 ? arena_c(a, str_from(cwd)) : arena_printf(a, "%s/%s", cwd, path);
}

const char *path_find(struct arena *a, const char *const *env, const char *folder, const char *home, const char *path)
{
    if (path[0] == '\0' || path[0] == '/')
        return path;
    if (path[0] == '~' && path[1] == '/')
        return arena_printf(a, "%s/%s", user_home(env), path + 2);
    const char *beside = absolute(a, strcmp(folder, ".") ? arena_printf(a, "%s/%s", folder, path) : path);
    const char *at_home = arena_printf(a, "%s/config/%s", home, path);

    return !file_exists(beside) && file_exists(at_home) ? at_home : beside;
}

enum err config_home(struct arena *a, const struct config_inputs *in, const char **ret)
{
    const char *home = in->home && *in->home ? in->home : env_get(in->env, "CLAWDBOT_HOME");
    const char *data = env_get(in->env, "XDG_DATA_HOME");

    if (home == NULL && data && data[0] == '/')     /* the XDG rules: a relative one is to be ignored */
        home = arena_printf(a, "%s/clawdbot", data);
    if (home == NULL)
        home = arena_printf(a, "%s/.local/share/clawdbot", user_home(in->env));
    home = absolute(a, home);
    if (strlen(home) > PATH_MAX - 256)
        return failed(ERR_INPUT, "the path of the home folder is too long");
    *ret = arena_c(a, str_from(home));
    return OK;
}
