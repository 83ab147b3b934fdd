// SPDX-License-Identifier: Apache-2.0
/* persona.h: what the model is told beside the conversation. */
#pragma once
#include "base/arena.h"

struct message;
struct turn;

/* The system prompt: who it is, where it works, and the workspace's AGENTS.md, SOUL.md and USER.md when there are
 * any (each capped).  The same bytes from turn to turn unless those files change, so that prompts can be cached. */
str persona_prompt(const struct turn *);
/* Whose words are in it besides the owner's: of a file that others' words went into; "": nobody's. */
str persona_taint(const struct turn *);
/* The message as the model reads it: its text, and a line for each attachment (paths: attachments.h) with the words that are said in it
 * (words: speech.h; may be NULL) as a quote. */
str persona_message(struct arena *, const struct message *, const char *const *paths, const str *words);
