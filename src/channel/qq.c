// SPDX-License-Identifier: Apache-2.0
/* The connection to QQ: calls with the bot's access token; events by the gateway's WebSocket, or QQ calls. */
#include "channel/qq.h"

#include "base/log.h"
#include "channel/token.h"
#include "config/config.h"
#include "net/url.h"

enum { TOKEN_LIVES_S = 7200, OP_DISPATCH = 0, OP_ACK = 12, OP_CHALLENGE = 13 };

/* ---- calls ---- */

const char *qq_url(struct arena *a, const char *path)
{
    return url_join(a, str_from(config_now()->platforms_qq_api_url), str_from(path));
}

/* How long it lives comes as text. */
static uint64_t lives_ms(const json_t *j)
{
    uint64_t seconds;

    if (str_u64(json_text_str(j, "expires_in"), &seconds) != OK)
        seconds = (uint64_t)json_int(j, "expires_in", TOKEN_LIVES_S);
    return seconds * 1000;
}

static enum err ask_token(struct arena *a, str *ret_token, uint64_t *ret_lives_ms) AWAITS
{
    const struct config *c = config_now();
    CLEANUP(json_decrefp) json_t *body = json_pack("{s:s, s:s}", "appId", c->platforms_qq_app_id, "clientSecret", c->platforms_qq_secret);
    CLEANUP(json_decrefp) json_t *j = NULL;
    struct http_response answer;
    bool expired;

    TRY(platform_fetch(a, &(struct platform_call){ .platform = "QQ", .body = body,
                       .url = url_join(a, str_from(c->platforms_qq_token_url), S("app/getAppAccessToken")) }, &answer, &j));
    TRY(qq_result(&answer, j, &expired));
    *ret_token = arena_str(a, json_text_str(j, "access_token"));
    *ret_lives_ms = lives_ms(j);
    return OK;
}

static struct token access_token = { .ask = ask_token };

enum err qq_token(struct arena *a, str *out)
{
    return token_get(&access_token, a, out);
}

void qq_token_forget(void)
{
    token_forget(&access_token);
}

static enum err call_once(struct arena *a, const struct platform_call *c, json_t **ret_json, bool *ret_expired) AWAITS
{
    struct platform_call call = *c;
    struct http_response answer;
    str token;

    *ret_expired = false;
    TRY(qq_token(a, &token));
    call.platform = "QQ";
    call.authorization = arena_printf(a, "QQBot %.*s", STR(token));
    TRY(platform_fetch(a, &call, &answer, ret_json));
    return answer.status == 204 ? OK : qq_result(&answer, *ret_json, ret_expired);
}

enum err qq_call(struct arena *a, const struct platform_call *c, json_t **ret_json)
{
    bool expired;
    enum err e = call_once(a, c, ret_json, &expired);

    if (!e || !expired)
        return e;
    qq_token_forget();
    json_decref(*ret_json);
    *ret_json = NULL;
    return call_once(a, c, ret_json, &expired);
}

static enum err check(struct arena *a, str *ret_who) AWAITS
{
    CLEANUP(json_decrefp) json_t *j = NULL;

    log_mask(str_from(config_now()->platforms_qq_secret));
    TRY(qq_call(a, &(struct platform_call){ .url = qq_url(a, "users/@me") }, &j));
    *ret_who = str_from(arena_printf(a, "%s (%s)", json_text(j, "username"), json_text(j, "id")));
    return OK;
}

/* ---- events ---- */

/* Until it is told, the person's button shows that it waits.  What fails here is for the eye only. */
static void tell_heard(struct arena *a, str press) AWAITS
{
    CLEANUP(json_decrefp) json_t *j = NULL;
    CLEANUP(json_decrefp) json_t *body = json_pack("{s:i}", "code", 0);

    if (qq_call(a, &(struct platform_call){ .method = "PUT", .body = body,
                .url = qq_url(a, arena_printf(a, "interactions/%.*s", STR(press))) }, &j))
        log_event(LOG_DEBUG, "qq.press_untold", F("error", failed_text()));
}

enum err qq_take(const struct channel_host *host, struct arena *a, const json_t *payload)
{
    struct hook_message *m = ARENA_NEW(a, struct hook_message);
    bool wanted;
    str press;

    if (qq_decode(a, payload, m, &press, &wanted)) {
        log_event(LOG_WARN, "qq.odd_event", F("error", failed_text()));
        return OK;      /* it would be as odd the next time */
    }
    if (!wanted)
        return OK;
    TRY(hook_store(host, a, &m, 1, NULL));
    if (press.len)
        tell_heard(a, press);
    return OK;
}

static bool by_webhook(void)
{
    return str_eq(str_from(config_now()->platforms_qq_connection), S("webhook"));
}

/* QQ asks whether the address is ours; whoever has the secret can say. */
static enum err answer_challenge(struct http_exchange *x, const json_t *d) AWAITS
{
    str token = json_text_str(d, "plain_token");
    str signature = qq_signature(x->arena, str_from(config_now()->platforms_qq_secret), json_text_str(d, "event_ts"), token);
    CLEANUP(json_decrefp) json_t *j = json_pack("{s:o, s:o}", "plain_token", json_from_str(token), "signature", json_from_str(signature));

    return http_answer(x, 200, S("application/json"), json_print(x->arena, j));
}

static bool is_signed(struct http_exchange *x)
{
    str timestamp = http_exchange_field(x, S("X-Signature-Timestamp")), signature = http_exchange_field(x, S("X-Signature-Ed25519"));

    return timestamp.p && signature.p && qq_signed(x->arena, str_from(config_now()->platforms_qq_secret), timestamp, x->body, signature)
           && hook_seconds_are_fresh(timestamp);
}

static enum err webhook(const struct channel_host *host, struct http_exchange *x) AWAITS
{
    CLEANUP(json_decrefp) json_t *j = NULL;

    if (!by_webhook() || !str_eq(x->method, S("POST")))
        return hook_answer(x, 404, "not here\n");
    if (!is_signed(x))
        return hook_answer(x, 401, "not signed by QQ, or too old\n");
    if (json_parse(x->body, &j))
        return hook_answer(x, 400, "not JSON\n");
    if (json_int(j, "op", -1) == OP_CHALLENGE)
        return answer_challenge(x, json_at(j, "d"));
    if (json_int(j, "op", -1) == OP_DISPATCH && qq_take(host, x->arena, j)) {
        log_event(LOG_WARN, "qq.not_stored", F("error", failed_text()));
        return hook_answer(x, 503, "not stored\n");
    }
    host->health(host, OK, "QQ calls");
    return http_answer(x, 200, S("application/json"), str_from(arena_printf(x->arena, "{\"op\":%d,\"d\":0}", OP_ACK)));
}

/* ---- run ---- */

static enum err run(const struct channel_host *host) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    str who;

    qq_token_forget();      /* the settings may be others */
    if (by_webhook())
        return hook_watch(host);
    TRY(check(a, &who));
    return qq_gateway(host);
}

static bool configured(void)
{
    return config_now()->platforms_qq_app_id[0] && config_now()->platforms_qq_secret[0];
}

static unsigned chat_per_minute(str chat_id UNUSED)
{
    return 60;
}

static const struct channel_key keys[] = {
    { "platforms.qq.app_id", "AppID (q.qq.com, Development, Settings)", "AppID（q.qq.com「开发 - 开发设置」）", false },
    { "platforms.qq.secret", "AppSecret (same page)", "AppSecret（同一页面）", false },
};

const struct channel channel_qq = {
    .name = "qq", .title = "QQ", .proven_by = NULL, .keys = keys, .n_keys = N_ELEMENTS(keys),
    .markup = MARKUP_MARKDOWN, .unit = UNIT_CHARACTER, .text_max = QQ_TEXT_CHARACTERS, .file_max = QQ_FILE_BYTES,
    .global_per_second = 20, .chat_per_minute = chat_per_minute, .files = 1, .takes_file = qq_takes_file,
    .configured = configured, .check = check, .run = run, .webhook = webhook,
    .prepare = qq_prepare, .encode = qq_encode, .decode_sent = qq_decode_sent,
};
