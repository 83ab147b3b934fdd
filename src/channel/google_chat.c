// SPDX-License-Identifier: Apache-2.0
/* Google Chat: it calls us with a signed token, we call it as a service account.  Events come for what is addressed to the
 * app alone: in a space that is a mention. */
#include "channel/google_chat.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/time.h"
#include "base/utf8.h"
#include "channel/jwt.h"
#include "channel/platform_api.h"
#include "channel/token.h"
#include "config/config.h"
#include "net/url.h"
#include "runtime/clock.h"

enum { TOKEN_LIVES_S = 3600, PAGES_MAX = 50 };

static const char title[] = "Google Chat";

static bool configured(void)
{
    return config_now()->platforms_google_chat_credentials[0] && config_now()->platforms_google_chat_audience[0];
}

static bool streams(void)
{
    return config_now()->platforms_google_chat_stream;
}

/* Google documents one write a second in a space. */
static unsigned chat_per_minute(str chat_id UNUSED)
{
    return 60;
}

/* ---- the service account ---- */

static enum err read_account(json_t **out)
{
    const char *path = config_now()->platforms_google_chat_credentials;
    json_error_t error;
    json_t *j = json_load_file(path, JSON_REJECT_DUPLICATES, &error);

    if (!j || !json_text(j, "private_key")[0] || !json_text(j, "client_email")[0]) {
        json_decref(j);
        return failed(ERR_AUTH, "%s (platforms.google_chat.credentials) is no service account's key in JSON%s%s", path, j ? "" : ": ",
                      j ? "" : error.text);
    }
    *out = j;
    return OK;
}

static enum err ask_token(struct arena *a, str *ret_token, uint64_t *ret_lives_ms) AWAITS
{
    CLEANUP(json_decrefp) json_t *account = NULL;
    CLEANUP(json_decrefp) json_t *claims = NULL;
    CLEANUP(json_decrefp) json_t *answer = NULL;
    CLEANUP(buf_done) struct buf form = {0};
    int64_t now = clock_wall_ms() / 1000;
    str assertion;

    TRY(read_account(&account));
    const char *token_uri = json_text(account, "token_uri");

    if (!token_uri[0])
        token_uri = "https://oauth2.googleapis.com/token";
    claims = json_pack("{s:s, s:s, s:s, s:I, s:I}", "iss", json_text(account, "client_email"), "scope",
                       "https://www.googleapis.com/auth/chat.bot", "aud", token_uri, "iat", (json_int_t)now, "exp",
                       (json_int_t)(now + TOKEN_LIVES_S));
    TRY(jwt_sign(a, json_text_str(account, "private_key"), json_text_str(account, "private_key_id"), claims, &assertion));
    platform_add_pair(&form, "grant_type", S("urn:ietf:params:oauth:grant-type:jwt-bearer"));
    platform_add_pair(&form, "assertion", assertion);
    enum err e = platform_get(a, &(struct platform_call){ .platform = title, .url = token_uri, .raw = buf_str(&form),
                                                          .raw_type = "application/x-www-form-urlencoded" }, &answer);
    if (e == ERR_INPUT)     /* invalid_grant: the key was taken back, or this machine's clock is wrong */
        return failed(ERR_AUTH, "Google refuses the service account's key: check platforms.google_chat.credentials and the clock");
    TRY(e);
    *ret_token = arena_str(a, json_text_str(answer, "access_token"));
    *ret_lives_ms = (uint64_t)json_int(answer, "expires_in", TOKEN_LIVES_S) * 1000;
    return OK;
}

static struct token access_token = { .ask = ask_token };

/* "Bearer …", in the arena. */
static enum err authorization(struct arena *a, const char **out) AWAITS
{
    str token;

    TRY(token_get(&access_token, a, &token));
    *out = arena_printf(a, "Bearer %.*s", STR(token));
    return OK;
}

static enum err check(struct arena *a, str *ret_who) AWAITS
{
    CLEANUP(json_decrefp) json_t *account = NULL;
    const char *bearer;

    token_forget(&access_token);
    TRY(read_account(&account));
    TRY(authorization(a, &bearer));
    *ret_who = arena_str(a, json_text_str(account, "client_email"));
    return OK;
}

/* ---- what comes in ---- */

static void add_files(struct arena *a, const json_t *list, struct hook_message *out)
{
    const json_t *f;
    size_t i;

    json_array_foreach(list, i, f) {
        str mime = json_text_str(f, "contentType"), id = json_text_str(f, "attachmentDataRef.resourceName");

        /* A file of Drive is a link, and not ours to fetch: it has no id here. */
        if (id.len)
            (void)hook_add_file(out, &(struct incoming_file){ .type = hook_type_of(mime), .name = arena_str(a, json_text_str(f,
                    "contentName")),
                                                              .mime = arena_str(a, mime), .size = -1, .id = arena_str(a, id) });
    }
}

static str pressed_reply(const json_t *event)
{
    const json_t *list = json_at(event, "action.parameters"), *one;
    str found = json_text_str(event, "common.parameters.reply");
    size_t i;

    json_array_foreach(list, i, one)
        if (!found.len && str_eq(json_text_str(one, "key"), S("reply")))
            found = json_text_str(one, "value");
    return found;
}

enum err google_chat_decode(struct arena *a, const json_t *event, struct hook_message *out, bool *ret_wanted)
{
    const json_t *m = json_at(event, "message");
    str type = json_text_str(event, "type"), space = json_text_str(event, "space.name"), user = json_text_str(event, "user.name");
    bool pressed = str_eq(type, S("CARD_CLICKED"));
    str text = pressed ? pressed_reply(event) : json_text_str(m, "argumentText");
    bool private = str_eq(json_text_str(event, "space.type"), S("DM")) || str_eq(json_text_str(event, "space.spaceType"),
            S("DIRECT_MESSAGE"));
    int64_t at;

    *ret_wanted = false;
    *out = (struct hook_message){0};
    if (!json_is_object(event) || !type.len)
        return failed(ERR_INPUT, "Google Chat sent something that is no event");
    if (!(pressed || str_eq(type, S("MESSAGE"))) || !space.len || !user.len || str_eq(json_text_str(event, "user.type"), S("BOT")))
        return OK;
    if (!text.len && !pressed)
        text = json_text_str(m, "text");
    if (!pressed)
        add_files(a, json_at(m, "attachment"), out);
    str id = pressed ? str_from(arena_printf(a, "pressed:%.*s:%.*s", STR(user), STR(json_text_str(event, "eventTime")))) :
            json_text_str(m, "name");
    if (time_parse(json_text_str(event, "eventTime"), &at))
        at = clock_wall_ms();
    out->message = (struct message){
        .id = S(""), .session_id = S(""), .platform = S("google_chat"), .agent = S(""), .chat_type = private ? S("private") : S("group"),
        .external_id = arena_str(a, id), .chat_id = arena_str(a, space), .thread_id = private ? S("") : arena_str(a, json_text_str(m,
                "thread.name")),
        .user_id = arena_str(a, user), .user_name = arena_str(a, json_text_str(event, "user.displayName")),
        .text = arena_str(a, str_trim(text)), .created_at = at, .reply_to = pressed ? arena_str(a, json_text_str(m, "name")) : S(""),
    };
    *ret_wanted = id.len && (out->message.text.len || out->n_files);
    return OK;
}

static enum err locate(const struct channel_host *host UNUSED, struct arena *a, struct incoming_file *f) AWAITS
{
    CLEANUP(buf_done) struct buf path = {0};
    const char *bearer;

    TRY(authorization(a, &bearer));
    url_add_encoded(&path, f->id);
    platform_request(a, &(struct platform_call){
        .url = arena_printf(a, "%s/v1/media/%s?alt=media", config_now()->platforms_google_chat_api_url, buf_c(&path)), .authorization =
                bearer,
    }, &f->request);
    return OK;
}

/* ---- who calls ---- */

/* With the app's project number as audience Chat signs by itself; with an address it is an identity token of Google's. */
static bool by_project(void)
{
    return !str_starts(str_from(config_now()->platforms_google_chat_audience), S("http"));
}

static const char *keys_url(struct arena *a UNUSED)
{
    const char *own = config_now()->platforms_google_chat_keys_url;

    if (own[0])
        return own;
    return by_project() ? "https://www.googleapis.com/service_accounts/v1/jwk/chat@system.gserviceaccount.com"
                        : "https://www.googleapis.com/oauth2/v3/certs";
}

static struct jwt_keys keys_of_google = { .platform = "Google", .url = keys_url };

static enum err check_caller(const struct http_exchange *x) AWAITS
{
    static const char *const by_chat[] = { "chat@system.gserviceaccount.com", NULL };
    static const char *const by_google[] = { "https://accounts.google.com", "accounts.google.com", NULL };
    CLEANUP(json_decrefp) json_t *claims = NULL;
    str token = jwt_bearer(http_exchange_field(x, S("Authorization")));

    struct jwt_demands want = { by_project() ? by_chat : by_google, str_from(config_now()->platforms_google_chat_audience), S("") };

    TRY(jwt_verify(&keys_of_google, x->arena, token, &want, &claims));
    if (!by_project() && !str_eq(json_text_str(claims, "email"), S("chat@system.gserviceaccount.com")))
        return failed(ERR_AUTH, "it is not Google Chat's");
    return OK;
}

static enum err take_event(const struct channel_host *host, struct http_exchange *x, const json_t *event) AWAITS
{
    struct hook_message *m = ARENA_NEW(x->arena, struct hook_message);
    bool wanted;

    if (google_chat_decode(x->arena, event, m, &wanted)) {
        log_event(LOG_WARN, "google_chat.odd_event", F("error", failed_text()));    /* it would be as odd the next time */
        return OK;
    }
    host->health(host, OK, "called");
    if (!wanted)
        return OK;
    return hook_store(host, x->arena, &m, 1, locate);
}

static enum err webhook(const struct channel_host *host, struct http_exchange *x) AWAITS
{
    CLEANUP(json_decrefp) json_t *event = NULL;

    if (!str_eq(x->method, S("POST")))
        return hook_answer(x, 404, "not here");
    enum err e = check_caller(x);
    if (e) {
        log_event(LOG_WARN, "google_chat.refused", F("error", failed_text()));
        return hook_answer(x, e == ERR_AUTH ? 401 : 503, e == ERR_AUTH ? "not Google Chat" : "cannot check who calls");
    }
    if (json_parse(x->body, &event))
        return hook_answer(x, 400, "not JSON");
    return hook_answer_stored(host, x, take_event(host, x, event));
}

/* ---- what goes out ---- */

static json_t *cards(const json_t *choices)
{
    json_t *buttons = json_array();
    const json_t *c;
    size_t i;

    json_array_foreach(choices, i, c)
        json_array_append_new(buttons, json_pack("{s:s, s:{s:{s:s, s:[{s:s, s:s}]}}}", "text", json_text(c, "label"), "onClick", "action",
        "function",
                                                 "choose", "parameters", "key", "reply", "value", json_text(c, "reply")));
    return json_pack("[{s:s, s:{s:[{s:[{s:{s:o}}]}]}}]", "cardId", "choices", "card", "sections", "widgets", "buttonList", "buttons",
    buttons);
}

/* Names of spaces and messages stand in addresses. */
static bool is_name(str s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.p[i];
        bool fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '/' || c ==
                '.';

        if (!fine)
            return false;
    }
    return str_starts(s, S("spaces/")) && str_find(s, S("..")) == STR_NONE;
}

static enum err get(struct arena *a, const char *path, json_t **out) AWAITS
{
    const char *bearer;

    TRY(authorization(a, &bearer));
    return platform_get(a, &(struct platform_call){
        .platform = title, .authorization = bearer, .url = arena_printf(a, "%s/v1/%s", config_now()->platforms_google_chat_api_url, path),
    }, out);
}

/* One page of the spaces that the app is in. */
static enum err look_at_page(struct arena *a, str name, str *token, str *found) AWAITS
{
    CLEANUP(buf_done) struct buf path = {0};
    CLEANUP(json_decrefp) json_t *j = NULL;
    const json_t *space;
    size_t i;

    buf_addf(&path, "spaces?pageSize=1000");
    if (token->len)
        platform_add_pair(&path, "pageToken", *token);
    TRY(get(a, buf_c(&path), &j));
    json_array_foreach(json_at(j, "spaces"), i, space) {
        if (!str_eq_nocase(json_text_str(space, "displayName"), name))
            continue;
        if (found->len)
            return failed(ERR_CONFLICT, "several spaces of Google Chat are called %.*s: say spaces/...", STR(name));
        *found = arena_str(a, json_text_str(space, "name"));
    }
    *token = arena_str(a, json_text_str(j, "nextPageToken"));
    return OK;
}

static enum err find_direct(struct arena *a, str user, str *out) AWAITS
{
    CLEANUP(buf_done) struct buf path = {0};
    CLEANUP(json_decrefp) json_t *j = NULL;

    buf_addf(&path, "spaces:findDirectMessage?name=");
    url_add_encoded(&path, user);
    enum err e = get(a, buf_c(&path), &j);

    if (e == ERR_NOT_FOUND)
        return failed(e, "%.*s has not added the app on Google Chat", STR(utf8_take(user, 100)));
    TRY(e);
    *out = arena_str(a, json_text_str(j, "name"));
    return OK;
}

static enum err resolve(struct arena *a, str name, str *ret_chat_id) AWAITS
{
    str token = S(""), found = S("");

    *ret_chat_id = name;
    if (is_name(name))
        return OK;
    if (str_starts(name, S("users/")))
        return find_direct(a, name, ret_chat_id);
    (void)str_eat(&name, S("#"));
    for (int page = 0; page < PAGES_MAX && (page == 0 || token.len); page++)
        TRY(look_at_page(a, name, &token, &found));
    *ret_chat_id = found;
    return found.len ? OK : failed(ERR_NOT_FOUND, "the app is in no space of Google Chat called \"%.*s\"", STR(utf8_take(name, 100)));
}

static enum err prepare(struct arena *a, struct outgoing *m) AWAITS
{
    const char *bearer;

    TRY(authorization(a, &bearer));
    m->prepared = str_from(bearer);
    return OK;
}

static json_t *body_of(const struct outgoing *m)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    json_t *j = json_pack("{s:o}", "text", json_from_str(hook_text(a, m, MARKUP_GOOGLE_CHAT)));

    if (m->thread_id.len)
        json_object_set_new(j, "thread", json_pack("{s:o}", "name", json_from_str(m->thread_id)));
    if (json_array_size(m->choices))
        json_object_set_new(j, "cardsV2", cards(m->choices));
    return j;
}

enum err google_chat_encode(struct arena *a, const struct outgoing *m, struct http_request *out)
{
    CLEANUP(json_decrefp) json_t *body = NULL;
    const char *base = config_now()->platforms_google_chat_api_url, *url;
    bool edit = m->remote_id.len;

    if (m->blob.len)
        return failed(ERR_INPUT, "Google Chat takes no files from apps");
    if (!is_name(edit ? m->remote_id : m->chat_id))
        return failed(ERR_INPUT, "a chat of Google Chat is named spaces/...");
    if (edit)
        url = arena_printf(a, "%s/v1/%.*s?updateMask=text", base, STR(m->remote_id));
    else
        url = arena_printf(a, "%s/v1/%.*s/messages?messageReplyOption=REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD&requestId=%.*s", base,
                STR(m->chat_id),
                           STR(platform_send_id(a, m)));
    body = body_of(m);
    platform_request(a, &(struct platform_call){ .method = edit ? "PATCH" : "POST", .url = url, .body = body,
                                                 .authorization = arena_c(a, m->prepared) }, out);
    return OK;
}

enum err google_chat_decode_sent(struct arena *a, const struct http_response *r, struct sent *out)
{
    CLEANUP(json_decrefp) json_t *j = NULL;
    enum err e;

    if (json_parse(r->body, &j))
        j = NULL;
    e = platform_sent(title, r, json_text_str(j, "error.message"), out);
    if (e == OK)
        out->remote_id = arena_str(a, json_text_str(j, "name"));
    if (e == ERR_AUTH) {
        token_forget(&access_token);
        out->again = true;
    }
    return e;
}

static const struct channel_key keys[] = {
    { "platforms.google_chat.credentials", "File with the service account's JSON key (Google Cloud console: IAM, Service accounts, Keys)",
      "服务账号 JSON 密钥文件的路径（Google Cloud 控制台：IAM → 服务账号 → 密钥）", false },
    { "platforms.google_chat.audience", "Authentication audience of the Chat app: its project number, or this endpoint's address",
      "Chat 应用的身份验证受众：项目编号，或此端点的地址", false },
};

const struct channel channel_google_chat = {
    .name = "google_chat", .title = "Google Chat", .proven_by = "@googleapis/chat 51, google-auth-library 11", .keys = keys, .n_keys =
            N_ELEMENTS(keys), .markup = MARKUP_GOOGLE_CHAT,
    .unit = UNIT_CHARACTER, .text_max = 4096, .chat_per_minute = chat_per_minute, .edits = 1, .idempotent = 1, .called = 1,
    .configured = configured,
    .streams = streams, .check = check, .run = hook_watch, .webhook = webhook, .prepare = prepare, .encode = google_chat_encode,
    .decode_sent = google_chat_decode_sent, .resolve = resolve, .addresses = "#name of a space, users/ID or spaces/ID",
};
