// SPDX-License-Identifier: Apache-2.0
#include "domain/dialog.h"

#define FROM(state) (1u << DIALOG_##state)

static const char *const state_names[DIALOG_STATES] = {
    [DIALOG_IDLE] = "idle", [DIALOG_RUNNING] = "running", [DIALOG_AWAITING_APPROVAL] = "awaiting_approval",
    [DIALOG_COLLECTING] = "collecting", [DIALOG_PAUSED] = "paused",
};

/* One row an event: its name, from where it may come, where it leads. */
static const struct { const char *name; unsigned from; enum dialog_state to; } events[DIALOG_EVENTS] = {
    [DIALOG_BEGIN]     = { "begin",   FROM(IDLE) | FROM(AWAITING_APPROVAL) | FROM(COLLECTING), DIALOG_RUNNING },
    [DIALOG_END]       = { "end",     FROM(RUNNING) | FROM(AWAITING_APPROVAL), DIALOG_IDLE },
    [DIALOG_ASK]       = { "ask",     FROM(RUNNING) | FROM(IDLE) | FROM(COLLECTING), DIALOG_AWAITING_APPROVAL },
    [DIALOG_COLLECT]   = { "collect", FROM(RUNNING) | FROM(IDLE) | FROM(AWAITING_APPROVAL), DIALOG_COLLECTING },
    [DIALOG_PAUSE]     = { "pause",   FROM(IDLE) | FROM(AWAITING_APPROVAL) | FROM(COLLECTING), DIALOG_PAUSED },
    [DIALOG_RESUME]    = { "resume",  FROM(PAUSED), DIALOG_IDLE },
};

const char *dialog_state_name(enum dialog_state s)
{
    return state_names[s];
}

bool dialog_state_parse(str text, enum dialog_state *out)
{
    for (size_t i = 0; i < DIALOG_STATES; i++)
        if (str_eq(text, str_from(state_names[i]))) {
            *out = (enum dialog_state)i;
            return true;
        }
    return false;
}

enum dialog_state dialog_target(enum dialog_event e)
{
    return events[e].to;
}

bool dialog_may(enum dialog_state s, enum dialog_event e)
{
    return events[e].from & (1u << s);
}

enum err dialog_next(enum dialog_state s, enum dialog_event e, enum dialog_state *out)
{
    if (!dialog_may(s, e))
        return failed(ERR_CONFLICT, "a conversation that is %s cannot %s", state_names[s], events[e].name);
    *out = events[e].to;
    return OK;
}
