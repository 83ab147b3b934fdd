// SPDX-License-Identifier: Apache-2.0
/* api_websocket.c: GET /ws.  Frames are the objects of the event stream with their "type"; docs/api.md lists them.
 * From the client: a plain text is a message; an object is {"type": "message" | "subscribe" | "stop", …}. */
#include <string.h>

#include "base/metrics.h"
#include "base/random.h"
#include "gateway/dispatch.h"
#include "gateway/handlers.h"
#include "gateway/reply_event.h"
#include "gateway/submit.h"
#include "net/websocket.h"

enum { MAILBOX = 256, REPLAY_MAX = 1000 };

struct live {
    struct gateway   *gateway;
    struct websocket *socket;
    struct mailbox   *mailbox;
    const char       *platform;
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

/* Every reply of the session after the given id, oldest first. */
static enum err replay(struct live *l, struct arena *a, str session, int64_t after) AWAITS
{
    struct rows r;

    do {
        TRY(store_read(l->gateway->store, a, &r, "session.replies_after", "sii", session, after, (int64_t)REPLAY_MAX));
        for (size_t i = 0; i < r.n; i++) {
            CLEANUP(json_decrefp) json_t *body = NULL;

            after = row_int(&r, i, 0);
            TRY(json_parse(row_str(&r, i, 3), &body));
            TRY(send_json(l, a, reply_event(a, after, row_str(&r, i, 2), session, json_text_str(body, "text"),
                                            row_int(&r, i, 4), "done")));
        }
    } while (r.n == REPLAY_MAX);
    return OK;
}

static enum err subscribe(struct live *l, struct arena *a, str session, int64_t after) AWAITS
{
    if (!uuid_valid(session))
        return failed(ERR_INPUT, "session_id must be a uuid");
    mailbox_join(l->mailbox, session);      /* before reading: what comes between is seen twice rather than never */
    memcpy(l->session, session.p, UUID_SIZE - 1);
    return after >= 0 ? replay(l, a, session, after) : OK;
}

static enum err take_message(struct live *l, struct arena *a, struct message *m) AWAITS
{
    struct received r;

    if (m->session_id.len == 0)
        m->session_id = arena_str(a, str_from(l->session));
    TRY(submit(l->gateway, a, l->platform, m, &r));
    mailbox_join(l->mailbox, r.session_id);
    return send_json(l, a, json_pack("{s:s, s:o, s:o, s:o, s:b}", "type", "accepted", "id", json_from_str(r.message_id),
                                     "session_id", json_from_str(r.session_id), "external_id",
                                     json_from_str(m->external_id), "duplicate", r.duplicate));
}

static enum err take_object(struct live *l, struct arena *a, const json_t *j) AWAITS
{
    const char *type = json_text(j, "type");
    str session = json_text_str(j, "session_id");
    struct message m;

    if (strcmp(type, "subscribe") == 0)
        return subscribe(l, a, session, json_int(j, "after", -1));
    if (strcmp(type, "stop") == 0) {
        dispatch_stop_turn(l->gateway, session.len ? session : str_from(l->session));
        return OK;
    }
    if (type[0] && strcmp(type, "message") != 0)
        return failed(ERR_INPUT, "type is message, subscribe or stop");
    TRY(message_from_json(a, j, &m));
    return take_message(l, a, &m);
}

static enum err take_frame(struct live *l, struct arena *a, str text, const char **ret_client_id) AWAITS
{
    CLEANUP(json_decrefp) json_t *j = NULL;

    *ret_client_id = "";
    if (text.len == 0 || text.p[0] != '{') {
        struct message m = { .text = text };

        return take_message(l, a, &m);
    }
    TRY(json_parse(text, &j));
    *ret_client_id = arena_c(a, json_text_str(j, "external_id"));
    return take_object(l, a, j);
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
    CLEANUP(arena_freep) struct arena *a = arena_new();
    enum err e = type == WEBSOCKET_TEXT ? take_frame(l, a, text, &client_id)
                                        : failed(ERR_INPUT, "text frames only");

    if (e && e != ERR_CANCELLED && e != ERR_NET)
        return send_error(l, a, e, client_id);
    return e;
}

static enum err pass_on(struct live *l) AWAITS
{
    for (;;) {
        CLEANUP(bus_event_unrefp) struct bus_event *e = mailbox_take(l->mailbox);

        if (e == NULL)
            break;
        TRY(websocket_send(l->socket, WEBSOCKET_TEXT, e->json));
    }
    if (mailbox_lost(l->mailbox))
        TRY(websocket_send(l->socket, WEBSOCKET_TEXT,
                           S("{\"type\":\"lost\",\"detail\":\"events were dropped; subscribe again with the last id\"}")));
    return OK;
}

static enum err run(struct live *l, struct arena *a, struct request *q) AWAITS
{
    str session, after;
    int64_t from = -1;

    if (http_query(q->http, S("session_id"), &session)) {
        if (http_query(q->http, S("after"), &after))
            TRY(str_i64(after, &from));
        TRY(subscribe(l, a, session, from));
    }
    for (;;) {
        TRY(pass_on(l));
        TRY(receive(l));
    }
}

enum err get_websocket(struct request *q) AWAITS
{
    struct live l = { .gateway = q->gateway, .platform = caller_platform(q->caller) };
    CLEANUP(mailbox_freep) struct mailbox *mailbox = mailbox_new(q->gateway->bus, MAILBOX);

    l.mailbox = mailbox;
    random_uuid(l.session);
    TRY(http_upgrade_websocket(q->http, &l.socket));
    metric_add(METRIC_websockets, 1);
    enum err e = run(&l, q->arena, q);

    metric_add(METRIC_websockets, -1);
    return e == ERR_NOT_FOUND ? OK : e;     /* the client closed properly */
}
