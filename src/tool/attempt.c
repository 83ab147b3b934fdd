// SPDX-License-Identifier: Apache-2.0
#include "tool/attempt.h"

#include <stdio.h>

#include "config/config.h"
#include "runtime/failure.h"
#include "tool/registry.h"
#include "tool/settings.h"

enum { BACKOFF_MAX_MS = 30000 };

bool tool_gave_up(enum err e, const struct tool_result *r)
{
    return e ? e != ERR_CANCELLED && fiber_check() == OK : r->is_error && r->transient;
}

static bool may_pass(enum err e, const struct tool_result *r)
{
    return tool_gave_up(e, r) && (e == OK || failure_may_pass(e));
}

static void tell(const struct tool *t, enum err e, const struct tool_result *r)
{
    char key[64], why[ERR_TEXT_MAX];

    snprintf(key, sizeof key, "tool %s", t->name);
    snprintf(why, sizeof why, "%.*s", STR(e ? str_from(failed_text()) : str_take(r->text, 200)));
    if (tool_gave_up(e, r))
        failure_tell(key, why);
    else if (e == OK && !r->is_error)
        failure_over(key);
}

/* OK: once more.  ERR_NET: no more tries; what stands in `out` or in the text is the answer. */
static enum err wait_for_next(enum err e, unsigned failures) AWAITS
{
    const struct config *c = config_now();
    struct failure_policy p = { .tries = (unsigned)c->tools_retries + 1, .backoff_ms = c->tools_backoff, .backoff_max_ms = BACKOFF_MAX_MS };

    return failure_wait(&p, failures, FAILURE_NOT_ASKED, e ? e : ERR_NET);
}

enum err tool_attempt(const struct tool_context *cx, const struct tool *t, const json_t *arguments, struct tool_result *out)
{
    enum err e = OK;

    for (unsigned failures = 1;; failures++) {
        *out = (struct tool_result){ 0 };
        e = t->run(cx, arguments, out);
        if (!t->repeatable || !may_pass(e, out) || wait_for_next(e, failures) != OK)
            break;
    }
    TRY(fiber_check());
    tell(t, e, out);
    return e;
}

const struct tool *tool_alternative(const struct tool *t, const json_t *arguments)
{
    const struct tool *other = tool_find(json_text_str(config_now()->tools_fallback, t->name));

    if (other == NULL || other == t || !tool_is_enabled(other->name) || tool_check_arguments(other, arguments) != OK)
        return NULL;
    return other;
}
