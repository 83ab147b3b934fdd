// SPDX-License-Identifier: Apache-2.0
/* engine_dialog.h: what the command engine has asked for in a conversation, as its `slots` hold it: the intent, the values known by then,
 * and whether a value is missing or somebody's yes. */
#pragma once
#include "nlu/bind.h"
#include "base/arena.h"

enum { ENGINE_ASKED_FOR_MS = 15 * 60 * 1000 };      /* so long an answer is waited for; behind that a message is a new one */

struct engine_asked {
    const struct intent *intent;        /* NULL: nothing is asked for */
    json_t  *values;                    /* goes with the arena */
    const struct slot *slot;            /* NULL: it waits for a yes */
    unsigned tries;                     /* answers that were none */
};

enum engine_word { WORD_OTHER, WORD_YES, WORD_NO, WORD_CANCEL };

/* What was kept; of what is too old, or of no intent that there is, nothing. */
void engine_asked_read(struct arena *, str slots, int64_t now, struct engine_asked *out);
str  engine_asked_text(struct arena *, const struct engine_asked *, int64_t now);
/* "好的", "yes please", "算了", "cancel". */
enum engine_word engine_word_of(str text);
/* The question for a slot. */
str  engine_question(struct arena *, const struct intent *, const struct slot *, bool chinese);
