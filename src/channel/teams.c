// SPDX-License-Identifier: Apache-2.0
/* Microsoft Teams over the Bot Framework: it calls us with a signed token, we answer at the service address that the token
 * vouches for, which is remembered by conversation. */
#include "channel/teams.h"

#include <string.h>

#include "base/log.h"
#include "base/time.h"
#include "channel/chats.h"
#include "channel/jwt.h"
#include "channel/platform_api.h"
#include "channel/start.h"
#include "channel/token.h"
#include "config/config.h"
#include "net/url.h"
#include "runtime/clock.h"

/* learn.microsoft.com/microsoftteams/platform/bots/how-to/agents-inline-images: pictures go inside the message.  The Bot Framework
 * takes no request above 256 KiB, whatever else is said of 1 MB: this is that without what base64 adds. */
enum { TOKEN_LIVES_S = 3600, PICTURE_BYTES = 180 << 10 };

static const char title[] = "Microsoft Teams", in_thread[] = ";messageid=";

extern const struct channel channel_teams;

static bool configured(void)
{
    return config_now()->platforms_teams_app_id[0] != '\0';
}

static bool streams(void)
{
    return config_now()->platforms_teams_stream;
}

/* learn.microsoft.com/microsoftteams/platform/bots/how-to/rate-limit: 7 a second, 60 in 30 s, and less over hours. */
static unsigned chat_per_minute(str chat_id UNUSED)
{
    return 60;
}

/* ---- access tokens ---- */

static enum err ask_token(struct arena *a, str *ret_token, uint64_t *ret_lives_ms) AWAITS
{
    CLEANUP(json_decrefp) json_t *answer = NULL;
    CLEANUP(buf_done) struct buf form = {0}, url = {0};
    const struct config *c = config_now();

    buf_addf(&url, "%s/", c->platforms_teams_login_url);
    url_add_encoded(&url, str_from(c->platforms_teams_tenant[0] ? c->platforms_teams_tenant : "botframework.com"));
    buf_add(&url, S("/oauth2/v2.0/token"));
    platform_add_pair(&form, "grant_type", S("client_credentials"));
    platform_add_pair(&form, "client_id", str_from(c->platforms_teams_app_id));
    platform_add_pair(&form, "client_secret", str_from(c->platforms_teams_app_password));
    platform_add_pair(&form, "scope", S("https://api.botframework.com/.default"));
    enum err e = platform_get(a, &(struct platform_call){ .platform = "Microsoft", .url = buf_c(&url), .raw = buf_str(&form),
                                                          .raw_type = "application/x-www-form-urlencoded" }, &answer);
    if (e == ERR_INPUT || e == ERR_AUTH)
        return failed(ERR_AUTH, "Microsoft refuses the bot's credentials: check platforms.teams.app_id, app_password and tenant");
    TRY(e);
    *ret_token = arena_str(a, json_text_str(answer, "access_token"));
    *ret_lives_ms = (uint64_t)json_int(answer, "expires_in", TOKEN_LIVES_S) * 1000;
    return OK;
}

static struct token access_token = { .ask = ask_token };

static enum err authorization(struct arena *a, const char **out) AWAITS
{
    str token;

    TRY(token_get(&access_token, a, &token));
    *out = arena_printf(a, "Bearer %.*s", STR(token));
    return OK;
}

static enum err check(struct arena *a, str *ret_who) AWAITS
{
    const char *bearer;

    log_mask(str_from(config_now()->platforms_teams_app_password));
    token_forget(&access_token);
    TRY(authorization(a, &bearer));
    *ret_who = str_from(config_now()->platforms_teams_app_id);
    return OK;
}

/* ---- what comes in ---- */

static void add_file(struct arena *a, const json_t *f, struct hook_message *out)
{
    bool download = str_eq(json_text_str(f, "contentType"), S("application/vnd.microsoft.teams.file.download.info"));
    str mime = download ? S("") : json_text_str(f, "contentType");
    str url = json_text_str(f, download ? "content.downloadUrl" : "contentUrl");

    struct incoming_file file = { .type = hook_type_of(mime), .name = arena_str(a, json_text_str(f, "name")), .mime = arena_str(a, mime),
            .size = -1 };

    if (!url.len || str_starts(mime, S("application/vnd.microsoft.card")))
        return;
    if (download)       /* the address is its own permission */
        file.request.url = arena_c(a, url);
    else
        file.id = arena_str(a, url);
    (void)hook_add_file(out, &file);
}

/* Mentions of the bot are how it is called and no part of what is said; others keep their names. */
static str without_mentions(struct arena *a, const json_t *activity, bool *ret_called)
{
    const json_t *list = json_at(activity, "entities"), *one;
    str text = json_text_str(activity, "text"), bot = json_text_str(activity, "recipient.id");
    size_t i;

    json_array_foreach(list, i, one) {
        str mark = json_text_str(one, "text");
        size_t at = mark.len ? str_find(text, mark) : STR_NONE;
        bool ours = str_eq(json_text_str(one, "mentioned.id"), bot);

        if (!str_eq(json_text_str(one, "type"), S("mention")))
            continue;
        *ret_called |= ours;
        if (at != STR_NONE)
            text = str_from(arena_printf(a, "%.*s%.*s%.*s", STR(str_take(text, at)), STR(ours ? S("") : json_text_str(one,
                    "mentioned.name")),
                                         STR(str_skip(text, at + mark.len))));
    }
    return str_trim(text);
}

static void fill(struct arena *a, const json_t *j, str text, bool private, struct message *out)
{
    str conversation = json_text_str(j, "conversation.id");
    size_t thread = str_find(conversation, str_from(in_thread));
    int64_t at;

    if (time_parse(json_text_str(j, "timestamp"), &at))
        at = clock_wall_ms();
    *out = (struct message){
        .id = S(""), .session_id = S(""), .platform = S("teams"), .agent = S(""), .chat_type = private ? S("private") : S("group"),
        .external_id = arena_str(a, json_text_str(j, "id")), .chat_id = arena_str(a, str_take(conversation, thread)),
        .thread_id = thread == STR_NONE ? S("") : arena_str(a, str_skip(conversation, thread + strlen(in_thread))),
        .user_id = arena_str(a, json_text_str(j, "from.id")), .user_name = arena_str(a, json_text_str(j, "from.name")),
        .text = arena_str(a, text), .created_at = at, .reply_to = arena_str(a, json_text_str(j, "replyToId")),
    };
}

enum err teams_decode(struct arena *a, const json_t *activity, struct hook_message *out, bool *ret_wanted)
{
    const json_t *list = json_at(activity, "attachments"), *f;
    str type = json_text_str(activity, "type"), kind = json_text_str(activity, "conversation.conversationType");
    bool private = !json_flag(activity, "conversation.isGroup") && !str_eq(kind, S("groupChat")) && !str_eq(kind, S("channel")), called =
            private;
    str reply = json_text_str(activity, "value.reply");
    size_t i;

    *ret_wanted = false;
    *out = (struct hook_message){0};
    if (!json_is_object(activity) || !type.len)
        return failed(ERR_INPUT, "Microsoft Teams sent something that is no activity");
    if (!str_eq(type, S("message")) || !json_text(activity, "id")[0] || !json_text(activity, "conversation.id")[0] || !json_text(activity,
            "from.id")[0]
        || str_eq(json_text_str(activity, "from.role"), S("bot")))
        return OK;
    str text = without_mentions(a, activity, &called);
    json_array_foreach(list, i, f)
        add_file(a, f, out);
    fill(a, activity, reply.len ? reply : text, private, &out->message);
    out->message.overheard = !called && !reply.len;
    *ret_wanted = out->message.text.len || out->n_files;
    return OK;
}

/* An inline picture is behind our own access token. */
static enum err locate(const struct channel_host *host UNUSED, struct arena *a, struct incoming_file *f) AWAITS
{
    const char *bearer;

    TRY(authorization(a, &bearer));
    platform_request(a, &(struct platform_call){ .url = arena_c(a, f->id), .authorization = bearer }, &f->request);
    return OK;
}

/* ---- who calls ---- */

static const char *keys_url(struct arena *a UNUSED)
{
    return config_now()->platforms_teams_openid_url;
}

static struct jwt_keys keys_of_bots = { .platform = "The Bot Framework", .url = keys_url };

static enum err check_caller(const struct http_exchange *x, const json_t *activity) AWAITS
{
    static const char *const issuers[] = { "https://api.botframework.com", NULL };
    struct jwt_demands want = { issuers, str_from(config_now()->platforms_teams_app_id), json_text_str(activity, "channelId") };
    CLEANUP(json_decrefp) json_t *claims = NULL;
    str service = json_text_str(activity, "serviceUrl");

    TRY(jwt_verify(&keys_of_bots, x->arena, jwt_bearer(http_exchange_field(x, S("Authorization"))), &want, &claims));
    if (!service.len || !(str_eq(json_text_str(claims, "serviceurl"), service) || str_eq(json_text_str(claims, "serviceUrl"), service)))
        return failed(ERR_AUTH, "the service address is not the one that it is signed for");
    return OK;
}

/* Where this conversation's answers go. */
static enum err remember_service(const struct channel_host *host, struct arena *a, str chat, str service) AWAITS
{
    str key = str_from(arena_printf(a, "service %.*s", STR(chat))), known;

    TRY(host->recall(host, a, key, &known));
    return str_eq(known, service) ? OK : host->remember(host, key, service);
}

static enum err take_activity(const struct channel_host *host, struct http_exchange *x, const json_t *activity) AWAITS
{
    struct hook_message *m = ARENA_NEW(x->arena, struct hook_message);
    bool wanted;

    if (teams_decode(x->arena, activity, m, &wanted)) {
        log_event(LOG_WARN, "teams.odd_activity", F("error", failed_text()));       /* it would be as odd the next time */
        return OK;
    }
    host->health(host, OK, "called");
    if (!wanted || !chats_wants(&m->message))
        return OK;
    TRY(remember_service(host, x->arena, m->message.chat_id, json_text_str(activity, "serviceUrl")));
    return hook_store(host, x->arena, &m, 1, locate);
}

static enum err webhook(const struct channel_host *host, struct http_exchange *x) AWAITS
{
    CLEANUP(json_decrefp) json_t *activity = NULL;

    if (!str_eq(x->method, S("POST")))
        return hook_answer(x, 404, "not here");
    if (json_parse(x->body, &activity))
        return hook_answer(x, 400, "not JSON");
    enum err e = check_caller(x, activity);
    if (e) {
        log_event(LOG_WARN, "teams.refused", F("error", failed_text()));
        return hook_answer(x, e == ERR_AUTH ? 401 : 503, e == ERR_AUTH ? "not the Bot Framework" : "cannot check who calls");
    }
    return hook_answer_stored(host, x, take_activity(host, x, activity));
}

/* ---- what goes out ---- */

static enum err prepare(struct arena *a, struct outgoing *m) AWAITS
{
    const struct channel_host *host = channels_host(&channel_teams);
    const char *bearer;
    str service;

    TRY(host->recall(host, a, str_from(arena_printf(a, "service %.*s", STR(m->chat_id))), &service));
    if (!service.len)
        return failed(ERR_NOT_FOUND, "nobody has written to the bot in this conversation yet, so where it lives is not known");
    TRY(authorization(a, &bearer));
    m->prepared = str_from(arena_printf(a, "%.*s %s", STR(service), bearer));
    return OK;
}

static json_t *card(const json_t *choices)
{
    json_t *buttons = json_array();
    const json_t *c;
    size_t i;

    json_array_foreach(choices, i, c)
        json_array_append_new(buttons, json_pack("{s:s, s:s, s:s, s:s, s:{s:s}}", "type", "messageBack", "title", json_text(c, "label"),
        "text",
                                                 json_text(c, "reply"), "displayText", json_text(c, "label"), "value", "reply",
                                                 json_text(c, "reply")));
    return json_pack("[{s:s, s:{s:o}}]", "contentType", "application/vnd.microsoft.card.hero", "content", "buttons", buttons);
}

static bool takes_file(str chat_id UNUSED, str name UNUSED, str mime)
{
    return str_eq(mime, S("image/png")) || str_eq(mime, S("image/jpeg"));
}

static json_t *picture_of(const struct outgoing *m)
{
    CLEANUP(buf_done) struct buf url = {0};

    buf_addf(&url, "data:%.*s;base64,", STR(m->mime));
    buf_add_base64(&url, m->bytes);
    return json_pack("{s:s, s:[{s:o, s:o, s:o}]}", "type", "message", "attachments", "contentType", json_from_str(m->mime), "contentUrl",
                     json_from_str(buf_str(&url)), "name", json_from_str(m->name));
}

static json_t *text_of(const struct outgoing *m)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    json_t *j = json_pack("{s:s, s:s, s:o}", "type", "message", "textFormat", m->plain ? "plain" : "markdown", "text",
                          json_from_str(hook_text(a, m, MARKUP_TEAMS)));

    if (json_array_size(m->choices))
        json_object_set_new(j, "attachments", card(m->choices));
    return j;
}

static json_t *body_of(const struct outgoing *m)
{
    json_t *j = m->blob.len ? picture_of(m) : text_of(m);

    if (m->reply_to.len && !m->remote_id.len)
        json_object_set_new(j, "replyToId", json_from_str(m->reply_to));
    return j;
}

/* "service/v3/conversations/ID/activities", with the thread in the id. */
static void add_activities(struct buf *url, str service, str chat_id, str thread_id)
{
    CLEANUP(buf_done) struct buf id = {0};

    buf_add(&id, chat_id);
    if (thread_id.len)
        buf_addf(&id, "%s%.*s", in_thread, STR(thread_id));
    buf_addf(url, "%.*s%sv3/conversations/", STR(service), str_ends(service, S("/")) ? "" : "/");
    url_add_encoded(url, buf_str(&id));
    buf_add(url, S("/activities"));
}

enum err teams_encode(struct arena *a, const struct outgoing *m, struct http_request *out)
{
    CLEANUP(json_decrefp) json_t *body = NULL;
    CLEANUP(buf_done) struct buf url = {0};
    size_t blank = str_find_char(m->prepared, ' ');
    bool edit = m->remote_id.len;

    if (m->blob.len && !takes_file(m->chat_id, m->name, m->mime))
        return failed(ERR_INPUT, "Microsoft Teams takes files from bots only by its own consent cards");
    if (blank == STR_NONE)
        return failed(ERR_BUG, "nothing was prepared");
    add_activities(&url, str_take(m->prepared, blank), m->chat_id, m->thread_id);
    if (edit) {
        buf_add(&url, S("/"));
        url_add_encoded(&url, m->remote_id);
    }
    body = body_of(m);
    platform_request(a, &(struct platform_call){ .method = edit ? "PUT" : "POST", .url = buf_c(&url), .body = body,
                                                 .authorization = arena_c(a, str_skip(m->prepared, blank + 1)) }, out);
    return OK;
}

enum err teams_decode_sent(struct arena *a, const struct http_response *r, struct sent *out)
{
    CLEANUP(json_decrefp) json_t *j = NULL;
    enum err e;

    if (json_parse(r->body, &j))
        j = NULL;
    e = platform_sent(title, r, json_text_str(j, "error.message"), out);
    if (e == OK)
        out->remote_id = arena_str(a, json_text_str(j, "id"));
    if (r->status == 412) {     /* "precondition failed": documented as to be tried again */
        out->unknown = false;
        return failed(ERR_REMOTE, "%s is busy with this conversation", title);
    }
    if (e == ERR_AUTH) {
        token_forget(&access_token);
        out->again = true;
    }
    return e;
}

static const struct channel_key keys[] = {
    { "platforms.teams.app_id", "Microsoft app id of the bot (Azure portal: Azure Bot, Configuration)",
      "机器人的 Microsoft 应用 ID（Azure 门户：Azure 机器人 → 配置）", false },
    { "platforms.teams.app_password", "Client secret of the bot's app (Azure portal: Certificates and secrets)",
      "应用的客户端密码（Azure 门户：证书和密码）", false },
    { "platforms.teams.tenant", "Tenant id, for a single-tenant bot; empty otherwise", "租户 ID（单租户机器人）；否则留空", true },
};

const struct channel channel_teams = {
    .name = "teams", .title = "Microsoft Teams", .proven_by = "botbuilder 4.23", .keys = keys, .n_keys = N_ELEMENTS(keys), .markup =
            MARKUP_TEAMS, .unit = UNIT_UTF16,
    .text_max = 20000, .file_max = PICTURE_BYTES, .files = 1, .takes_file = takes_file,
    .global_per_second = 50, .chat_per_minute = chat_per_minute, .edits = 1, .called = 1, .configured = configured,
            .streams =
            streams,
    .check = check, .run = hook_watch, .webhook = webhook, .prepare = prepare, .encode = teams_encode, .decode_sent = teams_decode_sent,
};
