// SPDX-License-Identifier: Apache-2.0
/* dialog_rows.h: a conversation's state (domain/dialog.h) in its row, written in the batches of the steps that it tells of.
 *
 * What a conversation does between its turns follows from what is open: `dialog_rest` makes it awaiting_approval while a
 * question is, collecting while it has slots, else idle; a paused one stays that.  `dialog_reconcile` does that for all of them,
 * after a start: whatever was "running" when the program died is not. */
#pragma once
#include "domain/dialog.h"
#include "store/store.h"

/* A turn begins.  In a state in which it cannot, nothing is changed. */
void dialog_begin(struct batch *, str session_id);
/* Its turn has ended, or waits for somebody: the state that follows from what is open in this batch. */
void dialog_rest(struct batch *, str session_id);
/* A question was answered or is over, whatever its session does: "" for every session. */
void dialog_answered(struct batch *, str session_id);
void dialog_reconcile(struct batch *);

/* These are expected to change the row: in a state in which they cannot come the whole batch is ERR_CONFLICT. */
void dialog_pause(struct batch *, str session_id);
void dialog_resume(struct batch *, str session_id);     /* paused no more; what is open decides the state */
/* For the command engine, before dialog_rest() in the same batch: what is known while values are asked for, as JSON text; "" when the last
 * has come, or none is wanted any more. */
void dialog_slots(struct batch *, str session_id, str slots);
