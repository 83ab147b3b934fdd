// SPDX-License-Identifier: Apache-2.0
/* v1_messages.h: Anthropic's messages (https://docs.anthropic.com/en/api/messages): the request. */
#pragma once
#include "gateway/v1.h"

enum err v1_messages_read(struct v1_request *, const json_t *body) MUST_USE;
