// SPDX-License-Identifier: Apache-2.0
/* api_events.c: GET /api/v1/events, the topics of topics.h as Server-Sent Events. */
#include "gateway/access.h"
#include "gateway/handlers.h"
#include "gateway/topics.h"

enum { MAILBOX = 256, SIGN_OF_LIFE_MS = 20 * 1000 };

static enum err pass_on(struct request *q, const struct topics *t, struct mailbox *m) AWAITS
{
    for (;;) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        CLEANUP(bus_event_unrefp) struct bus_event *e = mailbox_take(m);
        str json;

        if (e == NULL)
            break;
        TRY(topics_event(q->gateway, a, t, e, &json));
        if (json.p)
            TRY(http_piece(q->http, str_from(arena_printf(a, "event: %s\ndata: %.*s\n\n", bus_kind_name(e->kind), STR(json)))));
    }
    size_t lost = mailbox_lost(m);
    char text[80];

    if (lost == 0)
        return OK;
    snprintf(text, sizeof text, "event: lost\ndata: {\"type\":\"lost\",\"n\":%zu}\n\n", lost);
    return http_piece(q->http, str_from(text));
}

/* News, or a comment now and then: proxies end what is silent. */
static enum err wait_for_news(struct request *q, struct mailbox *m) AWAITS
{
    enum err e;

    {
        CLEANUP(deadline_clear) struct deadline limit;

        deadline_set(&limit, SIGN_OF_LIFE_MS);
        e = http_wait_or_gone(q->http, mailbox_waiters(m));
    }
    return e == ERR_TIMEOUT ? http_piece(q->http, S(": here\n\n")) : e;
}

enum err get_events(struct request *q) AWAITS
{
    CLEANUP(mailbox_freep) struct mailbox *m = mailbox_new(q->gateway->bus, MAILBOX);
    uint64_t epoch = access_epoch(q->gateway->access);
    str names = S(""), platform = S(""), session = S("");
    struct topics t;

    (void)http_query(q->http, S("topics"), &names);
    (void)http_query(q->http, S("platform"), &platform);
    (void)http_query(q->http, S("session_id"), &session);
    TRY(topics_set_list(&t, names, platform, session));
    topics_join(&t, m);
    http_add_field(q->http, S("Cache-Control"), S("no-store"));
    TRY(http_begin(q->http, 200, S("text/event-stream")));
    TRY(http_piece(q->http, S(": here\n\n")));
    while (!q->gateway->closing && (q->caller == CALLER_SOCKET || epoch == access_epoch(q->gateway->access))) {
        TRY(pass_on(q, &t, m));
        TRY(wait_for_news(q, m));
    }
    return http_end(q->http);
}
