// SPDX-License-Identifier: Apache-2.0
/* v1_models.c: GET /v1/models: what may be asked for as `model`. */
#include <string.h>

#include "gateway/agents.h"
#include "gateway/handlers.h"
#include "gateway/models.h"
#include "gateway/v1_output.h"
#include "gateway/v1_problem.h"
#include "model/set.h"
#include "runtime/clock.h"

static json_t *model_of(const struct gateway *g, str id, const char *owner)
{
    int64_t since = (clock_wall_ms() - (int64_t)(clock_ms() - g->started_ms)) / 1000;

    return json_pack("{s:o, s:s, s:I, s:s}", "id", json_from_str(id), "object", "model", "created", (json_int_t)since, "owned_by",
                     owner);
}

static bool has(const json_t *list, str id)
{
    const json_t *one;
    size_t i;

    json_array_foreach((json_t *)list, i, one)
        if (str_eq(json_text_str(one, "id"), id))
            return true;
    return false;
}

static void add(const struct gateway *g, json_t *list, str id, const char *owner)
{
    if (!has(list, id))
        json_array_append_new(list, model_of(g, id, owner));
}

static void add_agents(const struct gateway *g, struct arena *a, json_t *list)
{
    struct agent_list all = agents_all(g);

    for (size_t i = 0; i < all.n; i++)
        if (all.agents[i].name.len)
            add(g, list, str_from(arena_printf(a, "clawdbot/%.*s", STR(all.agents[i].name))), "clawdbot");
}

/* The assistants, the roles, and the models that have them.  Where none can be asked now, the assistants are there all the same. */
static enum err list_models(struct request *q, json_t *list) AWAITS
{
    struct model_choice choice;

    add(q->gateway, list, S("clawdbot"), "clawdbot");
    add_agents(q->gateway, q->arena, list);
    for (enum model_role role = 0; role < N_MODEL_ROLES; role++) {
        TRY(models_choice(q->gateway, q->arena, NO_STR, role, &choice));
        if (choice.route == NULL)
            continue;
        add(q->gateway, list, str_from(model_role_name(role)), "clawdbot");
        for (size_t i = 0; i < choice.route->n; i++)
            add(q->gateway, list, str_from(choice.route->models[i]->label), choice.route->models[i]->provider->name);
    }
    return OK;
}

enum err v1_list_models(struct request *q) AWAITS
{
    json_t *list = json_array();
    enum err e = list_models(q, list);

    if (e) {
        json_decref(list);
        return e;
    }
    return answer_json(q, 200, json_pack("{s:s, s:o}", "object", "list", "data", list));
}

enum err v1_get_model(struct request *q) AWAITS
{
    CLEANUP(json_decrefp) json_t *list = json_array();
    str id = str_skip(q->http->path, strlen("/v1/models/"));
    json_t *one;
    size_t i;

    TRY(list_models(q, list));
    json_array_foreach(list, i, one)
        if (str_eq(json_text_str(one, "id"), id))
            return answer_json(q, 200, json_incref(one));
    struct v1_problem p = v1_problem_of(ERR_NOT_FOUND, str_from(arena_printf(q->arena, "there is no model '%.*s'; GET /v1/models "
                                                                             "lists them", STR(str_take(id, 80)))));

    return v1_refuse(q, &p);
}
