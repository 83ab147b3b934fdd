// SPDX-License-Identifier: Apache-2.0
/* approvals.h: asks people before something runs, and takes their answers.
 *
 * A question is stored together with what tells it; the turn that asked is left, and nothing of it stays in memory.  An answer,
 * the end of its time, or /stop is stored first; then the message is run again, and its turn finds the answer. */
#pragma once
#include "domain/person.h"
#include "gateway/answer.h"
#include "gateway/approval_text.h"

/* a->turn waits: stores what it asks.  ERR_IO: nothing is stored, try again. */
enum err approvals_ask(struct gateway *, struct answer *) AWAITS MUST_USE;

/* Who answers, and where. */
struct approver { struct person person; str platform, chat_id; int64_t inbox_id; };

/* ERR_NOT_FOUND: no such code.  ERR_CONFLICT: it was answered already, or its time is over.  ERR_AUTH: not theirs to give, or not that
 * widely.  *ret_tool: what it was about. */
enum err approvals_answer(struct gateway *, struct arena *, const struct approver *, const struct approval_answer *,
                          str *ret_tool) AWAITS MUST_USE;
/* A message that is an answer: does what it says; a->text is what the person is told. */
enum err approvals_take(struct gateway *, struct answer *, bool *ret_was_answer) AWAITS MUST_USE;
/* Takes back what a person (or anybody: "") asked for in a conversation; their turns end as stopped. */
enum err approvals_cancel(struct gateway *, struct arena *, str session_id, str person, size_t *ret_n) AWAITS MUST_USE;
/* For the owner's own surfaces: stops what runs in a conversation, and takes back what is asked there. */
enum err approvals_stop(struct gateway *, struct arena *, str session_id, bool *ret_stopped) AWAITS MUST_USE;

/* The fiber that ends questions whose time is over; arg is the gateway. */
enum err approvals_run(void *gateway) AWAITS;
