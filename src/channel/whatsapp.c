// SPDX-License-Identifier: Apache-2.0
/* The connection to the Cloud API: Meta calls our webhook, we call the Graph API. */
#include "channel/whatsapp.h"

#include <string.h>

#include "base/log.h"
#include "channel/registry.h"
#include "channel/start.h"
#include "config/config.h"
#include "runtime/clock.h"

enum { FILE_BYTES_MAX = 64 << 20, TEXT_MAX = 4096, PER_SECOND = 80, PAIR_PER_MINUTE = 10 };
/* A person may be written to for a day after each message of theirs.  When that was is remembered, ten minutes sharp at most,
 * so that a lively chat costs no write a message. */
enum { WINDOW_MS = 24 * 3600 * 1000, WINDOW_STEP_MS = 10 * 60 * 1000 };

static bool configured(void)
{
    return config_now()->platforms_whatsapp_access_token[0] != '\0';
}

static unsigned chat_per_minute(str chat_id UNUSED)
{
    return PAIR_PER_MINUTE;
}

static enum err call(struct arena *a, const struct platform_call *c, json_t **ret_json) AWAITS
{
    struct http_response answer;

    TRY(platform_fetch(a, c, &answer, ret_json));
    return whatsapp_result(&answer, NULL);
}

/* ---- who we are ---- */

static enum err check(struct arena *a, str *ret_who) AWAITS
{
    const struct config *c = config_now();
    CLEANUP(json_decrefp) json_t *j = NULL;
    struct platform_call q;

    log_mask(str_from(c->platforms_whatsapp_access_token));
    log_mask(str_from(c->platforms_whatsapp_app_secret));
    log_mask(str_from(c->platforms_whatsapp_verify_token));
    if (!c->platforms_whatsapp_phone_number_id[0] || !c->platforms_whatsapp_app_secret[0] || !c->platforms_whatsapp_verify_token[0])
        return failed(ERR_INPUT, "platforms.whatsapp needs phone_number_id, app_secret and verify_token besides access_token");
    whatsapp_call(a, arena_printf(a, "%s?fields=display_phone_number,verified_name", c->platforms_whatsapp_phone_number_id), &q);
    enum err e = call(a, &q, &j);
    if (e == ERR_AUTH)
        return failed_in(e, "check platforms.whatsapp.access_token: ");
    if (e == ERR_INPUT || e == ERR_NOT_FOUND)
        return failed_in(e, "check platforms.whatsapp.phone_number_id: ");
    TRY(e);
    *ret_who = str_from(arena_printf(a, "%s (%s)", json_text(j, "display_phone_number"), json_text(j, "verified_name")));
    return OK;
}

static enum err run(const struct channel_host *host) AWAITS
{
    enum err e = hook_watch(host);

    if (e != ERR_CANCELLED)
        host->health(host, e, failed_text());
    return e;
}

/* ---- the window ---- */

static enum err last_written(const struct channel_host *host, struct arena *a, str chat, int64_t *out) AWAITS
{
    str key = str_from(arena_printf(a, "written/%.*s", STR(chat))), value;

    *out = 0;
    TRY(host->recall(host, a, key, &value));
    if (value.len && str_i64(value, out))
        *out = 0;
    return OK;
}

static enum err note_written(const struct channel_host *host, struct arena *a, str chat, int64_t at) AWAITS
{
    int64_t last;

    TRY(last_written(host, a, chat, &last));
    if (at && at < last + WINDOW_STEP_MS)
        return OK;
    return host->remember(host, str_from(arena_printf(a, "written/%.*s", STR(chat))), str_from(arena_printf(a, "%lld", (long long)at)));
}

static enum err prepare(struct arena *a, struct outgoing *m) AWAITS
{
    const struct channel_host *host = channels_host(channel_find(S("whatsapp")));
    str chat = m->chat_id;
    int64_t last;

    (void)str_eat(&chat, S("+"));
    TRY(last_written(host, a, chat, &last));
    if (clock_wall_ms() - last > WINDOW_MS) {
        if (m->blob.len)
            return failed(ERR_NOT_FOUND, "the person has not written for a day, and WhatsApp takes no files then (131047)");
        if (!config_now()->platforms_whatsapp_template[0])
            return failed(ERR_NOT_FOUND, "the person has not written for a day: WhatsApp takes only a template then, and "
                                         "platforms.whatsapp.template names none (131047)");
        m->prepared = WHATSAPP_TEMPLATE;
        return OK;
    }
    return m->blob.len ? whatsapp_upload(a, m) : OK;
}

/* Ids of people are their numbers without the plus, or "US.1234"; groups are ours to name. */
static enum err resolve(struct arena *a, str name, str *ret_chat_id)
{
    *ret_chat_id = name;
    if (platform_phone(a, name, ret_chat_id)) {
        (void)str_eat(ret_chat_id, S("+"));
        return OK;
    }
    for (size_t i = 0; i < name.len; i++)
        if (strchr("#@ +", name.p[i]))
            return failed(ERR_NOT_FOUND, "\"%.*s\" is nobody on WhatsApp", STR(str_take(name, 60)));
    return OK;
}

/* ---- calls ---- */

/* Only a token in hand gets what the address names, so both steps carry it. */
static enum err locate(const struct channel_host *host UNUSED, struct arena *a, struct incoming_file *f) AWAITS
{
    CLEANUP(json_decrefp) json_t *j = NULL;
    struct platform_call q;

    whatsapp_call(a, arena_c(a, f->id), &q);
    TRY(call(a, &q, &j));
    if (json_int(j, "file_size", 0) > (int64_t)config_now()->blobs_max_size)
        return failed(ERR_LIMIT, "it is too large (blobs.max_size)");
    q.url = arena_c(a, json_text_str(j, "url"));
    platform_request(a, &q, &f->request);
    return OK;
}

/* Two blue ticks and "typing", for people we talk to.  What fails here is for the eye only. */
static void mark_read(const struct channel_host *host, struct arena *a, const struct message *m) AWAITS
{
    CLEANUP(json_decrefp) json_t *answer = NULL, *body = NULL;
    struct platform_call q;

    if (!config_now()->platforms_whatsapp_read_marks || !str_eq(m->chat_type, S("private"))
        || (host->knows && !host->knows(host, m->user_id)))
        return;
    body = json_pack("{s:s, s:s, s:s, s:{s:s}}", "messaging_product", "whatsapp", "status", "read", "message_id", m->external_id.p,
                     "typing_indicator", "type", "text");
    whatsapp_call(a, arena_printf(a, "%s/messages", config_now()->platforms_whatsapp_phone_number_id), &q);
    q.body = body;
    if (call(a, &q, &answer))
        log_event(LOG_DEBUG, "whatsapp.unread", F("error", failed_text()));
}

/* WhatsApp said yes first and no later: all that is left is to say so, and to know better about the window. */
static void note_failures(const struct channel_host *host, struct arena *a, const struct whatsapp_update *u) AWAITS
{
    for (size_t i = 0; i < u->n_failures; i++) {
        const struct whatsapp_failure *f = &u->failures[i];

        log_event(LOG_WARN, "whatsapp.not_delivered", F("remote_id", f->id), F("code", f->code), F("error", f->why));
        if (f->code == WHATSAPP_OUTSIDE_WINDOW && note_written(host, a, f->chat_id, 0))
            log_event(LOG_DEBUG, "whatsapp.window", F("error", failed_text()));
    }
}

static enum err take(const struct channel_host *host, struct arena *a, const struct whatsapp_update *u) AWAITS
{
    for (size_t i = 0; i < u->n_messages; i++)
        TRY(note_written(host, a, u->messages[i]->message.chat_id, u->messages[i]->message.created_at));
    return hook_store(host, a, u->messages, u->n_messages, locate);
}

static enum err handshake(struct http_exchange *x) AWAITS
{
    str mode, token, challenge;

    if (http_query(x, S("hub.mode"), &mode) && str_eq(mode, S("subscribe")) && http_query(x, S("hub.verify_token"), &token)
        && config_now()->platforms_whatsapp_verify_token[0]
        && str_eq_secret(token, str_from(config_now()->platforms_whatsapp_verify_token)) && http_query(x, S("hub.challenge"), &challenge))
        return http_answer(x, 200, S("text/plain"), challenge);
    return hook_answer(x, 403, "wrong verify token\n");
}

static bool is_signed(struct http_exchange *x)
{
    str claimed = http_exchange_field(x, S("X-Hub-Signature-256"));

    return str_eat(&claimed, S("sha256="))
           && hook_signed(x->arena, str_from(config_now()->platforms_whatsapp_app_secret), &x->body, 1, claimed);
}

static enum err webhook(const struct channel_host *host, struct http_exchange *x) AWAITS
{
    CLEANUP(json_decrefp) json_t *j = NULL;
    struct whatsapp_update *u = ARENA_NEW(x->arena, struct whatsapp_update);

    if (str_eq(x->method, S("GET")))
        return handshake(x);
    if (!is_signed(x))
        return hook_answer(x, 401, "wrong signature\n");
    if (json_parse(x->body, &j) || whatsapp_decode(x->arena, j, str_from(config_now()->platforms_whatsapp_phone_number_id), u)) {
        log_event(LOG_WARN, "whatsapp.odd_call", F("error", failed_text()));
        return hook_answer(x, 200, "");     /* it would be as odd the next time */
    }
    enum err e = take(host, x->arena, u);
    TRY(hook_answer_stored(host, x, e));
    if (e)
        return OK;
    host->health(host, OK, "called");
    note_failures(host, x->arena, u);
    for (size_t i = 0; i < u->n_messages; i++)
        mark_read(host, x->arena, &u->messages[i]->message);
    return OK;
}

/* ---- the channel ---- */

static const struct channel_key keys[] = {
    { "platforms.whatsapp.access_token", "Access token of a system user (Meta Business settings, System users; "
      "permission whatsapp_business_messaging)",
      "系统用户的访问令牌（Meta 商务设置 → 系统用户，需 whatsapp_business_messaging 权限）", false },
    { "platforms.whatsapp.phone_number_id", "Phone number ID (App dashboard, WhatsApp, API setup; not the number itself)",
      "电话号码 ID（应用面板 → WhatsApp → API 设置，不是号码本身）", false },
    { "platforms.whatsapp.app_secret", "App secret (App dashboard, App settings, Basic)", "应用密钥（应用面板 → 设置 → 基本）", false },
    { "platforms.whatsapp.verify_token", "Verify token (any word; enter the same one at WhatsApp, Configuration, Webhook)",
      "验证令牌（任意字符串，与 WhatsApp → 配置 → Webhook 中填写的相同）", false },
};

const struct channel channel_whatsapp = {
    .name = "whatsapp", .title = "WhatsApp", .proven_by = "whatsapp-api-js 6.3.0", .keys = keys, .n_keys = N_ELEMENTS(keys),
    .markup = MARKUP_WHATSAPP, .unit = UNIT_CHARACTER, .text_max = TEXT_MAX, .file_max = FILE_BYTES_MAX, .files = 1,
    .takes_file = whatsapp_takes_file,
    .global_per_second = PER_SECOND, .chat_per_minute = chat_per_minute,
    .called = 1, .configured = configured, .check = check, .run = run, .webhook = webhook,
    .prepare = prepare, .encode = whatsapp_encode, .decode_sent = whatsapp_decode_sent,
    .resolve = resolve, .addresses = "a phone number with its country (+1 555 0100) or group:ID",
};
