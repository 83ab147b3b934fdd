// SPDX-License-Identifier: Apache-2.0
/* What goes out: answers, five at most to a message (to a person within an hour, in a group within five minutes).  The number of the
 * piece within them is the row's, so that what is sent again is shown once.  `prepared` is the access token, and behind a blank a
 * file's id. */
#include "channel/qq.h"

#include "base/utf8.h"
#include "config/config.h"

enum { SEQ_MAX = 1000 * 1000, LABEL_BYTES = 60, LIMIT_WAIT_MS = 60 * 1000 };
enum { TYPE_TEXT = 0, TYPE_MARKDOWN = 2, TYPE_MEDIA = 7 };

/* ---- what QQ says ---- */

/* bot.q.qq.com/wiki/develop/api-v2/openapi/error/error.html */
static const struct { int64_t code; enum err error; bool expired, gone, markup, done; const char *hint; } codes[] = {
    { 11241,    ERR_AUTH,      .expired = true },
    { 11242,    ERR_AUTH,      .expired = true },
    { 11243,    ERR_AUTH,      .expired = true },
    { 11244,    ERR_AUTH,      .expired = true },
    { 100016,   ERR_AUTH,      .hint = "check platforms.qq.app_id and secret" },
    { 100007,   ERR_AUTH,      .hint = "check platforms.qq.app_id" },
    { 11298,    ERR_AUTH,      .hint = "add this machine's address to the bot's trusted ones" },
    { 40054005, OK,            .done = true },                      /* the same piece again */
    { 22009,    ERR_LIMIT },
    { 20028,    ERR_LIMIT },
    { 11281,    ERR_REMOTE },
    { 11252,    ERR_REMOTE },
    { 11254,    ERR_REMOTE },
    { 11263,    ERR_REMOTE },
    { 304003,   ERR_INPUT,     .hint = "QQ lets bots send no address that was not reported" },
    { 304014,   ERR_INPUT,     .markup = true },
    { 304036,   ERR_INPUT,     .markup = true },
    { 304057,   ERR_INPUT,     .markup = true },
    { 50056,    ERR_INPUT,     .markup = true },
    { 11264,    ERR_INPUT,     .markup = true, .hint = "the bot has no right for this" },
    { 40034024, ERR_NOT_FOUND, .gone = true, .hint = "it came too late, or is the sixth answer: QQ takes five" },
    { 304027,   ERR_NOT_FOUND, .gone = true, .hint = "the message it answers is too old" },
    { 304045,   ERR_NOT_FOUND, .gone = true },
    { 11274,    ERR_NOT_FOUND, .gone = true },
};

static size_t code_of(const json_t *j)
{
    int64_t code = json_int(j, "code", json_int(j, "err_code", 0));
    size_t i = 0;

    while (i < N_ELEMENTS(codes) && codes[i].code != code)
        i++;
    return i;
}

enum err qq_result(const struct http_response *r, const json_t *j, bool *ret_expired)
{
    size_t i = code_of(j);
    int64_t code = json_int(j, "code", json_int(j, "err_code", 0));
    bool known = i < N_ELEMENTS(codes);

    *ret_expired = known && codes[i].expired;
    if (code == 0) {
        TRY(platform_error("QQ", r->status, utf8_take(json_text_str(j, "message"), 200)));
        return json_is_object(j) ? OK : failed(ERR_REMOTE, "QQ answered %d without JSON", r->status);
    }
    if (known && codes[i].done)
        return OK;
    enum err e = known ? codes[i].error : r->status == 429 ? ERR_LIMIT : r->status >= 500 ? ERR_REMOTE : ERR_INPUT;
    return failed(e, "QQ: %.*s (%lld)%s%s", STR(utf8_take(json_text_str(j, "message"), 200)), (long long)code,
                  known && codes[i].hint ? ": " : "", known && codes[i].hint ? codes[i].hint : "");
}

/* 201 and 202: it will be looked at before it is shown. */
enum err qq_decode_sent(struct arena *a, const struct http_response *r, struct sent *out)
{
    CLEANUP(json_decrefp) json_t *j = NULL;
    bool expired;
    enum err e;

    if ((json_parse(r->body, &j) || !json_is_object(j)) && r->status != 204) {
        e = platform_sent("QQ", r, S(""), out);
        out->unknown = out->unknown || e == OK;
        return e ? e : failed(ERR_REMOTE, "QQ answered %d without JSON", r->status);
    }
    *out = (struct sent){ .remote_id = arena_str(a, json_text_str(j, "id")) };
    if (r->status == 201 || r->status == 202 || r->status == 204)
        return OK;
    e = qq_result(r, j, &expired);
    if (e == OK)
        return OK;
    if (expired)
        qq_token_forget();
    size_t i = code_of(j);
    out->again = expired;
    out->retry_after_ms = e != ERR_LIMIT ? 0 : r->status == 429 ? platform_retry_after_ms(r) : LIMIT_WAIT_MS;
    out->gone = i < N_ELEMENTS(codes) ? codes[i].gone : e == ERR_NOT_FOUND;
    out->bad_markup = i < N_ELEMENTS(codes) && codes[i].markup;
    return e;
}

/* ---- where to ---- */

/* The path of a chat's messages, or of its files; NULL: no such chat. */
static const char *path_of(struct arena *a, str chat, const char *what)
{
    static const struct { const char *prefix, *path; bool files; } places[] = {
        { "c2c:", "v2/users", true }, { "group:", "v2/groups", true }, { "channel:", "channels", false }, { "dm:", "dms", false },
    };

    for (size_t i = 0; i < N_ELEMENTS(places); i++)
        if (str_eat(&chat, str_from(places[i].prefix)) && (places[i].files || str_eq(str_from(what), S("messages"))))
            return arena_printf(a, "%s/%.*s/%s", places[i].path, STR(chat), what);
    return NULL;
}

static bool is_new_kind(str chat)
{
    return str_starts(chat, S("c2c:")) || str_starts(chat, S("group:"));
}

/* ---- files ---- */

/* What QQ takes: 1 a picture, 2 a video, 3 a voice; 0: it does not. */
static int file_type(str mime)
{
    static const struct { const char *mime; int type; } types[] = {
        { "image/png", 1 }, { "image/jpeg", 1 }, { "video/mp4", 2 }, { "audio/silk", 3 },
    };

    for (size_t i = 0; i < N_ELEMENTS(types); i++)
        if (str_eq(mime, str_from(types[i].mime)))
            return types[i].type;
    return 0;
}

bool qq_takes_file(str chat_id, str name UNUSED, str mime)
{
    return file_type(mime) && (!chat_id.len || is_new_kind(chat_id));
}

static enum err upload(struct arena *a, const struct outgoing *m, str *ret_info) AWAITS
{
    CLEANUP(json_decrefp) json_t *j = NULL;
    CLEANUP(json_decrefp) json_t *body = NULL;
    CLEANUP(buf_done) struct buf data = { .max = 2 * QQ_FILE_BYTES };
    const char *path = path_of(a, m->chat_id, "files");

    if (!path || !file_type(m->mime))
        return failed(ERR_INPUT, "QQ takes pictures (PNG, JPEG), MP4 and SILK from a bot, to people and groups; no %.*s", STR(m->mime));
    buf_add_base64(&data, m->bytes);
    TRY(buf_check(&data, "the file for QQ"));
    body = json_pack("{s:i, s:o, s:b}", "file_type", file_type(m->mime), "file_data", json_from_str(buf_str(&data)), "srv_send_msg", 0);
    TRY(qq_call(a, &(struct platform_call){ .url = qq_url(a, path), .body = body }, &j));
    *ret_info = arena_str(a, json_text_str(j, "file_info"));
    return ret_info->len ? OK : failed(ERR_REMOTE, "QQ gave the file no id");
}

enum err qq_prepare(struct arena *a, struct outgoing *m)
{
    str token, info = S("");

    if (m->blob.len)
        TRY(upload(a, m, &info));
    TRY(qq_token(a, &token));
    m->prepared = str_from(arena_printf(a, "%.*s %.*s", STR(token), STR(info)));
    return OK;
}

/* ---- messages ---- */

static bool with_marks(const struct outgoing *m)
{
    return config_now()->platforms_qq_markdown && !m->plain;
}

/* One below the other; a press is told to us alone. */
static json_t *keyboard(struct arena *a, const json_t *choices)
{
    json_t *rows = json_array();
    const json_t *c;
    size_t i;

    json_array_foreach(choices, i, c) {
        json_t *label = json_from_str(utf8_take(json_text_str(c, "label"), LABEL_BYTES));

        json_array_append_new(rows, json_pack("{s:[{s:s, s:{s:O, s:o, s:i}, s:{s:i, s:{s:i}, s:o, s:s}}]}", "buttons",
            "id", arena_printf(a, "%zu", i + 1), "render_data", "label", label, "visited_label", label, "style", i == 0 ? 1 : 0,
            "action", "type", 1, "permission", "type", 2, "data", json_from_str(json_text_str(c, "reply")), "unsupport_tips", "…"));
    }
    return json_pack("{s:{s:o}}", "content", "rows", rows);
}

static void set_reply(json_t *j, const struct outgoing *m)
{
    if (!m->reply_to.len)
        return;
    if (str_starts(m->reply_to, S("INTERACTION_CREATE:")))
        json_object_set_new(j, "event_id", json_from_str(m->reply_to));
    else
        json_object_set_new(j, "msg_id", json_from_str(m->reply_to));
    if (is_new_kind(m->chat_id))
        json_object_set_new(j, "msg_seq", json_integer(m->id % SEQ_MAX + 1));
}

static void set_content(struct arena *a, json_t *j, const struct outgoing *m, str file)
{
    int type = m->blob.len ? TYPE_MEDIA : with_marks(m) ? TYPE_MARKDOWN : TYPE_TEXT;

    if (is_new_kind(m->chat_id))
        json_object_set_new(j, "msg_type", json_integer(type));
    if (type == TYPE_MEDIA)
        json_object_set_new(j, "media", json_pack("{s:o}", "file_info", json_from_str(file)));
    else if (type == TYPE_MARKDOWN)
        json_object_set_new(j, "markdown", json_pack("{s:o}", "content", json_from_str(hook_text(a, m, MARKUP_MARKDOWN))));
    else
        json_object_set_new(j, "content", json_from_str(hook_text(a, m, MARKUP_PLAIN)));
    if (type == TYPE_MARKDOWN && json_array_size(m->choices))
        json_object_set_new(j, "keyboard", keyboard(a, m->choices));
}

enum err qq_encode(struct arena *a, const struct outgoing *m, struct http_request *out)
{
    CLEANUP(json_decrefp) json_t *j = json_object();
    const char *path = path_of(a, m->chat_id, "messages");
    size_t blank = str_find_char(m->prepared, ' ');

    if (!path)
        return failed(ERR_INPUT, "a chat of QQ begins with c2c:, group:, channel: or dm:");
    if (!m->blob.len && !str_trim(m->text).len)
        return failed(ERR_INPUT, "there is nothing to send");
    set_content(a, j, m, blank == STR_NONE ? S("") : str_skip(m->prepared, blank + 1));
    set_reply(j, m);
    platform_request(a, &(struct platform_call){ .url = qq_url(a, path), .body = j,
                     .authorization = arena_printf(a, "QQBot %.*s", STR(str_take(m->prepared, blank))) }, out);
    return OK;
}
