// SPDX-License-Identifier: Apache-2.0
/* embed.h: texts into vectors, by a model that can (role embedding).  Like complete(): time limits, trying again, what a server does not
 * take learned from its refusals, and errors that say what failed, where, and what to do. */
#pragma once
#include "model/model.h"

enum { EMBED_BATCH = 64, EMBED_SMALL_BATCH = 10 };      /* texts a request; QUIRK_SMALL_BATCHES */

/* One vector a text, in their order; in the arena.  dimension 0: the model's own.  Nothing of it is there after an error.
 * ERR_INPUT: the API has no embeddings, or refuses these; the others as of complete(). */
enum err model_embed(struct model *, struct arena *, const str *texts, size_t n, size_t dimension, struct embeddings *out) AWAITS MUST_USE;
