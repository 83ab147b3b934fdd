// SPDX-License-Identifier: Apache-2.0
/* Discord: who we are, the way of a message from there to intake, interactions that come by webhook, slash commands. */
#include "channel/discord.h"

#include <stdio.h>

#include "base/log.h"
#include "channel/platform_api.h"
#include "config/config.h"
#include "net/server.h"
#include "net/signature.h"
#include "runtime/clock.h"
#include "runtime/fiber.h"

enum { CALL_TRIES = 5, WAIT_MAX_MS = 10 * 60 * 1000, FRESH_MS = 5 * 60 * 1000, KEY_BYTES = 32, SIGNATURE_BYTES = 64 };

static struct discord_self self;

const struct discord_self *discord_self(void)
{
    return &self;
}

static bool configured(void)
{
    return config_now()->platforms_discord_token[0] != '\0';
}

static bool streams(void)
{
    return config_now()->platforms_discord_stream;
}

/* ---- calls ---- */

const char *discord_url(struct arena *a, const char *path)
{
    str base = str_from(config_now()->platforms_discord_api_url);

    while (str_ends(base, S("/")))
        base.len--;
    return arena_printf(a, "%.*s%s", STR(base), path);
}

const char *discord_authorization(struct arena *a)
{
    return arena_printf(a, "Bot %s", config_now()->platforms_discord_token);
}

enum err discord_call(struct arena *a, const char *method, const char *path, const json_t *body, json_t **ret_json)
{
    struct platform_call call = { .platform = "Discord", .method = method, .url = discord_url(a, path), .body = body,
                                  .authorization = discord_authorization(a) };

    for (int i = 0; ; i++) {
        CLEANUP(json_decrefp) json_t *j = NULL;
        struct http_response answer;

        TRY(platform_fetch(a, &call, &answer, &j));
        enum err e = platform_error("Discord", answer.status, json_text_str(j, "message"));
        uint64_t wait = e == ERR_LIMIT ? platform_retry_after_ms(&answer) : 0;

        if (e == ERR_LIMIT && i < CALL_TRIES && wait <= WAIT_MAX_MS) {
            TRY(fiber_sleep(wait));
            continue;
        }
        if (e == ERR_AUTH)
            return failed(ERR_AUTH, "Discord refuses the bot token: check platforms.discord.token");
        if (e == OK && ret_json && !j)
            return failed(ERR_REMOTE, "Discord answered %d without JSON", answer.status);
        if (e == OK && ret_json)
            *ret_json = json_incref(j);
        return e;
    }
}

enum err discord_ask_self(void)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(json_decrefp) json_t *me = NULL, *app = NULL;
    const char *client_id = config_now()->platforms_discord_client_id;

    TRY(discord_call(a, "GET", "/users/@me", NULL, &me));
    if (!client_id[0])
        TRY(discord_call(a, "GET", "/applications/@me", NULL, &app));
    snprintf(self.id, sizeof self.id, "%s", json_text(me, "id"));
    snprintf(self.username, sizeof self.username, "%s", json_text(me, "username"));
    snprintf(self.app_id, sizeof self.app_id, "%s", client_id[0] ? client_id : json_text(app, "id"));
    return self.id[0] ? OK : failed(ERR_REMOTE, "Discord does not say who we are");
}

/* ---- messages ---- */

static bool answers_in(str guild_id)
{
    struct string_list guilds = config_now()->platforms_discord_guild_ids;

    if (!guilds.n || !guild_id.len)
        return true;
    for (size_t i = 0; i < guilds.n; i++)
        if (str_eq(guild_id, str_from(guilds.items[i])))
            return true;
    return false;
}

enum err discord_take(const struct channel_host *host, struct arena *a, struct discord_message *m)
{
    bool wanted;

    if (!answers_in(m->guild_id))
        return OK;
    TRY(discord_chat_wants(a, m, &wanted));
    if (!wanted)
        return OK;
    TRY(discord_chat_note(host, a, m));
    TRY(incoming_files(host, a, &m->message, m->files, m->n_files, NULL));
    return host->receive(host, &m->message, 1);
}

enum err discord_take_message(const struct channel_host *host, struct arena *a, const json_t *j, str guild_id)
{
    CLEANUP(json_decrefp) json_t *whole = guild_id.len ? json_copy((json_t *)(uintptr_t)j) : json_incref((json_t *)(uintptr_t)j);
    struct discord_message *m = ARENA_NEW(a, struct discord_message);
    bool wanted;

    if (guild_id.len)       /* a message out of the history does not say it */
        json_object_set_new(whole, "guild_id", json_from_str(guild_id));
    if (discord_decode(a, whole, &self, m, &wanted)) {
        log_event(LOG_WARN, "discord.odd_message", F("error", failed_text()));
        return OK;          /* it would be as odd the next time */
    }
    return wanted ? discord_take(host, a, m) : OK;
}

/* ---- interactions ---- */

static json_t *acknowledgement(enum discord_ack ack)
{
    return ack == DISCORD_CHOICES ? json_pack("{s:i, s:{s:[]}}", "type", ack, "data", "choices") : json_pack("{s:i}", "type", ack);
}

/* What is told instead when the message could not be stored: nobody else sees it (flag 64). */
static json_t *excuse(void)
{
    return json_pack("{s:i, s:{s:s, s:i}}", "type", 4, "data", "content", "I cannot take this just now. Please try again in a minute.",
                     "flags", 64);
}

/* Nobody waits for how this ends but the person's eye; a late one is refused, and the answer goes another way. */
static void acknowledge(struct arena *a, const struct discord_message *m, const json_t *body) AWAITS
{
    struct platform_call call = { .platform = "Discord", .body = body, .url = discord_url(a, arena_printf(a,
            "/interactions/%.*s/%.*s/callback",
                                                                                      STR(m->interaction_id), STR(m->interaction_token))) };
    struct http_response answer;
    enum err e = platform_fetch(a, &call, &answer, NULL);

    if (e || answer.status >= 300)
        log_event(LOG_DEBUG, "discord.not_acknowledged", F("status", e ? 0 : answer.status));
}

/* It is acknowledged first, for there are three seconds; what could not be stored then comes again with the session. */
enum err discord_take_interaction(const struct channel_host *host, struct arena *a, const json_t *j)
{
    struct discord_message *m = ARENA_NEW(a, struct discord_message);
    bool wanted;

    if (discord_decode_interaction(a, j, m, &wanted)) {
        log_event(LOG_WARN, "discord.odd_interaction", F("error", failed_text()));
        return OK;
    }
    CLEANUP(json_decrefp) json_t *body = acknowledgement(m->ack);

    if (m->ack != DISCORD_NO_ACK)
        acknowledge(a, m, body);
    return wanted ? discord_take(host, a, m) : OK;
}

/* Ed25519 over the time and the body: discord.com/developers/docs/interactions/overview. */
static bool is_signed(struct http_exchange *x)
{
    CLEANUP(buf_done) struct buf key = {0}, signature = {0};
    str time = http_exchange_field(x, S("X-Signature-Timestamp")), hex = http_exchange_field(x, S("X-Signature-Ed25519"));
    int64_t at;

    if (!time.p || !hex.p || str_i64(time, &at))
        return false;
    int64_t age = clock_wall_ms() / 1000 - at;

    if (age > FRESH_MS / 1000 || age < -FRESH_MS / 1000 || buf_add_unhex(&signature, hex)
        || buf_add_unhex(&key, str_from(config_now()->platforms_discord_public_key)))
        return false;
    return key.len == KEY_BYTES && signature.len == SIGNATURE_BYTES
           && ed25519_valid(buf_str(&key), buf_str(&signature), (const str[]){ time, x->body }, 2);
}

static enum err webhook(const struct channel_host *host, struct http_exchange *x) AWAITS
{
    CLEANUP(json_decrefp) json_t *j = NULL, *said = NULL;
    struct discord_message *m = ARENA_NEW(x->arena, struct discord_message);
    bool wanted;

    if (!config_now()->platforms_discord_public_key[0] || !str_eq(x->method, S("POST")))
        return http_answer(x, 404, S("text/plain"), S("not here\n"));
    if (!is_signed(x))
        return http_answer(x, 401, S("text/plain"), S("invalid request signature\n"));
    if (json_parse(x->body, &j) || discord_decode_interaction(x->arena, j, m, &wanted) || m->ack == DISCORD_NO_ACK) {
        log_event(LOG_WARN, "discord.odd_interaction", F("bytes", x->body.len));
        return http_answer(x, 400, S("text/plain"), S("not an interaction\n"));
    }
    if (wanted && discord_take(host, x->arena, m)) {
        log_event(LOG_WARN, "discord.not_stored", F("error", failed_text()));
        said = excuse();
    } else {
        said = acknowledgement(m->ack);
    }
    return http_answer(x, 200, S("application/json"), json_print(x->arena, said));
}

/* ---- run ---- */

static enum err connect_and_serve(const struct channel_host *host) AWAITS
{
    TRY(discord_ask_self());
    TRY(discord_chats_load(host));
    TRY(discord_register_commands(host));
    return discord_gateway(host);
}

static enum err run(const struct channel_host *host) AWAITS
{
    log_mask(str_from(config_now()->platforms_discord_token));
    enum err e = connect_and_serve(host);

    if (e && e != ERR_CANCELLED)
        host->health(host, e, failed_text());
    return e;
}

static enum err check(struct arena *a, str *ret_who) AWAITS
{
    log_mask(str_from(config_now()->platforms_discord_token));
    TRY(discord_ask_self());
    *ret_who = str_from(arena_printf(a, "@%s (%s)", self.username, self.id));
    return OK;
}

static const struct channel_key keys[] = {
    { "platforms.discord.token", "Bot token (discord.com/developers/applications: your application, Bot, Reset Token)",
      "机器人令牌（discord.com/developers/applications：选择应用，Bot，Reset Token）", false },
    { "platforms.discord.guild_ids", "Ids of the servers it answers in, with commas between; empty for all",
      "机器人所在服务器的 ID，用逗号分隔；留空表示全部", true },
    { "platforms.discord.public_key", "Public key of the application, only if Discord calls your interactions endpoint; else empty",
      "应用的 Public Key，仅在 Discord 调用你的交互端点时需要；否则留空", true },
};

const struct channel channel_discord = {
    .name = "discord", .title = "Discord", .proven_by = "discord.js 14.28.1", .keys = keys, .n_keys = N_ELEMENTS(keys),
    .markup = MARKUP_DISCORD, .unit = UNIT_UTF16, .text_max = 2000, .file_max = 10 << 20, .global_per_second = 50,
    .edits = 1, .typing = 1, .files = 1, .idempotent = 1, .configured = configured, .streams = streams, .check = check, .run = run,
    .webhook = webhook, .resolve = discord_resolve, .addresses = "#channel, @user, @USER_ID or a channel's id",
    .prepare = discord_prepare, .encode = discord_encode, .encode_typing = discord_encode_typing, .decode_sent = discord_decode_sent,
};
