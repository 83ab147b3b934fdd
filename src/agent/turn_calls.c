// SPDX-License-Identifier: Apache-2.0
#include "agent/turn_calls.h"

#include "agent/turn_tools.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/metrics.h"
#include "store/audit.h"
#include "tool/registry.h"
#include "tool/run.h"

enum { STORE_RETRY_MS = 100, STORE_RETRY_MAX_MS = 10000 };

void turn_new_calls(struct turn *t, const struct reply *r)
{
    t->n_calls = r->n_calls;
    t->n_called += (unsigned)r->n_calls;
    t->calls = arena_alloc(t->arena, r->n_calls * sizeof *t->calls);
    for (size_t i = 0; i < r->n_calls; i++)
        t->calls[i] = (struct turn_call){ .turn = t, .call = r->calls[i], .tool = tool_find(r->calls[i].name) };
}

/* What a loop is told, the model reads behind the result; the journal has the result alone. */
static str result_as_shown(struct turn *t, const struct turn_call *c)
{
    str text = c->result.text;
    enum loop_verdict v = c->tool ? loop_guard_add(&t->guard, &c->call, text) : loop_guard_add_unknown(&t->guard, &c->call, text);

    t->looped = t->looped || v == LOOP_STOP;
    if (v == LOOP_NONE)
        return text;
    return str_from(arena_printf(t->arena, "%.*s\n\n[You are going in circles: %s. Do something else, or answer with what you have.]",
                                 STR(text), c->tool ? "this call has brought this result several times" : "there are no such tools"));
}

static void keep_results(struct turn *t)
{
    struct tool_result *all = arena_alloc(t->arena, (t->n_results + t->n_calls) * sizeof *all);

    for (size_t i = 0; i < t->n_results; i++)
        all[i] = t->results[i];
    for (size_t i = 0; i < t->n_calls; i++)
        all[t->n_results + i] = t->calls[i].result;
    t->results = all;
    t->n_results += t->n_calls;
}

void turn_show_results(struct turn *t)
{
    if (t->planner)
        keep_results(t);
    for (size_t i = 0; i < t->n_calls; i++)
        if (str_eq(t->calls[i].call.name, S("plan"))) {
            t->notes_read = false;
            history_set_notes(t->histories, t->message.session_id, NOTES_UNKNOWN);
        }
    for (size_t i = 0; i < t->n_calls; i++)
        transcript_result(&t->transcript, t->calls[i].call.id, result_as_shown(t, &t->calls[i]), t->calls[i].result.taint);
    t->n_calls = 0;
}

/* Whose words the model has read by now besides the owner's. */
static str taint_of(const struct turn *t)
{
    for (size_t i = t->n_calls; i-- > 0; )
        if (t->calls[i].state == CALL_DONE && t->calls[i].result.taint.len)
            return t->calls[i].result.taint;
    str shown = transcript_taint(&t->transcript);

    if (shown.len)
        return shown;
    return t->recalled_taint.len ? t->recalled_taint : t->notes_taint;
}

static enum err run_call(void *arg) AWAITS
{
    struct turn_call *c = arg;
    struct turn *t = c->turn;
    struct tool_context context = {
        .arena = t->arena, .workspace = t->workspace, .session_id = t->message.session_id, .platform = t->message.platform,
        .chat_id = t->message.chat_id, .user = t->message.user_id, .person = t->person, .inbox_id = t->inbox_id,
        .call_id = c->call.id, .taint = taint_of(t), .approval = c->permission.approval, .host = t->host,
        .chinese = t->chinese,
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

static bool is_one_too_many(const struct turn *t, size_t i)
{
    return t->max_calls && t->n_called - t->n_calls + i >= t->max_calls;
}

/* Asked anew before each wave: what the one before brought may be words of others. */
static enum err permit_calls(struct turn *t) AWAITS
{
    struct permission_facts f = {
        .arena = t->arena, .store = t->store, .inbox_id = t->inbox_id, .session_id = t->message.session_id,
        .platform = t->message.platform, .chat_id = t->message.chat_id, .person = &t->person, .workspace = t->workspace,
        .taint = taint_of(t),
    };

    for (size_t i = 0; i < t->n_calls; i++) {
        struct turn_call *c = &t->calls[i];

        if (c->state == CALL_DONE)
            continue;
        if (is_one_too_many(t, i))
            c->permission = (struct permission){ .permit = PERMIT_REFUSE, .decision = S("deny by turn.tool_calls"),
                                                 .why = S("this is more calls than one message may take (turn.tool_calls)") };
        else if (c->tool && !tool_is_listed(&t->only_tools, c->tool))
            c->permission = (struct permission){ .permit = PERMIT_REFUSE, .decision = S("deny by the agent's tools"),
                                                 .why = S("this agent does not have that tool") };
        else
            TRY(permission_of(&f, c->tool, as_asked(t, i), &c->permission));
    }
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
    if (!bus_watched(t->bus, t->message.session_id, "tool"))
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

enum err turn_run_calls(struct turn *t, struct batch *b)
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
    turn_show_results(t);
    return OK;
}
