// SPDX-License-Identifier: Apache-2.0
/* What goes out: pushes, which LINE knows again by their retry key, and what it answers. */
#include "base/utf8.h"
#include "channel/line.h"
#include "config/config.h"
#include "net/url.h"

enum { CHOICES_MAX = 13, LABEL_MAX = 20, TYPING_SECONDS = 10, QUOTA_PAUSE_MS = 3600 * 1000 };

static void call_at(struct arena *a, const char *base, const char *path, struct platform_call *out)
{
    *out = (struct platform_call){
        .platform = "LINE", .url = url_join(a, str_from(base), str_from(path)),
        .authorization = arena_printf(a, "Bearer %s", config_now()->platforms_line_channel_access_token),
    };
}

void line_call(struct arena *a, const char *path, struct platform_call *out)
{
    call_at(a, config_now()->platforms_line_api_url, path, out);
}

void line_data_call(struct arena *a, const char *path, struct platform_call *out)
{
    call_at(a, config_now()->platforms_line_data_url, path, out);
}

bool line_is_person(str chat_id)
{
    return str_starts(chat_id, S("U"));
}

static json_t *label_of(str text)
{
    CLEANUP(buf_done) struct buf b = {0};
    str rest = text;
    uint32_t ch;
    size_t n;

    if (utf8_length_utf16(text) <= LABEL_MAX)
        return json_from_str(text);
    for (size_t units = 1; (n = utf8_next(rest, &ch)) && (units += ch > 0xffff ? 2 : 1) <= LABEL_MAX;)
        rest = str_skip(rest, n);
    buf_add(&b, str_take(text, text.len - rest.len));
    buf_add(&b, S("…"));
    return json_from_str(buf_str(&b));
}

/* What is pressed shows as the person's words, and comes back as the reply. */
static json_t *quick_reply(const json_t *choices)
{
    json_t *items = json_array();
    const json_t *c;
    size_t i;

    json_array_foreach(choices, i, c)
        if (i < CHOICES_MAX)
            json_array_append_new(items, json_pack("{s:s, s:{s:s, s:o, s:s, s:s}}", "type", "action", "action", "type", "postback", "label",
                                                   label_of(json_text_str(c, "label")), "data", json_text(c, "reply"), "displayText",
                                                   json_text(c, "label")));
    return json_pack("{s:o}", "items", items);
}

enum err line_encode(struct arena *a, const struct outgoing *m, struct http_request *out)
{
    CLEANUP(json_decrefp) json_t *j = NULL;
    struct http_field retry_key = { S("X-Line-Retry-Key"), platform_send_id(a, m) };
    struct platform_call call;
    json_t *message;

    if (m->blob.len)
        return failed(ERR_INPUT, "LINE takes no files, only links to them");
    if (!str_trim(m->text).len)
        return failed(ERR_INPUT, "there is nothing to send");
    message = json_pack("{s:s, s:o}", "type", "text", "text", json_from_str(hook_text(a, m, MARKUP_PLAIN)));
    if (json_array_size(m->choices))
        json_object_set_new(message, "quickReply", quick_reply(m->choices));
    j = json_pack("{s:o, s:[o]}", "to", json_from_str(m->chat_id), "messages", message);
    line_call(a, "v2/bot/message/push", &call);
    call.body = j;
    call.fields = &retry_key;
    call.n_fields = 1;
    platform_request(a, &call, out);
    return OK;
}

enum err line_encode_typing(struct arena *a, str chat_id, str thread_id UNUSED, struct http_request *out)
{
    CLEANUP(json_decrefp) json_t *j = NULL;
    struct platform_call call;

    if (!line_is_person(chat_id))
        return failed(ERR_INPUT, "LINE shows typing to one person only");
    j = json_pack("{s:o, s:i}", "chatId", json_from_str(chat_id), "loadingSeconds", TYPING_SECONDS);
    line_call(a, "v2/bot/chat/loading/start", &call);
    call.body = j;
    platform_request(a, &call, out);
    return OK;
}

/* 409: it has the message already, from a try whose answer was lost. */
enum err line_decode_sent(struct arena *a, const struct http_response *r, struct sent *out)
{
    CLEANUP(json_decrefp) json_t *j = NULL;
    bool had_it = r->status == 409;
    str words;
    enum err e = OK;

    if (r->body.len && json_parse(r->body, &j))
        j = NULL;
    words = json_text_str(j, "message");
    if (had_it)
        *out = (struct sent){ .remote_id = S("") };
    else
        e = platform_sent("LINE", r, words, out);
    if (e == ERR_LIMIT && str_find(words, S("monthly limit")) != STR_NONE)
        out->retry_after_ms = QUOTA_PAUSE_MS;
    if (e == OK)
        out->remote_id = arena_str(a, json_text_str(j, "sentMessages.0.id"));
    return e;
}
