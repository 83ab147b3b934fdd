// SPDX-License-Identifier: Apache-2.0
/* What comes in: events to messages.  Mentions count UTF-16 units; texts here are UTF-8. */
#include "channel/line.h"

#include "base/utf8.h"
#include "runtime/clock.h"

enum { NAME_BYTES_MAX = 255 };

static size_t byte_at(str text, int64_t units)
{
    size_t at = 0, n;
    uint32_t ch;

    while (units > 0 && (n = utf8_next(str_skip(text, at), &ch))) {
        units -= ch > 0xffff ? 2 : 1;
        at += n;
    }
    return at;
}

/* The text without the mentions of the bot itself; they come in order. */
static str without_mentions(struct arena *a, str text, const json_t *mentionees, bool *ret_mentioned)
{
    CLEANUP(buf_done) struct buf b = {0};
    const json_t *m;
    size_t i, at = 0;

    json_array_foreach(mentionees, i, m) {
        int64_t index = json_int(m, "index", -1), length = json_int(m, "length", -1);
        size_t from = byte_at(text, index), to;

        if (!json_flag(m, "isSelf") || index < 0 || length <= 0 || from < at)
            continue;
        to = from + byte_at(str_skip(text, from), length);
        buf_add(&b, str_cut(text, at, from));
        at = to;
        *ret_mentioned = true;
    }
    buf_add(&b, str_skip(text, at));
    return arena_str(a, str_trim(buf_str(&b)));
}

static void add_file(struct arena *a, const json_t *j, struct hook_message *m)
{
    static const struct { const char *type, *name, *mime; } kinds[] = {
        { "image", "photo.jpg", "image/jpeg" }, { "video", "video.mp4", "video/mp4" }, { "audio", "voice.m4a", "audio/mp4" },
        { "file", "document", "application/octet-stream" },
    };
    str type = json_text_str(j, "type"), name = json_text_str(j, "fileName");

    for (size_t i = 0; i < N_ELEMENTS(kinds); i++)
        if (str_eq(type, str_from(kinds[i].type)))
            hook_add_file(m, &(struct incoming_file){
                .type = kinds[i].type, .id = m->message.external_id, .size = json_int(j, "fileSize", -1), .mime = str_from(kinds[i].mime),
                .name = name.len ? arena_str(a, utf8_take(name, NAME_BYTES_MAX)) : str_from(kinds[i].name),
            });
}

static str place_text(struct arena *a, const json_t *j)
{
    return str_from(arena_printf(a, "[Location: %.6f, %.6f %s %s]", json_num(j, "latitude", 0), json_num(j, "longitude", 0),
                                 json_text(j, "title"), json_text(j, "address")));
}

static void fill_message(struct arena *a, const json_t *j, struct hook_message *m)
{
    bool mentioned = false;

    m->message.external_id = arena_str(a, json_text_str(j, "id"));
    m->message.reply_to = arena_str(a, json_text_str(j, "quotedMessageId"));
    m->message.text = without_mentions(a, json_text_str(j, "text"), json_at(j, "mention.mentionees"), &mentioned);
    if (str_eq(json_text_str(j, "type"), S("location")))
        m->message.text = place_text(a, j);
    add_file(a, j, m);
    m->message.overheard = !mentioned && !str_eq(m->message.chat_type, S("private"));
}

/* Buttons stand under our own messages only, so whoever presses one talks to us. */
static void fill_pressed(struct arena *a, const json_t *event, struct hook_message *m)
{
    str id = json_text_str(event, "webhookEventId");

    m->message.external_id = id.len ? str_from(arena_printf(a, "postback:%.*s", STR(id))) : S("");
    m->message.text = arena_str(a, json_text_str(event, "postback.data"));
}

static str chat_of(const json_t *source)
{
    str group = json_text_str(source, "groupId"), room = json_text_str(source, "roomId");

    return group.len ? group : room.len ? room : json_text_str(source, "userId");
}

/* "standby": another program of the account answers now. */
static void take_event(struct arena *a, const json_t *event, struct line_update *out)
{
    struct hook_message *m = ARENA_NEW(a, struct hook_message);
    const json_t *source = json_at(event, "source");
    str user = arena_str(a, json_text_str(source, "userId")), type = json_text_str(event, "type");
    int64_t at = json_int(event, "timestamp", 0);
    bool private = str_eq(json_text_str(source, "type"), S("user"));

    if (!user.len || str_eq(json_text_str(event, "mode"), S("standby")) || out->n == LINE_EVENTS_MAX)
        return;
    m->message = (struct message){
        .id = S(""), .session_id = S(""), .platform = S("line"), .agent = S(""), .thread_id = S(""), .user_name = S(""), .reply_to = S(""),
        .external_id = S(""), .chat_id = arena_str(a, chat_of(source)), .user_id = user, .text = S(""),
        .chat_type = private ? S("private") : S("group"), .created_at = at > 0 ? at : clock_wall_ms(),
    };
    if (str_eq(type, S("message")))
        fill_message(a, json_at(event, "message"), m);
    else if (str_eq(type, S("postback")))
        fill_pressed(a, event, m);
    if (m->message.external_id.len && (str_trim(m->message.text).len || m->n_files))
        out->messages[out->n++] = m;
}

enum err line_decode(struct arena *a, const json_t *call, struct line_update *out)
{
    const json_t *event;
    size_t i;

    *out = (struct line_update){0};
    if (!json_is_array(json_at(call, "events")))
        return failed(ERR_INPUT, "that is not a call of the Messaging API");
    json_array_foreach(json_at(call, "events"), i, event)
        take_event(a, event, out);
    return OK;
}
