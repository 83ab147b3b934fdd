// SPDX-License-Identifier: Apache-2.0
/* v1_assistant.h: a request that is for the assistant itself: a message like any other, stored, answered in its conversation,
 * and answered also when the client has gone. */
#pragma once
#include "gateway/routes.h"
#include "gateway/v1.h"

/* "clawdbot", "clawdbot/<agent>", or nothing. */
bool     v1_is_assistant(str model, str *ret_agent);
enum err v1_assistant(struct request *, const struct v1_dialect *, struct v1_request *, str agent) AWAITS MUST_USE;
