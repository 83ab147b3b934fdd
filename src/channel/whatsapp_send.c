// SPDX-License-Identifier: Apache-2.0
/* What goes out: requests to the Cloud API, and what it answers. */
#include "base/utf8.h"
#include "channel/markup.h"
#include "channel/whatsapp.h"
#include "config/config.h"
#include "net/url.h"

enum {
    BUTTONS_MAX = 3, BUTTON_LABEL_MAX = 20, BUTTON_BODY_MAX = 1024, ROWS_MAX = 10, ROW_LABEL_MAX = 24, ROW_TEXT_MAX = 72,
    PARAMETER_MAX = 1000, IMAGE_BYTES_MAX = 5 << 20, PAIR_PAUSE_MS = 6000,
};

void whatsapp_call(struct arena *a, const char *path, struct platform_call *out)
{
    const struct config *c = config_now();

    *out = (struct platform_call){
        .platform = "WhatsApp", .url = url_join(a, str_from(c->platforms_whatsapp_api_url), str_from(path)),
        .authorization = arena_printf(a, "Bearer %s", c->platforms_whatsapp_access_token),
    };
}

/* ---- files ---- */

/* What the media endpoint takes, by the documentation's table; images above its limit go as documents. */
static const struct { const char *mime, *type; } media[] = {
    { "image/jpeg", "image" }, { "image/png", "image" }, { "video/mp4", "video" }, { "video/3gpp", "video" }, { "audio/aac", "audio" },
    { "audio/amr", "audio" }, { "audio/mpeg", "audio" }, { "audio/mp4", "audio" }, { "audio/ogg", "audio" },
};

static const char *media_type(const struct outgoing *m)
{
    for (size_t i = 0; i < N_ELEMENTS(media); i++)
        if (str_eq(m->mime, str_from(media[i].mime)))
            return i < 2 && m->bytes.len > IMAGE_BYTES_MAX ? "document" : media[i].type;
    return "document";
}

/* Text of any kind is taken as plain text only. */
static str media_mime(str mime)
{
    return str_starts(mime, S("text/")) || str_eq(mime, S("application/json")) ? S("text/plain") : mime;
}

bool whatsapp_takes_file(str chat_id UNUSED, str name UNUSED, str mime)
{
    static const char *const documents[] = {
        "text/plain", "application/pdf", "application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    };

    for (size_t i = 0; i < N_ELEMENTS(documents); i++)
        if (str_eq(media_mime(mime), str_from(documents[i])))
            return true;
    for (size_t i = 0; i < N_ELEMENTS(media); i++)
        if (str_eq(mime, str_from(media[i].mime)))
            return true;
    return false;
}

enum err whatsapp_upload(struct arena *a, struct outgoing *m)
{
    CLEANUP(platform_form_done) struct platform_form form;
    CLEANUP(json_decrefp) json_t *j = NULL;
    struct platform_call call;
    struct http_response answer;

    platform_form_begin(&form);
    platform_form_field(&form, "messaging_product", S("whatsapp"));
    platform_form_field(&form, "type", media_mime(m->mime));
    platform_form_file(&form, "file", m->name, media_mime(m->mime), m->bytes);
    platform_form_end(&form);
    whatsapp_call(a, arena_printf(a, "%s/media", config_now()->platforms_whatsapp_phone_number_id), &call);
    call.raw = buf_str(&form.body);
    call.raw_type = form.type;
    TRY(platform_fetch(a, &call, &answer, &j));
    TRY(whatsapp_result(&answer, NULL));
    m->prepared = arena_str(a, json_text_str(j, "id"));
    return m->prepared.len ? OK : failed(ERR_REMOTE, "WhatsApp took a file and did not say under which id");
}

static json_t *file_json(const struct outgoing *m, const char *type)
{
    json_t *file = json_pack("{s:s%}", "id", m->prepared.p, m->prepared.len);

    if (str_eq(str_from(type), S("document")))
        json_object_set_new(file, "filename", json_from_str(m->name.len ? m->name : S("file")));
    return file;
}

/* ---- choices ---- */

/* Whole, or with a sign that it goes on. */
static json_t *shortened(str text, size_t max)
{
    CLEANUP(buf_done) struct buf b = {0};
    str rest = text;
    uint32_t ch;
    size_t n;

    if (utf8_length(text) <= max)
        return json_from_str(text);
    for (size_t i = 1; i < max && (n = utf8_next(rest, &ch)); i++)
        rest = str_skip(rest, n);
    buf_add(&b, str_take(text, text.len - rest.len));
    buf_add(&b, S("…"));
    return json_from_str(buf_str(&b));
}

static bool fit_buttons(const json_t *choices, str text)
{
    const json_t *c;
    size_t i;

    json_array_foreach(choices, i, c)
        if (utf8_length(json_text_str(c, "label")) > BUTTON_LABEL_MAX)
            return false;
    return json_array_size(choices) <= BUTTONS_MAX && utf8_length(text) <= BUTTON_BODY_MAX;
}

static json_t *buttons(const json_t *choices)
{
    json_t *all = json_array();
    const json_t *c;
    size_t i;

    json_array_foreach(choices, i, c)
        json_array_append_new(all, json_pack("{s:s, s:{s:s, s:s}}", "type", "reply", "reply", "id", json_text(c, "reply"), "title",
                                             json_text(c, "label")));
    return json_pack("{s:o}", "buttons", all);
}

/* A list has room for longer labels, and for more of them. */
static json_t *list(const json_t *choices)
{
    json_t *rows = json_array();
    const json_t *c;
    size_t i;

    json_array_foreach(choices, i, c) {
        str label = json_text_str(c, "label");
        json_t *row = json_pack("{s:s, s:o}", "id", json_text(c, "reply"), "title", shortened(label, ROW_LABEL_MAX));

        if (utf8_length(label) > ROW_LABEL_MAX)
            json_object_set_new(row, "description", shortened(label, ROW_TEXT_MAX));
        if (i < ROWS_MAX)
            json_array_append(rows, row);
        json_decref(row);
    }
    return json_pack("{s:s, s:[{s:o}]}", "button", "…", "sections", "rows", rows);
}

static json_t *interactive(const json_t *choices, str text)
{
    bool few = fit_buttons(choices, text);

    return json_pack("{s:s, s:{s:o}, s:o}", "type", few ? "button" : "list", "body", "text", json_from_str(text), "action",
                     few ? buttons(choices) : list(choices));
}

/* ---- templates ---- */

/* A parameter takes no newlines, no tabs and no four spaces. */
static str one_line(struct arena *a, str text)
{
    CLEANUP(buf_done) struct buf b = {0};
    bool gap = false;

    text = utf8_take(str_trim(text), PARAMETER_MAX);
    for (size_t i = 0; i < text.len; i++) {
        bool blank = text.p[i] == ' ' || text.p[i] == '\n' || text.p[i] == '\t' || text.p[i] == '\r';

        if (!blank || !gap)
            buf_add_char(&b, blank ? ' ' : text.p[i]);
        gap = blank;
    }
    return arena_str(a, buf_str(&b));
}

/* "name/language" */
static json_t *template_json(struct arena *a, const struct outgoing *m)
{
    str setting = str_from(config_now()->platforms_whatsapp_template), name = setting, language = S("en_US");
    size_t slash = str_find_char(setting, '/');

    if (slash != STR_NONE) {
        name = str_take(setting, slash);
        language = str_skip(setting, slash + 1);
    }
    return json_pack("{s:o, s:{s:o}, s:[{s:s, s:[{s:s, s:o}]}]}", "name", json_from_str(name), "language", "code", json_from_str(language),
                     "components", "type", "body", "parameters", "type", "text", "text",
                     json_from_str(one_line(a, hook_text(a, m, MARKUP_PLAIN))));
}

/* ---- a message ---- */

static bool is_number(str id)
{
    for (size_t i = 0; i < id.len; i++)
        if (id.p[i] < '0' || id.p[i] > '9')
            return false;
    return id.len > 0;
}

static void set(json_t *j, const char *type, json_t *content)
{
    json_object_set_new(j, "type", json_string(type));
    json_object_set_new(j, type, content);
}

static void set_content(struct arena *a, const struct outgoing *m, json_t *j)
{
    if (m->blob.len)
        set(j, media_type(m), file_json(m, media_type(m)));
    else if (str_eq(m->prepared, WHATSAPP_TEMPLATE))
        set(j, "template", template_json(a, m));
    else if (json_array_size(m->choices) && !str_starts(m->chat_id, WHATSAPP_GROUP))      /* groups have no buttons */
        set(j, "interactive", interactive(m->choices, hook_text(a, m, MARKUP_WHATSAPP)));
    else
        set(j, "text", json_pack("{s:b, s:o}", "preview_url", 0, "body", json_from_str(hook_text(a, m, MARKUP_WHATSAPP))));
}

enum err whatsapp_encode(struct arena *a, const struct outgoing *m, struct http_request *out)
{
    CLEANUP(json_decrefp) json_t *j = NULL;
    str to = m->chat_id;
    struct platform_call call;

    if (!m->blob.len && !str_trim(m->text).len)
        return failed(ERR_INPUT, "there is nothing to send");
    bool group = str_eat(&to, WHATSAPP_GROUP);

    (void)str_eat(&to, S("+"));
    j = json_pack("{s:s, s:s, s:o}", "messaging_product", "whatsapp", "recipient_type", group ? "group" : "individual",
                  group || is_number(to) ? "to" : "recipient", json_from_str(to));
    set_content(a, m, j);
    whatsapp_call(a, arena_printf(a, "%s/messages", config_now()->platforms_whatsapp_phone_number_id), &call);
    call.body = j;
    platform_request(a, &call, out);
    return OK;
}

/* ---- answers ---- */

/* developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes */
static const struct { int64_t code; enum err e; bool gone; uint64_t pause_ms; } codes[] = {
    { 0, ERR_AUTH, false, 0 }, { 3, ERR_AUTH, false, 0 }, { 10, ERR_AUTH, false, 0 }, { 190, ERR_AUTH, false, 0 },
    { 131005, ERR_AUTH, false, 0 }, { 131031, ERR_AUTH, false, 0 }, { 131042, ERR_AUTH, false, 0 }, { 133010, ERR_AUTH, false, 0 },
    { 4, ERR_LIMIT, false, 10000 }, { 80007, ERR_LIMIT, false, 10000 }, { 130429, ERR_LIMIT, false, 1000 },
    { 131048, ERR_LIMIT, false, 60000 }, { 131056, ERR_LIMIT, false, PAIR_PAUSE_MS },
    { 1, ERR_REMOTE, false, 0 }, { 2, ERR_REMOTE, false, 0 }, { 131000, ERR_REMOTE, false, 0 }, { 131016, ERR_REMOTE, false, 0 },
    { 131057, ERR_REMOTE, false, 0 }, { 133004, ERR_REMOTE, false, 0 },
    { 131021, ERR_NOT_FOUND, true, 0 }, { 131026, ERR_NOT_FOUND, true, 0 }, { 131030, ERR_NOT_FOUND, true, 0 },
    { WHATSAPP_OUTSIDE_WINDOW, ERR_NOT_FOUND, true, 0 }, { 131050, ERR_NOT_FOUND, true, 0 }, { 130472, ERR_NOT_FOUND, true, 0 },
};

static enum err refusal(const json_t *error, const struct http_response *r, struct sent *out)
{
    int64_t code = json_int(error, "code", -1);
    str words = json_text_str(error, "error_data.details");
    enum err e = ERR_INPUT;

    for (size_t i = 0; i < N_ELEMENTS(codes); i++)
        if (codes[i].code == code) {
            e = codes[i].e;
            out->gone = codes[i].gone;
            out->retry_after_ms = codes[i].pause_ms;
        }
    if (code >= 200 && code < 300)      /* permissions that were not given */
        e = ERR_AUTH;
    if (e == ERR_LIMIT && http_response_field(r, S("Retry-After")).p)
        out->retry_after_ms = platform_retry_after_ms(r);
    words = str_take(words.len ? words : json_text_str(error, "message"), 300);
    return failed(e, "WhatsApp: %.*s (%lld)", STR(words), (long long)code);
}

enum err whatsapp_result(const struct http_response *r, struct sent *out)
{
    CLEANUP(json_decrefp) json_t *j = NULL;
    struct sent unused;

    out = out ? out : &unused;
    *out = (struct sent){ .remote_id = S("") };
    if (r->body.len && json_parse(r->body, &j) == OK && json_is_object(json_at(j, "error")))
        return refusal(json_at(j, "error"), r, out);
    TRY(platform_sent("WhatsApp", r, S(""), out));
    out->unknown = j == NULL;
    return j ? OK : failed(ERR_REMOTE, "WhatsApp answered %d without JSON", r->status);
}

enum err whatsapp_decode_sent(struct arena *a, const struct http_response *r, struct sent *out)
{
    CLEANUP(json_decrefp) json_t *j = NULL;

    TRY(whatsapp_result(r, out));
    if (json_parse(r->body, &j) == OK)
        out->remote_id = arena_str(a, json_text_str(j, "messages.0.id"));
    return OK;
}
