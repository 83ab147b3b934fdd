// SPDX-License-Identifier: Apache-2.0
/* v1_serve.c: POST /v1/...: who answers it. */
#include "gateway/handlers.h"
#include "gateway/v1_assistant.h"
#include "gateway/v1_call.h"
#include "gateway/v1_output.h"
#include "gateway/v1_problem.h"

static void drop_json(void *j)
{
    json_decref(j);
}

static enum err read(struct request *q, const struct v1_dialect *d, struct v1_request *r)
{
    json_t *body;

    TRY(request_json(q, &body));
    arena_on_free(q->arena, drop_json, body);
    r->body = body;
    return d->read(r, body);
}

/* Tools of the caller's leave none of our own: the model's calls are the caller's to run. */
static enum err answer(struct request *q, const struct v1_dialect *d, struct v1_request *r) AWAITS
{
    str agent;

    if (!v1_is_assistant(r->model, &agent))
        return v1_call(q, d, r, V1_PLAIN);
    return r->prompt.n_tools ? v1_call(q, d, r, V1_PERSONA) : v1_assistant(q, d, r, agent);
}

static enum err serve(struct request *q, const struct v1_dialect *d) AWAITS
{
    struct v1_request r = { .arena = q->arena, .prompt.temperature = -1, .messages.arena = q->arena };
    enum err e = read(q, d, &r);

    if (e == OK)
        e = answer(q, d, &r);
    if (e == OK || e == ERR_NET || http_answered(q->http))
        return e;
    struct v1_problem p = v1_problem_of(e, arena_str(q->arena, str_from(failed_text())));

    p.param = r.param;
    return v1_refuse(q, &p);
}

enum err v1_post_chat(struct request *q) AWAITS
{
    return serve(q, &v1_chat);
}

enum err v1_post_responses(struct request *q) AWAITS
{
    return serve(q, &v1_responses);
}

enum err v1_post_messages(struct request *q) AWAITS
{
    return serve(q, &v1_messages);
}
