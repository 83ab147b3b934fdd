// SPDX-License-Identifier: Apache-2.0
/* The connection to DingTalk: calls with the app's access token; messages come by Stream mode, or DingTalk calls. */
#include "channel/dingtalk.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "channel/start.h"
#include "channel/token.h"
#include "config/config.h"
#include "net/url.h"
#include "runtime/clock.h"

enum { TOKEN_LIVES_S = 7200, SESSIONS_MAX = 1000, SESSION_MARGIN_MS = 60 * 1000, SESSION_STEP_MS = 10 * 60 * 1000 };

extern const struct channel channel_dingtalk;

/* ---- conversations' addresses ---- */

struct session { char *url; int64_t until_ms; };
static struct map sessions;         /* by chat; remembered, too */

static void forget_sessions(void)
{
    const struct map_entry *e;

    for (size_t i = 0; map_next(&sessions, &i, &e);) {
        struct session *s = e->value;

        free(s->url);
        free(s);
    }
    map_done(&sessions);
    sessions = (struct map){0};
}

/* What is written there must not go anywhere else. */
static bool is_dingtalks(str url)
{
    return str_starts(url, str_from(config_now()->platforms_dingtalk_old_api_url));
}

static void keep_session(str chat, const struct dingtalk_session *from)
{
    struct session *s, *old;

    if (sessions.n >= SESSIONS_MAX)
        forget_sessions();
    s = NEW(struct session);
    *s = (struct session){ str_dup_c(from->url), from->until_ms };
    if (!(old = map_put(&sessions, chat, s)))
        return;
    free(old->url);
    free(old);
}

static const char *session_key(struct arena *a, str chat)
{
    return arena_printf(a, "session %.*s", STR(chat));
}

/* "UNTIL URL": an address that only lives on is not written down anew with every message. */
static enum err remember_session(const struct channel_host *host, struct arena *a, str chat, const struct dingtalk_session *from) AWAITS
{
    const struct session *s = map_get(&sessions, chat);

    if (!from->url.len || !is_dingtalks(from->url))
        return OK;
    if (s && str_eq(str_from(s->url), from->url) && from->until_ms < s->until_ms + SESSION_STEP_MS)
        return OK;
    keep_session(chat, from);
    return host->remember(host, str_from(session_key(a, chat)),
                          str_from(arena_printf(a, "%lld %.*s", (long long)from->until_ms, STR(from->url))));
}

static enum err recall_session(struct arena *a, str chat) AWAITS
{
    const struct channel_host *host = channels_host(&channel_dingtalk);
    struct dingtalk_session found = {0};
    str line = S(""), until = S("");

    if (host)
        TRY(host->recall(host, a, str_from(session_key(a, chat)), &line));
    if (!str_split(&line, ' ', &until) || str_i64(until, &found.until_ms) || !is_dingtalks(line))
        return OK;
    found.url = line;
    keep_session(chat, &found);
    return OK;
}

enum err dingtalk_session_of(struct arena *a, str chat, str *ret_url)
{
    if (!map_get(&sessions, chat))
        TRY(recall_session(a, chat));
    const struct session *s = map_get(&sessions, chat);

    *ret_url = s && s->until_ms > clock_wall_ms() + SESSION_MARGIN_MS ? arena_str(a, str_from(s->url)) : S("");
    return OK;
}

/* ---- calls ---- */

const char *dingtalk_url(struct arena *a, const char *path)
{
    return url_join(a, str_from(config_now()->platforms_dingtalk_api_url), str_from(path));
}

const char *dingtalk_old_url(struct arena *a, const char *path)
{
    return url_join(a, str_from(config_now()->platforms_dingtalk_old_api_url), str_from(path));
}

str dingtalk_robot_code(void)
{
    const struct config *c = config_now();

    return str_from(c->platforms_dingtalk_robot_code[0] ? c->platforms_dingtalk_robot_code : c->platforms_dingtalk_client_id);
}

static enum err ask_token(struct arena *a, str *ret_token, uint64_t *ret_lives_ms) AWAITS
{
    const struct config *c = config_now();
    CLEANUP(json_decrefp) json_t *body = json_pack("{s:s, s:s}", "appKey", c->platforms_dingtalk_client_id, "appSecret",
                                                   c->platforms_dingtalk_client_secret);
    CLEANUP(json_decrefp) json_t *j = NULL;
    struct http_response answer;
    bool expired;

    TRY(platform_fetch(a, &(struct platform_call){ .platform = "DingTalk", .body = body,
                       .url = dingtalk_url(a, "v1.0/oauth2/accessToken") }, &answer, &j));
    TRY(dingtalk_result(&answer, j, &expired));
    *ret_token = arena_str(a, json_text_str(j, "accessToken"));
    *ret_lives_ms = (uint64_t)json_int(j, "expireIn", TOKEN_LIVES_S) * 1000;
    return OK;
}

static struct token access_token = { .ask = ask_token };

enum err dingtalk_token(struct arena *a, str *out)
{
    return token_get(&access_token, a, out);
}

void dingtalk_token_forget(void)
{
    token_forget(&access_token);
}

static enum err ask_address(struct arena *a, const struct incoming_file *f, json_t **ret, bool *ret_expired) AWAITS
{
    CLEANUP(json_decrefp) json_t *body = json_pack("{s:o, s:o}", "downloadCode", json_from_str(f->id), "robotCode",
                                                   json_from_str(dingtalk_robot_code()));
    struct http_response answer;
    str token;

    *ret_expired = false;
    TRY(dingtalk_token(a, &token));
    TRY(platform_fetch(a, &(struct platform_call){ .platform = "DingTalk", .body = body,
                       .url = dingtalk_url(a, "v1.0/robot/messageFiles/download"),
                       .fields = &(struct http_field){ S("x-acs-dingtalk-access-token"), token }, .n_fields = 1 }, &answer, ret));
    return dingtalk_result(&answer, *ret, ret_expired);
}

static enum err locate(const struct channel_host *host UNUSED, struct arena *a, struct incoming_file *f) AWAITS
{
    CLEANUP(json_decrefp) json_t *j = NULL;
    bool expired;
    enum err e = ask_address(a, f, &j, &expired);

    if (e && expired) {
        dingtalk_token_forget();
        json_decref(j);
        j = NULL;
        e = ask_address(a, f, &j, &expired);
    }
    TRY(e);
    f->request.url = arena_c(a, json_text_str(j, "downloadUrl"));
    return f->request.url[0] ? OK : failed(ERR_REMOTE, "DingTalk does not say where the file is");
}

static enum err check(struct arena *a, str *ret_who) AWAITS
{
    str token;

    log_mask(str_from(config_now()->platforms_dingtalk_client_secret));
    dingtalk_token_forget();
    TRY(dingtalk_token(a, &token));
    *ret_who = arena_str(a, dingtalk_robot_code());
    return OK;
}

/* ---- messages ---- */

enum err dingtalk_take(const struct channel_host *host, struct arena *a, const json_t *j)
{
    struct hook_message *m = ARENA_NEW(a, struct hook_message);
    struct dingtalk_session session;
    bool wanted;

    if (dingtalk_decode(a, j, m, &session, &wanted)) {
        log_event(LOG_WARN, "dingtalk.odd_message", F("error", failed_text()));
        return OK;      /* it would be as odd the next time */
    }
    if (!wanted)
        return OK;
    TRY(remember_session(host, a, m->message.chat_id, &session));
    return hook_store(host, a, &m, 1, locate);
}

static bool by_webhook(void)
{
    return str_eq(str_from(config_now()->platforms_dingtalk_connection), S("webhook"));
}

static enum err webhook(const struct channel_host *host, struct http_exchange *x) AWAITS
{
    CLEANUP(json_decrefp) json_t *j = NULL;
    str timestamp = http_exchange_field(x, S("timestamp")), sign = http_exchange_field(x, S("sign"));
    int64_t at;

    if (!by_webhook() || !str_eq(x->method, S("POST")))
        return hook_answer(x, 404, "not here\n");
    if (!timestamp.p || !sign.p || !dingtalk_signed(x->arena, str_from(config_now()->platforms_dingtalk_client_secret), timestamp, sign)
        || str_i64(timestamp, &at) || !hook_is_fresh(at))
        return hook_answer(x, 401, "not signed by DingTalk, or too old\n");
    if (json_parse(x->body, &j))
        return hook_answer(x, 400, "not JSON\n");
    return hook_answer_stored(host, x, dingtalk_take(host, x->arena, j));
}

static enum err run(const struct channel_host *host) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    str who;

    if (by_webhook())
        return hook_watch(host);
    TRY(check(a, &who));
    return dingtalk_stream(host);
}

static bool configured(void)
{
    return config_now()->platforms_dingtalk_client_id[0] && config_now()->platforms_dingtalk_client_secret[0];
}

static unsigned chat_per_minute(str chat_id UNUSED)
{
    return 20;
}

static const struct channel_key keys[] = {
    { "platforms.dingtalk.client_id", "Client ID (developer console, Credentials; once AppKey)", "Client ID（开发者后台「凭证与基础信息」，原 AppKey）",
      false },
    { "platforms.dingtalk.client_secret", "Client Secret (same page; once AppSecret)", "Client Secret（同一页面，原 AppSecret）", false },
    { "platforms.dingtalk.robot_code", "RobotCode, if it is not the Client ID", "RobotCode（与 Client ID 相同时可留空）", true },
};

const struct channel channel_dingtalk = {
    .name = "dingtalk", .title = "DingTalk", .proven_by = "dingtalk-stream 2.1.5 (Stream mode)", .keys = keys, .n_keys = N_ELEMENTS(keys),
    .markup = MARKUP_DINGTALK, .unit = UNIT_BYTE, .text_max = DINGTALK_TEXT_BYTES, .file_max = DINGTALK_FILE_BYTES,
    .global_per_second = 20, .chat_per_minute = chat_per_minute, .files = 1, .takes_file = dingtalk_takes_file,
    .configured = configured, .check = check, .run = run, .webhook = webhook,
    .prepare = dingtalk_prepare, .encode = dingtalk_encode, .decode_sent = dingtalk_decode_sent,
};
