// SPDX-License-Identifier: Apache-2.0
/* v1_responses.h: OpenAI's responses (https://platform.openai.com/docs/api-reference/responses): the request. */
#pragma once
#include "gateway/v1.h"

enum err v1_responses_read(struct v1_request *, const json_t *body) MUST_USE;
