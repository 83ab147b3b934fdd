// SPDX-License-Identifier: Apache-2.0
#include "tool/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* What is done with each: with what is in a folder before the folder itself. */
struct visit {
    enum err (*fn)(struct visit *, int folder, const char *name, const struct stat *);
    struct tree_size size;
    dev_t    device;
    size_t   seen;
};

static void close_dir(DIR **d)
{
    if (*d)
        closedir(*d);
}

int64_t tree_changed_ms(const struct stat *st)
{
    return (int64_t)st->st_mtim.tv_sec * 1000 + st->st_mtim.tv_nsec / 1000000;
}

static DIR *open_folder(int parent, const char *name)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    DIR *d = fd >= 0 ? fdopendir(fd) : NULL;

    if (fd >= 0 && d == NULL)
        close(fd);
    return d;
}

static enum err visit_folder(struct visit *v, int parent, const char *name, unsigned depth);

static enum err visit_entry(struct visit *v, int folder, const char *name, unsigned depth)
{
    struct stat st;

    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return OK;
    if (++v->seen > TREE_ENTRIES_MAX)
        return failed(ERR_LIMIT, "there is too much in it");
    if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? OK : failed(ERR_IO, "%s: %s", name, strerror(errno));
    return S_ISDIR(st.st_mode) ? visit_folder(v, folder, name, depth + 1) : v->fn(v, folder, name, &st);
}

static enum err visit_folder(struct visit *v, int parent, const char *name, unsigned depth)
{
    CLEANUP(close_dir) DIR *d = depth < TREE_DEPTH_MAX ? open_folder(parent, name) : NULL;
    struct stat st;

    if (depth >= TREE_DEPTH_MAX)
        return failed(ERR_LIMIT, "%s: too many folders in each other", name);
    if (d == NULL || fstat(dirfd(d), &st) != 0)
        return failed(errno == ENOTDIR || errno == ELOOP ? ERR_INPUT : ERR_IO, "%s: %s", name, strerror(errno));
    v->device = depth ? v->device : st.st_dev;
    if (st.st_dev != v->device)
        return failed(ERR_INPUT, "%s: another file system is mounted there", name);
    for (const struct dirent *e; (e = readdir(d)) != NULL; )
        TRY(visit_entry(v, dirfd(d), e->d_name, depth));
    return v->fn(v, parent, name, &st);
}

static enum err measure(struct visit *v, int folder, const char *name, const struct stat *st)
{
    (void)folder;
    (void)name;
    v->size.n++;
    v->size.bytes += S_ISREG(st->st_mode) ? (int64_t)st->st_size : 0;
    v->size.newest_ms = tree_changed_ms(st) > v->size.newest_ms ? tree_changed_ms(st) : v->size.newest_ms;
    return OK;
}

enum err tree_measure(int parent, const char *name, struct tree_size *out)
{
    struct visit v = { .fn = measure };

    TRY(visit_folder(&v, parent, name, 0));
    *out = v.size;
    return OK;
}

static enum err remove_one(struct visit *v, int folder, const char *name, const struct stat *st)
{
    (void)v;
    if (unlinkat(folder, name, S_ISDIR(st->st_mode) ? AT_REMOVEDIR : 0) != 0 && errno != ENOENT)
        return failed(ERR_IO, "%s: %s", name, strerror(errno));
    return OK;
}

enum err tree_remove(int parent, const char *name)
{
    struct visit v = { .fn = remove_one };

    return visit_folder(&v, parent, name, 0);
}
