// SPDX-License-Identifier: Apache-2.0
#include "agent/ask.h"

#include "agent/purse.h"
#include "agent/transcript_valid.h"
#include "base/metrics.h"
#include "config/config.h"
#include "runtime/clock.h"

bool asker_can(const struct asker *asker, enum provider_caps cap)
{
    return asker->route->n && (asker->route->models[0]->caps & cap);
}

static void fit(struct arena *a, const struct model *m, struct prompt *p)
{
    struct transcript in = { .messages = (struct chat_message *)p->messages, .n = p->n_messages }, out = { .arena = a };

    transcript_make_valid(&in, m->caps, &out);
    p->messages = out.messages;
    p->n_messages = out.n;
    if (!(m->caps & CAP_TOOLS))
        p->n_tools = 0;
}

enum err ask_model(const struct asker *asker, struct arena *a, struct prompt *p, void (*on_delta)(void *arg, str text), void *arg,
                   struct reply *out)
{
    const struct config *c = config_now();
    struct route_options options = {
        .completion = {
            .on_delta = on_delta, .on_reasoning = asker->on_reasoning, .arg = arg, .first_token_ms = c->model_provider_first_token_timeout,
            .idle_ms = c->model_provider_idle_timeout, .tries = (unsigned)c->model_provider_retries + 1,
        },
        .fit = fit, .budgets = asker->budgets, .spend = asker->spend, .denial = asker->denial,
    };
    struct route_result result;
    uint64_t start = clock_us();
    int64_t held;

    if (p->max_tokens == 0)
        p->max_tokens = (int64_t)c->model_provider_max_tokens;
    TRY(purse_open(asker->purse, p, &held));
    metric_add(METRIC_model_calls, 1);
    enum err e = route_complete(asker->route, a, p, &options, out, &result);

    purse_close(asker->purse, held, p, e ? NULL : out);

    if (asker->ret_model && result.model)
        *asker->ret_model = result.model;
    metric_observe_us(METRIC_model_seconds, clock_us() - start);
    if (e) {
        metric_add(METRIC_model_errors, e != ERR_CANCELLED);
        return e;
    }
    metric_add(METRIC_model_input_tokens, out->usage.input);
    metric_add(METRIC_model_output_tokens, out->usage.output);
    return OK;
}
