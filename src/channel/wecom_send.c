// SPDX-License-Identifier: Apache-2.0
/* What goes out: messages of the app to its members, messages of a group robot, and what WeCom answers.
 * `prepared` is the access token, and behind a blank a file's media id. */
#include "channel/markup.h"
#include "channel/platform_api.h"
#include "channel/wecom.h"

#include "base/random.h"
#include "base/utf8.h"
#include "config/config.h"
#include "net/url.h"

enum { CARD_TEXT_BYTES = 480, CARD_BUTTONS = 6, BUTTON_CHARACTERS = 10, BUTTON_KEY_BYTES = 1024, LIMIT_WAIT_MS = 60 * 1000,
       IMAGE_BYTES = 10 << 20, VOICE_BYTES = 2 << 20, VIDEO_BYTES = 10 << 20 };

static bool to_robot(const struct outgoing *m)
{
    return str_eq(m->chat_id, S("robot"));
}

/* ---- addresses ---- */

static const char *address(struct arena *a, const char *path, const char *name, str secret)
{
    CLEANUP(buf_done) struct buf query = {0};

    platform_add_pair(&query, name, secret);
    return arena_printf(a, "%s%s%s", url_join(a, str_from(config_now()->platforms_wecom_api_url), str_from(path)),
                        str_find_char(str_from(path), '?') == STR_NONE ? "?" : "&", buf_c(&query));
}

const char *wecom_url(struct arena *a, const char *path, str access_token)
{
    return address(a, path, "access_token", access_token);
}

static const char *robot_url(struct arena *a, const char *path)
{
    return address(a, path, "key", str_from(config_now()->platforms_wecom_robot_key));
}

/* ---- what WeCom says ---- */

/* developer.work.weixin.qq.com/document/path/90313.  What is not here is never tried again. */
static const struct { int64_t code; enum err error; bool expired, gone, markup; const char *hint; } codes[] = {
    { -1,     ERR_REMOTE,    .hint = "WeCom is busy" },
    { 40001,  ERR_AUTH,      .hint = "check platforms.wecom.secret" },
    { 40013,  ERR_AUTH,      .hint = "check platforms.wecom.corp_id" },
    { 40014,  ERR_AUTH,      .expired = true },
    { 41001,  ERR_AUTH,      .expired = true },
    { 42001,  ERR_AUTH,      .expired = true },
    { 40056,  ERR_AUTH,      .hint = "check platforms.wecom.agent_id" },
    { 301002, ERR_AUTH,      .hint = "platforms.wecom.agent_id is another app's than platforms.wecom.secret" },
    { 60020,  ERR_AUTH,      .hint = "add this machine's address to the app's trusted addresses (企业可信IP)" },
    { 45009,  ERR_LIMIT,     .hint = "too many calls" },
    { 45033,  ERR_LIMIT,     .hint = "too many calls at once" },
    { 45002,  ERR_TOO_LONG },
    { 40008,  ERR_INPUT,     .markup = true },
    { 40058,  ERR_INPUT,     .markup = true },
    { 40003,  ERR_NOT_FOUND, .gone = true },
    { 60111,  ERR_NOT_FOUND, .gone = true },
    { 81013,  ERR_NOT_FOUND, .gone = true },
    { 82001,  ERR_NOT_FOUND, .gone = true },
    { 93000,  ERR_NOT_FOUND, .gone = true, .hint = "check platforms.wecom.robot_key" },
};

/* N_ELEMENTS(codes): none of them. */
static size_t code_of(const json_t *j)
{
    size_t i = 0;

    while (i < N_ELEMENTS(codes) && codes[i].code != json_int(j, "errcode", 0))
        i++;
    return i;
}

/* WeCom's sentences have a hint with the request's id and the caller's address behind them. */
static str words_of(const json_t *j)
{
    str words = json_text_str(j, "errmsg");
    size_t hint = str_find(words, S(", hint:"));

    return utf8_take(hint == STR_NONE ? words : str_take(words, hint), 200);
}

enum err wecom_result(int status, const json_t *j, bool *ret_expired)
{
    size_t i = code_of(j);
    int64_t code = json_int(j, "errcode", 0);
    bool known = i < N_ELEMENTS(codes);

    *ret_expired = known && codes[i].expired;
    TRY(platform_error("WeCom", status, words_of(j)));
    if (!json_is_object(j))
        return failed(ERR_REMOTE, "WeCom answered %d without JSON", status);
    if (code == 0)
        return OK;
    return failed(known ? codes[i].error : ERR_INPUT, "WeCom: %.*s (%lld)%s%s", STR(words_of(j)), (long long)code,
                  known && codes[i].hint ? ": " : "", known && codes[i].hint ? codes[i].hint : "");
}

/* A message to one person whom WeCom does not let us reach is answered with success, and their name. */
static enum err reached(const json_t *j, struct sent *out)
{
    str missed = json_text_str(j, "invaliduser"), unlicensed = json_text_str(j, "unlicenseduser");

    if (!missed.len && !unlicensed.len)
        return OK;
    out->gone = true;
    return failed(ERR_NOT_FOUND, missed.len ? "WeCom: %.*s cannot see the app, or is no member" : "WeCom: %.*s has no licence",
                  STR(str_take(missed.len ? missed : unlicensed, 100)));
}

enum err wecom_decode_sent(struct arena *a, const struct http_response *r, struct sent *out)
{
    CLEANUP(json_decrefp) json_t *j = NULL;
    bool expired;
    enum err e;

    if (json_parse(r->body, &j) || !json_is_object(j) || r->status != 200) {
        e = platform_sent("WeCom", r, words_of(j), out);
        out->unknown = out->unknown || e == OK;
        return e ? e : failed(ERR_REMOTE, "WeCom answered %d without JSON", r->status);
    }
    *out = (struct sent){ .remote_id = arena_str(a, json_text_str(j, "msgid")) };
    e = wecom_result(r->status, j, &expired);
    if (e == OK)
        return reached(j, out);
    if (expired)
        wecom_token_forget();
    size_t i = code_of(j);
    out->again = expired;
    out->retry_after_ms = e == ERR_LIMIT ? LIMIT_WAIT_MS : 0;
    out->gone = i < N_ELEMENTS(codes) && codes[i].gone;
    out->bad_markup = i < N_ELEMENTS(codes) && codes[i].markup;
    return e;
}

/* ---- files ---- */

/* What WeCom shows as such: anything else, and whatever is too large for it, is a file.  A robot has files alone. */
static const char *file_type(const struct outgoing *m)
{
    static const struct { str mime; const char *type; size_t max; } types[] = {
        { S("image/jpeg"), "image", IMAGE_BYTES }, { S("image/png"), "image", IMAGE_BYTES },
        { S("audio/amr"), "voice", VOICE_BYTES }, { S("video/mp4"), "video", VIDEO_BYTES },
    };

    for (size_t i = 0; i < N_ELEMENTS(types) && !to_robot(m); i++)
        if (str_eq(m->mime, types[i].mime) && m->bytes.len <= types[i].max)
            return types[i].type;
    return "file";
}

static enum err upload_once(struct arena *a, const struct outgoing *m, str token, str *ret_id, bool *ret_expired) AWAITS
{
    CLEANUP(json_decrefp) json_t *j = NULL;
    CLEANUP(platform_form_done) struct platform_form form;
    struct http_response answer;
    const char *path = arena_printf(a, "cgi-bin/%s?type=%s", to_robot(m) ? "webhook/upload_media" : "media/upload", file_type(m));

    platform_form_begin(&form);
    platform_form_file(&form, "media", m->name, m->mime, m->bytes);
    platform_form_end(&form);
    TRY(platform_fetch(a, &(struct platform_call){ .platform = "WeCom", .raw = buf_str(&form.body), .raw_type = form.type,
                       .url = to_robot(m) ? robot_url(a, path) : wecom_url(a, path, token) }, &answer, &j));
    TRY(wecom_result(answer.status, j, ret_expired));
    *ret_id = arena_str(a, json_text_str(j, "media_id"));
    return ret_id->len ? OK : failed(ERR_REMOTE, "WeCom gave the file no id");
}

static enum err prepare_once(struct arena *a, struct outgoing *m, bool *ret_expired) AWAITS
{
    str token = S(""), id = S("");

    *ret_expired = false;
    if (!to_robot(m))
        TRY(wecom_token(a, &token));
    if (m->blob.len)
        TRY(upload_once(a, m, token, &id, ret_expired));
    m->prepared = str_from(arena_printf(a, "%.*s %.*s", STR(token), STR(id)));
    return OK;
}

enum err wecom_prepare(struct arena *a, struct outgoing *m)
{
    bool expired;
    enum err e = prepare_once(a, m, &expired);

    if (!e || !expired)
        return e;
    wecom_token_forget();
    return prepare_once(a, m, &expired);
}

/* ---- messages ---- */

static void add_plain(struct arena *a, struct buf *b, str markdown)
{
    markup_to_plain(b, markup_parse(a, markdown));
    if (!b->len)
        buf_add(b, markdown);
}

static json_t *buttons_of(const json_t *choices)
{
    json_t *list = json_array();
    const json_t *c;
    size_t i;

    json_array_foreach(choices, i, c)
        json_array_append_new(list, json_pack("{s:s, s:s, s:i}", "text", json_text(c, "label"), "key", json_text(c, "reply"), "style",
                                              i == 0 ? 1 : 2));
    return list;
}

/* Cards are small: a long question goes as text, which says the answers. */
static bool fits_card(str text, const json_t *choices)
{
    const json_t *c;
    size_t i, n = json_array_size(choices);

    if (n == 0 || n > CARD_BUTTONS || text.len > CARD_TEXT_BYTES)
        return false;
    json_array_foreach(choices, i, c)
        if (utf8_length(json_text_str(c, "label")) > 4 * BUTTON_CHARACTERS || json_text_str(c, "reply").len > BUTTON_KEY_BYTES)
            return false;
    return true;
}

/* The first line as its title.  The id must be new each time: a row that is sent again is another card. */
static void set_card(json_t *j, str text, const json_t *choices)
{
    char id[UUID_SIZE];
    size_t line = str_find_char(text, '\n');
    str title = str_trim(str_take(text, line)), rest = line == STR_NONE ? S("") : str_trim(str_skip(text, line));
    json_t *card;

    random_uuid(id);
    card = json_pack("{s:s, s:{s:o}, s:s, s:o}", "card_type", "button_interaction", "main_title", "title", json_from_str(title), "task_id",
                     id, "button_list", buttons_of(choices));
    if (rest.len)
        json_object_set_new(card, "sub_title_text", json_from_str(rest));
    json_object_set_new(j, "msgtype", json_string("template_card"));
    json_object_set_new(j, "template_card", card);
}

static void set_text(struct arena *a, json_t *j, const struct outgoing *m)
{
    CLEANUP(buf_done) struct buf text = {0};
    bool markdown = !m->plain && config_now()->platforms_wecom_markdown;
    const char *type = markdown ? "markdown" : "text";

    add_plain(a, &text, m->text);
    if (!m->plain && !to_robot(m) && fits_card(buf_str(&text), m->choices)) {
        set_card(j, buf_str(&text), m->choices);
        return;
    }
    if (markdown) {
        buf_clear(&text);
        markup_write(&text, markup_parse(a, m->text), MARKUP_WECOM);
        if (!text.len)
            buf_add(&text, m->text);
    }
    json_object_set_new(j, "msgtype", json_string(type));
    json_object_set_new(j, type, json_pack("{s:o}", "content", json_from_str(buf_str(&text))));
}

static void set_file(json_t *j, const struct outgoing *m, str id)
{
    const char *type = file_type(m);

    json_object_set_new(j, "msgtype", json_string(type));
    json_object_set_new(j, type, json_pack("{s:o}", "media_id", json_from_str(id)));
}

enum err wecom_encode(struct arena *a, const struct outgoing *m, struct http_request *out)
{
    CLEANUP(json_decrefp) json_t *j = json_object();
    size_t blank = str_find_char(m->prepared, ' ');
    str token = str_take(m->prepared, blank);

    if (m->blob.len)
        set_file(j, m, blank == STR_NONE ? S("") : str_skip(m->prepared, blank + 1));
    else if (str_trim(m->text).len)
        set_text(a, j, m);
    else
        return failed(ERR_INPUT, "there is nothing to send");
    if (to_robot(m)) {
        platform_request(a, &(struct platform_call){ .url = robot_url(a, "cgi-bin/webhook/send"), .body = j }, out);
        return OK;
    }
    json_object_set_new(j, "touser", json_from_str(m->chat_id));
    json_object_set_new(j, "agentid", json_integer((json_int_t)config_now()->platforms_wecom_agent_id));
    platform_request(a, &(struct platform_call){ .url = wecom_url(a, "cgi-bin/message/send", token), .body = j }, out);
    return OK;
}
