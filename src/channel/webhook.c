// SPDX-License-Identifier: Apache-2.0
/* The generic webhook: any program that can sign an HTTP request is a chat platform. */
#include "channel/webhook.h"

#include "base/log.h"
#include "config/config.h"
#include "runtime/fiber.h"

enum { FILE_BYTES_MAX = 10 << 20, TEXT_MAX = 500 * 1000, IDLE_MS = 24 * 3600 * 1000 };

static bool configured(void)
{
    const struct config *c = config_now();

    return c->platforms_webhook_secret[0] || json_object_size(c->platforms_webhook_endpoints);
}

/* ---- a call ---- */

static enum err answer_json(struct http_exchange *x, int status, json_t *body) AWAITS
{
    CLEANUP(json_decrefp) json_t *owned = body;

    return http_answer(x, status, S("application/json"), json_print(x->arena, owned));
}

static enum err refuse(struct http_exchange *x, int status, const char *why) AWAITS
{
    log_event(LOG_DEBUG, "webhook.refused", F("status", status), F("error", why));
    return answer_json(x, status, json_pack("{s:o}", "error", json_from_str(str_from(why))));
}

/* Some systems want to see a word of theirs again before they trust the address. */
static const json_t *challenge_of(const struct webhook_endpoint *e, const json_t *call)
{
    return e->in[WEBHOOK_CHALLENGE][0].p ? json_pointer(call, e->in[WEBHOOK_CHALLENGE][0]) : NULL;
}

/* The call is waited for before its message is stored: the reply may be quicker than we are. */
static enum err take_and_wait(const struct channel_host *host, struct http_exchange *x, struct hook_message *m) AWAITS
{
    CLEANUP(webhook_wait_done) struct webhook_waiter waiter;

    webhook_wait_begin(&waiter, m->message.chat_id, m->message.external_id);
    enum err e = hook_store(host, x->arena, &m, 1, NULL);

    if (e)
        return hook_answer_stored(host, x, e);
    host->health(host, OK, "called");
    return webhook_wait_answer(&waiter, x, config_now()->platforms_webhook_sync_timeout);
}

static enum err take(const struct channel_host *host, struct http_exchange *x, const struct webhook_endpoint *e,
                     const struct webhook_proof *proof, const json_t *call) AWAITS
{
    struct hook_message *m = ARENA_NEW(x->arena, struct hook_message);
    bool wanted = false;
    enum err err;
    str before;

    if (webhook_decode(x->arena, e, call, proof, m, &wanted))
        return refuse(x, 400, failed_text());
    if (!wanted)
        return answer_json(x, 200, json_pack("{s:s}", "status", "ignored"));
    if (e->sync && (before = webhook_answered(x->arena, m->message.chat_id, m->message.external_id)).p)
        return http_answer(x, 200, S("application/json; charset=utf-8"), before);
    if (e->sync)
        return take_and_wait(host, x, m);
    if ((err = hook_store(host, x->arena, &m, 1, NULL)))
        return hook_answer_stored(host, x, err);
    host->health(host, OK, "called");
    return answer_json(x, 200, json_pack("{s:s, s:o}", "status", "accepted", "id", json_from_str(m->message.external_id)));
}

static enum err webhook(const struct channel_host *host, struct http_exchange *x) AWAITS
{
    struct webhook_endpoint e;
    struct webhook_proof proof = { .timestamp = str_trim(http_exchange_field(x, S("X-Timestamp"))) };
    CLEANUP(json_decrefp) json_t *call = NULL;
    const json_t *challenge;

    if (!str_eq(x->method, S("POST")))
        return refuse(x, 405, "calls are POST");
    enum err err = webhook_endpoint(x->arena, x->webhook_name.len ? x->webhook_name : S("default"), &e);
    if (err)
        return refuse(x, err == ERR_NOT_FOUND ? 404 : 503, failed_text());
    proof.signature = http_exchange_field(x, e.header);
    if (webhook_verify(x->arena, &e, &proof, x->body))
        return refuse(x, 401, failed_text());
    if (json_parse(x->body, &call))
        return refuse(x, 400, failed_text());
    if ((challenge = challenge_of(&e, call)))
        return answer_json(x, 200, json_pack("{s:O}", "challenge", challenge));
    return take(host, x, &e, &proof, call);
}

/* ---- the channel ---- */

static enum err check(struct arena *a, str *ret_who) AWAITS
{
    const json_t *endpoints = config_now()->platforms_webhook_endpoints, *v;
    bool has_default = config_now()->platforms_webhook_secret[0] && !json_object_get(endpoints, "default");
    const char *name;

    json_object_foreach((json_t *)endpoints, name, v) {
        struct webhook_endpoint e;

        if (str_find_char(str_from(name), '/') != STR_NONE)
            return failed(ERR_INPUT, "platforms.webhook.endpoints.%s: no slash in a name", name);
        TRY(webhook_endpoint_read(a, endpoints, str_from(name), &e));
        log_mask(e.secret);
        log_mask(e.out_secret);
    }
    *ret_who = str_from(arena_printf(a, "%zu endpoints", json_object_size(endpoints) + has_default));
    return OK;
}

/* Nobody is connected to: what can be wrong is in the settings. */
static enum err run(const struct channel_host *host) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    str who;
    enum err e = check(a, &who);

    host->health(host, e, e ? failed_text() : arena_printf(a, "%.*s, waiting for calls", STR(who)));
    TRY(e);
    for (;;)
        TRY(fiber_sleep(IDLE_MS));
}

static const struct channel_key keys[] = {
    { "platforms.webhook.secret", "Secret that calls to /api/webhook are signed with (any long random text; the other side gets the same)",
      "对 /api/webhook 的调用签名所用的密钥（任意长随机文本，双方相同）", false },
    { "platforms.webhook.url", "Address that replies are posted to (empty: they are the answers to the calls)",
      "回复发送到的地址（留空：直接在调用的应答中返回）", true },
};

const struct channel channel_webhook = {
    .name = "webhook", .title = "Webhook", .proven_by = "Node's and Python's HMAC", .keys = keys, .n_keys = N_ELEMENTS(keys),
    .markup = MARKUP_MARKDOWN, .unit = UNIT_CHARACTER, .text_max = TEXT_MAX, .file_max = FILE_BYTES_MAX, .files = 1,
    .called = 1, .configured = configured, .check = check, .run = run, .webhook = webhook, .send = webhook_send,
};
