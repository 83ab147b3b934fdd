// SPDX-License-Identifier: Apache-2.0
#include "domain/message.h"

#include <string.h>

#include "base/time.h"

static void put(json_t *o, const char *key, str value)
{
    if (value.len)
        json_object_set_new(o, key, json_from_str(value));
}

static json_t *attachment_to_json(const struct attachment *at)
{
    json_t *o = json_object();

    json_object_set_new(o, "type", json_from_str(at->type));
    put(o, "url", at->url);
    put(o, "name", at->name);
    put(o, "mime", at->mime);
    if (at->size >= 0)
        json_object_set_new(o, "size", json_integer(at->size));
    put(o, "blob", at->blob);
    return o;
}

static json_t *content_to_json(const struct message *m)
{
    json_t *content = json_object(), *list = json_array();

    json_object_set_new(content, "text", json_from_str(m->text));
    for (size_t i = 0; i < m->n_attachments; i++)
        json_array_append_new(list, attachment_to_json(&m->attachments[i]));
    json_object_set_new(content, "attachments", list);
    return content;
}

static json_t *sender_to_json(const struct message *m)
{
    json_t *sender = json_object();

    json_object_set_new(sender, "platform", json_from_str(m->platform));
    json_object_set_new(sender, "user_id", json_from_str(m->user_id));
    put(sender, "user_name", m->user_name);
    return sender;
}

json_t *message_to_json(const struct message *m)
{
    json_t *o = json_object(), *context = json_object();
    char when[TIME_TEXT_SIZE];

    put(o, "id", m->id);
    put(o, "session_id", m->session_id);
    put(o, "external_id", m->external_id);
    put(o, "chat_id", m->chat_id);
    put(o, "thread_id", m->thread_id);
    put(o, "chat_type", m->chat_type);
    put(o, "agent", m->agent);
    put(o, "reply_to", m->reply_to);
    if (m->created_at)
        json_object_set_new(o, "created_at", json_string(time_text(when, m->created_at)));
    json_object_set_new(o, "sender", sender_to_json(m));
    json_object_set_new(o, "content", content_to_json(m));
    json_object_set_new(context, "prev_messages",
                        m->prev_messages ? json_deep_copy(m->prev_messages) : json_array());
    json_object_set_new(o, "context", context);
    return o;
}

/* A text field, or S("") where it is absent or null.  `where` names it for the reader of the error. */
static enum err take_text(struct arena *a, const json_t *o, const char *key, const char *where, size_t max, str *out)
{
    const json_t *v = json_at(o, key);
    str s = json_strval(v);

    if (v == NULL) {
        *out = S("");
        return OK;
    }
    if (s.p == NULL)
        return failed(ERR_INPUT, "%s%s must be a string", where, key);
    if (s.len > max)
        return failed(ERR_INPUT, "%s%s is longer than %zu bytes", where, key, max);
    *out = arena_str(a, s);
    return OK;
}

static enum err take_object(const json_t *o, const char *key, const json_t **out)
{
    const json_t *v = json_at(o, key);

    if (v && !json_is_object(v))
        return failed(ERR_INPUT, "%s must be an object", key);
    *out = v;
    return OK;
}

static enum err take_attachment(struct arena *a, const json_t *o, const char *where, struct attachment *out)
{
    const json_t *size = json_at(o, "size");

    if (!json_is_object(o))
        return failed(ERR_INPUT, "%.*s must be an object", (int)strlen(where) - 1, where);
    TRY(take_text(a, o, "type", where, MESSAGE_ID_MAX, &out->type));
    TRY(take_text(a, o, "url", where, MESSAGE_URL_MAX, &out->url));
    TRY(take_text(a, o, "name", where, MESSAGE_ID_MAX, &out->name));
    TRY(take_text(a, o, "mime", where, MESSAGE_ID_MAX, &out->mime));
    TRY(take_text(a, o, "blob", where, MESSAGE_ID_MAX, &out->blob));
    if (out->type.len == 0)
        return failed(ERR_INPUT, "%stype is missing", where);
    if (out->url.len == 0 && out->blob.len == 0)
        return failed(ERR_INPUT, "%surl is missing", where);
    if (size && (!json_is_integer(size) || json_integer_value(size) < 0))
        return failed(ERR_INPUT, "%ssize must be a whole number, 0 or more", where);
    out->size = size ? json_integer_value(size) : -1;
    return OK;
}

static enum err take_attachments(struct arena *a, const json_t *content, struct message *m)
{
    const json_t *list = json_at(content, "attachments");
    size_t n = json_array_size(list);

    if (list && !json_is_array(list))
        return failed(ERR_INPUT, "content.attachments must be an array");
    if (n > MESSAGE_ATTACHMENTS_MAX)
        return failed(ERR_INPUT, "content.attachments holds more than %d", MESSAGE_ATTACHMENTS_MAX);
    struct attachment *all = n ? arena_alloc(a, n * sizeof *all) : NULL;

    for (size_t i = 0; i < n; i++) {
        char where[64];

        snprintf(where, sizeof where, "content.attachments.%zu.", i);
        TRY(take_attachment(a, json_array_get(list, i), where, &all[i]));
    }
    m->attachments = all;
    m->n_attachments = n;
    return OK;
}

static enum err take_content(struct arena *a, const json_t *j, struct message *m)
{
    const json_t *content;

    TRY(take_object(j, "content", &content));
    TRY(take_text(a, content, "text", "content.", MESSAGE_TEXT_MAX, &m->text));
    TRY(take_attachments(a, content, m));
    if (m->text.len == 0 && m->n_attachments == 0)
        return failed(ERR_INPUT, "content.text is missing");
    return OK;
}

static enum err take_sender(struct arena *a, const json_t *j, struct message *m)
{
    const json_t *sender;

    TRY(take_object(j, "sender", &sender));
    TRY(take_text(a, sender, "platform", "sender.", MESSAGE_ID_MAX, &m->platform));
    TRY(take_text(a, sender, "user_id", "sender.", MESSAGE_ID_MAX, &m->user_id));
    return take_text(a, sender, "user_name", "sender.", MESSAGE_ID_MAX, &m->user_name);
}

static void drop_json(void *j)
{
    json_decref(j);
}

static enum err take_context(struct arena *a, const json_t *j, struct message *m)
{
    const json_t *context, *prev;

    TRY(take_object(j, "context", &context));
    prev = json_at(context, "prev_messages");
    if (prev == NULL)
        return OK;
    if (!json_is_array(prev))
        return failed(ERR_INPUT, "context.prev_messages must be an array");
    if (json_array_size(prev) > MESSAGE_PREV_MAX)
        return failed(ERR_INPUT, "context.prev_messages holds more than %d", MESSAGE_PREV_MAX);
    for (size_t i = 0; i < json_array_size(prev); i++)
        if (!json_is_object(json_array_get(prev, i)) && !json_is_string(json_array_get(prev, i)))
            return failed(ERR_INPUT, "context.prev_messages.%zu must be an object", i);
    /* Its own copy: the caller is free to change or drop what we were given. */
    json_t *copy = json_deep_copy(prev);

    arena_on_free(a, drop_json, copy);
    m->prev_messages = copy;
    return OK;
}

/* RFC 3339 text, as we write it, or milliseconds since 1970. */
static enum err take_created_at(const json_t *j, struct message *m)
{
    const json_t *v = json_at(j, "created_at");

    if (v == NULL)
        return OK;
    if (json_is_integer(v) && json_integer_value(v) >= 0) {
        m->created_at = json_integer_value(v);
        return OK;
    }
    if (!json_is_string(v) || time_parse(json_strval(v), &m->created_at) != OK)
        return failed(ERR_INPUT, "created_at must be a time such as 2026-01-31T12:00:00Z");
    return OK;
}

enum err message_from_json(struct arena *a, const json_t *j, struct message *out)
{
    struct message m = {0};

    if (!json_is_object(j))
        return failed(ERR_INPUT, "a message must be a JSON object");
    TRY(take_text(a, j, "id", "", MESSAGE_ID_MAX, &m.id));
    TRY(take_text(a, j, "session_id", "", MESSAGE_ID_MAX, &m.session_id));
    TRY(take_text(a, j, "external_id", "", MESSAGE_ID_MAX, &m.external_id));
    TRY(take_text(a, j, "chat_id", "", MESSAGE_ID_MAX, &m.chat_id));
    TRY(take_text(a, j, "thread_id", "", MESSAGE_ID_MAX, &m.thread_id));
    TRY(take_text(a, j, "chat_type", "", MESSAGE_ID_MAX, &m.chat_type));
    TRY(take_text(a, j, "agent", "", MESSAGE_ID_MAX, &m.agent));
    TRY(take_text(a, j, "reply_to", "", MESSAGE_ID_MAX, &m.reply_to));
    if (m.session_id.len && !uuid_valid(m.session_id))
        return failed(ERR_INPUT, "session_id must be a UUID");
    if (m.chat_type.len && !str_eq(m.chat_type, S("private")) && !str_eq(m.chat_type, S("group")))
        return failed(ERR_INPUT, "chat_type must be private or group");
    TRY(take_sender(a, j, &m));
    TRY(take_content(a, j, &m));
    TRY(take_context(a, j, &m));
    TRY(take_created_at(j, &m));
    *out = m;
    return OK;
}

bool uuid_valid(str s)
{
    if (s.len != 36)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        char c = s.p[i];
        bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');

        if (dash ? c != '-' : !hex)
            return false;
    }
    return true;
}

void message_copy(struct arena *a, const struct message *m, struct message *out)
{
    struct attachment *attachments = arena_alloc(a, m->n_attachments * sizeof *attachments);
    str *const fields[] = { &out->id, &out->session_id, &out->platform, &out->external_id, &out->chat_id,
                            &out->thread_id, &out->chat_type, &out->agent, &out->user_id, &out->user_name, &out->text, &out->reply_to };

    *out = *m;
    for (size_t i = 0; i < N_ELEMENTS(fields); i++)
        *fields[i] = arena_str(a, *fields[i]);
    for (size_t i = 0; i < m->n_attachments; i++) {
        const struct attachment *t = &m->attachments[i];

        attachments[i] = (struct attachment){ arena_str(a, t->type), arena_str(a, t->url), arena_str(a, t->name),
                                              arena_str(a, t->mime), t->size, arena_str(a, t->blob) };
    }
    out->attachments = attachments;
    if (m->prev_messages)
        arena_on_free(a, drop_json, json_incref((json_t *)m->prev_messages));
}
