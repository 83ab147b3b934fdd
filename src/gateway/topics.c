// SPDX-License-Identifier: Apache-2.0
#include "gateway/topics.h"

#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "channel/deliver.h"
#include "channel/start.h"
#include "gateway/sessions.h"

/* ---- what is wanted ---- */

static enum err set_filter(struct topics *t, str platform, str session)
{
    if (session.len && !uuid_valid(session))
        return failed(ERR_INPUT, "session_id must be a uuid");
    if (platform.len >= TOPIC_PLATFORM_SIZE)
        return failed(ERR_INPUT, "there is no platform of so long a name");
    snprintf(t->platform, sizeof t->platform, "%.*s", STR(platform));
    snprintf(t->session, sizeof t->session, "%.*s", STR(session));
    return OK;
}

static enum err want(struct topics *t, str name)
{
    enum bus_kind kind = bus_kind_named(name);

    if (kind == KIND_NONE)
        return failed(ERR_INPUT, "there is no topic '%.*s'; there are message, delta, tool, approval, channel, alert and delivery",
                      STR(str_take(name, 40)));
    t->kinds[kind] = true;
    return OK;
}

enum err topics_set(struct topics *t, const json_t *names, str platform, str session)
{
    struct topics wanted = { 0 };
    const json_t *name;
    size_t i;

    if (!json_is_array(names))
        return failed(ERR_INPUT, "topics is a list of names");
    TRY(set_filter(&wanted, platform, session));
    json_array_foreach(names, i, name)
        TRY(want(&wanted, json_strval(name)));
    *t = wanted;
    return OK;
}

enum err topics_set_list(struct topics *t, str names, str platform, str session)
{
    struct topics wanted = { 0 };
    str name;

    TRY(set_filter(&wanted, platform, session));
    if (names.len == 0)
        return failed(ERR_INPUT, "topics is a list such as message,tool");
    while (str_split(&names, ',', &name))
        TRY(want(&wanted, str_trim(name)));
    *t = wanted;
    return OK;
}

void topics_join(const struct topics *t, struct mailbox *m)
{
    for (size_t i = KIND_NONE + 1; i < N_KINDS; i++)
        if (t->kinds[i])
            mailbox_join_kind(m, (enum bus_kind)i);
}

/* ---- what comes ---- */

/* What goes elsewhere than where its conversation is says so itself. */
static str platform_in(struct arena *a, str json)
{
    CLEANUP(json_decrefp) json_t *j = NULL;

    return json_parse(json, &j) ? S("") : arena_str(a, json_text_str(j, "platform"));
}

/* A session's id, or a channel's name. */
static enum err platform_of(struct gateway *g, struct arena *a, const struct bus_event *e, str *out) AWAITS
{
    struct session_place place;

    *out = e->kind == KIND_CHANNEL ? e->topic : e->kind == KIND_DELIVERY ? platform_in(a, e->json) : S("");
    if (out->len || !uuid_valid(e->topic))
        return OK;
    TRY(sessions_find(g, a, e->topic, &place));
    *out = place.platform;
    return OK;
}

enum err topics_event(struct gateway *g, struct arena *a, const struct topics *t, const struct bus_event *e, str *ret_json)
{
    CLEANUP(buf_done) struct buf b = { .max = SIZE_MAX / 2 };
    bool of_session = uuid_valid(e->topic);
    str platform;

    *ret_json = NO_STR;
    if (!t->kinds[e->kind] || (*t->session && !str_eq(e->topic, str_from(t->session))))
        return OK;
    TRY(platform_of(g, a, e, &platform));
    if (*t->platform && !str_eq(platform, str_from(t->platform)))
        return OK;
    buf_addf(&b, "{\"type\":\"event\",\"topic\":\"%s\",\"platform\":", bus_kind_name(e->kind));
    json_add_string(&b, platform);
    buf_add(&b, S(",\"session_id\":"));
    json_add_string(&b, of_session ? e->topic : S(""));
    buf_add(&b, S(",\"event\":"));
    buf_add(&b, e->json);
    buf_add_char(&b, '}');
    *ret_json = arena_str(a, buf_str(&b));
    return OK;
}

/* ---- what is told ---- */

void topics_tell_received(struct gateway *g, const struct message *m, str session_id, int64_t inbox_id)
{
    if (g->bus == NULL || !bus_watched(g->bus, NO_STR, "received"))
        return;
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(json_decrefp) json_t *j = json_pack("{s:s, s:o, s:o, s:o, s:o, s:o}", "type", "received", "message_id", json_from_str(m->id),
                                                "session_id", json_from_str(session_id), "platform", json_from_str(m->platform), "chat_id",
                                                json_from_str(m->chat_id), "text", json_from_str(m->text));
    char when[TIME_TEXT_SIZE];

    json_object_set_new(j, "thread_id", json_from_str(m->thread_id));
    json_object_set_new(j, "user_id", json_from_str(m->user_id));
    json_object_set_new(j, "user_name", json_from_str(m->user_name));
    json_object_set_new(j, "attachments", json_integer((json_int_t)m->n_attachments));
    json_object_set_new(j, "created_at", json_string(time_text(when, m->created_at)));
    bus_publish_kind(g->bus, session_id, "received", inbox_id, json_print(a, j));
}

static void tell_channel(void *gateway, const struct channel *c)
{
    struct gateway *g = gateway;

    if (!bus_watched(g->bus, str_from(c->name), "channel"))
        return;
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(json_decrefp) json_t *j = channel_status(c);

    json_object_set_new(j, "type", json_string("channel"));
    bus_publish(g->bus, str_from(c->name), "channel", 0, json_print(a, j));
}

static void tell_delivery(void *gateway, const struct delivery_outcome *o)
{
    struct gateway *g = gateway;

    if (!bus_watched(g->bus, NO_STR, "delivery"))
        return;
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(json_decrefp) json_t *j = json_pack("{s:s, s:I, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:I}", "type", "delivery", "id",
        (json_int_t)o->id, "state", o->state, "platform", json_from_str(o->platform), "chat_id", json_from_str(o->chat_id), "thread_id",
        json_from_str(o->thread_id), "message_id", json_from_str(o->message_id), "remote_id", json_from_str(o->remote_id), "error",
        json_from_str(o->error), "attempts", (json_int_t)o->attempts);

    bus_publish_kind(g->bus, o->session_id, "delivery", 0, json_print(a, j));
}

void topics_watch_channels(struct gateway *g)
{
    deliver_watch(tell_delivery, g);
    channels_watch(tell_channel, g);
}
