// SPDX-License-Identifier: Apache-2.0
/* transcript_valid.h: a transcript as every model API takes it, whatever happened to it before.
 *
 * APIs refuse a whole prompt for one message out of place, and go on refusing it at every later message of the conversation.  So
 * what is sent is a mended copy in which
 *   - system messages stand first, as one; after them the user speaks first, and a user or a result speaks last
 *   - no role speaks twice in a row, but results; nothing is empty
 *   - each call has one result, and right behind its message, in the order of the calls; there are no other results
 *   - ids of calls differ, and they and the tools' names are [A-Za-z0-9_-]{1,64}; arguments are JSON objects
 *   - images are the user's, of a kind that is taken; a model that does not see them gets a line in their place
 *   - a model that has no tools reads calls and results as text
 * A message that needs no mending is passed on as it is.  The same input gives the same output, and more messages at the end
 * change nothing before the last of the old ones: providers keep the beginning of a prompt in a cache.
 *
 * As documented by OpenAI (platform.openai.com/docs/api-reference/chat), Anthropic (docs.anthropic.com/en/api/messages) and
 * Google (ai.google.dev/api/generate-content). */
#pragma once
#include "agent/transcript.h"

/* caps: of the model that is asked (enum provider_caps).  *out is made anew, in its arena; it shares strings with `in`. */
void transcript_make_valid(const struct transcript *in, unsigned caps, struct transcript *out);
