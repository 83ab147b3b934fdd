// SPDX-License-Identifier: Apache-2.0
/* api_websocket.c: GET /ws.  Frames are the objects of the event stream with their "type"; docs/api.md lists them.
 * From the client: a plain text is a message; an object is {"type": "message" | "subscribe" | "stop", …}. */
#include <stdio.h>
#include <string.h>

#include "base/metrics.h"
#include "base/random.h"
#include "gateway/access.h"
#include "gateway/approvals.h"
#include "gateway/handlers.h"
#include "gateway/reply_event.h"
#include "gateway/submit.h"
#include "gateway/topics.h"
#include "net/websocket.h"

enum { MAILBOX = 256, REPLAY_PAGE = 20, TOPICS_MAX = 256, CLOSE_POLICY = 1008 };

struct live {
    struct gateway   *gateway;
    struct websocket *socket;
    struct mailbox   *mailbox;
    enum caller       caller;
    uint64_t          epoch;                /* of the token that let it in */
    struct topics     topics;
    char              session[UUID_SIZE];   /* where a message without a session_id goes */
};

static enum err send_json(struct live *l, struct arena *a, json_t *j) AWAITS
{
    str text = json_print(a, j);

    json_decref(j);
    return websocket_send(l->socket, WEBSOCKET_TEXT, text);
}

static enum err send_error(struct live *l, struct arena *a, enum err e, const char *client_id) AWAITS
{
    return send_json(l, a, json_pack("{s:s, s:s, s:o, s:s}", "type", "error", "title", err_name(e), "detail",
                                     json_from_str(str_from(failed_text())), "external_id", client_id));
}

/* Replies of the session after *after, oldest first; how many there were. */
static enum err replay_page(struct live *l, str session, int64_t *after, size_t *ret_n) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct rows r;

    TRY(store_read(l->gateway->store, a, &r, "session.replies_after", "sii", session, *after, (int64_t)REPLAY_PAGE));
    for (size_t i = 0; i < r.n; i++) {
        CLEANUP(json_decrefp) json_t *body = NULL;

        TRY(fiber_yield());     /* a long text is milliseconds of work, and what is sent seldom waits */
        *after = row_int(&r, i, 0);
        TRY(json_parse(row_str(&r, i, 3), &body));
        TRY(send_json(l, a, reply_event(a, *after, row_str(&r, i, 2), session, json_text_str(body, "text"),
                                        row_int(&r, i, 4), row_str(&r, i, 5).p)));
    }
    *ret_n = r.n;
    return OK;
}

static enum err join(struct live *l, str session)
{
    if (mailbox_topics(l->mailbox) >= TOPICS_MAX)
        return failed(ERR_LIMIT, "one WebSocket watches at most %d conversations; open another", TOPICS_MAX);
    mailbox_join(l->mailbox, session);
    return OK;
}

static enum err subscribe(struct live *l, str session, int64_t after) AWAITS
{
    size_t n = REPLAY_PAGE;

    if (!uuid_valid(session))
        return failed(ERR_INPUT, "session_id must be a uuid");
    TRY(join(l, session));      /* before reading: what comes between is seen twice rather than never */
    memcpy(l->session, session.p, UUID_SIZE - 1);
    while (after >= 0 && n == REPLAY_PAGE)
        TRY(replay_page(l, session, &after, &n));
    return OK;
}

/* Frames count like requests. */
static enum err check_limits(struct live *l)
{
    uint64_t wait;

    if (caller_within_limits(l->gateway, l->caller, &wait))
        return OK;
    metric_add(METRIC_http_limited, 1);
    return failed(ERR_LIMIT, "too many messages (server.rate_limit.per_token); try again in %llu s",
                  (unsigned long long)(wait + 999) / 1000);
}

static enum err take_message(struct live *l, struct arena *a, struct message *m) AWAITS
{
    struct received r;

    if (m->session_id.len == 0)
        m->session_id = arena_str(a, str_from(l->session));
    TRY(join(l, m->session_id));
    TRY(submit(l->gateway, a, caller_platform(l->caller), m, &r));
    TRY(join(l, r.session_id));         /* another than was named, when the message had been stored before */
    return send_json(l, a, json_pack("{s:s, s:o, s:o, s:o, s:b}", "type", "accepted", "id", json_from_str(r.message_id),
                                     "session_id", json_from_str(r.session_id), "external_id",
                                     json_from_str(m->external_id), "duplicate", r.duplicate));
}

/* In place of those it asked for before; an empty list ends them. */
static enum err subscribe_topics(struct live *l, struct arena *a, const json_t *j) AWAITS
{
    TRY(topics_set(&l->topics, json_at(j, "topics"), json_text_str(j, "platform"), json_text_str(j, "session_id")));
    topics_join(&l->topics, l->mailbox);
    return send_json(l, a, json_pack("{s:s, s:O}", "type", "subscribed", "topics", json_at(j, "topics")));
}

static enum err take_object(struct live *l, struct arena *a, const json_t *j) AWAITS
{
    const char *type = json_text(j, "type");
    str session = json_text_str(j, "session_id");
    struct message m;
    bool stopped;

    if (strcmp(type, "subscribe") == 0 && json_at(j, "topics"))
        return subscribe_topics(l, a, j);
    if (strcmp(type, "subscribe") == 0)
        return subscribe(l, session, json_int(j, "after", -1));
    if (strcmp(type, "stop") == 0)
        return approvals_stop(l->gateway, a, session.len ? session : str_from(l->session), &stopped);
    if (type[0] && strcmp(type, "message") != 0)
        return failed(ERR_INPUT, "type is message, subscribe or stop");
    TRY(message_from_json(a, j, &m));
    return take_message(l, a, &m);
}

static enum err take_frame(struct live *l, struct arena *a, str text, const char **ret_client_id) AWAITS
{
    CLEANUP(json_decrefp) json_t *j = NULL;

    *ret_client_id = "";
    TRY(check_limits(l));
    if (str_trim(text).len == 0)
        return failed(ERR_INPUT, "the message is empty");
    if (text.p[0] != '{') {
        struct message m = { .text = text };

        return take_message(l, a, &m);
    }
    TRY(json_parse(text, &j));
    *ret_client_id = arena_c(a, json_text_str(j, "external_id"));
    return take_object(l, a, j);
}

/* The token it came in with is no longer valid. */
static enum err check_caller(struct live *l) AWAITS
{
    if (l->caller == CALLER_SOCKET || l->epoch == access_epoch(l->gateway->access))
        return OK;
    TRY(websocket_close(l->socket, CLOSE_POLICY, S("there is a new API token")));
    return failed(ERR_AUTH, "the token ended");
}

/* Only a broken connection ends it: what the client sends wrong is answered with an error. */
static enum err receive(struct live *l) AWAITS
{
    enum websocket_type type;
    const char *client_id = "";
    str text;

    TRY(websocket_receive_or(l->socket, mailbox_waiters(l->mailbox), &type, &text));
    if (text.p == NULL)
        return OK;
    TRY(check_caller(l));
    CLEANUP(arena_freep) struct arena *a = arena_new();
    enum err e = type == WEBSOCKET_TEXT ? take_frame(l, a, text, &client_id)
                                        : failed(ERR_INPUT, "text frames only");

    if (e && e != ERR_CANCELLED && e != ERR_NET)
        return send_error(l, a, e, client_id);
    return e;
}

static enum err pass_one_on(struct live *l, const struct bus_event *e) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    str json = e->json;

    if (e->kind)
        TRY(topics_event(l->gateway, a, &l->topics, e, &json));
    return json.p ? websocket_send(l->socket, WEBSOCKET_TEXT, json) : OK;
}

static enum err pass_on(struct live *l) AWAITS
{
    for (;;) {
        CLEANUP(bus_event_unrefp) struct bus_event *e = mailbox_take(l->mailbox);

        if (e == NULL)
            break;
        TRY(pass_one_on(l, e));
    }
    size_t lost = mailbox_lost(l->mailbox);
    char text[120];

    if (lost == 0)
        return OK;
    snprintf(text, sizeof text, "{\"type\":\"lost\",\"n\":%zu,\"detail\":\"events were dropped; subscribe again with the last id\"}", lost);
    return websocket_send(l->socket, WEBSOCKET_TEXT, str_from(text));
}

static enum err run(struct live *l, str session, int64_t after) AWAITS
{
    if (session.len)
        TRY(subscribe(l, session, after));
    for (;;) {
        TRY(check_caller(l));
        TRY(pass_on(l));
        TRY(receive(l));
    }
}

/* What is asked for in the address: wrong, it is refused before it is a WebSocket. */
static enum err read_query(struct request *q, str *ret_session, int64_t *ret_after)
{
    str after;

    *ret_session = NO_STR;
    *ret_after = -1;
    if (!http_query(q->http, S("session_id"), ret_session))
        return OK;
    if (!uuid_valid(*ret_session))
        return failed(ERR_INPUT, "session_id must be a uuid");
    if (http_query(q->http, S("after"), &after) && str_i64(after, ret_after))
        return failed_in(ERR_INPUT, "after: ");
    return OK;
}

enum err get_websocket(struct request *q) AWAITS
{
    CLEANUP(mailbox_freep) struct mailbox *mailbox = mailbox_new(q->gateway->bus, MAILBOX);
    struct live l = { .gateway = q->gateway, .caller = q->caller, .mailbox = mailbox,
                      .epoch = access_epoch(q->gateway->access) };
    str session;
    int64_t after;

    random_uuid(l.session);
    TRY(read_query(q, &session, &after));
    TRY(http_upgrade_websocket(q->http, &l.socket));
    metric_add(METRIC_websockets, 1);
    enum err e = run(&l, session, after);

    metric_add(METRIC_websockets, -1);
    return e == ERR_NOT_FOUND ? OK : e;     /* the client closed properly */
}
