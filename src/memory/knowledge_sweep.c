// SPDX-License-Identifier: Apache-2.0
#include "memory/knowledge_sweep.h"

#include <stdlib.h>

#include "base/mem.h"
#include "memory/knowledge_apply.h"

enum { PAGE = 500, ITEMS_PER_COMMIT = 2000 };

enum err source_commit(struct source *s, struct batch *b)
{
    if (batch_size(b) == 0)
        return OK;
    TRY(store_commit(source_store(s), b));
    memory_changed(s->knowledge->options.memory);
    return OK;
}

/* ---- what was seen ---- */

enum err seen_begin(struct source *s, struct seen *seen)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct rows r;

    TRY(store_read(source_store(s), a, &r, "knowledge.documents_last", ""));
    seen->first = row_int(&r, 0, 0);
    seen->last = row_int(&r, 0, 1);
    seen->bits = mem_alloc((size_t)(seen->last - seen->first) / 8 + 1);
    return OK;
}

void seen_done(struct seen *seen)
{
    free(seen->bits);
}

static bool is_known(const struct seen *seen, int64_t id)
{
    return id >= seen->first && id <= seen->last;
}

void seen_mark(struct seen *seen, int64_t id)
{
    if (is_known(seen, id))
        seen->bits[(id - seen->first) / 8] |= (uint8_t)(1 << ((id - seen->first) % 8));
}

static bool was_seen(const struct seen *seen, int64_t id)
{
    return !is_known(seen, id) || (seen->bits[(id - seen->first) / 8] & 1 << ((id - seen->first) % 8));
}

/* ---- what is gone ---- */

struct sweeping { struct source *source; const struct seen *seen; const struct folder_walk *walk; };

/* Below a folder that could not be opened nobody knows. */
static bool is_unread(const struct folder_walk *w, str name)
{
    if (w->n_unread > WALK_UNREAD_MAX)
        return true;
    for (size_t i = 0; i < w->n_unread; i++) {
        str folder = str_from(w->unread[i]);

        if (str_starts(name, folder) && (name.len == folder.len || name.p[folder.len] == '/'))
            return true;
    }
    return false;
}

static void remove_document(struct source *s, struct batch *b, int64_t id, int64_t items)
{
    batch_add(b, "knowledge.items_remove", "i", id);
    batch_add(b, "knowledge.document_remove", "i", id);
    s->progress.removed++;
    s->progress.items_removed += (uint64_t)items;
}

/* One page of names between the two; *after: the last of them, in `names`. */
static enum err sweep_page(const struct sweeping *w, struct arena *names, str *after, str before, bool *ret_more) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct batch *b = batch_new(a);
    struct source *s = w->source;
    int64_t items = 0;
    struct rows r;

    TRY(store_read(source_store(s), a, &r, "knowledge.documents_between", "issi", s->id, *after, before, (int64_t)PAGE));
    for (size_t i = 0; i < r.n && items < ITEMS_PER_COMMIT; i++) {
        *after = row_str(&r, i, 1);
        if (was_seen(w->seen, row_int(&r, i, 0)) || is_unread(w->walk, *after))
            continue;
        items += row_int(&r, i, 2);
        remove_document(s, b, row_int(&r, i, 0), row_int(&r, i, 2));
    }
    *ret_more = r.n == PAGE || items >= ITEMS_PER_COMMIT;
    *after = arena_str(names, *after);
    return source_commit(s, b);
}

static enum err sweep_between(const struct sweeping *w, str after, str before) AWAITS
{
    CLEANUP(arena_freep) struct arena *names = arena_new();
    bool more = true;

    while (more) {
        TRY(sweep_page(w, names, &after, before, &more));
        source_tell(w->source, false);
        TRY(fiber_yield());
    }
    return OK;
}

static enum err sweep_one(const struct sweeping *w, const char *path) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct batch *b = batch_new(a);
    struct known_document known;
    struct rows r;

    TRY(store_read(source_store(w->source), a, &r, "knowledge.document_find", "ic", w->source->id, path));
    known_of_row(&r, &known);
    if (known.id && !was_seen(w->seen, known.id))
        remove_document(w->source, b, known.id, 0);
    return source_commit(w->source, b);
}

/* A name is below a folder exactly when it is between the folder with "/" and the folder with "0", which follows "/". */
enum err sweep(struct source *s, const struct seen *seen, const struct folder_walk *walk, const char *path)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct sweeping w = { s, seen, walk };

    if (*path == '\0')
        return sweep_between(&w, S(""), S("\xff"));
    TRY(sweep_one(&w, path));
    return sweep_between(&w, str_from(arena_printf(a, "%s/", path)), str_from(arena_printf(a, "%s0", path)));
}

enum err source_empty(struct source *s)
{
    static const struct folder_walk none;
    CLEANUP(seen_done) struct seen nothing = { 0 };

    TRY(seen_begin(s, &nothing));
    return sweep(s, &nothing, &none, "");
}
