// SPDX-License-Identifier: Apache-2.0
/* The connection to the Messaging API: LINE calls our webhook, we push.  Reply tokens are good for a minute and once, so they
 * are of no use to answers that must survive a restart. */
#include "channel/line.h"

#include <string.h>

#include "base/log.h"
#include "base/utf8.h"
#include "channel/chats.h"
#include "config/config.h"
#include "net/url.h"
#include "runtime/fiber.h"

enum { TEXT_MAX = 5000, READY_TRIES = 5, READY_PAUSE_MS = 1000, NAME_BYTES_MAX = 255 };

static bool configured(void)
{
    return config_now()->platforms_line_channel_access_token[0] != '\0';
}

static enum err check(struct arena *a, str *ret_who) AWAITS
{
    const struct config *c = config_now();
    CLEANUP(json_decrefp) json_t *j = NULL;
    struct platform_call q;

    log_mask(str_from(c->platforms_line_channel_access_token));
    log_mask(str_from(c->platforms_line_channel_secret));
    if (!c->platforms_line_channel_secret[0])
        return failed(ERR_INPUT, "platforms.line.channel_secret is missing");
    line_call(a, "v2/bot/info", &q);
    enum err e = platform_get(a, &q, &j);
    if (e == ERR_AUTH)
        return failed_in(e, "check platforms.line.channel_access_token: ");
    TRY(e);
    *ret_who = str_from(arena_printf(a, "%s (%s)", json_text(j, "displayName"), json_text(j, "basicId")));
    return OK;
}

static enum err run(const struct channel_host *host) AWAITS
{
    enum err e = hook_watch(host);

    if (e != ERR_CANCELLED)
        host->health(host, e, failed_text());
    return e;
}

/* ---- files ---- */

/* Long sounds and films are made ready after the call. */
static enum err await_ready(struct arena *a, str id) AWAITS
{
    struct platform_call q;

    line_data_call(a, arena_printf(a, "v2/bot/message/%.*s/content/transcoding", STR(id)), &q);
    for (int i = 0; i < READY_TRIES; i++) {
        CLEANUP(json_decrefp) json_t *j = NULL;

        if (i)
            TRY(fiber_sleep(READY_PAUSE_MS));
        TRY(platform_get(a, &q, &j));
        if (!str_eq(json_text_str(j, "status"), S("processing")))
            return OK;
    }
    return failed(ERR_TIMEOUT, "LINE is still preparing it; please send it again");
}

static enum err locate(const struct channel_host *host UNUSED, struct arena *a, struct incoming_file *f) AWAITS
{
    struct platform_call q;

    if (str_eq(str_from(f->type), S("video")) || str_eq(str_from(f->type), S("audio")))
        TRY(await_ready(a, f->id));
    line_data_call(a, arena_printf(a, "v2/bot/message/%.*s/content", STR(f->id)), &q);
    platform_request(a, &q, &f->request);
    return OK;
}

/* ---- calls ---- */

static void add_segment(struct buf *path, const char *before, str id)
{
    buf_addf(path, "%s", before);
    url_add_encoded(path, id);
}

/* Calls say no names.  Whoever talks to us alone and is known needs none; what fails here is for the eye only. */
static void name_sender(const struct channel_host *host, struct arena *a, struct message *m) AWAITS
{
    bool private = str_eq(m->chat_type, S("private"));
    CLEANUP(json_decrefp) json_t *j = NULL;
    CLEANUP(buf_done) struct buf path = {0};
    struct platform_call q;

    if (!chats_wants(m) || (private && host->knows && host->knows(host, m->user_id)))
        return;
    if (private)
        add_segment(&path, "v2/bot/profile/", m->user_id);
    else {
        add_segment(&path, str_starts(m->chat_id, S("R")) ? "v2/bot/room/" : "v2/bot/group/", m->chat_id);
        add_segment(&path, "/member/", m->user_id);
    }
    line_call(a, buf_c(&path), &q);
    if (platform_get(a, &q, &j))
        log_event(LOG_DEBUG, "line.nameless", F("error", failed_text()));
    else
        m->user_name = arena_str(a, utf8_take(json_text_str(j, "displayName"), NAME_BYTES_MAX));
}

static enum err webhook(const struct channel_host *host, struct http_exchange *x) AWAITS
{
    CLEANUP(json_decrefp) json_t *j = NULL;
    struct line_update *u = ARENA_NEW(x->arena, struct line_update);
    str claimed = http_exchange_field(x, S("X-Line-Signature"));

    if (!str_eq(x->method, S("POST")))
        return hook_answer(x, 405, "calls are POST\n");
    if (!hook_signed(x->arena, str_from(config_now()->platforms_line_channel_secret), &x->body, 1, claimed))
        return hook_answer(x, 401, "wrong signature\n");
    if (json_parse(x->body, &j) || line_decode(x->arena, j, u)) {
        log_event(LOG_WARN, "line.odd_call", F("error", failed_text()));
        return hook_answer(x, 200, "");     /* it would be as odd the next time */
    }
    for (size_t i = 0; i < u->n; i++)
        name_sender(host, x->arena, &u->messages[i]->message);
    enum err e = hook_store(host, x->arena, u->messages, u->n, locate);
    if (e == OK)
        host->health(host, OK, "called");
    return hook_answer_stored(host, x, e);
}

static enum err resolve(struct arena *a UNUSED, str name, str *ret_chat_id)
{
    bool id = name.len > 1 && strchr("UCR", name.p[0]);

    for (size_t i = 1; id && i < name.len; i++)
        id = (name.p[i] >= '0' && name.p[i] <= '9') || (name.p[i] >= 'a' && name.p[i] <= 'f');
    *ret_chat_id = name;
    return id ? OK : failed(ERR_NOT_FOUND, "\"%.*s\" is no id of LINE's, which tells no others", STR(str_take(name, 60)));
}

/* ---- the channel ---- */

static const struct channel_key keys[] = {
    { "platforms.line.channel_access_token", "Channel access token, long-lived (developers.line.biz, your channel, Messaging API)",
      "长期 Channel access token（developers.line.biz → 频道 → Messaging API）", false },
    { "platforms.line.channel_secret", "Channel secret (the same place, Basic settings)", "Channel secret（同处 → Basic settings）", false },
};

const struct channel channel_line = {
    .name = "line", .title = "LINE", .proven_by = "@line/bot-sdk 11.2.0", .keys = keys, .n_keys = N_ELEMENTS(keys),
    .markup = MARKUP_PLAIN, .unit = UNIT_UTF16, .text_max = TEXT_MAX, .typing = 1, .idempotent = 1,
    .called = 1, .configured = configured, .check = check, .run = run, .webhook = webhook,
    .encode = line_encode, .encode_typing = line_encode_typing, .decode_sent = line_decode_sent,
    .resolve = resolve, .addresses = "the id of a person (U...), group (C...) or room (R...), as it stands in `clawdbot sessions`",
};
