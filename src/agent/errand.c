// SPDX-License-Identifier: Apache-2.0
#include "agent/errand.h"

#include "base/metrics.h"
#include "config/config.h"
#include "runtime/clock.h"
#include "tool/policy.h"
#include "tool/registry.h"
#include "tool/run.h"

static enum err ask(struct errand *r, const struct transcript *said, struct reply *out) AWAITS
{
    const struct config *c = config_now();
    struct prompt p = {
        .model = r->model_name, .messages = said->messages, .n_messages = said->n, .temperature = -1,
        .max_tokens = (int64_t)c->model_provider_max_tokens,
    };
    struct completion_options options = {
        .first_token_ms = c->model_provider_first_token_timeout, .idle_ms = c->model_provider_idle_timeout,
        .tries = (unsigned)c->model_provider_retries + 1,
    };
    uint64_t start = clock_us();

    if (r->model->provider->caps & CAP_TOOLS) {
        p.tools = r->tools;
        p.n_tools = r->n_tools;
    }
    metric_add(METRIC_model_calls, 1);
    enum err e = complete(r->model, r->arena, &p, &options, out);

    metric_observe_us(METRIC_model_seconds, clock_us() - start);
    if (e) {
        metric_add(METRIC_model_errors, e != ERR_CANCELLED);
        return e;
    }
    metric_add(METRIC_model_input_tokens, out->usage.input);
    metric_add(METRIC_model_output_tokens, out->usage.output);
    r->rounds++;
    return OK;
}

static const struct tool *tool_given(const struct errand *r, str name)
{
    for (size_t i = 0; i < r->n_tools; i++)
        if (str_eq(name, str_from(r->tools[i]->name)))
            return r->tools[i];
    return NULL;
}

/* NULL: it may run.  What makes no sense is left to tool_call_run(), which says so in words that help. */
static const char *why_not(const struct errand *r, const struct tool *t, const struct tool_call *c)
{
    CLEANUP(json_decrefp) json_t *arguments = NULL;
    struct policy_answer answer;

    if (t == NULL || json_parse(str_trim(c->arguments).len ? c->arguments : S("{}"), &arguments))
        return NULL;
    struct policy_facts facts = {
        .person = &r->context->person, .platform = r->context->platform, .chat_id = r->context->chat_id, .tool = t,
        .arguments = arguments, .workspace = r->context->workspace, .taint = r->taint,
    };

    policy_decide(policy_now(), r->arena, &facts, &answer);
    if (answer.decision == DECISION_ALLOW)
        return NULL;
    if (answer.decision == DECISION_DENY)
        return answer.why;
    return arena_printf(r->arena, "%s, and an agent cannot ask: end with what you have, and say that this is left to do", answer.why);
}

/* Its ids get the giving call's before them: what tools keep by (message, call) is kept apart. */
static enum err run_call(struct errand *r, const struct tool_call *c, struct tool_result *out) AWAITS
{
    struct tool_context cx = *r->context;

    cx.arena = r->arena;
    cx.call_id = str_from(arena_printf(r->arena, "%.*s/%u/%.*s", STR(r->context->call_id), r->rounds, STR(c->id)));
    cx.taint = r->taint;
    cx.approval = 0;
    cx.host = r->host;
    if (tool_find(c->name) && !tool_given(r, c->name)) {
        *out = (struct tool_result){ str_from(arena_printf(r->arena, "%.*s was not given to you for this task", STR(c->name))), true };
        return OK;
    }
    const char *why = why_not(r, tool_given(r, c->name), c);

    if (why) {
        *out = (struct tool_result){ str_from(arena_printf(r->arena, "not allowed: %s", why)), true };
        return OK;
    }
    metric_add(METRIC_tool_calls, 1);
    r->n_calls++;
    enum err e = tool_call_run(&cx, c->name, c->arguments, out);

    if (e == ERR_CANCELLED || e == ERR_TIMEOUT)
        return e;
    if (e)
        *out = (struct tool_result){ str_from(arena_printf(r->arena, "error: %s", failed_text())), true };
    if (out->taint.len)
        r->taint = out->taint;
    return OK;
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
