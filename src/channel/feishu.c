// SPDX-License-Identifier: Apache-2.0
/* The connection to Feishu: calls with the app's access token, and events by webhook or by the long connection. */
#include "channel/feishu.h"

#include "base/log.h"
#include "base/utf8.h"
#include "channel/hook.h"
#include "channel/token.h"
#include "config/config.h"
#include "net/server.h"
#include "net/url.h"
#include "runtime/clock.h"
#include "runtime/fiber.h"

enum { CHECK_MS = 10 * 60 * 1000, TOKEN_LIVES_S = 7200, ID_BYTES = 100, TOAST_BYTES = 60 };

/* Our open_id, by which mentions name us.  There is one bot a program. */
static char bot_id[ID_BYTES];

/* ---- access tokens ---- */

const char *feishu_url(struct arena *a, const char *path)
{
    return url_join(a, str_from(config_now()->platforms_feishu_api_url), str_from(arena_printf(a, "open-apis/%s", path)));
}

static enum err ask_token(struct arena *a, str *ret_token, uint64_t *ret_lives_ms) AWAITS
{
    const struct config *c = config_now();
    CLEANUP(json_decrefp) json_t *body = json_pack("{s:s, s:s}", "app_id", c->platforms_feishu_app_id, "app_secret",
                                                   c->platforms_feishu_app_secret);
    CLEANUP(json_decrefp) json_t *j = NULL;
    struct http_response answer;
    bool expired;

    TRY(platform_fetch(a, &(struct platform_call){ .platform = "Feishu", .body = body,
                       .url = feishu_url(a, "auth/v3/tenant_access_token/internal") }, &answer, &j));
    TRY(feishu_result(answer.status, j, &expired));
    *ret_token = arena_str(a, json_text_str(j, "tenant_access_token"));
    *ret_lives_ms = (uint64_t)json_int(j, "expire", TOKEN_LIVES_S) * 1000;
    return OK;
}

static struct token access_token = { .ask = ask_token };

enum err feishu_token(struct arena *a, str *out)
{
    return token_get(&access_token, a, out);
}

void feishu_token_forget(void)
{
    token_forget(&access_token);
}

/* ---- calls ---- */

static enum err call_once(struct arena *a, const struct platform_call *c, struct http_response *out, json_t **ret_json, bool *ret_expired)
        AWAITS
{
    struct platform_call call = *c;
    str token;
    bool json;

    *ret_expired = false;
    TRY(feishu_token(a, &token));
    call.platform = "Feishu";
    call.authorization = arena_printf(a, "Bearer %.*s", STR(token));
    TRY(platform_fetch(a, &call, out, ret_json));
    json = json_is_integer(json_object_get(*ret_json, "code"));
    return json || out->status != 200 ? feishu_result(out->status, *ret_json, ret_expired) : OK;
}

enum err feishu_call(struct arena *a, const struct platform_call *c, struct http_response *out, json_t **ret_json)
{
    bool expired;
    enum err e = call_once(a, c, out, ret_json, &expired);

    if (!e || !expired)
        return e;
    feishu_token_forget();
    json_decref(*ret_json);
    *ret_json = NULL;
    return call_once(a, c, out, ret_json, &expired);
}

static enum err locate(const struct channel_host *host UNUSED, struct arena *a, struct incoming_file *f) AWAITS
{
    CLEANUP(json_decrefp) json_t *j = NULL;
    struct http_response answer;

    TRY(feishu_call(a, &(struct platform_call){ .url = feishu_url(a, arena_printf(a, "im/v1/messages/%.*s", STR(f->id))),
                    .max_body = config_now()->blobs_max_size }, &answer, &j));
    f->bytes = answer.body;
    return OK;
}

static enum err check(struct arena *a, str *ret_who) AWAITS
{
    CLEANUP(json_decrefp) json_t *j = NULL;
    struct http_response answer;

    log_mask(str_from(config_now()->platforms_feishu_app_secret));
    TRY(feishu_call(a, &(struct platform_call){ .url = feishu_url(a, "bot/v3/info") }, &answer, &j));
    str id = json_text_str(j, "bot.open_id");
    if (!id.len)
        return failed(ERR_AUTH, "the Feishu app has no bot: turn it on, and publish a version");
    snprintf(bot_id, sizeof bot_id, "%.*s", STR(id));
    *ret_who = str_from(arena_printf(a, "%.*s (%s)", STR(json_text_str(j, "bot.app_name")), bot_id));
    return OK;
}

/* ---- events ---- */

static str toast(struct arena *a, str reply)
{
    CLEANUP(json_decrefp) json_t *j = json_pack("{s:{s:s, s:o}}", "toast", "type", "info", "content",
                                                json_from_str(utf8_take(reply, TOAST_BYTES)));

    return json_print(a, j);
}

enum err feishu_take(const struct channel_host *host, struct arena *a, const json_t *event, str *ret_reply)
{
    struct feishu_message *m = ARENA_NEW(a, struct feishu_message);
    bool wanted;

    *ret_reply = S("{}");
    if (feishu_decode(a, event, str_from(bot_id), m, &wanted)) {
        log_event(LOG_WARN, "feishu.odd_event", F("error", failed_text()));
        return OK;      /* it would be as odd the next time */
    }
    if (!wanted)
        return OK;
    TRY(incoming_files(host, a, &m->message, m->files, m->n_files, locate));
    TRY(host->receive(host, &m->message, 1));
    if (m->pressed)
        *ret_reply = toast(a, m->message.text);
    return OK;
}

/* ---- the webhook ---- */

static bool by_webhook(void)
{
    return str_eq(str_from(config_now()->platforms_feishu_connection), S("webhook"));
}

/* Whoever knows the key may ask for the challenge; all else is signed, lately. */
static enum err check_signed(struct http_exchange *x, str key)
{
    str timestamp = http_exchange_field(x, S("X-Lark-Request-Timestamp")), nonce = http_exchange_field(x, S("X-Lark-Request-Nonce"));
    str signature = http_exchange_field(x, S("X-Lark-Signature"));

    if (!timestamp.p || !signature.p || !feishu_signed(x->arena, key, timestamp, nonce, x->body, signature))
        return failed(ERR_AUTH, "the signature is not Feishu's: check platforms.feishu.encrypt_key");
    return hook_seconds_are_fresh(timestamp) ? OK : failed(ERR_AUTH, "the call is too old, or one of the clocks is wrong");
}

static enum err open_body(struct http_exchange *x, json_t **ret) AWAITS
{
    const struct config *c = config_now();
    CLEANUP(json_decrefp) json_t *outer = NULL;
    CLEANUP(json_decrefp) json_t *j = NULL;
    str key = str_from(c->platforms_feishu_encrypt_key), token = str_from(c->platforms_feishu_verification_token), plain;

    TRY(json_parse(x->body, &outer));
    if (key.len) {
        TRY(feishu_decrypt(x->arena, key, json_text_str(outer, "encrypt"), &plain));
        TRY(json_parse(plain, &j));
    } else {
        j = json_incref(outer);
    }
    bool challenge = str_eq(json_text_str(j, "type"), S("url_verification"));
    if (key.len && !challenge)
        TRY(check_signed(x, key));
    if (token.len && !str_eq_secret(json_text_str(j, challenge ? "token" : "header.token"), token))
        return failed(ERR_AUTH, "the token is not Feishu's: check platforms.feishu.verification_token");
    *ret = json_incref(j);
    return OK;
}

static enum err answer_challenge(struct http_exchange *x, const json_t *j) AWAITS
{
    CLEANUP(json_decrefp) json_t *said = json_pack("{s:s}", "challenge", json_text(j, "challenge"));

    return http_answer(x, 200, S("application/json"), json_print(x->arena, said));
}

static enum err webhook(const struct channel_host *host, struct http_exchange *x) AWAITS
{
    const struct config *c = config_now();
    CLEANUP(json_decrefp) json_t *j = NULL;
    str reply;

    bool keyed = c->platforms_feishu_encrypt_key[0] || c->platforms_feishu_verification_token[0];

    if (!by_webhook() || !str_eq(x->method, S("POST")) || !keyed)
        return http_answer(x, 404, S("text/plain"), S("not here\n"));
    enum err e = open_body(x, &j);
    if (e) {
        log_event(LOG_WARN, "feishu.refused", F("error", failed_text()));
        return http_answer(x, e == ERR_AUTH ? 401 : 400, S("text/plain"), S("not understood, or not signed by Feishu\n"));
    }
    if (str_eq(json_text_str(j, "type"), S("url_verification")))
        return answer_challenge(x, j);
    if (feishu_take(host, x->arena, j, &reply)) {
        log_event(LOG_WARN, "feishu.not_stored", F("error", failed_text()));
        return http_answer(x, 503, S("text/plain"), S("not stored\n"));
    }
    host->health(host, OK, "Feishu calls");
    return http_answer(x, 200, S("application/json"), reply);
}

/* ---- run ---- */

static enum err watch(const struct channel_host *host) AWAITS
{
    for (;;) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        str who;

        host->health(host, OK, "Feishu answers");
        TRY(fiber_sleep(CHECK_MS));
        TRY(check(a, &who));
    }
}

static enum err run(const struct channel_host *host) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    str who;

    feishu_token_forget();      /* the settings may be others */
    TRY(check(a, &who));
    return by_webhook() ? watch(host) : feishu_socket(host);
}

static bool configured(void)
{
    return config_now()->platforms_feishu_app_id[0] && config_now()->platforms_feishu_app_secret[0];
}

static bool streams(void)
{
    return config_now()->platforms_feishu_stream;
}

static unsigned chat_per_minute(str chat_id UNUSED)
{
    return 5 * 60;      /* 5 a second to a person and in a group */
}

static const struct channel_key keys[] = {
    { "platforms.feishu.app_id", "App ID (developer console, Credentials)", "App ID（开发者后台「凭证与基础信息」）", false },
    { "platforms.feishu.app_secret", "App Secret (same page)", "App Secret（同一页面）", false },
};

const struct channel channel_feishu = {
    .name = "feishu", .title = "Feishu", .proven_by = "@larksuiteoapi/node-sdk 1.74.0", .keys = keys, .n_keys = N_ELEMENTS(keys),
    .markup = MARKUP_FEISHU, .unit = UNIT_BYTE, .text_max = FEISHU_TEXT_BYTES, .file_max = FEISHU_FILE_BYTES,
    .global_per_second = 16, .chat_per_minute = chat_per_minute, .edits = 1, .files = 1, .streams = streams,
    .configured = configured, .check = check, .run = run, .webhook = webhook,
    .prepare = feishu_prepare, .encode = feishu_encode, .decode_sent = feishu_decode_sent, .resolve = feishu_resolve,
    .addresses = "#group, @address@example.org, @phone number, or the id of a group (oc_...) or a person (ou_...)",
};
