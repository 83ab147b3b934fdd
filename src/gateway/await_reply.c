// SPDX-License-Identifier: Apache-2.0
#include "gateway/await_reply.h"

#include <string.h>

enum { MAILBOX = 256 };

void awaited_begin(struct awaited *w)
{
    w->mailbox = mailbox_new(w->gateway->bus, MAILBOX);
    mailbox_join(w->mailbox, w->received->session_id);
}

void awaited_done(struct awaited *w)
{
    json_decref(w->replies);
    mailbox_free(w->mailbox);
}

static bool has_ended(str state)
{
    return !str_eq(state, S("ready")) && !str_eq(state, S("running"));
}

static bool take_question(struct awaited *w, const struct bus_event *e)
{
    if (!w->wants_question || strcmp(e->name, "approval") || str_find(e->json, S("\"state\":\"pending\"")) == STR_NONE)
        return false;
    w->question = arena_str(w->arena, e->json);
    return true;
}

/* Another message's turn answers it.  When this news is lost, the store knows (submit_replies). */
static void take_absorbed(struct awaited *w, const struct bus_event *e)
{
    CLEANUP(json_decrefp) json_t *j = NULL;

    if (strcmp(e->name, "absorbed") == 0 && json_parse(e->json, &j) == OK)
        w->about = json_int(j, "by_inbox_id", w->about);
}

static void take_answered(struct awaited *w, const struct bus_event *e)
{
    if (strcmp(e->name, "approval") == 0 && str_find(e->json, S("\"state\":\"pending\"")) == STR_NONE)
        w->answered = e->about;
}

/* Until the message's end, or a question. */
static enum err watch(struct awaited *w) AWAITS
{
    w->reply = NO_STR;
    for (;;) {
        CLEANUP(bus_event_unrefp) struct bus_event *e = mailbox_take(w->mailbox);

        if (e == NULL) {
            if (w->gateway->closing)
                return failed(ERR_CANCELLED, "the message is stored and will be answered after the next start; ask again "
                                             "then, with the same Idempotency-Key");
            if (mailbox_lost(w->mailbox))
                return OK;          /* the reply may be among what was lost; the store has it */
            TRY(w->wait(w->arg, mailbox_waiters(w->mailbox)));
            continue;
        }
        if (e->about != w->about) {
            take_answered(w, e);
            continue;
        }
        if (strcmp(e->name, "reply") == 0) {
            w->reply = arena_str(w->arena, e->json);
            return OK;
        }
        if (strcmp(e->name, "ended") == 0 || take_question(w, e))
            return OK;
        take_absorbed(w, e);
        if (w->on_event)
            TRY(w->on_event(w->arg, e));
    }
}

/* What was published is what was stored (these surfaces take a reply in one part), so it is not read again.
 * False: there was nothing to say, or the news was lost; the store knows. */
static bool take_published(struct awaited *w)
{
    CLEANUP(json_decrefp) json_t *j = NULL;

    if (w->reply.len == 0 || json_parse(w->reply, &j) || json_int(j, "id", 0) == 0)
        return false;
    w->state = arena_str(w->arena, json_text_str(j, "state"));
    w->replies = json_array();
    json_object_set_new(j, "message_id", json_from_str(w->received->message_id));
    json_array_append(w->replies, j);
    return true;
}

enum err await_reply(struct awaited *w)
{
    w->about = w->received->inbox_id;
    if (w->received->is_paused)
        return failed(ERR_CONFLICT, "this conversation is paused: the message is stored and will be answered after /resume");
    if (!w->received->duplicate && !w->received->expired)
        TRY(watch(w));
    if (w->question.len || take_published(w))
        return OK;
    TRY(submit_replies(w->gateway, w->arena, w->received, &w->replies, &w->about, &w->state));
    while (!has_ended(w->state)) {
        json_decref(w->replies);
        w->replies = NULL;
        TRY(watch(w));
        if (w->question.len)
            return OK;
        TRY(submit_replies(w->gateway, w->arena, w->received, &w->replies, &w->about, &w->state));
    }
    return OK;
}

enum err await_asked(struct awaited *w)
{
    struct received *asked = ARENA_NEW(w->arena, struct received);

    *asked = *w->received;
    asked->inbox_id = w->about = w->answered;
    asked->duplicate = asked->expired = false;
    w->received = asked;
    w->answered = 0;
    json_decref(w->replies);
    w->replies = NULL;
    return await_reply(w);
}
