// SPDX-License-Identifier: Apache-2.0
/* api_sessions.c: conversations, read. */
#include "gateway/approvals.h"
#include "gateway/context_report.h"
#include "gateway/dispatch.h"
#include "gateway/handlers.h"
#include "gateway/reply_event.h"
#include "gateway/sessions.h"

enum err get_sessions(struct request *q) AWAITS
{
    str platform = S("");
    int64_t limit;
    struct rows r;

    http_query(q->http, S("platform"), &platform);
    TRY(request_number(q, "limit", 50, 1, 1000, &limit));
    TRY(store_read(q->gateway->store, q->arena, &r, "session.list", "si", platform, limit));
    json_t *list = json_array();

    for (size_t i = 0; i < r.n; i++) {
        struct session_state s = dispatch_state(q->gateway->dispatch, row_str(&r, i, 0));

        json_array_append_new(list, json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I}",
            "id", json_from_str(row_str(&r, i, 0)), "platform", json_from_str(row_str(&r, i, 1)),
            "chat_id", json_from_str(row_str(&r, i, 2)), "thread_id", json_from_str(row_str(&r, i, 3)),
            "agent", json_from_str(row_str(&r, i, 4)), "title", json_from_str(row_str(&r, i, 5)),
            "model", json_from_str(row_str(&r, i, 6)), "created_at", time_or_null(row_int(&r, i, 7)),
            "updated_at", time_or_null(row_int(&r, i, 8)), "last_text", json_from_str(row_str(&r, i, 9)),
            "state", s.state[0] == 'r' ? json_string(s.state) : json_from_str(row_str(&r, i, 11)),
            "queue_mode", json_from_str(row_str(&r, i, 12)), "waiting", (json_int_t)row_int(&r, i, 10)));
    }
    return answer_json(q, 200, json_pack("{s:o}", "sessions", list));
}

/* One row of session.messages: a message, or the same message again with its next reply. */
static json_t *message_of_row(const struct rows *r, size_t i, str session_id)
{
    CLEANUP(json_decrefp) json_t *attachments = NULL;
    json_t *j = json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o}",
        "type", "message", "id", json_from_str(row_str(r, i, 1)), "session_id", json_from_str(session_id),
        "text", json_from_str(row_str(r, i, 2)), "state", json_from_str(row_str(r, i, 4)),
        "error", row_null(r, i, 5) ? json_null() : json_from_str(row_str(r, i, 5)),
        "created_at", time_or_null(row_int(r, i, 6)));

    if (json_parse(row_str(r, i, 3), &attachments) == OK)
        json_object_set(j, "attachments", attachments);
    return j;
}

static json_t *reply_of_row(const struct rows *r, size_t i, str session_id)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(json_decrefp) json_t *body = NULL;

    if (json_parse(row_str(r, i, 8), &body))
        return NULL;
    json_t *j = reply_event(a, row_int(r, i, 7), row_str(r, i, 1), session_id, json_text_str(body, "text"),
                            row_int(r, i, 10), row_str(r, i, 4).p);

    json_object_set_new(j, "delivery", json_from_str(row_str(r, i, 9)));
    return j;
}

/* Where a summary took the place of what is above, as far as models are concerned. */
static json_t *compaction_of_row(const struct rows *r, size_t i, str session_id)
{
    return json_pack("{s:s, s:I, s:o, s:o, s:I, s:I, s:I, s:o, s:o}", "type", "compaction", "id", (json_int_t)row_int(r, i, 0),
        "session_id", json_from_str(session_id), "text", json_from_str(row_str(r, i, 2)), "messages", (json_int_t)row_int(r, i, 3),
        "tokens_before", (json_int_t)row_int(r, i, 4), "tokens_after", (json_int_t)row_int(r, i, 5),
        "model", json_from_str(row_str(r, i, 6)), "created_at", time_or_null(row_int(r, i, 7)));
}

/* All that stand behind messages before this one. */
static void add_compactions(json_t *list, const struct rows *r, size_t *next, int64_t before, str session_id)
{
    for (; *next < r->n && row_int(r, *next, 1) < before; ++*next)
        json_array_append_new(list, compaction_of_row(r, *next, session_id));
}

enum err get_messages(struct request *q) AWAITS
{
    str id = q->arguments[0];
    struct batch *b = batch_new(q->arena);
    int64_t limit, after;

    TRY(request_number(q, "limit", 100, 1, 1000, &limit));
    TRY(request_number(q, "after", 0, 0, INT64_MAX, &after));
    batch_add(b, "session.get", "s", id);
    batch_add(b, "session.messages", "sii", id, after, limit);
    TRY(store_query(q->gateway->store, b));
    if (batch_rows(b, 0)->n == 0)
        return failed(ERR_NOT_FOUND, "there is no session %.*s", STR(str_take(id, 60)));
    const struct rows *r = batch_rows(b, 1);
    CLEANUP(json_decrefp) json_t *list = json_array();
    struct rows summaries = { 0 };
    size_t next = 0;

    if (r->n)
        TRY(store_read(q->gateway->store, q->arena, &summaries, "compaction.between", "sii", id, row_int(r, r->n - 1, 0),
                       row_int(r, 0, 0)));

    for (size_t i = r->n; i-- > 0; ) {      /* newest first in the rows */
        TRY(fiber_yield());                 /* a long text is milliseconds of work */
        add_compactions(list, &summaries, &next, row_int(r, i, 0), id);
        if (i + 1 == r->n || row_int(r, i, 0) != row_int(r, i + 1, 0))
            json_array_append_new(list, message_of_row(r, i, id));
        json_t *reply = row_null(r, i, 7) ? NULL : reply_of_row(r, i, id);

        if (reply)
            json_array_append_new(list, reply);
    }
    add_compactions(list, &summaries, &next, INT64_MAX, id);
    return answer_json(q, 200, json_pack("{s:o, s:O}", "session_id", json_from_str(id), "messages", list));
}

enum err get_context(struct request *q) AWAITS
{
    str id = q->arguments[0];
    struct session_place place;
    struct context_report report;

    TRY(sessions_find(q->gateway, q->arena, id, &place));
    if (place.platform.len == 0)
        return failed(ERR_NOT_FOUND, "there is no session %.*s", STR(str_take(id, 60)));
    /* as its owner is shown it, who holds the token */
    struct message m = { .session_id = id, .platform = S("rest"), .chat_id = place.chat_id, .thread_id = place.thread_id,
                         .agent = place.agent, .user_id = S("owner") };
    struct answer a = { .arena = q->arena, .inbox_id = INT64_MAX, .message = &m };

    TRY(context_report_make(q->gateway, &a, &report));
    return answer_json(q, 200, context_report_json(&report));
}

enum err post_stop(struct request *q) AWAITS
{
    bool stopped;

    TRY(approvals_stop(q->gateway, q->arena, q->arguments[0], &stopped));
    return answer_json(q, 200, json_pack("{s:b}", "stopped", stopped));
}
