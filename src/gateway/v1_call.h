// SPDX-License-Identifier: Apache-2.0
/* v1_call.h: a request that is for a model: passed on, with the caller's own tools, and remembered by nobody. */
#pragma once
#include "gateway/routes.h"
#include "gateway/v1.h"

/* r->model: a role ("main", "fast"), a model's label, or what the server in use calls one.  with_persona: the assistant's own
 * model, told who it is before what the caller says.  A client that goes away ends the call. */
enum v1_voice { V1_PLAIN, V1_PERSONA };
enum err v1_call(struct request *, const struct v1_dialect *, struct v1_request *, enum v1_voice) AWAITS MUST_USE;

struct model_route;
/* Which models a name stands for; ERR_NOT_FOUND. */
enum err v1_route(struct gateway *, struct arena *, str name, const struct model_route **out) AWAITS MUST_USE;
/* The name of a role that may be asked for; NULL behind the last. */
const char *v1_role_name(size_t i);
