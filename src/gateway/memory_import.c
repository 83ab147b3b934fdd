// SPDX-License-Identifier: Apache-2.0
#include "gateway/memory_import.h"

#include "base/words.h"

static void note_error(const struct memory_import *in, const json_t *one)
{
    json_array_append_new(in->errors, json_pack("{s:I, s:s}", "line", (json_int_t)json_int(one, "line", 0), "error", failed_text()));
}

/* A number of another program's message would have a stranger's words forgotten with it some day. */
static enum err check_source(const struct memory_import *in, struct memory_item *m) AWAITS
{
    struct rows r;

    if (m->inbox_id == 0)
        return OK;
    TRY(store_read(in->record, in->arena, &r, "forget.is_message_of", "is", m->inbox_id, m->session_id));
    if (r.n == 0)
        m->inbox_id = 0;
    return OK;
}

static enum err read_item(const struct memory_import *in, const json_t *one, struct memory_item *out) AWAITS
{
    CLEANUP(json_decrefp) json_t *j = json_copy(json_object_get(one, "item"));

    if (!json_is_object(j))
        return failed(ERR_INPUT, "it is not a JSON object");
    if (json_object_get(j, "scope") == NULL)
        json_object_set_new(j, "scope", json_string("user:owner"));
    if (json_object_get(j, "kind") == NULL)
        json_object_set_new(j, "kind", json_string("note"));
    if (json_object_get(j, "origin") == NULL)
        json_object_set_new(j, "origin", json_string(item_origin_name(ORIGIN_IMPORT)));
    TRY(item_from_json(in->arena, j, out));
    out->id = out->document = out->replaced_by = out->embedded = 0;
    if (in->scope)
        out->scope = *in->scope;
    if (out->collection.len || out->kind == ITEM_PASSAGE || out->kind == ITEM_ROW)
        return failed(ERR_INPUT, "it is knowledge, which is read from its source: clawdbot knowledge add");
    TRY(item_check(out));
    return check_source(in, out);
}

enum err memory_import(struct memory_import *in, const json_t *items)
{
    size_t n = json_array_size(items), taken = 0;
    struct memory_item *list = arena_alloc(in->arena, (n + 1) * sizeof *list);
    int64_t *ids = arena_alloc(in->arena, (n + 1) * sizeof *ids);

    if (!json_is_array(items))
        return failed(ERR_INPUT, "\"items\" wants a list of {\"line\", \"item\"}");
    for (size_t i = 0; i < n; i++) {
        const json_t *one = json_array_get(items, i);
        enum err e = read_item(in, one, &list[taken]);

        if (e == OK)
            taken++;
        else if (e == ERR_INPUT)
            note_error(in, one);
        else
            return e;
    }
    if (taken)
        TRY(memory_save(in->memory, list, taken, NULL, ids));
    in->n += taken;
    return OK;
}

/* Quotes are no part of a word, so none need to be doubled. */
str memory_words_expression(struct arena *a, str words)
{
    CLEANUP(buf_done) struct buf b = { 0 };
    struct words w = { .text = words, .indexed = true };
    struct word word;

    while (words_next(&w, &word))
        buf_addf(&b, "%s(\"%.*s\")", b.len ? " AND " : "", STR(word.folded));
    return arena_str(a, buf_str(&b));
}
