// SPDX-License-Identifier: Apache-2.0
/* What comes in: a call of the Cloud API to messages, and news of ours that did not arrive. */
#include "channel/whatsapp.h"

#include "base/utf8.h"
#include "runtime/clock.h"

enum { NAME_BYTES_MAX = 255 };

static const struct { const char *key, *type, *mime; } kinds[] = {
    { "image", "image", "image/jpeg" }, { "audio", "audio", "audio/ogg" }, { "video", "video", "video/mp4" },
    { "document", "file", "application/octet-stream" }, { "sticker", "image", "image/webp" },
};

/* "audio/ogg; codecs=opus" */
static str bare_mime(str mime)
{
    size_t end = str_find_char(mime, ';');

    return utf8_take(str_trim(end == STR_NONE ? mime : str_take(mime, end)), NAME_BYTES_MAX);
}

static void add_media(struct arena *a, const json_t *j, struct hook_message *m)
{
    for (size_t i = 0; i < N_ELEMENTS(kinds); i++) {
        const json_t *media = json_object_get(j, kinds[i].key);
        str mime = bare_mime(json_text_str(media, "mime_type"));

        if (!json_text_str(media, "id").len)
            continue;
        hook_add_file(m, &(struct incoming_file){
            .type = kinds[i].type, .id = arena_str(a, json_text_str(media, "id")), .size = -1,
            .name = arena_str(a, utf8_take(json_text_str(media, "filename"), NAME_BYTES_MAX)),
            .mime = mime.len ? arena_str(a, mime) : str_from(kinds[i].mime),
        });
        if (!m->message.text.len)
            m->message.text = arena_str(a, json_text_str(media, "caption"));
    }
}

static str place_text(struct arena *a, const json_t *place)
{
    return str_from(arena_printf(a, "[Location: %.6f, %.6f %s %s]", json_num(place, "latitude", 0), json_num(place, "longitude", 0),
                                 json_text(place, "name"), json_text(place, "address")));
}

/* A button's id is what the choice stands for. */
static str text_of(struct arena *a, const json_t *j)
{
    static const char *const places[] = { "text.body", "interactive.button_reply.id", "interactive.list_reply.id", "button.payload",
                                          "button.text" };

    for (size_t i = 0; i < N_ELEMENTS(places); i++)
        if (json_text_str(j, places[i]).len)
            return arena_str(a, json_text_str(j, places[i]));
    return json_is_object(json_at(j, "location")) ? place_text(a, json_at(j, "location")) : S("");
}

static str name_of(struct arena *a, const json_t *value, str from)
{
    const json_t *c;
    size_t i;

    json_array_foreach(json_at(value, "contacts"), i, c)
        if (str_eq(json_text_str(c, "wa_id"), from) || str_eq(json_text_str(c, "user_id"), from))
            return arena_str(a, json_text_str(c, "profile.name"));
    return S("");
}

/* Who hides the number has another id. */
static str sender_of(const json_t *j)
{
    str from = json_text_str(j, "from");

    return from.len ? from : json_text_str(j, "from_user_id");
}

static int64_t time_of(const json_t *j)
{
    int64_t seconds;

    return str_i64(json_text_str(j, "timestamp"), &seconds) == OK && seconds > 0 && seconds < INT64_MAX / 1000 ? seconds * 1000
           : clock_wall_ms();
}

static str chat_of(struct arena *a, str id, bool group)
{
    return group ? str_from(arena_printf(a, "%.*s%.*s", STR(WHATSAPP_GROUP), STR(id))) : arena_str(a, id);
}

/* The API marks nobody as addressed: in a group that is who answers us, or writes our number behind an @. */
static bool is_to_us(const json_t *value, const json_t *j)
{
    str own = json_text_str(value, "metadata.display_phone_number"), text = json_text_str(j, "text.body");
    size_t at = own.len ? str_find(text, own) : STR_NONE;

    return own.len && (str_eq(json_text_str(j, "context.from"), own) || (at != STR_NONE && at > 0 && text.p[at - 1] == '@'));
}

static void take_message(struct arena *a, const json_t *value, const json_t *j, struct whatsapp_update *out)
{
    struct hook_message *m = ARENA_NEW(a, struct hook_message);
    str from = sender_of(j), id = json_text_str(j, "id"), group = json_text_str(j, "group_id");

    if (!from.len || !id.len || out->n_messages == WHATSAPP_MESSAGES_MAX)
        return;
    from = arena_str(a, from);
    m->message = (struct message){
        .id = S(""), .session_id = S(""), .platform = S("whatsapp"), .agent = S(""), .thread_id = S(""),
        .chat_type = group.len ? S("group") : S("private"), .overheard = group.len && !is_to_us(value, j),
        .external_id = arena_str(a, id), .chat_id = group.len ? chat_of(a, group, true) : from,
        .user_id = from, .user_name = name_of(a, value, from), .text = text_of(a, j),
        .created_at = time_of(j), .reply_to = arena_str(a, json_text_str(j, "context.id")),
    };
    add_media(a, j, m);
    if (str_trim(m->message.text).len || m->n_files)
        out->messages[out->n_messages++] = m;
}

static void take_status(struct arena *a, const json_t *j, struct whatsapp_update *out)
{
    const json_t *error = json_at(j, "errors.0");
    str words = json_text_str(error, "error_data.details");
    bool group = str_eq(json_text_str(j, "recipient_type"), S("group"));

    if (!str_eq(json_text_str(j, "status"), S("failed")) || out->n_failures == WHATSAPP_MESSAGES_MAX)
        return;
    out->failures[out->n_failures++] = (struct whatsapp_failure){
        .id = arena_str(a, json_text_str(j, "id")), .chat_id = chat_of(a, json_text_str(j, "recipient_id"), group),
        .code = json_int(error, "code", 0), .why = arena_str(a, utf8_take(words.len ? words : json_text_str(error, "title"), 300)),
    };
}

static void take_change(struct arena *a, const json_t *change, str phone_number_id, struct whatsapp_update *out)
{
    const json_t *value = json_at(change, "value"), *one;
    size_t i;

    if (!str_eq(json_text_str(change, "field"), S("messages"))
        || !str_eq(json_text_str(value, "metadata.phone_number_id"), phone_number_id))
        return;
    json_array_foreach(json_at(value, "messages"), i, one)
        take_message(a, value, one, out);
    json_array_foreach(json_at(value, "statuses"), i, one)
        take_status(a, one, out);
}

enum err whatsapp_decode(struct arena *a, const json_t *call, str phone_number_id, struct whatsapp_update *out)
{
    const json_t *entry, *change;
    size_t i, k;

    *out = (struct whatsapp_update){0};
    if (!str_eq(json_text_str(call, "object"), S("whatsapp_business_account")) || !json_is_array(json_at(call, "entry")))
        return failed(ERR_INPUT, "that is not a call of the Cloud API");
    json_array_foreach(json_at(call, "entry"), i, entry)
        json_array_foreach(json_at(entry, "changes"), k, change)
            take_change(a, change, phone_number_id, out);
    return OK;
}
