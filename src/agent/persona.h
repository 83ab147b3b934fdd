// SPDX-License-Identifier: Apache-2.0
/* persona.h: what the model is told beside the conversation. */
#pragma once
#include "base/arena.h"

struct message;
struct tool;
struct turn;

/* The system prompt: who it is, where it works, which tools it has, and for the owner the workspace's AGENTS.md, SOUL.md, USER.md and
 * MEMORY.md when there are any, within persona.tokens: what is long is cut at a line, with a note.  In Chinese where the
 * conversation began so.  The same bytes from turn to turn unless those files or the day change, so that prompts can be cached. */
str persona_prompt(const struct turn *, const struct tool *const *tools, size_t n_tools);
/* Whose words are in it besides the owner's: of a file that others' words went into; "": nobody's. */
str persona_taint(const struct turn *);
/* The message as the model reads it: its text, and a line for each attachment (paths: attachments.h) with the words that are said in it
 * (words: speech.h; may be NULL) as a quote. */
str persona_message(struct arena *, const struct message *, const char *const *paths, const str *words);
