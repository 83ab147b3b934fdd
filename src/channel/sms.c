// SPDX-License-Identifier: Apache-2.0
/* SMS: by Twilio, or by any provider with an HTTP interface. */
#include "channel/sms.h"

#include "base/log.h"
#include "channel/platform_api.h"
#include "config/config.h"

enum { TEXT_MAX = 1600 };       /* Twilio's; some providers join fewer parts, and split by themselves */

bool sms_by_twilio(void)
{
    return config_now()->platforms_sms_account_sid[0] != '\0';
}

static bool configured(void)
{
    return sms_by_twilio() || json_object_size(config_now()->platforms_sms_gateway);
}

static enum err check(struct arena *a, str *ret_who) AWAITS
{
    struct webhook_endpoint e;

    log_mask(str_from(config_now()->platforms_sms_auth_token));
    if (sms_by_twilio())
        return sms_twilio_check(a, ret_who);
    TRY(sms_gateway_endpoint(a, &e));
    log_mask(e.secret);
    log_mask(e.out_secret);
    *ret_who = S("a gateway");
    return OK;
}

static enum err run(const struct channel_host *host) AWAITS
{
    enum err e = hook_watch(host);

    if (e != ERR_CANCELLED)
        host->health(host, e, failed_text());
    return e;
}

/* ---- calls ---- */

/* Twilio wants its own language back, be it empty; and comes again after a status that is none of success. */
static enum err answer(const struct channel_host *host, struct http_exchange *x, struct hook_message *m, bool wanted) AWAITS
{
    enum err e = wanted ? hook_store(host, x->arena, &m, 1, NULL) : OK;

    if (e)
        return hook_answer_stored(host, x, e);
    host->health(host, OK, "called");
    return sms_by_twilio() ? http_answer(x, 200, S("text/xml"), S("<Response/>")) : hook_answer(x, 200, "");
}

static enum err twilio_called(const struct channel_host *host, struct http_exchange *x) AWAITS
{
    const struct config *c = config_now();
    struct sms_form *form = ARENA_NEW(x->arena, struct sms_form);
    struct hook_message *m = ARENA_NEW(x->arena, struct hook_message);
    bool wanted = false;

    sms_form_read(x->arena, x->body, form);
    if (!sms_twilio_signed(x->arena, str_from(c->platforms_sms_auth_token), str_from(c->platforms_sms_webhook_url), form,
                           http_exchange_field(x, S("X-Twilio-Signature"))))
        return hook_answer(x, 401, "wrong signature\n");
    if (sms_twilio_decode(x->arena, form, m, &wanted))
        log_event(LOG_WARN, "sms.odd_call", F("error", failed_text()));
    return answer(host, x, m, wanted);
}

/* Signed, or with the secret as the address's last part: few providers can sign. */
static enum err gateway_called(const struct channel_host *host, struct http_exchange *x) AWAITS
{
    struct hook_message *m = ARENA_NEW(x->arena, struct hook_message);
    CLEANUP(json_decrefp) json_t *call = NULL;
    struct webhook_endpoint e;
    bool wanted = false;

    if (sms_gateway_endpoint(x->arena, &e))
        return hook_answer(x, 503, "not configured\n");
    struct webhook_proof proof = { http_exchange_field(x, e.header), http_exchange_field(x, S("X-Timestamp")) };
    if (!(x->webhook_name.len && str_eq_secret(x->webhook_name, e.secret)) && webhook_verify(x->arena, &e, &proof, x->body))
        return hook_answer(x, 401, "wrong signature\n");
    if (sms_gateway_read(x->arena, http_exchange_field(x, S("Content-Type")), x->body, &call)
        || sms_gateway_decode(x->arena, &e, call, m, &wanted)) {
        log_event(LOG_WARN, "sms.odd_call", F("error", failed_text()));
        wanted = false;         /* it would be as odd the next time */
    }
    return answer(host, x, m, wanted);
}

static enum err webhook(const struct channel_host *host, struct http_exchange *x) AWAITS
{
    if (!str_eq(x->method, S("POST")))
        return hook_answer(x, 405, "calls are POST\n");
    return sms_by_twilio() ? twilio_called(host, x) : gateway_called(host, x);
}

/* ---- replies ---- */

/* A gateway may have addresses of its own. */
static enum err resolve(struct arena *a, str name, str *ret_chat_id)
{
    *ret_chat_id = name;
    return platform_phone(a, name, ret_chat_id) || !sms_by_twilio() ? OK
           : failed(ERR_NOT_FOUND, "\"%.*s\" is no phone number with its country", STR(str_take(name, 60)));
}

static enum err encode(struct arena *a, const struct outgoing *m, struct http_request *out)
{
    return sms_by_twilio() ? sms_twilio_encode(a, m, out) : sms_gateway_encode(a, m, out);
}

static enum err decode_sent(struct arena *a, const struct http_response *r, struct sent *out)
{
    return sms_by_twilio() ? sms_twilio_decode_sent(a, r, out) : sms_gateway_decode_sent(a, r, out);
}

static const struct channel_key keys[] = {
    { "platforms.sms.account_sid", "Twilio Account SID (console.twilio.com, Account info)",
      "Twilio Account SID（console.twilio.com → Account info）", false },
    { "platforms.sms.auth_token", "Twilio Auth token (the same place)", "Twilio Auth token（同处）", false },
    { "platforms.sms.from", "Your Twilio number (+15550100), or a messaging service's SID (MG...)",
      "Twilio 号码（+15550100）或消息服务 SID（MG…）", false },
    { "platforms.sms.webhook_url", "Public address that Twilio calls, as entered at the number (https://YOUR.HOST/webhook/sms)",
      "Twilio 调用的公网地址，与号码设置中一致（https://你的域名/webhook/sms）", false },
};

const struct channel channel_sms = {
    .name = "sms", .title = "SMS", .proven_by = "twilio 6.2.0", .keys = keys, .n_keys = N_ELEMENTS(keys),
    .markup = MARKUP_PLAIN, .unit = UNIT_UTF16, .text_max = TEXT_MAX,
    .called = 1, .configured = configured, .check = check, .run = run, .webhook = webhook, .encode = encode, .decode_sent = decode_sent,
    .resolve = resolve, .addresses = "a phone number with its country (+1 555 0100)",
};
