// SPDX-License-Identifier: Apache-2.0
/* knowledge_page.c: a page of the web, or a table from there, is a collection of one document, whose name is its URL.  It is asked for
 * again with what the server gave to tell whether it changed (RFC 9110, 13.1). */
#include <stdio.h>

#include "config/config.h"
#include "memory/knowledge_apply.h"
#include "runtime/clock.h"

struct page {
    struct source         *source;
    struct arena          *arena;
    struct known_document  known;
    struct knowledge_fetch fetch;
};

static enum err find_row(struct page *p) AWAITS
{
    struct rows r;

    TRY(store_read(source_store(p->source), p->arena, &r, "knowledge.document_find", "is", p->source->id, p->source->origin));
    known_of_row(&r, &p->known);
    return p->known.id ? OK : make_documents(p->source, p->arena, &p->source->origin, 1, &p->known.id);
}

static void ask_again_with(struct page *p, const json_t *validators)
{
    p->fetch.etag = arena_str(p->arena, json_text_str(validators, "etag"));
    p->fetch.modified = arena_str(p->arena, json_text_str(validators, "modified"));
}

static str validators_of(struct page *p)
{
    CLEANUP(json_decrefp) json_t *j = json_object();

    if (p->fetch.new_etag.len)
        json_object_set_new(j, "etag", json_from_str(p->fetch.new_etag));
    if (p->fetch.new_modified.len)
        json_object_set_new(j, "modified", json_from_str(p->fetch.new_modified));
    return json_print(p->arena, j);
}

static enum err fetch(struct page *p) AWAITS
{
    const struct knowledge_host *h = &p->source->knowledge->options.host;

    if (h->fetch == NULL)
        return failed(ERR_INPUT, "pages of the web cannot be fetched here");
    TRY(h->fetch(h->arg, &p->fetch));
    if (p->fetch.status != 200 && p->fetch.status != 304)
        return failed(ERR_REMOTE, "%s answered %d", p->fetch.url, p->fetch.status);
    return OK;
}

static enum err store(struct page *p, struct reading_job *j) AWAITS
{
    struct batch *b = batch_new(p->arena);
    struct source *s = p->source;

    TRY(apply_document(p->arena, b, &(struct applied_document){
        .source = s, .known = p->known, .job = j, .size = (int64_t)p->fetch.body.len, .changed = 0, .modified = clock_wall_ms(),
        .validators = validators_of(p), .taint = s->trusted ? S("") : str_from(arena_printf(p->arena, "web page %s", p->fetch.url)) }));
    TRY(store_commit(source_store(s), b));
    memory_changed(s->knowledge->options.memory);
    s->progress.done = 1;
    return j->error ? failed(j->error, "%s", j->why) : OK;
}

/* It could not be had: what is known of it stays. */
static enum err note_failure(struct page *p, struct reading_job *j, enum err e) AWAITS
{
    if (e == ERR_CANCELLED)
        return e;
    j->error = e == ERR_INPUT || e == ERR_LIMIT ? ERR_REMOTE : e;
    snprintf(j->why, sizeof j->why, "%s", failed_text());
    return store(p, j);
}

static enum err read_page(struct page *p) AWAITS
{
    struct source *s = p->source;
    CLEANUP(reading_done) struct reading_job j = {
        .arena = p->arena, .name = p->fetch.url, .known_mark = p->known.error.len ? "" : p->known.mark,
        .rows_only = s->kind == COLLECTION_ROWS, .max_size = config_now()->knowledge_max_file_size,
    };
    enum err e = fetch(p);

    if (e)
        return note_failure(p, &j, e);
    if (p->fetch.status == 304) {
        s->progress.unchanged = s->progress.done = 1;
        return OK;
    }
    j.content_type = p->fetch.content_type;
    j.bytes.max = p->fetch.body.len + 1;
    buf_add(&j.bytes, p->fetch.body);
    TRY(reading_run(&j, &s->knowledge->options.host.documents));
    return store(p, &j);
}

enum err source_sync_page(struct source *s, bool again)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(json_decrefp) json_t *validators = NULL;
    struct page p = { .source = s, .arena = a, .fetch = { .arena = a, .url = arena_c(a, s->origin) } };

    s->progress.total = 1;
    snprintf(s->progress.current, sizeof s->progress.current, "%s", p.fetch.url);
    TRY(find_row(&p));
    if (!again && p.known.error.len == 0 && p.known.validators.len && json_parse(p.known.validators, &validators) == OK)
        ask_again_with(&p, validators);
    return read_page(&p);
}
