// SPDX-License-Identifier: Apache-2.0
/* embeddings.h: texts into vectors by the models of a route: who is asked, and who pays. */
#pragma once
#include "gateway/gateway.h"
#include "model/embed.h"
#include "model/route.h"

/* Reserved before and settled after, as what a completion costs.  When the first model fails, only one of the same name, on another
 * server, is asked: vectors of two models cannot be compared.  ERR_NOT_FOUND: the route has no model; the others as of model_embed(),
 * and ERR_BUDGET. */
enum err embeddings_of(struct gateway *, struct arena *, const struct model_route *, const struct spend *, const str *texts, size_t n,
                       size_t dimension, struct embeddings *out) AWAITS MUST_USE;
