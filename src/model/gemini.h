// SPDX-License-Identifier: Apache-2.0
/* gemini.h: the parts of the provider for Gemini's generateContent (https://ai.google.dev/api/generate-content).  No I/O. */
#pragma once
#include "domain/provider.h"

/* What models differ in, as far as it concerns the conversation; the other bits are gemini.c's. */
enum {
    GEMINI_SIGNATURES_WANTED  = 1,      /* Gemini 3 and later: by the first call of each reply, whoever made it */
    GEMINI_SIGNATURES_REFUSED = 2,      /* those that were kept are another model's or account's */
    GEMINI_SYSTEM_AS_USER     = 4,      /* Gemma */
};

/* gemini_contents.c: "systemInstruction":{...}, if there is one, and "contents":[...].  instruction: more for the system prompt; "".
 * Signatures of thoughts go back at the very part that they came with. */
void     gemini_add_conversation(struct buf *, const struct prompt *, unsigned quirks, str instruction);

/* gemini_events.c: a chunk of the stream, or the answer of a server that does not stream; struct provider's. */
enum err gemini_event(void *completion, const struct sse_event *);
