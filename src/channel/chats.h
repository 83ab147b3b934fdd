// SPDX-License-Identifier: Apache-2.0
/* chats.h: what the settings say of single chats (`chats`): who answers there, who reads first, and whether it is answered at all.
 * The first row that fits counts; one without `chat` is for all of its platform. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/* In groups: only who speaks to it (as everywhere else), everybody, nobody.  Intake drops what comes from a chat that is never
 * answered; that it is given what was not said to it, a channel has to see to. */
enum chat_answer { ANSWER_ADDRESSED, ANSWER_ALL, ANSWER_NEVER };
enum chat_answer chats_answer(str platform, str chat_id);
str      chats_agent(str platform, str chat_id);        /* ""; lives as long as the settings */
str      chats_mode(str platform, str chat_id);         /* "auto", "rules", "model", "" */

/* Of the settings in force.  ERR_INPUT: "chats[1].answer: ..." */
enum err chats_check(void) MUST_USE;
