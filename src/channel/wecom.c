// SPDX-License-Identifier: Apache-2.0
/* The connection to WeCom: it calls us, in an envelope; we call it, with an access token that both sides may end at any
 * moment.  Token and robot key are part of addresses, so no address ever stands in an error or a log line. */
#include "channel/wecom.h"

#include "base/log.h"
#include "base/utf8.h"
#include "channel/hook.h"
#include "channel/platform_api.h"
#include "channel/token.h"
#include "config/config.h"
#include "net/server.h"
#include "runtime/clock.h"
#include "runtime/fiber.h"

enum { CHECK_MS = 10 * 60 * 1000, TOKEN_LIVES_S = 7200, MARK_CHARACTERS = 20 };

/* ---- access tokens ---- */

static enum err ask_token(struct arena *a, str *ret_token, uint64_t *ret_lives_ms) AWAITS
{
    CLEANUP(json_decrefp) json_t *j = NULL;
    CLEANUP(buf_done) struct buf query = {0};
    const struct config *c = config_now();
    struct http_response answer;
    bool expired;

    platform_add_pair(&query, "corpid", str_from(c->platforms_wecom_corp_id));
    platform_add_pair(&query, "corpsecret", str_from(c->platforms_wecom_secret));
    TRY(platform_fetch(a, &(struct platform_call){ .platform = "WeCom",
                       .url = arena_printf(a, "%s/cgi-bin/gettoken?%s", c->platforms_wecom_api_url, buf_c(&query)) }, &answer, &j));
    TRY(wecom_result(answer.status, j, &expired));
    *ret_token = arena_str(a, json_text_str(j, "access_token"));
    *ret_lives_ms = (uint64_t)json_int(j, "expires_in", TOKEN_LIVES_S) * 1000;
    return OK;
}

static struct token access_token = { .ask = ask_token };

enum err wecom_token(struct arena *a, str *out)
{
    return token_get(&access_token, a, out);
}

void wecom_token_forget(void)
{
    token_forget(&access_token);
}

/* ---- calls ---- */

static enum err call_once(struct arena *a, const char *path, const json_t *body, struct http_response *out, json_t **ret_json,
                          bool *ret_expired) AWAITS
{
    str token;
    bool json;

    *ret_expired = false;
    TRY(wecom_token(a, &token));
    TRY(platform_fetch(a, &(struct platform_call){ .platform = "WeCom", .url = wecom_url(a, path, token), .body = body,
                       .max_body = config_now()->blobs_max_size }, out, ret_json));
    json = json_is_object(*ret_json) && json_at(*ret_json, "errcode");
    return json || out->status != 200 ? wecom_result(out->status, *ret_json, ret_expired) : OK;
}

/* An answer without errcode is a file's bytes.  *ret_json is a new reference or NULL. */
static enum err call(struct arena *a, const char *path, const json_t *body, struct http_response *out, json_t **ret_json) AWAITS
{
    bool expired;
    enum err e = call_once(a, path, body, out, ret_json, &expired);

    if (!e || !expired)
        return e;
    wecom_token_forget();
    json_decref(*ret_json);
    *ret_json = NULL;
    return call_once(a, path, body, out, ret_json, &expired);
}

static enum err locate(const struct channel_host *host UNUSED, struct arena *a, struct incoming_file *f) AWAITS
{
    CLEANUP(json_decrefp) json_t *j = NULL;
    CLEANUP(buf_done) struct buf path = {0};
    struct http_response answer;

    platform_add_pair(&path, "media_id", f->id);
    TRY(call(a, arena_printf(a, "cgi-bin/media/get?%s", buf_c(&path)), NULL, &answer, &j));
    f->bytes = answer.body;
    return OK;
}

static enum err check(struct arena *a, str *ret_who) AWAITS
{
    CLEANUP(json_decrefp) json_t *j = NULL;
    const struct config *c = config_now();
    struct http_response answer;

    log_mask(str_from(c->platforms_wecom_secret));
    log_mask(str_from(c->platforms_wecom_robot_key));
    if (!c->platforms_wecom_corp_id[0]) {
        *ret_who = S("a group robot, which cannot be asked");
        return OK;
    }
    TRY(call(a, arena_printf(a, "cgi-bin/agent/get?agentid=%llu", (unsigned long long)c->platforms_wecom_agent_id), NULL, &answer, &j));
    *ret_who = str_from(arena_printf(a, "%.*s (%llu)", STR(json_text_str(j, "name")), (unsigned long long)c->platforms_wecom_agent_id));
    return OK;
}

/* ---- callbacks ---- */

/* Takes the buttons off a card, so that nobody wonders whether the press was heard.  What fails here is for the eye only. */
static void tell_heard(struct arena *a, const struct wecom_message *m) AWAITS
{
    CLEANUP(json_decrefp) json_t *j = NULL;
    CLEANUP(json_decrefp) json_t *body = NULL;
    struct http_response answer;
    str mark = utf8_take(m->message.text, MARK_CHARACTERS);

    body = json_pack("{s:[o], s:I, s:o, s:{s:o}}", "userids", json_from_str(m->message.user_id),
                     "agentid", (json_int_t)config_now()->platforms_wecom_agent_id, "response_code", json_from_str(m->pressed),
                     "button", "replace_name", json_from_str(mark));
    if (call(a, "cgi-bin/message/update_template_card", body, &answer, &j))
        log_event(LOG_DEBUG, "wecom.press_untold", F("error", failed_text()));
}

static bool query(struct http_exchange *x, const char *name, str *out)
{
    *out = S("");
    return http_query(x, str_from(name), out) && out->len;
}

static struct wecom_keys keys_now(void)
{
    const struct config *c = config_now();

    return (struct wecom_keys){ str_from(c->platforms_wecom_token), str_from(c->platforms_wecom_encoding_aes_key),
                                str_from(c->platforms_wecom_corp_id) };
}

/* *ret_status: what to answer where this fails. */
static enum err open_envelope(struct http_exchange *x, str text, str *ret_plain, int *ret_status)
{
    struct wecom_sealed sealed = { .text = text };
    struct wecom_keys keys = keys_now();
    enum err e;

    *ret_status = 401;
    if (!query(x, "msg_signature", &sealed.signature) || !query(x, "timestamp", &sealed.timestamp) || !query(x, "nonce", &sealed.nonce))
        return failed(ERR_AUTH, "the call has no signature");
    if (!hook_seconds_are_fresh(sealed.timestamp))
        return failed(ERR_AUTH, "the call is too old, or one of the clocks is wrong");
    e = wecom_unseal(x->arena, &keys, &sealed, ret_plain);
    *ret_status = e == ERR_AUTH ? 401 : 400;
    return e;
}

static enum err refuse(struct http_exchange *x, int status) AWAITS
{
    log_event(LOG_WARN, "wecom.refused", F("status", status), F("error", failed_text()));
    return http_answer(x, status, S("text/plain"), status == 401 ? S("not signed by WeCom\n") : S("not understood\n"));
}

static enum err verify(struct http_exchange *x) AWAITS
{
    str echo, plain;
    int status;

    if (!query(x, "echostr", &echo))
        return http_answer(x, 400, S("text/plain"), S("no echostr\n"));
    if (open_envelope(x, echo, &plain, &status))
        return refuse(x, status);
    return http_answer(x, 200, S("text/plain"), plain);
}

/* ERR_INPUT: odd, and would be as odd the next time. */
static enum err take(const struct channel_host *host, struct arena *a, str plain, struct wecom_message *m) AWAITS
{
    bool wanted;

    *m = (struct wecom_message){0};
    TRY(wecom_decode(a, plain, m, &wanted));
    if (!wanted)
        return OK;
    TRY(incoming_files(host, a, &m->message, m->files, m->n_files, locate));
    return host->receive(host, &m->message, 1);
}

/* 200 only when the message is stored: WeCom calls again otherwise, three times in all. */
static enum err accept_message(const struct channel_host *host, struct http_exchange *x) AWAITS
{
    struct wecom_xml *outer = ARENA_NEW(x->arena, struct wecom_xml);
    struct wecom_message m;
    str plain;
    int status;
    enum err e;

    if (wecom_xml_parse(x->arena, x->body, outer))
        return refuse(x, 400);
    if (open_envelope(x, wecom_xml_text(outer, "Encrypt"), &plain, &status))
        return refuse(x, status);
    e = take(host, x->arena, plain, &m);
    if (e)
        log_event(LOG_WARN, e == ERR_INPUT ? "wecom.odd_message" : "wecom.not_stored", F("error", failed_text()));
    if (e && e != ERR_INPUT)
        return http_answer(x, 503, S("text/plain"), S("not stored\n"));
    host->health(host, OK, "WeCom calls");
    TRY(http_answer(x, 200, S("text/plain"), S("success")));
    if (!e && m.pressed.len)
        tell_heard(x->arena, &m);
    return OK;
}

static enum err webhook(const struct channel_host *host, struct http_exchange *x) AWAITS
{
    if (!config_now()->platforms_wecom_token[0])
        return http_answer(x, 404, S("text/plain"), S("not here\n"));
    return str_eq(x->method, S("GET")) ? verify(x) : accept_message(host, x);
}

/* ---- run ---- */

/* WeCom calls; all there is to do is to ask now and then whether it still knows us. */
static enum err run(const struct channel_host *host) AWAITS
{
    wecom_token_forget();       /* the settings may be others */
    for (;;) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        str who;

        TRY(check(a, &who));
        host->health(host, OK, "WeCom answers");
        TRY(fiber_sleep(CHECK_MS));
    }
}

static bool configured(void)
{
    const struct config *c = config_now();

    return (c->platforms_wecom_corp_id[0] && c->platforms_wecom_secret[0]) || c->platforms_wecom_robot_key[0];
}

/* developer.work.weixin.qq.com/document/path/90664: 30 a minute to a member; a robot 20 a minute. */
static unsigned chat_per_minute(str chat_id)
{
    return str_eq(chat_id, S("robot")) ? 20 : 30;
}

static const struct channel_key keys[] = {
    { "platforms.wecom.corp_id", "Corp id (admin console, My Company)", "企业 ID（管理后台「我的企业」页底部）", false },
    { "platforms.wecom.agent_id", "The app's AgentId (admin console, Apps)", "应用的 AgentId（管理后台「应用管理」）", false },
    { "platforms.wecom.secret", "The app's Secret", "应用的 Secret", false },
    { "platforms.wecom.token", "Token of the app's message receiver (Receive Messages, Set API)", "接收消息服务器配置里的 Token", false },
    { "platforms.wecom.encoding_aes_key", "EncodingAESKey of the same page", "同一页面的 EncodingAESKey", false },
    { "platforms.wecom.robot_key", "Key of a group robot's webhook, for messages to a group", "群机器人 Webhook 地址中的 key（可选，用于向群发消息）",
      true },
};

const struct channel channel_wecom = {
    .name = "wecom", .title = "WeCom", .proven_by = "@wecom/crypto 1.0.1 (callbacks)", .keys = keys, .n_keys = N_ELEMENTS(keys),
    .markup = MARKUP_WECOM, .unit = UNIT_BYTE, .text_max = WECOM_TEXT_BYTES, .file_max = WECOM_FILE_BYTES,
    .global_per_second = 100, .chat_per_minute = chat_per_minute, .files = 1,
    .called = 1, .configured = configured, .check = check, .run = run, .webhook = webhook,
    .prepare = wecom_prepare, .encode = wecom_encode, .decode_sent = wecom_decode_sent,
};
