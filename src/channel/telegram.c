// SPDX-License-Identifier: Apache-2.0
/* The connection to the Bot API: long polling, or a webhook when platforms.telegram.webhook_url is set.  The token
 * is part of every address, so no address ever stands in an error or a log line. */
#include "channel/telegram.h"

#include "base/log.h"
#include "base/random.h"
#include "base/utf8.h"
#include "channel/platform_api.h"
#include "config/config.h"
#include "net/server.h"
#include "runtime/clock.h"
#include "runtime/fiber.h"

enum {
    POLL_SECONDS = 50, POLL_TIMEOUT_MS = (POLL_SECONDS + 20) * 1000, CALL_TIMEOUT_MS = 30 * 1000,
    PAUSE_MIN_MS = 1000, PAUSE_MAX_MS = 60 * 1000, WEBHOOK_CHECK_MS = 10 * 60 * 1000,
};

/* Of the running connection.  There is one bot a program. */
static struct {
    struct arena      *arena;
    struct telegram_bot bot;
    char               secret[UUID_SIZE];
} t;

static bool configured(void)
{
    return config_now()->platforms_telegram_token[0] != '\0';
}

static bool by_webhook(void)
{
    return config_now()->platforms_telegram_webhook_url[0] != '\0';
}

static unsigned chat_per_minute(str chat_id)
{
    return str_starts(chat_id, S("-")) ? 20 : 60;   /* groups are negative; core.telegram.org/bots/faq */
}

/* ---- calls ---- */

/* *ret_json is set also when Telegram refused in JSON; *ret_result is borrowed from it. */
static enum err call(struct arena *a, const char *method, json_t *body, uint64_t timeout_ms, json_t **ret_json,
                     const json_t **ret_result) AWAITS
{
    CLEANUP(json_decrefp) json_t *owned = body;
    CLEANUP(deadline_clear) struct deadline limit;
    struct http_request request;
    struct http_response answer;

    telegram_request(a, method, owned, &request);
    deadline_set(&limit, timeout_ms);
    TRY(channel_fetch(a, &request, &answer, NULL));
    return telegram_result(answer.status, answer.body, ret_json, ret_result);
}

static enum err ask_who_we_are(void) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(json_decrefp) json_t *j = NULL;
    const json_t *me = NULL;

    enum err e = call(a, "getMe", json_object(), CALL_TIMEOUT_MS, &j, &me);

    if (e == ERR_AUTH)
        return failed(e, "Telegram refuses the bot token: check platforms.telegram.token");
    TRY(e);
    if (!t.arena)
        t.arena = arena_new();
    t.bot = (struct telegram_bot){ json_int(me, "id", 0), arena_str(t.arena, json_text_str(me, "username")) };
    return OK;
}

/* ---- files ---- */

static enum err locate(const struct channel_host *host UNUSED, struct arena *a, struct incoming_file *f) AWAITS
{
    CLEANUP(json_decrefp) json_t *j = NULL;
    const json_t *file = NULL;

    if (f->size > TELEGRAM_FILE_BYTES_MAX)
        return failed(ERR_LIMIT, "Telegram serves bots no file above %d MB", TELEGRAM_FILE_BYTES_MAX >> 20);
    TRY(call(a, "getFile", json_pack("{s:s%}", "file_id", f->id.p, f->id.len), CALL_TIMEOUT_MS, &j, &file));
    f->request.url = telegram_file_url(a, json_text_str(file, "file_path"));
    return OK;
}

/* ---- updates ---- */

/* Until it is told, the person's button shows that it waits.  What fails here is for the eye only. */
static void tell_heard(struct arena *a, const struct telegram_message *m) AWAITS
{
    CLEANUP(json_decrefp) json_t *j = NULL;
    const json_t *result;

    if (call(a, "answerCallbackQuery", json_pack("{s:s}", "callback_query_id", m->callback.p), CALL_TIMEOUT_MS, &j, &result))
        log_event(LOG_DEBUG, "telegram.callback_untold", F("error", failed_text()));
}

static enum err take_updates(const struct channel_host *host, struct arena *a, const json_t *const *updates, size_t n) AWAITS
{
    struct message *messages = arena_alloc(a, (n + 1) * sizeof *messages);
    struct telegram_message **pressed = arena_alloc(a, (n + 1) * sizeof *pressed);
    size_t count = 0, n_pressed = 0;

    for (size_t i = 0; i < n; i++) {
        struct telegram_message *m = ARENA_NEW(a, struct telegram_message);
        bool wanted;

        if (telegram_decode(a, updates[i], &t.bot, (int64_t)config_now()->blobs_max_size, m, &wanted)) {
            log_event(LOG_WARN, "telegram.odd_update", F("error", failed_text()));
            continue;       /* it would be as odd the next time */
        }
        if (!wanted)
            continue;
        TRY(incoming_files(host, a, &m->message, m->files, m->n_files, locate));
        messages[count++] = m->message;
        if (m->callback.len)
            pressed[n_pressed++] = m;
    }
    if (count)
        TRY(host->receive(host, messages, count));
    for (size_t i = 0; i < n_pressed; i++)
        tell_heard(a, pressed[i]);
    return OK;
}

static enum err poll_once(const struct channel_host *host, int64_t *offset, uint64_t *ret_retry_ms) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(json_decrefp) json_t *j = NULL;
    const json_t *result = NULL, *update;
    size_t i, n = 0;
    json_t *body = json_pack("{s:i, s:[ss]}", "timeout", POLL_SECONDS, "allowed_updates", "message", "callback_query");
    enum err e;

    if (*offset)
        json_object_set_new(body, "offset", json_integer(*offset));
    e = call(a, "getUpdates", body, POLL_TIMEOUT_MS, &j, &result);
    *ret_retry_ms = e == ERR_LIMIT && j ? (uint64_t)json_int(j, "parameters.retry_after", 1) * 1000 : 0;
    TRY(e);
    host->health(host, OK, "connected");
    const json_t **updates = arena_alloc(a, (json_array_size(result) + 1) * sizeof *updates);
    json_array_foreach(result, i, update)
        updates[n++] = update;
    TRY(take_updates(host, a, updates, n));
    if (n)      /* only now: asking for the next ones is what tells Telegram that these arrived */
        *offset = json_int(updates[n - 1], "update_id", 0) + 1;
    return OK;
}

static void tell_health(const struct channel_host *host, enum err e)
{
    if (e == ERR_CONFLICT)
        host->health(host, e, "another program polls with this bot token; only one can, stop the other");
    else if (e == ERR_AUTH)
        host->health(host, e, "Telegram refuses the bot token: check platforms.telegram.token");
    else
        host->health(host, e, failed_text());
}

static enum err poll(const struct channel_host *host) AWAITS
{
    uint64_t pause = PAUSE_MIN_MS, retry = 0;
    int64_t offset = 0;

    for (;;) {
        enum err e = poll_once(host, &offset, &retry);

        if (e == ERR_CANCELLED || e == ERR_AUTH)
            return e;
        if (e == OK) {
            pause = PAUSE_MIN_MS;
            continue;
        }
        tell_health(host, e);
        TRY(fiber_sleep(retry ? retry : pause / 2 + random_below(pause / 2 + 1)));
        pause = pause * 2 < PAUSE_MAX_MS ? pause * 2 : PAUSE_MAX_MS;
    }
}

/* ---- the webhook ---- */

static str webhook_secret(void)
{
    const char *set = config_now()->platforms_telegram_webhook_secret;

    if (set[0])
        return str_from(set);
    if (!t.secret[0])
        random_uuid(t.secret);
    return str_from(t.secret);
}

static enum err set_webhook(void) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(json_decrefp) json_t *j = NULL;
    const json_t *result;
    str secret = webhook_secret();

    return call(a, "setWebhook", json_pack("{s:s, s:s%, s:[ss]}", "url", config_now()->platforms_telegram_webhook_url,
                                           "secret_token", secret.p, secret.len, "allowed_updates", "message", "callback_query"),
                CALL_TIMEOUT_MS, &j, &result);
}

/* Telegram calls; all there is to do is to hear how that goes. */
static enum err watch_webhook(const struct channel_host *host) AWAITS
{
    TRY(set_webhook());
    host->health(host, OK, "webhook set");
    for (;;) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        CLEANUP(json_decrefp) json_t *j = NULL;
        const json_t *info = NULL;

        TRY(fiber_sleep(WEBHOOK_CHECK_MS));
        TRY(call(a, "getWebhookInfo", json_object(), CALL_TIMEOUT_MS, &j, &info));
        if (!str_eq(json_text_str(info, "url"), str_from(config_now()->platforms_telegram_webhook_url)))
            TRY(set_webhook());
        bool failing = json_int(info, "last_error_date", 0) * 1000 > clock_wall_ms() - WEBHOOK_CHECK_MS;
        if (failing)
            host->health(host, ERR_NET, arena_printf(a, "Telegram could not call the webhook: %s", json_text(info, "last_error_message")));
        else
            host->health(host, OK, "webhook set");
    }
}

/* 200 only when the message is stored; anything else makes Telegram call again. */
static enum err webhook(const struct channel_host *host, struct http_exchange *x) AWAITS
{
    CLEANUP(json_decrefp) json_t *update = NULL;
    str secret = http_exchange_field(x, S("X-Telegram-Bot-Api-Secret-Token"));

    if (!by_webhook() || !str_eq(x->method, S("POST")))
        return http_answer(x, 404, S("text/plain"), S("not here\n"));
    if (!secret.p || !str_eq_secret(secret, webhook_secret()))
        return http_answer(x, 401, S("text/plain"), S("wrong secret\n"));
    if (json_parse(x->body, &update))
        return http_answer(x, 400, S("text/plain"), S("not JSON\n"));
    if (!t.bot.id && ask_who_we_are())
        return http_answer(x, 503, S("text/plain"), S("not ready\n"));
    if (take_updates(host, x->arena, &(const json_t *){ update }, 1)) {
        log_event(LOG_WARN, "telegram.not_stored", F("error", failed_text()));
        return http_answer(x, 503, S("text/plain"), S("not stored\n"));
    }
    return http_answer(x, 200, S("application/json"), S("{}"));
}

/* ---- run ---- */

static enum err delete_webhook(void) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(json_decrefp) json_t *j = NULL;
    const json_t *result;

    return call(a, "deleteWebhook", json_object(), CALL_TIMEOUT_MS, &j, &result);
}

static enum err connect_and_serve(const struct channel_host *host) AWAITS
{
    TRY(ask_who_we_are());
    if (by_webhook())
        return watch_webhook(host);
    TRY(delete_webhook());      /* getUpdates is refused while one is set */
    host->health(host, OK, "connected");        /* a poll is answered when there is something, or after a minute */
    return poll(host);
}

static enum err run(const struct channel_host *host) AWAITS
{
    enum err e;

    log_mask(str_from(config_now()->platforms_telegram_token));
    e = connect_and_serve(host);
    if (e != ERR_CANCELLED)
        tell_health(host, e);
    return e;
}

static enum err check(struct arena *a, str *ret_who) AWAITS
{
    log_mask(str_from(config_now()->platforms_telegram_token));
    TRY(ask_who_we_are());
    *ret_who = str_from(arena_printf(a, "@%.*s (%lld)", STR(t.bot.username), (long long)t.bot.id));
    return OK;
}

/* Only public groups and channels have names that a bot may ask for; a person has to have written first. */
static enum err resolve(struct arena *a, str name, str *ret_chat_id) AWAITS
{
    CLEANUP(json_decrefp) json_t *j = NULL;
    const json_t *chat = NULL;
    int64_t id;

    *ret_chat_id = name;
    if (str_i64(name, &id) == OK)
        return OK;
    if (!str_starts(name, S("@")))
        return failed(ERR_NOT_FOUND, "\"%.*s\" is no chat of Telegram", STR(utf8_take(name, 100)));
    log_mask(str_from(config_now()->platforms_telegram_token));
    enum err e = call(a, "getChat", json_pack("{s:o}", "chat_id", json_from_str(name)), CALL_TIMEOUT_MS, &j, &chat);

    if (e == ERR_NOT_FOUND || e == ERR_INPUT)
        return failed(ERR_NOT_FOUND, "Telegram shows the bot no chat %.*s", STR(utf8_take(name, 100)));
    TRY(e);
    *ret_chat_id = str_from(arena_printf(a, "%lld", (long long)json_int(chat, "id", 0)));
    return OK;
}

static bool streams(void)
{
    return config_now()->platforms_telegram_stream;
}

static const struct channel_key keys[] = {
    { "platforms.telegram.token", "Bot token (in Telegram, ask @BotFather: /newbot)", "机器人令牌（在 Telegram 里向 @BotFather 发送 /newbot 获得）",
    false },
};

const struct channel channel_telegram = {
    .name = "telegram", .title = "Telegram", .proven_by = "telegram-test-api 4.2.1", .keys = keys, .n_keys = N_ELEMENTS(keys), .file_max =
            50 << 20,
    .streams = streams, .check = check, .markup = MARKUP_TELEGRAM_HTML, .text_max = 4096,
    .global_per_second = 30, .chat_per_minute = chat_per_minute, .edits = 1, .typing = 1, .files = 1,
    .configured = configured, .run = run, .webhook = webhook,
    .encode = telegram_encode, .encode_typing = telegram_encode_typing, .decode_sent = telegram_decode_sent,
    .resolve = resolve, .addresses = "@name of a public group or channel, or a chat's id (a person's is known once they wrote)",
};
