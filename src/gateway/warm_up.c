// SPDX-License-Identifier: Apache-2.0
#include "gateway/warm_up.h"

#include "base/log.h"
#include "base/metrics.h"
#include "config/config.h"
#include "gateway/models.h"
#include "model/route.h"
#include "runtime/clock.h"

enum { ANSWER_MS = 120000, ANSWER_TOKENS = 16, LOOK_MAX_MS = 10000, LOOK_MIN_MS = 50, OFF_LOOK_MS = 60000 };

struct warm_up { struct gateway *gateway; int64_t asked; uint64_t since; };

static int64_t requests_of(const struct model *m)
{
    return metric_value_for(METRIC_FAMILY_model_requests, m->label, "ok")
         + metric_value_for(METRIC_FAMILY_model_requests, m->label, "failed");
}

static enum err ask(struct gateway *g, struct arena *a, struct model *m) AWAITS
{
    static const struct chat_message ping = { .role = ROLE_USER, .text = { "ping", 4 } };
    const struct prompt p = { .messages = &ping, .n_messages = 1, .max_tokens = ANSWER_TOKENS, .temperature = -1 };
    const struct model_route only = { &m, 1 };
    const struct route_options o = { .completion = { .first_token_ms = ANSWER_MS, .idle_ms = ANSWER_MS, .tries = 1 },
                                     .budgets = g->budgets, .spend = { .purpose = "warm-up" } };
    struct route_result result;
    struct reply reply;

    return route_complete(&only, a, &p, &o, &reply, &result);
}

/* Has it been silent for that long?  Then it is asked, and what came of it is only logged: the next call finds out for itself. */
static enum err look(struct warm_up *w, uint64_t silence_ms) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct model_choice choice;

    TRY(models_choice(w->gateway, a, NO_STR, MODEL_MAIN, &choice));
    if (choice.route == NULL)
        return OK;
    struct model *m = choice.route->models[0];
    int64_t asked = requests_of(m);

    if (asked != w->asked) {
        w->asked = asked;
        w->since = clock_ms();
    }
    if (clock_ms() - w->since < silence_ms)
        return OK;
    w->since = clock_ms();
    enum err e = ask(w->gateway, a, m);

    TRY(fiber_check());
    log_event(e ? LOG_INFO : LOG_DEBUG, "model.warmed_up", F("model", m->label), F("ms", clock_ms() - w->since),
              F("error", e ? failed_text() : ""));
    w->asked = requests_of(m);
    return OK;
}

static uint64_t pause(uint64_t silence_ms)
{
    uint64_t part = silence_ms / 4;

    if (silence_ms == 0)
        return OFF_LOOK_MS;         /* it may be turned on */
    return part > LOOK_MAX_MS ? LOOK_MAX_MS : part < LOOK_MIN_MS ? LOOK_MIN_MS : part;
}

enum err warm_up_run(void *gateway)
{
    struct warm_up w = { .gateway = gateway, .since = clock_ms() };

    for (;;) {
        uint64_t silence_ms = config_now()->models_warm_up;

        TRY(fiber_sleep(pause(silence_ms)));
        if (silence_ms)
            TRY(look(&w, silence_ms));
    }
}
