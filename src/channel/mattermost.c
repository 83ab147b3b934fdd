// SPDX-License-Identifier: Apache-2.0
/* Mattermost: events by WebSocket, all else by the REST API, version 4.  On every connect what was posted since the last post acted
 * upon is asked for, channel by channel, so that a broken connection or a restart loses nothing. */
#include "channel/mattermost.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "channel/platform_api.h"
#include "config/config.h"
#include "net/websocket.h"
#include "runtime/clock.h"

enum { FRAME_MAX = 4 << 20, HELLO_MS = 20 * 1000, SAVE_EVERY_MS = 2000, ID_SIZE = 27, NAME_SIZE = 100 };

static struct { char id[ID_SIZE], username[NAME_SIZE]; } me;

/* The time of the newest post acted upon. */
static struct { int64_t at; bool changed; uint64_t saved_at; } last;

static bool configured(void)
{
    return config_now()->platforms_mattermost_url[0] && config_now()->platforms_mattermost_token[0];
}

static bool streams(void)
{
    return config_now()->platforms_mattermost_stream;
}

static enum err ask_who_we_are(void) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(json_decrefp) json_t *j = NULL;

    TRY(mattermost_get(a, "/users/me", &j));
    snprintf(me.id, sizeof me.id, "%s", json_text(j, "id"));
    snprintf(me.username, sizeof me.username, "%s", json_text(j, "username"));
    return me.id[0] ? OK : failed(ERR_REMOTE, "Mattermost does not say who we are");
}

/* ---- posts ---- */

static enum err locate(const struct channel_host *host UNUSED, struct arena *a, struct incoming_file *f) AWAITS
{
    struct platform_call call = { .authorization = mattermost_authorization(a),
                                  .url = mattermost_url(a, arena_printf(a, "/files/%.*s", STR(f->id))) };

    platform_request(a, &call, &f->request);
    return OK;
}

/* An answer in a thread that we began is for us. */
static enum err is_in_our_thread(struct arena *a, str root_id, bool *ret) AWAITS
{
    CLEANUP(json_decrefp) json_t *j = NULL;
    enum err e = mattermost_get(a, arena_printf(a, "/posts/%.*s", STR(root_id)), &j);

    *ret = j && str_eq(json_text_str(j, "user_id"), str_from(me.id));
    return e == ERR_NOT_FOUND ? OK : e;
}

static enum err take_post(const struct channel_host *host, const json_t *post, const struct mattermost_place *place) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct mattermost_message *m = ARENA_NEW(a, struct mattermost_message);
    const struct mattermost_self self = { str_from(me.id), str_from(me.username) };
    bool wanted, ours;

    if (mattermost_decode(a, post, place, &self, m, &wanted)) {
        log_event(LOG_WARN, "mattermost.odd_post", F("error", failed_text()));
        return OK;
    }
    if (wanted && m->message.overheard && m->root_id.len) {
        TRY(is_in_our_thread(a, m->root_id, &ours));
        m->message.overheard = !ours;
    }
    if (wanted) {
        TRY(incoming_files(host, a, &m->message, m->files, m->n_files, locate));
        TRY(host->receive(host, &m->message, 1));
    }
    if (m->message.created_at > last.at) {
        last.at = m->message.created_at;
        last.changed = true;
    }
    return OK;
}

static enum err save_last(const struct channel_host *host) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();

    last.changed = false;
    last.saved_at = clock_ms();
    return host->remember(host, S("last"), str_from(arena_printf(a, "%lld", (long long)last.at)));
}

static enum err load_last(const struct channel_host *host) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    str kept;

    TRY(host->recall(host, a, S("last"), &kept));
    if (str_i64(kept, &last.at) == OK)
        return OK;
    last.at = clock_wall_ms();      /* from now on */
    return save_last(host);
}

/* ---- what was missed ---- */

static int by_time(const void *x, const void *y)
{
    int64_t a = json_int(*(const json_t *const *)x, "create_at", 0), b = json_int(*(const json_t *const *)y, "create_at", 0);

    return a < b ? -1 : a > b;
}

/* `since` also brings posts that were only edited since. */
static enum err take_channel(const struct channel_host *host, const json_t *channel, int64_t since) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(json_decrefp) json_t *j = NULL;
    const struct mattermost_place place = { json_text_str(channel, "type"), S("") };
    const char *path = arena_printf(a, "/channels/%s/posts?since=%lld", json_text(channel, "id"), (long long)since), *id;
    const json_t **posts, *post;
    size_t n = 0;

    TRY(mattermost_get(a, path, &j));
    posts = arena_alloc(a, (json_object_size(json_object_get(j, "posts")) + 1) * sizeof *posts);
    json_object_foreach(json_object_get(j, "posts"), id, post)
        if (json_int(post, "create_at", 0) >= since)
            posts[n++] = post;
    qsort(posts, n, sizeof *posts, by_time);
    for (size_t i = 0; i < n; i++)
        TRY(take_post(host, posts[i], &place));
    return OK;
}

static enum err catch_up(const struct channel_host *host) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(json_decrefp) json_t *channels = NULL;
    const json_t *channel;
    int64_t since = last.at;
    size_t i;

    TRY(mattermost_get(a, "/users/me/channels", &channels));
    json_array_foreach(channels, i, channel)
        if (json_int(channel, "last_post_at", 0) >= since) {
            enum err e = take_channel(host, channel, since);

            if (e != ERR_NOT_FOUND)     /* left meanwhile */
                TRY(e);
        }
    return save_last(host);
}

/* ---- the socket ---- */

static enum err on_event(const struct channel_host *host, const json_t *j) AWAITS
{
    CLEANUP(json_decrefp) json_t *post = NULL;
    const struct mattermost_place place = { json_text_str(j, "data.channel_type"), json_text_str(j, "data.sender_name") };

    if (!str_eq(json_text_str(j, "event"), S("posted")))
        return OK;
    if (json_parse(json_text_str(j, "data.post"), &post)) {
        log_event(LOG_WARN, "mattermost.odd_event", F("error", failed_text()));
        return OK;
    }
    return take_post(host, post, &place);
}

static enum err receive(struct websocket *ws, json_t **ret_json) AWAITS
{
    enum websocket_type type;
    str text;

    TRY(websocket_receive(ws, &type, &text));
    if (json_parse(text, ret_json)) {
        log_event(LOG_WARN, "mattermost.odd_frame", F("bytes", text.len));
        *ret_json = NULL;
    }
    return OK;
}

static enum err log_in(struct websocket *ws) AWAITS
{
    CLEANUP(deadline_clear) struct deadline limit;
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(json_decrefp) json_t *ask = json_pack("{s:i, s:s, s:{s:s}}", "seq", 1, "action", "authentication_challenge", "data", "token",
                                                  config_now()->platforms_mattermost_token);

    deadline_set(&limit, HELLO_MS);
    TRY(websocket_send(ws, WEBSOCKET_TEXT, json_print(a, ask)));
    for (;;) {
        CLEANUP(json_decrefp) json_t *j = NULL;

        TRY(receive(ws, &j));
        if (str_eq(json_text_str(j, "event"), S("hello")))
            return OK;
        if (str_eq(json_text_str(j, "status"), S("FAIL")))
            return failed(ERR_AUTH, "Mattermost refuses the token: check platforms.mattermost.token");
    }
}

static const char *socket_url(struct arena *a)
{
    str url = str_from(mattermost_url(a, "/websocket"));

    return str_eat(&url, S("https")) ? arena_printf(a, "wss%.*s", STR(url))
         : str_eat(&url, S("http")) ? arena_printf(a, "ws%.*s", STR(url)) : arena_c(a, url);
}

static void websocket_freep(struct websocket **ws)
{
    websocket_free(*ws);
}

static enum err serve(const struct channel_host *host) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(websocket_freep) struct websocket *ws = NULL;

    TRY(ask_who_we_are());
    TRY(load_last(host));
    TRY(websocket_connect(socket_url(a), NULL, 0, &(struct websocket_options){ .max_message = FRAME_MAX }, &ws));
    TRY(log_in(ws));
    TRY(catch_up(host));        /* after it listens: what comes meanwhile comes twice, and is known */
    host->health(host, OK, arena_printf(a, "connected as %s", me.username));
    for (;;) {
        CLEANUP(json_decrefp) json_t *j = NULL;

        TRY(receive(ws, &j));
        TRY(on_event(host, j));
        if (last.changed && clock_ms() - last.saved_at > SAVE_EVERY_MS)
            TRY(save_last(host));
    }
}

static enum err run(const struct channel_host *host) AWAITS
{
    log_mask(str_from(config_now()->platforms_mattermost_token));
    enum err e = serve(host);

    if (e == ERR_NOT_FOUND)
        e = failed_in(ERR_NET, "Mattermost: ");
    if (e && e != ERR_CANCELLED)
        host->health(host, e, failed_text());
    return e;
}

static enum err check(struct arena *a, str *ret_who) AWAITS
{
    log_mask(str_from(config_now()->platforms_mattermost_token));
    TRY(ask_who_we_are());
    *ret_who = str_from(arena_printf(a, "@%s (%s)", me.username, me.id));
    return OK;
}

static const struct channel_key keys[] = {
    { "platforms.mattermost.url", "Address of the Mattermost server (https://chat.example.org)",
      "Mattermost 服务器地址（https://chat.example.org）", false },
    { "platforms.mattermost.token", "Access token of the bot account (Integrations, Bot Accounts)",
      "机器人账号的访问令牌（集成，机器人账号）", false },
};

const struct channel channel_mattermost = {
    .name = "mattermost", .title = "Mattermost", .proven_by = "@mattermost/client 11.9.0", .keys = keys, .n_keys = N_ELEMENTS(keys),
    .markup = MARKUP_MARKDOWN, .unit = UNIT_CHARACTER, .text_max = 16383, .file_max = 50 << 20, .global_per_second = 10,
    .edits = 1, .typing = 1, .files = 1, .configured = configured, .streams = streams, .check = check, .run = run,
    .prepare = mattermost_prepare, .encode = mattermost_encode, .encode_typing = mattermost_encode_typing,
    .decode_sent = mattermost_decode_sent, .resolve = mattermost_resolve, .addresses = "#channel, #team/channel, @user or a channel's id",
};
