// SPDX-License-Identifier: Apache-2.0
/* The sync: one request after another, each waits for news.  Its token is remembered when what it brought is stored, so that nothing
 * is passed over, whatever happens here or there meanwhile. */
#include "channel/matrix.h"

#include <string.h>

#include "base/log.h"
#include "config/config.h"
#include "runtime/fiber.h"

enum {
    WAIT_MS = 30 * 1000, SYNC_TIMEOUT_MS = WAIT_MS + 30 * 1000, GAP_PAGES_MAX = 20, GAP_MAX = 2000, MESSAGES_MAX = 200, TIMELINE_MAX = 50,
    RETRY_MIN_MS = 500, RETRY_MAX_MS = 60 * 1000, SYNC_MAX = 64 << 20,
};

/* What is asked for; timelines are read back to where we were by read_gap(). */
#define FILTER_FORMAT "{\"presence\":{\"types\":[]},\"account_data\":{\"types\":[]},\"room\":{\"account_data\":{\"types\":[]}," \
               "\"ephemeral\":{\"types\":[]},\"state\":{\"types\":[\"m.room.encryption\",\"m.room.member\"],\"lazy_load_members\":true}," \
               "\"timeline\":{\"limit\":%d,\"types\":[\"m.room.message\",\"m.room.encrypted\",\"m.room.encryption\",\"m.room.member\"]}}}"

static bool configured(void)
{
    const struct config *c = config_now();

    return c->platforms_matrix_homeserver[0] && (c->platforms_matrix_access_token[0] || c->platforms_matrix_password[0]);
}

static bool streams(void)
{
    return config_now()->platforms_matrix_stream;
}

/* One sync's work. */
struct work {
    const struct channel_host *host;
    struct arena              *arena;
    const struct matrix_bot   *bot;
    str                        since;
    struct message            *messages;
    size_t                     n;
};

/* Before the end too, where there are many: what is brought again is dropped. */
static enum err store(struct work *w) AWAITS
{
    size_t n = w->n;

    w->n = 0;
    return n ? w->host->receive(w->host, w->messages, n) : OK;
}

/* ---- what we say by ourselves ---- */

/* Said once a room: the transaction id is always the same. */
static enum err say_encrypted(struct work *w, str room) AWAITS
{
    CLEANUP(json_decrefp) json_t *j = json_pack("{s:s, s:s}", "msgtype", "m.notice", "body",
        "This room is encrypted, and I cannot read encrypted messages. Please invite me into a room without encryption. / "
        "此房间已加密，而我无法读取加密消息。请邀请我进入未加密的房间。");
    str path = matrix_path(w->arena, "/_matrix/client/v3/rooms/", room, "/send/m.room.message/", S("clawdbot-encrypted")), told;

    TRY(w->host->recall(w->host, w->arena, matrix_path(w->arena, "encrypted ", room, "", S("")), &told));
    matrix_room_encrypted(room);
    if (told.len)
        return OK;
    enum err e = matrix_fetch(w->arena, &(struct matrix_call){ .method = "PUT", .path = path, .body = j }, NULL, NULL);

    if (e && e != ERR_NOT_FOUND && e != ERR_INPUT)
        return e;
    return w->host->remember(w->host, matrix_path(w->arena, "encrypted ", room, "", S("")), S("told"));
}

/* ---- invitations ---- */

/* People we know may take us anywhere; who is a stranger may talk to us alone, and is told how to get in. */
static bool is_welcome(const struct work *w, str inviter, bool direct)
{
    const char *who = config_now()->platforms_matrix_invites;
    bool known = w->host->knows && w->host->knows(w->host, inviter);

    return strcmp(who, "none") != 0 && (known || strcmp(who, "all") == 0 || (direct && strcmp(who, "direct") == 0));
}

static enum err take_invite(struct work *w, str room, const json_t *invite) AWAITS
{
    CLEANUP(json_decrefp) json_t *empty = json_object();
    bool direct;
    str inviter;

    if (!matrix_decode_invite(invite, w->bot, &inviter, &direct))
        return OK;
    bool welcome = is_welcome(w, inviter, direct);

    log_event(LOG_INFO, "matrix.invited", F("room", room), F("by", inviter), F("joined", welcome));
    str path = welcome ? matrix_path(w->arena, "/_matrix/client/v3/join/", room, "", S(""))
             : matrix_path(w->arena, "/_matrix/client/v3/rooms/", room, "/leave", S(""));
    enum err e = matrix_fetch(w->arena, &(struct matrix_call){ .method = "POST", .path = path, .body = empty }, NULL, NULL);

    if (e == ERR_NOT_FOUND || e == ERR_INPUT || e == ERR_CONFLICT) {
        log_event(LOG_WARN, "matrix.not_joined", F("room", room), F("error", failed_text()));
        return OK;          /* it was taken back, say: it would be so the next time */
    }
    return e;
}

/* ---- rooms ---- */

/* In a conversation of two everything is for us; else what names us, answers us, or stands in a thread of ours. */
static enum err look_at_room(struct work *w, struct matrix_message *m, str room, bool *ret_there) AWAITS
{
    struct matrix_room about;
    bool ours;

    enum err e = matrix_room(w->arena, room, &about);

    if (e == ERR_NOT_FOUND || e == ERR_INPUT) {
        log_event(LOG_DEBUG, "matrix.no_room", F("room", room), F("error", failed_text()));
        *ret_there = false;         /* we are in it no more: nothing could be answered */
        return OK;
    }
    TRY(e);
    *ret_there = true;
    m->hook.message.chat_type = about.direct ? S("private") : S("group");
    ours = about.direct || m->mentioned;
    if (!ours && m->answers.len)
        TRY(matrix_event_is_ours(w->arena, w->bot, room, m->answers, &ours));
    if (!ours && m->root.len)
        TRY(matrix_event_is_ours(w->arena, w->bot, room, m->root, &ours));
    m->hook.message.overheard = !ours;
    return OK;
}

static str name_of(const struct work *w, const json_t *room, str user)
{
    const json_t *event;
    size_t i;

    json_array_foreach(json_at(room, "state.events"), i, event)
        if (str_eq(json_text_str(event, "state_key"), user) && json_text_str(event, "content.displayname").len)
            return arena_str(w->arena, json_text_str(event, "content.displayname"));
    return S("");
}

static enum err take_event(struct work *w, str room, const json_t *joined, const json_t *event) AWAITS
{
    struct matrix_message *m = ARENA_NEW(w->arena, struct matrix_message);
    bool there;

    if (strcmp(json_text(event, "type"), "m.room.member") == 0)
        matrix_room_changed(room);
    if (!matrix_decode(w->arena, event, room, w->bot, m))
        return OK;
    TRY(look_at_room(w, m, room, &there));
    if (!there)
        return OK;
    m->hook.message.user_name = name_of(w, joined, m->hook.message.user_id);
    TRY(incoming_files(w->host, w->arena, &m->hook.message, m->hook.files, m->hook.n_files, matrix_locate));
    w->messages[w->n++] = m->hook.message;
    return w->n == MESSAGES_MAX ? store(w) : OK;
}

/* What the timeline leaves out: there was more since the last time than it shows.  Newest first into `into`. */
static enum err read_gap(struct work *w, str room, const json_t *joined, json_t *into) AWAITS
{
    str from = json_text_str(joined, "timeline.prev_batch");

    for (int page = 0; page < GAP_PAGES_MAX && from.len && json_array_size(into) < GAP_MAX; page++) {
        CLEANUP(json_decrefp) json_t *j = NULL;
        CLEANUP(buf_done) struct buf path = {0};
        json_t *event;
        size_t i;

        buf_add(&path, matrix_path(w->arena, "/_matrix/client/v3/rooms/", room, "/messages?dir=b&limit=100&from=", from));
        platform_add_pair(&path, "to", w->since);
        TRY(matrix_fetch(w->arena, &(struct matrix_call){ .path = buf_str(&path) }, &j, NULL));
        json_array_foreach(json_object_get(j, "chunk"), i, event)
            json_array_append(into, event);
        if (!json_array_size(json_object_get(j, "chunk")))
            return OK;
        from = arena_str(w->arena, json_text_str(j, "end"));
    }
    return OK;
}

/* Where we came into a room, STR_NONE where we were there already: what was said before is none of our business, what was said
 * after the invitation is. */
static size_t arrival(const struct work *w, const json_t *events)
{
    size_t came = STR_NONE, i;
    const json_t *event;

    json_array_foreach(events, i, event) {
        const char *now = json_text(event, "content.membership"), *before = json_text(event, "unsigned.prev_content.membership");

        if (strcmp(json_text(event, "type"), "m.room.member") || !str_eq(json_text_str(event, "state_key"), w->bot->user_id))
            continue;
        if (strcmp(now, "invite") == 0 || (strcmp(now, "join") == 0 && strcmp(before, "join") && came == STR_NONE))
            came = i;
    }
    return came;
}

/* Also what was said before we came: a room is encrypted for ever. */
static bool is_encrypted(const json_t *joined)
{
    static const char *const places[] = { "state.events", "timeline.events" };
    const json_t *event;
    size_t i;

    for (size_t k = 0; k < N_ELEMENTS(places); k++)
        json_array_foreach(json_at(joined, places[k]), i, event)
            if (matrix_is_encryption(event))
                return true;
    return false;
}

static enum err take_room(struct work *w, str room, const json_t *joined) AWAITS
{
    CLEANUP(json_decrefp) json_t *before = json_array();
    size_t came = arrival(w, json_at(joined, "timeline.events"));
    const json_t *event;
    size_t i;

    if (!w->since.len)
        return OK;          /* the very first time: what was said before we came is none of our business */
    if (is_encrypted(joined))
        TRY(say_encrypted(w, room));
    if (json_flag(joined, "timeline.limited") && came == STR_NONE) {
        matrix_room_changed(room);
        enum err e = read_gap(w, room, joined, before);

        if (e && e != ERR_NOT_FOUND && e != ERR_INPUT)
            return e;
    }
    for (size_t k = json_array_size(before); k > 0; k--)
        TRY(take_event(w, room, joined, json_array_get(before, k - 1)));
    json_array_foreach(json_at(joined, "timeline.events"), i, event)
        if (came == STR_NONE || i > came)
            TRY(take_event(w, room, joined, event));
    return OK;
}

/* Ids of rooms have dots in them: no paths. */
static enum err take_sync(struct work *w, const json_t *sync) AWAITS
{
    const json_t *rooms = json_object_get(sync, "rooms"), *room;
    const char *id;

    w->messages = arena_alloc(w->arena, MESSAGES_MAX * sizeof *w->messages);
    json_object_foreach((json_t *)json_object_get(rooms, "invite"), id, room)
        TRY(take_invite(w, str_from(id), room));
    json_object_foreach((json_t *)json_object_get(rooms, "join"), id, room)
        TRY(take_room(w, str_from(id), room));
    return store(w);
}

/* ---- the loop ---- */

static enum err ask_sync(struct work *w, json_t **ret_json, uint64_t *ret_retry_ms) AWAITS
{
    CLEANUP(buf_done) struct buf query = {0};

    /* The first time timelines are not looked at. */
    platform_add_pair(&query, "filter", str_from(arena_printf(w->arena, FILTER_FORMAT, w->since.len ? TIMELINE_MAX : 1)));
    platform_add_pair(&query, "timeout", w->since.len ? str_from(arena_printf(w->arena, "%d", WAIT_MS)) : S("0"));
    if (w->since.len)
        platform_add_pair(&query, "since", w->since);
    str path = str_from(arena_printf(w->arena, "/_matrix/client/v3/sync?%s", buf_c(&query)));

    return matrix_fetch(w->arena, &(struct matrix_call){ .path = path, .timeout_ms = SYNC_TIMEOUT_MS, .max_body = SYNC_MAX },
                        ret_json, ret_retry_ms);
}

/* The token belongs to an account on a server. */
static str key_of(struct arena *a, const struct matrix_bot *bot)
{
    return str_from(arena_printf(a, "since %.*s", STR(bot->user_id)));
}

static enum err sync_once(const struct channel_host *host, const struct matrix_bot *bot) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(json_decrefp) json_t *j = NULL;
    struct work w = { .host = host, .arena = a, .bot = bot };
    uint64_t retry = 0;

    TRY(host->recall(host, a, key_of(a, bot), &w.since));
    enum err e = ask_sync(&w, &j, &retry);

    if (e == ERR_LIMIT && retry > 0 && retry <= RETRY_MAX_MS) {
        host->health(host, e, failed_text());
        return fiber_sleep(retry > RETRY_MIN_MS ? retry : RETRY_MIN_MS);
    }
    if (e == ERR_INPUT && w.since.len) {
        log_event(LOG_WARN, "matrix.since_refused", F("error", failed_text()));
        return host->remember(host, key_of(a, bot), S(""));
    }
    TRY(e);
    TRY(take_sync(&w, j));
    host->health(host, OK, "connected");
    str next = json_text_str(j, "next_batch");

    return !next.len || str_eq(next, w.since) ? OK : host->remember(host, key_of(a, bot), next);
}

/* Of the running connection, for the typing sign. */
static struct { struct arena *arena; struct matrix_bot bot; } us;

bool matrix_bot_now(struct matrix_bot *out)
{
    *out = us.bot;
    return us.bot.user_id.len > 0;
}

static enum err connect_and_sync(const struct channel_host *host) AWAITS
{
    struct arena *a = arena_new();
    struct matrix_bot bot;
    enum err e = matrix_who(a, &bot);

    if (e) {
        arena_free(a);
        return e;
    }
    arena_free(us.arena);
    us.arena = a;
    us.bot = bot;
    for (;;)
        TRY(sync_once(host, &us.bot));
}

static void mask_secrets(void)
{
    log_mask(str_from(config_now()->platforms_matrix_access_token));
    log_mask(str_from(config_now()->platforms_matrix_password));
}

static enum err run(const struct channel_host *host) AWAITS
{
    enum err e;

    mask_secrets();
    matrix_forget_login();      /* the settings may have changed */
    matrix_rooms_forget();
    e = connect_and_sync(host);
    if (e != ERR_CANCELLED)
        host->health(host, e, failed_text());
    return e;
}

static enum err check(struct arena *a, str *ret_who) AWAITS
{
    struct matrix_bot bot;

    mask_secrets();
    TRY(matrix_who(a, &bot));
    *ret_who = str_from(arena_printf(a, "%.*s%s%.*s%s", STR(bot.name), bot.name.len ? " (" : "", STR(bot.user_id),
                                     bot.name.len ? ")" : ""));
    return OK;
}

static const struct channel_key keys[] = {
    { "platforms.matrix.homeserver", "Address of the homeserver (https://matrix.example.org)",
      "主服务器地址（https://matrix.example.org）", false },
    { "platforms.matrix.access_token", "Access token of the bot's account (empty: log in with a password)",
      "机器人帐户的访问令牌（留空则用密码登录）", true },
    { "platforms.matrix.user", "User name of the bot's account (empty with a token)", "机器人帐户的用户名（有令牌时留空）", true },
    { "platforms.matrix.password", "Password of the bot's account (empty with a token)", "机器人帐户的密码（有令牌时留空）", true },
};

const struct channel channel_matrix = {
    .name = "matrix", .title = "Matrix", .proven_by = "matrix-js-sdk 43.0.0", .keys = keys, .n_keys = N_ELEMENTS(keys),
    .markup = MARKUP_HTML, .unit = UNIT_BYTE, .text_max = 15000, .file_max = 50 << 20, .edit_every_ms = 3000,
    .edits = 1, .typing = 1, .files = 1, .idempotent = 1,
    .configured = configured, .streams = streams, .check = check, .run = run,
    .prepare = matrix_prepare, .encode = matrix_encode, .encode_typing = matrix_encode_typing, .decode_sent = matrix_decode_sent,
    .resolve = matrix_resolve, .addresses = "#room:server, @user:server or a room's id (!...)",
};
