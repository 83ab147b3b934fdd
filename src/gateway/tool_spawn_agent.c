// SPDX-License-Identifier: Apache-2.0
/* tool_spawn_agent.c: tasks given to agents that know nothing of the conversation (agent/errand.h), and what they found. */
#include "agent/errand.h"
#include "agent/purse.h"
#include "agent/turn_tools.h"
#include "base/utf8.h"
#include "config/config.h"
#include "gateway/models.h"
#include "gateway/tool_host.h"
#include "runtime/fiber.h"
#include "tool/file_job.h"
#include "tool/policy.h"
#include "tool/registry.h"

/* Agents may start agents, these may not.  All at work at a time, in the whole gateway: each has a model's stream open. */
enum { DEPTH_MAX = 2, TASKS_MAX = 4, AT_WORK_MAX = 8, ROUNDS = 8, TIMEOUT_S = 300, TEXT_MAX = 32 << 10 };

static size_t at_work;      /* loop thread only */

static enum err spawn_agent_run(const struct tool_context *, const json_t *, struct tool_result *) AWAITS;

const struct tool tool_spawn_agent = {
    .name = "spawn_agent",
    .description = "Gives a task to an agent with tools of its own that knows nothing of this conversation, and returns what it "
                   "found; several tasks are done side by side.",
    .schema = "{\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"tasks\"],\"properties\":{"
              "\"tasks\":{\"type\":\"array\",\"items\":{\"type\":\"string\"},\"description\":\"1 to 4 tasks, each with all that "
              "has to be known to do it\"},"
              "\"model\":{\"type\":\"string\",\"enum\":[\"main\",\"fast\"],\"description\":\"fast for small work; main if absent\"},"
              "\"tools\":{\"type\":\"array\",\"items\":{\"type\":\"string\"},\"description\":\"Names of the tools they may use; all if "
              "absent\"},"
              "\"rounds\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":32,\"description\":\"Model calls allowed each, 8 if absent\"},"
              "\"tokens\":{\"type\":\"integer\",\"minimum\":1000,\"description\":\"Tokens allowed each, in and out together, for all its "
              "model calls\"},"
              "\"timeout\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":3600,\"description\":\"Seconds allowed each, 300 if absent\"}}}",
    .risk = RISK_EXECUTE, .repeatable = false, .run = spawn_agent_run,
};

struct agents;
struct agent {
    struct agents    *all;
    struct purse      purse;
    struct tool_host  host;             /* one deeper than that of the call */
    struct errand     errand;
    struct tool_result result;
};

struct agents {
    const struct tool_context *cx;
    int64_t           timeout_s;
    struct agent      agent[TASKS_MAX];
    size_t            n;
};

static str system_prompt(const struct tool_context *cx)
{
    return str_from(arena_printf(cx->arena,
        "You are an agent that was started for one task by an assistant. You know nothing of its conversation, and nobody can "
        "answer questions. Do the task with the tools you have and end with the result, complete and short: your last message "
        "is all that is handed over. You work in the folder %s; tools see only this folder. Say what you did and what came of "
        "it; never claim what a tool did not confirm.", cx->workspace));
}

static bool is_listed(const json_t *names, const char *name)
{
    const json_t *one;
    size_t i;

    json_array_foreach(names, i, one)
        if (str_eq(json_strval(one), str_from(name)))
            return true;
    return false;
}

/* Those that the person may use at all and whoever gives the task has, and named if any are. */
static void choose_tools(const struct tool_context *cx, const json_t *names, unsigned depth, struct errand *out)
{
    size_t n;
    struct policy_facts who = { .person = &cx->person, .platform = cx->platform, .chat_id = cx->chat_id };
    const struct tool *const *all = tools_of_agent(cx->arena, &who, tool_host_tools(cx->host), &n);
    const struct tool **chosen = arena_alloc(cx->arena, n * sizeof *chosen);

    out->tools = chosen;
    for (size_t i = 0; i < n; i++)
        if ((names == NULL || is_listed(names, all[i]->name)) && (depth < DEPTH_MAX || all[i] != &tool_spawn_agent))
            chosen[out->n_tools++] = all[i];
}

static str how_much(const struct agent *a)
{
    const struct errand *e = &a->errand;
    struct arena *arena = a->all->cx->arena;
    const char *tokens = e->usage.input + e->usage.output == 0 ? ""     /* the provider does not count */
        : arena_printf(arena, ", %lld tokens in, %lld out", (long long)e->usage.input, (long long)e->usage.output);

    return str_from(arena_printf(arena, "[%u model calls, %u tool calls%s]", e->rounds, e->n_calls, tokens));
}

static void set_result(struct agent *a, enum err e)
{
    const struct tool_context *cx = a->all->cx;
    str text = utf8_take(a->errand.text, TEXT_MAX);

    if (e == OK) {
        a->result = (struct tool_result){ str_from(arena_printf(cx->arena, "%.*s%s\n%.*s", STR(text),
                                          text.len < a->errand.text.len ? "\n[cut]" : "", STR(how_much(a)))), false };
        return;
    }
    a->result = (struct tool_result){ str_from(arena_printf(cx->arena, "the agent did not finish: %s%s%.*s\n%.*s", failed_text(),
                                      text.len ? "; it said last:\n" : "", STR(text), STR(how_much(a)))), true };
}

/* For whoever watches the conversation. */
static void tell(const struct agent *a, const char *state, str tool)
{
    const struct tool_context *cx = a->all->cx;
    struct bus *bus = cx->host->gateway->bus;

    if (!bus_watched(bus, cx->session_id, "agent"))
        return;
    CLEANUP(json_decrefp) json_t *j = json_pack("{s:s, s:o, s:o, s:I, s:s, s:I, s:I, s:I}", "type", "agent", "session_id",
        json_from_str(cx->session_id), "call_id", json_from_str(cx->call_id), "task", (json_int_t)(a - a->all->agent + 1), "state",
        state, "model_calls", (json_int_t)a->errand.rounds, "tool_calls", (json_int_t)a->errand.n_calls, "tokens",
        (json_int_t)(a->errand.usage.input + a->errand.usage.output));

    if (tool.len)
        json_object_set_new(j, "tool", json_from_str(tool));
    bus_publish(bus, cx->session_id, "agent", cx->inbox_id, json_print(cx->arena, j));
}

static void tell_call(struct errand *e, const struct tool_call *c)
{
    tell(e->arg, "tool", c->name);
}

/* Its own time is up: a result.  That of the turn: an error. */
static enum err agent_fiber(void *arg) AWAITS
{
    struct agent *a = arg;
    struct deadline d;

    deadline_set(&d, (uint64_t)a->all->timeout_s * 1000);
    a->errand.on_call = tell_call;
    a->errand.arg = a;
    tell(a, "started", NO_STR);
    enum err e = errand_run(&a->errand);

    deadline_clear(&d);
    set_result(a, e);
    tell(a, e ? "failed" : "done", NO_STR);
    return fiber_check();
}

static enum err run_all(struct agents *all) AWAITS
{
    CLEANUP(fibers_done) struct fibers g = { 0 };

    for (size_t i = 0; i < all->n; i++)
        fibers_spawn(&g, "agent", agent_fiber, &all->agent[i]);
    return fibers_wait(&g);
}

/* True: `out` says why not. */
static bool is_refused(const struct tool_context *cx, const json_t *arguments, struct tool_result *out)
{
    const json_t *names = json_at(arguments, "tools"), *name;
    size_t n = json_array_size(json_at(arguments, "tasks")), i;

    if (cx->host->depth >= DEPTH_MAX)
        *out = tool_refusal(cx, "agents of agents start no further ones: do it yourself");
    else if (n < 1 || n > TASKS_MAX)
        *out = tool_refusal(cx, "tasks: give 1 to %d of them", TASKS_MAX);
    else if (at_work + n > AT_WORK_MAX)
        *out = tool_refusal(cx, "%zu agents are at work already, and %d may be: try again later, or do it yourself", at_work, AT_WORK_MAX);
    json_array_foreach(names, i, name)
        if (tool_find(json_strval(name)) == NULL)
            *out = tool_refusal(cx, "tools: there is no tool \"%.*s\"", STR(str_take(json_strval(name), 64)));
    return out->is_error;
}

static void collect(const struct agents *all, struct tool_result *out)
{
    CLEANUP(buf_done) struct buf b = { 0 };
    size_t n_failed = 0;

    for (size_t i = 0; i < all->n; i++) {
        const struct agent *a = &all->agent[i];

        if (all->n > 1)
            buf_addf(&b, "%s# Task %zu\n", i ? "\n\n" : "", i + 1);
        buf_add(&b, a->result.text);
        n_failed += a->result.is_error;
        if (a->errand.taint.len)
            out->taint = a->errand.taint;
    }
    out->text = arena_str(all->cx->arena, buf_str(&b));
    out->is_error = n_failed == all->n;
}

/* What the call allows, and no more than the settings do. */
static int64_t tokens_allowed(const json_t *arguments)
{
    int64_t most = (int64_t)config_now()->spawn_agent_tokens, asked = json_int(arguments, "tokens", most);

    return most && (asked > most || asked == 0) ? most : asked;
}

static void prepare(struct agents *all, size_t i, const struct model_route *route, const json_t *arguments)
{
    const struct tool_context *cx = all->cx;
    struct gateway *g = cx->host->gateway;
    struct agent *a = &all->agent[i];

    a->all = all;
    a->purse = (struct purse){ .tokens = tokens_allowed(arguments), .outer = cx->host->purse };
    a->host = (struct tool_host){ .gateway = g, .purse = &a->purse, .agent = cx->host->agent, .depth = cx->host->depth + 1 };
    a->errand = (struct errand){
        .arena = cx->arena, .store = g->store, .asker = {
            .route = route, .budgets = g->budgets, .purse = &a->purse,
            .spend = { cx->person.id, cx->session_id, tool_host_agent(cx->host), "agent", cx->inbox_id },
        },
        .system = system_prompt(cx), .context = cx, .task = json_strval(json_array_get(json_at(arguments, "tasks"), i)),
        .host = &a->host, .max_rounds = (unsigned)json_int(arguments, "rounds", ROUNDS),
    };
    choose_tools(cx, json_at(arguments, "tools"), a->host.depth, &a->errand);
}

static enum model_role role_of(const json_t *arguments)
{
    return str_eq(json_text_str(arguments, "model"), S("fast")) ? MODEL_FAST : MODEL_MAIN;
}

static enum err spawn_agent_run(const struct tool_context *cx, const json_t *arguments, struct tool_result *out) AWAITS
{
    struct agents all = {
        .cx = cx, .timeout_s = json_int(arguments, "timeout", TIMEOUT_S), .n = json_array_size(json_at(arguments, "tasks")),
    };
    struct model_choice model;

    *out = (struct tool_result){ 0 };
    if (is_refused(cx, arguments, out))
        return OK;
    TRY(models_choice(cx->host->gateway, cx->arena, cx->session_id, role_of(arguments), &model));
    if (model.route == NULL) {
        *out = tool_refusal(cx, "there is no model: %.*s", STR(model.why_not));
        return OK;
    }
    for (size_t i = 0; i < all.n; i++)
        prepare(&all, i, model.route, arguments);
    at_work += all.n;
    enum err e = run_all(&all);

    at_work -= all.n;
    if (e == OK)
        collect(&all, out);
    return e;
}
