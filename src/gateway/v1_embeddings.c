// SPDX-License-Identifier: Apache-2.0
/* v1_embeddings.c: POST /v1/embeddings: who makes the vectors, and who pays. */
#include <string.h>

#include "gateway/handlers.h"
#include "gateway/models.h"
#include "gateway/v1_output.h"
#include "gateway/v1_problem.h"
#include "gateway/v1_vectors.h"
#include "model/breaker.h"
#include "model/budget.h"
#include "model/embed.h"

/* The role's models, or the very one that is asked for. */
static enum err find_route(struct request *q, str name, const struct model_route **out) AWAITS
{
    struct model_choice choice;

    if (name.len == 0 || str_eq(name, S("clawdbot")) || str_eq(name, S("embedding")))
        TRY(models_choice(q->gateway, q->arena, NO_STR, MODEL_EMBEDDING, &choice));
    else
        TRY(models_by_name(q->gateway, q->arena, name, &choice));
    *out = choice.route;
    return OK;
}

/* Reserved before and settled after, as what a completion costs. */
static enum err embed_paid(struct request *q, struct model *m, const struct v1_vectors_wish *w, struct embeddings *out) AWAITS
{
    const struct spend spend = { .person = S("owner"), .purpose = "api" };
    const struct usage none = { 0 };
    struct chat_message *messages = arena_alloc(q->arena, w->n * sizeof *messages);
    struct prompt p = { .messages = messages, .n_messages = w->n, .max_tokens = 1, .temperature = -1 };
    struct budget_hold hold;

    for (size_t i = 0; i < w->n; i++)
        messages[i] = (struct chat_message){ .role = ROLE_USER, .text = w->texts[i] };
    TRY(budget_reserve(q->gateway->budgets, m, &spend, &p, NULL, &hold));
    enum err e = model_embed(m, q->arena, w->texts, w->n, (size_t)w->dimensions, out);
    struct reply paid = { .usage.input = e ? 0 : out->tokens, .stop = STOP_END };

    budget_settle(&hold, e ? NULL : &paid, &none);
    return e;
}

/* Vectors of two models cannot be compared: when the first one fails, only one of the same name, on another server, is asked. */
static enum err embed(struct request *q, const struct model_route *route, const struct v1_vectors_wish *w, struct embeddings *out) AWAITS
{
    enum err e = failed(ERR_NOT_FOUND, "no model makes embeddings here: name one in models.embedding");

    for (size_t i = 0; route && i < route->n; i++) {
        struct breaker *breaker = breaker_of(route->models[i]->label);

        if (strcmp(route->models[i]->name, route->models[0]->name) != 0)
            continue;
        if (!breaker_allows(breaker)) {
            e = failed(ERR_NET, "model %s: it %s", route->models[i]->label, breaker_why(breaker));
            continue;
        }
        e = embed_paid(q, route->models[i], w, out);
        breaker_ended(breaker, e == ERR_BUDGET || (e && fiber_check()) ? ERR_CANCELLED : e);
        if (e == OK || e == ERR_INPUT || e == ERR_TOO_LONG || e == ERR_BUDGET || fiber_check())
            return e;
    }
    return e;
}

static enum err make(struct request *q, struct v1_request *r, json_t **out) AWAITS
{
    CLEANUP(json_decrefp) json_t *body = NULL;
    const struct model_route *route;
    struct embeddings vectors;
    struct v1_vectors_wish w = { 0 };

    TRY(request_json(q, &body));
    TRY(v1_vectors_read(r, body, &w));
    TRY(find_route(q, r->model, &route));
    TRY(embed(q, route, &w, &vectors));
    *out = v1_vectors_write(&vectors, &w, route->models[0]->label);
    return OK;
}

enum err v1_post_embeddings(struct request *q) AWAITS
{
    struct v1_request r = { .arena = q->arena };
    json_t *answer;
    enum err e = make(q, &r, &answer);

    if (e == OK)
        return answer_json(q, 200, answer);
    struct v1_problem p = v1_problem_of(e, arena_str(q->arena, str_from(failed_text())));

    p.param = r.param;
    return v1_refuse(q, &p);
}
