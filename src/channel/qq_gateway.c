// SPDX-License-Identifier: Apache-2.0
/* The gateway: hello, identify or resume, heartbeats, dispatches.  A dispatch is acknowledged by nothing but the sequence number in the
 * next heartbeat and in a resume: it goes on only when the event is stored, and is remembered beyond this process. */
#include "channel/chats.h"
#include "channel/qq.h"

#include <stdio.h>

#include "base/log.h"
#include "config/config.h"
#include "net/websocket.h"
#include "runtime/fiber.h"

enum {
    OP_DISPATCH = 0, OP_HEARTBEAT = 1, OP_IDENTIFY = 2, OP_RESUME = 6, OP_RECONNECT = 7, OP_INVALID = 9, OP_HELLO = 10,
    OP_HEARTBEAT_ACK = 11,
};
enum {
    INTENT_ALL_IN_CHANNELS = 1 << 9, INTENT_DIRECT = 1 << 12, INTENT_GROUP_AND_C2C = 1 << 25, INTENT_INTERACTION = 1 << 26,
    INTENT_CHANNELS = 1 << 30,
};
enum { BEAT_MS = 40 * 1000, BEAT_MIN_MS = 500, FRAME_BYTES_MAX = 4 << 20, SESSION_SIZE = 200 };

struct gateway {
    const struct channel_host *host;
    struct websocket *ws;
    struct fibers    *fibers;
    char              session[SESSION_SIZE];        /* "" : identify */
    int64_t           seq;
    uint64_t          beat_ms;
    bool              answered;                     /* the last heartbeat was */
};

static void gateway_done(struct gateway *g)
{
    websocket_free(g->ws);
}

/* ---- the session beyond this connection: "SEQ SESSION" ---- */

static void recall_session(struct gateway *g, struct arena *a) AWAITS
{
    str kept, seq;

    if (g->host->recall(g->host, a, S("session"), &kept))
        return;
    seq = str_take(kept, str_find_char(kept, ' '));
    if (seq.len < kept.len && str_i64(seq, &g->seq) == OK)
        snprintf(g->session, sizeof g->session, "%.*s", STR(str_skip(kept, seq.len + 1)));
}

/* What was kept must not be ahead of what is stored; that it is behind only brings duplicates. */
static void keep_session(struct gateway *g, struct arena *a) AWAITS
{
    str text = g->session[0] ? str_from(arena_printf(a, "%lld %s", (long long)g->seq, g->session)) : S("");

    if (g->host->remember(g->host, S("session"), text))
        log_event(LOG_WARN, "qq.session_not_kept", F("error", failed_text()));
}

/* ---- frames out ---- */

static enum err send_json(struct gateway *g, struct arena *a, json_t *j) AWAITS
{
    CLEANUP(json_decrefp) json_t *owned = j;

    return websocket_send(g->ws, WEBSOCKET_TEXT, json_print(a, owned));
}

/* A bot that may not have all that is said in channels would be sent away for asking. */
static int intents(void)
{
    return INTENT_DIRECT | INTENT_GROUP_AND_C2C | INTENT_INTERACTION | INTENT_CHANNELS
           | (chats_any_all(S("qq")) ? INTENT_ALL_IN_CHANNELS : 0);
}

static enum err enter(struct gateway *g, struct arena *a) AWAITS
{
    str token;

    TRY(qq_token(a, &token));
    const char *text = arena_printf(a, "QQBot %.*s", STR(token));
    if (g->session[0])
        return send_json(g, a, json_pack("{s:i, s:{s:s, s:s, s:I}}", "op", OP_RESUME, "d", "token", text, "session_id", g->session,
                                         "seq", (json_int_t)g->seq));
    return send_json(g, a, json_pack("{s:i, s:{s:s, s:i, s:[ii], s:{s:s}}}", "op", OP_IDENTIFY, "d", "token", text, "intents",
                                     intents(), "shard", 0, 1, "properties", "$browser", "clawdbot"));
}

static enum err beat(void *arg) AWAITS
{
    struct gateway *g = arg;

    for (;;) {
        CLEANUP(arena_freep) struct arena *a = arena_new();

        TRY(fiber_sleep(g->beat_ms));
        if (!g->answered)
            return failed(ERR_TIMEOUT, "QQ does not answer heartbeats");
        g->answered = false;
        TRY(send_json(g, a, json_pack("{s:i, s:o}", "op", OP_HEARTBEAT, "d", g->seq ? json_integer((json_int_t)g->seq) : json_null())));
    }
}

/* ---- frames in ---- */

static enum err take_hello(struct gateway *g, struct arena *a, const json_t *j) AWAITS
{
    int64_t ms = json_int(j, "d.heartbeat_interval", BEAT_MS);
    bool first = g->beat_ms == 0;

    g->beat_ms = (uint64_t)(ms < BEAT_MIN_MS ? BEAT_MIN_MS : ms);
    g->answered = true;
    if (first)
        fibers_spawn(g->fibers, "qq heartbeat", beat, g);
    return enter(g, a);
}

static enum err take_dispatch(struct gateway *g, struct arena *a, const json_t *j) AWAITS
{
    str type = json_text_str(j, "t");

    if (str_eq(type, S("READY")))
        snprintf(g->session, sizeof g->session, "%s", json_text(j, "d.session_id"));
    else if (!str_eq(type, S("RESUMED")))
        TRY(qq_take(g->host, a, j));
    g->seq = json_int(j, "s", g->seq);
    keep_session(g, a);
    g->host->health(g->host, OK, "connected");
    return OK;
}

static enum err take_frame(struct gateway *g, str text) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(json_decrefp) json_t *j = NULL;

    if (json_parse(text, &j)) {
        log_event(LOG_WARN, "qq.odd_frame", F("error", failed_text()));
        return OK;
    }
    switch (json_int(j, "op", -1)) {
    case OP_HELLO: return take_hello(g, a, j);
    case OP_DISPATCH: return take_dispatch(g, a, j);
    case OP_HEARTBEAT_ACK: g->answered = true; return OK;
    case OP_RECONNECT: return failed(ERR_NET, "QQ asks for a new connection");
    case OP_INVALID:
        if (!g->session[0])
            return failed(ERR_AUTH, "QQ takes neither token nor intents: see that the bot may receive group, private and channel messages");
        g->session[0] = '\0';
        g->seq = 0;
        keep_session(g, a);
        return enter(g, a);
    default: return OK;
    }
}

/* bot.q.qq.com/wiki/develop/api-v2/dev-prepare/interface-framework/event-emit.html */
static enum err closed(struct gateway *g) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    unsigned code = websocket_close_code(g->ws);

    if (code == 4914 || code == 4915)
        return failed(ERR_AUTH, code == 4914 ? "the QQ bot is offline: only the sandbox may be connected to" : "the QQ bot is banned");
    if (code == 4004)
        qq_token_forget();
    if (code == 4006 || code == 4007 || (code >= 4900 && code <= 4913)) {
        g->session[0] = '\0';
        keep_session(g, a);
    }
    return failed(ERR_NET, "QQ closed the connection (%u)", code);
}

static enum err read_frames(void *arg) AWAITS
{
    struct gateway *g = arg;
    enum websocket_type type;
    str text;

    for (;;) {
        enum err e = websocket_receive(g->ws, &type, &text);

        if (e == ERR_NOT_FOUND)
            return closed(g);
        TRY(e);
        TRY(take_frame(g, text));
    }
}

enum err qq_gateway(const struct channel_host *host)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(gateway_done) struct gateway g = { .host = host };
    CLEANUP(json_decrefp) json_t *j = NULL;
    CLEANUP(fibers_done) struct fibers fibers = {0};

    g.fibers = &fibers;
    TRY(qq_call(a, &(struct platform_call){ .url = qq_url(a, "gateway/bot") }, &j));
    if (!json_text_str(j, "url").len)
        return failed(ERR_REMOTE, "QQ gave no address for the gateway");
    recall_session(&g, a);
    TRY(websocket_connect(json_text(j, "url"), NULL, 0, &(struct websocket_options){ .max_message = FRAME_BYTES_MAX }, &g.ws));
    fibers_spawn(&fibers, "qq frames", read_frames, &g);
    return fibers_wait(&fibers);
}
