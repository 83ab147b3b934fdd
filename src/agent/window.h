// SPDX-License-Identifier: Apache-2.0
/* window.h: how much a model can be shown, in its own tokens.
 *
 * What a prompt will be counted as is guessed (model/tokens.h) and corrected by what the model counted before: a ratio, smoothed, kept
 * in memory by the model's label.  So is for an hour what a model refused as too long: it is not shown as much again. */
#pragma once
#include "model/model.h"

struct window {
    uint64_t limit;             /* of the prompt: the model's context without the room for the answer */
    uint64_t trim_at;           /* above this, old results are cut (context.trim_at) */
    uint64_t trim_to;           /* so far: well below, so that the next turns' prompts begin with the same bytes */
    uint64_t compact_at;        /* above this, older turns are summarised (context.compact_at) */
    double   ratio;             /* tokens as the model counts them, of one that is guessed */
};

/* The context is the model's own (facts.context), model_provider.context_tokens where that is not known, and at most
 * context.max_tokens. */
void     window_of(const struct model *, struct window *out);
/* The same with another limit. */
void     window_limit(struct window *, uint64_t limit);
uint64_t window_tokens(const struct window *, uint64_t guessed);        /* as the model will count them */
uint64_t window_guess(const struct window *, uint64_t tokens);          /* the other way round */

/* It counted so many (usage.input; 0: it did not say) where so many were guessed. */
void     window_learn(const struct model *, uint64_t guessed, int64_t counted);
/* It refused so many (guessed) as too long. */
void     window_refused(const struct model *, uint64_t guessed);
void     window_forget(void);       /* what was learned: for tests */
