// SPDX-License-Identifier: Apache-2.0
/* queue_mode.h: what becomes of messages that come while their session is at work.
 *
 *   queue      they wait for their turn
 *   steer      the running turn takes them before its next model call
 *   interrupt  the running turn ends, unfinished, and they are answered in one
 *   collect    those that wait when a turn begins, and those that come until it is quiet for queue.collect_wait, are one turn
 *
 * In a group only the same person's messages are taken along; others wait.  A command, or an answer to a question, is never
 * taken, and nothing that came behind it is taken past it. */
#pragma once
#include "agent/steer.h"
#include "gateway/gateway.h"
#include "gateway/session_queue.h"

enum queue_mode { QUEUE_WAIT, QUEUE_STEER, QUEUE_INTERRUPT, QUEUE_COLLECT };

const char *queue_mode_name(enum queue_mode);
bool        queue_mode_parse(str, enum queue_mode *out);
/* The session's own, or queue.mode of the configuration. */
enum err    queue_mode_of(struct gateway *, struct arena *, str session_id, enum queue_mode *out) AWAITS MUST_USE;

/* Does this message end the running turn, which answers `running`? */
bool        queue_interrupts(enum queue_mode, const struct message *running, const struct message *arrived);

/* What a turn takes its further messages from.  `source` is for struct turn; the rest must outlive the turn. */
struct queue_taker {
    struct steer_source   source;
    struct session_queue *queue;
    enum queue_mode       mode;
};
void        queue_taker_init(struct queue_taker *, struct session_queue *, enum queue_mode);
