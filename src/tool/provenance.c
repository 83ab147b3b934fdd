// SPDX-License-Identifier: Apache-2.0
#include "tool/provenance.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/map.h"
#include "base/mem.h"
#include "runtime/clock.h"
#include "runtime/offload.h"
#include "tool/walk.h"

enum { LISTED_MAX = 100, STAMP_SLACK_MS = 20 };       /* the kernel's stamps come from a coarser clock */

static struct {
    struct store *store;
    struct map    marks;        /* path -> origin, a C string of its own */
    uint64_t      n_marked;     /* so far */
    const char *const *workspaces;  /* borrowed */
    size_t        n_workspaces;
    unsigned      writing;          /* calls in whose time it is in doubt whose words are written */
    bool          doubted;          /* somebody asked meanwhile */
    void        (*on_change)(void *arg);
    void         *on_change_arg;
} state;

static void forget(str path)
{
    free(map_remove(&state.marks, path));
}

static void remember(str path, str origin)
{
    forget(path);
    map_put(&state.marks, path, str_dup_c(origin));
    state.n_marked++;
}

static void forget_all(void)
{
    const struct map_entry *e;

    for (size_t i = 0; map_next(&state.marks, &i, &e);)
        free(e->value);
    map_done(&state.marks);
    state.marks = (struct map){ 0 };
}

static void tell_change(void)
{
    if (state.on_change)
        state.on_change(state.on_change_arg);
}

void provenance_on_change(void (*fn)(void *arg), void *arg)
{
    state.on_change = fn;
    state.on_change_arg = arg;
}

void provenance_begin(void)
{
    state.writing++;
}

void provenance_end(void)
{
    assert(state.writing);
    if (--state.writing || !state.doubted)
        return;
    state.doubted = false;
    tell_change();
}

bool provenance_in_doubt(void)
{
    state.doubted |= state.writing > 0;
    return state.writing > 0;
}

enum err provenance_open(struct store *store)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct rows r;

    forget_all();
    state.store = store;
    TRY(store_read(store, a, &r, "foreign.list", ""));
    for (size_t i = 0; i < r.n; i++)
        remember(row_str(&r, i, 0), row_str(&r, i, 1));
    return OK;
}

void provenance_close(void)
{
    forget_all();
    state.store = NULL;
}

/* Is `path` below the folder, or the folder itself?  "." and "./" hold everything. */
static bool is_below(str path, str folder)
{
    if (str_ends(folder, S("/")))
        folder = str_take(folder, folder.len - 1);
    if (str_eq(folder, S(".")) || str_eq(path, folder))
        return true;
    return path.len > folder.len && str_starts(path, folder) && path.p[folder.len] == '/';
}

str provenance_of(struct arena *a, const char *path)
{
    str p = str_from(path);
    const struct map_entry *e;

    for (size_t i = 0; map_next(&state.marks, &i, &e);) {
        bool covers = str_ends(e->key, S("/")) && is_below(p, e->key);

        if (covers || is_below(e->key, p))
            return str_from(arena_printf(a, "%.*s (%s)", STR(e->key), (const char *)e->value));
    }
    return NO_STR;
}

void provenance_list(struct buf *b)
{
    const struct map_entry *e;
    size_t n = 0;

    for (size_t i = 0; n < LISTED_MAX && map_next(&state.marks, &i, &e); n++)
        buf_addf(b, "- `%.*s` (%s)\n", STR(e->key), (const char *)e->value);
    if (state.marks.n > n)
        buf_addf(b, "- (%zu more)\n", state.marks.n - n);
}

struct lookup { struct arena *arena; const char *workspace; str path; const char *found; };

static const char *name_of(struct arena *a, int fd)
{
    char link[64], path[PATH_MAX];

    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path);

    return n > 0 && (size_t)n < sizeof path ? arena_c(a, str_of(path, (size_t)n)) : NULL;
}

static enum err look_up(void *arg)
{
    struct lookup *l = arg;
    CLEANUP(workspace_close) struct workspace w = { .fd = -1 };
    const char *relative;
    int fd;

    TRY(workspace_open(l->workspace, &w));
    TRY(workspace_relative(&w, l->arena, l->path, &relative));
    TRY(workspace_open_at(&w, relative, O_PATH, &fd));
    const char *top = name_of(l->arena, w.fd), *at = name_of(l->arena, fd);
    size_t n = top ? strlen(top) : 0;

    close(fd);
    if (top && at && strncmp(at, top, n) == 0 && at[n] == '/')
        l->found = at + n + 1;
    return OK;
}

const char *provenance_resolve(struct arena *a, const char *workspace, str path)
{
    CLEANUP(arena_freep) struct arena *own = arena_new();
    struct lookup l = { .arena = own, .workspace = workspace, .path = path };

    if (fiber_offload(look_up, &l) || l.found == NULL)
        return ".";
    return arena_c(a, str_from(l.found));
}

/* ---- marking ---- */

struct paths { struct arena *arena; str *items; size_t n, cap; };

static void add_path(struct paths *p, str path)
{
    if (p->n == p->cap) {
        size_t cap = p->cap ? p->cap * 2 : 64;
        str *bigger = arena_alloc(p->arena, cap * sizeof *bigger);

        if (p->n)
            memcpy(bigger, p->items, p->n * sizeof *bigger);
        p->items = bigger;
        p->cap = cap;
    }
    p->items[p->n++] = arena_str(p->arena, path);
}

/* In memory first: who reads meanwhile is to be warned, whatever becomes of the disk. */
static enum err mark_all(struct arena *a, const struct paths *p, str origin) AWAITS
{
    struct batch *b = batch_new(a);

    for (size_t i = 0; i < p->n; i++) {
        remember(p->items[i], origin);
        batch_add(b, "foreign.mark", "ssi", p->items[i], origin, clock_wall_ms());
    }
    if (p->n)
        tell_change();
    return p->n && state.store ? store_commit(state.store, b) : OK;
}

enum err provenance_mark(str path, str origin)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct paths one = { .arena = a };

    add_path(&one, path);
    return mark_all(a, &one, origin);
}

int64_t provenance_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

struct search { const char *workspace; int64_t since; struct paths changed; bool all_seen; };

static bool has_changed(const struct walk_entry *e, int64_t since)
{
    struct stat st;

    if (fstatat(e->folder, e->name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return false;
    return (int64_t)st.st_ctim.tv_sec * 1000 + st.st_ctim.tv_nsec / 1000000 >= since - STAMP_SLACK_MS;
}

static enum err search_changed(void *arg)
{
    struct search *s = arg;
    CLEANUP(workspace_close) struct workspace w = { .fd = -1 };
    CLEANUP(walk_done) struct walk walk = { 0 };
    struct walk_entry e;

    TRY(workspace_open(s->workspace, &w));
    TRY(walk_start(&walk, &w, "."));
    while (s->changed.n <= PROVENANCE_MAX && walk_next(&walk, &e)) {
        if (e.kind != WALK_FOLDER && has_changed(&e, s->since))
            add_path(&s->changed, e.path);
        if (e.kind == WALK_FOLDER)
            walk_into(&walk);
    }
    s->all_seen = !walk.stopped && walk.not_open == 0;
    return OK;
}

enum err provenance_mark_changed(const char *workspace, int64_t since, str origin)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct search s = { .workspace = workspace, .since = since, .changed = { .arena = a } };

    TRY(fiber_offload(search_changed, &s));
    if (!s.all_seen || s.changed.n + state.marks.n > PROVENANCE_MAX) {
        s.changed.n = 0;
        add_path(&s.changed, S("./"));
    }
    return mark_all(a, &s.changed, origin);
}

/* ---- unmarking ---- */

static enum err unmark(struct arena *a, const struct paths *p) AWAITS
{
    struct batch *b = batch_new(a);

    for (size_t i = 0; i < p->n; i++)
        batch_add(b, "foreign.remove", "s", p->items[i]);
    if (p->n && state.store)
        TRY(store_commit(state.store, b));
    for (size_t i = 0; i < p->n; i++)
        forget(p->items[i]);
    if (p->n)
        tell_change();
    return OK;
}

enum err provenance_trust(const char *path, size_t *ret_n)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct paths gone = { .arena = a };
    const struct map_entry *e;

    for (size_t i = 0; map_next(&state.marks, &i, &e);)
        if (is_below(e->key, str_from(path)))
            add_path(&gone, e->key);
    TRY(unmark(a, &gone));
    *ret_n = gone.n;
    return OK;
}

void provenance_use_workspaces(const char *const *paths, size_t n)
{
    state.workspaces = paths;
    state.n_workspaces = n;
}

struct absence { const char *workspace; const char *const *others; size_t n_others; struct paths *marks, *gone; };

/* Takes away those that are here.  A workspace that cannot be looked into may have them all. */
static void keep_absent(const char *workspace, struct paths *p)
{
    CLEANUP(workspace_close) struct workspace w = { .fd = -1 };
    bool opened = workspace_open(workspace, &w) == OK;
    struct stat st;
    size_t n = 0;

    for (size_t i = 0; opened && i < p->n; i++)
        if (fstatat(w.fd, p->items[i].p, &st, AT_SYMLINK_NOFOLLOW) != 0 && (errno == ENOENT || errno == ENOTDIR))
            p->items[n++] = p->items[i];
    p->n = n;
}

static enum err search_gone(void *arg)
{
    const struct absence *s = arg;

    for (size_t i = 0; i < s->marks->n; i++)
        add_path(s->gone, s->marks->items[i]);
    keep_absent(s->workspace, s->gone);
    for (size_t i = 0; i < s->n_others && s->gone->n; i++)
        keep_absent(s->others[i], s->gone);
    return OK;
}

enum err provenance_prune(const char *workspace)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct paths marks = { .arena = a }, gone = { .arena = a };
    struct absence s = { workspace, state.workspaces, state.n_workspaces, &marks, &gone };
    const struct map_entry *e;
    uint64_t before = state.n_marked;

    for (size_t i = 0; map_next(&state.marks, &i, &e);)
        add_path(&marks, e->key);
    if (marks.n == 0)
        return OK;
    TRY(fiber_offload(search_gone, &s));
    return before == state.n_marked ? unmark(a, &gone) : OK;    /* a file that was not there may have come with its mark */
}
