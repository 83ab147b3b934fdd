// SPDX-License-Identifier: Apache-2.0
/* tool_send_message.c: a message that the assistant sends by itself.  It is stored as the answer to a message without
 * words and sender, so that whatever shows, keeps or delivers answers does the same with it.  That message's
 * external id is made of the call, and external ids are unique: a call that runs again sends nothing. */
#include <inttypes.h>

#include "agent/history.h"
#include "agent/journal.h"
#include "base/random.h"
#include "channel/deliver.h"
#include "channel/registry.h"
#include "channel/split.h"
#include "gateway/access.h"
#include "gateway/recipient.h"
#include "gateway/reply_event.h"
#include "gateway/tool_host.h"
#include "runtime/clock.h"
#include "tool/file_job.h"

struct sending {
    struct gateway  *gateway;
    const struct tool_context *cx;
    struct recipient to;
    const struct channel *channel;      /* NULL: one that fetches */
    str              text, external_id;
    char             message_id[UUID_SIZE];
    size_t           inbox_at, reply_at;    /* statements of the batch */
};

/* A provider may use a call's id again in its next reply: what is sent, and to whom, belongs to the key. */
static str key_of(const struct tool_context *cx, str to, str text)
{
    static const uint64_t fixed[2] = { 1, 2 };
    char uuid[UUID_SIZE];

    random_uuid(uuid);
    if (cx->inbox_id == 0)
        return str_from(arena_printf(cx->arena, "send_message/%s", uuid));
    return str_from(arena_printf(cx->arena, "send_message/%" PRId64 "/%.*s/%016" PRIx64 "%016" PRIx64, cx->inbox_id, STR(cx->call_id),
                                 str_hash_keyed(to, fixed), str_hash_keyed(text, fixed)));
}

static str body_of(struct arena *a, str text)
{
    CLEANUP(json_decrefp) json_t *body = json_pack("{s:o}", "text", json_from_str(text));

    return json_print(a, body);
}

static void add_replies(struct sending *s, struct batch *b)
{
    struct pieces pieces = { 1, &s->text };
    int64_t now = clock_wall_ms();

    if (s->channel)
        split_markdown(s->cx->arena, s->text, s->channel->markup, s->channel->text_max, &pieces);
    if (pieces.n == 0)      /* nothing that shows */
        pieces = (struct pieces){ 1, &s->text };
    s->reply_at = batch_size(b);
    for (size_t i = 0; i < pieces.n; i++)
        batch_add(b, "send.reply", "ssiscii", s->to.platform, s->external_id, (int64_t)i, body_of(s->cx->arena, pieces.text[i]),
                  s->channel ? "ready" : "sent", now, s->channel ? (int64_t)0 : now);
}

static str taint_of(const struct tool_context *cx)
{
    if (cx->taint.len || person_is_owner(&cx->person))
        return cx->taint;
    return str_from(arena_printf(cx->arena, "a message that %.*s had sent", STR(cx->person.id)));
}

/* So that the model knows in that conversation what it has said there, and whose words may be in it. */
static void add_journal(const struct sending *s, struct batch *b)
{
    struct reply r = { .text = s->text, .stop = STOP_END, .taint = taint_of(s->cx) };
    CLEANUP(json_decrefp) json_t *body = reply_to_json(&r);

    batch_add(b, "send.journal", "sssi", s->to.platform, s->external_id, json_print(s->cx->arena, body), clock_wall_ms());
}

static struct batch *rows_of(struct sending *s)
{
    struct batch *b = batch_new(s->cx->arena);
    const struct recipient *to = &s->to;
    int64_t now = clock_wall_ms();
    char session[UUID_SIZE];

    random_uuid(session);
    random_uuid(s->message_id);
    batch_add(b, "session.ensure_for", "csssssiss", session, to->platform, to->chat_id, to->thread_id, to->agent, S(""), now,
              s->external_id, S(""));
    s->inbox_at = batch_size(b);
    batch_add(b, "inbox.insert", "csssssccccniii", s->message_id, to->platform, to->chat_id, to->thread_id, to->agent,
              s->external_id, "", "", "{}", "done", now, now, now);
    add_replies(s, b);
    add_journal(s, b);
    batch_add(b, "send.touch", "ssi", to->platform, s->external_id, now);
    return b;
}

/* Whoever watches the conversation on a surface of ours is shown it at once. */
static void publish(const struct sending *s, int64_t inbox_id, str session_id, int64_t outbox_id)
{
    struct bus *bus = s->gateway->bus;

    if (!bus_watched(bus, session_id))
        return;
    CLEANUP(json_decrefp) json_t *j = reply_event(s->cx->arena, outbox_id, str_from(s->message_id), session_id, s->text,
                                                  clock_wall_ms(), "done");

    bus_publish(bus, session_id, "reply", inbox_id, json_print(s->cx->arena, j));
}

static enum err store(struct sending *s, struct tool_result *out) AWAITS
{
    struct batch *b = rows_of(s);
    const struct recipient *to = &s->to;

    TRY(store_commit(s->gateway->store, b));
    const struct rows *inbox = batch_rows(b, s->inbox_at);

    if (inbox->n) {
        history_forget(s->gateway->histories, row_str(inbox, 0, 1));
        publish(s, row_int(inbox, 0, 0), row_str(inbox, 0, 1), row_int(batch_rows(b, s->reply_at), 0, 0));
    }
    if (s->channel)
        deliver_wake(to->platform, to->chat_id);
    out->text = str_from(arena_printf(s->cx->arena, "%s %.*s chat %.*s%s", s->channel ? "on its way to" : "shown in", STR(to->platform),
                                      STR(to->chat_id), inbox->n ? "" : " (it had been before: it is not sent twice)"));
    return OK;
}

static enum err send_message_run(const struct tool_context *cx, const json_t *arguments, struct tool_result *out) AWAITS
{
    struct sending s = { .gateway = cx->host->gateway, .cx = cx, .text = str_trim(json_text_str(arguments, "text")) };
    str to = json_text_str(arguments, "to");
    enum err e;

    *out = (struct tool_result){ 0 };
    if (s.text.len == 0) {
        *out = tool_refusal(cx, "the text is empty");
        return OK;
    }
    s.external_id = key_of(cx, to, s.text);
    e = recipient_find(s.gateway, cx, to, &s.to);
    if (e == ERR_NOT_FOUND || e == ERR_CONFLICT) {
        *out = tool_refusal(cx, "%s", failed_text());
        return OK;
    }
    TRY(e);
    s.channel = channel_find(s.to.platform);
    if (s.channel && s.channel->encode && s.channel->configured())
        return store(&s, out);
    s.channel = NULL;
    if (access_is_own(s.to.platform))
        return store(&s, out);
    *out = tool_refusal(cx, "%.*s is not configured on this machine: nothing can be sent there", STR(s.to.platform));
    return OK;
}

const struct tool tool_send_message = {
    .name = "send_message",
    .description = "Sends a message to another chat or person, by itself; your answer to the person you talk to needs no tool.",
    .schema = "{\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"to\",\"text\"],\"properties\":{"
              "\"to\":{\"type\":\"string\",\"description\":\"owner; a person's name or id; platform:chat such as telegram:12345; "
              "or a conversation's id from sessions\"},"
              "\"text\":{\"type\":\"string\",\"description\":\"What is sent, Markdown\"}}}",
    .risk = RISK_OUTSIDE, .repeatable = true, .run = send_message_run,
};
