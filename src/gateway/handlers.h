// SPDX-License-Identifier: Apache-2.0
/* handlers.h: what routes.def names.  An error that a handler returns is answered for it. */
#pragma once
#include "gateway/routes.h"

#define ROUTE(method, path, scope, handler, help) enum err handler(struct request *) AWAITS MUST_USE;
#include "gateway/routes.def"
#undef ROUTE
