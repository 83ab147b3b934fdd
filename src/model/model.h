// SPDX-License-Identifier: Apache-2.0
/* model.h: a model that can be asked, and lists of them in the order of asking. */
#pragma once
#include "domain/provider.h"

/* What its maker has published, or the owner has configured. */
struct model_facts {
    int64_t     context, max_output;            /* tokens; 0: not known */
    double      input, cached, written, output; /* price of a million tokens; negative: not known */
    const char *currency;                       /* of the prices: "USD"; NULL: none is known */
};
#define MODEL_FACTS_UNKNOWN ((struct model_facts){ .input = -1, .cached = -1, .written = -1, .output = -1 })

struct local_server;        /* local_server.h */

/* Lives in the arena of whoever made it, and longer than every call of it. */
struct model {
    const struct provider *provider;
    struct model_target    target;      /* its quirks grow as the server's refusals are met */
    const char            *name;        /* what the provider calls it */
    const char            *label;       /* "deepseek/deepseek-chat": what we call it, in the configuration, metrics and bills */
    const char            *source;      /* where it was found: "model_provider in the configuration", for status */
    unsigned               caps;        /* of provider->caps, those that this model has */
    struct model_facts     facts;
    struct local_server   *local;       /* supervised by us; NULL: not */
};

/* What models are asked for.  fast: summaries and other small work; without one of its own it is main, and so is vision. */
enum model_role { MODEL_MAIN, MODEL_FAST, MODEL_VISION, MODEL_EMBEDDING, MODEL_SPEECH, N_MODEL_ROLES };

/* The first is asked; the next one when that fails before anything was shown. */
struct model_route { struct model *const *models; size_t n; };
