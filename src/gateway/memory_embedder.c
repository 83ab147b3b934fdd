// SPDX-License-Identifier: Apache-2.0
#include "gateway/memory_embedder.h"

#include <string.h>

#include "config/config.h"
#include "gateway/embeddings.h"
#include "gateway/models.h"
#include "memory/builtin_embedding.h"
#include "runtime/offload.h"

enum { BUILTIN_BATCH = 256 };

/* ---- built in ---- */

struct builtin_job { const str *texts; size_t n, dimension; float *out; };

static enum err embed_texts(void *arg)
{
    const struct builtin_job *j = arg;

    for (size_t i = 0; i < j->n; i++)
        builtin_embed(j->texts[i], j->dimension, j->out + i * j->dimension);
    return OK;
}

static size_t dimension_of(const struct gateway *g)
{
    return g->memory ? memory_embedder(g->memory)->dimension : config_now()->semantic_search_dimension;
}

static enum err embed_builtin(void *gateway, struct arena *a, const str *texts, size_t n, const float **out) AWAITS
{
    size_t dimension = dimension_of(gateway);
    struct builtin_job j = { texts, n, dimension, arena_alloc(a, n * dimension * sizeof(float)) };

    TRY(fiber_offload(embed_texts, &j));
    *out = j.out;
    return OK;
}

/* ---- by a model ---- */

static const char *label_now(void)
{
    const struct config *c = config_now();

    return c->models_embedding.n ? c->models_embedding.items[0] : "";
}

static enum err embed_by_model(void *gateway, struct arena *a, const str *texts, size_t n, const float **out) AWAITS
{
    static const struct spend spend = { .purpose = "memory" };
    struct gateway *g = gateway;
    size_t dimension = dimension_of(g);
    struct model_choice choice;
    struct embeddings found;

    if (strcmp(label_now(), memory_embedder(g->memory)->label) != 0)
        return failed(ERR_TIMEOUT, "models.embedding has changed, and is not in use yet");
    TRY(models_choice(g, a, NO_STR, MODEL_EMBEDDING, &choice));
    if (choice.route == NULL)
        return failed(ERR_NET, "no model makes embeddings now: %.*s", STR(choice.why_not));
    TRY(embeddings_of(g, a, choice.route, &spend, texts, n, dimension, &found));
    if (found.dimension != dimension)
        return failed(ERR_CONFLICT, "%s makes vectors of %zu numbers, and semantic_search.dimension is %zu: set that to %zu",
                      choice.route->models[0]->label, found.dimension, dimension, found.dimension);
    *out = found.values;
    return OK;
}

void memory_embedder_now(struct gateway *g, struct embedder *out)
{
    const struct config *c = config_now();
    const char *label = label_now();

    *out = (struct embedder){ .label = label, .dimension = c->semantic_search_dimension, .batch = EMBED_BATCH, .embed = embed_by_model,
                              .arg = g };
    if (label[0] == 0) {
        out->label = BUILTIN_EMBEDDING;
        out->batch = BUILTIN_BATCH;
        out->embed = embed_builtin;
    }
    if (!c->semantic_search_enable)
        *out = (struct embedder){ .label = "" };
}
