// SPDX-License-Identifier: Apache-2.0
/* tool_plan.c: the plan of a conversation, which its model keeps in view (agent/notes.h). */
#include "agent/notes.h"
#include "gateway/tool_host.h"
#include "runtime/clock.h"
#include "tool/file_job.h"

static enum err keep(const struct tool_context *cx, const struct step *steps, size_t n) AWAITS
{
    CLEANUP(json_decrefp) json_t *j = steps_to_json(steps, n);
    struct batch *b = batch_new(cx->arena);

    batch_add(b, "notes.set_plan", "sissi", cx->session_id, cx->inbox_id, json_print(cx->arena, j), cx->taint, clock_wall_ms());
    return store_commit(cx->host->gateway->store, b);
}

static str described(struct arena *a, const struct step *steps, size_t n)
{
    CLEANUP(buf_done) struct buf b = { 0 };

    steps_describe(&b, steps, n);
    return b.len ? arena_str(a, buf_str(&b)) : S("there is no plan");
}

static enum err plan_run(const struct tool_context *cx, const json_t *arguments, struct tool_result *out) AWAITS
{
    const json_t *list = json_at(arguments, "steps");
    const struct step *steps;
    struct notes now;
    size_t n;

    if (cx->host->depth) {
        *out = tool_refusal(cx, "the plan is the conversation's: only its own model keeps it");
        return OK;
    }
    if (list == NULL) {
        TRY(notes_read(cx->host->gateway->store, cx->arena, cx->session_id, &now));
        *out = (struct tool_result){ .text = described(cx->arena, now.steps, now.n_steps), .taint = now.plan_taint };
        return OK;
    }
    if (steps_parse(cx->arena, list, &steps, &n)) {
        *out = tool_refusal(cx, "%s", failed_text());
        return OK;
    }
    TRY(keep(cx, steps, n));
    *out = (struct tool_result){ .text = described(cx->arena, steps, n) };
    return OK;
}

const struct tool tool_plan = {
    .name = "plan",
    .description = "Keeps the plan of this conversation in view: gives all its steps anew, each with its state; without steps, shows "
                   "it. For work of several steps; an empty list ends it.",
    .schema = "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
              "\"steps\":{\"type\":\"array\",\"description\":\"All steps in their order\",\"items\":{\"type\":\"object\",\"properties\":{"
              "\"step\":{\"type\":\"string\"},\"state\":{\"type\":\"string\",\"enum\":[\"todo\",\"doing\",\"done\",\"dropped\"]}},"
              "\"required\":[\"step\",\"state\"]}}}}",
    .risk = RISK_READ, .repeatable = true, .run = plan_run,
};
