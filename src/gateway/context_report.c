// SPDX-License-Identifier: Apache-2.0
#include "gateway/context_report.h"

#include "gateway/routes.h"

static enum err measure(struct gateway *g, struct answer *a, struct context_report *out) AWAITS
{
    struct turn *t = answer_turn(g, a);
    struct model_choice choice;

    t->is_new = true;
    TRY(answer_models(g, a, t, &choice));
    if (t->asker.route == NULL)
        return OK;
    out->model = t->asker.route->models[0]->label;
    return turn_context(t, &out->use);
}

enum err context_report_make(struct gateway *g, struct answer *a, struct context_report *out)
{
    str session = a->message->session_id;

    *out = (struct context_report){ 0 };
    TRY(measure(g, a, out));
    TRY(notes_read(g->store, a->arena, session, &out->notes));
    return store_read(g->store, a->arena, &out->compaction, "compaction.latest", "s", session);
}

/* The parts of a prompt, in its order. */
struct part { const char *name, *english, *chinese; uint64_t tokens; };
enum { N_PARTS = 6 };

static void parts_of(const struct context_use *u, struct part out[N_PARTS])
{
    const struct part parts[N_PARTS] = {
        { "system",  "system prompt",            "系统提示",     u->system },
        { "tools",   "tools",                    "工具",         u->tools },
        { "summary", "summary of older messages", "较早消息的总结", u->summary },
        { "history", "messages",                 "消息",         u->history },
        { "results", "results of tools",         "工具结果",     u->results },
        { "notes",   "pins and plan",            "固定内容和计划", u->notes },
    };

    for (size_t i = 0; i < N_PARTS; i++)
        out[i] = parts[i];
}

static json_t *pins_json(const struct notes *n)
{
    json_t *list = json_array();

    for (size_t i = 0; i < n->n_pins; i++)
        json_array_append_new(list, json_from_str(n->pins[i].text));
    return list;
}

static json_t *compaction_json(const struct rows *r)
{
    if (r->n == 0)
        return json_null();
    return json_pack("{s:I, s:I, s:I, s:o, s:o}", "messages", (json_int_t)row_int(r, 0, 0), "tokens_before", (json_int_t)row_int(r, 0, 1),
                     "tokens_after", (json_int_t)row_int(r, 0, 2), "model", json_from_str(row_str(r, 0, 3)),
                     "created_at", time_or_null(row_int(r, 0, 4)));
}

json_t *context_report_json(const struct context_report *c)
{
    const struct context_use *u = &c->use;
    json_t *tokens = json_object();
    struct part parts[N_PARTS];

    parts_of(u, parts);
    for (size_t i = 0; i < N_PARTS; i++)
        json_object_set_new(tokens, parts[i].name, json_integer((json_int_t)parts[i].tokens));
    return json_pack("{s:s?, s:o, s:I, s:I, s:I, s:I, s:f, s:o, s:o, s:o}", "model", c->model, "tokens", tokens,
                     "total", (json_int_t)u->total, "limit", (json_int_t)u->limit, "trim_at", (json_int_t)u->trim_at,
                     "compact_at", (json_int_t)u->compact_at, "ratio", u->ratio, "pins", pins_json(&c->notes),
                     "plan", steps_to_json(c->notes.steps, c->notes.n_steps), "compaction", compaction_json(&c->compaction));
}

static void add_compaction(const struct rows *r, bool chinese, struct buf *b)
{
    if (r->n == 0)
        return;
    long long messages = row_int(r, 0, 0), before = row_int(r, 0, 1), after = row_int(r, 0, 2);

    buf_addf(b, chinese ? "\n最近一次总结：%lld 条消息，%lld 个词元变为 %lld 个（%.*s）。\n"
                        : "\nThe latest summary stands for %lld messages: %lld tokens became %lld (%.*s).\n", messages, before, after,
             STR(row_str(r, 0, 3).len ? row_str(r, 0, 3) : chinese ? S("未使用模型") : S("without a model")));
}

void context_report_text(const struct context_report *c, bool chinese, struct buf *b)
{
    const struct context_use *u = &c->use;
    struct part parts[N_PARTS];

    parts_of(u, parts);
    if (c->model == NULL) {
        buf_addf(b, chinese ? "没有可用的模型。\n" : "There is no model.\n");
    } else {
        buf_addf(b, chinese ? "`%s` 现在会看到 %llu 个词元，上限 %llu：\n" : "`%s` would be shown %llu tokens of %llu now:\n", c->model,
                 (unsigned long long)u->total, (unsigned long long)u->limit);
        for (size_t i = 0; i < N_PARTS; i++)
            buf_addf(b, "- %s: %llu\n", chinese ? parts[i].chinese : parts[i].english, (unsigned long long)parts[i].tokens);
        buf_addf(b, chinese ? "\n超过 %llu 时截短旧的工具结果，超过 %llu 时总结较早的消息。模型的计数是我们估计的 %.2f 倍。\n"
                            : "\nAbove %llu old results are cut, above %llu older messages are summarised. The model counts %.2f "
                              "times what we guess.\n",
                 (unsigned long long)u->trim_at, (unsigned long long)u->compact_at, u->ratio);
    }
    add_compaction(&c->compaction, chinese, b);
    if (c->notes.n_steps)
        buf_addf(b, chinese ? "\n计划：\n" : "\nPlan:\n");
    steps_describe(b, c->notes.steps, c->notes.n_steps);
}
