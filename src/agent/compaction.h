// SPDX-License-Identifier: Apache-2.0
/* compaction.h: a summary takes the place of the older part of a conversation when a model is shown it.
 *
 * The fast model writes it; without one, or when it fails or takes too long, the sentences that say most are chosen (extract.h).
 * It is a row of the table compactions, which people see among the messages; the messages themselves stay in the store.  The
 * next one stands for this one too.  What was said last in the part stands in it word for word. */
#pragma once
#include "agent/ask.h"
#include "agent/history.h"

struct compaction {
    struct arena     *arena;
    struct store     *store;
    struct histories *histories;
    struct asker      fast;         /* route NULL: there is no model */
    struct history_wish wish;       /* of the message whose turn it is in, or that asks for it */
    uint64_t          keep;         /* tokens (guessed) of the newest messages that are not touched */
    str               focus;        /* what matters to the person; "" */

    /* What comes out; n_messages 0: there was nothing to summarise, and nothing changed. */
    size_t      n_messages;         /* it stands for, the earlier summary not counted */
    uint64_t    tokens_before, tokens_after;
    str         summary;
    const char *model;              /* that wrote it; "": none */
};

/* ERR_IO: the summary could not be stored, and nothing changed. */
enum err compaction_run(struct compaction *) AWAITS MUST_USE;
