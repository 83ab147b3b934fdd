// SPDX-License-Identifier: Apache-2.0
/* knowledge_list.c: what is told of collections and their documents. */
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "memory/knowledge_internal.h"

static bool is_in(struct scope s, const struct scope *scopes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (scope_eq(s, scopes[i]))
            return true;
    return n == 0;
}

static str watching(const struct source *s, struct arena *a)
{
    if (!s->watched)
        return S("");
    if (s->rules.root == NULL)
        return S("asked for again every knowledge.rescan");
    if (s->watch_problem[0])
        return arena_str(a, str_from(s->watch_problem));
    return str_from(arena_printf(a, "%zu folder%s", s->folders.n, s->folders.n == 1 ? "" : "s"));
}

/* What was asked for a moment ago has not begun. */
static struct knowledge_progress progress_of(const struct source *s)
{
    struct knowledge_progress p = s->progress;

    if (p.state == KNOWLEDGE_IDLE && !source_is_idle(s))
        p.state = KNOWLEDGE_WAITING;
    return p;
}

static struct knowledge_collection describe(const struct source *s, struct arena *a)
{
    return (struct knowledge_collection){
        .id = s->id, .scope = { s->scope.kind, arena_str(a, s->scope.key) }, .name = arena_str(a, s->name), .kind = s->kind,
        .source = arena_str(a, s->origin), .watched = s->watched, .trusted = s->trusted, .added_by = arena_str(a, s->added_by),
        .error = arena_str(a, str_from(s->error)), .watching = watching(s, a), .created_at = s->created_at, .synced_at = s->synced_at,
        .progress = progress_of(s),
    };
}

static enum err count(struct knowledge *k, struct arena *a, struct knowledge_collection *c) AWAITS
{
    struct rows r;

    TRY(store_read(memory_store(k->options.memory), a, &r, "knowledge.counts", "i", c->id));
    c->documents = row_int(&r, 0, 0);
    c->failed = row_int(&r, 0, 1);
    c->items = row_int(&r, 0, 2);
    return OK;
}

enum err knowledge_list(struct knowledge *k, struct arena *a, const struct scope *scopes, size_t n_scopes,
                        const struct knowledge_collection **out, size_t *ret_n)
{
    struct knowledge_collection *list = arena_alloc(a, (k->n + 1) * sizeof *list);
    size_t n = 0;

    for (size_t i = 0; i < k->n; i++)
        if (is_in(k->sources[i]->scope, scopes, n_scopes))
            list[n++] = describe(k->sources[i], a);
    for (size_t i = 0; i < n; i++)
        TRY(count(k, a, &list[i]));
    *out = list;
    *ret_n = n;
    return OK;
}

enum err knowledge_find(struct knowledge *k, str name, const struct scope *scopes, size_t n_scopes, int64_t *ret_id)
{
    const struct source *found = NULL;

    for (size_t i = 0; i < k->n; i++) {
        const struct source *s = k->sources[i];

        if (!str_eq(s->name, name) || s->removing || !is_in(s->scope, scopes, n_scopes))
            continue;
        if (found)
            return failed(ERR_CONFLICT, "several scopes have a collection \"%.*s\": say which", STR(name));
        found = s;
    }
    if (found == NULL)
        return failed(ERR_NOT_FOUND, "there is no collection \"%.*s\"", STR(str_take(name, 80)));
    *ret_id = found->id;
    return OK;
}

enum err knowledge_get(struct knowledge *k, struct arena *a, int64_t id, struct knowledge_collection *out)
{
    const struct source *s = source_find(k, id);
    struct knowledge_collection c;

    if (s == NULL)
        return failed(ERR_NOT_FOUND, "there is no such collection");
    c = describe(s, a);
    TRY(count(k, a, &c));
    *out = c;
    return OK;
}

enum err knowledge_documents(struct knowledge *k, struct arena *a, int64_t id, enum knowledge_which which, str after, size_t limit,
                             const struct knowledge_document **out, size_t *ret_n)
{
    struct store *store = memory_store(k->options.memory);
    struct rows r;

    if (limit < 1 || limit > 1000)
        return failed(ERR_INPUT, "limit is 1 to 1000");
    if (which == KNOWLEDGE_FAILED)
        TRY(store_read(store, a, &r, "knowledge.documents_failed", "isi", id, after, (int64_t)limit));
    else
        TRY(store_read(store, a, &r, "knowledge.documents_list", "isi", id, after, (int64_t)limit));
    struct knowledge_document *list = arena_alloc(a, (r.n + 1) * sizeof *list);

    for (size_t i = 0; i < r.n; i++)
        list[i] = (struct knowledge_document){ .id = row_int(&r, i, 0), .name = row_str(&r, i, 1), .size = row_int(&r, i, 2),
                                               .items = row_int(&r, i, 3), .error = row_str(&r, i, 4), .synced_at = row_int(&r, i, 5) };
    *out = list;
    *ret_n = r.n;
    return OK;
}

/* ---- JSON ---- */

static json_t *time_json(int64_t ms)
{
    char text[TIME_TEXT_SIZE];

    if (ms == 0)
        return json_null();
    return json_string(time_text(text, ms));
}

json_t *knowledge_progress_json(const struct knowledge_progress *p)
{
    static const char *const states[] = { "idle", "waiting", "syncing", "removing" };

    return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o}", "state", states[p->state],
                     "total", (json_int_t)p->total, "done", (json_int_t)p->done, "read", (json_int_t)p->read,
                     "unchanged", (json_int_t)p->unchanged, "removed", (json_int_t)p->removed, "failed", (json_int_t)p->failed,
                     "items_added", (json_int_t)p->items_added, "items_kept", (json_int_t)p->items_kept,
                     "items_removed", (json_int_t)p->items_removed, "began_at", time_json(p->began_at), "ended_at", time_json(p->ended_at),
                     "current", json_from_str(str_from(p->current)));
}

json_t *knowledge_collection_json(const struct knowledge_collection *c)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();

    return json_pack("{s:I, s:o, s:o, s:s, s:o, s:b, s:b, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:o}", "id", (json_int_t)c->id,
                     "name", json_from_str(c->name), "scope", json_from_str(scope_text(a, c->scope)), "kind", collection_kind_name(c->kind),
                     "source", json_from_str(c->source), "watched", (int)c->watched, "trusted", (int)c->trusted,
                     "added_by", json_from_str(c->added_by), "watching", json_from_str(c->watching), "error", json_from_str(c->error),
                     "created_at", time_json(c->created_at), "synced_at", time_json(c->synced_at), "documents", (json_int_t)c->documents,
                     "failed", (json_int_t)c->failed, "items", (json_int_t)c->items, "progress", knowledge_progress_json(&c->progress));
}
