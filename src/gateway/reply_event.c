// SPDX-License-Identifier: Apache-2.0
#include "gateway/reply_event.h"

#include "base/time.h"
#include "channel/markup.h"
#include "runtime/clock.h"

json_t *reply_event(struct arena *a, int64_t id, str message_id, str session_id, str text, int64_t created_at,
                    const char *state)
{
    CLEANUP(buf_done) struct buf html = { 0 };
    char when[TIME_TEXT_SIZE];
    json_t *j = json_object();

    markup_to_web(&html, markup_parse(a, text));
    json_object_set_new(j, "type", json_string("reply"));
    json_object_set_new(j, "id", json_integer(id));
    json_object_set_new(j, "message_id", json_from_str(message_id));
    json_object_set_new(j, "session_id", json_from_str(session_id));
    json_object_set_new(j, "text", json_from_str(text));
    json_object_set_new(j, "html", json_from_str(buf_str(&html)));
    json_object_set_new(j, "created_at", json_string(time_text(when, created_at)));
    json_object_set_new(j, "state", json_string(state));
    return j;
}

void reply_event_publish(struct gateway *g, const struct answer *a, int64_t id)
{
    str session = a->message->session_id;

    if (!bus_watched(g->bus, session, "reply"))
        return;
    CLEANUP(json_decrefp) json_t *j = reply_event(a->arena, id, a->message->id, session, a->text, clock_wall_ms(),
                                                  a->state);

    bus_publish(g->bus, session, "reply", a->inbox_id, json_print(a->arena, j));
}

void reply_event_ended(struct gateway *g, str session_id, str message_id, int64_t inbox_id)
{
    CLEANUP(json_decrefp) json_t *j = json_pack("{s:s, s:o, s:o, s:s}", "type", "ended", "message_id",
                                                json_from_str(message_id), "session_id", json_from_str(session_id),
                                                "state", "failed");
    CLEANUP(buf_done) struct buf b = { 0 };

    json_print_to(&b, j);
    bus_publish(g->bus, session_id, "ended", inbox_id, buf_str(&b));
}
