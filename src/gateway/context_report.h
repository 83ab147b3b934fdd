// SPDX-License-Identifier: Apache-2.0
/* context_report.h: what a model would be shown of a conversation now, in its tokens, and what is kept in view: for /context and
 * the API. */
#pragma once
#include "agent/notes.h"
#include "agent/turn_fit.h"
#include "gateway/answer.h"

struct context_report {
    struct context_use use;
    const char   *model;            /* NULL: there is none, and `use` is empty */
    struct notes  notes;
    struct rows   compaction;       /* compaction.latest */
};

/* Of the conversation of the answer's message, as far as it was before that. */
enum err context_report_make(struct gateway *, struct answer *, struct context_report *out) AWAITS MUST_USE;
json_t  *context_report_json(const struct context_report *);
void     context_report_text(const struct context_report *, bool chinese, struct buf *);
