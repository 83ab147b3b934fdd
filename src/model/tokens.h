// SPDX-License-Identifier: Apache-2.0
/* tokens.h: how many tokens a text may be, where nobody has counted yet: a rough number, rather too high. */
#pragma once
#include "domain/prompt.h"

uint64_t tokens_in(str text);                       /* about four letters a token, and one token a Chinese character */
uint64_t tokens_in_prompt(const struct prompt *);   /* messages, images, tools and schema, with what wraps them */
uint64_t tokens_in_reply(const struct reply *);     /* text, thoughts and calls */
