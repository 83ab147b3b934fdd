// SPDX-License-Identifier: Apache-2.0
#include "gateway/v1_problem.h"

/* What a model's server refuses us for (its key) is not the caller's to mend, so it is not a 401. */
static const struct { enum err code; struct v1_problem problem; } by_code[] = {
    { ERR_INPUT,     { 400, 400, "invalid_request_error", NULL, "invalid_request_error" } },
    { ERR_TOO_LONG,  { 400, 400, "invalid_request_error", "context_length_exceeded", "invalid_request_error" } },
    { ERR_NOT_FOUND, { 404, 404, "invalid_request_error", "model_not_found", "not_found_error" } },
    { ERR_CONFLICT,  { 409, 409, "invalid_request_error", "conflict", "invalid_request_error" } },
    { ERR_LIMIT,     { 429, 429, "rate_limit_error", "rate_limit_exceeded", "rate_limit_error" } },
    { ERR_BUDGET,    { 429, 402, "insufficient_quota", "insufficient_quota", "billing_error", .is_final = true } },
    { ERR_AUTH,      { 502, 502, "server_error", "model_refused_us", "api_error" } },
    { ERR_REMOTE,    { 502, 502, "server_error", "bad_answer_from_model", "api_error" } },
    { ERR_NET,       { 503, 503, "server_error", "model_unreachable", "overloaded_error" } },
    { ERR_IO,        { 503, 503, "server_error", "storage_unavailable", "overloaded_error" } },
    { ERR_CANCELLED, { 503, 503, "server_error", "stopping", "overloaded_error" } },
    { ERR_TIMEOUT,   { 504, 504, "server_error", "timeout", "timeout_error" } },
    { ERR_BUG,       { 500, 500, "server_error", NULL, "api_error" } },
};

static const struct v1_problem by_status[] = {
    { 401, 401, "invalid_request_error", "invalid_api_key", "authentication_error" },
    { 403, 403, "invalid_request_error", "not_allowed", "permission_error" },
    { 404, 404, "invalid_request_error", NULL, "not_found_error" },
    { 405, 405, "invalid_request_error", "method_not_allowed", "invalid_request_error" },
    { 413, 413, "invalid_request_error", "request_too_large", "request_too_large" },
    { 429, 429, "rate_limit_error", "rate_limit_exceeded", "rate_limit_error" },
    { 501, 501, "invalid_request_error", "not_configured", "invalid_request_error" },
    { 503, 503, "server_error", NULL, "overloaded_error" },
};

struct v1_problem v1_problem_of(enum err e, str text)
{
    struct v1_problem p = by_code[N_ELEMENTS(by_code) - 1].problem;

    for (size_t i = 0; i < N_ELEMENTS(by_code); i++)
        if (by_code[i].code == e)
            p = by_code[i].problem;
    p.text = text;
    return p;
}

struct v1_problem v1_problem_with(int status, str text)
{
    struct v1_problem p = { status, status, status < 500 ? "invalid_request_error" : "server_error", NULL,
                            status < 500 ? "invalid_request_error" : "api_error", NULL, text };

    for (size_t i = 0; i < N_ELEMENTS(by_status); i++)
        if (by_status[i].status == status) {
            p = by_status[i];
            p.text = text;
        }
    return p;
}

json_t *v1_problem_openai(const struct v1_problem *p)
{
    return json_pack("{s:{s:o, s:s, s:s?, s:s?}}", "error", "message", json_from_str(p->text), "type", p->type, "param", p->param,
                     "code", p->code);
}

json_t *v1_problem_anthropic(const struct v1_problem *p)
{
    return json_pack("{s:s, s:{s:s, s:o}}", "type", "error", "error", "type", p->anthropic_type, "message", json_from_str(p->text));
}
