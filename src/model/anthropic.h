// SPDX-License-Identifier: Apache-2.0
/* anthropic.h: the parts of the provider for Anthropic's Messages API (https://docs.anthropic.com/en/api/messages).  No I/O. */
#pragma once
#include "domain/provider.h"

enum thoughts { THOUGHTS_BACK, THOUGHTS_LEFT_OUT };

#define ANTHROPIC_CACHE_HERE ",\"cache_control\":{\"type\":\"ephemeral\"}"

/* The tool whose arguments are the reply where a schema is asked for as a tool, told from others by how its name begins. */
#define ANTHROPIC_ANSWER_TOOL "answer_as_"

/* anthropic_messages.c: turns of user and assistant by turns, the user's first, results at the head of the user's turn, no empty
 * text, ids of letters and digits, thoughts given back where they stood.
 *
 * "system":[...], if there is one, and "messages":[...]; with the end of the system prompt and of the last two turns of the user
 * marked for the cache. */
void   anthropic_add_conversation(struct buf *, const struct prompt *, enum thoughts);
/* What is kept of a reply: a block of thoughts (a copy, which may grow), the model that had them, and where they stood: behind `text`
 * bytes of text and `calls` calls. */
json_t *anthropic_kept_item(const json_t *block, str model, size_t text, size_t calls);
/* With a budget for thoughts, the assistant's turn that called the latest tools has to begin with one.  False: it does not. */
bool   anthropic_may_think(const struct prompt *, enum thoughts);
/* The name of a tool that is called in the conversation; "": none is. */
str    anthropic_called_tool(const struct prompt *);
/* As a JSON string: ids and names have to be [a-zA-Z0-9_-], which those of other APIs are not; the rest becomes '_'. */
void   anthropic_add_word(struct buf *, str);

/* anthropic_events.c: an event of the stream, or the answer of a server that does not stream; struct provider's. */
enum err anthropic_event(void *completion, const struct sse_event *);
