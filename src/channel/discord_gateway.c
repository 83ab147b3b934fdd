// SPDX-License-Identifier: Apache-2.0
/* The socket: Discord's gateway, version 10.  One fiber reads, one sends heartbeats, one acts on events in their order; a slow file
 * must not look like a dead connection.  A session is resumed wherever Discord lets us, also by the next process: it sends again
 * what came after the last event that was acted upon, and intake drops what it knows. */
#include "channel/discord.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/random.h"
#include "channel/platform_api.h"
#include "config/config.h"
#include "net/inflate.h"
#include "net/websocket.h"
#include "runtime/clock.h"
#include "runtime/queue.h"

enum {
    OP_EVENT = 0, OP_BEAT = 1, OP_IDENTIFY = 2, OP_RESUME = 6, OP_RECONNECT = 7, OP_INVALID = 9, OP_HELLO = 10, OP_HEARD = 11,
    INTENT_GUILDS = 1 << 0, INTENT_GUILD_MESSAGES = 1 << 9, INTENT_DIRECT_MESSAGES = 1 << 12, INTENT_CONTENT = 1 << 15,
    FRAME_MAX = 16 << 20, EVENTS_MAX = 1000, HELLO_MS = 20 * 1000, NO_PING_MS = 60 * 60 * 1000,
    CLOSE_RESUMABLE = 4000,         /* 1000 and 1001 would end the session */
    PAUSE_MIN_MS = 250, PAUSE_MAX_MS = 60 * 1000, STEADY_MS = 60 * 1000, AGAIN_MS = 1000, AGAIN_SPREAD_MS = 4000,
    SAVE_EVERY_MS = 2000, SKEW_MS = 60 * 1000, BEAT_MIN_MS = 100, BEAT_MAX_MS = 10 * 60 * 1000,
};

/* What outlives connections, and with host->remember processes. */
static struct session {
    char    id[80], url[300];
    int64_t seq;                            /* of the last event that was acted upon */
    char    last[DISCORD_ID_SIZE];          /* the newest message seen */
    char    missed_from[DISCORD_ID_SIZE];   /* not "": what came after that one is still to be fetched */
    bool    changed;                        /* since it was remembered */
    uint64_t saved_at;
} session;

struct link {
    const struct channel_host *host;
    struct websocket *ws;
    struct inflate    z;
    struct buf        squeezed, text;
    struct queue      events;
    uint64_t          beat_ms;
    bool              heard;        /* the last heartbeat was answered */
    bool              up;           /* READY or RESUMED came */
    bool              asked_away;   /* Discord wants us to connect again */
    bool              invalid;      /* the session was refused */
};

/* ---- the session ---- */

static void set_text(char *out, size_t size, str text)
{
    snprintf(out, size, "%.*s", STR(text));
}

static enum err save_session(const struct channel_host *host) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(json_decrefp) json_t *j = json_pack("{s:s, s:s, s:s, s:I, s:s, s:s}", "bot", discord_self()->id, "id", session.id, "url",
    session.url, "seq",
                                                (json_int_t)session.seq, "last", session.last, "missed_from", session.missed_from);

    session.changed = false;
    session.saved_at = clock_ms();
    return host->remember(host, S("session"), json_print(a, j));
}

static enum err load_session(const struct channel_host *host) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(json_decrefp) json_t *j = NULL;
    str kept;

    session = (struct session){0};
    TRY(host->recall(host, a, S("session"), &kept));
    if (!kept.len || json_parse(kept, &j) || !str_eq(json_text_str(j, "bot"), str_from(discord_self()->id)))
        return OK;
    set_text(session.id, sizeof session.id, json_text_str(j, "id"));
    set_text(session.url, sizeof session.url, json_text_str(j, "url"));
    session.seq = json_int(j, "seq", 0);
    set_text(session.last, sizeof session.last, json_text_str(j, "last"));
    set_text(session.missed_from, sizeof session.missed_from, json_text_str(j, "missed_from"));
    return OK;
}

static void forget_session(void)
{
    session.id[0] = session.url[0] = '\0';
    session.seq = 0;
    session.changed = true;
}

static void saw_message(str id)
{
    if (discord_time(id) > 0 && discord_time(id) >= discord_time(str_from(session.last)))
        set_text(session.last, sizeof session.last, id);
}

/* ---- frames ---- */

static enum err send_op(struct link *l, int op, json_t *d) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(json_decrefp) json_t *j = json_pack("{s:i, s:o}", "op", op, "d", d);

    return websocket_send(l->ws, WEBSOCKET_TEXT, json_print(a, j));
}

static enum err beat(struct link *l) AWAITS
{
    return send_op(l, OP_BEAT, session.seq ? json_integer(session.seq) : json_null());
}

/* One payload.  *ret_json is NULL for a piece of one, and for what is no JSON. */
static enum err read_frame(struct link *l, json_t **ret_json) AWAITS
{
    enum websocket_type type;
    str message, text;

    *ret_json = NULL;
    TRY(websocket_receive(l->ws, &type, &message));
    text = message;
    if (type == WEBSOCKET_BINARY) {
        buf_add(&l->squeezed, message);
        if (!str_ends(buf_str(&l->squeezed), str_of("\0\0\xff\xff", 4)))
            return buf_check(&l->squeezed, "a payload of Discord's");
        buf_clear(&l->text);
        enum err e = inflate_feed(&l->z, buf_str(&l->squeezed), &l->text);

        buf_clear(&l->squeezed);
        if (e)
            return failed_in(ERR_REMOTE, "Discord: ");
        text = buf_str(&l->text);
    }
    if (json_parse(text, ret_json) || !json_is_object(*ret_json)) {
        log_event(LOG_WARN, "discord.odd_frame", F("bytes", text.len));
        json_decref(*ret_json);
        *ret_json = NULL;
    }
    return OK;
}

/* ---- events ---- */

static bool is_event(const json_t *j, const char *name)
{
    return str_eq(json_text_str(j, "t"), str_from(name));
}

static enum err on_ready(struct link *l, const json_t *d) AWAITS
{
    set_text(session.id, sizeof session.id, json_text_str(d, "session_id"));
    set_text(session.url, sizeof session.url, json_text_str(d, "resume_gateway_url"));
    if (session.last[0] && !session.missed_from[0])
        memcpy(session.missed_from, session.last, sizeof session.missed_from);
    if (!session.last[0])       /* from now on; their clock may be behind ours */
        discord_id_at(clock_wall_ms() - SKEW_MS, session.last);
    return save_session(l->host);
}

/* A session that could not be resumed leaves a gap. */
static enum err fill_gap(struct link *l) AWAITS
{
    if (!session.missed_from[0])
        return OK;
    TRY(discord_catch_up(l->host, str_from(session.missed_from)));
    session.missed_from[0] = '\0';
    return save_session(l->host);
}

static enum err on_up(struct link *l) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();

    l->up = true;
    l->host->health(l->host, OK, arena_printf(a, "connected as %s", discord_self()->username));
    return fill_gap(l);
}

static enum err act_on(struct link *l, const json_t *j) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    const json_t *d = json_object_get(j, "d");

    if (is_event(j, "READY"))
        TRY(on_ready(l, d));
    if (is_event(j, "READY") || is_event(j, "RESUMED"))
        return on_up(l);
    if (is_event(j, "MESSAGE_CREATE")) {
        TRY(discord_take_message(l->host, a, d, NO_STR));
        saw_message(json_text_str(d, "id"));
    }
    return is_event(j, "INTERACTION_CREATE") ? discord_take_interaction(l->host, a, d) : OK;
}

static enum err event_fiber(void *arg) AWAITS
{
    struct link *l = arg;

    for (;;) {
        void *item;

        TRY(queue_pop(&l->events, &item));
        CLEANUP(json_decrefp) json_t *j = item;
        TRY(act_on(l, j));
        if (json_int(j, "s", 0) > session.seq) {
            session.seq = json_int(j, "s", 0);
            session.changed = true;
        }
        if (session.changed && clock_ms() - session.saved_at > SAVE_EVERY_MS)
            TRY(save_session(l->host));
    }
}

/* ---- reading ---- */

/* Most events are not for us; what counts of those is their number. */
static enum err enqueue(struct link *l, json_t *j) AWAITS
{
    static const char *const ours[] = { "READY", "RESUMED", "MESSAGE_CREATE", "INTERACTION_CREATE" };
    bool wanted = false;

    for (size_t i = 0; i < N_ELEMENTS(ours); i++)
        wanted |= is_event(j, ours[i]);
    json_t *item = wanted ? json_incref(j) : json_pack("{s:I}", "s", (json_int_t)json_int(j, "s", 0));
    enum err e = queue_push(&l->events, item);

    if (e)
        json_decref(item);
    return e;
}

static enum err on_frame(struct link *l, json_t *j) AWAITS
{
    switch (json_int(j, "op", -1)) {
    case OP_EVENT:
        return enqueue(l, j);
    case OP_BEAT:
        return beat(l);
    case OP_HEARD:
        l->heard = true;
        if (l->up)
            l->host->health(l->host, OK, "connected");
        return OK;
    case OP_RECONNECT:
        l->asked_away = true;
        return failed(ERR_NET, "Discord asks to connect again");
    case OP_INVALID:
        l->invalid = true;
        if (!json_is_true(json_object_get(j, "d")))
            forget_session();
        return failed(ERR_NET, "Discord has ended the session");
    default:
        return OK;
    }
}

static enum err read_fiber(void *arg) AWAITS
{
    struct link *l = arg;

    for (;;) {
        CLEANUP(json_decrefp) json_t *j = NULL;

        TRY(read_frame(l, &j));
        if (j)
            TRY(on_frame(l, j));
    }
}

static enum err beat_fiber(void *arg) AWAITS
{
    struct link *l = arg;

    TRY(fiber_sleep(random_below(l->beat_ms)));
    for (;;) {
        if (!l->heard)
            return failed(ERR_TIMEOUT, "Discord does not answer heartbeats");
        l->heard = false;
        TRY(beat(l));
        if (session.changed)
            TRY(save_session(l->host));
        TRY(fiber_sleep(l->beat_ms));
    }
}

/* ---- one connection ---- */

static enum err await_hello(struct link *l) AWAITS
{
    CLEANUP(deadline_clear) struct deadline limit;
    CLEANUP(json_decrefp) json_t *j = NULL;

    deadline_set(&limit, HELLO_MS);
    while (!j)
        TRY(read_frame(l, &j));
    int64_t ms = json_int(j, "d.heartbeat_interval", 0);

    if (json_int(j, "op", -1) != OP_HELLO || ms < BEAT_MIN_MS || ms > BEAT_MAX_MS)
        return failed(ERR_REMOTE, "Discord's gateway does not say hello");
    l->beat_ms = (uint64_t)ms;
    l->heard = true;
    return OK;
}

static enum err introduce(struct link *l) AWAITS
{
    const struct config *cfg = config_now();
    int intents = INTENT_GUILDS | INTENT_GUILD_MESSAGES | INTENT_DIRECT_MESSAGES
                  | (cfg->platforms_discord_message_content ? INTENT_CONTENT : 0);

    if (session.id[0])
        return send_op(l, OP_RESUME, json_pack("{s:s, s:s, s:I}", "token", cfg->platforms_discord_token, "session_id", session.id,
                                               "seq", (json_int_t)session.seq));
    return send_op(l, OP_IDENTIFY, json_pack("{s:s, s:i, s:{s:s, s:s, s:s}}", "token", cfg->platforms_discord_token, "intents", intents,
                                             "properties", "os", "linux", "browser", "clawdbot", "device", "clawdbot"));
}

static enum err live(struct link *l) AWAITS
{
    CLEANUP(fibers_done) struct fibers g = {0};

    TRY(await_hello(l));
    TRY(introduce(l));
    fibers_spawn(&g, "discord.read", read_fiber, l);
    fibers_spawn(&g, "discord.beat", beat_fiber, l);
    fibers_spawn(&g, "discord.events", event_fiber, l);
    return fibers_wait(&g);
}

/* Where to: the session's own address, or one that is asked for, with how many new sessions may still be begun today. */
static enum err find_gateway(const struct channel_host *host, struct arena *a, const char **ret) AWAITS
{
    CLEANUP(json_decrefp) json_t *j = NULL;

    *ret = arena_c(a, str_from(session.url));
    if (session.id[0] && session.url[0])
        return OK;
    for (;;) {
        TRY(discord_call(a, "GET", "/gateway/bot", NULL, &j));
        int64_t wait = json_int(j, "session_start_limit.reset_after", 0);

        if (json_int(j, "session_start_limit.remaining", 1) > 0 || wait <= 0)
            break;
        host->health(host, ERR_LIMIT, arena_printf(a, "Discord lets this bot log in again in %lld minutes",
                                                   (long long)wait / 60000 + 1));
        TRY(fiber_sleep((uint64_t)wait));
        json_decref(j);
        j = NULL;
    }
    *ret = arena_c(a, json_text_str(j, "url"));
    return **ret ? OK : failed(ERR_REMOTE, "Discord does not say where its gateway is");
}

/* What a close code asks for; the rest may be resumed. */
static enum err judge_close(const struct link *l, enum err e)
{
    switch (websocket_close_code(l->ws)) {
    case 4004:
        return failed(ERR_AUTH, "Discord refuses the bot token: check platforms.discord.token");
    case 4013:
        return failed(ERR_AUTH, "Discord does not know an intent we ask for (4013): this version is too old for it");
    case 4014:
        return failed(ERR_AUTH, "Discord refuses an intent: turn on Message Content Intent on the application's page Bot, or set "
                                "platforms.discord.message_content to false");
    case 4010: case 4011: case 4012:
        return failed(ERR_AUTH, "Discord ends the connection with %u: this bot is in more servers than one connection serves, or this "
                                "version is too old", (unsigned)websocket_close_code(l->ws));
    case 4003: case 4007: case 4009:
        forget_session();
        break;
    default:
        break;
    }
    return e == ERR_NOT_FOUND ? failed_in(ERR_NET, "Discord: ") : e;
}

static void drop_event(void *item)
{
    json_decref(item);
}

static void link_init(struct link *l, const struct channel_host *host)
{
    *l = (struct link){ .host = host, .squeezed = { .max = FRAME_MAX }, .text = { .max = FRAME_MAX } };
    queue_init(&l->events, EVENTS_MAX, QUEUE_WAIT);
    l->events.on_drop = drop_event;
}

static void link_done(struct link *l)
{
    websocket_free(l->ws);
    queue_done(&l->events);
    inflate_done(&l->z);
    buf_done(&l->squeezed);
    buf_done(&l->text);
}

/* That host may be gone for good: the next try asks for another, and resumes there. */
static enum err forget_address(const struct channel_host *host) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    const char *why = arena_c(a, str_from(failed_text()));

    session.url[0] = '\0';
    TRY(save_session(host));
    return failed(ERR_NET, "%s", why);
}

static enum err connect_once(struct link *l) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    const struct websocket_options options = { .max_message = FRAME_MAX, .ping_every_ms = NO_PING_MS, .goodbye = CLOSE_RESUMABLE };
    const char *base;

    TRY(find_gateway(l->host, a, &base));
    enum err e = websocket_connect(arena_printf(a, "%s?v=10&encoding=json&compress=zlib-stream", base), NULL, 0, &options, &l->ws);

    if (e && e != ERR_CANCELLED && session.url[0])
        TRY(forget_address(l->host));
    TRY(e);
    e = live(l);
    return e == ERR_CANCELLED ? e : judge_close(l, e);
}

/* ---- one after another ---- */

/* *ret_pause: how long before the next.  An error is for who runs us, who waits longer and longer. */
static enum err connect_and_live(const struct channel_host *host, uint64_t *pause, uint64_t *ret_wait) AWAITS
{
    CLEANUP(link_done) struct link l;
    uint64_t began = clock_ms();

    link_init(&l, host);
    enum err e = connect_once(&l);

    if (e == ERR_CANCELLED || e == ERR_AUTH || (!l.up && !l.invalid))
        return e;
    if (!l.asked_away)
        host->health(host, e, failed_text());
    log_event(LOG_INFO, "discord.again", F("why", failed_text()));
    if (clock_ms() - began > STEADY_MS)
        *pause = PAUSE_MIN_MS;
    *ret_wait = l.invalid ? AGAIN_MS + random_below(AGAIN_SPREAD_MS) : random_below(*pause);
    return OK;
}

enum err discord_gateway(const struct channel_host *host)
{
    uint64_t pause = PAUSE_MIN_MS, wait;

    TRY(load_session(host));
    for (;;) {
        TRY(connect_and_live(host, &pause, &wait));
        TRY(fiber_sleep(wait));
        pause = pause * 2 < PAUSE_MAX_MS ? pause * 2 : PAUSE_MAX_MS;
    }
}
