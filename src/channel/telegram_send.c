// SPDX-License-Identifier: Apache-2.0
/* What goes out: requests to the Bot API, and what it answers. */
#include <string.h>

#include "channel/platform_api.h"
#include "channel/markup.h"
#include "channel/telegram.h"
#include "config/config.h"

enum { PHOTO_BYTES_MAX = 10 << 20 };

static const char *method_url(struct arena *a, const char *method)
{
    const struct config *c = config_now();

    return arena_printf(a, "%s/bot%s/%s", c->platforms_telegram_api_url, c->platforms_telegram_token, method);
}

const char *telegram_file_url(struct arena *a, str file_path)
{
    const struct config *c = config_now();

    return arena_printf(a, "%s/file/bot%s/%.*s", c->platforms_telegram_api_url, c->platforms_telegram_token, STR(file_path));
}

void telegram_request(struct arena *a, const char *method, json_t *body, struct http_request *out)
{
    static const struct http_field fields[] = { { { "Content-Type", 12 }, { "application/json", 16 } } };

    *out = (struct http_request){
        .method = "POST", .url = method_url(a, method), .fields = fields, .n_fields = 1, .body = json_print(a, body),
    };
}

/* Ids go as numbers where they are numbers; a public group may be "@name". */
static void set_id(json_t *j, const char *key, str id)
{
    int64_t n;

    if (!id.len)
        return;
    json_object_set_new(j, key, str_i64(id, &n) == OK ? json_integer(n) : json_from_str(id));
}

/* Our ids of messages are "chat:message". */
static str message_part(str id)
{
    size_t colon = str_find_char(id, ':');

    return colon == STR_NONE ? id : str_skip(id, colon + 1);
}

/* In a private chat every message answers the one before it: saying so would only be noise. */
static json_t *reply_parameters(const struct outgoing *m)
{
    json_t *j;

    if (!m->reply_to.len || !str_starts(m->chat_id, S("-")))
        return NULL;
    j = json_pack("{s:b}", "allow_sending_without_reply", 1);
    set_id(j, "message_id", message_part(m->reply_to));
    return j;
}

static void set_text(json_t *j, const struct outgoing *m)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(buf_done) struct buf text = {0};
    const struct md_node *doc = markup_parse(a, m->text);
    bool nothing_shows = markup_units(doc) == 0;

    if (!nothing_shows && !m->plain) {
        markup_to_telegram(&text, doc);
        json_object_set_new(j, "parse_mode", json_string("HTML"));
    } else if (!nothing_shows) {
        markup_to_plain(&text, doc);
    } else {
        buf_add(&text, m->text);
    }
    json_object_set_new(j, "text", json_from_str(buf_str(&text)));
    json_object_set_new(j, "link_preview_options", json_pack("{s:b}", "is_disabled", 1));
}

/* RFC 7578 form data: the only way to send bytes that Telegram has not seen. */
static enum err encode_file(struct arena *a, const struct outgoing *m, struct http_request *out)
{
    bool photo = m->bytes.len <= PHOTO_BYTES_MAX && (str_eq(m->mime, S("image/jpeg")) || str_eq(m->mime, S("image/png")));
    CLEANUP(json_decrefp) json_t *reply = reply_parameters(m);
    CLEANUP(platform_form_done) struct platform_form form;

    platform_form_begin(&form);
    platform_form_field(&form, "chat_id", m->chat_id);
    if (m->thread_id.len)
        platform_form_field(&form, "message_thread_id", m->thread_id);
    if (reply)
        platform_form_field(&form, "reply_parameters", json_print(a, reply));
    platform_form_file(&form, photo ? "photo" : "document", m->name, m->mime, m->bytes);
    platform_form_end(&form);
    platform_request(a, &(struct platform_call){ .url = method_url(a, photo ? "sendPhoto" : "sendDocument"), .raw = arena_str(a,
            buf_str(&form.body)),
                                       .raw_type = form.type }, out);
    return OK;
}

/* One below the other: labels are sentences.  callback_data holds 64 bytes, which is enough for "yes 4821 session". */
static void set_buttons(json_t *j, const json_t *choices)
{
    json_t *rows = json_array();
    const json_t *c;
    size_t i;

    json_array_foreach(choices, i, c)
        json_array_append_new(rows, json_pack("[{s:s, s:s}]", "text", json_text(c, "label"), "callback_data", json_text(c, "reply")));
    json_object_set_new(j, "reply_markup", json_pack("{s:o}", "inline_keyboard", rows));
}

enum err telegram_encode(struct arena *a, const struct outgoing *m, struct http_request *out)
{
    CLEANUP(json_decrefp) json_t *j = NULL;
    json_t *reply;

    if (m->blob.len)
        return encode_file(a, m, out);
    if (!str_trim(m->text).len)
        return failed(ERR_INPUT, "there is nothing to send");
    j = json_object();
    set_id(j, "chat_id", m->chat_id);
    set_text(j, m);
    if (json_array_size(m->choices))
        set_buttons(j, m->choices);
    if (m->remote_id.len) {
        set_id(j, "message_id", m->remote_id);
        telegram_request(a, "editMessageText", j, out);
        return OK;
    }
    set_id(j, "message_thread_id", m->thread_id);
    if ((reply = reply_parameters(m)))
        json_object_set_new(j, "reply_parameters", reply);
    telegram_request(a, "sendMessage", j, out);
    return OK;
}

enum err telegram_encode_typing(struct arena *a, str chat_id, str thread_id, struct http_request *out)
{
    CLEANUP(json_decrefp) json_t *j = json_pack("{s:s}", "action", "typing");

    set_id(j, "chat_id", chat_id);
    set_id(j, "message_thread_id", thread_id);
    telegram_request(a, "sendChatAction", j, out);
    return OK;
}

/* Refusals are told apart by status where it says enough, and by words where Telegram has only words. */
static enum err refusal_code(int64_t status)
{
    switch (status) {
    case 401: case 404: return ERR_AUTH;
    case 403: return ERR_NOT_FOUND;
    case 409: return ERR_CONFLICT;
    case 429: return ERR_LIMIT;
    default: return status >= 500 ? ERR_REMOTE : ERR_INPUT;
    }
}

enum err telegram_result(int status, str body, json_t **ret_json, const json_t **ret_result)
{
    CLEANUP(json_decrefp) json_t *j = NULL;
    int64_t code = status;

    if (json_parse(body, &j) || !json_is_object(j))
        return failed(status == 200 ? ERR_REMOTE : refusal_code(status), "Telegram answered %d without JSON", status);
    if (json_flag(j, "ok")) {
        *ret_result = json_object_get(j, "result");
        *ret_json = json_incref(j);
        return OK;
    }
    code = json_int(j, "error_code", status);
    str words = str_take(json_text_str(j, "description"), 300);
    *ret_json = json_incref(j);
    return failed(refusal_code(code), "Telegram: %.*s (%lld)", STR(words), (long long)code);
}

static bool says(const json_t *j, const char *words)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    char *text = arena_c(a, json_text_str(j, "description"));

    return strcasestr(text, words) != NULL;
}

static bool says_any(const json_t *j, const char *const *words)
{
    for (; *words; words++)
        if (says(j, *words))
            return true;
    return false;
}

enum err telegram_decode_sent(struct arena *a, const struct http_response *r, struct sent *out)
{
    static const char *const markup[] = { "can't parse entities", "ENTITIES_TOO_LONG", "ENTITY_BOUNDS_INVALID", NULL };
    static const char *const gone[] = { "chat not found", "PEER_ID_INVALID", "user is deactivated", "USER_IS_BLOCKED",
                                        "bot was kicked", "bot was blocked", "upgraded to a supergroup",
                                        "have no rights to send", "not enough rights", "CHAT_WRITE_FORBIDDEN", NULL };
    static const char *const lost[] = { "message to edit not found", "message can't be edited", "MESSAGE_ID_INVALID", NULL };
    CLEANUP(json_decrefp) json_t *j = NULL;
    const json_t *result = NULL;
    enum err e = telegram_result(r->status, r->body, &j, &result);

    *out = (struct sent){ .remote_id = S("") };
    if (e == OK) {
        if (json_int(result, "message_id", 0))
            out->remote_id = str_from(arena_printf(a, "%lld", (long long)json_int(result, "message_id", 0)));
        return OK;
    }
    if (j && says(j, "message is not modified"))
        return OK;
    if (e == ERR_LIMIT)
        out->retry_after_ms = (uint64_t)json_int(j, "parameters.retry_after", 1) * 1000;
    if (e == ERR_INPUT && j)
        out->bad_markup = says_any(j, markup);
    out->edit_lost = e == ERR_INPUT && j && says_any(j, lost);
    /* A page of somebody between us and Telegram.  503 is said before anything was done. */
    out->unknown = j == NULL && (r->status == 200 || (r->status >= 500 && r->status != 503));
    out->gone = e == ERR_NOT_FOUND || (e == ERR_INPUT && j && says_any(j, gone));
    return e;
}
