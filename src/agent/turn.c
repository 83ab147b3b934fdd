// SPDX-License-Identifier: Apache-2.0
#include "agent/turn.h"

#include <stdio.h>

#include "agent/history.h"
#include "agent/notes.h"
#include "agent/persona.h"
#include "agent/steer.h"
#include "agent/turn_bounds.h"
#include "agent/turn_calls.h"
#include "agent/turn_fit.h"
#include "agent/turn_tools.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/metrics.h"
#include "runtime/clock.h"
#include "tool/policy.h"

/* ---- what is known when it starts: the conversation, and this turn's own journal ---- */

static struct turn_call *call_with_id(struct turn *t, str id)
{
    for (size_t i = 0; i < t->n_calls; i++)
        if (str_eq(t->calls[i].call.id, id))
            return &t->calls[i];
    return NULL;
}

static void count_reply(struct turn *t, const struct reply *r)
{
    t->rounds++;
    t->usage.input += r->usage.input;
    t->usage.output += r->usage.output;
    t->usage.cached += r->usage.cached;
}

static enum err load_own_row(struct turn *t, str kind, str call_id, str body) AWAITS
{
    CLEANUP(json_decrefp) json_t *j = NULL;
    struct turn_call *c = call_with_id(t, call_id);

    TRY(json_parse(body, &j));
    if (str_eq(kind, S("reply"))) {
        struct reply r;

        TRY(reply_from_json(t->arena, j, &r));
        t->first = t->rounds ? t->first : r;
        turn_show_results(t);
        transcript_reply(&t->transcript, &r);
        turn_new_calls(t, &r);
        count_reply(t, &r);
    } else if (str_eq(kind, S("steer"))) {
        turn_show_results(t);
        return steer_load(t, j);
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

static enum err add_own_message(struct turn *t) AWAITS
{
    struct chat_message shown;

    TRY(steer_show(t, &t->message, &shown));
    transcript_add(&t->transcript, shown);
    return OK;
}

/* Anew when it was changed. */
static enum err read_notes(struct turn *t) AWAITS
{
    str session = t->message.session_id;
    struct notes n;

    if (t->notes_read)
        return OK;
    t->notes_read = true;
    t->notes = t->notes_taint = S("");
    if (history_notes(t->histories, session) == NOTES_NONE)
        return OK;
    TRY(notes_read(t->store, t->arena, session, &n));
    t->notes = notes_text(t->arena, &n);
    t->notes_taint = notes_taint(t->arena, &n, t->message.user_id);
    history_set_notes(t->histories, session, t->notes.len ? NOTES_SOME : NOTES_NONE);
    return OK;
}

static void add_tools(struct turn *t, struct prompt *p)
{
    struct policy_facts who = { .person = &t->person, .platform = t->message.platform, .chat_id = t->message.chat_id };

    if (t->asker.route && asker_can(&t->asker, CAP_TOOLS))
        p->tools = tools_of_agent(t->arena, &who, &t->only_tools, &p->n_tools);
}

/* All that goes before this message.  The system prompt comes last of it: its language is the conversation's. */
static enum err load_before(struct turn *t) AWAITS
{
    struct prompt p = { 0 };

    t->transcript = (struct transcript){ .arena = t->arena };
    transcript_add(&t->transcript, (struct chat_message){ .role = ROLE_SYSTEM, .taint = persona_taint(t) });
    TRY(turn_show_history(t, UINT64_MAX));
    add_tools(t, &p);
    t->transcript.messages[0].text = persona_prompt(t, p.tools, p.n_tools);
    return read_notes(t);
}

/* A planner goes by the message alone: what others said before is neither shown to it nor about. */
static enum err load_nothing(struct turn *t) AWAITS
{
    t->transcript = (struct transcript){ .arena = t->arena };
    transcript_add(&t->transcript, (struct chat_message){ .role = ROLE_SYSTEM });
    t->own = 1;
    t->notes_read = t->recalled_read = true;
    return t->is_new ? OK : store_read(t->store, t->arena, &t->shown.journal, "journal.of", "i", t->inbox_id);
}

static enum err load(struct turn *t) AWAITS
{
    t->started_ms = clock_ms();
    t->guard.repeats = t->max_repeats;
    t->journal = (struct journal){ t->inbox_id, 0 };
    TRY(t->planner ? load_nothing(t) : load_before(t));
    struct rows own = t->shown.journal;

    TRY(add_own_message(t));
    for (size_t i = 0; i < own.n; i++) {
        TRY(load_own_row(t, row_str(&own, i, 1), row_str(&own, i, 2), row_str(&own, i, 3)));
        t->journal.next_seq = row_int(&own, i, 0) + 1;
    }
    return OK;
}

/* ---- the model ---- */

static void on_delta(void *arg, str text)
{
    struct turn *t = arg;

    if (t->on_delta)
        t->on_delta(t, text);
    if (!bus_watched(t->bus, t->message.session_id, "delta"))
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

/* As text and images they are shown, and with what stands behind the conversation without being a part of it. */
static enum err ask_once(struct turn *t, struct prompt *p, struct reply *out) AWAITS
{
    struct model *model = t->asker.route->models[0];
    struct asker asker = t->asker;
    size_t n = t->transcript.n;

    asker.ret_model = &model;
    if (t->recalled.len)
        transcript_user(&t->transcript, t->recalled);
    if (t->notes.len)
        transcript_user(&t->transcript, t->notes);
    if (t->last_call.len)
        transcript_user(&t->transcript, t->last_call);
    p->messages = t->transcript.messages;
    p->n_messages = t->transcript.n;
    t->transcript.n = n;
    enum err e = ask_model(&asker, t->arena, p, on_delta, t, out);

    if (e == OK)
        turn_counted(t, p, model, out);
    return e;
}

static enum err ask(struct turn *t, struct reply *out) AWAITS
{
    struct prompt p = { .temperature = -1, .conversation = t->message.session_id };
    enum err e;

    add_tools(t, &p);
    TRY(read_notes(t));
    TRY(recalled_read(t));
    if (p.n_tools && t->last_call.len)
        p.tool_choice = CHOOSE_NONE;
    do {
        TRY(turn_fit(t, &p));
        e = ask_once(t, &p, out);
    } while (e && turn_can_yield(t, &p, &e));
    TRY(e);
    out->taint = t->recalled_taint;
    (void)FAULT(turn_replied);
    count_reply(t, out);
    return turn_was_answered(t);
}

static enum err ask_planner(struct turn *t, struct reply *out) AWAITS
{
    struct planned p = { t->rounds ? &t->first : NULL, t->rounds, t->results, t->n_results };

    TRY(t->planner->next(t->planner->arg, t->arena, &p, out));
    (void)FAULT(turn_replied);
    t->first = t->rounds ? t->first : *out;
    count_reply(t, out);
    return OK;
}

/* One answer more, without tools, and why it is the last.  It ends well: what was done is worth telling. */
static enum err last_words(struct turn *t, enum bound bound) AWAITS
{
    struct reply r = { 0 };

    t->last_call = turn_last_call(t, bound);
    enum err e = ask(t, &r);

    if (e == ERR_CANCELLED || e == ERR_IO || e == ERR_BUDGET)
        return e;
    TRY(fiber_check());
    if (r.n_calls)      /* nobody runs them, and nothing of them may be handed back */
        r.kept = NO_STR;
    r.n_calls = 0;
    r.stop = STOP_END;
    r.text = t->text = turn_end_text(t, bound, e ? NO_STR : r.text);
    t->last = r;
    metric_add(METRIC_turns_bounded, 1);
    log_event(LOG_INFO, "turn.bounded", F("session", t->message.session_id), F("why", bound_name(bound)));
    return OK;
}

static enum err run_round(struct turn *t) AWAITS
{
    size_t n = t->transcript.n;
    struct reply r;

    TRY(steer_take(t));
    t->recalled_read = t->recalled_read && t->transcript.n == n;
    TRY(t->planner ? ask_planner(t, &r) : ask(t, &r));
    if (r.n_calls == 0) {
        t->last = r;
        t->text = r.text;
        return OK;
    }
    struct batch *b = batch_new(t->arena);

    journal_reply(&t->journal, b, &r);
    transcript_reply(&t->transcript, &r);
    turn_new_calls(t, &r);
    return turn_run_calls(t, b);
}

static enum err run(struct turn *t) AWAITS
{
    TRY(load(t));
    (void)FAULT(turn_started);
    if (t->n_calls)
        TRY(turn_run_calls(t, batch_new(t->arena)));
    while (!t->waits && t->last.stop == STOP_NONE) {
        enum bound bound = t->planner ? BOUND_NONE : turn_bound(t);

        TRY(bound ? last_words(t, bound) : run_round(t));
    }
    return OK;
}

enum err turn_run(struct turn *t)
{
    char why[ERR_TEXT_MAX];
    enum err e = run(t);
    str done = e ? turn_done_so_far(t) : NO_STR;

    if (done.len == 0 || e == ERR_CANCELLED || e == ERR_IO || e == ERR_BUDGET)
        return e;
    snprintf(why, sizeof why, "%s", failed_text());
    return failed(e, "%s (used before that: %.*s)", why, STR(done));
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
        turn_new_calls(t, &r);
        t->rounds = 1;          /* as a turn that is run again counts it */
    }
    struct turn_call *c = t->calls;     /* stays when run_calls() is through with it */

    TRY(turn_run_calls(t, b));
    *ret_result = c->result;
    return OK;
}

enum err turn_context(struct turn *t, struct context_use *out)
{
    struct prompt p = { 0 };

    TRY(load_before(t));
    add_tools(t, &p);
    turn_measure(t, &p, out);
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

    if (t->last.stop == STOP_NONE || t->planner) {      /* its journal says more than this knows, or the history was not looked at */
        history_forget(t->histories, session);
        return;
    }
    struct history_wish wish = { .session_id = session, .user_id = t->message.user_id, .before = t->inbox_id };

    transcript_reply(&all, &t->last);
    history_ended(t->histories, &wish, t->message.text, all.messages + t->own + 1, all.n - t->own - 1);
}
