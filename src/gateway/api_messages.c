// SPDX-License-Identifier: Apache-2.0
/* api_messages.c: POST /api/v1/messages in its three modes. */
#include "base/utf8.h"
#include "gateway/await_reply.h"
#include "gateway/handlers.h"
#include "gateway/submit.h"

static json_t *accepted(const struct received *r)
{
    return json_pack("{s:s, s:o, s:o, s:b, s:o}", "type", "accepted", "id", json_from_str(r->message_id), "session_id",
                     json_from_str(r->session_id), "duplicate", r->duplicate, "state", json_from_str(r->state));
}

/* Somebody has to allow something first: whoever waits here may be the one. */
static enum err answer_question(struct request *q, const struct received *r, str question) AWAITS
{
    json_t *j = accepted(r), *approval = NULL;

    if (json_parse(question, &approval) == OK)
        json_object_set_new(j, "approval", approval);
    json_object_set_new(j, "state", json_string("waiting"));
    return answer_json(q, 202, j);
}

/* The text of all parts, for a client that wants one answer. */
static enum err answer_waiting(struct request *q, struct awaited *w) AWAITS
{
    const struct received *r = w->received;

    TRY(await_reply(w));
    if (w->question.len)
        return answer_question(q, r, w->question);
    json_t *j = json_array_size(w->replies) ? json_incref(json_array_get(w->replies, 0)) : json_object();

    json_object_set_new(j, "message_id", json_from_str(r->message_id));
    json_object_set_new(j, "session_id", json_from_str(r->session_id));
    json_object_set_new(j, "state", json_from_str(w->state));
    json_object_set_new(j, "duplicate", json_boolean(r->duplicate));
    return answer_json(q, 200, j);
}

static enum err send_event(struct request *q, const char *name, str json) AWAITS
{
    CLEANUP(buf_done) struct buf b = { .max = SIZE_MAX / 2 };
    size_t room;

    (void)buf_room(&b, json.len + 40, &room);       /* at once, not by doubling */
    buf_add(&b, S("event: "));
    buf_add(&b, str_from(name));
    buf_add(&b, S("\ndata: "));
    buf_add(&b, json);
    buf_add(&b, S("\n\n"));
    return http_piece(q->http, buf_str(&b));
}

static enum err forward(void *request, const struct bus_event *e) AWAITS
{
    return send_event(request, e->name, e->json);
}

static enum err wait_for_news(void *request, struct waiters *news) AWAITS
{
    return http_wait_or_gone(((struct request *)request)->http, news);
}

/* The stream is begun: an error can only be one more event. */
static enum err end_with_error(struct request *q, enum err e) AWAITS
{
    CLEANUP(json_decrefp) json_t *j = json_pack("{s:s, s:s, s:o}", "type", "error", "title", err_name(e), "detail",
                                                json_from_str(str_from(failed_text())));

    TRY(send_event(q, "error", json_print(q->arena, j)));
    return http_end(q->http);
}

static enum err answer_stream(struct request *q, struct awaited *w) AWAITS
{
    CLEANUP(json_decrefp) json_t *hello = accepted(w->received);
    size_t i;
    json_t *one;

    http_add_field(q->http, S("Cache-Control"), S("no-store"));
    TRY(http_begin(q->http, 200, S("text/event-stream")));
    TRY(send_event(q, "accepted", json_print(q->arena, hello)));
    enum err e = await_reply(w);

    if (e)
        return e == ERR_NET ? e : end_with_error(q, e);
    json_array_foreach(w->replies, i, one)
        TRY(send_event(q, "reply", json_print(q->arena, one)));
    TRY(send_event(q, "done", str_from(arena_printf(q->arena, "{\"type\":\"done\",\"state\":\"%.*s\"}", STR(w->state)))));
    return http_end(q->http);
}

enum err post_message(struct request *q) AWAITS
{
    CLEANUP(json_decrefp) json_t *body = NULL;
    struct message message;
    struct received r;
    str mode = S("async"), key = http_exchange_field(q->http, S("idempotency-key"));

    http_query(q->http, S("mode"), &mode);
    if (!str_eq(mode, S("async")) && !str_eq(mode, S("wait")) && !str_eq(mode, S("stream")))
        return failed(ERR_INPUT, "mode is async, wait or stream");
    TRY(request_json(q, &body));
    TRY(message_from_json(q->arena, body, &message));
    if (key.len > MESSAGE_ID_MAX || !utf8_valid(key))
        return failed(ERR_INPUT, "Idempotency-Key is at most %d bytes of UTF-8", MESSAGE_ID_MAX);
    if (key.len)
        message.external_id = key;
    TRY(submit(q->gateway, q->arena, caller_platform(q->caller), &message, &r));
    if (str_eq(mode, S("async")))
        return answer_json(q, 202, accepted(&r));
    bool waits = str_eq(mode, S("wait"));
    CLEANUP(awaited_done) struct awaited w = { .gateway = q->gateway, .arena = q->arena, .received = &r, .wants_question = waits,
                                               .on_event = waits ? NULL : forward, .wait = wait_for_news, .arg = q };

    awaited_begin(&w);
    return waits ? answer_waiting(q, &w) : answer_stream(q, &w);
}
