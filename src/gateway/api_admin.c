// SPDX-License-Identifier: Apache-2.0
/* api_admin.c: what the owner and the CLI ask: the queues, fibers, faults, tokens, pairings. */
#include <string.h>

#include "agent/history.h"
#include "base/fault.h"
#include "base/utf8.h"
#include "channel/deliver.h"
#include "gateway/access.h"
#include "gateway/dispatch.h"
#include "gateway/handlers.h"
#include "gateway/reply_event.h"
#include "runtime/clock.h"
#include "store/audit.h"

enum { PREVIEW = 300, MAX_FIBERS = 2000 };

static json_t *text_or_null(const struct rows *r, size_t i, size_t column)
{
    return row_null(r, i, column) ? json_null() : json_from_str(row_str(r, i, column));
}

static json_t *inbox_row(const struct rows *r, size_t i)
{
    return json_pack("{s:s, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:o, s:o, s:o}", "box", "inbox",
        "id", (json_int_t)row_int(r, i, 0), "message_id", text_or_null(r, i, 1), "session_id", text_or_null(r, i, 2),
        "platform", text_or_null(r, i, 3), "user_id", text_or_null(r, i, 4),
        "text", json_from_str(utf8_take(row_str(r, i, 5), PREVIEW)), "state", text_or_null(r, i, 6),
        "error", text_or_null(r, i, 7), "attempts", (json_int_t)row_int(r, i, 8),
        "created_at", time_or_null(row_int(r, i, 9)), "received_at", time_or_null(row_int(r, i, 10)),
        "ended_at", time_or_null(row_int(r, i, 11)));
}

static json_t *outbox_row(const struct rows *r, size_t i)
{
    CLEANUP(json_decrefp) json_t *body = NULL;

    if (json_parse(row_str(r, i, 5), &body))
        body = NULL;
    return json_pack("{s:s, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:o, s:o, s:o, s:o}", "box", "outbox",
        "id", (json_int_t)row_int(r, i, 0), "inbox_id", (json_int_t)row_int(r, i, 1),
        "session_id", text_or_null(r, i, 2), "platform", text_or_null(r, i, 3), "chat_id", text_or_null(r, i, 4),
        "text", json_from_str(utf8_take(json_text_str(body, "text"), PREVIEW)), "state", text_or_null(r, i, 6),
        "error", text_or_null(r, i, 7), "attempts", (json_int_t)row_int(r, i, 8),
        "next_at", time_or_null(row_int(r, i, 9)), "remote_id", text_or_null(r, i, 10),
        "created_at", time_or_null(row_int(r, i, 11)), "sent_at", time_or_null(row_int(r, i, 12)));
}

static enum err box_named(str name, bool *ret_outbox)
{
    *ret_outbox = str_eq(name, S("outbox"));
    if (*ret_outbox || str_eq(name, S("inbox")))
        return OK;
    return failed(ERR_INPUT, "box is inbox or outbox");
}

enum err admin_messages(struct request *q) AWAITS
{
    str box = S("inbox"), state = S("");
    bool outbox;
    int64_t limit;
    struct rows r;

    http_query(q->http, S("box"), &box);
    http_query(q->http, S("state"), &state);
    TRY(box_named(box, &outbox));
    TRY(request_number(q, "limit", 50, 1, 10000, &limit));
    TRY(store_read(q->gateway->store, q->arena, &r, outbox ? "admin.outbox_list" : "inbox.list", "si", state, limit));
    json_t *list = json_array();

    for (size_t i = 0; i < r.n; i++)
        json_array_append_new(list, outbox ? outbox_row(&r, i) : inbox_row(&r, i));
    return answer_json(q, 200, json_pack("{s:o}", "messages", list));
}

static void set_parsed(json_t *j, const char *name, str text)
{
    json_t *v;

    if (json_parse(text, &v) == OK)
        json_object_set_new(j, name, v);
}

static enum err one_inbox(struct request *q, int64_t id) AWAITS
{
    struct batch *b = batch_new(q->arena);

    batch_add(b, "inbox.get", "i", id);
    batch_add(b, "journal.of", "i", id);
    batch_add(b, "turn.replies_of", "i", id);
    TRY(store_query(q->gateway->store, b));
    const struct rows *r = batch_rows(b, 0), *journal = batch_rows(b, 1), *replies = batch_rows(b, 2);

    if (r->n == 0)
        return failed(ERR_NOT_FOUND, "there is no message %lld in the inbox", (long long)id);
    json_t *j = inbox_row(r, 0), *steps = json_array(), *ids = json_array();

    set_parsed(j, "message", row_str(r, 0, 5));
    json_object_set_new(j, "text", json_from_str(json_text_str(j, "message.content.text")));
    for (size_t i = 0; i < journal->n; i++) {
        json_t *step = json_pack("{s:I, s:o, s:o}", "seq", (json_int_t)row_int(journal, i, 0), "kind",
                                 text_or_null(journal, i, 1), "call_id", text_or_null(journal, i, 2));

        set_parsed(step, "body", row_str(journal, i, 3));
        json_array_append_new(steps, step);
    }
    for (size_t i = 0; i < replies->n; i++)
        json_array_append_new(ids, json_integer(row_int(replies, i, 0)));
    if (!row_null(r, 0, 11))
        json_object_set_new(j, "answered_in", json_integer(row_int(r, 0, 11)));
    json_object_set_new(j, "journal", steps);
    json_object_set_new(j, "outbox", ids);
    return answer_json(q, 200, j);
}

static enum err one_outbox(struct request *q, int64_t id) AWAITS
{
    struct rows r;

    TRY(store_read(q->gateway->store, q->arena, &r, "admin.outbox_get", "i", id));
    if (r.n == 0)
        return failed(ERR_NOT_FOUND, "there is no reply %lld in the outbox", (long long)id);
    json_t *j = outbox_row(&r, 0);

    set_parsed(j, "body", row_str(&r, 0, 5));
    return answer_json(q, 200, j);
}

static enum err row_number(str text, int64_t *out)
{
    if (str_i64(text, out))
        return failed_in(ERR_INPUT, "the message's number: ");
    return OK;
}

enum err admin_message(struct request *q) AWAITS
{
    bool outbox;
    int64_t id;

    TRY(box_named(q->arguments[0], &outbox));
    TRY(row_number(q->arguments[1], &id));
    return outbox ? one_outbox(q, id) : one_inbox(q, id);
}

enum err admin_resend(struct request *q) AWAITS
{
    int64_t id;

    TRY(row_number(q->arguments[0], &id));
    TRY(deliver_resend(id));
    return answer_json(q, 200, json_pack("{s:I, s:s}", "id", (json_int_t)id, "state", "ready"));
}

static enum err drop_inbox(struct request *q, int64_t id) AWAITS
{
    struct batch *b = batch_new(q->arena);
    struct rows r;

    TRY(store_read(q->gateway->store, q->arena, &r, "inbox.get", "i", id));
    if (r.n == 0)
        return failed(ERR_NOT_FOUND, "there is no message %lld in the inbox", (long long)id);
    batch_add(b, "inbox.drop", "ii", id, clock_wall_ms());
    batch_expect(b, 1);
    enum err e = store_commit(q->gateway->store, b);

    if (e == ERR_CONFLICT)
        return failed(ERR_CONFLICT, "message %lld has ended already: it is %.*s", (long long)id, STR(row_str(&r, 0, 6)));
    TRY(e);
    history_forget(q->gateway->histories, row_str(&r, 0, 2));
    dispatch_drop(q->gateway, row_str(&r, 0, 2), id);
    reply_event_ended(q->gateway, row_str(&r, 0, 2), row_str(&r, 0, 1), id);
    return OK;
}

enum err admin_drop(struct request *q) AWAITS
{
    bool outbox;
    int64_t id;

    TRY(box_named(q->arguments[0], &outbox));
    TRY(row_number(q->arguments[1], &id));
    TRY(outbox ? deliver_drop(id) : drop_inbox(q, id));
    return answer_json(q, 200, json_pack("{s:I, s:s}", "id", (json_int_t)id, "state", outbox ? "dropped" : "failed"));
}

enum err admin_fibers(struct request *q) AWAITS
{
    struct fiber_info *f = arena_alloc(q->arena, MAX_FIBERS * sizeof *f);
    size_t n = fibers_list(f, MAX_FIBERS);
    json_t *list = json_array();

    for (size_t i = 0; i < n && i < MAX_FIBERS; i++)
        json_array_append_new(list, json_pack("{s:I, s:I, s:s, s:s, s:s, s:I, s:I}", "id", (json_int_t)f[i].id, "parent",
            (json_int_t)f[i].parent, "name", f[i].name, "state", f[i].state, "why", f[i].why ? f[i].why : "",
            "for_ms", (json_int_t)f[i].since_ms, "stack", (json_int_t)f[i].stack_used));
    return answer_json(q, 200, json_pack("{s:I, s:o}", "alive", (json_int_t)n, "fibers", list));
}

enum err admin_faults(struct request *q) AWAITS
{
    json_t *list = json_array();

    for (size_t i = 0; i < N_FAULTS; i++)
        json_array_append_new(list, json_pack("{s:s, s:s, s:I}", "name", fault_name((enum fault)i), "doc",
                                              fault_doc((enum fault)i), "hits", (json_int_t)fault_count((enum fault)i)));
    return answer_json(q, 200, json_pack("{s:b, s:o}", "armed", faults_armed, "faults", list));
}

enum err admin_arm_fault(struct request *q) AWAITS
{
    CLEANUP(json_decrefp) json_t *body = NULL;

    if (q->caller != CALLER_SOCKET)
        return failed(ERR_AUTH, "faults are armed over the gateway's own socket only: `clawdbot debug fault`");
    TRY(request_json(q, &body));
    str spec = json_text_str(body, "spec");

    if (spec.len == 0)
        fault_disarm_all();
    else
        TRY(fault_arm(spec));
    return admin_faults(q);
}

enum err admin_log_level(struct request *q) AWAITS
{
    CLEANUP(json_decrefp) json_t *body = NULL;
    enum log_level level;

    TRY(request_json(q, &body));
    TRY(log_level_parse(json_text_str(body, "level"), &level));
    if (json_text(body, "event")[0])
        TRY(log_set_event_level(json_text_str(body, "event"), level));
    else
        log_set_level(level);
    return answer_json(q, 200, json_object());
}

enum err admin_new_token(struct request *q) AWAITS
{
    char token[TOKEN_SIZE];

    TRY(access_new_token(q->gateway, token));
    return answer_json(q, 201, json_pack("{s:s}", "token", token));
}

enum err admin_pairings(struct request *q) AWAITS
{
    struct rows r;

    TRY(store_read(q->gateway->store, q->arena, &r, "pairing.list", "i", clock_wall_ms()));
    json_t *list = json_array();

    for (size_t i = 0; i < r.n; i++)
        json_array_append_new(list, json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "code", text_or_null(&r, i, 0),
            "platform", text_or_null(&r, i, 1), "user_id", text_or_null(&r, i, 2), "user_name", text_or_null(&r, i, 3),
            "created_at", time_or_null(row_int(&r, i, 4)), "expires_at", time_or_null(row_int(&r, i, 5))));
    return answer_json(q, 200, json_pack("{s:o}", "pairings", list));
}

enum err admin_pair(struct request *q) AWAITS
{
    const char *role;
    str wanted = S(""), who;

    http_query(q->http, S("role"), &wanted);
    TRY(access_pair(q->gateway, q->arena, q->arguments[0], wanted, &who, &role));
    return answer_json(q, 200, json_pack("{s:o, s:s}", "who", json_from_str(who), "role", role));
}

enum err admin_login_link(struct request *q) AWAITS
{
    struct batch *b = batch_new(q->arena);
    char code[TOKEN_SIZE];

    audit_add(b, &(struct audit_row){
        .person = S("owner"), .platform = str_from(caller_platform(q->caller)), .event = "access.login_link" });
    TRY(store_commit(q->gateway->store, b));
    access_login_code(q->gateway->access, code);
    return answer_json(q, 201, json_pack("{s:o}", "url", json_from_str(str_from(
                                             arena_printf(q->arena, "%s/login?code=%s", q->gateway->url, code)))));
}
