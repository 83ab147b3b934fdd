// SPDX-License-Identifier: Apache-2.0
/* api_memory_export.c: all there is of a person, as JSON Lines, a page at a time: what forgetting them would take away. */
#include "base/time.h"
#include "gateway/access.h"
#include "gateway/forget.h"
#include "gateway/handlers.h"
#include "gateway/people.h"
#include "memory/memory.h"

enum { PAGE = 200, ITEMS_PAGE = 500 };

struct export_ {
    struct request *request;
    str             person, accounts;
    struct buf      lines;
};

static void export_done(struct export_ *x)
{
    buf_done(&x->lines);
}

/* Takes the reference. */
static void add(struct export_ *x, const char *type, json_t *j)
{
    json_object_set_new(j, "type", json_string(type));
    json_print_to(&x->lines, j);
    buf_add_char(&x->lines, '\n');
    json_decref(j);
}

static enum err flush(struct export_ *x) AWAITS
{
    enum err e = http_piece(x->request->http, buf_str(&x->lines));

    buf_clear(&x->lines);
    return e;
}

static json_t *parsed(str text)
{
    json_t *j;

    return json_parse(text, &j) == OK ? j : json_from_str(text);
}

/* ---- messages ---- */

static enum err add_replies(struct export_ *x, struct arena *a, const json_t *ids) AWAITS
{
    struct rows r;

    TRY(store_read(x->request->gateway->store, a, &r, "forget.export_replies", "s", json_print(a, ids)));
    for (size_t i = 0; i < r.n; i++)
        add(x, "reply", json_pack("{s:I, s:o, s:o, s:o}", "message", (json_int_t)row_int(&r, i, 0), "body",
                                  parsed(row_str(&r, i, 1)), "state", json_from_str(row_str(&r, i, 2)), "created_at",
                                  time_or_null(row_int(&r, i, 3))));
    return flush(x);
}

static enum err add_session_page(struct export_ *x, str session, int64_t *after) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(json_decrefp) json_t *ids = json_array();
    struct rows r;

    TRY(store_read(x->request->gateway->store, a, &r, "forget.export_session", "sii", session, *after, (int64_t)PAGE));
    for (size_t i = 0; i < r.n; i++) {
        json_array_append_new(ids, json_integer(row_int(&r, i, 0)));
        add(x, "message", json_pack("{s:I, s:o, s:o, s:o, s:o}", "id", (json_int_t)row_int(&r, i, 0), "session_id", json_from_str(session),
                                    "body", parsed(row_str(&r, i, 2)), "state", json_from_str(row_str(&r, i, 3)), "received_at",
                                    time_or_null(row_int(&r, i, 4))));
    }
    *after = r.n == PAGE ? row_int(&r, r.n - 1, 0) : 0;
    return add_replies(x, a, ids);
}

static enum err add_session_notes(struct export_ *x, str session) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct rows r;

    TRY(store_read(x->request->gateway->store, a, &r, "forget.export_notes", "s", session));
    for (size_t i = 0; i < r.n; i++)
        add(x, row_str(&r, i, 0).p, json_pack("{s:o, s:o, s:o}", "session_id", json_from_str(session), "text",
                                              json_from_str(row_str(&r, i, 1)), "at", time_or_null(row_int(&r, i, 2))));
    return flush(x);
}

static enum err add_session(struct export_ *x, const struct rows *r, size_t i) AWAITS
{
    str id = row_str(r, i, 0);
    int64_t after = 0;

    add(x, "conversation", json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "id", json_from_str(id), "platform", json_from_str(row_str(r, i, 1)),
                                     "chat_id", json_from_str(row_str(r, i, 2)), "thread_id", json_from_str(row_str(r, i, 3)), "title",
                                     json_from_str(row_str(r, i, 4)), "created_at", time_or_null(row_int(r, i, 5))));
    do
        TRY(add_session_page(x, id, &after));
    while (after);
    return add_session_notes(x, id);
}

static bool is_among(const struct rows *sessions, str id)
{
    for (size_t i = 0; i < sessions->n; i++)
        if (str_eq(row_str(sessions, i, 0), id))
            return true;
    return false;
}

/* Theirs in conversations with others. */
static enum err add_group_page(struct export_ *x, const struct rows *sessions, int64_t *after) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(json_decrefp) json_t *ids = json_array();
    struct rows r;

    TRY(store_read(x->request->gateway->store, a, &r, "forget.messages_of", "sii", x->accounts, *after, (int64_t)PAGE));
    for (size_t i = 0; i < r.n; i++) {
        if (is_among(sessions, row_str(&r, i, 1)))
            continue;
        json_array_append_new(ids, json_integer(row_int(&r, i, 0)));
        add(x, "message", json_pack("{s:I, s:o, s:o, s:o, s:o}", "id", (json_int_t)row_int(&r, i, 0), "session_id",
                                    json_from_str(row_str(&r, i, 1)), "body", parsed(row_str(&r, i, 4)), "state",
                                    json_from_str(row_str(&r, i, 5)), "received_at", time_or_null(row_int(&r, i, 6))));
    }
    *after = r.n == PAGE ? row_int(&r, r.n - 1, 0) : 0;
    return add_replies(x, a, ids);
}

static enum err add_messages(struct export_ *x) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct rows sessions;
    int64_t after = 0;

    TRY(store_read(x->request->gateway->store, a, &sessions, "forget.private_sessions", "s", x->accounts));
    for (size_t i = 0; i < sessions.n; i++)
        TRY(add_session(x, &sessions, i));
    do
        TRY(add_group_page(x, &sessions, &after));
    while (after);
    return OK;
}

/* ---- memories ---- */

static enum err add_items(struct export_ *x, const struct memory_filter *filter) AWAITS
{
    struct memory_filter f = *filter;
    const struct memory_item *items;
    size_t n;

    do {
        CLEANUP(arena_freep) struct arena *a = arena_new();

        TRY(memory_list(x->request->gateway->memory, a, &f, &items, &n));
        for (size_t i = 0; i < n; i++)
            add(x, "memory", item_to_json(&items[i]));
        if (n)
            f.before = items[n - 1].id;
        TRY(flush(x));
    } while (n == ITEMS_PAGE);
    return OK;
}

static enum err add_memories(struct export_ *x) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct scope own = { SCOPE_USER, x->person }, *others;
    const struct memory_partition *p;
    size_t n, n_others = 0;

    TRY(add_items(x, &(struct memory_filter){ .scopes = &own, .n_scopes = 1, .collection = S("*"), .with_replaced = true,
                                              .limit = ITEMS_PAGE }));
    TRY(memory_partitions(x->request->gateway->memory, a, NULL, 0, &p, &n));
    others = arena_alloc(a, (n + 1) * sizeof *others);
    for (size_t i = 0; i < n; i++)
        if (!scope_eq(p[i].scope, own) && p[i].collection.len == 0)
            others[n_others++] = p[i].scope;
    return add_items(x, &(struct memory_filter){ .scopes = others, .n_scopes = n_others, .person = x->person, .with_replaced = true,
                                                 .limit = ITEMS_PAGE });
}

/* ---- what they spent and were asked ---- */

static json_t *usage_json(const struct rows *r, size_t i)
{
    return json_pack("{s:o, s:o, s:o, s:I, s:I, s:I, s:o}", "at", time_or_null(row_int(r, i, 0)), "model", json_from_str(row_str(r, i, 1)),
                     "purpose", json_from_str(row_str(r, i, 2)), "input", (json_int_t)row_int(r, i, 3), "output",
                     (json_int_t)row_int(r, i, 4), "cost", (json_int_t)row_int(r, i, 5), "currency", json_from_str(row_str(r, i, 6)));
}

static enum err add_usage(struct export_ *x) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct rows r;

    TRY(store_read(x->request->gateway->store, a, &r, "forget.export_usage", "s", x->person));
    for (size_t i = 0; i < r.n; i++)
        add(x, "usage", usage_json(&r, i));
    return flush(x);
}

static enum err add_approvals(struct export_ *x) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct rows r;

    TRY(store_read(x->request->gateway->store, a, &r, "forget.export_approvals", "s", x->person));
    for (size_t i = 0; i < r.n; i++)
        add(x, "approval", json_pack("{s:o, s:o, s:o, s:o, s:o}", "created_at", time_or_null(row_int(&r, i, 0)), "tool",
                                     json_from_str(row_str(&r, i, 1)), "arguments", parsed(row_str(&r, i, 2)), "question",
                                     json_from_str(row_str(&r, i, 3)), "state", json_from_str(row_str(&r, i, 4))));
    return flush(x);
}

/* ---- what they keep ---- */

static json_t *kept_json(const struct rows *r, size_t i)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "text", json_from_str(row_str(r, i, 1)), "created_at",
                     time_or_null(row_int(r, i, 2)), "state", json_from_str(row_str(r, i, 3)), "first_at", time_or_null(row_int(r, i, 4)),
                     "rule", json_from_str(row_str(r, i, 5)), "zone", json_from_str(row_str(r, i, 6)), "list",
                     json_from_str(row_str(r, i, 7)));
}

static enum err add_kept(struct export_ *x) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct rows r;

    TRY(store_read(x->request->gateway->store, a, &r, "forget.export_kept", "s", x->person));
    for (size_t i = 0; i < r.n; i++)
        add(x, row_str(&r, i, 0).p, kept_json(&r, i));
    return flush(x);
}

enum err export_person(struct request *q) AWAITS
{
    CLEANUP(export_done) struct export_ x = { .request = q, .person = q->arguments[0], .lines.max = SIZE_MAX / 2 };
    json_t *who = person_json(access_people(q->gateway->access), x.person);

    if (who == NULL)
        return failed(ERR_NOT_FOUND, "nobody is called \"%.*s\"; `clawdbot users list` prints who is known", STR(str_take(x.person, 60)));
    x.accounts = forget_accounts(q->gateway, q->arena, x.person);
    add(&x, "person", who);
    TRY(http_begin(q->http, 200, S("application/jsonl")));
    TRY(add_messages(&x));
    TRY(add_memories(&x));
    TRY(add_usage(&x));
    TRY(add_approvals(&x));
    TRY(add_kept(&x));
    return http_end(q->http);
}
