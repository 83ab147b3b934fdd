// SPDX-License-Identifier: Apache-2.0
/* turns.h: the messages of a prompt as turns, for APIs where user and assistant have to speak by turns.  The system prompt is in none,
 * and an assistant's message without text and calls says nothing: it is passed over. */
#pragma once
#include "domain/prompt.h"

bool   turns_is_assistant(const struct chat_message *);
/* The first message of the first turn; n_messages: there is none. */
size_t turns_first(const struct prompt *);
/* Past the last message of the turn that begins with `from`; n_messages: it is the last one. */
size_t turns_end(const struct prompt *, size_t from);
/* The tool that the result at `result` comes from: that of the latest call before it with its id; "": there is none. */
str    turns_tool_of_result(const struct prompt *, size_t result);
