// SPDX-License-Identifier: Apache-2.0
/* What goes out: by the conversation's own address where there is one, else by the robot's API to a person or a group.
 * `prepared` is the access token, and behind a blank a file's id; "" for a conversation's address. */
#include "channel/dingtalk.h"

#include "base/utf8.h"
#include "channel/markup.h"
#include "config/config.h"
#include "net/url.h"

enum { CARD_BUTTONS = 5, TITLE_BYTES = 60, LIMIT_WAIT_MS = 60 * 1000 };

/* ---- what DingTalk says ---- */

static const struct { const char *code; enum err error; bool expired, gone, markup; const char *hint; } codes[] = {
    { "InvalidAuthentication",              ERR_AUTH,      .expired = true },
    { "40014",                              ERR_AUTH,      .expired = true },
    { "42001",                              ERR_AUTH,      .expired = true },
    { "invalidClientIdOrSecret",            ERR_AUTH,      .hint = "check platforms.dingtalk.client_id and client_secret" },
    { "authFailed",                         ERR_AUTH,      .hint = "check platforms.dingtalk.client_id and client_secret" },
    { "Forbidden.AccessDenied.",            ERR_AUTH,      .hint = "give the app the right that is named" },
    { "Forbidden.AccessDenied.QpsLimit",    ERR_LIMIT },
    { "Throttling",                         ERR_LIMIT },
    { "130101",                             ERR_LIMIT },
    { "660026",                             ERR_LIMIT },
    { "-1",                                 ERR_REMOTE },
    { "ServiceUnavailable",                 ERR_REMOTE },
    { "unknownError",                       ERR_REMOTE },
    { "robot.not.in.group",                 ERR_NOT_FOUND, .gone = true },
    { "resource.not.found",                 ERR_NOT_FOUND, .gone = true },
    { "staffId.notExisted",                 ERR_NOT_FOUND, .gone = true },
    { "miss.group",                         ERR_NOT_FOUND, .gone = true },
    { "invalidParameter.msgParam",          ERR_INPUT,     .markup = true },
};

/* The longest of them that it begins with; N_ELEMENTS(codes): none. */
static size_t code_of(str code)
{
    size_t best = N_ELEMENTS(codes), length = 0;

    for (size_t i = 0; i < N_ELEMENTS(codes); i++) {
        str prefix = str_from(codes[i].code);

        if (str_starts(code, prefix) && prefix.len > length) {
            best = i;
            length = prefix.len;
        }
    }
    return best;
}

/* Of either API; "" for success. */
static str told_code(struct arena *a, const json_t *j)
{
    int64_t number = json_int(j, "errcode", 0);

    return number ? str_from(arena_printf(a, "%lld", (long long)number)) : json_text_str(j, "code");
}

static str told_words(const json_t *j)
{
    str words = json_text_str(j, "message");

    return utf8_take(words.len ? words : json_text_str(j, "errmsg"), 300);
}

static enum err error_of(int status, size_t i)
{
    return i < N_ELEMENTS(codes) ? codes[i].error : status == 429 ? ERR_LIMIT : status >= 500 ? ERR_REMOTE : ERR_INPUT;
}

enum err dingtalk_result(const struct http_response *r, const json_t *j, bool *ret_expired)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    str code = told_code(a, j);
    size_t i = code_of(code);
    const char *hint = i < N_ELEMENTS(codes) ? codes[i].hint : NULL;

    *ret_expired = i < N_ELEMENTS(codes) && codes[i].expired;
    if (!code.len) {
        TRY(platform_error("DingTalk", r->status, told_words(j)));
        return json_is_object(j) ? OK : failed(ERR_REMOTE, "DingTalk answered %d without JSON", r->status);
    }
    return failed(error_of(r->status, i), "DingTalk: %.*s (%.*s)%s%s", STR(told_words(j)), STR(code), hint ? ": " : "", hint ? hint : "");
}

/* To a single person whom it cannot reach, or will not now, DingTalk answers with success and lists. */
static enum err reached(const json_t *j, struct sent *out)
{
    if (json_array_size(json_object_get(j, "flowControlledStaffIdList"))) {
        out->retry_after_ms = LIMIT_WAIT_MS;
        return failed(ERR_LIMIT, "DingTalk: too many messages to this person");
    }
    if (!json_array_size(json_object_get(j, "invalidStaffIdList")))
        return OK;
    out->gone = true;
    return failed(ERR_NOT_FOUND, "DingTalk: there is no such person");
}

enum err dingtalk_decode_sent(struct arena *a, const struct http_response *r, struct sent *out)
{
    CLEANUP(json_decrefp) json_t *j = NULL;
    bool expired, by_session = false;
    enum err e;

    if (json_parse(r->body, &j) || !json_is_object(j)) {
        e = platform_sent("DingTalk", r, S(""), out);
        out->unknown = out->unknown || e == OK;
        return e ? e : failed(ERR_REMOTE, "DingTalk answered %d without JSON", r->status);
    }
    *out = (struct sent){ .remote_id = arena_str(a, json_text_str(j, "processQueryKey")) };
    e = dingtalk_result(r, j, &expired);
    if (e == OK)
        return reached(j, out);
    if (expired)
        dingtalk_token_forget();
    size_t i = code_of(told_code(a, j));
    by_session = json_int(j, "errcode", 0) != 0;    /* only a conversation's address answers so: then by the robot's API, at once */
    out->again = expired || (by_session && e != ERR_LIMIT);
    out->retry_after_ms = e != ERR_LIMIT ? 0 : r->status == 429 ? platform_retry_after_ms(r) : LIMIT_WAIT_MS;
    out->gone = i < N_ELEMENTS(codes) && codes[i].gone && !by_session;
    out->bad_markup = i < N_ELEMENTS(codes) && codes[i].markup;
    return e;
}

/* ---- files ---- */

static bool is_image(str mime)
{
    static const char *const images[] = { "image/jpeg", "image/png", "image/gif", "image/bmp" };

    for (size_t i = 0; i < N_ELEMENTS(images); i++)
        if (str_eq(mime, str_from(images[i])))
            return true;
    return false;
}

/* open.dingtalk.com/document/development/robot-message-type: of files, those that a robot may send, by the name's ending.  NULL: it is
 * another. */
static const char *file_type(str name)
{
    static const char *const types[] = { "xlsx", "pdf", "zip", "rar", "doc", "docx" };
    size_t dot = name.len;

    while (dot > 0 && name.p[dot - 1] != '.')
        dot--;
    for (size_t i = 0; i < N_ELEMENTS(types); i++)
        if (dot > 0 && str_eq_nocase(str_skip(name, dot), str_from(types[i])))
            return types[i];
    return NULL;
}

bool dingtalk_takes_file(str chat_id UNUSED, str name, str mime)
{
    return is_image(mime) || file_type(name);
}

static enum err upload(struct arena *a, const struct outgoing *m, str token, str *ret_id, bool *ret_expired) AWAITS
{
    CLEANUP(json_decrefp) json_t *j = NULL;
    CLEANUP(platform_form_done) struct platform_form form;
    CLEANUP(buf_done) struct buf query = {0};
    struct http_response answer;

    platform_add_pair(&query, "access_token", token);
    platform_form_begin(&form);
    platform_form_field(&form, "type", is_image(m->mime) ? S("image") : S("file"));
    platform_form_file(&form, "media", m->name, m->mime, m->bytes);
    platform_form_end(&form);
    TRY(platform_fetch(a, &(struct platform_call){ .platform = "DingTalk", .raw = buf_str(&form.body), .raw_type = form.type,
                       .url = dingtalk_old_url(a, arena_printf(a, "media/upload?%s", buf_c(&query))) }, &answer, &j));
    TRY(dingtalk_result(&answer, j, ret_expired));
    *ret_id = arena_str(a, json_text_str(j, "media_id"));
    return ret_id->len ? OK : failed(ERR_REMOTE, "DingTalk gave the file no id");
}

static enum err prepare_once(struct arena *a, struct outgoing *m, bool *ret_expired) AWAITS
{
    str token, id = S("");

    *ret_expired = false;
    TRY(dingtalk_token(a, &token));
    if (m->blob.len)
        TRY(upload(a, m, token, &id, ret_expired));
    m->prepared = str_from(arena_printf(a, "%.*s %.*s", STR(token), STR(id)));
    return OK;
}

/* The first try goes by the conversation's address: it needs no right.  It takes no files. */
enum err dingtalk_prepare(struct arena *a, struct outgoing *m)
{
    str session = S("");
    bool expired;
    enum err e;

    if (!m->prepared.len && !m->blob.len)
        TRY(dingtalk_session_of(a, m->chat_id, &session));
    if (session.len) {
        m->prepared = session;
        return OK;
    }
    e = prepare_once(a, m, &expired);
    if (!e || !expired)
        return e;
    dingtalk_token_forget();
    return prepare_once(a, m, &expired);
}

/* ---- messages ---- */

static str title_of(struct arena *a, str markdown)
{
    CLEANUP(buf_done) struct buf text = {0};

    markup_to_plain(&text, markup_parse(a, markdown));
    str line = str_trim(str_take(buf_str(&text), str_find_char(buf_str(&text), '\n')));
    return line.len ? arena_str(a, utf8_take(line, TITLE_BYTES)) : S("…");
}

/* A press makes the person's own program send the reply as a message of theirs (open.dingtalk.com/document/isvapp/dtmd-protocol). */
static str says(struct arena *a, const json_t *choice)
{
    CLEANUP(buf_done) struct buf url = {0};

    buf_add(&url, S("dtmd://dingtalkclient/sendMessage?content="));
    url_add_encoded(&url, json_text_str(choice, "reply"));
    return arena_str(a, buf_str(&url));
}

static bool has_buttons(const struct outgoing *m)
{
    size_t n = json_array_size(m->choices);

    return n >= 2 && n <= CARD_BUTTONS && !m->plain;
}

/* By the conversation's address. */
static json_t *session_message(struct arena *a, const struct outgoing *m)
{
    str text = hook_text(a, m, MARKUP_DINGTALK);
    json_t *buttons = json_array(), *title = json_from_str(title_of(a, m->text)), *body = json_from_str(text);
    const json_t *c;
    size_t i;

    if (m->plain) {
        json_decref(buttons), json_decref(title);
        return json_pack("{s:s, s:{s:o}}", "msgtype", "text", "text", "content", body);
    }
    if (!has_buttons(m)) {
        json_decref(buttons);
        return json_pack("{s:s, s:{s:o, s:o}}", "msgtype", "markdown", "markdown", "title", title, "text", body);
    }
    json_array_foreach(m->choices, i, c)
        json_array_append_new(buttons, json_pack("{s:s, s:o}", "title", json_text(c, "label"), "actionURL", json_from_str(says(a, c))));
    return json_pack("{s:s, s:{s:o, s:o, s:s, s:o}}", "msgtype", "actionCard", "actionCard", "title", title, "text", body,
                     "btnOrientation", "0", "btns", buttons);
}

static json_t *card_params(struct arena *a, const struct outgoing *m, str text)
{
    json_t *j = json_pack("{s:o, s:o}", "title", json_from_str(title_of(a, m->text)), "text", json_from_str(text));
    const json_t *c;
    size_t i;

    json_array_foreach(m->choices, i, c) {
        json_object_set_new(j, arena_printf(a, "actionTitle%zu", i + 1), json_from_str(json_text_str(c, "label")));
        json_object_set_new(j, arena_printf(a, "actionURL%zu", i + 1), json_from_str(says(a, c)));
    }
    return j;
}

static json_t *file_params(const struct outgoing *m, str id, const char **ret_key)
{
    bool image = is_image(m->mime);

    *ret_key = image ? "sampleImageMsg" : "sampleFile";
    if (image)
        return json_pack("{s:o}", "photoURL", json_from_str(id));
    return json_pack("{s:o, s:o, s:s*}", "mediaId", json_from_str(id), "fileName", json_from_str(m->name), "fileType", file_type(m->name));
}

/* msgKey names a template of DingTalk's own, msgParam is what it says, as a string of JSON. */
static json_t *params_of(struct arena *a, const struct outgoing *m, str file, const char **ret_key)
{
    if (m->blob.len)
        return file_params(m, file, ret_key);
    str text = hook_text(a, m, MARKUP_DINGTALK);
    *ret_key = m->plain ? "sampleText" : has_buttons(m) ? arena_printf(a, "sampleActionCard%zu", json_array_size(m->choices))
             : "sampleMarkdown";
    if (m->plain)
        return json_pack("{s:o}", "content", json_from_str(text));
    if (has_buttons(m))
        return card_params(a, m, text);
    return json_pack("{s:o, s:o}", "title", json_from_str(title_of(a, m->text)), "text", json_from_str(text));
}

static bool is_group(str chat)
{
    return str_starts(chat, S("cid"));
}

enum err dingtalk_encode(struct arena *a, const struct outgoing *m, struct http_request *out)
{
    CLEANUP(json_decrefp) json_t *j = NULL;
    CLEANUP(json_decrefp) json_t *params = NULL;
    size_t blank = str_find_char(m->prepared, ' ');
    struct http_field field = { S("x-acs-dingtalk-access-token"), arena_str(a, str_take(m->prepared, blank)) };
    const char *key;

    if (!m->blob.len && !str_trim(m->text).len)
        return failed(ERR_INPUT, "there is nothing to send");
    if (blank == STR_NONE) {
        j = session_message(a, m);
        platform_request(a, &(struct platform_call){ .url = arena_c(a, m->prepared), .body = j }, out);
        return OK;
    }
    params = params_of(a, m, str_skip(m->prepared, blank + 1), &key);
    j = json_pack("{s:o, s:s, s:o}", "robotCode", json_from_str(dingtalk_robot_code()), "msgKey", key, "msgParam",
                  json_from_str(json_print(a, params)));
    if (is_group(m->chat_id))
        json_object_set_new(j, "openConversationId", json_from_str(m->chat_id));
    else
        json_object_set_new(j, "userIds", json_pack("[o]", json_from_str(m->chat_id)));
    platform_request(a, &(struct platform_call){ .body = j, .fields = &field, .n_fields = 1,
                     .url = dingtalk_url(a, is_group(m->chat_id) ? "v1.0/robot/groupMessages/send" : "v1.0/robot/oToMessages/batchSend") },
                     out);
    return OK;
}
