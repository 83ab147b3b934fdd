// SPDX-License-Identifier: Apache-2.0
#include "agent/turn.h"

#include <assert.h>
#include <string.h>

#include "agent/attachments.h"
#include "agent/history.h"
#include "agent/permission.h"
#include "agent/persona.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/metrics.h"
#include "store/audit.h"
#include "tool/policy.h"
#include "tool/registry.h"
#include "tool/run.h"

enum { STORE_RETRY_MS = 100, STORE_RETRY_MAX_MS = 10000 };

enum call_state { CALL_NEW, CALL_STARTED, CALL_DONE };

struct turn_call {
    struct turn       *turn;
    struct tool_call   call;
    const struct tool *tool;        /* NULL: the model made it up */
    enum call_state    state;
    bool               start_stored;    /* in the journal */
    bool               unknown;
    struct tool_call   asked;       /* the call as questions about it know it */
    struct permission  permission;
    struct tool_result result;
};

/* ---- what is known when it starts: the conversation, and this turn's own journal ---- */

/* All that goes before this message, as much as the context takes beside it, and the rows of its own journal. */
static enum err load_history(struct turn *t, struct rows *ret_own) AWAITS
{
    uint64_t own = tokens_in(t->transcript.messages[0].text) + tokens_in(t->message.text);
    struct history_wish wish = {
        .session_id = t->message.session_id, .user_id = t->message.user_id, .before = t->inbox_id, .max_messages = t->max_history,
        .max_tokens = t->max_context > own ? t->max_context - own : 0, .is_new = t->is_new,
    };

    return history_add(t->histories, t->store, &wish, &t->transcript, ret_own);
}

static void new_calls(struct turn *t, const struct reply *r)
{
    t->n_calls = r->n_calls;
    t->calls = arena_alloc(t->arena, r->n_calls * sizeof *t->calls);
    for (size_t i = 0; i < r->n_calls; i++)
        t->calls[i] = (struct turn_call){ .turn = t, .call = r->calls[i], .tool = tool_find(r->calls[i].name) };
}

static struct turn_call *call_with_id(struct turn *t, str id)
{
    for (size_t i = 0; i < t->n_calls; i++)
        if (str_eq(t->calls[i].call.id, id))
            return &t->calls[i];
    return NULL;
}

/* The results of the latest reply's calls, in the order in which it asked. */
static void show_results(struct turn *t)
{
    for (size_t i = 0; i < t->n_calls; i++)
        transcript_result(&t->transcript, t->calls[i].call.id, t->calls[i].result.text, t->calls[i].result.taint);
    t->n_calls = 0;
}

static enum err load_own_row(struct turn *t, str kind, str call_id, str body)
{
    CLEANUP(json_decrefp) json_t *j = NULL;
    struct turn_call *c = call_with_id(t, call_id);

    TRY(json_parse(body, &j));
    if (str_eq(kind, S("reply"))) {
        struct reply r;

        TRY(reply_from_json(t->arena, j, &r));
        show_results(t);
        transcript_reply(&t->transcript, &r);
        new_calls(t, &r);
        t->rounds++;
    } else if (c && str_eq(kind, S("call"))) {
        c->state = CALL_STARTED;
        c->start_stored = true;
    } else if (c && str_eq(kind, S("result"))) {
        c->state = CALL_DONE;
        c->result = (struct tool_result){ arena_str(t->arena, json_text_str(j, "text")), json_flag(j, "is_error"),
                                          arena_str(t->arena, json_text_str(j, "taint")) };
        c->unknown = json_flag(j, "unknown");
        t->unknown_calls += c->unknown;
    }
    return OK;
}

/* What the sender quotes, what an attachment is called, and what an image shows a model that sees, may be anybody's words. */
static str taint_of_message(const struct turn *t)
{
    if (t->message.n_attachments)
        return S("an attachment");
    return json_array_size(t->message.prev_messages) ? S("earlier messages, as the sender quotes them") : NO_STR;
}

static enum err add_own_message(struct turn *t) AWAITS
{
    bool sees = t->asker.route && asker_can(&t->asker, CAP_VISION);
    struct placed p = { 0 };

    if (t->message.n_attachments)
        TRY(attachments_place(t->arena, t->blobs, t->workspace, &t->message, sees, &p));
    transcript_add(&t->transcript, (struct chat_message){ .role = ROLE_USER, .text = persona_message(t, p.paths),
                                                          .images = p.images, .n_images = p.n_images,
                                                          .taint = taint_of_message(t) });
    return OK;
}

static enum err load(struct turn *t) AWAITS
{
    struct rows own;

    t->transcript = (struct transcript){ .arena = t->arena };
    t->journal = (struct journal){ t->inbox_id, 0 };
    transcript_add(&t->transcript, (struct chat_message){ .role = ROLE_SYSTEM, .text = persona_prompt(t), .taint = persona_taint(t) });
    TRY(load_history(t, &own));
    t->own = t->transcript.n;
    TRY(add_own_message(t));
    for (size_t i = 0; i < own.n; i++) {
        TRY(load_own_row(t, row_str(&own, i, 1), row_str(&own, i, 2), row_str(&own, i, 3)));
        t->journal.next_seq = row_int(&own, i, 0) + 1;
    }
    return OK;
}

/* ---- tools ---- */

/* Whose words the model has read by now besides the owner's. */
static str taint_of(const struct turn *t)
{
    for (size_t i = t->n_calls; i-- > 0; )
        if (t->calls[i].state == CALL_DONE && t->calls[i].result.taint.len)
            return t->calls[i].result.taint;
    return transcript_taint(&t->transcript);
}

static enum err run_call(void *arg) AWAITS
{
    struct turn_call *c = arg;
    struct turn *t = c->turn;
    struct tool_context context = {
        .arena = t->arena, .workspace = t->workspace, .session_id = t->message.session_id, .platform = t->message.platform,
        .chat_id = t->message.chat_id, .user = t->message.user_id, .person = t->person, .inbox_id = t->inbox_id,
        .call_id = c->call.id, .taint = taint_of(t), .approval = c->permission.approval, .host = t->host,
    };

    if (c->permission.permit == PERMIT_REFUSE) {
        c->result = (struct tool_result){ str_from(arena_printf(t->arena, "not allowed: %.*s", STR(c->permission.why))), true,
                                          NO_STR };
        c->state = CALL_DONE;
        return OK;
    }
    (void)FAULT(tool_before_run);
    metric_add(METRIC_tool_calls, 1);
    enum err e = tool_call_run(&context, c->call.name, c->call.arguments, &c->result);

    (void)FAULT(tool_after_run);
    if (e == ERR_CANCELLED || e == ERR_TIMEOUT)
        return e;
    if (e)      /* what the model cannot mend, it can still explain */
        c->result = (struct tool_result){ str_from(arena_printf(t->arena, "error: %s", failed_text())), true, NO_STR };
    c->state = CALL_DONE;
    return OK;
}

static bool may_run_beside_others(const struct turn_call *c)
{
    return c->permission.permit != PERMIT_WAIT && (c->tool == NULL || c->tool->risk == RISK_READ);
}

/* Calls that run side by side: a row of reads, or one of anything else.  n 0: every call is done. */
struct wave { size_t first, n; };

static struct wave next_wave(const struct turn *t)
{
    struct wave w = { 0, 0 };

    while (w.first < t->n_calls && t->calls[w.first].state == CALL_DONE)
        w.first++;
    if (w.first == t->n_calls)
        return w;
    w.n = 1;
    while (may_run_beside_others(&t->calls[w.first]) && w.first + w.n < t->n_calls
           && t->calls[w.first + w.n].state != CALL_DONE && may_run_beside_others(&t->calls[w.first + w.n]))
        w.n++;
    return w;
}

/* Models use the same id again in a later round: an answer must not be taken for another call's.  Its place in the turn,
 * which a turn run again finds the same, is nobody else's. */
static const struct tool_call *as_asked(struct turn *t, size_t i)
{
    struct turn_call *c = &t->calls[i];

    c->asked = c->call;
    c->asked.id = str_from(arena_printf(t->arena, "%u.%zu", t->rounds, i));
    return &c->asked;
}

/* Asked anew before each wave: what the one before brought may be words of others. */
static enum err permit_calls(struct turn *t) AWAITS
{
    struct permission_facts f = {
        .arena = t->arena, .store = t->store, .inbox_id = t->inbox_id, .session_id = t->message.session_id,
        .platform = t->message.platform, .chat_id = t->message.chat_id, .person = &t->person, .workspace = t->workspace,
        .taint = taint_of(t),
    };

    for (size_t i = 0; i < t->n_calls; i++)
        if (t->calls[i].state != CALL_DONE)
            TRY(permission_of(&f, t->calls[i].tool, as_asked(t, i), &t->calls[i].permission));
    return OK;
}

static bool waits(const struct turn *t, const struct wave *next)
{
    return next->n && t->calls[next->first].permission.permit == PERMIT_WAIT;
}

/* All that has to be asked for is asked at once, though the first alone holds up the others. */
static void put_questions(struct turn *t)
{
    struct question *q = arena_alloc(t->arena, t->n_calls * sizeof *q);

    t->n_questions = 0;
    for (size_t i = 0; i < t->n_calls; i++)
        if (t->calls[i].state != CALL_DONE && t->calls[i].permission.permit == PERMIT_WAIT && !t->calls[i].permission.is_asked)
            q[t->n_questions++] = (struct question){ &t->calls[i].asked, &t->calls[i].permission };
    t->questions = q;
    t->waits = true;
}

/* A crash came between a call's start and its result.  Only a repeatable tool may run twice. */
static void settle_interrupted(struct turn *t, struct batch *b)
{
    for (size_t i = 0; i < t->n_calls; i++) {
        struct turn_call *c = &t->calls[i];

        if (c->state != CALL_STARTED || c->tool == NULL || c->tool->repeatable)
            continue;
        c->state = CALL_DONE;
        c->unknown = true;
        c->result = (struct tool_result){ S("unknown: the assistant was stopped while this ran. It may have happened, "
                                            "in part or whole, or not at all. Check before doing it again, and tell "
                                            "the user."), true, NO_STR };
        journal_result(&t->journal, b, c->call.id, &c->result, true);
        metric_add(METRIC_tool_unknown, 1);
        t->unknown_calls++;
    }
}

static void tell(struct turn *t, const struct turn_call *c, const char *state)
{
    if (!bus_watched(t->bus, t->message.session_id))
        return;
    CLEANUP(json_decrefp) json_t *j = json_object();

    json_object_set_new(j, "type", json_string("tool"));
    json_object_set_new(j, "message_id", json_from_str(t->message.id));
    json_object_set_new(j, "session_id", json_from_str(t->message.session_id));
    json_object_set_new(j, "name", json_from_str(c->call.name));
    json_object_set_new(j, "state", json_string(state));
    bus_publish(t->bus, t->message.session_id, "tool", t->inbox_id, json_print(t->arena, j));
}

static enum err run_wave(struct turn *t, struct wave w) AWAITS
{
    CLEANUP(fibers_done) struct fibers g = { 0 };
    struct turn_call *calls = t->calls + w.first;

    for (size_t i = 0; i < w.n; i++)
        tell(t, &calls[i], "started");
    if (w.n == 1) {
        TRY(run_call(calls));
    } else {
        for (size_t i = 0; i < w.n; i++)
            fibers_spawn(&g, "tool", run_call, &calls[i]);
        TRY(fibers_wait(&g));
    }
    for (size_t i = 0; i < w.n; i++)
        tell(t, &calls[i], calls[i].result.is_error ? "failed" : "done");
    return OK;
}

static struct audit_row audit_of(const struct turn_call *c, const char *event, str content, json_t *detail)
{
    const struct turn *t = c->turn;

    return (struct audit_row){ .person = t->person.id, .platform = t->message.platform, .session_id = t->message.session_id,
                               .event = event, .subject = c->call.name, .decision = c->permission.decision,
                               .content = content, .detail = detail };
}

static void add_result(struct turn *t, struct batch *b, const struct turn_call *c)
{
    struct audit_row row = audit_of(c, c->permission.permit == PERMIT_REFUSE ? "tool.refused" : "tool.result", c->result.text,
                                    json_pack("{s:I, s:b}", "inbox_id", (json_int_t)t->inbox_id, "is_error", c->result.is_error));

    journal_result(&t->journal, b, c->call.id, &c->result, false);
    audit_add(b, &row);
}

static void add_start(struct turn *t, struct batch *b, const struct turn_call *c)
{
    struct audit_row row = audit_of(c, "tool.call", c->call.arguments,
                                    json_pack("{s:I, s:I}", "inbox_id", (json_int_t)t->inbox_id, "approval",
                                              (json_int_t)c->permission.approval));

    journal_call(&t->journal, b, &c->call);
    audit_add(b, &row);
}

static void add_step(struct turn *t, struct batch *b, struct wave done, struct wave next)
{
    for (size_t i = done.first; i < done.first + done.n; i++)
        add_result(t, b, &t->calls[i]);
    for (size_t i = next.first; i < next.first + next.n; i++)
        if (!t->calls[i].start_stored)
            add_start(t, b, &t->calls[i]);
}

/* Journals the results of one wave and the starts of the next behind what is in `b`.  While the disk refuses results
 * it is tried again here: nobody else knows them, and a turn begun anew would have to call them unknown. */
static enum err commit_step(struct turn *t, struct batch *b, struct wave done, struct wave next) AWAITS
{
    int64_t seq = t->journal.next_seq;
    uint64_t wait = STORE_RETRY_MS;
    enum err e = OK;

    add_step(t, b, done, next);
    if (batch_size(b))
        e = store_commit(t->store, b);
    while (e == ERR_IO && done.n) {
        log_event(LOG_WARN, "turn.results_retry", F("error", failed_text()), F("wait_ms", wait));
        TRY(fiber_sleep(wait));
        wait = wait < STORE_RETRY_MAX_MS ? wait * 2 : wait;
        t->journal.next_seq = seq;
        b = batch_new(t->arena);
        add_step(t, b, done, next);
        e = store_commit(t->store, b);
    }
    TRY(e);
    for (size_t i = next.first; i < next.first + next.n; i++) {
        t->calls[i].start_stored = true;
        t->calls[i].state = CALL_STARTED;
    }
    return OK;
}

/* Runs every call of the latest reply that is not done.  `b` holds what must be durable before the first starts
 * (the reply itself, when it is new). */
static enum err run_calls(struct turn *t, struct batch *b) AWAITS
{
    struct wave done = { 0, 0 }, next;

    settle_interrupted(t, b);
    for (;;) {
        TRY(permit_calls(t));
        next = next_wave(t);
        if (waits(t, &next)) {
            TRY(commit_step(t, b, done, (struct wave){ 0, 0 }));
            put_questions(t);
            return OK;
        }
        TRY(commit_step(t, b, done, next));
        if (next.n == 0)
            break;
        (void)FAULT(turn_journaled);
        TRY(run_wave(t, next));
        done = next;
        b = batch_new(t->arena);
    }
    show_results(t);
    return OK;
}

/* ---- the model ---- */

static void on_delta(void *arg, str text)
{
    struct turn *t = arg;

    if (t->on_delta)
        t->on_delta(t, text);
    if (!bus_watched(t->bus, t->message.session_id))
        return;
    CLEANUP(buf_done) struct buf b = { 0 };
    size_t room;

    (void)buf_room(&b, text.len + 160, &room);      /* at once, not by doubling */
    buf_add(&b, S("{\"type\":\"delta\",\"message_id\":"));
    json_add_string(&b, t->message.id);
    buf_add(&b, S(",\"session_id\":"));
    json_add_string(&b, t->message.session_id);
    buf_add(&b, S(",\"text\":"));
    json_add_string(&b, text);
    buf_add_char(&b, '}');
    bus_publish(t->bus, t->message.session_id, "delta", t->inbox_id, buf_str(&b));
}

static enum err ask(struct turn *t, struct reply *out) AWAITS
{
    struct prompt p = { .messages = t->transcript.messages, .n_messages = t->transcript.n, .temperature = -1,
                        .conversation = t->message.session_id };
    struct policy_facts who = { .person = &t->person, .platform = t->message.platform, .chat_id = t->message.chat_id };

    if (asker_can(&t->asker, CAP_TOOLS))
        p.tools = policy_tools_for(policy_now(), t->arena, &who, &p.n_tools);
    TRY(ask_model(&t->asker, t->arena, &p, on_delta, t, out));
    (void)FAULT(turn_replied);
    t->rounds++;
    t->usage.input += out->usage.input;
    t->usage.output += out->usage.output;
    t->usage.cached += out->usage.cached;
    return OK;
}

enum err turn_run(struct turn *t)
{
    struct reply r;

    TRY(load(t));
    (void)FAULT(turn_started);
    if (t->n_calls)
        TRY(run_calls(t, batch_new(t->arena)));
    if (t->waits)
        return OK;
    while (t->rounds < t->max_rounds) {
        TRY(ask(t, &r));
        if (r.n_calls == 0) {
            t->last = r;
            t->text = r.text;
            return OK;
        }
        struct batch *b = batch_new(t->arena);

        journal_reply(&t->journal, b, &r);
        transcript_reply(&t->transcript, &r);
        new_calls(t, &r);
        TRY(run_calls(t, b));
        if (t->waits)
            return OK;
    }
    return failed(ERR_LIMIT, "no answer after %u model calls (turn.rounds)", t->max_rounds);
}

enum err turn_run_tool(struct turn *t, str tool, const json_t *arguments, struct tool_result *ret_result)
{
    TRY(load(t));
    (void)FAULT(turn_started);
    struct batch *b = batch_new(t->arena);

    if (t->rounds == 0) {
        struct tool_call call = { S("command"), tool, json_print(t->arena, arguments) };
        struct reply r = { .calls = &call, .n_calls = 1, .stop = STOP_CALLS };

        journal_reply(&t->journal, b, &r);
        transcript_reply(&t->transcript, &r);
        new_calls(t, &r);
        t->rounds = 1;          /* as a turn that is run again counts it */
    }
    struct turn_call *c = t->calls;     /* stays when run_calls() is through with it */

    TRY(run_calls(t, b));
    *ret_result = c->result;
    return OK;
}

void turn_add_ending(const struct turn *t, struct batch *b)
{
    struct journal j = t->journal;

    if (t->last.stop != STOP_NONE)
        journal_reply(&j, b, &t->last);
}

void turn_ended(const struct turn *t)
{
    str session = t->message.session_id;
    struct transcript all = t->transcript;

    if (t->last.stop == STOP_NONE) {        /* its journal says more than this knows */
        history_forget(t->histories, session);
        return;
    }
    struct history_wish wish = { .session_id = session, .user_id = t->message.user_id, .before = t->inbox_id };

    transcript_reply(&all, &t->last);
    history_ended(t->histories, &wish, t->message.text, all.messages + t->own + 1, all.n - t->own - 1);
}
