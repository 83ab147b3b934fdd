// SPDX-License-Identifier: Apache-2.0
/* turn_fit.h: keeps what a turn shows its model within the model's window (window.h): first old results are cut, then older turns are
 * summarised, at last the oldest are left out and what is long is cut.  Each in a big step, so that the next prompts begin with
 * the same bytes.  For turn.c. */
#pragma once
#include "agent/turn.h"
#include "agent/window.h"

/* What a prompt consists of, in tokens as the model counts them. */
struct context_use {
    uint64_t system, tools, summary, history /* without summary and results */, results, own /* this turn's */, notes;
    uint64_t total, limit, trim_at, compact_at;
    double   ratio;
};

/* prompt: of which the tools count. */
void     turn_measure(const struct turn *, const struct prompt *, struct context_use *out);
/* The earlier messages go into the transcript, which holds the system message, and then this turn's own that are there already. */
enum err turn_show_history(struct turn *, uint64_t max_tokens) AWAITS MUST_USE;
/* Before the model is asked. */
enum err turn_fit(struct turn *, const struct prompt *) AWAITS MUST_USE;
/* The model refused it: may it be asked again with less?  What is too long is made shorter by much, three times; what it cannot read
 * is tried without images, and then without the earlier messages, once each.  Else failed_text() says why not. */
bool     turn_can_yield(struct turn *, const struct prompt *, enum err *);
/* It was answered.  When that went only without the earlier messages, a summary takes their place for good: the next message must not
 * fail for the same reason. */
enum err turn_was_answered(struct turn *) AWAITS MUST_USE;
/* It was answered: what its model counted corrects the guess. */
void     turn_counted(const struct turn *, const struct prompt *, const struct model *, const struct reply *);
