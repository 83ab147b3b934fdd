// SPDX-License-Identifier: Apache-2.0
/* The long connection: an address for one connection is asked for, then protobuf frames.  An event is acknowledged by its own
 * frame with {"code":200}, only when it is stored; with 500, or without an answer, Feishu sends it again. */
#include "channel/feishu.h"

#include <stdlib.h>

#include "base/log.h"
#include "channel/feishu_frame.h"
#include "config/config.h"
#include "net/url.h"
#include "net/websocket.h"
#include "runtime/clock.h"
#include "runtime/fiber.h"

enum { PING_S = 120, PING_MIN_S = 1, PARTIALS_MAX = 16, PARTS_MAX = 64, MESSAGE_BYTES_MAX = 4 << 20, UNANSWERED_MAX = 2 };

/* An event that comes in several frames. */
struct partial { struct arena *arena; str id; size_t n, have; uint64_t age; str parts[PARTS_MAX]; };

struct socket {
    const struct channel_host *host;
    struct websocket *ws;
    int32_t           service;
    uint64_t          ping_ms;
    unsigned          unanswered;       /* pings since the last sign of life */
    struct partial    partials[PARTIALS_MAX];
    uint64_t          n_events;
};

static void socket_done(struct socket *s)
{
    for (size_t i = 0; i < PARTIALS_MAX; i++)
        arena_free(s->partials[i].arena);
    websocket_free(s->ws);
}

/* ---- where to ---- */

static int32_t service_of(str url)
{
    struct url u;
    str part;
    uint64_t id;

    if (url_parse(url, &u))
        return 0;
    while (str_split(&u.query, '&', &part))
        if (str_eat(&part, S("service_id=")) && str_u64(part, &id) == OK && id <= INT32_MAX)
            return (int32_t)id;
    return 0;
}

static void set_ping(struct socket *s, const json_t *settings)
{
    int64_t seconds = json_int(settings, "PingInterval", PING_S);

    s->ping_ms = (uint64_t)(seconds < PING_MIN_S ? PING_MIN_S : seconds) * 1000;
}

static enum err ask_address(struct arena *a, struct socket *s, str *ret_url) AWAITS
{
    const struct config *c = config_now();
    CLEANUP(json_decrefp) json_t *body = json_pack("{s:s, s:s}", "AppID", c->platforms_feishu_app_id, "AppSecret",
                                                   c->platforms_feishu_app_secret);
    CLEANUP(json_decrefp) json_t *j = NULL;
    struct http_response answer;
    bool expired;

    TRY(platform_fetch(a, &(struct platform_call){ .platform = "Feishu", .body = body,
                       .url = url_join(a, str_from(c->platforms_feishu_api_url), S("callback/ws/endpoint")) }, &answer, &j));
    TRY(feishu_result(answer.status, j, &expired));
    *ret_url = arena_str(a, json_text_str(j, "data.URL"));
    s->service = service_of(*ret_url);
    set_ping(s, json_at(j, "data.ClientConfig"));
    return ret_url->len ? OK : failed(ERR_REMOTE, "Feishu gave no address for the long connection");
}

/* ---- frames ---- */

static enum err send_frame(struct socket *s, const struct feishu_frame *f) AWAITS
{
    CLEANUP(buf_done) struct buf b = {0};

    feishu_frame_write(&b, f);
    return websocket_send(s->ws, WEBSOCKET_BINARY, buf_str(&b));
}

static enum err ping(void *arg) AWAITS
{
    struct socket *s = arg;

    while (s->unanswered < UNANSWERED_MAX) {
        struct feishu_frame f = { .service = s->service, .method = FEISHU_CONTROL };

        feishu_frame_add(&f, S("type"), S("ping"));
        TRY(send_frame(s, &f));
        s->unanswered++;
        TRY(fiber_sleep(s->ping_ms));
    }
    return failed(ERR_TIMEOUT, "Feishu does not answer pings");
}

static struct partial *partial_of(struct socket *s, str id, size_t n)
{
    struct partial *oldest = &s->partials[0];

    for (size_t i = 0; i < PARTIALS_MAX; i++) {
        struct partial *p = &s->partials[i];

        if (p->arena && p->n == n && str_eq(p->id, id))
            return p;
        if (p->age < oldest->age)
            oldest = p;
    }
    arena_free(oldest->arena);
    *oldest = (struct partial){ .arena = arena_new(), .n = n, .age = ++s->n_events };
    oldest->id = arena_str(oldest->arena, id);
    return oldest;
}

/* *ret_whole.p NULL: more is to come. */
static enum err put_together(struct socket *s, struct arena *a, const struct feishu_frame *f, str *ret_whole)
{
    CLEANUP(buf_done) struct buf whole = { .max = MESSAGE_BYTES_MAX };
    uint64_t sum, seq;

    *ret_whole = f->payload.p ? f->payload : S("");
    if (str_u64(feishu_frame_header(f, "sum"), &sum) || sum <= 1)
        return OK;
    *ret_whole = NO_STR;
    if (str_u64(feishu_frame_header(f, "seq"), &seq) || sum > PARTS_MAX || seq >= sum)
        return failed(ERR_INPUT, "a part of Feishu's event is none");
    struct partial *p = partial_of(s, feishu_frame_header(f, "message_id"), (size_t)sum);
    p->have += !p->parts[seq].p;
    p->parts[seq] = arena_str(p->arena, f->payload.p ? f->payload : S(""));
    if (p->have < p->n)
        return OK;
    for (size_t i = 0; i < p->n; i++)
        buf_add(&whole, p->parts[i]);
    *ret_whole = arena_str(a, buf_str(&whole));
    arena_free(p->arena);
    *p = (struct partial){0};
    return buf_check(&whole, "Feishu's event");
}

static enum err acknowledge(struct socket *s, struct arena *a, struct feishu_frame *f, bool stored, str reply, uint64_t began) AWAITS
{
    CLEANUP(buf_done) struct buf data = {0}, said = {0};

    buf_addf(&said, "{\"code\":%d", stored ? 200 : 500);
    if (stored && reply.len > 2) {
        buf_add_base64(&data, reply);
        buf_addf(&said, ",\"data\":\"%s\"", buf_c(&data));
    }
    buf_add_char(&said, '}');
    feishu_frame_add(f, S("biz_rt"), str_from(arena_printf(a, "%llu", (unsigned long long)(clock_ms() - began))));
    f->payload = buf_str(&said);
    return send_frame(s, f);
}

static enum err take_event(struct socket *s, struct arena *a, struct feishu_frame *f) AWAITS
{
    CLEANUP(json_decrefp) json_t *event = NULL;
    uint64_t began = clock_ms();
    str whole, reply = S("");
    enum err e = OK;

    if (put_together(s, a, f, &whole)) {
        log_event(LOG_WARN, "feishu.odd_frame", F("error", failed_text()));
        return OK;
    }
    if (!whole.p)
        return OK;
    if (json_parse(whole, &event))
        log_event(LOG_WARN, "feishu.odd_event", F("error", failed_text()));     /* acknowledged: it would be as odd the next time */
    else
        e = feishu_take(s->host, a, event, &reply);
    if (e == ERR_CANCELLED)
        return e;
    if (e)
        log_event(LOG_WARN, "feishu.not_stored", F("error", failed_text()));
    return acknowledge(s, a, f, e == OK, reply, began);
}

static enum err take_frame(struct socket *s, str bytes) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(json_decrefp) json_t *settings = NULL;
    struct feishu_frame *f = ARENA_NEW(a, struct feishu_frame);

    s->unanswered = 0;
    if (feishu_frame_read(arena_str(a, bytes), f)) {
        log_event(LOG_WARN, "feishu.odd_frame", F("error", failed_text()));
        return OK;
    }
    if (f->method == FEISHU_DATA)
        return take_event(s, a, f);
    if (str_eq(feishu_frame_header(f, "type"), S("pong")) && f->payload.len && json_parse(f->payload, &settings) == OK)
        set_ping(s, settings);
    s->host->health(s->host, OK, "connected");
    return OK;
}

static enum err read_frames(void *arg) AWAITS
{
    struct socket *s = arg;
    enum websocket_type type;
    str bytes;

    for (;;) {
        enum err e = websocket_receive(s->ws, &type, &bytes);

        if (e == ERR_NOT_FOUND)
            return failed(ERR_NET, "Feishu closed the connection (%u)", websocket_close_code(s->ws));
        TRY(e);
        TRY(take_frame(s, bytes));
    }
}

enum err feishu_socket(const struct channel_host *host)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(socket_done) struct socket s = { .host = host };
    CLEANUP(fibers_done) struct fibers g = {0};
    str url;

    TRY(ask_address(a, &s, &url));
    TRY(websocket_connect(url.p, NULL, 0, &(struct websocket_options){ .max_message = MESSAGE_BYTES_MAX }, &s.ws));
    host->health(host, OK, "connected");
    fibers_spawn(&g, "feishu ping", ping, &s);
    fibers_spawn(&g, "feishu frames", read_frames, &s);
    return fibers_wait(&g);
}
