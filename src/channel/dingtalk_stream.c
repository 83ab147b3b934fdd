// SPDX-License-Identifier: Apache-2.0
/* Stream mode: an address and a ticket for one connection are asked for, then JSON frames.  A callback is acknowledged by its
 * messageId, only when it is stored; DingTalk sends it again otherwise.  The ticket is part of the address, so the address
 * stands in no error and no log. */
#include "channel/dingtalk.h"

#include "base/log.h"
#include "config/config.h"
#include "net/url.h"
#include "net/websocket.h"

#define TOPIC_ROBOT "/v1.0/im/bot/messages/get"

enum { FRAME_BYTES_MAX = 4 << 20 };

struct stream { const struct channel_host *host; struct websocket *ws; };

static void stream_done(struct stream *s)
{
    websocket_free(s->ws);
}

static enum err ask_address(struct arena *a, str *ret_url) AWAITS
{
    const struct config *c = config_now();
    CLEANUP(json_decrefp) json_t *body = json_pack("{s:s, s:s, s:s, s:[{s:s, s:s}]}", "clientId", c->platforms_dingtalk_client_id,
                                                   "clientSecret", c->platforms_dingtalk_client_secret, "ua", "clawdbot",
                                                   "subscriptions", "type", "CALLBACK", "topic", TOPIC_ROBOT);
    CLEANUP(json_decrefp) json_t *j = NULL;
    CLEANUP(buf_done) struct buf url = {0};
    struct http_response answer;
    bool expired;

    TRY(platform_fetch(a, &(struct platform_call){ .platform = "DingTalk", .body = body,
                       .fields = &(struct http_field){ S("Accept"), S("application/json") }, .n_fields = 1,
                       .url = dingtalk_url(a, "v1.0/gateway/connections/open") }, &answer, &j));
    TRY(dingtalk_result(&answer, j, &expired));
    str endpoint = json_text_str(j, "endpoint"), ticket = json_text_str(j, "ticket");
    if (!endpoint.len || !ticket.len)
        return failed(ERR_REMOTE, "DingTalk gave no address for Stream mode");
    buf_add(&url, endpoint);
    buf_add(&url, S("?ticket="));
    url_add_encoded(&url, ticket);
    *ret_url = arena_str(a, buf_str(&url));
    return OK;
}

static enum err answer(struct stream *s, struct arena *a, const json_t *frame, int code, json_t *data) AWAITS
{
    CLEANUP(json_decrefp) json_t *owned = data;
    CLEANUP(json_decrefp) json_t *j = json_pack("{s:i, s:{s:s, s:s}, s:s, s:o}", "code", code, "headers", "contentType", "application/json",
                                                "messageId", json_text(frame, "headers.messageId"), "message",
                                                code == 200 ? "OK" : "not stored", "data", json_from_str(json_print(a, owned)));

    return websocket_send(s->ws, WEBSOCKET_TEXT, json_print(a, j));
}

/* A ping's answer brings its data back as it came. */
static enum err take_system(struct stream *s, struct arena *a, const json_t *frame) AWAITS
{
    str topic = json_text_str(frame, "headers.topic");

    if (str_eq(topic, S("disconnect")))
        return failed(ERR_NET, "DingTalk asks for a new connection");
    s->host->health(s->host, OK, "connected");
    if (!str_eq(topic, S("ping")))
        return OK;
    CLEANUP(json_decrefp) json_t *j = json_pack("{s:i, s:O, s:s, s:s}", "code", 200, "headers", json_object_get(frame, "headers"),
                                                "message", "OK", "data", json_text(frame, "data"));
    return websocket_send(s->ws, WEBSOCKET_TEXT, json_print(a, j));
}

static enum err take_callback(struct stream *s, struct arena *a, const json_t *frame) AWAITS
{
    CLEANUP(json_decrefp) json_t *message = NULL;
    enum err e = OK;

    if (!str_eq(json_text_str(frame, "headers.topic"), S(TOPIC_ROBOT)))
        log_event(LOG_DEBUG, "dingtalk.unknown_topic", F("topic", json_text_str(frame, "headers.topic")));
    else if (json_parse(json_text_str(frame, "data"), &message))
        log_event(LOG_WARN, "dingtalk.odd_message", F("error", failed_text()));
    else
        e = dingtalk_take(s->host, a, message);
    if (e == ERR_CANCELLED)
        return e;
    if (e)
        log_event(LOG_WARN, "dingtalk.not_stored", F("error", failed_text()));
    return answer(s, a, frame, e ? 500 : 200, json_pack("{s:{}}", "response"));
}

static enum err take_frame(struct stream *s, str text) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(json_decrefp) json_t *frame = NULL;

    if (json_parse(text, &frame)) {
        log_event(LOG_WARN, "dingtalk.odd_frame", F("error", failed_text()));
        return OK;
    }
    str type = json_text_str(frame, "type");
    if (str_eq(type, S("SYSTEM")))
        return take_system(s, a, frame);
    if (str_eq(type, S("CALLBACK")))
        return take_callback(s, a, frame);
    if (str_eq(type, S("EVENT")))       /* none was asked for */
        return answer(s, a, frame, 200, json_pack("{s:s}", "status", "SUCCESS"));
    log_event(LOG_DEBUG, "dingtalk.unknown_frame", F("type", type));
    return OK;
}

/* That the other side lives is for WebSocket's own pings to find out. */
enum err dingtalk_stream(const struct channel_host *host)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(stream_done) struct stream s = { .host = host };
    enum websocket_type type;
    str url, text;

    TRY(ask_address(a, &url));
    TRY(websocket_connect(url.p, NULL, 0, &(struct websocket_options){ .max_message = FRAME_BYTES_MAX }, &s.ws));
    host->health(host, OK, "connected");
    for (;;) {
        enum err e = websocket_receive(s.ws, &type, &text);

        if (e == ERR_NOT_FOUND)
            return failed(ERR_NET, "DingTalk closed the connection (%u)", websocket_close_code(s.ws));
        TRY(e);
        TRY(take_frame(&s, text));
    }
}
