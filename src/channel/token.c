// SPDX-License-Identifier: Apache-2.0
#include "channel/token.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "runtime/clock.h"

enum { MARGIN_MS = 60 * 1000 };     /* a request made with it must not arrive after its end */

static enum err ask_anew(struct token *t) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    uint64_t lives = 0;
    str text;

    TRY(t->ask(a, &text, &lives));
    if (!text.len)
        return failed(ERR_REMOTE, "the platform gave an empty token");
    token_forget(t);
    t->text = str_dup_c(text);
    t->until_ms = clock_ms() + (lives > 2 * MARGIN_MS ? lives - MARGIN_MS : lives / 2);
    return OK;
}

static enum err ask_for_all(struct token *t) AWAITS
{
    t->asking = true;
    t->failure = ask_anew(t);
    snprintf(t->failure_text, sizeof t->failure_text, "%s", t->failure ? failed_text() : "");
    t->asking = false;
    wake_all(&t->asked);
    return t->failure;
}

enum err token_get(struct token *t, struct arena *a, str *out)
{
    if (!t->text || clock_ms() >= t->until_ms) {
        if (!t->asking) {
            TRY(ask_for_all(t));
        } else {
            while (t->asking)
                TRY(wait_on(&t->asked, "an access token"));
            if (t->failure)
                return failed(t->failure == ERR_CANCELLED ? ERR_NET : t->failure, "%s", t->failure_text);
        }
    }
    *out = arena_str(a, str_from(t->text ? t->text : ""));
    return OK;
}

void token_forget(struct token *t)
{
    free(t->text);
    t->text = NULL;
    t->until_ms = 0;
}
