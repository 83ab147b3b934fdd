// SPDX-License-Identifier: Apache-2.0
/* v1_problem.h: errors as clients of OpenAI and Anthropic know them
 * (https://platform.openai.com/docs/guides/error-codes, https://docs.anthropic.com/en/api/errors). */
#pragma once
#include "base/json.h"

struct v1_problem {
    int         status, anthropic_status;
    const char *type, *code;        /* OpenAI's words; code NULL: none */
    const char *anthropic_type;
    const char *param;              /* NULL: none */
    str         text;
    bool        is_final;           /* asking again would not help, though the status looks like it */
};

struct v1_problem v1_problem_of(enum err, str text);
struct v1_problem v1_problem_with(int status, str text);
json_t *v1_problem_openai(const struct v1_problem *);       /* {"error": {"message", "type", "param", "code"}} */
json_t *v1_problem_anthropic(const struct v1_problem *);    /* {"type": "error", "error": {"type", "message"}} */
