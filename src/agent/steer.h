// SPDX-License-Identifier: Apache-2.0
/* steer.h: messages that are answered in the turn of another one: those that wait when it begins, or come while it runs.
 *
 * In one commit such a message gets a row in the turn's journal ("steer") and its end in the inbox.  A crash before it leaves
 * the message waiting, to be answered by itself; after it, it is part of the turn and of nothing else.  Only then the model
 * sees it.  Which messages are taken the caller says (gateway/queue_mode.h); a turn without a source takes none. */
#pragma once
#include "agent/turn.h"

struct waiting_message { int64_t inbox_id; struct message message; };

/* look: those to be taken now, in the turn's arena; at the beginning (rounds 0) it may wait for more to come.
 * taken: they have ended, and must not be run. */
struct steer_source {
    enum err (*look)(void *arg, const struct turn *, const struct waiting_message **out, size_t *n) AWAITS;
    void     (*taken)(void *arg, const struct waiting_message *, size_t n);
    void      *arg;
};

/* Before a model call.  ERR_IO: they could not be stored, and the turn is not to go on: run it again. */
enum err steer_take(struct turn *) AWAITS MUST_USE;
/* A row of the turn's own journal, when it is run again. */
enum err steer_load(struct turn *, const json_t *body) AWAITS MUST_USE;

/* A person's message as the model is shown it: attachments are placed in the workspace, quotes marked. */
enum err steer_show(const struct turn *, const struct message *, struct chat_message *out) AWAITS MUST_USE;
