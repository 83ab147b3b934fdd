// SPDX-License-Identifier: Apache-2.0
#include "gateway/forget.h"

#include <stdio.h>

#include "agent/history.h"
#include "base/fault.h"
#include "base/metrics.h"
#include "gateway/sessions.h"
#include "memory/memory.h"
#include "runtime/clock.h"
#include "store/audit.h"
#include "store/blobs.h"

enum { PAGE = 200 };

static uint64_t count;

uint64_t forget_count(void)
{
    return count;
}

/* ---- lists of ids ---- */

static json_t *ids_to_json(const int64_t *ids, size_t n)
{
    json_t *list = json_array();

    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, json_integer(ids[i]));
    return list;
}

static str ids_text(struct arena *a, const int64_t *ids, size_t n)
{
    CLEANUP(json_decrefp) json_t *list = ids_to_json(ids, n);

    return json_print(a, list);
}

static const int64_t *ids_of_json(struct arena *a, const json_t *list, size_t *ret_n)
{
    size_t n = json_array_size(list);
    int64_t *ids = arena_alloc(a, n * sizeof *ids);

    for (size_t i = 0; i < n; i++)
        ids[i] = json_integer_value(json_array_get(list, i));
    *ret_n = n;
    return ids;
}

static const int64_t *ids_of_rows(struct arena *a, const struct rows *r)
{
    int64_t *ids = arena_alloc(a, r->n * sizeof *ids);

    for (size_t i = 0; i < r->n; i++)
        ids[i] = row_int(r, i, 0);
    return ids;
}

/* ---- the words of messages ---- */

/* In this order: what is found by the words goes before the words. */
static const char *const steps[] = {
    "forget.pins", "forget.plans", "forget.compactions", "forget.blobs", "forget.approvals", "forget.questions", "forget.outbox",
    "forget.steps", "forget.journal", "forget.answers", "forget.titles", "forget.messages",
};

static enum err drop_blobs(struct gateway *g) AWAITS
{
    size_t n;

    do
        TRY(blobs_expire(g->blobs, clock_wall_ms(), &n));
    while (n);
    return OK;
}

/* Those that have ended, and the JSON list of all their conversations. */
static size_t ended_ones(struct gateway *g, struct arena *a, const struct rows *turns, int64_t *ids, str *ret_sessions)
{
    CLEANUP(json_decrefp) json_t *sessions = json_array();
    size_t n = 0;

    for (size_t i = 0; i < turns->n; i++) {
        str state = row_str(turns, i, 2);

        history_forget(g->histories, row_str(turns, i, 1));
        json_array_append_new(sessions, json_from_str(row_str(turns, i, 1)));
        if (!str_eq(state, S("ready")) && !str_eq(state, S("running")))
            ids[n++] = row_int(turns, i, 0);
    }
    *ret_sessions = json_print(a, sessions);
    return n;
}

/* Summaries of which they are a part; what else is in those is summarised anew (care.h). */
static enum err forget_summaries(struct gateway *g, struct arena *a, str messages, struct forgotten *f) AWAITS
{
    struct batch *b = batch_new(a);
    struct rows r;
    size_t n = 0;

    batch_add(b, "forget.note_summaries", "s", messages);
    batch_add(b, "forget.rebuild_messages", "s", messages);
    TRY(store_commit(g->memory_store, b));
    TRY(store_read(g->memory_store, a, &r, "forget.summaries", "s", messages));
    if (r.n)
        TRY(memory_delete(g->memory, ids_of_rows(a, &r), r.n, &n));
    f->items += n;
    return OK;
}

static enum err forget_exchanges(struct gateway *g, struct arena *a, str messages, str sessions, struct forgotten *f) AWAITS
{
    struct rows r;
    size_t n = 0;

    TRY(store_read(g->memory_store, a, &r, "forget.exchanges", "ss", messages, sessions));
    if (r.n)
        TRY(memory_delete(g->memory, ids_of_rows(a, &r), r.n, &n));
    f->items += n;
    return forget_summaries(g, a, messages, f);
}

static enum err forget_page(struct gateway *g, const int64_t *messages, size_t n, struct forgotten *f) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct batch *b = batch_new(a);
    struct rows turns;
    str sessions;

    TRY(store_read(g->store, a, &turns, "forget.turns", "s", ids_text(a, messages, n)));
    int64_t *ended = arena_alloc(a, turns.n * sizeof *ended);
    size_t n_ended = ended_ones(g, a, &turns, ended, &sessions);
    str list = ids_text(a, ended, n_ended);

    for (size_t i = 0; i < N_ELEMENTS(steps); i++)
        batch_add(b, steps[i], "s", list);
    TRY(store_commit(g->store, b));
    for (size_t i = 0; i < turns.n; i++)        /* who read them while that was committed has the words */
        history_forget(g->histories, row_str(&turns, i, 1));
    f->messages += n_ended;
    f->at_work += turns.n - n_ended;
    return forget_exchanges(g, a, list, sessions, f);
}

enum err forget_words(struct gateway *g, const int64_t *messages, size_t n, struct forgotten *f)
{
    for (size_t at = 0; at < n; at += PAGE)
        TRY(forget_page(g, messages + at, n - at < PAGE ? n - at : PAGE, f));
    return drop_blobs(g);
}

/* ---- one forgetting: a row in the table meta until it is done ---- */

struct task { const char *key; const json_t *what; };

static enum err keep_task(struct gateway *g, const char *statement, const struct task *t) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct batch *b = batch_new(a);

    if (t->what)
        batch_add(b, statement, "cs", t->key, json_print(a, t->what));
    else
        batch_add(b, "forget.ended", "c", t->key);
    return store_commit(g->store, b);
}

static enum err forget_what_was_meant(struct gateway *g, struct arena *a, const json_t *what, struct forgotten *f) AWAITS
{
    size_t n_items, n_messages, n = 0;
    const int64_t *items = ids_of_json(a, json_at(what, "items"), &n_items);
    const int64_t *messages = ids_of_json(a, json_at(what, "messages"), &n_messages);

    if (json_at(what, "person"))
        return forget_all_of(g, json_text_str(what, "person"), json_text_str(what, "accounts"), f);
    TRY(forget_words(g, messages, n_messages, f));
    TRY(memory_delete(g->memory, items, n_items, &n));
    f->items += n;
    return OK;
}

static enum err wipe(struct gateway *g) AWAITS
{
    TRY(memory_wipe(g->memory));
    return store_shrink(g->store);
}

/* Who it was about is forgotten before the files are written anew. */
static enum err forget_task(struct gateway *g, const struct task *t, struct forgotten *f) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(json_decrefp) json_t *rest = json_pack("{s:b}", "wipe", 1);

    count++;
    if (!json_at(t->what, "wipe"))
        TRY(forget_what_was_meant(g, a, t->what, f));
    TRY(keep_task(g, "meta.set", &(struct task){ t->key, rest }));
    if (FAULT(forget_wiping))
        return failed(ERR_IO, "fault: the files are not written anew");
    TRY(wipe(g));
    metric_add(METRIC_memory_forgotten, 1);
    return keep_task(g, NULL, &(struct task){ t->key, NULL });
}

static enum err begin(struct gateway *g, const json_t *what, struct forgotten *f) AWAITS
{
    static uint64_t number;
    char key[64];

    snprintf(key, sizeof key, "forget.%lld.%llu", (long long)clock_wall_ms(), (unsigned long long)++number);
    TRY(keep_task(g, "meta.add", &(struct task){ key, what }));
    if (FAULT(forget_begun))
        return failed(ERR_IO, "fault: nothing is forgotten yet");
    return forget_task(g, &(struct task){ key, what }, f);
}

enum err forget_items(struct gateway *g, const int64_t *ids, size_t n, enum forget_messages how, struct forgotten *out)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(json_decrefp) json_t *what = json_pack("{s:o}", "items", ids_to_json(ids, n));
    struct forgotten f = { 0 };
    struct rows r;

    if (how == FORGET_MESSAGES) {
        TRY(store_read(g->memory_store, a, &r, "forget.origins", "s", ids_text(a, ids, n)));
        json_object_set_new(what, "messages", ids_to_json(ids_of_rows(a, &r), r.n));
    }
    TRY(begin(g, what, &f));
    *out = f;
    return OK;
}

enum err forget_person(struct gateway *g, str person, struct forgotten *out)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    str accounts = forget_accounts(g, a, person);
    CLEANUP(json_decrefp) json_t *what = json_pack("{s:o, s:o}", "person", json_from_str(person), "accounts", json_from_str(accounts));
    struct forgotten f = { 0 };

    TRY(forget_stop(g, accounts));
    TRY(begin(g, what, &f));
    *out = f;
    return OK;
}

enum err forget_resume(struct gateway *g)
{
    for (;;) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        CLEANUP(json_decrefp) json_t *what = NULL;
        struct forgotten f = { 0 };
        struct rows r;

        TRY(store_read(g->store, a, &r, "forget.begun", ""));
        if (r.n == 0)
            return OK;
        TRY(json_parse(row_str(&r, 0, 1), &what));
        TRY(forget_task(g, &(struct task){ row_str(&r, 0, 0).p, what }, &f));
        log_event(LOG_INFO, "memory.forgetting_ended", F("items", f.items), F("messages", f.messages));
    }
}
