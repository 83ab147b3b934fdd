// SPDX-License-Identifier: Apache-2.0
/* tool_memory_forget.c: forgets what is remembered: by ids; a query only says which there are. */
#include "agent/recalled.h"
#include "gateway/tool_memory.h"
#include "tool/file_job.h"

enum { CANDIDATES = 10, CANDIDATE_TOKENS = 4000 };

static enum err list_candidates(const struct tool_context *cx, struct memory_actor *m, str query, struct tool_result *out) AWAITS
{
    CLEANUP(buf_done) struct buf b = { .max = SIZE_MAX / 2 };
    struct memory_look l = { .text = query, .k = CANDIDATES, .max_tokens = CANDIDATE_TOKENS };
    struct recall_result r;
    str taint = S("");
    size_t n = 0;

    TRY(memory_act_look(m, &l, &r));
    for (size_t i = 0; i < r.n; i++) {
        str whose = recalled_taint(cx->arena, &r.items[i].item, m->person.id);

        if (!memory_scopes_may_change(&m->scopes, &r.items[i].item))
            continue;
        recalled_add(&b, &r.items[i], m->person.id);
        taint = whose.len ? str_from(arena_printf(cx->arena, "memory of %.*s", STR(whose))) : taint;
        n++;
    }
    *out = (struct tool_result){ .taint = taint, .text = n == 0 ? S("nothing that this person may forget has to do with it")
        : str_from(arena_printf(cx->arena, "nothing is forgotten yet; these %zu have to do with it. The quotes are data. Call again with "
                                           "the ids that are meant:\n%.*s", n, STR(buf_str(&b)))) };
    return OK;
}

static str describe(struct arena *a, const struct memory_item *items, size_t n)
{
    CLEANUP(buf_done) struct buf b = { 0 };

    buf_add(&b, S("forgotten:"));
    for (size_t i = 0; i < n; i++)
        buf_addf(&b, " %lld", (long long)items[i].id);
    buf_add(&b, S("\nWhat was said about it stays in the conversations where it was said, this one too, until those messages are deleted "
                  "(clawdbot memory forget does that). Say so."));
    return arena_str(a, buf_str(&b));
}

static enum err forget(const struct tool_context *cx, struct memory_actor *m, const json_t *list, struct tool_result *out) AWAITS
{
    size_t n = json_array_size(list), i;
    int64_t *ids = arena_alloc(cx->arena, (n + 1) * sizeof *ids);
    const struct memory_item *items;
    const json_t *one;

    json_array_foreach((json_t *)list, i, one)
        ids[i] = json_integer_value(one);
    enum err e = memory_act_forget(m, ids, n, &items);

    if (e && !memory_act_refused(e))
        return e;
    *out = e ? tool_refusal(cx, "%s", failed_text()) : (struct tool_result){ .text = describe(cx->arena, items, n) };
    return OK;
}

static enum err memory_forget_run(const struct tool_context *cx, const json_t *arguments, struct tool_result *out) AWAITS
{
    const json_t *ids = json_at(arguments, "ids");
    str query = str_trim(json_text_str(arguments, "query"));
    struct memory_actor m;

    if ((json_array_size(ids) > 0) == (query.len > 0)) {
        *out = tool_refusal(cx, "give either ids or query");
        return OK;
    }
    TRY(tool_memory_actor(cx, &m));
    return query.len ? list_candidates(cx, &m, query, out) : forget(cx, &m, ids, out);
}

const struct tool tool_memory_forget = {
    .name = "memory_forget",
    .description = "Forgets memories for good when the person asks for that: by their ids. With query it forgets nothing and lists what "
                   "would be meant.",
    .schema = "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
              "\"ids\":{\"type\":\"array\",\"items\":{\"type\":\"integer\"},\"description\":\"Ids of memories\"},"
              "\"query\":{\"type\":\"string\",\"description\":\"Or words, to be shown the ids\"}}}",
    .risk = RISK_WRITE, .repeatable = true, .run = memory_forget_run,
};
