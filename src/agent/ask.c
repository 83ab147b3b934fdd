// SPDX-License-Identifier: Apache-2.0
#include "agent/ask.h"

#include "base/metrics.h"
#include "config/config.h"
#include "runtime/clock.h"

enum err ask_model(struct model *m, struct arena *a, struct prompt *p, void (*on_delta)(void *arg, str text), void *arg,
                   struct reply *out)
{
    const struct config *c = config_now();
    struct completion_options options = {
        .on_delta = on_delta, .arg = arg, .first_token_ms = c->model_provider_first_token_timeout,
        .idle_ms = c->model_provider_idle_timeout, .tries = (unsigned)c->model_provider_retries + 1,
    };
    uint64_t start = clock_us();

    p->temperature = -1;
    p->max_tokens = (int64_t)c->model_provider_max_tokens;
    metric_add(METRIC_model_calls, 1);
    enum err e = complete(m, a, p, &options, out);

    metric_observe_us(METRIC_model_seconds, clock_us() - start);
    if (e) {
        metric_add(METRIC_model_errors, e != ERR_CANCELLED);
        return e;
    }
    metric_add(METRIC_model_input_tokens, out->usage.input);
    metric_add(METRIC_model_output_tokens, out->usage.output);
    return OK;
}
