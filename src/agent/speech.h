// SPDX-License-Identifier: Apache-2.0
/* speech.h: what is said in audio that came with a message, so that a model that only reads answers it too.  A recording is written
 * down once: the store keeps the words as long as the recording (transcripts). */
#pragma once
#include "domain/message.h"

struct turn;

/* The words of each attachment, one a str, NO_STR where there are none: it is no audio, or nobody could write it down, which is logged.
 * NULL: no model hears (turn.speech).  Somebody else's words, as attachments are. */
enum err speech_read(const struct turn *, const struct message *, const str **ret_words) AWAITS MUST_USE;
