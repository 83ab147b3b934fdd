// SPDX-License-Identifier: Apache-2.0
#include "gateway/embeddings.h"

#include <string.h>

#include "model/breaker.h"
#include "model/budget.h"

struct wish { struct gateway *gateway; struct arena *arena; const struct spend *spend; const str *texts; size_t n, dimension; };

static enum err embed_paid(const struct wish *w, struct model *m, struct embeddings *out) AWAITS
{
    const struct usage none = { 0 };
    struct chat_message *messages = arena_alloc(w->arena, w->n * sizeof *messages);
    struct prompt p = { .messages = messages, .n_messages = w->n, .max_tokens = 1, .temperature = -1 };
    struct budget_hold hold;

    for (size_t i = 0; i < w->n; i++)
        messages[i] = (struct chat_message){ .role = ROLE_USER, .text = w->texts[i] };
    TRY(budget_reserve(w->gateway->budgets, m, w->spend, &p, NULL, &hold));
    enum err e = model_embed(m, w->arena, w->texts, w->n, w->dimension, out);
    struct reply paid = { .usage.input = e ? 0 : out->tokens, .stop = STOP_END };

    budget_settle(&hold, e ? NULL : &paid, &none);
    return e;
}

enum err embeddings_of(struct gateway *g, struct arena *a, const struct model_route *route, const struct spend *spend, const str *texts,
                       size_t n, size_t dimension, struct embeddings *out)
{
    const struct wish w = { g, a, spend, texts, n, dimension };
    enum err e = failed(ERR_NOT_FOUND, "no model makes embeddings here: name one in models.embedding");

    for (size_t i = 0; route && i < route->n; i++) {
        struct breaker *breaker = breaker_of(route->models[i]->label);

        if (strcmp(route->models[i]->name, route->models[0]->name) != 0)
            continue;
        if (!breaker_allows(breaker)) {
            e = failed(ERR_NET, "model %s: it %s", route->models[i]->label, breaker_why(breaker));
            continue;
        }
        e = embed_paid(&w, route->models[i], out);
        breaker_ended(breaker, e == ERR_BUDGET || (e && fiber_check()) ? ERR_CANCELLED : e);
        if (e == OK || e == ERR_INPUT || e == ERR_TOO_LONG || e == ERR_BUDGET || fiber_check())
            return e;
    }
    return e;
}
