// SPDX-License-Identifier: Apache-2.0
/* memory_embedder.h: who makes the vectors of memories: the model of models.embedding, or, where none is named, what is built in. */
#pragma once
#include "gateway/gateway.h"
#include "memory/memory.h"

/* By the configuration now.  A model's label is its first name there, "provider/model".  semantic_search.enable off: embed is NULL. */
void memory_embedder_now(struct gateway *, struct embedder *out);
