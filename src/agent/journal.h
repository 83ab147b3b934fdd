// SPDX-License-Identifier: Apache-2.0
/* journal.h: the record of a turn, row by row, written before each step takes effect.  It is the transcript too:
 * a conversation's context is its messages and their journals, so the two can never disagree.
 *
 *   reply   what the model said: text and the calls it wants (reply_to_json); with "taint" when it had read others' words that are not
 *           in this conversation: what was recalled (recalled.h), or those of another one from which this was sent
 *   call    a tool call is about to run
 *   result  a tool call ended: {"text", "is_error"}, with "unknown" when a crash hid the outcome, and with "taint" when
 *           the text is not the owner's own: whose it is
 *   steer   another message is answered in this turn (steer.h): {"inbox_id", "text": as the model was shown it, "user"}, with
 *           "taint", and with "message" (message_to_json) when it has attachments */
#pragma once
#include "agent/transcript.h"
#include "domain/tool.h"
#include "store/store.h"

/* Where the next row goes. */
struct journal { int64_t inbox_id, next_seq; };

void journal_reply(struct journal *, struct batch *, const struct reply *);
void journal_call(struct journal *, struct batch *, const struct tool_call *);
void journal_steer(struct journal *, struct batch *, json_t *body);      /* takes the body */
void journal_result(struct journal *, struct batch *, str call_id, const struct tool_result *, bool unknown);

/* Adds the messages of one journal row.  Bad rows (a torn or foreign journal) are ERR_INPUT. */
enum err transcript_row(struct transcript *, str kind, str call_id, str body) MUST_USE;
