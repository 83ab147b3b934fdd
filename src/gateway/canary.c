// SPDX-License-Identifier: Apache-2.0
#include "gateway/canary.h"

#include "base/metrics.h"
#include "config/config.h"

/* The same in every process: a conversation keeps its place. */
static const uint64_t key[2] = { 0x63616e617279206fULL, 0x6620612073686172ULL };

bool canary_is_on(void)
{
    return config_now()->models_canary_percent > 0;
}

bool canary_takes(str session_id)
{
    return session_id.len && str_hash_keyed(session_id, key) % 100 < config_now()->models_canary_percent;
}

const char *canary_variant(str session_id)
{
    if (!canary_is_on() || session_id.len == 0)
        return NULL;
    return canary_takes(session_id) ? "canary" : "main";
}

static bool leaves_workspace(str path)
{
    for (str part; str_split(&path, '/', &part); )
        if (str_eq(part, S("..")))
            return true;
    return false;
}

enum err canary_check(void)
{
    const struct config *c = config_now();
    str prompt = str_from(c->models_canary_prompt);

    if (canary_is_on() && c->models_canary_main.n == 0 && prompt.len == 0)
        return failed(ERR_INPUT, "models.canary.percent is set, and neither models.canary.main nor models.canary.prompt says what is "
                      "to be tried");
    if (str_starts(prompt, S("/")) || leaves_workspace(prompt))
        return failed(ERR_INPUT, "models.canary.prompt: '%.*s' is not in the workspace; it is a path below it", STR(str_take(prompt, 100)));
    return OK;
}

void canary_count(const char *variant, enum err e, uint64_t us, const struct usage *u)
{
    const struct { const char *kind; int64_t n; } tokens[] = { { "input", u->input }, { "cached", u->cached }, { "output", u->output } };

    if (variant == NULL || e == ERR_CANCELLED)
        return;
    metric_add_for(METRIC_FAMILY_variant_turns, variant, e ? "failed" : "ok", 1);
    metric_add_for(METRIC_FAMILY_variant_seconds, variant, NULL, (int64_t)us);
    for (size_t i = 0; i < N_ELEMENTS(tokens); i++)
        metric_add_for(METRIC_FAMILY_variant_tokens, variant, tokens[i].kind, tokens[i].n);
}
