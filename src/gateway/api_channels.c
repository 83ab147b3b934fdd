// SPDX-License-Identifier: Apache-2.0
/* api_channels.c: how the channels are, and whether one works. */
#include "channel/registry.h"
#include "channel/start.h"
#include "config/config.h"
#include "gateway/handlers.h"
#include "gateway/sending.h"

enum { SETTLE_MS = 15 * 1000, SELF_TEST_MS = 60 * 1000 };

enum err get_channels(struct request *q) AWAITS
{
    json_t *list = json_array();

    for (size_t i = 0; channel_at(i); i++)
        json_array_append_new(list, channel_status(channel_at(i)));
    return answer_json(q, 200, json_pack("{s:o}", "channels", list));
}

/* A connection is made after the platform said who we are: a moment. */
static enum err settle(const struct channel *c) AWAITS
{
    CLEANUP(deadline_clear) struct deadline limit;
    enum err e = OK;

    deadline_set(&limit, SETTLE_MS);
    while (e == OK) {
        CLEANUP(json_decrefp) json_t *status = channel_status(c);

        if (!c->run || !str_eq(json_text_str(status, "state"), S("connecting")) || *json_text(status, "retry_at"))
            return OK;
        e = wait_on(channels_changes(), "a channel's connection");
    }
    return e == ERR_TIMEOUT ? OK : e;
}

static enum err wait_for(void *arg UNUSED, struct waiters *news) AWAITS
{
    return wait_on(news, "a test message's way");
}

static enum err send_line(struct request *q, const struct channel *c, str to, str text, json_t **out) AWAITS
{
    struct sending s = { .gateway = q->gateway, .arena = q->arena, .to = str_from(arena_printf(q->arena, "%s:%.*s", c->name, STR(to))),
                         .text = text.len ? text : S("This is Clawdbot's test of this chat.") };
    CLEANUP(deadline_clear) struct deadline limit;

    deadline_set(&limit, SELF_TEST_MS);
    TRY(sending_store(&s));
    return sending_await(&s, wait_for, NULL, out);
}

/* What the test found is its result, not a failure to test. */
static enum err found(json_t *result, enum err e)
{
    if (e == ERR_CANCELLED)
        return e;
    if (e)
        json_object_set_new(result, "error", json_from_str(str_from(failed_text())));
    return OK;
}

static enum err test(struct request *q, const struct channel *c, const json_t *body, json_t *result) AWAITS
{
    json_t *sent = NULL;
    str who = S(""), to = json_text_str(body, "to");
    enum err e = c->check ? channels_check(q->arena, c, &who) : OK;

    json_object_set_new(result, "who", json_from_str(who));
    if (e == OK)
        TRY(settle(c));
    if (e == OK && to.len)
        e = send_line(q, c, to, json_text_str(body, "text"), &sent);
    if (sent)
        json_object_set_new(result, "sent", sent);
    return found(result, e);
}

enum err post_channel_test(struct request *q) AWAITS
{
    const struct channel *c = channel_find(q->arguments[0]);
    CLEANUP(json_decrefp) json_t *body = NULL;
    CLEANUP(json_decrefp) json_t *result = json_object();

    if (!c)
        return failed(ERR_NOT_FOUND, "there is no channel \"%.*s\"", STR(str_take(q->arguments[0], 60)));
    if (!channels_host(c))
        return failed(ERR_CONFLICT, "%s is not configured: clawdbot channels add %s", c->title, c->name);
    if (q->http->body.len)
        TRY(request_json(q, &body));
    TRY(test(q, c, body, result));
    json_t *status = channel_status(c);
    const char *state = json_text(status, "state");
    bool sent = !json_at(result, "sent") || str_eq(json_text_str(result, "sent.state"), S("sent"));
    bool works = !json_at(result, "error") && sent && (!c->run || str_eq(str_from(state), S("connected")));

    json_object_set_new(result, "status", status);
    json_object_set_new(result, "checked", json_boolean(c->check || c->run || json_at(result, "sent")));
    json_object_set_new(result, "ok", json_boolean(works));
    return answer_json(q, 200, json_incref(result));
}

enum err admin_reload(struct request *q) AWAITS
{
    CLEANUP(config_report_done) struct config_report report = { 0 };
    json_t *notes = json_array();

    if (!q->gateway->reload)
        return answer_problem(q, 503, "Not ready", "the gateway is starting");
    enum err e = q->gateway->reload(q->gateway, &report);

    if (e && report.n_errors == 0)
        return e;
    for (const struct config_note *n = report.first; n; n = n->next)
        json_array_append_new(notes, json_pack("{s:s, s:s, s:s}", "severity", n->error ? "error" : "warning", "where", n->where, "text",
                                               n->text));
    return answer_json(q, 200, json_pack("{s:b, s:I, s:o}", "ok", e == OK, "changed", (json_int_t)report.n_changed, "notes", notes));
}
