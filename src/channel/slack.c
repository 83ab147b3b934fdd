// SPDX-License-Identifier: Apache-2.0
/* The ways in: Socket Mode where there is an app token, the Events API where there is a signing secret, polling where neither is
 * allowed.  Whichever it is, Slack is told "received" when it is stored. */
#include "channel/slack.h"

#include <string.h>

#include "base/log.h"
#include "config/config.h"
#include "net/server.h"
#include "net/websocket.h"
#include "runtime/clock.h"
#include "runtime/fiber.h"

enum {
    HELLO_MS = 30 * 1000, SHORT_LIVED_MS = 5 * 1000, ENVELOPE_MAX = 4 << 20, LOOK_EVERY_MS = 10 * 60 * 1000,
};

static bool configured(void)
{
    return config_now()->platforms_slack_bot_token[0] != '\0';
}

static bool streams(void)
{
    return config_now()->platforms_slack_stream;
}

/* One message a second in a conversation, in short bursts more (docs.slack.dev, rate limits). */
static unsigned chat_per_minute(str chat_id UNUSED)
{
    return 60;
}

static void mask_secrets(void)
{
    const struct config *c = config_now();

    log_mask(str_from(c->platforms_slack_bot_token));
    log_mask(str_from(c->platforms_slack_app_token));
    log_mask(str_from(c->platforms_slack_signing_secret));
}

/* ---- Socket Mode ---- */

static enum err socket_address(struct arena *a, str *out) AWAITS
{
    CLEANUP(json_decrefp) json_t *j = NULL;
    const char *token = config_now()->platforms_slack_app_token;

    TRY(slack_call(a, &(struct slack_call){ .method = "apps.connections.open", .token = token, .patient = true }, &j));
    *out = arena_str(a, json_text_str(j, "url"));
    return out->len ? OK : failed(ERR_REMOTE, "Slack gave no address for Socket Mode");
}

static enum err open_socket(struct websocket **out) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    str address;

    TRY(socket_address(a, &address));
    enum err e = websocket_connect(address.p, NULL, 0, &(struct websocket_options){ .max_message = ENVELOPE_MAX }, out);

    /* The address is Slack's, for one connection: whatever is wrong with it, the next one may be right. */
    return e == ERR_AUTH || e == ERR_INPUT || e == ERR_NOT_FOUND ? failed_in(ERR_NET, "Socket Mode: ") : e;
}

/* What was missed is read beside the socket, for that must be answered within three seconds. */
struct missed { const struct channel_host *host; const struct slack_bot *bot; };

static enum err catch_up(void *arg) AWAITS
{
    const struct missed *m = arg;
    enum err e = slack_catch_up(m->host, m->bot);

    if (e && e != ERR_CANCELLED)
        log_event(LOG_WARN, "slack.not_caught_up", F("error", failed_text()));
    return e;
}

static enum err acknowledge(struct arena *a, struct websocket *w, const json_t *envelope) AWAITS
{
    CLEANUP(json_decrefp) json_t *j = NULL;
    str id = json_text_str(envelope, "envelope_id");

    if (!id.len)
        return OK;
    j = json_pack("{s:o}", "envelope_id", json_from_str(id));
    return websocket_send(w, WEBSOCKET_TEXT, json_print(a, j));
}

static enum err told_to_go(const char *reason, bool *ret_go)
{
    if (strcmp(reason, "link_disabled") == 0)
        return failed(ERR_AUTH, "Socket Mode is switched off for this app: switch it on in the app's settings, or take "
                      "platforms.slack.app_token away");
    if (strcmp(reason, "too_many_websockets") == 0)
        return failed(ERR_LIMIT, "Slack says that this app has too many connections");
    *ret_go = true;
    return OK;
}

/* One frame.  *ret_go: Slack wants us on another connection. */
static enum err take_frame(const struct missed *m, struct websocket *w, str frame, struct fibers *beside, bool *ret_go) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(json_decrefp) json_t *j = NULL;

    if (json_parse(frame, &j) || !json_is_object(j)) {
        log_event(LOG_WARN, "slack.odd_frame", F("bytes", frame.len));
        return OK;
    }
    if (strcmp(json_text(j, "type"), "disconnect") == 0)
        return told_to_go(json_text(j, "reason"), ret_go);
    m->host->health(m->host, OK, "connected by Socket Mode");
    if (strcmp(json_text(j, "type"), "hello") == 0) {
        fibers_spawn(beside, "slack.catch_up", catch_up, (void *)m);
        return OK;
    }
    TRY(slack_take_payload(m->host, a, m->bot, json_object_get(j, "payload")));
    return acknowledge(a, w, j);
}

/* Until Slack wants us on another connection (OK), or this one fell down. */
static enum err serve_socket(const struct missed *m, struct websocket *w) AWAITS
{
    CLEANUP(fibers_done) struct fibers beside = { .independent = true };
    CLEANUP(deadline_clear) struct deadline hello = {0};
    enum websocket_type type;
    bool go = false;
    str frame;

    for (bool first = true; !go; first = false) {
        if (first)
            deadline_set(&hello, HELLO_MS);
        enum err e = websocket_receive(w, &type, &frame);

        if (first)
            deadline_clear(&hello);
        if (e == ERR_NOT_FOUND)
            return failed(ERR_NET, "Slack closed the connection (%u)", websocket_close_code(w));
        TRY(e);
        TRY(take_frame(m, w, frame, &beside, &go));
    }
    return OK;
}

static void websocket_freep(struct websocket **w)
{
    websocket_free(*w);
}

/* Slack renews connections every hour or so, and says it before: the next one is open before the old one is closed. */
static enum err by_socket(const struct missed *m) AWAITS
{
    CLEANUP(websocket_freep) struct websocket *w = NULL;

    TRY(open_socket(&w));
    for (;;) {
        uint64_t since = clock_ms();
        struct websocket *next = NULL;

        TRY(serve_socket(m, w));
        if (clock_ms() - since < SHORT_LIVED_MS)
            return failed(ERR_NET, "Slack sends every new connection away");
        TRY(open_socket(&next));
        if (websocket_close(w, 1000, S("")))
            log_event(LOG_DEBUG, "slack.close", F("error", failed_text()));
        websocket_free(w);
        w = next;
    }
}

/* ---- the Events API ---- */

static enum err refuse(struct http_exchange *x, int status, const char *words) AWAITS
{
    return http_answer(x, status, S("text/plain"), str_from(words));
}

static enum err answer_challenge(struct http_exchange *x, const json_t *j) AWAITS
{
    CLEANUP(json_decrefp) json_t *answer = json_pack("{s:o}", "challenge", json_from_str(json_text_str(j, "challenge")));

    return http_answer(x, 200, S("application/json"), json_print(x->arena, answer));
}

static enum err take_call(const struct channel_host *host, struct http_exchange *x, const json_t *j) AWAITS
{
    struct slack_bot bot;

    if (strcmp(json_text(j, "type"), "url_verification") == 0)
        return answer_challenge(x, j);
    if (strcmp(json_text(j, "type"), "app_rate_limited") == 0) {
        host->health(host, ERR_LIMIT, "Slack holds events back: there were too many within an hour");
        return http_answer(x, 200, S("text/plain"), S(""));
    }
    if (slack_who(x->arena, false, &bot) || slack_take_payload(host, x->arena, &bot, j)) {
        log_event(LOG_WARN, "slack.not_stored", F("error", failed_text()));
        return refuse(x, 503, "not stored\n");      /* it is sent again: at once, after a minute, after five */
    }
    host->health(host, OK, "connected by the Events API");
    return http_answer(x, 200, S("text/plain"), S(""));
}

static enum err webhook(const struct channel_host *host, struct http_exchange *x) AWAITS
{
    CLEANUP(json_decrefp) json_t *j = NULL;
    str secret = str_from(config_now()->platforms_slack_signing_secret), retry = http_exchange_field(x, S("X-Slack-Retry-Num"));
    str at = http_exchange_field(x, S("X-Slack-Request-Timestamp"));

    if (!secret.len || !str_eq(x->method, S("POST")))
        return refuse(x, 404, "not here\n");
    if (!slack_signed(x->arena, secret, at, http_exchange_field(x, S("X-Slack-Signature")), x->body, clock_wall_ms()))
        return refuse(x, 401, "not signed by Slack, or not now\n");
    if (retry.p)
        log_event(LOG_DEBUG, "slack.retry", F("number", retry), F("reason", http_exchange_field(x, S("X-Slack-Retry-Reason"))));
    if (slack_read_body(x->arena, http_exchange_field(x, S("Content-Type")), x->body, &j) || !json_is_object(j)) {
        log_event(LOG_WARN, "slack.odd_call", F("bytes", x->body.len));
        return http_answer(x, 200, S("text/plain"), S(""));     /* it is as odd the next time */
    }
    return take_call(host, x, j);
}

/* Slack calls; all there is to do is to see that it still knows us. */
static enum err by_webhook(const struct missed *m, const char *text) AWAITS
{
    m->host->health(m->host, OK, text);
    (void)catch_up((void *)m);
    for (;;) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        struct slack_bot bot;

        TRY(fiber_sleep(LOOK_EVERY_MS));
        TRY(slack_who(a, true, &bot));
        m->host->health(m->host, OK, text);
    }
}

/* ---- polling ---- */

static enum err by_polling(const struct missed *m) AWAITS
{
    for (;;) {
        enum err e = slack_poll_round(m->host, m->bot);

        if (e && e != ERR_NOT_FOUND)
            return e;
        m->host->health(m->host, e, e ? failed_text() : "connected by polling");
        TRY(fiber_sleep(config_now()->platforms_slack_poll_every));
    }
}

/* ---- run ---- */

static enum err connect_and_serve(const struct channel_host *host) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    const struct config *c = config_now();
    struct slack_bot bot;
    struct missed m = { host, &bot };

    TRY(slack_who(a, true, &bot));
    TRY(slack_threads_load(host));
    if (c->platforms_slack_app_token[0])
        return by_socket(&m);
    if (c->platforms_slack_signing_secret[0])
        return by_webhook(&m, "connected by the Events API");
    if (c->platforms_slack_poll_channels.n)
        return by_polling(&m);
    return by_webhook(&m, "sends only: to hear, set platforms.slack.app_token, signing_secret or poll_channels");
}

static enum err run(const struct channel_host *host) AWAITS
{
    enum err e;

    mask_secrets();
    e = connect_and_serve(host);
    if (e == ERR_INPUT)     /* a word of Slack's that we do not know is no reason to give up */
        e = failed_in(ERR_REMOTE, "not now: ");
    if (e != ERR_CANCELLED)
        host->health(host, e, failed_text());
    return e;
}

static enum err check(struct arena *a, str *ret_who) AWAITS
{
    struct slack_bot bot;
    str address;

    mask_secrets();
    TRY(slack_who(a, true, &bot));
    if (config_now()->platforms_slack_app_token[0])
        TRY(socket_address(a, &address));
    *ret_who = str_from(arena_printf(a, "@%.*s (%.*s) in %.*s", STR(bot.name), STR(bot.user_id), STR(bot.team)));
    return OK;
}

static const struct channel_key keys[] = {
    { "platforms.slack.bot_token", "Bot token (xoxb-…; at api.slack.com/apps, OAuth & Permissions)",
      "机器人令牌（xoxb-…；在 api.slack.com/apps 的 OAuth & Permissions）", false },
    { "platforms.slack.app_token", "App token for Socket Mode (xapp-…; Basic Information, App-Level Tokens; empty: the Events API)",
      "Socket Mode 的应用令牌（xapp-…；Basic Information 的 App-Level Tokens；留空则用 Events API）", true },
    { "platforms.slack.signing_secret", "Signing secret for the Events API (Basic Information; empty with Socket Mode)",
      "Events API 的签名密钥（Basic Information；使用 Socket Mode 时留空）", true },
};

const struct channel channel_slack = {
    .name = "slack", .title = "Slack", .proven_by = "@slack/socket-mode 3.1.0, @slack/web-api 8.2.0, emulate 0.12.2",
    .keys = keys, .n_keys = N_ELEMENTS(keys),
    .markup = MARKUP_SLACK, .unit = UNIT_CHARACTER, .text_max = 3000, .file_max = 100 << 20, .chat_per_minute = chat_per_minute,
    .edit_every_ms = 1500, .edits = 1, .files = 1,
    .configured = configured, .streams = streams, .check = check, .run = run, .webhook = webhook,
    .prepare = slack_prepare, .encode = slack_encode, .decode_sent = slack_decode_sent, .resolve = slack_resolve,
    .addresses = "#channel, @user, @address@example.org, or the id of a channel or a person",
};
