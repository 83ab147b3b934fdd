// SPDX-License-Identifier: Apache-2.0
/* v1_embeddings.c: POST /v1/embeddings. */
#include "gateway/embeddings.h"
#include "gateway/handlers.h"
#include "gateway/models.h"
#include "gateway/v1_output.h"
#include "gateway/v1_problem.h"
#include "gateway/v1_vectors.h"

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

static enum err make(struct request *q, struct v1_request *r, json_t **out) AWAITS
{
    CLEANUP(json_decrefp) json_t *body = NULL;
    const struct spend spend = { .person = S("owner"), .purpose = "api" };
    const struct model_route *route;
    struct embeddings vectors;
    struct v1_vectors_wish w = { 0 };

    TRY(request_json(q, &body));
    TRY(v1_vectors_read(r, body, &w));
    TRY(find_route(q, r->model, &route));
    TRY(embeddings_of(q->gateway, q->arena, route, &spend, w.texts, w.n, (size_t)w.dimensions, &vectors));
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
