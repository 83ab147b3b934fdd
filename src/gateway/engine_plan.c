// SPDX-License-Identifier: Apache-2.0
#include "gateway/engine_plan.h"

#include <string.h>

#include "channel/markup.h"
#include "gateway/commands.h"
#include "store/store.h"

struct run { struct plan plan; bool chinese; };

/* ---- a turn ---- */

/* In the form of what providers keep: none of them takes it for its own. */
static str kept(struct arena *a, const struct plan *p)
{
    CLEANUP(json_decrefp) json_t *j = json_pack("{s:s, s:[o]}", "api", "command_engine", "items", plan_to_json(p));

    return json_print(a, j);
}

static str in_language(struct bilingual b, bool chinese)
{
    return chinese && b.zh.len ? b.zh : b.en;
}

/* exec says how a command ended; that it ended well goes without saying. */
static str without_good_end(str text)
{
    const char *line = text.len ? memrchr(text.p, '\n', text.len) : NULL;
    str last = line ? str_skip(text, (size_t)(line + 1 - text.p)) : text;

    return str_starts(last, S("[exit status 0 ")) ? str_trim(str_take(text, text.len - last.len)) : text;
}

static str shown(struct arena *a, const struct run *r, const struct tool_result *result)
{
    struct plan_shown how = plan_shown(&r->plan);
    str title = in_language(how.title, r->chinese), text = without_good_end(str_trim(result->text));
    CLEANUP(buf_done) struct buf b = { 0 };

    if (result->is_error)
        title = r->chinese ? S("没有成功：") : S("That did not work:");
    if (title.len)
        buf_addf(&b, "%.*s\n", STR(title));
    if (how.as_text && !result->is_error)
        buf_add(&b, text);
    else if (text.len || title.len == 0)
        markup_add_block(&b, text.len ? text : r->chinese ? S("（没有输出）") : S("(nothing)"));
    return arena_str(a, buf_str(&b));
}

static void answer_with(struct arena *a, const struct run *r, const struct planned *done, struct reply *out)
{
    const struct tool_result *last = &done->results[done->n_results - 1];

    *out = (struct reply){ .text = shown(a, r, last), .stop = STOP_END, .taint = last->taint };
}

static enum err next_step(void *arg, struct arena *a, const struct planned *done, struct reply *out) AWAITS
{
    struct run *r = arg;
    size_t i = done->n_replies;
    struct plan_step step;

    if (done->n_results && (done->results[done->n_results - 1].is_error || i >= r->plan.n_steps)) {
        answer_with(a, r, done, out);
        return OK;
    }
    if (done->n_results)
        plan_add_result(&r->plan, done->results[done->n_results - 1].text);
    TRY(plan_step_at(a, &r->plan, i, &step));
    struct tool_call *call = ARENA_NEW(a, struct tool_call);

    *call = (struct tool_call){ str_from(arena_printf(a, "plan-%zu", i + 1)), step.name, json_print(a, step.arguments) };
    *out = (struct reply){ .calls = call, .n_calls = 1, .stop = STOP_CALLS, .kept = i == 0 ? kept(a, &r->plan) : NO_STR };
    return OK;
}

static enum err run_turn(struct gateway *g, struct answer *a, const struct plan *p) AWAITS
{
    struct run *r = ARENA_NEW(a->arena, struct run);
    struct planner *planner = ARENA_NEW(a->arena, struct planner);
    struct turn *t = answer_turn(g, a);

    *r = (struct run){ *p, a->chinese };
    *planner = (struct planner){ next_step, r };
    t->planner = planner;
    TRY(turn_run(t));
    a->turn = t;
    if (!t->waits)
        a->text = answer_with_unknown(a->arena, t, t->text);
    return OK;
}

/* ---- ---- */

enum err engine_run_plan(struct gateway *g, struct answer *a, const struct plan *p)
{
    struct plan_step first;

    TRY(plan_step_at(a->arena, p, 0, &first));
    switch (first.kind) {
    case PLAN_TOOL:
        return run_turn(g, a, p);
    case PLAN_COMMAND:
        return commands_call(g, a, first.name, first.text);
    default:
        a->text = in_language(plan_shown(p).say, a->chinese);
        return OK;
    }
}

static enum err plan_of_reply(struct arena *a, str body, struct plan *out)
{
    CLEANUP(json_decrefp) json_t *j = NULL, *k = NULL;
    struct reply r;

    TRY(json_parse(body, &j));
    TRY(reply_from_json(a, j, &r));
    if (r.kept.len == 0 || json_parse(r.kept, &k) != OK || !str_eq(json_text_str(k, "api"), S("command_engine")))
        return OK;
    return plan_from_json(a, json_at(k, "items.0"), out);
}

enum err engine_plan_begun(struct gateway *g, const struct answer *a, struct plan *out, bool *ret_begun)
{
    struct rows r;

    *out = (struct plan){ 0 };
    *ret_begun = false;
    if (!a->resumed)
        return OK;
    TRY(store_read(g->store, a->arena, &r, "journal.of", "i", a->inbox_id));
    *ret_begun = r.n > 0;
    for (size_t i = 0; i < r.n; i++)
        if (str_eq(row_str(&r, i, 1), S("reply")))
            return plan_of_reply(a->arena, row_str(&r, i, 3), out);
    return OK;
}
