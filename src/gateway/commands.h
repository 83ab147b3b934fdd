// SPDX-License-Identifier: Apache-2.0
/* commands.h: what a person may type in any channel: /help /status /new and so on.  Rows in chat_commands.def; chat_command.h says
 * how to add one. */
#pragma once
#include "gateway/answer.h"

/* *ret_was_command: the message was one, and `answer` holds what it gave. */
enum err commands_run(struct gateway *, struct answer *, bool *ret_was_command) AWAITS MUST_USE;
/* Is this text the command of that name ("stop"), whatever follows it? */
bool     commands_is(str text, const char *name);
/* Is it any of them? */
bool     commands_knows(str text);
/* What to say to a message that would need a model when there is none. */
str      commands_without_model(const struct answer *, str why_not);
/* The command of that name, as if it had been written; ERR_BUG: there is none. */
enum err commands_call(struct gateway *, struct answer *, str name, str arguments) AWAITS MUST_USE;
