// SPDX-License-Identifier: Apache-2.0
/* understand TEXT: what the command engine makes of a sentence, and what it would do; nothing is done, and no gateway is needed. */
#include <string.h>

#include "cli/remote.h"
#include "config/config.h"
#include "gateway/agents.h"
#include "gateway/engine_context.h"
#include "nlu/bind.h"
#include "nlu/plan.h"
#include "runtime/clock.h"
#include "runtime/zones.h"

struct reading {
    struct answer         answer;
    struct message        message;
    struct agent          agent;
    struct engine_context context;
    struct understanding  heard;
};

static enum err read_text(struct cli *c, struct reading *r) AWAITS
{
    const char *project = cli_flag(c, "project");
    CLEANUP(buf_done) struct buf text = { 0 };

    for (size_t i = 0; i < c->n_words; i++)
        buf_addf(&text, "%s%s", i ? " " : "", c->words[i]);
    r->agent.workspace = config_now()->workspace_path;
    r->message.text = arena_str(c->arena, buf_str(&text));
    r->answer = (struct answer){ .arena = c->arena, .agent = &r->agent, .message = &r->message };
    r->context.zone = engine_zone_name(NO_STR);
    const struct zone *zone = zones_find(str_from(r->context.zone));

    r->context.nlu = (struct nlu_context){ .now = clock_wall_ms(), .zone = zone ? zone : zones_local() };
    TRY(project_find(c->arena, str_from(project ? project : ""), r->agent.workspace, PROJECT_FOLDER, &r->context.project));
    if (project)
        r->context.nlu.project = r->context.project.folder;
    understand(c->arena, &r->context.nlu, r->message.text, &r->heard);
    return OK;
}

static json_t *steps_of(struct arena *a, const struct plan *p)
{
    json_t *all = json_array();
    struct plan_step s;

    for (size_t i = 0; i < p->n_steps; i++) {
        if (plan_step_at(a, p, i, &s) != OK)        /* it takes what a step before brings */
            break;
        json_t *one = json_pack("{s:s}", "do", s.kind == PLAN_TOOL ? "tool" : s.kind == PLAN_COMMAND ? "command" : "say");

        if (s.name.len)
            json_object_set_new(one, "name", json_from_str(s.name));
        if (s.arguments)
            json_object_set(one, "arguments", s.arguments);
        json_array_append_new(all, one);
    }
    return all;
}

static json_t *guesses_of(const struct classified *c)
{
    json_t *all = json_object();

    for (size_t i = 0; i < CLASSIFY_BEST && c->best[i].intent.len; i++)
        json_object_setn_new(all, c->best[i].intent.p, c->best[i].intent.len, json_real((double)c->best[i].probability));
    return all;
}

static json_t *entities_of(const struct reading *r)
{
    json_t *all = json_array();

    for (size_t i = 0; i < r->heard.entities.n; i++) {
        const struct entity *e = &r->heard.entities.p[i];

        json_array_append_new(all, json_pack("{s:s, s:o}", "type", entity_type_name(e->type), "text",
                                             json_from_str(normal_original(&r->heard.normal, e->start, e->end))));
    }
    return all;
}

static enum err describe(struct cli *c, struct reading *r, json_t *out) AWAITS
{
    const struct understanding *u = &r->heard;
    CLEANUP(json_decrefp) json_t *values = understanding_values(u);
    struct plan plan;

    json_object_set_new(out, "intent", u->intent ? json_from_str(u->intent->as) : json_null());
    json_object_set_new(out, "confidence", json_real((double)u->confidence));
    json_object_set_new(out, "sure", json_boolean(u->sure));
    if (u->guard != GUARD_NONE)
        json_object_set_new(out, "held_back_by", json_string(guard_name(u->guard)));
    json_object_set_new(out, "complete", json_boolean(bind_is_complete(u)));
    json_object_set_new(out, "slots", json_deep_copy(values));
    if (u->missing)
        json_object_set_new(out, "missing", json_from_str(u->missing->name));
    if (u->intent && u->missing == NULL) {
        TRY(engine_values(&r->answer, &r->context, u->intent, values));
        TRY(plan_make(c->arena, u->intent, values, &plan));
        json_object_set_new(out, "plan", steps_of(c->arena, &plan));
    }
    json_object_set_new(out, "entities", entities_of(r));
    json_object_set_new(out, "guesses", guesses_of(&u->classified));
    return OK;
}

static enum err understand_fiber(void *arg) AWAITS
{
    struct cli *c = arg;
    struct reading r = { 0 };
    CLEANUP(json_decrefp) json_t *out = json_object();

    TRY(read_text(c, &r));
    TRY(describe(c, &r, out));
    cli_print_json(out);
    return OK;
}

enum err command_understand(struct cli *c)
{
    TRY(cli_want_words(c, 1, SIZE_MAX));
    TRY(cli_load_config(c));
    return cli_in_loop(c, understand_fiber);
}
