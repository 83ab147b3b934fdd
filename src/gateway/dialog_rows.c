// SPDX-License-Identifier: Apache-2.0
#include "gateway/dialog_rows.h"

#include <stdio.h>

enum { SOURCES_SIZE = 80 };

/* ",idle,collecting," : the states from which it may come, for the statement to look into. */
static const char *sources(enum dialog_event e, char out[SOURCES_SIZE])
{
    size_t n = (size_t)snprintf(out, SOURCES_SIZE, ",");

    for (size_t s = 0; s < DIALOG_STATES; s++)
        if (dialog_may((enum dialog_state)s, e))
            n += (size_t)snprintf(out + n, SOURCES_SIZE - n, "%s,", dialog_state_name((enum dialog_state)s));
    return out;
}

static const char *target(enum dialog_event e)
{
    return dialog_state_name(dialog_target(e));
}

static void add(struct batch *b, str session_id, enum dialog_event e)
{
    char from[SOURCES_SIZE];

    batch_add(b, "dialog.event", "scc", session_id, target(e), sources(e, from));
}

void dialog_begin(struct batch *b, str session_id)
{
    add(b, session_id, DIALOG_BEGIN);
}

void dialog_rest(struct batch *b, str session_id)
{
    batch_add(b, "dialog.rest", "scccc", session_id, target(DIALOG_END), target(DIALOG_ASK), target(DIALOG_COLLECT),
              dialog_state_name(DIALOG_PAUSED));
}

void dialog_answered(struct batch *b, str session_id)
{
    batch_add(b, "dialog.answered", "sccc", session_id, target(DIALOG_END), target(DIALOG_COLLECT), target(DIALOG_ASK));
}

void dialog_reconcile(struct batch *b)
{
    batch_add(b, "dialog.reconcile", "cccc", target(DIALOG_END), target(DIALOG_ASK), target(DIALOG_COLLECT),
              dialog_state_name(DIALOG_PAUSED));
}

void dialog_pause(struct batch *b, str session_id)
{
    add(b, session_id, DIALOG_PAUSE);
    batch_expect(b, 1);
}

void dialog_resume(struct batch *b, str session_id)
{
    add(b, session_id, DIALOG_RESUME);
    batch_expect(b, 1);
    dialog_rest(b, session_id);
}

void dialog_slots(struct batch *b, str session_id, str slots)
{
    batch_add(b, "dialog.slots", "ss", session_id, slots);
}
