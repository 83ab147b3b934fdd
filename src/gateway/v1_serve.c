// SPDX-License-Identifier: Apache-2.0
/* v1_serve.c: POST /v1/...: who answers it. */
#include "gateway/agents.h"
#include "gateway/handlers.h"
#include "gateway/v1_assistant.h"
#include "gateway/v1_call.h"
#include "gateway/v1_output.h"
#include "gateway/v1_problem.h"
#include "model/tokens.h"

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

/* Tools of the caller's leave none of our own: the model's calls are the caller's to run, and their results go back to the model. */
static bool has_tools(const struct v1_request *r)
{
    return r->prompt.n_tools || (r->messages.n && r->messages.messages[r->messages.n - 1].role == ROLE_TOOL);
}

static enum err answer(struct request *q, const struct v1_dialect *d, struct v1_request *r) AWAITS
{
    str name;

    if (!v1_is_assistant(r->model, &name))
        return v1_call(q, d, r, NULL);
    const struct agent *agent = agents_find(q->gateway, name);

    if (agent == NULL) {
        r->param = "model";
        return failed(ERR_NOT_FOUND, "there is no agent '%.*s'; GET /v1/models lists them", STR(str_take(name, 60)));
    }
    return has_tools(r) ? v1_call(q, d, r, agent) : v1_assistant(q, d, r, name);
}

static enum err refuse(struct request *q, enum err e, const char *param) AWAITS
{
    str why = arena_str(q->arena, str_from(failed_text()));
    struct v1_problem p = e == ERR_LIMIT ? v1_problem_with(413, why) : v1_problem_of(e, why);     /* our limit: it is too large */

    p.param = param;
    return v1_refuse(q, &p);
}

static enum err serve(struct request *q, const struct v1_dialect *d) AWAITS
{
    struct v1_request r = { .arena = q->arena, .prompt.temperature = -1, .messages.arena = q->arena };
    enum err e = read(q, d, &r);

    if (e == OK)
        e = answer(q, d, &r);
    if (e == OK || e == ERR_NET || http_answered(q->http))
        return e;
    return refuse(q, e, r.param);
}

enum err v1_post_chat(struct request *q) AWAITS
{
    return serve(q, &v1_chat);
}

enum err v1_post_responses(struct request *q) AWAITS
{
    return serve(q, &v1_responses);
}

/* By estimate: only the model's own server could count. */
static enum err count_tokens(struct request *q, struct v1_request *r, uint64_t *out)
{
    json_t *body;

    TRY(request_json(q, &body));
    arena_on_free(q->arena, drop_json, body);
    if (json_at(body, "max_tokens") == NULL)        /* here it need not be there */
        json_object_set_new(body, "max_tokens", json_integer(1));
    TRY(v1_messages.read(r, body));
    r->prompt.messages = r->messages.messages;
    r->prompt.n_messages = r->messages.n;
    *out = tokens_in_prompt(&r->prompt);
    return OK;
}

enum err v1_post_count_tokens(struct request *q) AWAITS
{
    struct v1_request r = { .arena = q->arena, .prompt.temperature = -1, .messages.arena = q->arena };
    uint64_t n;
    enum err e = count_tokens(q, &r, &n);

    return e ? refuse(q, e, r.param) : answer_json(q, 200, json_pack("{s:I}", "input_tokens", (json_int_t)n));
}

enum err v1_post_messages(struct request *q) AWAITS
{
    return serve(q, &v1_messages);
}
