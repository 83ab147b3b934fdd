// SPDX-License-Identifier: Apache-2.0
#include "tool/backup_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/time.h"
#include "runtime/clock.h"
#include "tool/glob.h"
#include "tool/machine_look.h"
#include "tool/tree.h"
#include "tool/walk.h"

enum { STEM_MAX = 100, LISTED_MAX = 200, NAMES_MAX = 10000, CONFLICTS_TOLD = 5, LIST_SIZE_MAX = 64 << 20 };

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

/* ---- names ---- */

static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-' || (c & 0x80);
}

str backup_stem(struct arena *a, str path)
{
    while (str_ends(path, S("/")) || str_ends(path, S("/.")))
        path.len--;
    for (size_t i = path.len; i > 0; i--)
        if (path.p[i - 1] == '/') {
            path = str_skip(path, i);
            break;
        }
    char *stem = arena_c(a, str_take(path, STEM_MAX));

    for (char *p = stem; *p; p++)
        *p = is_plain(*p) ? *p : '_';
    while (*stem == '.' || *stem == '-')
        stem++;
    return *stem ? str_from(stem) : S("workspace");
}

/* A letter of the form stands for itself, 0 for a digit. */
static bool has_form(str text, const char *form)
{
    for (size_t i = 0; i < text.len; i++)
        if (form[i] == '0' ? text.p[i] < '0' || text.p[i] > '9' : text.p[i] != form[i])
            return false;
    return true;
}

bool backup_name_parse(str name, str *ret_stem)
{
    const char *form = "-00000000-000000" BACKUP_END;
    size_t n = strlen(form);

    if (name.len <= n || !has_form(str_skip(name, name.len - n), form) || name.p[0] == '.')
        return false;
    *ret_stem = str_take(name, name.len - n);
    return true;
}

const char *backup_part(struct arena *a, str file)
{
    return arena_printf(a, BACKUP_FOLDER "/.%.*s.part", STR(file));
}

/* ---- packing ---- */

struct wanted { str match; int64_t newer_ms; bool all; size_t n; };

static void add_path(struct file_job *job, struct wanted *w, str path)
{
    buf_add(&job->text, path);
    buf_add_char(&job->text, '\0');
    w->n++;
}

static bool fits(const struct wanted *w, const struct walk_entry *e)
{
    struct stat st;

    if (w->all)
        return e->kind != WALK_OTHER;
    if (e->kind != WALK_FILE || (w->match.len && !glob_match(w->match, e->below, GLOB_DOTS_SHOWN)))
        return false;
    return fstatat(e->folder, e->name, &st, AT_SYMLINK_NOFOLLOW) == 0 && (w->newer_ms == 0 || tree_changed_ms(&st) >= w->newer_ms);
}

static enum err collect_folder(struct file_job *job, struct wanted *w)
{
    CLEANUP(walk_done) struct walk walk = { 0 };
    struct walk_entry e;

    TRY(walk_start(&walk, &job->workspace, job->path));
    while (walk_next(&walk, &e)) {
        bool own = str_eq(e.path, S(BACKUP_FOLDER));

        if (!own && fits(w, &e))
            add_path(job, w, e.path);
        if (!own && e.kind == WALK_FOLDER)
            walk_into(&walk);
    }
    if (walk.stopped)
        return failed(ERR_LIMIT, "%s: %s; back up a folder of it", job->path, walk.stopped);
    if (walk.not_open)
        return failed(ERR_INPUT, "%s: %zu folders in it cannot be read", job->path, walk.not_open);
    return OK;
}

static enum err parse_wanted(struct file_job *job, struct wanted *out)
{
    str newer = json_text_str(job->arguments, "newer_than");

    *out = (struct wanted){ .match = json_text_str(job->arguments, "match"), .newer_ms = 0 };
    if (out->match.len)
        TRY(glob_check(out->match));
    if (newer.len && time_or_age_parse(newer, clock_wall_ms(), &out->newer_ms))
        return failed_in(ERR_INPUT, "newer_than: ");
    out->all = out->match.len == 0 && newer.len == 0;
    return OK;
}

enum err backup_collect(struct file_job *job)
{
    CLEANUP(close_fd) int fd = -1;
    struct wanted w;
    struct stat st;

    job->text.max = LIST_SIZE_MAX;
    TRY(parse_wanted(job, &w));
    TRY(workspace_open_at(&job->workspace, job->path, O_PATH, &fd));
    if (fstat(fd, &st) != 0)
        return failed(ERR_IO, "%s: %s", job->path, strerror(errno));
    if (S_ISDIR(st.st_mode))
        TRY(collect_folder(job, &w));
    else
        add_path(job, &w, str_from(job->path));
    if (w.n == 0)
        return failed(ERR_INPUT, "%s: nothing in it is to be backed up", job->path);
    return buf_check(&job->text, "the list of files");
}

static enum err open_folder(struct file_job *job, int *out)
{
    return workspace_open_at(&job->workspace, BACKUP_FOLDER, O_RDONLY | O_DIRECTORY, out);
}

/* Its name in the folder of backups. */
static const char *part_name(struct file_job *job)
{
    return backup_part(job->arena, json_text_str(job->arguments, "file")) + strlen(BACKUP_FOLDER "/");
}

enum err backup_prepare(struct file_job *job)
{
    CLEANUP(close_fd) int folder = -1;
    const char *name;
    struct stat st;

    TRY(workspace_open_parent(&job->workspace, BACKUP_FOLDER "/x", PARENTS_MADE, &folder, &name));
    if (fstatat(folder, json_text(job->arguments, "file"), &st, AT_SYMLINK_NOFOLLOW) == 0
        || fstatat(folder, part_name(job), &st, AT_SYMLINK_NOFOLLOW) == 0)
        return failed(ERR_CONFLICT, BACKUP_FOLDER "/%s was made this second: once more in a moment", json_text(job->arguments, "file"));
    return OK;
}

static enum err sync_file(int folder, const char *name, int64_t *ret_size)
{
    CLEANUP(close_fd) int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;

    if (fd < 0 || fsync(fd) != 0 || fstat(fd, &st) != 0)
        return failed(ERR_IO, "%s: %s", name, strerror(errno));
    *ret_size = (int64_t)st.st_size;
    return OK;
}

enum err backup_finish(struct file_job *job)
{
    CLEANUP(close_fd) int folder = -1;
    const char *file = json_text(job->arguments, "file");
    int64_t size;

    TRY(open_folder(job, &folder));
    TRY(sync_file(folder, part_name(job), &size));
    if (renameat2(folder, part_name(job), folder, file, RENAME_NOREPLACE) != 0 || fsync(folder) != 0)
        return failed(ERR_IO, BACKUP_FOLDER "/%s: %s", file, strerror(errno));
    buf_add(&job->text, str_from(machine_size_text(job->arena, (double)size)));
    return OK;
}

enum err backup_discard(struct file_job *job)
{
    CLEANUP(close_fd) int folder = -1;
    const char *staging = json_text(job->arguments, "staging");

    TRY(open_folder(job, &folder));
    if (staging[0])
        return tree_remove(folder, staging);
    unlinkat(folder, part_name(job), 0);
    return OK;
}

/* ---- the list ---- */

struct kept { str name, stamp; int64_t size, made_ms; };

static int newest_first(const void *a, const void *b)
{
    const struct kept *x = a, *y = b;
    int by_stamp = str_cmp(y->stamp, x->stamp);

    return by_stamp ? by_stamp : str_cmp(x->name, y->name);
}

static void close_dir(DIR **d)
{
    if (*d)
        closedir(*d);
}

/* Those of `of`, by whole name or by what they are of; all when it is empty. */
static bool is_of(str name, str of, str *ret_stem)
{
    return backup_name_parse(name, ret_stem) && (of.len == 0 || str_eq(of, *ret_stem) || str_eq(of, name)
           || str_eq(of, str_take(name, name.len - strlen(BACKUP_END))));
}

static enum err read_kept(struct file_job *job, str of, struct kept **out, size_t *ret_n)
{
    struct kept *all = arena_alloc(job->arena, NAMES_MAX * sizeof *all);
    CLEANUP(close_dir) DIR *d = NULL;
    struct stat st;
    size_t n = 0;
    int fd;
    enum err e = open_folder(job, &fd);

    *out = all;
    *ret_n = 0;
    if (e == ERR_NOT_FOUND)
        return OK;
    TRY(e);
    d = fdopendir(fd);
    if (d == NULL) {
        close(fd);
        return failed(ERR_IO, BACKUP_FOLDER ": %s", strerror(errno));
    }
    for (const struct dirent *f; (f = readdir(d)) != NULL && n < NAMES_MAX; ) {
        str name = arena_str(job->arena, str_from(f->d_name)), stem;

        if (is_of(name, of, &stem) && fstatat(dirfd(d), f->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode))
            all[n++] = (struct kept){ name, str_skip(name, stem.len), (int64_t)st.st_size, tree_changed_ms(&st) };
    }
    if (n)
        qsort(all, n, sizeof *all, newest_first);
    *ret_n = n;
    return OK;
}

enum err backup_list(struct file_job *job)
{
    struct kept *all;
    size_t n;

    TRY(read_kept(job, json_text_str(job->arguments, "name"), &all, &n));
    for (size_t i = 0; i < n && i < LISTED_MAX; i++) {
        walk_add_path(&job->text, all[i].name);
        buf_addf(&job->text, "  (%s)\n", machine_size_text(job->arena, (double)all[i].size));
    }
    if (n == 0)
        buf_add(&job->text, S("There are no backups."));
    if (n > LISTED_MAX)
        buf_addf(&job->text, "[and %zu older ones]", n - LISTED_MAX);
    return OK;
}

/* ---- restoring ---- */

enum err backup_choose(struct file_job *job)
{
    CLEANUP(close_fd) int folder = -1;
    str of = json_text_str(job->arguments, "name");
    struct kept *all;
    size_t n;

    str_eat(&of, S(BACKUP_FOLDER "/"));
    TRY(read_kept(job, of, &all, &n));
    if (n == 0)
        TRY(read_kept(job, backup_stem(job->arena, of), &all, &n));
    if (n == 0)
        return failed(ERR_NOT_FOUND, "there is no backup of \"%.*s\"; action list shows what there is", STR(str_take(of, 100)));
    TRY(open_folder(job, &folder));
    if (mkdirat(folder, json_text(job->arguments, "staging"), 0700) != 0)
        return failed(ERR_IO, BACKUP_FOLDER ": %s", strerror(errno));
    buf_add(&job->text, all[0].name);
    return OK;
}

static bool is_folder_at(int folder, const char *name)
{
    struct stat st;

    return fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

/* One and the same relative path there and here may be two folders, and nothing else. */
static bool is_in_the_way(struct file_job *job, const char *path, enum walk_kind kind)
{
    CLEANUP(close_fd) int folder = -1;
    const char *name;
    struct stat st;

    if (workspace_open_parent(&job->workspace, path, PARENTS_EXIST, &folder, &name))
        return false;
    return fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && !(kind == WALK_FOLDER && S_ISDIR(st.st_mode));
}

/* Goes through what was unpacked; `moves`: else it only looks. */
struct placing { struct file_job *job; const char *target; struct buf conflicts; size_t n_conflicts, n; bool moves; };

static enum err move_entry(struct placing *p, const char *path, const struct walk_entry *e)
{
    CLEANUP(close_fd) int folder = -1;
    const char *name;

    TRY(workspace_open_parent(&p->job->workspace, path, PARENTS_MADE, &folder, &name));
    if (e->kind == WALK_FOLDER) {
        if (mkdirat(folder, name, 0755) != 0 && !(errno == EEXIST && is_folder_at(folder, name)))
            return failed(ERR_CONFLICT, "%s: %s", path, strerror(errno));
        return OK;
    }
    if (renameat2(e->folder, e->name, folder, name, RENAME_NOREPLACE) != 0)
        return failed(ERR_CONFLICT, "%s: %s", path, strerror(errno));
    return OK;
}

static enum err place_entry(struct placing *p, const struct walk_entry *e)
{
    const char *path = strcmp(p->target, ".") == 0 ? arena_c(p->job->arena, e->below)
        : arena_printf(p->job->arena, "%s/%.*s", p->target, STR(e->below));

    p->n++;
    if (p->moves)
        return move_entry(p, path, e);
    if (is_in_the_way(p->job, path, e->kind) && p->n_conflicts++ < CONFLICTS_TOLD)
        buf_addf(&p->conflicts, "%s%s", p->conflicts.len ? ", " : "", path);
    return OK;
}

static enum err go_through(struct placing *p, const char *staging)
{
    CLEANUP(walk_done) struct walk walk = { 0 };
    struct walk_entry e;

    p->n = 0;
    TRY(walk_start(&walk, &p->job->workspace, staging));
    while (walk_next(&walk, &e)) {
        TRY(place_entry(p, &e));
        if (e.kind == WALK_FOLDER)
            walk_into(&walk);
    }
    return walk.stopped ? failed(ERR_LIMIT, "%s: %s", staging, walk.stopped) : OK;
}

static enum err merge(struct placing *p, const char *staging)
{
    TRY(go_through(p, staging));
    if (p->n_conflicts)
        return failed(ERR_CONFLICT, "nothing was restored: %zu %s in the way: %s; `to` names another folder", p->n_conflicts,
                      p->n_conflicts == 1 ? "is" : "are", buf_c(&p->conflicts));
    p->moves = true;
    return go_through(p, staging);
}

enum err backup_place(struct file_job *job)
{
    const char *staging = arena_printf(job->arena, BACKUP_FOLDER "/%s", json_text(job->arguments, "staging"));
    struct placing p = { .job = job };

    TRY(workspace_relative(&job->workspace, job->arena, json_text_str(job->arguments, "target"), &p.target));
    enum err e = merge(&p, staging);

    buf_done(&p.conflicts);
    if (e == OK)
        buf_addf(&job->text, "%zu", p.n);
    return e;
}
