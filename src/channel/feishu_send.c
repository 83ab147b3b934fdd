// SPDX-License-Identifier: Apache-2.0
/* What goes out: texts as cards, for only cards can be edited often and have buttons; files; and what Feishu answers.
 * `prepared` is the access token, and behind a blank a file's key. */
#include "channel/feishu.h"

#include "base/utf8.h"
#include "channel/markup.h"
#include "net/signature.h"
#include "runtime/clock.h"

enum { IMAGE_BYTES = 10 << 20, LIMIT_WAIT_MS = 1000, KEY_CHARACTERS = 40 };

/* ---- what Feishu says ---- */

/* open.feishu.cn/document/server-docs/api-call-guide/generic-error-code and the pages of the calls. */
static const struct { int64_t code; enum err error; bool expired, gone, markup, lost; const char *hint; } codes[] = {
    { 10003,    ERR_AUTH,      .hint = "check platforms.feishu.app_id" },
    { 10014,    ERR_AUTH,      .hint = "check platforms.feishu.app_secret" },
    { 10015,    ERR_AUTH,      .hint = "check platforms.feishu.app_secret" },
    { 99991661, ERR_AUTH,      .expired = true },
    { 99991663, ERR_AUTH,      .expired = true },
    { 99991664, ERR_AUTH,      .expired = true },
    { 99991665, ERR_AUTH,      .expired = true },
    { 99991672, ERR_AUTH,      .hint = "give the app the right that is named, and publish a version" },
    { 230006,   ERR_AUTH,      .hint = "turn on the app's bot, and publish a version" },
    { 99991400, ERR_LIMIT },
    { 11232,    ERR_LIMIT },
    { 11233,    ERR_LIMIT },
    { 230020,   ERR_LIMIT },
    { 230049,   ERR_LIMIT },
    { 1000040350, ERR_LIMIT,   .hint = "another program holds all the connections this app may have" },
    { 1000040343, ERR_REMOTE },
    { 514,      ERR_AUTH,      .hint = "check platforms.feishu.app_id and app_secret" },
    { 230025,   ERR_TOO_LONG },
    { 230002,   ERR_NOT_FOUND, .gone = true },
    { 230013,   ERR_NOT_FOUND, .gone = true },
    { 230018,   ERR_NOT_FOUND, .gone = true },
    { 230034,   ERR_NOT_FOUND, .gone = true },
    { 232009,   ERR_NOT_FOUND, .gone = true },
    { 230011,   ERR_INPUT,     .markup = true, .lost = true },      /* withdrawn: what is answered, or what is edited */
    { 230110,   ERR_INPUT,     .markup = true, .lost = true },      /* deleted */
    { 230031,   ERR_INPUT,     .lost = true },                      /* too old to be edited */
    { 230054,   ERR_INPUT,     .lost = true },
    { 230019,   ERR_INPUT,     .markup = true },                    /* the thread is no more */
    { 230099,   ERR_INPUT,     .markup = true },                    /* no card comes of it */
    { 230001,   ERR_INPUT,     .markup = true },
    { 200621,   ERR_INPUT,     .markup = true },
};

static size_t code_of(const json_t *j)
{
    size_t i = 0;

    while (i < N_ELEMENTS(codes) && codes[i].code != json_int(j, "code", 0))
        i++;
    return i;
}

static enum err error_of(int status, size_t i)
{
    return i < N_ELEMENTS(codes) ? codes[i].error : status == 429 ? ERR_LIMIT : status >= 500 ? ERR_REMOTE : ERR_INPUT;
}

enum err feishu_result(int status, const json_t *j, bool *ret_expired)
{
    size_t i = code_of(j);
    bool known = i < N_ELEMENTS(codes);
    const char *hint = known ? codes[i].hint : NULL;

    *ret_expired = known && codes[i].expired;
    if (!json_is_object(j) || !json_is_integer(json_object_get(j, "code"))) {
        TRY(platform_error("Feishu", status, S("")));
        return failed(ERR_REMOTE, "Feishu answered %d without JSON", status);
    }
    if (json_int(j, "code", 0) == 0)
        return OK;
    return failed(error_of(status, i), "Feishu: %.*s (%lld)%s%s", STR(utf8_take(json_text_str(j, "msg"), 300)),
                  (long long)json_int(j, "code", 0), hint ? ": " : "", hint ? hint : "");
}

/* Seconds until the limit is lifted, as Feishu says it. */
static uint64_t limit_wait(const struct http_response *r)
{
    uint64_t seconds;

    if (str_u64(http_response_field(r, S("x-ogw-ratelimit-reset")), &seconds) == OK && seconds < 3600)
        return seconds * 1000;
    return http_response_field(r, S("Retry-After")).p ? platform_retry_after_ms(r) : LIMIT_WAIT_MS;
}

enum err feishu_decode_sent(struct arena *a, const struct http_response *r, struct sent *out)
{
    CLEANUP(json_decrefp) json_t *j = NULL;
    bool expired;
    enum err e;

    if (json_parse(r->body, &j) || !json_is_integer(json_object_get(j, "code"))) {
        e = platform_sent("Feishu", r, S(""), out);
        out->unknown = out->unknown || e == OK;
        return e ? e : failed(ERR_REMOTE, "Feishu answered %d without JSON", r->status);
    }
    *out = (struct sent){ .remote_id = arena_str(a, json_text_str(j, "data.message_id")) };
    e = feishu_result(r->status, j, &expired);
    if (e == OK)
        return OK;
    if (expired)
        feishu_token_forget();
    size_t i = code_of(j);
    out->again = expired;
    out->retry_after_ms = e == ERR_LIMIT ? limit_wait(r) : 0;
    if (i == N_ELEMENTS(codes))
        return e;
    out->gone = codes[i].gone;
    out->bad_markup = codes[i].markup;
    out->edit_lost = codes[i].lost;
    return e;
}

/* ---- files ---- */

static bool is_image(const struct outgoing *m)
{
    static const char *const mimes[] = { "image/jpeg", "image/png", "image/webp", "image/gif", "image/bmp" };

    for (size_t i = 0; i < N_ELEMENTS(mimes); i++)
        if (str_eq(m->mime, str_from(mimes[i])))
            return m->bytes.len <= IMAGE_BYTES;
    return false;
}

/* The name's ending says which picture Feishu shows beside it, and what it plays. */
static const char *file_type(str name)
{
    static const struct { const char *ending, *type; } types[] = {
        { ".opus", "opus" }, { ".mp4", "mp4" }, { ".pdf", "pdf" }, { ".doc", "doc" }, { ".docx", "doc" },
        { ".xls", "xls" }, { ".xlsx", "xls" }, { ".ppt", "ppt" }, { ".pptx", "ppt" },
    };

    for (size_t i = 0; i < N_ELEMENTS(types); i++)
        if (str_ends(name, str_from(types[i].ending)))
            return types[i].type;
    return "stream";
}

static enum err upload(struct arena *a, const struct outgoing *m, str *ret_key) AWAITS
{
    CLEANUP(json_decrefp) json_t *j = NULL;
    CLEANUP(platform_form_done) struct platform_form form;
    bool image = is_image(m);
    struct http_response answer;

    platform_form_begin(&form);
    platform_form_field(&form, image ? "image_type" : "file_type", image ? S("message") : str_from(file_type(m->name)));
    if (!image)
        platform_form_field(&form, "file_name", m->name);
    platform_form_file(&form, image ? "image" : "file", m->name, m->mime, m->bytes);
    platform_form_end(&form);
    TRY(feishu_call(a, &(struct platform_call){ .url = feishu_url(a, image ? "im/v1/images" : "im/v1/files"), .raw = buf_str(&form.body),
                    .raw_type = form.type }, &answer, &j));
    *ret_key = arena_str(a, json_text_str(j, image ? "data.image_key" : "data.file_key"));
    return ret_key->len ? OK : failed(ERR_REMOTE, "Feishu gave the file no key");
}

enum err feishu_prepare(struct arena *a, struct outgoing *m)
{
    str token, key = S("");

    if (m->blob.len)
        TRY(upload(a, m, &key));
    TRY(feishu_token(a, &token));
    m->prepared = str_from(arena_printf(a, "%.*s %.*s", STR(token), STR(key)));
    return OK;
}

/* ---- messages ---- */

static json_t *button(const struct outgoing *m, const json_t *choice, bool first)
{
    return json_pack("{s:s, s:{s:s, s:s}, s:s, s:s, s:[{s:s, s:{s:s, s:o, s:o}}]}", "tag", "button", "text", "tag", "plain_text", "content",
                     json_text(choice, "label"), "type", first ? "primary" : "default", "width", "fill",
                     "behaviors", "type", "callback", "value", "reply", json_text(choice, "reply"),
                     "chat", json_from_str(m->chat_id), "thread", json_from_str(m->thread_id));
}

/* Cards of version 2: a list of elements. */
static json_t *card_of(struct arena *a, const struct outgoing *m)
{
    CLEANUP(buf_done) struct buf text = {0};
    const struct md_node *doc = markup_parse(a, m->text);
    json_t *elements = json_array(), *e;
    const json_t *c;
    size_t i;

    if (m->plain)
        markup_to_plain(&text, doc);
    else
        markup_write(&text, doc, MARKUP_FEISHU);
    if (!text.len)
        buf_add(&text, m->text);
    if (m->plain)
        e = json_pack("{s:s, s:{s:s, s:o}}", "tag", "div", "text", "tag", "plain_text", "content", json_from_str(buf_str(&text)));
    else
        e = json_pack("{s:s, s:o}", "tag", "markdown", "content", json_from_str(buf_str(&text)));
    json_array_append_new(elements, e);
    json_array_foreach(m->choices, i, c)
        json_array_append_new(elements, button(m, c, i == 0));
    return json_pack("{s:s, s:{s:b}, s:{s:o}}", "schema", "2.0", "config", "update_multi", 1, "body", "elements", elements);
}

static json_t *content_of(struct arena *a, const struct outgoing *m, str key, const char **ret_type)
{
    CLEANUP(buf_done) struct buf text = {0};

    *ret_type = "interactive";
    if (m->blob.len) {
        bool image = is_image(m);
        const char *type = file_type(m->name);

        *ret_type = image ? "image" : str_eq(str_from(type), S("opus")) ? "audio" : str_eq(str_from(type), S("mp4")) ? "media" : "file";
        return json_pack("{s:s%}", image ? "image_key" : "file_key", key.p, key.len);
    }
    if (!m->plain || m->remote_id.len)      /* what was a card stays one */
        return card_of(a, m);
    markup_to_plain(&text, markup_parse(a, m->text));
    *ret_type = "text";
    return json_pack("{s:o}", "text", json_from_str(text.len ? buf_str(&text) : m->text));
}

/* Sent again with the same key within an hour, Feishu shows it once. */
static str once_key(struct arena *a, const struct outgoing *m)
{
    CLEANUP(buf_done) struct buf hex = {0};
    str row = str_from(arena_printf(a, "%lld %d ", (long long)m->id, m->plain));

    buf_add_hex(&hex, sha256_of(a, (const str[]){ row, m->session_id, m->text, m->blob }, 4));
    return arena_str(a, str_take(buf_str(&hex), KEY_CHARACTERS));
}

static const char *id_type(str chat)
{
    return str_starts(chat, S("oc_")) ? "chat_id" : str_starts(chat, S("ou_")) ? "open_id" : str_starts(chat, S("on_")) ? "union_id"
         : str_find_char(chat, '@') != STR_NONE ? "email" : "user_id";
}

/* In a group an answer hangs on what it answers, in a thread in the thread.  When what it answers is gone (plain: the second
 * try), it stands by itself. */
static void set_place(struct arena *a, json_t *j, const struct outgoing *m, struct platform_call *call)
{
    bool quote = m->reply_to.len && !m->plain && (m->thread_id.len || str_starts(m->chat_id, S("oc_")));

    if (m->id)
        json_object_set_new(j, "uuid", json_from_str(once_key(a, m)));
    if (quote) {
        call->url = feishu_url(a, arena_printf(a, "im/v1/messages/%.*s/reply", STR(m->reply_to)));
        json_object_set_new(j, "reply_in_thread", json_boolean(m->thread_id.len > 0));
        return;
    }
    call->url = feishu_url(a, arena_printf(a, "im/v1/messages?receive_id_type=%s", id_type(m->chat_id)));
    json_object_set_new(j, "receive_id", json_from_str(m->chat_id));
}

enum err feishu_encode(struct arena *a, const struct outgoing *m, struct http_request *out)
{
    CLEANUP(json_decrefp) json_t *j = json_object();
    CLEANUP(json_decrefp) json_t *content = NULL;
    size_t blank = str_find_char(m->prepared, ' ');
    struct platform_call call = { .body = j, .authorization = arena_printf(a, "Bearer %.*s", STR(str_take(m->prepared, blank))) };
    const char *type;

    if (!m->blob.len && !str_trim(m->text).len)
        return failed(ERR_INPUT, "there is nothing to send");
    content = content_of(a, m, blank == STR_NONE ? S("") : str_skip(m->prepared, blank + 1), &type);
    json_object_set_new(j, "content", json_from_str(json_print(a, content)));
    if (m->remote_id.len) {
        call.method = "PATCH";
        call.url = feishu_url(a, arena_printf(a, "im/v1/messages/%.*s", STR(m->remote_id)));
    } else {
        json_object_set_new(j, "msg_type", json_string(type));
        set_place(a, j, m, &call);
    }
    platform_request(a, &call, out);
    return OK;
}
