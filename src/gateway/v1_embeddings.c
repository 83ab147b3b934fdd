// SPDX-License-Identifier: Apache-2.0
/* v1_embeddings.c: POST /v1/embeddings (https://platform.openai.com/docs/api-reference/embeddings). */
#include <string.h>

#include "gateway/handlers.h"
#include "gateway/models.h"
#include "gateway/v1_output.h"
#include "gateway/v1_problem.h"
#include "gateway/v1_read.h"
#include "model/breaker.h"
#include "model/budget.h"
#include "model/embed.h"

enum { TEXTS_MAX = 2048, DIMENSIONS_MAX = 65536 };

struct wish {
    str    *texts;
    size_t  n;
    int64_t dimensions;         /* 0: not said */
    bool    base64;
};

static enum err read_one(struct v1_request *r, const json_t *v, const char *where, const char *name, str *out)
{
    if (json_is_integer(v) || json_is_array(v))
        return v1_wrong(r, where, name, "is made of tokens; send the text: tokens are not the same to every model");
    if (!json_is_string(v) || json_string_length(v) == 0)
        return v1_wrong(r, where, name, "must be a string, and not empty");
    *out = json_strval(v);
    return OK;
}

static enum err read_input(struct v1_request *r, const json_t *body, struct wish *w)
{
    const json_t *input = json_at(body, "input"), *one;
    size_t i;

    w->n = json_is_array(input) ? json_array_size(input) : 1;
    if (input == NULL || w->n == 0 || w->n > TEXTS_MAX)
        return v1_wrong(r, "", "input", "must be a text, or up to %d of them", TEXTS_MAX);
    w->texts = arena_alloc(r->arena, w->n * sizeof *w->texts);
    if (!json_is_array(input))
        return read_one(r, input, "", "input", &w->texts[0]);
    json_array_foreach((json_t *)input, i, one)
        TRY(read_one(r, one, "input", arena_printf(r->arena, "%zu", i), &w->texts[i]));
    return OK;
}

static enum err read_wish(struct v1_request *r, const json_t *body, struct wish *w)
{
    str format = S("float");

    TRY(v1_read_text(r, body, "", "model", &r->model));
    TRY(read_input(r, body, w));
    TRY(v1_read_text(r, body, "", "encoding_format", &format));
    if (!str_eq(format, S("float")) && !str_eq(format, S("base64")))
        return v1_wrong(r, "", "encoding_format", "must be float or base64");
    w->base64 = str_eq(format, S("base64"));
    TRY(v1_read_count(r, body, "dimensions", &w->dimensions));
    return w->dimensions > DIMENSIONS_MAX ? v1_wrong(r, "", "dimensions", "must be at most %d", DIMENSIONS_MAX) : OK;
}

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
static enum err embed_paid(struct request *q, struct model *m, const struct wish *w, struct embeddings *out) AWAITS
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
static enum err embed(struct request *q, const struct model_route *route, const struct wish *w, struct embeddings *out) AWAITS
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

/* Little-endian floats, as they are in memory here. */
static json_t *in_base64(const float *values, size_t n)
{
    CLEANUP(buf_done) struct buf b = { .max = SIZE_MAX / 2 };

    buf_add_base64(&b, str_of(values, n * sizeof *values));
    return json_from_str(buf_str(&b));
}

static json_t *in_numbers(const float *values, size_t n)
{
    json_t *list = json_array();

    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, json_real((double)values[i]));
    return list;
}

static json_t *answer_of(const struct embeddings *e, const struct wish *w, const char *model)
{
    json_t *data = json_array();

    for (size_t i = 0; i < e->n; i++) {
        const float *values = e->values + i * e->dimension;

        json_array_append_new(data, json_pack("{s:s, s:I, s:o}", "object", "embedding", "index", (json_int_t)i, "embedding",
                                              w->base64 ? in_base64(values, e->dimension) : in_numbers(values, e->dimension)));
    }
    return json_pack("{s:s, s:o, s:s, s:{s:I, s:I}}", "object", "list", "data", data, "model", model, "usage", "prompt_tokens",
                     (json_int_t)e->tokens, "total_tokens", (json_int_t)e->tokens);
}

static enum err make(struct request *q, struct v1_request *r, json_t **out) AWAITS
{
    CLEANUP(json_decrefp) json_t *body = NULL;
    const struct model_route *route;
    struct embeddings vectors;
    struct wish w = { 0 };

    TRY(request_json(q, &body));
    TRY(read_wish(r, body, &w));
    TRY(find_route(q, r->model, &route));
    TRY(embed(q, route, &w, &vectors));
    *out = answer_of(&vectors, &w, route->models[0]->label);
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
