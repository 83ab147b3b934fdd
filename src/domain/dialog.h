// SPDX-License-Identifier: Apache-2.0
/* dialog.h: where a conversation stands: a state machine as a table.  What is not in the table cannot happen, and is an error.
 *
 *   idle               nothing is to be done
 *   running            a turn is at work
 *   awaiting_approval  a turn waits for somebody's word (gateway/approvals.h)
 *   collecting         the assistant has asked for values that it needs to go on (slots); the command engine does
 *   paused             messages are stored and not answered (/pause, /resume)
 *
 * An event leads to one state, wherever it comes from; only a table says whether it may come.  The state is stored with the
 * session (gateway/dialog_rows.h), in the commits of the steps that it tells of. */
#pragma once
#include "base/err.h"
#include "base/str.h"

enum dialog_state { DIALOG_IDLE, DIALOG_RUNNING, DIALOG_AWAITING_APPROVAL, DIALOG_COLLECTING, DIALOG_PAUSED, DIALOG_STATES };
enum dialog_event {
    DIALOG_BEGIN,           /* a turn begins */
    DIALOG_END,             /* nothing is left to be done */
    DIALOG_ASK,             /* somebody's word is needed */
    DIALOG_COLLECT,         /* values are needed */
    DIALOG_PAUSE,
    DIALOG_RESUME,
    DIALOG_EVENTS,
};

const char *dialog_state_name(enum dialog_state);       /* as stored and shown */
bool        dialog_state_parse(str, enum dialog_state *out);

/* Where the event leads; the same from everywhere. */
enum dialog_state dialog_target(enum dialog_event);
bool        dialog_may(enum dialog_state, enum dialog_event);
/* ERR_CONFLICT: "a conversation that is paused cannot begin". */
enum err    dialog_next(enum dialog_state, enum dialog_event, enum dialog_state *out) MUST_USE;
