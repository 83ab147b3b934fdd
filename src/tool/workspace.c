// SPDX-License-Identifier: Apache-2.0
#include "tool/workspace.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/random.h"

enum { RETRIES = 16 };

bool workspace_no_openat2;

static bool is_below(str path, str folder)
{
    return str_eq(path, folder) || (str_starts(path, folder) && (folder.len == 1 || path.p[folder.len] == '/'));
}

static enum err real_folder(const char *path, char **ret_real)
{
    CLEANUP(mem_freep) char *real = path[0] == '/' ? realpath(path, NULL) : NULL;
    struct stat st;

    if (path[0] != '/')
        return failed(ERR_INPUT, "workspace %s: not an absolute path", path);
    if (!real || stat(real, &st) != 0)
        return failed(ERR_IO, "workspace %s: %s", path, strerror(errno));
    if (!S_ISDIR(st.st_mode))
        return failed(ERR_INPUT, "workspace %s: not a folder", path);
    *ret_real = real;
    real = NULL;
    return OK;
}

enum err workspace_check(const char *workspace)
{
    static const char *const itself[] = { "/", "/home", "/root", "/tmp", "/var", "/var/lib", "/run", "/opt", "/srv", "/mnt" };
    static const char *const below[] = {
        "/usr", "/etc", "/proc", "/sys", "/dev", "/boot", "/bin", "/sbin", "/lib", "/lib32", "/lib64",
    };
    CLEANUP(mem_freep) char *real = NULL;

    TRY(real_folder(workspace, &real));
    for (size_t i = 0; i < N_ELEMENTS(itself); i++)
        if (strcmp(real, itself[i]) == 0)
            return failed(ERR_INPUT, "workspace %s: too much to give away; make a folder in it", workspace);
    for (size_t i = 0; i < N_ELEMENTS(below); i++)
        if (is_below(str_from(real), str_from(below[i])))
            return failed(ERR_INPUT, "workspace %s: part of the system", workspace);
    return OK;
}

enum err workspace_check_apart(const char *workspace, const char *secret)
{
    CLEANUP(mem_freep) char *real = NULL;
    CLEANUP(mem_freep) char *kept = NULL;

    TRY(workspace_check(workspace));
    TRY(real_folder(workspace, &real));
    kept = secret && *secret ? realpath(secret, NULL) : NULL;
    if (kept && is_below(str_from(kept), str_from(real)))
        return failed(ERR_INPUT, "workspace %s: holds the gateway's own folder %s", workspace, secret);
    return OK;
}

enum err workspace_open(const char *path, struct workspace *out)
{
    int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return failed(ERR_IO, "workspace %s: %s", path, strerror(errno));
    *out = (struct workspace){ .fd = fd, .path = path };
    return OK;
}

void workspace_close(struct workspace *w)
{
    if (w->path)
        close(w->fd);
    *w = (struct workspace){ .fd = -1 };
}

enum err workspace_relative(const struct workspace *w, struct arena *a, str path, const char **ret_path)
{
    CLEANUP(buf_done) struct buf out = { .max = PATH_MAX };
    str home = str_from(w->path), rest = path, part;

    if (str_find_char(path, '\0') != STR_NONE)
        return failed(ERR_INPUT, "a path has no NUL in it");
    if (str_starts(path, S("/"))) {
        if (!is_below(path, home))
            return failed(ERR_INPUT, "%.*s: outside the workspace %s", STR(path), w->path);
        rest = str_skip(path, home.len);
    }
    while (str_split(&rest, '/', &part)) {
        if (part.len == 0 || str_eq(part, S(".")))
            continue;
        if (out.len)
            buf_add_char(&out, '/');
        buf_add(&out, part);
    }
    TRY(buf_check(&out, "path"));
    *ret_path = out.len ? arena_c(a, buf_str(&out)) : ".";
    return OK;
}

static enum err refused(const char *path, int error)
{
    if (error == ENOENT || error == ENOTDIR)
        return failed(ERR_NOT_FOUND, "%s: no such file or folder", path);
    if (error == EXDEV || error == ELOOP)
        return failed(ERR_INPUT, "%s: leads outside the workspace", path);
    if (error == EISDIR)
        return failed(ERR_INPUT, "%s: is a folder", path);
    if (error == ENXIO)
        return failed(ERR_INPUT, "%s: not a regular file", path);
    return failed(error == EACCES || error == EPERM || error == EROFS ? ERR_INPUT : ERR_IO, "%s: %s", path, strerror(error));
}

/* Without openat2: one folder after the other, following no link. */
static int walk(int root, const char *path, int flags)
{
    str rest = str_from(path), part;
    int at = dup(root), next;

    while (at >= 0 && str_split(&rest, '/', &part)) {
        char name[NAME_MAX + 1];

        if (part.len > NAME_MAX || str_eq(part, S(".."))) {
            close(at);
            errno = part.len > NAME_MAX ? ENAMETOOLONG : EXDEV;
            return -1;
        }
        memcpy(name, part.p, part.len);
        name[part.len] = '\0';
        next = openat(at, name, rest.len ? O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC : flags | O_NOFOLLOW);
        int saved = errno;
        close(at);
        errno = saved;
        at = next;
    }
    return at;
}

static int open_below(int root, const char *path, int flags)
{
    struct open_how how = {
        .flags = (uint64_t)(flags | O_CLOEXEC), .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
    };
    long fd = -1;

    if (workspace_no_openat2)
        return walk(root, path, flags | O_CLOEXEC);
    for (int i = 0; i < RETRIES && fd < 0; i++) {      /* EAGAIN: a folder was moved while it was walked */
        fd = syscall(SYS_openat2, root, path, &how, sizeof how);
        if (fd < 0 && errno != EAGAIN)
            break;
    }
    if (fd < 0 && (errno == ENOSYS || errno == EPERM))
        return walk(root, path, flags | O_CLOEXEC);
    return (int)fd;
}

enum err workspace_open_at(const struct workspace *w, const char *relative, int flags, int *ret_fd)
{
    int fd = open_below(w->fd, relative, flags & O_PATH ? flags : flags | O_NONBLOCK | O_NOCTTY);

    if (fd < 0)
        return refused(relative, errno);
    *ret_fd = fd;
    return OK;
}

enum err workspace_open_file(const struct workspace *w, const char *relative, int *ret_fd, struct stat *ret_st)
{
    struct stat st = { 0 };
    int fd;

    TRY(workspace_open_at(w, relative, O_PATH, &fd));       /* looked at before it is opened: opening a device acts */
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        close(fd);
        return failed(ERR_INPUT, "%s: %s", relative, S_ISDIR(st.st_mode) ? "is a folder" : "not a regular file");
    }
    close(fd);
    TRY(workspace_open_at(w, relative, O_RDONLY, &fd));
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {      /* exchanged meanwhile */
        close(fd);
        return failed(ERR_INPUT, "%s: not a regular file", relative);
    }
    *ret_fd = fd;
    *ret_st = st;
    return OK;
}

/* Folders along the path, made where missing; each is opened below the workspace, so a link cannot lead out. */
static enum err make_folders(const struct workspace *w, const char *relative)
{
    char path[PATH_MAX];

    for (const char *slash = strchr(relative, '/'); slash; slash = strchr(slash + 1, '/')) {
        size_t len = (size_t)(slash - relative);
        const char *name;
        int parent, made;

        memcpy(path, relative, len);
        path[len] = '\0';
        TRY(workspace_open_parent(w, path, PARENTS_EXIST, &parent, &name));
        made = mkdirat(parent, name, 0755) == 0 ? 0 : errno;
        close(parent);
        if (made != 0 && made != EEXIST)
            return refused(path, made);
    }
    return OK;
}

enum err workspace_open_parent(const struct workspace *w, const char *relative, enum workspace_parents parents,
                               int *ret_fd, const char **ret_name)
{
    const char *slash = strrchr(relative, '/'), *name = slash ? slash + 1 : relative;
    char folder[PATH_MAX] = ".";
    int fd;

    if (strcmp(name, "..") == 0 || strcmp(name, ".") == 0)
        return failed(ERR_INPUT, "%s: is a folder", relative);
    if (slash)
        snprintf(folder, sizeof folder, "%.*s", (int)(slash - relative), relative);
    if (parents == PARENTS_MADE)
        TRY(make_folders(w, relative));
    TRY(workspace_open_at(w, folder, O_PATH | O_DIRECTORY, &fd));
    *ret_fd = fd;
    *ret_name = name;
    return OK;
}

static enum err write_all(int fd, str bytes, const char *path)
{
    while (bytes.len) {
        ssize_t n = write(fd, bytes.p, bytes.len);

        if (n < 0 && errno != EINTR)
            return failed(ERR_IO, "%s: %s", path, strerror(errno));
        bytes = str_skip(bytes, n > 0 ? (size_t)n : 0);
    }
    return OK;
}

/* Beside the file, so that the rename stays on one file system. */
static enum err write_beside(int folder, const char *temporary, mode_t mode, str bytes, const char *path)
{
    int fd = openat(folder, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    enum err e;

    if (fd < 0)
        return refused(path, errno);
    e = write_all(fd, bytes, path);
    if (!e && (fchmod(fd, mode & 0777) != 0 || fsync(fd) != 0))
        e = failed(ERR_IO, "%s: %s", path, strerror(errno));
    if (close(fd) != 0 && !e)
        e = failed(ERR_IO, "%s: %s", path, strerror(errno));
    return e;
}

static enum err replace_in(int folder, const char *name, str bytes, const char *path)
{
    char temporary[UUID_SIZE + 16], id[UUID_SIZE];
    struct stat st = { .st_mode = S_IFREG | 0644 };
    enum err e;

    if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISREG(st.st_mode))
        return failed(ERR_INPUT, "%s: %s", path, S_ISDIR(st.st_mode) ? "is a folder"
                      : S_ISLNK(st.st_mode) ? "is a symbolic link; write to what it points to" : "not a regular file");
    random_uuid(id);
    snprintf(temporary, sizeof temporary, ".clawdbot-%s", id);
    e = write_beside(folder, temporary, st.st_mode, bytes, path);
    if (!e && renameat(folder, temporary, folder, name) != 0)
        e = refused(path, errno);
    if (e)
        unlinkat(folder, temporary, 0);
    return e;
}

enum err workspace_replace(const struct workspace *w, const char *relative, str bytes)
{
    const char *name;
    int folder;
    enum err e;

    TRY(workspace_open_parent(w, relative, PARENTS_MADE, &folder, &name));
    e = replace_in(folder, name, bytes, relative);
    close(folder);
    return e;
}
