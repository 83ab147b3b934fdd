// SPDX-License-Identifier: Apache-2.0
/* api_messages.c: POST /api/v1/messages in its three modes. */
#include <string.h>

#include "base/utf8.h"
#include "gateway/handlers.h"
#include "gateway/submit.h"

enum { MAILBOX = 256 };

static json_t *accepted(const struct received *r)
{
    return json_pack("{s:s, s:o, s:o, s:b, s:o}", "type", "accepted", "id", json_from_str(r->message_id), "session_id",
                     json_from_str(r->session_id), "duplicate", r->duplicate, "state", json_from_str(r->state));
}

static bool has_ended(str state)
{
    return !str_eq(state, S("ready")) && !str_eq(state, S("running"));
}

/* What is to be known of one message: its reply as it was published (NO_STR when events were lost), or, where somebody wants
 * to hear of it, the question that it waits with. */
struct watched { bool wants_question; str reply, question; };

static bool take_question(struct request *q, const struct bus_event *e, struct watched *w)
{
    if (!w->wants_question || strcmp(e->name, "approval") || str_find(e->json, S("\"state\":\"pending\"")) == STR_NONE)
        return false;
    w->question = arena_str(q->arena, e->json);
    return true;
}

/* Waits for the end of one message.  on_event gets every event of the session that is about it; may be NULL. */
static enum err watch(struct request *q, struct mailbox *m, const struct received *r,
                      enum err (*on_event)(struct request *, const struct bus_event *), struct watched *w) AWAITS
{
    w->reply = NO_STR;
    for (;;) {
        CLEANUP(bus_event_unrefp) struct bus_event *e = mailbox_take(m);

        if (e == NULL) {
            if (q->gateway->closing)
                return failed(ERR_CANCELLED, "the message is stored and will be answered after the next start; ask again "
                                             "then, with the same Idempotency-Key");
            if (mailbox_lost(m))
                return OK;          /* the reply may be among what was lost; the store has it */
            TRY(http_wait_or_gone(q->http, mailbox_waiters(m)));
            continue;
        }
        if (e->about != r->inbox_id)
            continue;
        if (strcmp(e->name, "reply") == 0) {
            w->reply = arena_str(q->arena, e->json);
            return OK;
        }
        if (strcmp(e->name, "ended") == 0 || take_question(q, e, w))
            return OK;
        if (on_event)
            TRY(on_event(q, e));
    }
}

/* What was published is what was stored (these surfaces take a reply in one part), so it is not read again.
 * False: there was nothing to say, or the news was lost; the store knows. */
static bool take_published(struct request *q, str reply, json_t **replies, str *ret_state)
{
    CLEANUP(json_decrefp) json_t *j = NULL;

    if (reply.len == 0 || json_parse(reply, &j) || json_int(j, "id", 0) == 0)
        return false;
    *ret_state = arena_str(q->arena, json_text_str(j, "state"));
    *replies = json_array();
    json_array_append(*replies, j);
    return true;
}

/* The end of the message, waiting for it if it has not come yet. */
static enum err await_end(struct request *q, struct mailbox *m, const struct received *r,
                          enum err (*on_event)(struct request *, const struct bus_event *), struct watched *w, json_t **replies,
                          str *ret_state) AWAITS
{
    if (!r->duplicate && !r->expired)
        TRY(watch(q, m, r, on_event, w));
    if (w->question.len || take_published(q, w->reply, replies, ret_state))
        return OK;
    TRY(submit_replies(q->gateway, q->arena, r, replies, ret_state));
    while (!has_ended(*ret_state)) {
        json_decref(*replies);
        *replies = NULL;
        TRY(watch(q, m, r, on_event, w));
        if (w->question.len)
            return OK;
        TRY(submit_replies(q->gateway, q->arena, r, replies, ret_state));
    }
    return OK;
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
static enum err answer_waiting(struct request *q, struct mailbox *m, const struct received *r) AWAITS
{
    CLEANUP(json_decrefp) json_t *replies = NULL;
    struct watched w = { .wants_question = true };
    str state = NO_STR;

    TRY(await_end(q, m, r, NULL, &w, &replies, &state));
    if (w.question.len)
        return answer_question(q, r, w.question);
    json_t *j = json_array_size(replies) ? json_incref(json_array_get(replies, 0)) : json_object();

    json_object_set_new(j, "message_id", json_from_str(r->message_id));
    json_object_set_new(j, "session_id", json_from_str(r->session_id));
    json_object_set_new(j, "state", json_from_str(state));
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

static enum err forward(struct request *q, const struct bus_event *e) AWAITS
{
    return send_event(q, e->name, e->json);
}

/* The stream is begun: an error can only be one more event. */
static enum err end_with_error(struct request *q, enum err e) AWAITS
{
    CLEANUP(json_decrefp) json_t *j = json_pack("{s:s, s:s, s:o}", "type", "error", "title", err_name(e), "detail",
                                                json_from_str(str_from(failed_text())));

    TRY(send_event(q, "error", json_print(q->arena, j)));
    return http_end(q->http);
}

static enum err answer_stream(struct request *q, struct mailbox *m, const struct received *r) AWAITS
{
    CLEANUP(json_decrefp) json_t *hello = accepted(r);
    CLEANUP(json_decrefp) json_t *replies = NULL;
    struct watched w = { 0 };
    str state;
    size_t i;
    json_t *one;

    http_add_field(q->http, S("Cache-Control"), S("no-store"));
    TRY(http_begin(q->http, 200, S("text/event-stream")));
    TRY(send_event(q, "accepted", json_print(q->arena, hello)));
    enum err e = await_end(q, m, r, forward, &w, &replies, &state);

    if (e)
        return e == ERR_NET ? e : end_with_error(q, e);
    json_array_foreach(replies, i, one)
        TRY(send_event(q, "reply", json_print(q->arena, one)));
    TRY(send_event(q, "done", str_from(arena_printf(q->arena, "{\"type\":\"done\",\"state\":\"%.*s\"}", STR(state)))));
    return http_end(q->http);
}

enum err post_message(struct request *q) AWAITS
{
    CLEANUP(json_decrefp) json_t *body = NULL;
    CLEANUP(mailbox_freep) struct mailbox *m = NULL;
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
    /* No await since it was stored: nothing about it can have been published. */
    m = mailbox_new(q->gateway->bus, MAILBOX);
    mailbox_join(m, r.session_id);
    return str_eq(mode, S("wait")) ? answer_waiting(q, m, &r) : answer_stream(q, m, &r);
}
