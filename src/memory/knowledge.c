// SPDX-License-Identifier: Apache-2.0
/* knowledge.c: the collections there are, and a fiber for each. */
#include "memory/knowledge.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "config/config.h"
#include "memory/knowledge_internal.h"
#include "runtime/clock.h"

static const char *const kind_names[] = { "folder", "file", "web", "rows", "workspace" };
static_assert(N_ELEMENTS(kind_names) == N_COLLECTION_KINDS, "a name each");
/* The daily notes of agents and people, and what is remembered for long. */
static const char *const workspace_files[] = { "MEMORY.md", "memory/*.md", "notes/*.md", NULL };

const char *collection_kind_name(enum collection_kind k)
{
    return kind_names[k];
}

static enum collection_kind kind_of(str name)
{
    for (size_t i = 0; i < N_ELEMENTS(kind_names); i++)
        if (str_eq(name, str_from(kind_names[i])))
            return (enum collection_kind)i;
    return COLLECTION_FOLDER;
}

struct store *source_store(const struct source *s)
{
    return memory_store(s->knowledge->options.memory);
}

struct source *source_find(const struct knowledge *k, int64_t id)
{
    for (size_t i = 0; i < k->n; i++)
        if (k->sources[i]->id == id)
            return k->sources[i];
    return NULL;
}

bool source_is_idle(const struct source *s)
{
    return s->work == NULL && !s->wants_all && s->changed.n == 0;
}

/* ---- the fiber of a source ---- */

/* What all sources of this kind leave out; as it is in force now. */
static void take_rules(struct source *s)
{
    const struct config *c = config_now();

    s->rules.ignore = c->knowledge_ignore.items;
    s->rules.n_ignore = s->kind == COLLECTION_WORKSPACE ? 0 : c->knowledge_ignore.n;
    s->rules.private_folder = s->knowledge->options.private_folder;
}

/* Until there is something to do, or it is time to look whether there is. */
static enum err wait_for_news(struct source *s) AWAITS
{
    uint64_t rescan = config_now()->knowledge_rescan;
    CLEANUP(deadline_clear) struct deadline d;

    deadline_set(&d, s->watched && rescan ? rescan : UINT32_MAX);
    while (!s->wants_all && s->changed.n == 0) {
        enum err e = wait_on(&s->news, "something to read in");

        if (e == ERR_TIMEOUT) {
            s->wants_all = s->watched && rescan;
            break;
        }
        TRY(e);
    }
    return OK;
}

static void keep_error(struct source *s, enum err e)
{
    snprintf(s->error, sizeof s->error, "%s", e == ERR_CANCELLED ? "it was stopped before its end" : e ? failed_text() : "");
}

/* An end by close is none: the next start goes on. */
static enum err note_end(struct source *s, enum err e) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct batch *b = batch_new(a);

    s->progress.state = KNOWLEDGE_IDLE;
    s->progress.current[0] = '\0';
    s->progress.ended_at = clock_wall_ms();
    if (s->knowledge->closing || s->removing)
        return OK;
    keep_error(s, e);
    if (e)
        log_event(LOG_DEBUG, "knowledge.failed", F("collection", s->name), F("error", s->error));
    source_tell(s, true);
    if (!s->all) {
        s->wants_all |= e != OK && e != ERR_CANCELLED;      /* what was told of is not known any more */
        return OK;
    }
    s->unfinished = false;
    s->synced_at = s->progress.ended_at;
    batch_add(b, "knowledge.collection_ended", "iiic", s->id, (int64_t)s->unfinished, s->synced_at, s->error);
    return store_commit(source_store(s), b);
}

static enum err work(struct source *s) AWAITS
{
    take_rules(s);
    s->work = fiber_spawn("knowledge.sync", source_sync, s);
    enum err e = fiber_join(s->work);
    enum err noted;

    s->work = NULL;
    noted = note_end(s, e);
    wake_all(&s->idle);
    return noted;
}

/* What is written comes in several events, and editors write twice. */
static enum err source_run(void *arg) AWAITS
{
    struct source *s = arg;

    for (;;) {
        TRY(fiber_check());
        TRY(wait_for_news(s));
        if (!s->wants_all && s->changed.n)
            TRY(fiber_sleep(SOURCE_DEBOUNCE_MS));
        if (!source_is_idle(s) && work(s) != OK) {      /* the store fails, so trying again at once would be no better */
            TRY(fiber_check());
            log_event(LOG_DEBUG, "knowledge.not_noted", F("error", failed_text()));
            TRY(fiber_sleep(SOURCE_RETRY_MS));
        }
    }
}

static void start(struct source *s)
{
    take_rules(s);
    if (s->watched && s->rules.root)
        source_watch(s);
    if (s->watched || s->unfinished || s->synced_at == 0)
        s->wants_all = true;
    s->fiber = fiber_spawn("knowledge", source_run, s);
}

static void stop(struct source *s) AWAITS
{
    enum err ignored;

    if (s->fiber) {
        fiber_cancel(s->fiber);
        ignored = fiber_join(s->fiber);
    }
    if (s->watcher) {
        fiber_cancel(s->watcher);
        ignored = fiber_join(s->watcher);
    }
    (void)ignored;
    s->fiber = s->watcher = NULL;
    source_unwatch(s);
    source_forget_news(s);
    s->wants_all = false;
    wake_all(&s->idle);
}

static void source_free(struct source *s)
{
    arena_free(s->arena);
}

/* ---- from and to the table ---- */

static void set_place(struct source *s)
{
    const char *path = arena_c(s->arena, s->origin), *slash = strrchr(path, '/');

    if (str_find(s->origin, S("://")) != STR_NONE)
        return;
    s->rules.root = path;
    if (s->kind == COLLECTION_WORKSPACE)
        s->rules.only = workspace_files;
    if (s->kind == COLLECTION_FILE || s->kind == COLLECTION_ROWS) {
        s->rules.file = slash + 1;
        s->rules.root = slash == path ? "/" : arena_c(s->arena, str_of(path, (size_t)(slash - path)));
    }
}

static struct source *source_new(struct knowledge *k)
{
    struct arena *a = arena_new();
    struct source *s = ARENA_NEW(a, struct source);

    s->arena = a;
    s->knowledge = k;
    return s;
}

static struct source *source_of_row(struct knowledge *k, const struct rows *r, size_t i)
{
    CLEANUP(json_decrefp) json_t *options = NULL;
    struct source *s = source_new(k);
    struct arena *a = s->arena;

    s->id = row_int(r, i, 0);
    s->partition = (uint32_t)row_int(r, i, 1);
    if (!scope_kind_parse(row_str(r, i, 2), &s->scope.kind))
        s->scope.kind = SCOPE_USER;
    s->scope.key = arena_str(a, row_str(r, i, 3));
    s->name = arena_str(a, row_str(r, i, 4));
    s->kind = kind_of(row_str(r, i, 5));
    s->origin = arena_str(a, row_str(r, i, 6));
    s->trusted = json_parse(row_str(r, i, 7), &options) == OK && json_flag(options, "trusted");
    s->watched = row_int(r, i, 8) != 0;
    s->added_by = arena_str(a, row_str(r, i, 9));
    s->created_at = row_int(r, i, 10);
    s->synced_at = row_int(r, i, 11);
    s->unfinished = row_int(r, i, 12) != 0;
    s->removing = row_int(r, i, 13) != 0;
    snprintf(s->error, sizeof s->error, "%.*s", STR(row_str(r, i, 14)));
    set_place(s);
    return s;
}

static void add_source(struct knowledge *k, struct source *s)
{
    if (k->n == k->cap) {
        k->cap = k->cap ? k->cap * 2 : 8;
        k->sources = mem_resize(k->sources, k->cap * sizeof(struct source *));
    }
    k->sources[k->n++] = s;
}

static void drop_source(struct knowledge *k, struct source *s)
{
    for (size_t i = 0; i < k->n; i++)
        if (k->sources[i] == s) {
            k->sources[i] = k->sources[--k->n];
            break;
        }
    source_free(s);
}

static enum err delete_all(struct source *s) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct batch *b = batch_new(a);

    batch_add(b, "knowledge.collection_removing", "i", s->id);
    TRY(store_commit(source_store(s), b));
    TRY(source_empty(s));
    b = batch_new(a);
    batch_add(b, "knowledge.collection_remove", "i", s->id);
    return store_commit(source_store(s), b);
}

static enum err run_removal(void *arg) AWAITS
{
    struct source *s = arg;
    struct knowledge *k = s->knowledge;
    enum err e = delete_all(s);

    memory_changed(k->options.memory);
    if (e == OK) {
        drop_source(k, s);
    } else {
        s->stuck = true;
        keep_error(s, e);
    }
    wake_all(&k->removed);
    return e;
}

/* By a fiber of its own: it takes long, and whoever wants it may go away meanwhile. */
static void start_removal(struct source *s)
{
    s->removing = true;
    s->stuck = false;
    s->progress.state = KNOWLEDGE_REMOVING;
    fibers_spawn(&s->knowledge->removals, "knowledge.remove", run_removal, s);
}

/* One that was being removed when the program ended goes on with that. */
static enum err load(struct knowledge *k) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct rows r;

    TRY(store_read(memory_store(k->options.memory), a, &r, "knowledge.collections", ""));
    for (size_t i = 0; i < r.n; i++)
        add_source(k, source_of_row(k, &r, i));
    for (size_t i = 0; i < k->n; i++) {
        if (k->sources[i]->removing)
            start_removal(k->sources[i]);
        else
            start(k->sources[i]);
    }
    return OK;
}

enum err knowledge_open(const struct knowledge_options *o, struct knowledge **out)
{
    struct knowledge *k = NEW(struct knowledge);
    enum err e;

    k->options = *o;
    k->removals.independent = true;
    e = load(k);
    if (e) {
        knowledge_close(k);
        return e;
    }
    *out = k;
    return OK;
}

void knowledge_close(struct knowledge *k)
{
    if (k == NULL)
        return;
    k->closing = true;
    fibers_done(&k->removals);
    for (size_t i = 0; i < k->n; i++) {
        stop(k->sources[i]);
        source_free(k->sources[i]);
    }
    free(k->sources);
    free(k);
}

/* ---- adding and removing: knowledge_add.c looks at what is to be added ---- */

enum err source_add(struct knowledge *k, const struct checked_source *c, int64_t *ret_id)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    const struct knowledge_source *w = c->wanted;
    struct batch *b = batch_new(a);
    struct rows r;
    uint32_t partition;

    TRY(memory_partition_make(k->options.memory, w->scope, w->name, &partition));
    batch_add(b, "knowledge.collection_add", "iscscisi", (int64_t)partition, w->name, kind_names[c->kind], c->source,
              w->trusted ? "{\"trusted\":true}" : "{}", (int64_t)w->watched, w->added_by, clock_wall_ms());
    TRY(store_commit(memory_store(k->options.memory), b));
    *ret_id = row_int(batch_rows(b, 0), 0, 0);
    TRY(store_read(memory_store(k->options.memory), a, &r, "knowledge.collections", ""));
    for (size_t i = 0; i < r.n; i++)
        if (row_int(&r, i, 0) == *ret_id && source_find(k, *ret_id) == NULL) {
            add_source(k, source_of_row(k, &r, i));
            start(k->sources[k->n - 1]);
        }
    return OK;
}

enum err source_move(struct source *s, str source)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct batch *b = batch_new(a);

    stop(s);
    batch_add(b, "knowledge.collection_source", "is", s->id, source);
    TRY(store_commit(source_store(s), b));
    s->origin = arena_str(s->arena, source);
    s->unfinished = true;
    set_place(s);
    start(s);
    return OK;
}

static enum err find(const struct knowledge *k, int64_t id, struct source **out)
{
    *out = source_find(k, id);
    if (*out == NULL || (*out)->removing)
        return failed(ERR_NOT_FOUND, "there is no such collection");
    return OK;
}

enum err knowledge_remove(struct knowledge *k, int64_t id)
{
    struct source *s = source_find(k, id);

    if (s == NULL)
        return failed(ERR_NOT_FOUND, "there is no such collection");
    if (s->kind == COLLECTION_WORKSPACE)
        return failed(ERR_CONFLICT, "\"%.*s\" is made of the notes in %.*s: it goes when they do", STR(s->name), STR(s->origin));
    return source_remove(s);
}

enum err source_remove(struct source *s)
{
    struct knowledge *k = s->knowledge;
    int64_t id = s->id;

    if (!s->removing || s->stuck) {
        s->removing = true;
        stop(s);
        start_removal(s);
    }
    while ((s = source_find(k, id)) != NULL) {
        if (s->stuck)
            return failed(ERR_IO, "it could not be removed: %s", s->error);
        TRY(wait_on(&k->removed, "a collection to be removed"));
    }
    return OK;
}

enum err knowledge_sync(struct knowledge *k, int64_t id, enum knowledge_how how)
{
    struct source *s;

    TRY(find(k, id, &s));
    s->wants_all = true;
    s->wants_again |= how == KNOWLEDGE_AGAIN;
    wake_all(&s->news);
    return OK;
}

enum err knowledge_cancel(struct knowledge *k, int64_t id)
{
    struct source *s;

    TRY(find(k, id, &s));
    s->wants_all = s->wants_again = false;
    source_forget_news(s);
    if (s->work)
        fiber_cancel(s->work);
    return OK;
}

enum err knowledge_wait(struct knowledge *k, int64_t id)
{
    struct source *s;

    TRY(find(k, id, &s));
    while (!source_is_idle(s)) {
        TRY(wait_on(&s->idle, "a collection to be read in"));
        TRY(find(k, id, &s));
    }
    return s->error[0] ? failed(ERR_REMOTE, "%s", s->error) : OK;
}
