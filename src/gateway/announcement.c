// SPDX-License-Identifier: Apache-2.0
#include "gateway/announcement.h"

#include "agent/history.h"
#include "agent/journal.h"
#include "channel/deliver.h"
#include "channel/registry.h"
#include "config/language.h"
#include "gateway/access.h"
#include "gateway/reply_event.h"
#include "runtime/clock.h"

enum err announcement_reach(struct announcement *o)
{
    o->channel = channel_find(o->to.platform);
    if (!channel_sends(o->channel) || !o->channel->configured())
        o->channel = NULL;
    if (o->channel || access_is_own(o->to.platform))
        return reply_rows_make(o->arena, o->channel, o->text, language_is_chinese(o->text), &o->rows);
    return failed(ERR_NOT_FOUND, "%.*s is not configured on this machine: nothing can be sent there", STR(o->to.platform));
}

static str file_body_of(const struct announcement *o)
{
    CLEANUP(json_decrefp) json_t *body = json_pack("{s:o, s:o, s:o}", "blob", json_from_str(o->file.blob), "name",
                                                   json_from_str(o->file.name), "mime", json_from_str(o->file.mime));

    return json_print(o->arena, body);
}

static void add_row(const struct announcement *o, struct batch *b, size_t part, str body)
{
    int64_t now = clock_wall_ms();

    batch_add(b, "send.reply", "ssiscii", o->to.platform, o->external_id, (int64_t)part, body, o->channel ? "ready" : "sent", now,
              o->channel ? (int64_t)0 : now);
}

static void add_replies(struct announcement *o, struct batch *b)
{
    size_t n = o->text.len == 0 && o->file.blob.len ? 0 : o->rows.n;

    o->reply_at = batch_size(b);
    for (size_t i = 0; i < n; i++)
        add_row(o, b, i, o->rows.body[i]);
    if (o->file.blob.len)
        add_row(o, b, n, file_body_of(o));
}

/* So that the model knows in that conversation what it has said there, and whose words may be in it. */
static void add_journal(const struct announcement *o, struct batch *b)
{
    str said = o->file.blob.len ? str_from(arena_printf(o->arena, "%.*s%s[file %.*s]", STR(o->text), o->text.len ? "\n" : "",
                                                        STR(o->file.name))) : o->text;
    struct reply r = { .text = said, .stop = STOP_END, .taint = o->taint };
    CLEANUP(json_decrefp) json_t *body = reply_to_json(&r);

    batch_add(b, "send.journal", "sssi", o->to.platform, o->external_id, json_print(o->arena, body), clock_wall_ms());
}

void announcement_add(struct announcement *o, struct batch *b)
{
    const struct recipient *to = &o->to;
    int64_t now = clock_wall_ms();
    char session[UUID_SIZE];

    random_uuid(session);
    random_uuid(o->message_id);
    batch_add(b, "session.ensure_for", "csssssiss", session, to->platform, to->chat_id, to->thread_id, to->agent, S(""), now,
              o->external_id, S(""));
    o->inbox_at = batch_size(b);
    batch_add(b, "inbox.insert", "csssssccccniii", o->message_id, to->platform, to->chat_id, to->thread_id, to->agent,
              o->external_id, "", "", "{}", "done", now, now, now);
    add_replies(o, b);
    add_journal(o, b);
    batch_add(b, "send.touch", "ssi", to->platform, o->external_id, now);
}

/* Whoever watches the conversation on a surface of ours is shown it at once. */
static void publish(const struct announcement *o, int64_t inbox_id, str session_id, int64_t outbox_id)
{
    struct bus *bus = o->gateway->bus;

    if (!bus_watched(bus, session_id, "reply"))
        return;
    CLEANUP(json_decrefp) json_t *j = reply_event(o->arena, outbox_id, str_from(o->message_id), session_id, o->text, clock_wall_ms(),
                                                  "done");

    bus_publish(bus, session_id, "reply", inbox_id, json_print(o->arena, j));
}

bool announcement_stored(const struct announcement *o, const struct batch *b)
{
    const struct rows *inbox = batch_rows(b, o->inbox_at);

    if (inbox->n) {
        history_forget(o->gateway->histories, row_str(inbox, 0, 1));
        publish(o, row_int(inbox, 0, 0), row_str(inbox, 0, 1), row_int(batch_rows(b, o->reply_at), 0, 0));
    }
    if (o->channel)
        deliver_wake(o->to.platform, o->to.chat_id);
    return inbox->n > 0;
}
