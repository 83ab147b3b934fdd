// SPDX-License-Identifier: Apache-2.0
/* knowledge_sync.c: a folder's files against the documents that are known of it.  A walk gives files a batch at a time; a batch is looked
 * up in one query, what changed of it is read in pool threads and stored a few documents a transaction.  Which documents the walk came
 * across is a bit each; those without one are gone. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "config/config.h"
#include "memory/knowledge_apply.h"
#include "memory/knowledge_sweep.h"
#include "runtime/clock.h"
#include "runtime/offload.h"

enum { READ_MS = 50, READ_BYTES = 8 << 20, TELL_EVERY_MS = 250, ROWS_PER_COMMIT = 1000 };

struct sync {
    struct source *source;
    bool           again;           /* what failed is read again */
    struct seen    seen;
};

struct candidate {
    const struct walk_file *file;
    struct known_document   known;
    str                     taint;
    struct reading_job      job;
};

void source_tell(struct source *s, bool now)
{
    struct bus *bus = s->knowledge->options.bus;

    if (bus == NULL || !bus_watched(bus, S("knowledge"), "progress") || (!now && clock_ms() - s->told_ms < TELL_EVERY_MS))
        return;
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(json_decrefp) json_t *j = knowledge_progress_json(&s->progress);

    s->told_ms = clock_ms();
    json_object_set_new(j, "collection", json_from_str(s->name));
    json_object_set_new(j, "scope", json_from_str(scope_text(a, s->scope)));
    bus_publish(bus, S("knowledge"), "progress", s->id, json_print(a, j));
}

/* ---- which files have changed ---- */

static str taint_of(const struct source *s, struct arena *a, const char *path)
{
    const struct knowledge_host *h = &s->knowledge->options.host;

    if (s->kind == COLLECTION_WORKSPACE)
        return h->taint_of ? h->taint_of(h->arg, a, path) : S("");
    if (s->trusted)
        return S("");
    return str_from(arena_printf(a, "document %s (knowledge %.*s)", path, STR(s->name)));
}

static bool is_same(const struct sync *y, const struct candidate *c)
{
    return c->known.size == c->file->size && c->known.changed == c->file->changed && !(y->again && c->known.error.len)
           && str_eq(c->known.taint, c->taint);
}

static enum err look_up(struct source *s, struct arena *a, const struct folder_walk *w, struct batch **ret) AWAITS
{
    struct batch *b = batch_new(a);

    for (size_t i = 0; i < w->n_files; i++)
        batch_add(b, "knowledge.document_find", "ic", s->id, w->files[i].path);
    *ret = b;
    return w->n_files ? store_query(source_store(s), b) : OK;
}

/* Those to be read, in *ret; all others are counted and done with. */
static enum err choose(struct sync *y, struct arena *a, const struct folder_walk *w, struct candidate **ret, size_t *ret_n) AWAITS
{
    struct candidate *list = arena_alloc(a, (w->n_files + 1) * sizeof *list);
    struct source *s = y->source;
    struct batch *b;
    size_t n = 0;

    TRY(look_up(s, a, w, &b));
    for (size_t i = 0; i < w->n_files; i++) {
        struct candidate *c = &list[n];

        *c = (struct candidate){ .file = &w->files[i], .taint = taint_of(s, a, w->files[i].path) };
        known_of_row(batch_rows(b, i), &c->known);
        seen_mark(&y->seen, c->known.id);
        if (c->known.id && is_same(y, c)) {
            s->progress.unchanged++;
            s->progress.done++;
        } else {
            n++;
        }
    }
    *ret = list;
    *ret_n = n;
    return OK;
}

/* While files come and go, a folder's reading may give one twice. */
static void drop_doubles(struct candidate *list, size_t *n)
{
    size_t kept = 0;

    for (size_t i = 0; i < *n; i++) {
        bool twice = false;

        for (size_t k = 0; k < kept && !twice; k++)
            twice = list[k].known.id == list[i].known.id;
        if (!twice)
            list[kept++] = list[i];
    }
    *n = kept;
}

static enum err make_rows(struct sync *y, struct arena *a, struct candidate *list, size_t *n_list) AWAITS
{
    size_t n = *n_list;
    str *names = arena_alloc(a, (n + 1) * sizeof *names);
    int64_t *ids = arena_alloc(a, (n + 1) * sizeof *ids);
    size_t n_new = 0;

    for (size_t i = 0; i < n; i++)
        if (list[i].known.id == 0)
            names[n_new++] = str_from(list[i].file->path);
    TRY(make_documents(y->source, a, names, n_new, ids));
    n_new = 0;
    for (size_t i = 0; i < n; i++)
        if (list[i].known.id == 0) {
            list[i].known.id = ids[n_new++];
            seen_mark(&y->seen, list[i].known.id);
        }
    drop_doubles(list, n_list);
    return OK;
}

/* ---- reading ---- */

struct pass { struct candidate *list; size_t n, at; bool again; };

/* As many as take a moment; it ends before one that must be prepared. */
static enum err read_some(void *arg)
{
    struct pass *p = arg;
    uint64_t begin = clock_ms(), bytes = 0;

    while (p->at < p->n && clock_ms() - begin < READ_MS && bytes < READ_BYTES) {
        struct reading_job *j = &p->list[p->at].job;

        if (j->error == OK && !j->opened)
            reading_open(j);
        if (reading_must_prepare(j))
            break;
        bytes += j->bytes.len;
        if (j->opened && !j->same)
            reading_take_apart(j, NULL);
        p->at++;
    }
    return OK;
}

static void start_jobs(const struct source *s, struct arena *a, struct pass *p)
{
    for (size_t i = p->at; i < p->n; i++) {
        struct candidate *c = &p->list[i];
        bool other_taint = !str_eq(c->known.taint, c->taint);

        if (c->job.opened) {        /* and to be prepared: it waited for its turn */
            c->job.arena = a;
            continue;
        }
        c->job = (struct reading_job){ .arena = a, .rules = &s->rules, .name = c->file->path, .rows_only = s->kind == COLLECTION_ROWS,
                                       .known_mark = other_taint || (p->again && c->known.error.len) ? "" : c->known.mark,
                                       .max_size = config_now()->knowledge_max_file_size };
        if (c->file->bad_name) {
            c->job.error = ERR_INPUT;
            snprintf(c->job.why, sizeof c->job.why, "its name is no UTF-8: give it another");
        }
    }
}

static void end_jobs(struct pass *p)
{
    for (size_t i = 0; i < p->n; i++)
        reading_done(&p->list[i].job);
}

/* ---- storing ---- */

static enum err store_one(struct source *s, struct arena *a, struct batch *b, struct candidate *c) AWAITS
{
    const struct walk_file *f = c->file;
    int64_t now = clock_wall_ms(), modified = f->modified / 1000000;

    s->progress.done++;
    return apply_document(a, b, &(struct applied_document){
        .source = s, .known = c->known, .job = &c->job, .size = f->size, .changed = c->job.racy ? 0 : f->changed,
        .modified = modified > 0 && modified < now ? modified : now, .taint = c->taint });
}

static enum err store_some(struct source *s, struct arena *a, struct candidate *list, size_t n) AWAITS
{
    struct batch *b = batch_new(a);

    for (size_t i = 0; i < n; i++) {
        if (list[i].job.error == ERR_NOT_FOUND)
            continue;               /* it went while we looked: the next sync finds it gone */
        TRY(store_one(s, a, b, &list[i]));
        if (batch_size(b) >= ROWS_PER_COMMIT) {
            TRY(source_commit(s, b));
            b = batch_new(a);
        }
    }
    return source_commit(s, b);
}

/* The arena is that of the documents which are read in one go, so that no more of them are in memory. */
static enum err read_and_store_some(struct source *s, struct pass *p) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    size_t from = p->at;

    start_jobs(s, a, p);
    snprintf(s->progress.current, sizeof s->progress.current, "%s", p->list[from].file->path);
    TRY(fiber_offload(read_some, p));
    if (p->at == from) {
        TRY(reading_run(&p->list[p->at].job, &s->knowledge->options.host.documents));
        p->at++;
    }
    TRY(store_some(s, a, p->list + from, p->at - from));
    source_tell(s, false);
    return OK;
}

static enum err sync_batch(struct sync *y, struct arena *a, const struct folder_walk *w) AWAITS
{
    CLEANUP(end_jobs) struct pass p = { .again = y->again };

    TRY(choose(y, a, w, &p.list, &p.n));
    TRY(make_rows(y, a, p.list, &p.n));
    while (p.at < p.n)
        TRY(read_and_store_some(y->source, &p));
    return OK;
}

/* ---- a walk ---- */

struct beginning { struct folder_walk *walk; const char *path; };

static enum err begin_walk(void *arg)
{
    const struct beginning *b = arg;

    return folder_walk_start(b->walk, b->path);
}

static void take_watches(struct source *s, const struct folder_walk *w)
{
    for (size_t i = 0; i < w->n_watches; i++)
        source_watch_folder(s, w->watches[i].number, w->watches[i].path);
    if (w->watch_error)
        snprintf(s->watch_problem, sizeof s->watch_problem, "not all folders are watched, the others are looked through every "
                 "knowledge.rescan: %s", w->watch_error == EDQUOT ? "there are more than knowledge.max_watches"
                                         : w->watch_error == ENOSPC ? "this machine allows no more (sysctl fs.inotify.max_user_watches)"
                                                                    : strerror(w->watch_error));
}

static enum err one_batch(struct sync *y, struct folder_walk *w) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();

    w->arena = a;
    TRY(fiber_offload(folder_walk_batch, w));
    take_watches(y->source, w);
    return sync_batch(y, a, w);
}

/* The first files and watches came with the start. */
static enum err walk_through(struct sync *y, struct folder_walk *w, const char *path) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();

    w->arena = a;
    TRY(fiber_offload(begin_walk, &(struct beginning){ w, path }));
    take_watches(y->source, w);
    TRY(sync_batch(y, a, w));
    while (w->depth)
        TRY(one_batch(y, w));
    return OK;
}

static void prepare_walk(struct source *s, struct folder_walk *w)
{
    uint64_t most = config_now()->knowledge_max_watches;

    w->rules = &s->rules;
    w->inotify = s->inotify ? fd_raw(s->inotify) : -1;
    w->watch_events = SOURCE_EVENTS;
    w->watches_left = most > s->folders.n ? most - s->folders.n : 0;
}

static void free_walk(struct folder_walk **w)
{
    folder_walk_done(*w);
    free(*w);
}

static enum err sync_path(struct sync *y, const char *path) AWAITS
{
    CLEANUP(free_walk) struct folder_walk *w = NEW(struct folder_walk);

    prepare_walk(y->source, w);
    TRY(walk_through(y, w, path));
    return sweep(y->source, &y->seen, w, path);
}

static enum err count(struct source *s, const char *path) AWAITS
{
    CLEANUP(free_walk) struct folder_walk *w = NEW(struct folder_walk);
    CLEANUP(arena_freep) struct arena *a = arena_new();

    *w = (struct folder_walk){ .rules = &s->rules, .inotify = -1, .count_only = true, .arena = a };
    TRY(fiber_offload(begin_walk, &(struct beginning){ w, path }));
    while (w->depth)
        TRY(fiber_offload(folder_walk_batch, w));
    s->progress.total = w->counted;
    return OK;
}

/* ---- all of it, or what changed ---- */

static void sync_done(struct sync *y)
{
    seen_done(&y->seen);
}

static enum err sync_all(struct source *s) AWAITS
{
    CLEANUP(sync_done) struct sync y = { .source = s, .again = s->wants_again };
    const char *path = s->rules.file ? s->rules.file : "";

    s->wants_all = s->wants_again = false;
    s->watch_problem[0] = '\0';
    source_forget_news(s);
    if (s->rules.root == NULL)
        return source_sync_page(s, y.again);
    TRY(count(s, path));
    TRY(seen_begin(s, &y.seen));
    return sync_path(&y, path);
}

/* One path of those that inotify told of. */
static char *take_changed(struct source *s)
{
    const struct map_entry *e;
    size_t i = 0;

    if (!map_next(&s->changed, &i, &e))
        return NULL;
    char *path = str_dup_c(e->key);

    map_remove(&s->changed, str_from(path));
    return path;
}

/* What was seen is forgotten between two: a file that was there a moment ago may be gone with its folder. */
static enum err sync_one(struct source *s, const char *path) AWAITS
{
    CLEANUP(sync_done) struct sync y = { .source = s };

    TRY(seen_begin(s, &y.seen));
    return sync_path(&y, path);
}

static enum err sync_changed(struct source *s) AWAITS
{
    while (!s->wants_all) {
        CLEANUP(mem_freep) char *path = take_changed(s);

        if (path == NULL)
            break;
        TRY(sync_one(s, path));
    }
    return OK;
}

static enum err take_turn(struct knowledge *k) AWAITS
{
    while (k->busy >= KNOWLEDGE_SIDE_BY_SIDE)
        TRY(wait_on(&k->free, "other collections to be read"));
    k->busy++;
    return OK;
}

static void give_turn(struct knowledge *k)
{
    k->busy--;
    wake_one(&k->free);
}

static void begin_progress(struct source *s, enum knowledge_state state)
{
    s->progress = (struct knowledge_progress){ .state = state, .began_at = clock_wall_ms() };
    source_tell(s, true);
}

static enum err mark_begun(struct source *s) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct batch *b = batch_new(a);

    s->unfinished = true;
    batch_add(b, "knowledge.collection_began", "i", s->id);
    return store_commit(source_store(s), b);
}

enum err source_sync(void *arg)
{
    struct source *s = arg;

    s->all = s->wants_all;
    if (!s->all) {
        begin_progress(s, KNOWLEDGE_SYNCING);
        return sync_changed(s);
    }
    begin_progress(s, KNOWLEDGE_WAITING);
    TRY(take_turn(s->knowledge));
    begin_progress(s, KNOWLEDGE_SYNCING);
    enum err e = mark_begun(s);

    if (e == OK)
        e = sync_all(s);
    give_turn(s->knowledge);
    return e;
}
