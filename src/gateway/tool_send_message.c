// SPDX-License-Identifier: Apache-2.0
/* tool_send_message.c: a message that the assistant sends by itself (announcement.h).  Its external id is made of the call: one that runs
 * again sends nothing. */
#include <inttypes.h>

#include "base/random.h"
#include "gateway/announcement.h"
#include "gateway/tool_host.h"
#include "tool/file_job.h"

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

static str taint_of(const struct tool_context *cx)
{
    if (cx->taint.len || person_is_owner(&cx->person))
        return cx->taint;
    return str_from(arena_printf(cx->arena, "a message that %.*s had sent", STR(cx->person.id)));
}

static enum err store(struct announcement *o, struct tool_result *out) AWAITS
{
    struct batch *b = batch_new(o->arena);

    announcement_add(o, b);
    TRY(store_commit(o->gateway->store, b));
    bool is_new = announcement_stored(o, b);

    out->text = str_from(arena_printf(o->arena, "%s %.*s chat %.*s%s", o->channel ? "on its way to" : "shown in", STR(o->to.platform),
                                      STR(o->to.chat_id), is_new ? "" : " (it had been before: it is not sent twice)"));
    return OK;
}

static enum err send_message_run(const struct tool_context *cx, const json_t *arguments, struct tool_result *out) AWAITS
{
    struct announcement o = { .gateway = cx->host->gateway, .arena = cx->arena, .text = str_trim(json_text_str(arguments, "text")),
                          .taint = taint_of(cx) };
    str to = json_text_str(arguments, "to");

    *out = (struct tool_result){ 0 };
    if (o.text.len == 0) {
        *out = tool_refusal(cx, "the text is empty");
        return OK;
    }
    o.external_id = key_of(cx, to, o.text);
    enum err e = recipient_find(o.gateway, cx, to, &o.to);

    if (e == OK)
        e = announcement_reach(&o);
    if (e == ERR_NOT_FOUND || e == ERR_CONFLICT) {
        *out = tool_refusal(cx, "%s", failed_text());
        return OK;
    }
    TRY(e);
    return store(&o, out);
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
