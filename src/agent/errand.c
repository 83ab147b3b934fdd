// SPDX-License-Identifier: Apache-2.0
#include "agent/errand.h"

#include "agent/permission.h"
#include "base/metrics.h"
#include "store/audit.h"
#include "tool/registry.h"
#include "tool/run.h"

static enum err ask(struct errand *r, const struct transcript *said, struct reply *out) AWAITS
{
    struct prompt p = { .temperature = -1, .messages = said->messages, .n_messages = said->n };

    if (asker_can(&r->asker, CAP_TOOLS)) {
        p.tools = r->tools;
        p.n_tools = r->n_tools;
    }
    TRY(ask_model(&r->asker, r->arena, &p, NULL, NULL, out));
    r->rounds++;
    r->usage.input += out->usage.input;
    r->usage.output += out->usage.output;
    return OK;
}

static const struct tool *tool_given(const struct errand *r, str name)
{
    for (size_t i = 0; i < r->n_tools; i++)
        if (str_eq(name, str_from(r->tools[i]->name)))
            return r->tools[i];
    return NULL;
}

/* Of the errand's own calls, whose ids get the giving call's before them: what is kept by (message, call) is kept apart. */
static struct tool_context context_of(const struct errand *r, const struct tool_call *c)
{
    struct tool_context cx = *r->context;

    cx.arena = r->arena;
    cx.call_id = str_from(arena_printf(r->arena, "%.*s/%u/%.*s", STR(r->context->call_id), r->rounds, STR(c->id)));
    cx.taint = r->taint;
    cx.host = r->host;
    return cx;
}

static enum err permission_for(const struct errand *r, const struct tool_context *cx, const struct tool_call *c,
                               struct permission *out) AWAITS
{
    struct permission_facts f = {
        .arena = r->arena, .store = r->store, .inbox_id = cx->inbox_id, .session_id = cx->session_id, .platform = cx->platform,
        .chat_id = cx->chat_id, .person = &cx->person, .workspace = cx->workspace, .taint = cx->taint,
    };
    struct tool_call named = { cx->call_id, c->name, c->arguments };

    TRY(permission_of(&f, tool_given(r, c->name), &named, out));
    if (out->permit == PERMIT_WAIT)
        out->why = str_from(arena_printf(r->arena, "%.*s, and an agent cannot ask: end with what you have, and say that this is left "
                                                   "to do", STR(out->why)));
    return OK;
}

/* The audit knows of a call before it runs. */
static enum err record(const struct errand *r, const struct tool_context *cx, const struct permission *p, const char *event,
                       str tool, str content) AWAITS
{
    struct batch *b = batch_new(r->arena);
    struct audit_row row = {
        .person = cx->person.id, .platform = cx->platform, .session_id = cx->session_id, .event = event, .subject = tool,
        .decision = p->decision, .content = content,
        .detail = json_pack("{s:I, s:o}", "inbox_id", (json_int_t)cx->inbox_id, "agent_of", json_from_str(r->context->call_id)),
    };

    audit_add(b, &row);
    return store_commit(r->store, b);
}

static struct tool_result refusal(const struct errand *r, const char *what, str why)
{
    return (struct tool_result){ .text = str_from(arena_printf(r->arena, "%s%.*s", what, STR(why))), .is_error = true };
}

static enum err run_permitted(struct errand *r, const struct tool_context *cx, const struct tool_call *c, struct tool_result *out) AWAITS
{
    metric_add(METRIC_tool_calls, 1);
    r->n_calls++;
    if (r->on_call)
        r->on_call(r, c);
    enum err e = tool_call_run(cx, c->name, c->arguments, out);

    if (e == ERR_CANCELLED || e == ERR_TIMEOUT)
        return e;
    if (e)
        *out = refusal(r, "error: ", str_from(failed_text()));
    if (out->taint.len)
        r->taint = out->taint;
    return OK;
}

static enum err run_call(struct errand *r, const struct tool_call *c, struct tool_result *out) AWAITS
{
    struct tool_context cx = context_of(r, c);
    struct permission p;

    if (tool_find(c->name) && !tool_given(r, c->name)) {
        *out = refusal(r, "this tool was not given to you for this task: ", c->name);
        return OK;
    }
    TRY(permission_for(r, &cx, c, &p));
    if (p.permit != PERMIT_RUN) {
        *out = refusal(r, "not allowed: ", p.why);
        return record(r, &cx, &p, "tool.refused", c->name, c->arguments);
    }
    cx.approval = p.approval;
    TRY(record(r, &cx, &p, "tool.call", c->name, c->arguments));
    TRY(run_permitted(r, &cx, c, out));
    return record(r, &cx, &p, "tool.result", c->name, out->text);
}

static enum err run_calls(struct errand *r, const struct reply *reply, struct transcript *said) AWAITS
{
    for (size_t i = 0; i < reply->n_calls; i++) {
        struct tool_result result = { 0 };

        TRY(run_call(r, &reply->calls[i], &result));
        transcript_result(said, reply->calls[i].id, result.text, result.taint);
    }
    return OK;
}

enum err errand_run(struct errand *r)
{
    struct transcript said = { .arena = r->arena };
    struct reply reply;

    r->taint = r->context->taint;
    transcript_add(&said, (struct chat_message){ .role = ROLE_SYSTEM, .text = r->system });
    transcript_user(&said, r->task);
    while (r->rounds < r->max_rounds) {
        TRY(ask(r, &said, &reply));
        if (reply.text.len)
            r->text = reply.text;
        if (reply.n_calls == 0)
            return OK;
        transcript_reply(&said, &reply);
        TRY(run_calls(r, &reply, &said));
    }
    return failed(ERR_LIMIT, "no answer after %u model calls", r->max_rounds);
}
