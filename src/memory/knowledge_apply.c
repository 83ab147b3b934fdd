// SPDX-License-Identifier: Apache-2.0
#include "memory/knowledge_apply.h"

#include <string.h>

#include "base/map.h"
#include "runtime/clock.h"

enum { YIELD_EVERY = 256 };

void known_of_row(const struct rows *r, struct known_document *out)
{
    *out = (struct known_document){ .mark = "" };
    if (r->n == 0)
        return;
    *out = (struct known_document){ .id = row_int(r, 0, 0), .size = row_int(r, 0, 1), .changed = row_int(r, 0, 2),
                                    .mark = row_str(r, 0, 3).p, .validators = row_str(r, 0, 4), .error = row_str(r, 0, 5),
                                    .taint = row_str(r, 0, 6) };
}

enum err make_documents(struct source *s, struct arena *a, const str *names, size_t n, int64_t *ret_ids)
{
    struct batch *b = batch_new(a);

    for (size_t i = 0; i < n; i++)
        batch_add(b, "knowledge.document_make", "isi", s->id, names[i], clock_wall_ms());
    if (n)
        TRY(store_commit(source_store(s), b));
    for (size_t i = 0; i < n; i++)
        ret_ids[i] = row_int(batch_rows(b, i), 0, 0);
    return OK;
}

/* ---- the items that are there ---- */

/* Rows with the same hash are a chain: a table may have the same row twice. */
struct existing {
    struct rows rows;
    struct map  first;      /* hash -> its first row not yet taken, plus one */
    size_t     *next;       /* the next row of the same hash, plus one; 0: none */
    bool       *kept;
};

static void existing_done(struct existing *e)
{
    map_done(&e->first);
}

static enum err read_existing(struct source *s, struct arena *a, int64_t document, struct existing *e) AWAITS
{
    TRY(store_read(source_store(s), a, &e->rows, "knowledge.items_of", "i", document));
    e->next = arena_alloc(a, (e->rows.n + 1) * sizeof *e->next);
    e->kept = arena_alloc(a, (e->rows.n + 1) * sizeof *e->kept);
    for (size_t i = e->rows.n; i-- > 0;) {
        str hash = row_str(&e->rows, i, 1);

        e->next[i] = (size_t)map_get(&e->first, hash);
        map_put(&e->first, hash, (void *)(i + 1));
        if (i % YIELD_EVERY == 0)
            TRY(fiber_yield());
    }
    return OK;
}

/* The first one left of this hash; SIZE_MAX: there is none. */
static size_t take_existing(struct existing *e, const char *hash)
{
    size_t row = (size_t)map_get(&e->first, str_from(hash));

    if (row == 0)
        return SIZE_MAX;
    if (e->next[row - 1])
        map_put(&e->first, str_from(hash), (void *)e->next[row - 1]);
    else
        map_remove(&e->first, str_from(hash));
    e->kept[row - 1] = true;
    return row - 1;
}

/* ---- the change ---- */

static enum err add_item(struct batch *b, const struct applied_document *d, const struct passage *p)
{
    const struct source *s = d->source;
    struct memory_item item = {
        .scope = s->scope, .collection = s->name, .kind = p->kind, .origin = ORIGIN_DOCUMENT, .title = p->title, .text = p->text,
        .place = p->place, .fields = p->fields, .document = d->known.id, .taint = d->taint, .confidence = 1, .importance = 0.5,
        .created_at = d->modified,
    };

    TRY(item_check(&item));
    memory_add(b, s->partition, &item);
    return OK;
}

static void keep_item(struct batch *b, const struct existing *e, size_t row, const struct passage *p, str taint)
{
    if (!str_eq(row_str(&e->rows, row, 2), p->place) || !str_eq(row_str(&e->rows, row, 3), p->fields)
        || !str_eq(row_str(&e->rows, row, 4), taint))
        batch_add(b, "knowledge.item_moved", "isss", row_int(&e->rows, row, 0), p->place, p->fields, taint);
}

static enum err change_items(struct batch *b, const struct applied_document *d, struct existing *e) AWAITS
{
    struct knowledge_progress *progress = &d->source->progress;

    for (size_t i = 0; i < d->job->n; i++) {
        const struct read_passage *p = &d->job->passages[i];
        size_t row = take_existing(e, p->hash);

        if (row == SIZE_MAX)
            TRY(add_item(b, d, &p->passage));
        else
            keep_item(b, e, row, &p->passage, d->taint);
        progress->items_added += row == SIZE_MAX;
        progress->items_kept += row != SIZE_MAX;
        if (i % YIELD_EVERY == 0)
            TRY(fiber_yield());
    }
    for (size_t i = 0; i < e->rows.n; i++)
        if (!e->kept[i]) {
            batch_add(b, "knowledge.item_remove", "i", row_int(&e->rows, i, 0));
            progress->items_removed++;
        }
    return OK;
}

/* What trying again cannot help is remembered with the file's size and time; what may pass by itself is tried at the next sync, and
 * what is known of the document stays. */
static void apply_failure(struct batch *b, const struct applied_document *d)
{
    bool for_good = d->job->error == ERR_INPUT || d->job->error == ERR_LIMIT;

    d->source->progress.failed++;
    if (for_good)
        batch_add(b, "knowledge.items_remove", "i", d->known.id);
    batch_add(b, "knowledge.document_failed", "iiiccii", d->known.id, for_good ? d->size : -1, for_good ? d->changed : 0,
              for_good ? d->job->mark : "", d->job->why, clock_wall_ms(), (int64_t)for_good);
}

enum err apply_document(struct arena *a, struct batch *b, const struct applied_document *d)
{
    CLEANUP(existing_done) struct existing e = { 0 };

    if (d->job->error) {
        apply_failure(b, d);
        return OK;
    }
    if (d->job->same) {
        d->source->progress.unchanged++;
        batch_add(b, "knowledge.document_same", "iiii", d->known.id, d->size, d->changed, clock_wall_ms());
        return OK;
    }
    TRY(read_existing(d->source, a, d->known.id, &e));
    TRY(change_items(b, d, &e));
    d->source->progress.read++;
    batch_add(b, "knowledge.document_read", "iiicssici", d->known.id, d->size, d->changed, d->job->mark, d->validators, d->taint,
              (int64_t)d->job->n, d->job->why, clock_wall_ms());
    return OK;
}
