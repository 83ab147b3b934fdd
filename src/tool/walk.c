// SPDX-License-Identifier: Apache-2.0
#include "tool/walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "runtime/clock.h"

/* Names of an open folder, in one piece of memory: kind, name, NUL. */
struct walk_folder {
    struct walk_folder *above;
    int          fd;
    size_t       path_len;      /* of the folder, in walk.path */
    unsigned     depth;
    size_t       n, at;
    const char **names;         /* into `bytes`; the byte before a name is its kind */
    struct buf   bytes;
};

static void folder_free(struct walk_folder *f)
{
    if (f->fd >= 0)
        close(f->fd);
    free(f->names);
    buf_done(&f->bytes);
    free(f);
}

static enum walk_kind kind_of(int folder, const struct dirent *e)
{
    struct stat st;

    switch (e->d_type) {
    case DT_REG: return WALK_FILE;
    case DT_DIR: return WALK_FOLDER;
    case DT_LNK: return WALK_LINK;
    case DT_UNKNOWN: break;
    default: return WALK_OTHER;
    }
    if (fstatat(folder, e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return WALK_OTHER;
    return S_ISREG(st.st_mode) ? WALK_FILE : S_ISDIR(st.st_mode) ? WALK_FOLDER : S_ISLNK(st.st_mode) ? WALK_LINK : WALK_OTHER;
}

bool walk_is_late(struct walk *w)
{
    if (!w->stopped && clock_ms() - w->began_ms > w->ms_max)
        w->stopped = "it took too long";
    return w->stopped != NULL;
}

static bool is_enough(struct walk *w)
{
    if (!w->stopped && w->seen >= w->entries_max)
        w->stopped = "there is too much";
    return w->stopped || (w->seen % 256 == 0 && walk_is_late(w));
}

static void read_names(struct walk *w, struct walk_folder *f, DIR *d)
{
    for (struct dirent *e; !is_enough(w) && (e = readdir(d)) != NULL; ) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        buf_add_char(&f->bytes, (char)kind_of(f->fd, e));
        buf_add(&f->bytes, str_of(e->d_name, strlen(e->d_name) + 1));
        f->n++;
        w->seen++;
    }
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void sort_names(struct walk_folder *f)
{
    const char *p = f->bytes.p;

    f->names = mem_alloc((f->n + 1) * sizeof *f->names);
    for (size_t i = 0; i < f->n; i++) {
        f->names[i] = p + 1;
        p += strlen(p + 1) + 2;
    }
    qsort(f->names, f->n, sizeof *f->names, by_name);
}

/* Takes the descriptor, which it closes at once when it is no folder that can be read. */
static bool enter(struct walk *w, int fd, size_t path_len)
{
    int twin = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    DIR *d = twin >= 0 ? fdopendir(twin) : NULL;
    struct walk_folder *f;

    if (!d) {
        if (twin >= 0)
            close(twin);
        close(fd);
        return false;
    }
    f = NEW(struct walk_folder);
    *f = (struct walk_folder){
        .above = w->folder, .fd = fd, .path_len = path_len, .depth = w->folder ? w->folder->depth + 1 : 0,
        .bytes = { .max = (size_t)WALK_ENTRIES_MAX * (NAME_MAX + 2) },
    };
    w->folder = f;
    read_names(w, f, d);
    closedir(d);
    sort_names(f);
    return true;
}

void walk_start_clock(struct walk *w)
{
    w->ms_max = w->ms_max ? w->ms_max : WALK_MS_MAX;
    w->began_ms = clock_ms();
}

enum err walk_start(struct walk *w, const struct workspace *workspace, const char *relative)
{
    int fd;

    w->entries_max = w->entries_max ? w->entries_max : WALK_ENTRIES_MAX;
    walk_start_clock(w);
    w->path.max = (WALK_DEPTH_MAX + 2) * (NAME_MAX + 1) + PATH_MAX;
    TRY(workspace_open_at(workspace, relative, O_RDONLY | O_DIRECTORY, &fd));
    if (strcmp(relative, ".") != 0)
        buf_addf(&w->path, "%s/", relative);
    w->base = w->path.len;
    if (!enter(w, fd, w->base))
        return failed(ERR_IO, "%s: %s", relative, strerror(errno));
    return OK;
}

bool walk_next(struct walk *w, struct walk_entry *out)
{
    struct walk_folder *f = w->folder;

    while (f && f->at == f->n) {
        w->folder = f->above;
        folder_free(f);
        f = w->folder;
    }
    if (!f || walk_is_late(w))
        return false;
    w->last = f->names[f->at++];
    buf_cut(&w->path, f->path_len);
    buf_add(&w->path, str_from(w->last));
    *out = (struct walk_entry){
        .kind = (enum walk_kind)w->last[-1], .path = buf_str(&w->path), .below = str_skip(buf_str(&w->path), w->base),
        .name = w->last, .folder = f->fd,
    };
    return true;
}

void walk_into(struct walk *w)
{
    int fd;

    if (w->folder->depth >= WALK_DEPTH_MAX) {
        w->not_open++;
        return;
    }
    fd = openat(w->folder->fd, w->last, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        w->not_open++;
        return;
    }
    buf_add_char(&w->path, '/');
    if (!enter(w, fd, w->path.len))
        w->not_open++;
}

void walk_done(struct walk *w)
{
    for (struct walk_folder *f = w->folder, *above; f; f = above) {
        above = f->above;
        folder_free(f);
    }
    buf_done(&w->path);
    *w = (struct walk){ 0 };
}

enum err walk_open_file(const struct walk_entry *e, int *ret_fd, struct stat *ret_st)
{
    int fd = openat(e->folder, e->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    struct stat st = { 0 };

    if (fd < 0)
        return failed(ERR_INPUT, "%.*s: %s", STR(e->path), strerror(errno));
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {      /* exchanged meanwhile */
        close(fd);
        return failed(ERR_INPUT, "%.*s: not a regular file", STR(e->path));
    }
    *ret_fd = fd;
    *ret_st = st;
    return OK;
}

void walk_add_path(struct buf *out, str path)
{
    str rest = path;

    while (rest.len) {
        size_t n = 0;

        while (n < rest.len && (unsigned char)rest.p[n] >= 32 && rest.p[n] != 127)
            n++;
        utf8_add_repaired(out, str_take(rest, n));
        if (n < rest.len)
            buf_add_char(out, '?');
        rest = str_skip(rest, n + (n < rest.len));
    }
}
