// SPDX-License-Identifier: Apache-2.0
/* api_reminders.c: reminders for whoever holds the token: the owner. */
#include "config/language.h"
#include "gateway/handlers.h"
#include "gateway/reminders.h"
#include "gateway/tool_host.h"
#include "runtime/clock.h"
#include "tool/run.h"

static json_t *reminder_json(struct arena *a, const struct flow_timer *t)
{
    CLEANUP(buf_done) struct buf said = { 0 };

    reminder_say(a, &said, t, clock_wall_ms(), language_is_chinese(S("")));
    return json_pack("{s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:o, s:o, s:o}", "id", (json_int_t)t->id,
                     "kind", json_from_str(t->kind), "scope", json_from_str(t->scope), "person", json_from_str(t->person),
                     "session_id", json_from_str(t->session_id), "text", json_from_str(t->text), "rule", json_from_str(t->rule),
                     "zone", json_from_str(t->zone), "next_at", time_or_null(t->next_at), "state", json_from_str(t->state),
                     "error", json_from_str(t->error), "fired", (json_int_t)t->fired, "last_due", time_or_null(t->last_due),
                     "created_at", time_or_null(t->created_at), "said", json_from_str(buf_str(&said)));
}

enum err get_reminders(struct request *q) AWAITS
{
    str scope = S("");
    struct flow_timers all;

    http_query(q->http, S("scope"), &scope);
    TRY(timers_list(q->gateway->store, q->arena, scope, &all));
    json_t *list = json_array();

    for (size_t i = 0; i < all.n; i++)
        json_array_append_new(list, reminder_json(q->arena, &all.p[i]));
    return answer_json(q, 200, json_pack("{s:o}", "reminders", list));
}

enum err post_reminder(struct request *q) AWAITS
{
    CLEANUP(json_decrefp) json_t *body = NULL;
    struct tool_host host = { .gateway = q->gateway };
    struct tool_context cx = {
        .arena = q->arena, .workspace = q->gateway->workspace, .session_id = S(""), .platform = str_from(caller_platform(q->caller)),
        .chat_id = S(""), .user = S("owner"), .person = { S("owner"), S("owner") }, .call_id = S(""), .taint = S(""), .host = &host,
    };
    struct tool_result r = { 0 };

    TRY(request_json(q, &body));
    json_object_set_new(body, "action", json_string("add"));
    cx.chinese = language_is_chinese(json_text_str(body, "text"));
    TRY(tool_call_run(&cx, S("reminder"), json_print(q->arena, body), &r));
    if (r.is_error)
        return failed(ERR_INPUT, "%.*s", STR(r.text));
    return answer_json(q, 201, json_pack("{s:o}", "text", json_from_str(r.text)));
}

enum err delete_reminder(struct request *q) AWAITS
{
    struct batch *b = batch_new(q->arena);
    int64_t id;

    if (str_i64(q->arguments[0], &id))
        return failed(ERR_INPUT, "\"%.*s\" is no reminder's number", STR(str_take(q->arguments[0], 40)));
    batch_add(b, "timers.remove", "is", id, S(""));
    TRY(store_commit(q->gateway->store, b));
    if (batch_rows(b, 0)->n == 0)
        return failed(ERR_NOT_FOUND, "there is no reminder %lld", (long long)id);
    return answer_json(q, 200, json_pack("{s:I, s:o}", "id", (json_int_t)id, "text", json_from_str(row_str(batch_rows(b, 0), 0, 1))));
}
