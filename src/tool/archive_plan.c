// SPDX-License-Identifier: Apache-2.0
#include "tool/archive_plan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/random.h"
#include "base/time.h"
#include "tool/walk.h"

enum { FILE_MAX = 8 << 20, TOLD_MAX = 20, LISTED_MAX = 50, NAMES_MAX = 10000 };

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static const char *path_of(struct arena *a, const char *id, const char *state)
{
    return arena_printf(a, ARCHIVE_FOLDER "/%s.%s", id, state);
}

/* ---- kept ---- */

static json_t *plan_to_json(const struct archive_plan *p)
{
    json_t *list = json_array();

    for (size_t i = 0; i < p->n; i++)
        json_array_append_new(list, json_pack("{s:o, s:o, s:I, s:I, s:I, s:I}", "from", json_from_str(p->moves[i].from), "to",
                                              json_from_str(p->moves[i].to), "inode", (json_int_t)p->moves[i].inode, "size",
                                              (json_int_t)p->moves[i].size, "modified", (json_int_t)p->moves[i].modified_ns, "new_folders",
                                              (json_int_t)p->moves[i].n_new));
    return json_pack("{s:o, s:I, s:o}", "path", json_from_str(p->path), "made_at", (json_int_t)p->made_ms, "moves", list);
}

enum err archive_plan_save(const struct workspace *w, struct arena *a, struct archive_plan *p)
{
    CLEANUP(json_decrefp) json_t *j = plan_to_json(p);
    unsigned char bytes[5];
    CLEANUP(buf_done) struct buf id = { 0 };

    random_bytes(bytes, sizeof bytes);
    buf_add_hex(&id, str_of(bytes, sizeof bytes));
    snprintf(p->id, sizeof p->id, "%s", buf_c(&id));
    return workspace_replace(w, path_of(a, p->id, "plan"), json_print(a, j));
}

static enum err read_whole(const struct workspace *w, struct arena *a, const char *path, str *out)
{
    CLEANUP(close_fd) int fd = -1;
    struct stat st;
    size_t n = 0;

    TRY(workspace_open_file(w, path, &fd, &st));
    if (st.st_size > FILE_MAX)
        return failed(ERR_INPUT, "%s: is too large to be a plan", path);
    char *text = arena_alloc(a, (size_t)st.st_size + 1);

    while (n < (size_t)st.st_size) {
        ssize_t got = read(fd, text + n, (size_t)st.st_size - n);

        if (got <= 0)
            break;
        n += (size_t)got;
    }
    *out = str_of(text, n);
    return OK;
}

/* Commands in the sandbox can write there too: what it says is checked like anything that comes from outside. */
static enum err plan_from_json(const struct workspace *w, struct arena *a, const json_t *j, struct archive_plan *out)
{
    const json_t *list = json_at(j, "moves"), *one;
    size_t i, n = json_array_size(list);
    const char *relative;

    if (n > ARCHIVE_MOVES_MAX)
        return failed(ERR_INPUT, "the plan has more than %d moves", ARCHIVE_MOVES_MAX);
    out->path = arena_str(a, json_text_str(j, "path"));
    out->made_ms = json_int(j, "made_at", 0);
    out->n = n;
    out->moves = arena_alloc(a, n * sizeof *out->moves);
    json_array_foreach(list, i, one) {
        struct archive_move *m = &out->moves[i];

        TRY(workspace_relative(w, a, json_text_str(one, "from"), &relative));
        m->from = str_from(relative);
        TRY(workspace_relative(w, a, json_text_str(one, "to"), &relative));
        m->to = str_from(relative);
        m->inode = json_int(one, "inode", -1);
        m->size = json_int(one, "size", -1);
        m->modified_ns = json_int(one, "modified", -1);
        m->n_new = json_int(one, "new_folders", 0);
    }
    return OK;
}

static bool is_id(str id)
{
    for (size_t i = 0; i < id.len; i++)
        if (strchr("0123456789abcdef", id.p[i]) == NULL || id.p[i] == '\0')
            return false;
    return id.len == 10;
}

enum err archive_plan_load(const struct workspace *w, struct arena *a, str id, const char *state, struct archive_plan *out)
{
    CLEANUP(json_decrefp) json_t *j = NULL;
    str text;

    *out = (struct archive_plan){ 0 };
    if (!is_id(id))
        return failed(ERR_NOT_FOUND, "there is no %s \"%.*s\"", state, STR(str_take(id, 20)));
    snprintf(out->id, sizeof out->id, "%.*s", STR(id));
    enum err e = read_whole(w, a, path_of(a, out->id, state), &text);

    if (e == ERR_NOT_FOUND)
        return failed(e, "there is no %s \"%s\"; action list shows what there is", state, out->id);
    TRY(e);
    if (json_parse(text, &j))
        return failed_in(ERR_INPUT, "%s: ", path_of(a, out->id, state));
    return plan_from_json(w, a, j, out);
}

/* To another state, and on disk. */
static enum err set_state(const struct workspace *w, struct arena *a, const char *id, const char *from, const char *to)
{
    CLEANUP(close_fd) int folder = -1;

    TRY(workspace_open_at(w, ARCHIVE_FOLDER, O_RDONLY | O_DIRECTORY, &folder));
    if (renameat2(folder, arena_printf(a, "%s.%s", id, from), folder, arena_printf(a, "%s.%s", id, to), RENAME_NOREPLACE) != 0
        || fsync(folder) != 0)
        return failed(ERR_CONFLICT, "%s: %s", path_of(a, id, from), strerror(errno));
    return OK;
}

/* ---- moves ---- */

static bool is_same(const struct archive_move *m, const struct stat *st)
{
    return S_ISREG(st->st_mode) && (int64_t)st->st_ino == m->inode && (int64_t)st->st_size == m->size
           && (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec == m->modified_ns;
}

/* 0, or errno. */
static int look(const struct workspace *w, str path, struct stat *out)
{
    CLEANUP(close_fd) int folder = -1;
    const char *name;

    if (workspace_open_parent(w, path.p, PARENTS_EXIST, &folder, &name))
        return ENOENT;
    return fstatat(folder, name, out, AT_SYMLINK_NOFOLLOW) == 0 ? 0 : errno;
}

enum err archive_move_check(const struct workspace *w, const struct archive_move *m)
{
    struct stat st;

    if (look(w, m->from, &st))
        return failed(ERR_CONFLICT, "%.*s is no longer there", STR(m->from));
    if (!is_same(m, &st))
        return failed(ERR_CONFLICT, "%.*s has changed", STR(m->from));
    if (look(w, m->to, &st) == 0)
        return failed(ERR_CONFLICT, "%.*s is there already", STR(m->to));
    return OK;
}

/* Some file systems cannot refuse to replace (EINVAL): there a second name is made first, which can. */
static int rename_to_free(int from, const char *name, int to, const char *new_name)
{
    if (renameat2(from, name, to, new_name, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return errno;
    return linkat(from, name, to, new_name, 0) == 0 && unlinkat(from, name, 0) == 0 ? 0 : errno;
}

static enum err move_file(const struct workspace *w, str from, str to)
{
    CLEANUP(close_fd) int source = -1, target = -1;
    const char *name, *new_name;

    TRY(workspace_open_parent(w, from.p, PARENTS_EXIST, &source, &name));
    TRY(workspace_open_parent(w, to.p, PARENTS_MADE, &target, &new_name));
    if (FAULT(archive_move))
        return failed(ERR_IO, "%.*s: as a test wants it", STR(from));
    int e = rename_to_free(source, name, target, new_name);

    if (e)
        return failed(ERR_IO, "%.*s: %s", STR(from), e == EEXIST ? "its place is taken" : strerror(e));
    return OK;
}

static void note_failure(struct archive_outcome *o)
{
    if (o->n_failed++ < TOLD_MAX)
        buf_addf(&o->why, "%s\n", failed_text());
}

enum err archive_plan_apply(const struct workspace *w, struct arena *a, const struct archive_plan *p, struct archive_outcome *out)
{
    for (size_t i = 0; i < p->n; i++)
        if (archive_move_check(w, &p->moves[i]))
            note_failure(out);
    if (out->n_failed)
        return failed(ERR_CONFLICT, "%zu of %zu files are not as they were planned; nothing was moved, plan anew:\n%s", out->n_failed,
                      p->n, buf_c(&out->why));
    TRY(set_state(w, a, p->id, "plan", "run"));
    for (size_t i = 0; i < p->n; i++) {
        if (move_file(w, p->moves[i].from, p->moves[i].to))
            note_failure(out);
        else
            out->n_moved++;
    }
    return OK;
}

/* Folders that were made for it go when they are empty. */
static void remove_new_folders(const struct workspace *w, struct arena *a, const struct archive_move *m)
{
    char *path = arena_c(a, m->to), *slash;

    for (int64_t n = m->n_new; n > 0 && (slash = strrchr(path, '/')); n--) {
        CLEANUP(close_fd) int folder = -1;
        const char *name;

        *slash = '\0';
        if (workspace_open_parent(w, path, PARENTS_EXIST, &folder, &name) || unlinkat(folder, name, AT_REMOVEDIR) != 0)
            return;
    }
}

static void undo_move(const struct workspace *w, struct arena *a, const struct archive_move *m, struct archive_outcome *out)
{
    struct archive_move back = { m->to, m->from, m->inode, m->size, m->modified_ns, 0 };
    struct stat st;

    if (look(w, m->from, &st) == 0 && is_same(m, &st)) {
        out->n_needless++;
        remove_new_folders(w, a, m);    /* it may have been made for nothing */
        return;
    }
    if (archive_move_check(w, &back) || move_file(w, back.from, back.to)) {
        note_failure(out);
        return;
    }
    out->n_moved++;
    remove_new_folders(w, a, m);
}

enum err archive_plan_undo(const struct workspace *w, struct arena *a, const struct archive_plan *p, struct archive_outcome *out)
{
    for (size_t i = p->n; i-- > 0; )
        undo_move(w, a, &p->moves[i], out);
    return out->n_failed ? OK : set_state(w, a, p->id, "run", "undone");
}

/* ---- the list ---- */

struct entry { const char *name; int64_t at; };

static int latest_first(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;

    return x->at > y->at ? -1 : x->at < y->at ? 1 : strcmp(x->name, y->name);
}

static void close_dir(DIR **d)
{
    if (*d)
        closedir(*d);
}

static void add_entry(const struct workspace *w, struct arena *a, const char *name, struct buf *out)
{
    const char *dot = strchr(name, '.');
    struct archive_plan p;
    char when[TIME_TEXT_SIZE];

    if (dot == NULL || archive_plan_load(w, a, str_of(name, (size_t)(dot - name)), dot + 1, &p))
        return;
    const char *state = strcmp(dot, ".plan") == 0 ? "planned" : strcmp(dot, ".run") == 0 ? "applied" : "undone";

    buf_addf(out, "%s  %-8s %.16sZ  %zu files of ", p.id, state, time_text(when, p.made_ms), p.n);
    walk_add_path(out, p.path);
    buf_add_char(out, '\n');
}

enum err archive_plan_list(const struct workspace *w, struct arena *a, struct buf *out)
{
    CLEANUP(close_dir) DIR *d = NULL;
    struct entry *all = arena_alloc(a, NAMES_MAX * sizeof *all);
    struct stat st;
    size_t n = 0;
    int fd;
    enum err e = workspace_open_at(w, ARCHIVE_FOLDER, O_RDONLY | O_DIRECTORY, &fd);

    if (e == ERR_NOT_FOUND)
        return OK;
    TRY(e);
    d = fdopendir(fd);
    if (d == NULL) {
        close(fd);
        return failed(ERR_IO, "%s: %s", ARCHIVE_FOLDER, strerror(errno));
    }
    for (const struct dirent *f; (f = readdir(d)) != NULL && n < NAMES_MAX; )
        if (fstatat(dirfd(d), f->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode))
            all[n++] = (struct entry){ arena_c(a, str_from(f->d_name)), (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec };
    if (n)
        qsort(all, n, sizeof *all, latest_first);
    for (size_t i = 0; i < n && i < LISTED_MAX; i++)
        add_entry(w, a, all[i].name, out);
    return OK;
}
