// SPDX-License-Identifier: Apache-2.0
/* engine.h: the command engine (nlu/) in a conversation: it reads a message before the model does and takes it where it is sure what is
 * wanted; where no model may be asked it asks back.
 *
 * What it does is a turn whose steps come of a plan (nlu/plan.h), journaled and put to the policy like a model's.  The plan stands in the
 * turn's first reply, so that after a crash it goes on as it was begun, whatever rules or weights say by then.
 *
 * Values that are missing are asked for; what is known meanwhile is the session's `slots` (engine_dialog.h). */
#pragma once
#include "gateway/answer.h"

enum engine_mode { ENGINE_AUTO, ENGINE_RULES, ENGINE_MODEL };

const char *engine_mode_name(enum engine_mode);
bool        engine_mode_parse(str, enum engine_mode *out);
/* The conversation's own, or engine.mode of the configuration. */
enum err    engine_mode_of(struct gateway *, struct arena *, str session_id, enum engine_mode *out) AWAITS MUST_USE;

/* *ret_taken: the message was for the engine, and `answer` holds what came of it. */
enum err    engine_take(struct gateway *, struct answer *, bool *ret_taken) AWAITS MUST_USE;
