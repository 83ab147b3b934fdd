// SPDX-License-Identifier: Apache-2.0
/* v1_call.h: a request that is for a model: passed on, with the caller's own tools, and remembered by nobody. */
#pragma once
#include "gateway/routes.h"
#include "gateway/v1.h"

/* r->model: a role ("main", "fast", "vision"), whose models are asked in their order; or one model, by its label or by the name that
 * the server in use has for it.  as: the agent's own models instead,
 * told who they are before what the caller says; NULL: nobody.  A client that goes away ends the call. */
struct agent;
enum err v1_call(struct request *, const struct v1_dialect *, struct v1_request *, const struct agent *as) AWAITS MUST_USE;
