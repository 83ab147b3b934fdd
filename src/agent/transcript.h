// SPDX-License-Identifier: Apache-2.0
/* transcript.h: a conversation as it is shown to a model: a growing list of messages. */
#pragma once
#include "domain/prompt.h"

/* In the arena; strings are not copied. */
struct transcript { struct arena *arena; struct chat_message *messages; size_t n, cap; };

void transcript_add(struct transcript *, struct chat_message);
void transcript_user(struct transcript *, str text);
void transcript_reply(struct transcript *, const struct reply *);
void transcript_result(struct transcript *, str call_id, str text, str taint);
/* Whose words are in it besides the owner's: of the latest message that has such; "": nobody's. */
str  transcript_taint(const struct transcript *);

/* A guess (model/tokens.h). */
uint64_t transcript_tokens(const struct chat_message *, size_t n);

/* Providers refuse a call without a result for ever: every call of the last reply that has none gets one saying
 * that it was not recorded. */
void transcript_repair(struct transcript *);
