// SPDX-License-Identifier: Apache-2.0
/* openai_responses.h: the request of openai_responses.c, which is half of that provider. */
#pragma once
#include "domain/prompt.h"

#define RESPONSES_NAME "openai_responses"

/* The body of POST /responses (https://platform.openai.com/docs/api-reference/responses/create).  Replies go back with the items of
 * reasoning that they had, encrypted, between their texts and calls, where they stood. */
void responses_add_body(struct buf *, const struct prompt *, unsigned quirks);
