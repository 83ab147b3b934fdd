// SPDX-License-Identifier: Apache-2.0
#include "memory/knowledge_walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "runtime/clock.h"

enum { BATCH_MS = 30 };

/* ---- rules ---- */

static const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static bool fits(const char *pattern, const char *path)
{
    return fnmatch(pattern, strchr(pattern, '/') ? path : name_of(path), FNM_PATHNAME) == 0;
}

static bool is_left_out(const struct walk_rules *r, const char *path)
{
    if (name_of(path)[0] == '.')
        return true;
    for (size_t i = 0; i < r->n_ignore; i++)
        if (fits(r->ignore[i], path))
            return true;
    return false;
}

bool walk_rules_pass_file(const struct walk_rules *r, const char *path)
{
    if (r->file)
        return strcmp(r->file, path) == 0;
    if (is_left_out(r, path))
        return false;
    for (const char *const *p = r->only; p && *p; p++)
        if (fnmatch(*p, path, FNM_PATHNAME) == 0)
            return true;
    return r->only == NULL;
}

/* Is the folder as deep as the pattern's folder, or on the way there? */
static bool leads_to(const char *pattern, const char *path)
{
    char part[256];
    size_t slashes = 0, n = 0;

    for (const char *p = path; *p; p++)
        slashes += *p == '/';
    for (; pattern[n] && n < sizeof part - 1; n++)
        if (pattern[n] == '/' && slashes-- == 0)
            break;
    if (pattern[n] != '/')
        return false;
    memcpy(part, pattern, n);
    part[n] = '\0';
    return fnmatch(part, path, FNM_PATHNAME) == 0;
}

bool walk_rules_pass_folder(const struct walk_rules *r, const char *path)
{
    if (r->file || is_left_out(r, path))
        return false;
    for (const char *const *p = r->only; p && *p; p++)
        if (leads_to(*p, path))
            return true;
    return r->only == NULL;
}

/* ---- opening ---- */

static int open_step(int at, const char *name, int flags)
{
    int fd;

    do
        fd = openat(at, name, flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    while (fd < 0 && errno == EINTR);
    return fd;
}

/* Each step by itself, so that no link on the way is followed, whoever changes the folders meanwhile.  Closes `at`.  -1 and errno. */
static int open_steps(int at, const char *path, int flags)
{
    str rest = str_from(path), part;
    char name[NAME_MAX + 1];

    while (at >= 0 && str_split(&rest, '/', &part)) {
        bool last = rest.p == NULL;
        int next = -1;

        if (part.len > NAME_MAX) {
            errno = ENAMETOOLONG;
        } else {
            memcpy(name, part.p, part.len);
            name[part.len] = '\0';
            next = open_step(at, name, last ? flags : O_PATH | O_DIRECTORY);
        }
        int e = errno;

        close(at);
        errno = e;
        at = next;
    }
    return at;
}

/* The root had no link on its way when it was chosen: one that is there now leads elsewhere. */
static int open_root(const char *root, int flags)
{
    int top = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

    return root[1] && top >= 0 ? open_steps(top, root + 1, flags | O_DIRECTORY) : top;
}

static int open_below(const char *root, const char *path, int flags)
{
    return open_steps(open_root(root, O_PATH), path, flags);
}

enum err walk_open(const struct walk_rules *r, const char *path, int *ret_fd)
{
    struct stat st;
    int fd = open_below(r->root, path, O_RDONLY);

    if (fd < 0)
        return failed(errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : ERR_IO, "it cannot be opened: %s", strerror(errno));
    if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
        close(fd);
        return failed(ERR_INPUT, "it is no regular file");
    }
    *ret_fd = fd;
    return OK;
}

/* ---- walking ---- */

static int64_t nanoseconds(struct timespec t)
{
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void add_unread(struct folder_walk *w)
{
    if (w->n_unread < WALK_UNREAD_MAX)
        w->unread[w->n_unread] = str_dup_c(str_from(w->path));
    w->n_unread++;
}

static void watch(struct folder_walk *w, int fd)
{
    char link[64];

    if (w->inotify < 0 || w->count_only)
        return;
    if (w->watches_left == 0) {
        w->watch_error = EDQUOT;
        return;
    }
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    int number = inotify_add_watch(w->inotify, link, w->watch_events | IN_ONLYDIR);

    if (number < 0) {
        w->watch_error = errno;
        return;
    }
    w->watches_left--;
    w->watches[w->n_watches++] = (struct walk_watch){ number, arena_c(w->arena, str_from(w->path)) };
}

static bool is_private(const struct folder_walk *w, int fd)
{
    struct stat a, b;

    return w->rules->private_folder && fstat(fd, &a) == 0 && stat(w->rules->private_folder, &b) == 0 && a.st_dev == b.st_dev
           && a.st_ino == b.st_ino;
}

/* Goes into the folder that w->path names; takes the descriptor. */
static void enter(struct folder_walk *w, int fd)
{
    if (fd >= 0 && is_private(w, fd)) {
        close(fd);
        return;
    }
    if (fd < 0 || w->depth == WALK_DEPTH) {
        add_unread(w);
        if (fd >= 0)
            close(fd);
        return;
    }
    watch(w, fd);       /* before it is read: what changes in between is told */
    DIR *dir = fdopendir(fd);

    if (dir == NULL) {
        close(fd);
        add_unread(w);
        return;
    }
    w->folders[w->depth++] = (struct walk_folder){ dir, strlen(w->path) };
}

/* Two names that differ only in what is no character must not become one. */
static void mend_name(struct arena *a, struct walk_file *f)
{
    static const uint64_t key[2] = { 0x6e616d65, 0x6d656e64 };
    CLEANUP(buf_done) struct buf mended = { 0 };

    utf8_add_repaired(&mended, str_from(f->path));
    buf_addf(&mended, " [%08x]", (unsigned)str_hash_keyed(str_from(f->path), key));
    f->path = arena_c(a, buf_str(&mended));
    f->bad_name = true;
}

static void take_file(struct folder_walk *w, int folder, const char *name)
{
    struct walk_file *f = &w->files[w->n_files];
    struct stat st;

    w->counted++;
    if (w->count_only)
        return;
    if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode))
        return;
    *f = (struct walk_file){ .path = arena_c(w->arena, str_from(w->path)), .size = st.st_size, .changed = nanoseconds(st.st_ctim),
                             .modified = nanoseconds(st.st_mtim) };
    if (!utf8_valid(str_from(f->path)))
        mend_name(w->arena, f);
    w->n_files++;
}

static bool is_folder(int folder, const struct dirent *e)
{
    struct stat st;

    if (e->d_type != DT_UNKNOWN)
        return e->d_type == DT_DIR;
    return fstatat(folder, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

/* w->path becomes that of the entry; false when it is too long to be one. */
static bool set_path(struct folder_walk *w, size_t folder_len, const char *name)
{
    int n = snprintf(w->path + folder_len, sizeof w->path - folder_len, "%s%s", folder_len ? "/" : "", name);

    if (n > 0 && (size_t)n < sizeof w->path - folder_len)
        return true;
    w->path[folder_len] = '\0';
    add_unread(w);
    return false;
}

static void take(struct folder_walk *w, int folder, const struct dirent *e)
{
    if (is_folder(folder, e)) {
        if (walk_rules_pass_folder(w->rules, w->path))
            enter(w, open_step(folder, e->d_name, O_RDONLY | O_DIRECTORY));
    } else if ((e->d_type == DT_REG || e->d_type == DT_UNKNOWN) && walk_rules_pass_file(w->rules, w->path)) {
        take_file(w, folder, e->d_name);
    }
}

static void step(struct folder_walk *w)
{
    struct walk_folder *top = &w->folders[w->depth - 1];
    size_t len = top->path_len;
    const struct dirent *e = readdir(top->dir);

    w->path[len] = '\0';
    if (e == NULL) {
        closedir(top->dir);
        w->depth--;
        return;
    }
    if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 || !set_path(w, len, e->d_name))
        return;
    take(w, dirfd(top->dir), e);
}

enum err folder_walk_batch(void *arg)
{
    struct folder_walk *w = arg;
    uint64_t begin = clock_ms();

    w->n_files = w->n_watches = 0;
    while (w->depth && w->n_files < WALK_BATCH && w->n_watches < WALK_BATCH && clock_ms() - begin < BATCH_MS)
        step(w);
    w->ended = w->depth == 0;
    return OK;
}

/* ---- where it begins ---- */

static enum err start_at_root(struct folder_walk *w)
{
    int fd = open_root(w->rules->root, O_RDONLY);
    enum err e = errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : ERR_IO;

    if (fd < 0)
        return failed(e, "%s cannot be read: %s", w->rules->root, strerror(errno));
    enter(w, fd);
    return w->n_unread ? failed(ERR_IO, "%s cannot be read", w->rules->root) : OK;
}

/* A file alone is watched by its folder: who replaces it by another tells nobody who watches the file. */
static void watch_root(struct folder_walk *w)
{
    int fd = open_root(w->rules->root, O_RDONLY);

    if (fd < 0)
        return;
    watch(w, fd);
    close(fd);
}

/* Of the folders on the way each must be one that a walk would have come through. */
static bool is_reached(const struct walk_rules *r, const char *path)
{
    char folder[4096];

    for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
        snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
        if (!walk_rules_pass_folder(r, folder))
            return false;
    }
    return true;
}

enum err folder_walk_start(struct folder_walk *w, const char *path)
{
    struct stat st;

    w->depth = w->n_files = w->n_watches = w->n_unread = 0;
    w->ended = false;
    w->path[0] = '\0';
    if (*path == '\0')
        return start_at_root(w);
    if (w->rules->file)
        watch_root(w);
    if (!is_reached(w->rules, path) || !set_path(w, 0, path))
        return OK;
    int fd = open_below(w->rules->root, path, O_PATH);

    if (fd < 0 || fstat(fd, &st)) {
        if (fd >= 0)
            close(fd);
        return OK;      /* it is gone */
    }
    close(fd);
    if (S_ISDIR(st.st_mode) && walk_rules_pass_folder(w->rules, path)) {
        enter(w, open_below(w->rules->root, path, O_RDONLY | O_DIRECTORY));
    } else if (S_ISREG(st.st_mode) && walk_rules_pass_file(w->rules, path)) {
        fd = open_root(w->rules->root, O_PATH);
        if (fd >= 0)
            take_file(w, fd, path);
        if (fd >= 0)
            close(fd);
    }
    return OK;
}

void folder_walk_done(struct folder_walk *w)
{
    while (w->depth)
        closedir(w->folders[--w->depth].dir);
    for (size_t i = 0; i < w->n_unread && i < WALK_UNREAD_MAX; i++)
        free(w->unread[i]);
    w->n_unread = 0;
}
